"""A whole day of a community, the same for every chat platform, and the log that it must end in.

Lives here: what happens, and a second, simple reckoning of what the bot must have done. Does not live here: how a
platform carries it (each has a `Stage` of its own). Every member stays in one channel, so that order matters only
within channels.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from safetybot.model import Concern, Interaction, InteractionState, VerdictKind

CHANNELS = 12
MEMBERS = 36
MESSAGES = 300

_PLAIN = (
    "the game server is back up, version {n}",
    "chapter {n} was so good omg",
    "my cat slept {n} hours today",
    "level {n} boss is impossible",
    "patch {n} broke my save file",
    "I need {n} more points to rank up",
    "episode {n} made me cry",
)
_NOTHING = (None,) * 12
"""Twelve of sixteen messages are about something else."""
_OF_CONCERN: Mapping[Concern, tuple[str, ...]] = {
    Concern.MENTION: (
        "Mesotherapy is all over my feed lately.",
        "Has anybody read that article about mesotherapy?",
        "What is mesotherapy, actually?",
    ),
    Concern.SUPPLY: (
        "Selling lemon bottle vials, unopened, dm me for the price.",
        "I sell mesotherapy ampoules, unopened, dm me for prices",
        "Anyone selling lemon bottle? I want to buy some vials",
    ),
    Concern.DIY: (
        "I injected lemon bottle into my chin myself at home last night.",
        "Going to do mesotherapy on myself at home this weekend, I bought the needles.",
    ),
    Concern.ADVERSE: (
        "I injected mesotherapy under my eyes yesterday and now it is hot, red and very swollen.",
        "Since my home mesotherapy on Monday there is pus coming out of the spots.",
    ),
}


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the day."""

    key: int
    member: int
    channel: int
    text: str
    concern: Concern | None


@dataclass(frozen=True, slots=True)
class Expected:
    """What the log must hold of one message."""

    concern: Concern
    state: InteractionState
    alerted: bool
    verdict: VerdictKind | None = None


class Stage(Protocol):
    """A platform with a community of 12 channels and 36 members on it, a moderator and an admin, and the bot."""

    deletions_are_told: bool
    """Whether bots learn that a message was deleted."""
    cooldown_is_shared: bool
    """Whether the 12 channels are one as far as cooldowns go, such as the topics of a forum."""

    async def says(self, said: Said) -> None:
        """A member writes."""
        ...

    async def edits(self, key: int, text: str) -> None:
        """The member edits what they wrote."""
        ...

    async def deletes(self, key: int) -> None:
        """The member deletes what they wrote."""
        ...

    async def settled(self) -> None:
        """Wait until the bot has nothing left to do."""
        ...

    async def opts_out(self, key: int) -> str:
        """The author of a message presses "Not for me" and "Stop replying to me" under its reply; what is said."""
        ...

    async def reads(self, key: int, *, language: str) -> str:
        """The author opens "What are the risks" under the reply in their language; the card."""
        ...

    async def alerts(self) -> Sequence[int]:
        """The messages that have an alert of their own (more than a few at once are folded into one)."""
        ...

    async def judges(self, key: int, verdict: VerdictKind, reason: str = "") -> str:
        """The moderator presses a verdict under the alert about a message; what is said."""
        ...

    async def admin_runs(self, command: str, **options: str) -> str:
        """The admin runs a command, such as `policy set`; what is said."""
        ...

    async def moderator_runs(self, command: str, **options: str) -> str:
        """The moderator runs a command; what is said."""
        ...

    async def switches_on(self, term: str) -> None:
        """The moderator sees what a keyword would do, then switches it on."""
        ...

    async def log(self) -> Mapping[int, Interaction]:
        """The interactions by the key of their message."""
        ...


