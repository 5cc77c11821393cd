"""Tallies and log never differ, whatever is done, in whatever order, and however much of it is settled."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from tests.conftest import START, New, Open, StillClock

from safetybot.communities.figures import By, Count
from safetybot.communities.keyword_report import PAST, Fired, RuleTotals
from safetybot.communities.records import Filters, Reactions
from safetybot.detection.own_terms import LIVE_RULE, SHADOW_RULE
from safetybot.model import Concern, Decision, FiredRule, InteractionState, Place, Reason, Verdict, VerdictKind
from safetybot.store import migrations, retention
from safetybot.store.store import SqlStore
from safetybot.store.tables import interactions, reactions, rule_tallies, tallies, tally_changes
from safetybot.store.tallies import EPOCH, settle

PLACES = [("discord", "100"), ("discord", "200"), ("telegram", "-7")]
RULES = ["at-home", "names-a-product", LIVE_RULE + "a1", SHADOW_RULE + "b2"]
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


class Life:
    """Things that happen to a log, in an order of chance."""

    def __init__(self, store: SqlStore, clock: StillClock, new: New, seed: int) -> None:
        self.store, self.clock, self.new = store, clock, new
        self.chance = random.Random(seed)
        self.numbers: list[int] = []
        self.count = 0

    async def step(self) -> None:
        happens = self.chance.choices(
            [self.claim, self.answer, self.judge, self.react, self.wait, self.settle, self.erase_author,
             self.erase_message, self.erase_community, self.purge, self.look_back, self.vanish],
            [30, 15, 8, 8, 10, 6, 1, 2, 0.4, 1, 2, 6],
        )[0]  # fmt: skip
        await happens()

    async def claim(self) -> None:
        self.count += 1
        shadow = self.chance.random() < 0.2
        fired = self.chance.choices(RULES, k=self.chance.randint(1, 3))
        made = self.new(
            str(self.count), place=Place(*self.chance.choice(PLACES), f"c{self.chance.randint(1, 3)}"),
            concern=self.chance.choice(list(Concern)), author_pseudonym=f"{self.chance.randint(1, 6):032x}",
            decision=Decision(
                reply=not shadow and self.chance.random() < 0.8, alert=False, shadow=shadow, reasons=(Reason.ALERT,)
            ),
        )  # fmt: skip
        told = tuple(FiredRule(rule, Concern.DIY, "It fires.") for rule in fired)
        language = self.chance.choice(("en", "de"))
        made = replace(made, assessment=replace(made.assessment, rules=told, language=language))
        self.numbers.append((await self.store.claim(made, None)).interaction_id)

    async def look_back(self) -> None:
        """A message of days ago is claimed, as after an outage."""
        back = timedelta(hours=self.chance.randint(1, 400))
        self.clock.time -= back
        await self.claim()
        self.clock.time += back

    async def answer(self) -> None:
        number = self.chance.choice(self.numbers or [1])
        await self.store.advance(number, InteractionState.SENDING)
        after = self.chance.choice((InteractionState.SENT, InteractionState.SENT, InteractionState.FAILED))
        await self.store.advance(number, after, reply_id=f"r{number}")

    async def judge(self) -> None:
        await self._with_one(
            lambda number: self.store.add_verdict(
                number, Verdict(self.chance.choice(list(VerdictKind)), "ann", self.clock.now(), "so it is")
            )
        )

    async def react(self) -> None:
        total = Reactions(*(self.chance.choice((0, 0, 1, 3)) for _ in range(3)))
        await self._with_one(lambda number: self.store.reactions.put(number, total))

    async def wait(self) -> None:
        self.clock.forward(minutes=self.chance.choice((1, 20, 59, 60, 700, 3000)))

    async def settle(self) -> None:
        most = self.chance.choice((1, 3, 1000))
        await self.store.database.writer.do(lambda connection: settle(connection, self.clock.now(), most=most))

    async def vanish(self) -> None:
        """Rows go and nobody settles, as in the middle of an erasure."""
        gone = sa.delete(interactions).where(interactions.c.id.in_(self.chance.choices(self.numbers or [1], k=2)))
        await self.store.database.writer.do(lambda connection: connection.execute(gone).rowcount)

    async def erase_author(self) -> None:
        who = f"{self.chance.randint(1, 6):032x}"
        await retention.erase_author(self.store.database, who, self.clock.now(), by="me")

    async def erase_message(self) -> None:
        place = Place(*self.chance.choice(PLACES), f"c{self.chance.randint(1, 3)}")
        number = str(self.chance.randint(1, self.count + 1))
        await retention.erase_message(self.store.database, place, number, self.clock.now(), by="me")

    async def erase_community(self) -> None:
        await self.store.members.erase_community(*self.chance.choice(PLACES), by="me")

    async def purge(self) -> None:
        keep = timedelta(days=self.chance.choice((10, 30)))
        await retention.purge(self.store.database, self.clock.now(), retention=keep, excerpt_retention=keep, by="me")

    async def _with_one(self, work: Any) -> None:
        wanted = self.chance.choice(self.numbers or [1])
        async with self.store.database.reader.connect() as connection:
            known = (await connection.execute(sa.select(interactions.c.id))).scalars().all()
        if wanted in known:
            await work(wanted)


@pytest.mark.parametrize("seed", range(4))
async def test_tallies_and_log_never_differ(store: SqlStore, clock: StillClock, new: New, seed: int) -> None:
    life = Life(store, clock, new, seed)
    for number in range(240):
        await life.step()
        if number % 12 == 11:
            await same(store, clock)
    await store.figures.settle()
    await same(store, clock)
    for place in PLACES:
        await store.members.erase_community(*place, by="me")
    async with store.database.reader.connect() as connection:
        for table in (tallies, rule_tallies, tally_changes):
            assert (await connection.execute(sa.select(table))).all() == [], "nothing tells of what was erased"


async def same(store: SqlStore, clock: StillClock) -> None:
    """What is told from the tallies is what the rows say, read one by one."""
    async with store.database.reader.connect() as connection:
        rows = (await connection.execute(sa.select(interactions))).all()
        taken = {row.interaction_id: row for row in (await connection.execute(sa.select(reactions))).all()}
    now = clock.now()
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for days in (0, 6, 89):
        since = today - days * DAY
        for place in (*PLACES, (None, None)):
            bys = [by for by in By if by is not (By.COMMUNITY if place[0] else By.CHANNEL)]
            found = await store.figures.counted(Filters(*place, since=since), bys)
            ours = [row for row in rows if row.at >= since and place in ((row.platform, row.community), (None, None))]
            for by in bys:
                assert in_order(found[by]) == by_hand(ours, taken, by), (by, place, days)
    for place in PLACES:
        ours = [row for row in rows if (row.platform, row.community) == place]
        since, split = now - DAY - PAST, now - DAY
        live = [row for row in ours if not row.shadow]
        assert set(await store.rules.fired(*place, since, split)) == fired_by_hand(live, since, split)
        assert set(await store.keywords.fired(*place, since, split)) == fired_by_hand(ours, since, split)
        long_ago = now - 90 * DAY
        totals = await store.keywords.rule_totals(*place, RULES[1:], since=long_ago)
        assert totals == totals_by_hand([row for row in ours if row.at >= today - 90 * DAY])


def by_hand(rows: Sequence[Any], taken: dict[int, Any], by: By) -> list[Count]:
    names: dict[By, Callable[[Any], str]] = {
        By.DAY: lambda row: row.at.date().isoformat(),
        By.HOUR: lambda row: str(row.at.hour),
        By.CHANNEL: lambda row: row.channel,
        By.LANGUAGE: lambda row: row.language,
        By.COMMUNITY: lambda row: f"{row.platform}/{row.community}",
    }
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for row in rows:
        found[names[by](row)].append(row)
    return in_order(
        Count(
            name,
            Counter(Concern(row.concern) for row in ours),
            sum(row.state == "sent" for row in ours),
            sum(taken[row.id].welcome > 0 for row in ours if row.id in taken),
            sum(taken[row.id].unwelcome > 0 for row in ours if row.id in taken),
        )
        for name, ours in found.items()
    )


def in_order(counts: Iterable[Count]) -> list[Count]:
    return sorted(counts, key=lambda one: one.name)


def fired_by_hand(rows: Sequence[Any], since: datetime, split: datetime) -> set[Fired]:
    times: defaultdict[str, list[datetime]] = defaultdict(list)
    for row in rows:
        for rule in set(row.rules) if row.at > since else ():
            times[rule].append(row.at)
    found = set()
    for rule, ats in times.items():
        past = [at for at in ats if at <= split]
        begins = max(since, EPOCH + (min(past) - EPOCH) // HOUR * HOUR) if past else None
        found.add(Fired(rule, len(past), len(ats) - len(past), begins))
    return found


def totals_by_hand(rows: Sequence[Any]) -> dict[str, RuleTotals]:
    sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        for rule in set(row.rules) & set(RULES[1:]):
            sums[rule] += Counter(
                interactions=1, alone=row.shadow and row.rules[0].startswith(SHADOW_RULE),
                confirmed=row.verdict == "confirmed", false_alarms=row.verdict == "false_alarm",
            )  # fmt: skip
    return {rule: RuleTotals(**counts) for rule, counts in sums.items()}


async def test_a_log_of_before_is_counted_when_it_is_brought_up_to_date(
    store: SqlStore, clock: StillClock, new: New
) -> None:
    life = Life(store, clock, new, 9)
    for _ in range(200):
        await life.step()

    def there_and_back(connection: sa.Connection) -> None:
        command.downgrade(migrations._config(connection), "0010")
        command.upgrade(migrations._config(connection), "head")

    await store.database.writer.do(there_and_back)
    await same(store, clock)
    assert await store.figures.settle() == 0
    for _ in range(40):
        await life.step()
    await same(store, clock)


async def test_replicas_that_settle_at_once_count_nothing_twice(open_it: Open, clock: StillClock, new: New) -> None:
    async def replica(name: int, store: SqlStore) -> None:
        for number in range(40):
            claim = await store.claim(new(f"{name}-{number}"), None)
            await store.advance(claim.interaction_id, InteractionState.SENDING)
            await store.advance(claim.interaction_id, InteractionState.SENT, reply_id=f"{name}-{number}")
            if number % 5 == name:
                await store.figures.settle()
            if number % 7 == name:
                await store.members.erase_message(new().place, f"{name}-{number}", by="me")

    async with open_it() as one, open_it() as two, open_it() as three:
        await asyncio.gather(*(replica(name, store) for name, store in enumerate((one, two, three))))
        await same(one, clock)
        await one.figures.settle()
        await same(two, clock)
        async with one.database.reader.connect() as connection:
            assert (await connection.execute(sa.select(tally_changes))).all() == []


async def test_a_look_sees_one_moment_while_others_write_and_settle(
    store: SqlStore, clock: StillClock, new: New
) -> None:
    filters, ended = Filters("discord", "100", since=START.replace(hour=0, minute=0, second=0, microsecond=0)), False
    seen: list[int] = []

    async def look() -> None:
        while not ended:
            found = await store.figures.counted(filters, list(By)[:2])
            sums = {by: sum(sum(one.counts.values()) for one in counts) for by, counts in found.items()}
            assert len(set(sums.values())) == 1
            seen.append(sums[By.DAY])

    looking = asyncio.create_task(look())
    for number in range(120):
        await store.claim(new(str(number)), None)
        if number % 4 == 3:
            await store.figures.settle()
    ended = True
    await looking
    assert seen == sorted(seen), "settling takes nothing away, and adds nothing"
