"""What members may ask for about themselves, and what admins do for them: show, export, erase, opt out, opt back in.

Lives here: who may ask, and what is handed out. Does not live here: how long things are kept (a setting, and the
store's purge) and deleting itself (the store).

Whoever asks about themselves needs no role: the adapter vouches for their id (`Actor.member`). The audit says only that
a member asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Protocol

from safetybot.communities.access import Actor, Right, require, require_own_or
from safetybot.communities.records import Change, Forgotten, MemberData, MemberRow
from safetybot.communities.settings import CommunityPolicy
from safetybot.model import Place

EXPORT_FORM = 1
"""The version of the export's shape; grows when a field changes its meaning."""


class MemberRows(Protocol):
    """What this file needs of the store; every method audits, in the transaction of what it deletes or changes."""

    async def kept(self, place: Place, pseudonym: str, *, by: str, excerpts: bool) -> MemberData:
        """All that is kept about a member, with excerpts in the clear where asked for."""
        ...

    async def opt_out(self, place: Place, pseudonym: str, *, by: str) -> bool:
        """Never answer or log them again; False where that held already."""
        ...

    async def opt_in(self, pseudonym: str, *, by: str) -> bool:
        """Take an opt-out back; False where there was none."""
        ...

    async def erase(self, place: Place, pseudonym: str, *, by: str) -> Forgotten:
        """Delete all that is kept of them but an opt-out."""
        ...

    async def erase_message(self, place: Place, message_id: str, *, by: str) -> Forgotten:
        """Delete what is kept of one message."""
        ...

    async def erase_community(self, platform: str, community: str, *, by: str) -> Forgotten:
        """Delete all that belongs to a community."""
        ...

    async def erase_excerpts(self, platform: str, community: str, *, by: str) -> Forgotten:
        """Delete a community's excerpts alone."""
        ...


class Privacy:
    """What is kept about members, for themselves and for admins. `member` is an id as the platform has it."""

    def __init__(self, rows: MemberRows, pseudonym: Callable[[Place, str], str], policy: CommunityPolicy) -> None:
        """Find members in `rows` by their pseudonym; `policy` holds whether excerpts are kept."""
        self._rows, self._pseudonym, self._policy = rows, pseudonym, policy

    async def show(self, actor: Actor, platform: str, community: str, member: str) -> MemberData:
        """What is kept about a member, without the words of any excerpt. Audited.

        Raises:
            Refused: It is somebody else, and the actor is no admin there.
        """
        by = require_own_or(actor, Right.SEE_MEMBER, platform, community, member)
        place, pseudonym = self._who(platform, community, member)
        return await self._rows.kept(place, pseudonym, by=by, excerpts=False)

    async def export(self, actor: Actor, platform: str, community: str, member: str) -> dict[str, Any]:
        """All that is kept about a member, excerpts in the clear, as plain data for JSON. Audited. Raises `Refused`.

        Reviewers' verdicts and notes are part of it, their names are not.
        """
        by = require_own_or(actor, Right.SEE_MEMBER, platform, community, member)
        place, pseudonym = self._who(platform, community, member)
        data = await self._rows.kept(place, pseudonym, by=by, excerpts=True)
        return {
            "form": EXPORT_FORM,
            "platform": platform,
            "community": community,
            "pseudonym": pseudonym,
            **as_data(data),
        }

    async def erase(self, actor: Actor, platform: str, community: str, member: str) -> Forgotten:
        """Delete all that is kept about a member; an opt-out stays, or replies would begin again. Audited.

        Raises:
            Refused: It is somebody else, and the actor is no admin there.
        """
        by = require_own_or(actor, Right.ERASE_MEMBER, platform, community, member)
        place, pseudonym = self._who(platform, community, member)
        return await self._rows.erase(place, pseudonym, by=by)

    async def opt_out(self, actor: Actor, platform: str, community: str, member: str) -> bool:
        """Never answer or log a member again here; False where that held already. Audited. Raises `Refused`."""
        by = require_own_or(actor, Right.OPT_MEMBER, platform, community, member)
        place, pseudonym = self._who(platform, community, member)
        return await self._rows.opt_out(place, pseudonym, by=by)

    async def opt_in(self, actor: Actor, platform: str, community: str, member: str) -> bool:
        """Take an opt-out back; False where there was none. Audited. Raises `Refused`."""
        by = require_own_or(actor, Right.OPT_MEMBER, platform, community, member)
        _, pseudonym = self._who(platform, community, member)
        return await self._rows.opt_in(pseudonym, by=by)

    async def message_deleted(self, actor: Actor, place: Place, message_id: str) -> Forgotten:
        """Delete what is kept of a message that is gone from the chat; adapters act as `BOT`. Raises `Refused`."""
        require(actor, Right.ERASE_MESSAGE, place.platform, place.community)
        return await self._rows.erase_message(place, message_id, by=actor.name)

    async def community_left(self, actor: Actor, platform: str, community: str) -> Forgotten:
        """Delete all that belongs to a community that the bot was removed from. Raises `Refused`."""
        require(actor, Right.ERASE_COMMUNITY, platform, community)
        return await self._rows.erase_community(platform, community, by=actor.name)

    async def keep_excerpts(
        self, actor: Actor, platform: str, community: str, *, keep: bool, expected: int
    ) -> tuple[Change, Forgotten]:
        """Switch excerpts on, or off and delete those that there are, in the whole community.

        Raises:
            Refused: The actor may not change the settings.
            StaleVersion: Somebody else changed the setting since `expected` (the store's error); nothing was deleted.
        """
        change = await self._policy.put(actor, platform, community, "excerpts", keep, expected=expected)
        if keep:
            return change, Forgotten()
        return change, await self._rows.erase_excerpts(platform, community, by=actor.name)

    def _who(self, platform: str, community: str, member: str) -> tuple[Place, str]:
        place = Place(platform, community, "")
        return place, self._pseudonym(place, member)


