"""`SqlStore`: the memory of the bot on SQLite or PostgreSQL, as `ports.Store` asks for, and the reviewers' part of it.

Lives here: claims, states, history, the policy of a place, verdicts, notes. Does not live here: connections
(`database.py`), how rows are read (`log.py`), what is kept about one member (`members.py`), forgetting
(`retention.py`), files (`export.py`), migrations.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog

from safetybot.communities.records import Judged
from safetybot.model import (
    Concern,
    History,
    Interaction,
    InteractionState,
    Level,
    NewInteraction,
    Place,
    Policy,
    Verdict,
)
from safetybot.ports import Claim, Clock, Cooldowns, Posted
from safetybot.store.api_tokens import ApiTokenLog
from safetybot.store.audit import AuditLog, write_audit
from safetybot.store.chats import Alerts, Budgets, Moves, Watermarks
from safetybot.store.claims import HISTORY, NEVER, Claims, claiming, cooldown_kind, subjects
from safetybot.store.database import Database, open_database
from safetybot.store.errors import NoSuchInteraction, StoreError
from safetybot.store.figures import FigureLog
from safetybot.store.keys import Excerpts
from safetybot.store.keywords import CommunityKeywords
from safetybot.store.leases import Holder, Leases, alive
from safetybot.store.log import (
    DayCount,
    Filters,
    InteractionDetails,
    conditions,
    day_counts_query,
    interaction_query,
    judged_query,
    page_conditions,
    read_day_count,
    read_details,
    read_interaction,
    read_judged,
)
from safetybot.store.members import Members
from safetybot.store.rates import RuleLog
from safetybot.store.reactions import ReactionLog
from safetybot.store.saved_views import SavedViewRows
from safetybot.store.settings import CommunitySettings, policy_of, rows_in_force
from safetybot.store.sign_in import WebSessions
from safetybot.store.states import advance_all
from safetybot.store.tables import interactions, notes, verdicts
from safetybot.store.webhooks import WebhookLog

__all__ = ["Filters", "SqlStore", "open_store", "storable"]

log = structlog.get_logger(__name__)

_ERROR_CHARS = 500
_POLICY_AGE = 2.0
"""Seconds after which settings are read again: other processes change them too."""
_POLICIES = 10_000
"""Communities whose settings are remembered."""
_PART = 1_000
"""Ids in one query."""
_LIFE = timedelta(seconds=30)
"""How long a store counts as alive after its last sign of life."""
_ALIVE = "store/"
"""Prefix of the leases that tell which stores are alive."""


class SqlStore:
    """The store. Made by `open_store`; safe to use from many tasks of one loop."""

    def __init__(self, database: Database, clock: Clock, defaults: Policy, excerpts: Excerpts) -> None:
        """Use an open database."""
        self.database = database
        self.config_version = ""
        """Which configuration decides from now on; kept with each interaction."""
        self._holder = Holder.of_this_process(uuid.uuid4().hex)
        self.leases = Leases(database, clock, self._holder)
        self.settings = CommunitySettings(database, self.settings_changed)
        self.keywords = CommunityKeywords(database)
        self.audit = AuditLog(database)
        self._heart: asyncio.Task[None] | None = None
        self._generation = 0
        self._clock = clock
        self._defaults = defaults
        self._excerpts = excerpts
        self._claims = Claims(is_sqlite=database.is_sqlite)
        self.members = Members(database, clock, excerpts)
        self.rules = RuleLog(database, clock)
        self.alerts = Alerts(database)
        self.watermarks = Watermarks(database)
        self.budgets = Budgets(database, clock)
        self.moves = Moves(database, clock)
        self.figures = FigureLog(database, clock)
        self.reactions = ReactionLog(database)
        self.web = WebSessions(database, clock)
        self.api_tokens = ApiTokenLog(database, clock)
        self.webhooks = WebhookLog(database, clock)
        self.views = SavedViewRows(database, clock)
        self._policies: dict[tuple[str, str], tuple[float, Sequence[sa.Row[Any]]]] = {}
        self._reading: dict[tuple[str, str], asyncio.Task[Sequence[sa.Row[Any]]]] = {}
        """Communities whose settings are being read just now: all who ask meanwhile wait for the one reading."""

    # --- ports.Store --------------------------------------------------------------------------------------

    async def policy(self, place: Place) -> Policy:
        """The policy in force at `place`; changes of other processes are seen within two seconds."""
        key = (place.platform, place.community)
        known = self._policies.get(key)
        if known is not None and time.monotonic() - known[0] <= _POLICY_AGE:
            return policy_of(self._defaults, known[1], place.channel)
        reading = self._reading.get(key)
        if reading is None:
            reading = self._reading[key] = asyncio.create_task(self._read_policy(key), name="policy")
            reading.add_done_callback(lambda done: self._read_ended(key, done))
        # Whoever asks may go away; the reading goes on for the others.
        return policy_of(self._defaults, await asyncio.shield(reading), place.channel)

    async def _read_policy(self, key: tuple[str, str]) -> Sequence[sa.Row[Any]]:
        generation, now = self._generation, time.monotonic()
        async with self.database.reader.connect() as connection:
            rows = await rows_in_force(connection, *key)
        if generation == self._generation:  # else a setting was changed while we read
            self._policies[key] = now, rows
        if len(self._policies) > _POLICIES:
            self._policies.pop(next(iter(self._policies)))
        return rows

    def _read_ended(self, key: tuple[str, str], reading: asyncio.Task[Sequence[sa.Row[Any]]]) -> None:
        if self._reading.get(key) is reading:
            del self._reading[key]
        if not reading.cancelled():
            reading.exception()  # told to whoever waits; nobody may

    def settings_changed(self, platform: str, community: str) -> None:
        """Forget what is cached of a community whose settings this process changed."""
        self._generation += 1
        self._policies.pop((platform, community), None)
        # Who asks from now on must not get what a reading from before finds.
        self._reading.pop((platform, community), None)

    async def history(
        self, place: Place, message_id: str, author_pseudonym: str, concern: Concern, level: Level | None = None
    ) -> History:
        """What bears on a decision about this message."""
        channel, author = subjects(place, author_pseudonym)
        asked = {
            "platform": place.platform, "community": place.community, "channel": place.channel,
            "message_id": message_id, "author": author_pseudonym, "here": channel, "theirs": author,
            "kind": cooldown_kind(concern, level),
        }  # fmt: skip

        def job(connection: sa.Connection) -> dict[str, datetime]:
            return {row[0]: row[1] for row in connection.execute(HISTORY, asked)}

        found = await self.database.read(job)
        replied = {subject: at for subject, at in found.items() if at > NEVER}
        return History(
            author_opted_out="opted out" in found,
            already_answered="answered" in found,
            last_reply_in_channel=replied.get(channel),
            last_reply_to_author=replied.get(author),
        )

    async def claim(self, new: NewInteraction, cooldowns: Cooldowns | None) -> Claim:
        """Insert the interaction with its cooldowns in one durable transaction; exactly one caller wins."""
        one = claiming(new, cooldowns, self._excerpts, owner=self._holder.name, config_version=self.config_version)
        if self._heart is None:
            await self._begin_life()
        return await self.database.writer.do_in_bulk(self._claims.claim_all, one)

    async def advance(
        self, interaction_id: int, to: InteractionState, *, reply_id: str | None = None, error: str = ""
    ) -> bool:
        """Move an interaction along, durably; False where it is not in a state that `to` may follow.

        Only the store that claimed it, or took it over by `unfinished`, may move it to `sending`. One that ends without
        having been sent gives its cooldowns back: nobody was answered.
        """
        step = {
            "number": interaction_id, "now": self._clock.now(), "said": storable(error)[:_ERROR_CHARS],
            "posted": reply_id, "us": self._holder.name,
        }  # fmt: skip
        return await self.database.writer.do_in_bulk(advance_all, (to, step))

    async def posted(self, interaction_id: int, where: Posted) -> None:
        """Remember where the alert about an interaction stands."""
        await self.alerts.put(interaction_id, where)

    async def unfinished(self, platform: str) -> list[Interaction]:
        """Interactions left `planned` or `sending` by a process that died, oldest first.

        What is returned belongs to this store from now on: no other replica gets it, nor anything that a living one is
        still working on. A process on another machine counts as dead when it has shown no life for thirty seconds.
        """
        kept = interactions.c
        left = (
            kept.platform == platform,
            kept.state.in_((InteractionState.PLANNED.value, InteractionState.SENDING.value)),
        )

        def job(connection: sa.Connection) -> list[int]:
            owners = set(connection.execute(sa.select(kept.owner).where(*left).distinct()).scalars())
            dead = owners - alive(connection, _ALIVE, self._clock.now())
            taken = (
                sa.update(interactions)
                .where(*left, kept.owner.in_(sorted(dead)))
                .values(owner=self._holder.name)
                .returning(kept.id)
            )
            return list(connection.execute(taken).scalars()) if dead else []

        if self._heart is None:
            await self._begin_life()
        taken = await self.database.writer.do(job)
        found: list[Interaction] = []
        for start in range(0, len(taken), _PART):
            part = taken[start : start + _PART]
            found += await self._read(interaction_query().where(kept.id.in_(part)))
        return sorted(found, key=lambda interaction: interaction.id)

    # --- the log ------------------------------------------------------------------------------------------

    async def list_interactions(
        self, filters: Filters | None = None, *, before: int | None = None, limit: int = 50
    ) -> list[Interaction]:
        """Interactions, the newest first.

        Args:
            filters: Which.
            before: Only those with a smaller id (keyset paging: the last id of the page before).
            limit: How many at most.
        """
        query = interaction_query().where(*page_conditions(filters or Filters(), before))
        # One author has few rows: found by their index and sorted, not looked for along a whole community.
        number = interactions.c.id + 0 if filters is not None and filters.author is not None else interactions.c.id
        return await self._read(query.order_by(number.desc()).limit(limit))

    async def interaction(self, interaction_id: int) -> Interaction:
        """One interaction. Raises `NoSuchInteraction`."""
        found = await self._read(interaction_query().where(interactions.c.id == interaction_id))
        if not found:
            raise NoSuchInteraction(interaction_id)
        return found[0]

    async def details(self, interaction_id: int) -> InteractionDetails:
        """All that is kept of one interaction. Raises `NoSuchInteraction`."""
        found = await self.database.read_long(lambda connection: read_details(connection, interaction_id))
        if found is None:
            raise NoSuchInteraction(interaction_id)
        return found

    async def excerpt(self, interaction_id: int, *, by: str) -> str | None:
        """The excerpt of an interaction in the clear; None where none is kept or its key is gone. Each look is audited.

        Raises:
            NoSuchInteraction: There is none of that number.
        """

        def job(connection: sa.Connection) -> str | None:
            return self._reviewed(connection, interaction_id, "excerpt read", {}, by)

        sealed = await self.database.writer.do(job)
        return self._excerpts.open(sealed) if sealed else None

    async def counts(self, filters: Filters | None = None) -> dict[str, int]:
        """How many interactions there are of each concern."""
        query = (
            sa.select(interactions.c.concern, sa.func.count())
            .where(*conditions(filters or Filters()))
            .group_by(interactions.c.concern)
        )
        async with self.database.reader.connect() as connection:
            return {Concern(row[0]).label: row[1] for row in await connection.execute(query)}

    async def day_counts(self, filters: Filters | None = None) -> list[DayCount]:
        """How many interactions and replies there were of each concern on each day (UTC), the newest day first."""
        async with self.database.reader.connect() as connection:
            return [read_day_count(row) for row in await connection.execute(day_counts_query(filters or Filters()))]

    async def judged(self, filters: Filters, *, before: int | None, limit: int, hits: bool = True) -> list[Judged]:
        """Interactions that have a verdict, the newest first, with ids below `before`; without hits, much faster."""
        async with self.database.reader.connect() as connection:
            found = await connection.execute(judged_query(filters, before, limit, hits=hits))
            return [read_judged(row, hits=hits) for row in found]

    async def add_verdict(self, interaction_id: int, verdict: Verdict) -> None:
        """Keep a moderator's word; the latest counts. Audited. Raises `NoSuchInteraction`."""

        def job(connection: sa.Connection) -> None:
            self._reviewed(connection, interaction_id, "verdict", {"kind": verdict.kind.value}, verdict.by)
            connection.execute(
                sa.insert(verdicts).values(
                    interaction_id=interaction_id, kind=verdict.kind.value, by=verdict.by, at=verdict.at,
                    reason=storable(verdict.reason),
                )
            )  # fmt: skip
            judged = sa.update(interactions).where(interactions.c.id == interaction_id)
            connection.execute(judged.values(waiting=False, verdict=verdict.kind.value))

        await self.database.writer.do(job)

    async def add_note(self, interaction_id: int, text: str, *, by: str) -> None:
        """Keep what a reviewer writes about an interaction. Audited, without the text. Raises `NoSuchInteraction`."""
        row = {"interaction_id": interaction_id, "by": by, "at": self._clock.now(), "text": storable(text)}

        def job(connection: sa.Connection) -> None:
            self._reviewed(connection, interaction_id, "note", {}, by)
            connection.execute(sa.insert(notes), row)

        await self.database.writer.do(job)

    # --- inside -------------------------------------------------------------------------------------------

    def _reviewed(
        self, connection: sa.Connection, interaction_id: int, action: str, detail: dict[str, Any], by: str
    ) -> str | None:
        """Audit that `by` did `action` with an interaction; returns its sealed excerpt."""
        kept = interactions.c
        query = sa.select(kept.platform, kept.community, kept.excerpt).where(kept.id == interaction_id)
        found = connection.execute(query).first()
        if found is None:
            raise NoSuchInteraction(interaction_id)
        write_audit(
            connection, self._clock.now(), by, action, {"interaction": interaction_id, **detail},
            platform=found.platform, community=found.community,
        )  # fmt: skip
        sealed: str | None = found.excerpt
        return sealed

    async def _begin_life(self) -> None:
        """Before this store owns anything, others must be able to see that it lives."""
        await self.leases.take(_ALIVE + self._holder.name, _LIFE)
        if self._heart is None:  # several may have come here at once
            self._heart = asyncio.create_task(self._beat(), name="store-heart")

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(_LIFE.total_seconds() / 3)
            try:
                await self.leases.take(_ALIVE + self._holder.name, _LIFE)
            except StoreError as error:
                log.warning("sign_of_life_failed", error=str(error))

    async def close(self) -> None:
        """Tell other replicas that this store is gone; whatever it left unfinished is theirs. `open_store` calls it."""
        self._holder.gone()
        for reading in self._reading.values():
            reading.cancel()  # nobody is served any more
        heart, self._heart = self._heart, None
        if heart is None:
            return
        heart.cancel()
        await asyncio.wait({heart})
        try:
            await self.leases.give_back(_ALIVE + self._holder.name)
        except StoreError as error:
            log.warning("farewell_failed", error=str(error))

    async def _read(self, query: sa.Select[Any]) -> list[Interaction]:
        return [read_interaction(row) for row in await self.database.read_long(lambda c: c.execute(query).all())]


@asynccontextmanager
async def open_store(
    url: str, *, clock: Clock, defaults: Policy, excerpts: Excerpts, migrate: bool | None = None
) -> AsyncIterator[SqlStore]:
    """The store at `url`; see `database.open_database` for `migrate` and what is raised."""
    async with open_database(url, migrate=migrate) as database:
        store = SqlStore(database, clock, defaults, excerpts)
        try:
            yield store
        finally:
            await store.close()


def storable(text: str) -> str:
    """`text` without what a database cannot hold: NUL (PostgreSQL), lone surrogates (both)."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