@dataclass(slots=True)
class Day:
    """The day's messages, made from a seed, and what is to become of them."""

    seed: int = 12
    """One with which every message is read as it is meant: how well messages are read is measured elsewhere."""
    messages: list[Said] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Write the script."""
        chance = random.Random(self.seed)
        for key in range(MESSAGES):
            member = chance.randrange(MEMBERS)
            concern = chance.choice((*Concern, *_NOTHING))
            texts = _OF_CONCERN[concern] if concern else _PLAIN
            text = chance.choice(texts).format(n=chance.randrange(2, 99))
            self.messages.append(Said(key, member, member % CHANNELS, text, concern))


def expected_log(messages: Sequence[Said], out: Sequence[int] = (), *, shared: bool = False) -> dict[int, Expected]:
    """What the log must hold after `messages`, under the packaged policy, all within a few minutes.

    `out` are the members who have opted out; `shared` is as in `Stage.cooldown_is_shared`.
    """
    channels: set[tuple[int, Concern]] = set()
    authors: set[tuple[int, Concern]] = set()
    rows: dict[int, Expected] = {}
    for one in messages:
        if one.concern is None or one.member in out:
            continue
        alerted = one.concern in (Concern.SUPPLY, Concern.ADVERSE)
        here, who = (0 if shared else one.channel, one.concern), (one.member, one.concern)
        replied = one.concern is not Concern.SUPPLY and who not in authors
        replied = replied and (one.concern is Concern.ADVERSE or here not in channels)
        if replied:
            channels.add(here)
            authors.add(who)
        state = InteractionState.SENT if replied else InteractionState.SUPPRESSED
        rows[one.key] = Expected(one.concern, state, alerted)
    return rows


async def play(stage: Stage) -> None:
    """Play the day and hold the log against what it must be."""
    day = Day()
    half = MESSAGES // 2
    morning, evening = day.messages[:half], day.messages[half:]
    for one in morning:
        await stage.says(one)
    await stage.settled()
    rows = expected_log(morning, shared=stage.cooldown_is_shared)
    assert await _kept(stage) == rows, "after the morning"

    # Edits: one of a message that was answered, one that makes a plain message one of concern.
    answered = next(key for key, row in rows.items() if row.state is InteractionState.SENT)
    plain = next(one for one in morning if one.concern is None)
    await stage.edits(answered, day.messages[answered].text + " And what now?")
    await stage.edits(plain.key, "I inject mesotherapy into my own face at home.")
    await stage.settled()
    kept = await _kept(stage)
    assert kept.pop(plain.key).concern is Concern.DIY
    assert kept == rows, "an edit never answers twice"

    # A member reads on in their own language, another one wants to be left alone.
    card = await stage.reads(answered, language="de")
    assert card != await stage.reads(answered, language="en")
    leaver = day.messages[next(key for key in reversed(rows) if rows[key].state is InteractionState.SENT)]
    assert await stage.opts_out(leaver.key)

    # Moderators judge, from the alerts.
    alerts = [key for key in await stage.alerts() if rows[key].concern is Concern.ADVERSE][:2]
    await stage.judges(alerts[0], VerdictKind.CONFIRMED)
    await stage.judges(alerts[1], VerdictKind.FALSE_ALARM, "they quoted a film")

    # A keyword of their own, from draft over shadow to live, and what it changes.
    assert "glow plan" in await stage.moderator_runs("keyword add", term="glow plan", concern="diy")
    await stage.switches_on("glow plan")

    # Somebody deletes what they wrote.
    gone = next(key for key in await stage.alerts() if rows[key].concern is Concern.SUPPLY)
    await stage.deletes(gone)
    await stage.settled()

    own = Said(MESSAGES, MEMBERS - 1, (MEMBERS - 1) % CHANNELS, "Who joins the glow plan on Friday?", Concern.DIY)
    for one in (*evening, own):
        await stage.says(one)
    await stage.settled()

    whole = expected_log([*morning, *evening, own], shared=stage.cooldown_is_shared)
    late = [one for one in (*evening, own) if one.member == leaver.member]
    for one in late:
        whole.pop(one.key, None)
    found = await stage.log()
    edited = found[plain.key]
    assert edited.concern is Concern.DIY
    for key, verdict in zip(alerts, (VerdictKind.CONFIRMED, VerdictKind.FALSE_ALARM), strict=True):
        row = whole[key]
        whole[key] = Expected(row.concern, row.state, row.alerted, verdict)
    if stage.deletions_are_told:
        whole.pop(gone)
    kept = await _kept(stage)
    kept.pop(plain.key)
    different = {
        key: (kept.get(key), whole.get(key)) for key in kept.keys() | whole.keys() if kept.get(key) != whole.get(key)
    }
    # The edit that brought a concern was answered, or not, before later ones of its channel and author were.
    spoken = {one.key: one for one in (*day.messages, own)}
    by_the_edit = {
        key
        for key in different
        if key in whole
        and whole[key].concern is Concern.DIY
        and (stage.cooldown_is_shared or spoken[key].channel == plain.channel)
    }
    assert different.keys() <= by_the_edit, {key: different[key] for key in different.keys() - by_the_edit}


async def _kept(stage: Stage) -> dict[int, Expected]:
    return {
        key: Expected(row.concern, row.state, row.alerted, row.verdict.kind if row.verdict else None)
        for key, row in (await stage.log()).items()
    }