def as_data(data: MemberData) -> dict[str, Any]:
    """What is kept about a member as plain data."""
    return {
        "opted_out_at": data.opted_out_at.isoformat() if data.opted_out_at else None,
        "last_answered": [{"about": one.about, "at": one.at.isoformat()} for one in data.answered],
        "interactions": [_row(row) for row in data.interactions],
        "saved_views": [
            {
                "name": one.name, "filters": dict(one.filters), "made_at": one.made_at.isoformat(),
                "used_at": one.used_at.isoformat(),
            }
            for one in data.views
        ],
    }  # fmt: skip


def _row(row: MemberRow) -> dict[str, Any]:
    details, one = row.details, row.details.interaction
    return {
        "id": one.id,
        "at": one.at.isoformat(),
        "channel": one.place.channel,
        "thread": one.place.thread,
        "message_id": one.message_id,
        "concern": one.concern.label,
        "level": one.level.label if one.level else None,
        "confidence": round(one.confidence, 4),
        "language": one.language,
        "rules": list(one.rules),
        "hits": [
            {"concept": hit.concept, "start": hit.span.start, "end": hit.span.end, "path": hit.path.value}
            for hit in details.hits
        ],
        "reasons": list(one.reasons),
        "state": one.state.value,
        "alerted": one.alerted,
        "shadow": one.shadow,
        "response_id": one.response_id,
        "reply_id": one.reply_id,
        "error": details.error,
        "sending_at": details.sending_at.isoformat() if details.sending_at else None,
        "ended_at": details.ended_at.isoformat() if details.ended_at else None,
        "config_version": details.config_version,
        "excerpt_kept": details.has_excerpt,
        "excerpt": row.excerpt,
        "verdicts": [
            {"kind": verdict.kind.value, "at": verdict.at.isoformat(), "reason": verdict.reason}
            for verdict in details.verdicts
        ],
        "notes": [{"at": note.at.isoformat(), "text": note.text} for note in details.notes],
        "reactions_to_reply": asdict(details.reactions),
    }
