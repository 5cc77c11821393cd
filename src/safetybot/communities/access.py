"""Who may do what: roles, rights, and the one check that every use case of this room begins with.

Lives here: the ladder of roles, the role that each right asks for, refusals. Does not live here: how a platform tells
who somebody is (its adapter makes the `Actor`, anew for each call) and doing anything.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from safetybot.communities.errors import CommunityError

A_MEMBER = "a member"
"""How the audit names somebody who asked about themselves: it never names a member."""


class Role(enum.IntEnum):
    """What somebody is to a community; each role may do all that the ones below it may."""

    VIEWER = 1
    """Sees settings, keywords and figures."""
    MODERATOR = 2
    """Reviews interactions and changes keywords."""
    ADMIN = 3
    """Changes the policy and acts for members."""
    OPERATOR = 4
    """Runs the bot: the only role that holds in every community."""

    @property
    def label(self) -> str:
        """The lower-case name used in files and output."""
        return self.name.lower()


class Right(enum.Enum):
    """Something that may be done: in words that follow "may not", and the least role that may."""

    SEE_POLICY = ("see the settings", Role.VIEWER)
    CHANGE_POLICY = ("change the settings", Role.ADMIN)
    SEE_KEYWORDS = ("see the keywords", Role.VIEWER)
    CHANGE_KEYWORDS = ("change the keywords", Role.MODERATOR)
    SEE_FIGURES = ("see the figures", Role.VIEWER)
    SEE_LOG = ("see the interactions", Role.MODERATOR)
    READ_EXCERPT = ("read an excerpt", Role.MODERATOR)
    REVIEW = ("review an interaction", Role.MODERATOR)
    SEE_MEMBER = ("see what is kept about a member", Role.ADMIN)
    ERASE_MEMBER = ("erase what is kept about a member", Role.ADMIN)
    OPT_MEMBER = ("opt a member out or in", Role.MODERATOR)
    ERASE_MESSAGE = ("erase what is kept of a message", Role.ADMIN)
    ERASE_COMMUNITY = ("erase a community", Role.ADMIN)
    READ_AUDIT = ("read the audit", Role.ADMIN)
    EXPORT_AUDIT = ("export the audit", Role.OPERATOR)
    TRY_MESSAGE = ("try a message", Role.VIEWER)
    LET_IN = ("let others into the web pages and out again", Role.ADMIN)
    SEE_STATUS = ("see how the bot fares", Role.OPERATOR)

    def __init__(self, says: str, least: Role) -> None:
        """Keep the words and the role."""
        self.says, self.least = says, least


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who asks for something, as the platform vouches for them at this moment.

    A role below `OPERATOR` holds in the actor's own community only; None is a plain member of it.
    """

    name: str
    """For the audit and for other moderators: never given for a plain member's own request."""
    role: Role | None
    platform: str = ""
    community: str = ""
    member: str | None = None
    """Their own id on the platform, by which they may ask about themselves; None where they have none."""


BOT = Actor("safetybot", Role.OPERATOR)
"""The bot itself, where a platform tells it that a message or a community is gone."""


class Refused(CommunityError):
    """An actor lacks a right; carries which, where, and what is missing in words."""

    def __init__(self, actor: Actor, right: Right, platform: str | None, community: str | None, missing: str) -> None:
        """Keep all five."""
        where = "everywhere" if platform is None or community is None else f"in {platform}/{community}"
        super().__init__(f"{actor.name or A_MEMBER} may not {right.says} {where}: {missing}")
        self.actor, self.right, self.platform, self.community, self.missing = (
            actor, right, platform, community, missing,
        )  # fmt: skip


def require(actor: Actor, right: Right, platform: str | None, community: str | None) -> None:
    """Raise `Refused` unless `actor` has `right` in that community; None means in all of them."""
    if actor.role is Role.OPERATOR:
        return
    needed = f"this needs the role {right.least.label}"
    if right.least is Role.OPERATOR or platform is None or community is None:
        raise Refused(actor, right, platform, community, f"this needs the role {Role.OPERATOR.label}")
    if (actor.platform, actor.community) != (platform, community):
        theirs = f"{actor.platform}/{actor.community}"
        raise Refused(actor, right, platform, community, f"{needed} there, and the role held is one in {theirs}")
    if actor.role is None or actor.role < right.least:
        held = "no role is held" if actor.role is None else f"the role held is {actor.role.label}"
        raise Refused(actor, right, platform, community, f"{needed}, and {held}")


def may(actor: Actor, right: Right, platform: str | None, community: str | None) -> bool:
    """Whether `require` lets it pass: for offering what is allowed, never instead of the check itself."""
    try:
        require(actor, right, platform, community)
    except Refused:
        return False
    return True


def require_own_or(actor: Actor, right: Right, platform: str, community: str, member: str) -> str:
    """Raise `Refused` unless `actor` asks about themselves or has `right`; returns how the audit names them."""
    if actor.member == member and (actor.platform, actor.community) == (platform, community):
        return A_MEMBER
    require(actor, right, platform, community)
    return actor.name
