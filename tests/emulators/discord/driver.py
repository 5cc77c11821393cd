"""A guild in a test's hand: making channels, roles and members, and what happens to the guild and the bot in it."""

from __future__ import annotations

from .channels import Channel, Role
from .core import Core
from .errors import Json
from .gateway import GUILD_MEMBERS
from .members import Member
from .payloads import (
    channel_payload,
    guild_create_payload,
    guild_payload,
    member_payload,
    role_payload,
)
from .permissions import bits
from .state import (
    FORUM,
    PUBLIC_THREAD,
    TEXT,
    ChannelRecord,
    GuildRecord,
    MemberRecord,
    RoleRecord,
    UserRecord,
)


class Guild:
    """A guild and what is in it."""

    def __init__(self, core: Core, record: GuildRecord) -> None:
        self._core, self.record = core, record
        self.everyone = Role(core, record.roles[record.id], record)
        self.owner = Member(core, record, record.members[record.owner_id])
        self.bot = Member(core, record, record.members[core.world.bot.id])
        self.bot_role = Role(core, record.roles[self.bot.record.roles[0]], record)

    @property
    def id(self) -> int:
        """Its id."""
        return self.record.id

    @property
    def commands(self) -> list[Json]:
        """The guild's own application commands."""
        return self.record.commands

    @property
    def automod_rules(self) -> list[Json]:
        """The guild's auto-moderation rules."""
        return list(self.record.automod.values())

    @property
    def channels(self) -> list[Channel]:
        """All channels and threads, those made by the bot too."""
        return [Channel(self._core, record) for record in self.record.channels.values()]

    def add_channel(self, name: str, *, kind: int = TEXT, topic: str | None = None) -> Channel:
        """A text channel, or another kind by its number."""
        record = ChannelRecord(self._core.world.new_id(), self.id, name, kind, position=len(self.record.channels))
        record.topic = topic
        self._core.world.add_channel(record)
        self._core.say_guild("CHANNEL_CREATE", self.record, channel_payload(record))
        return Channel(self._core, record)

    def add_forum(self, name: str) -> Channel:
        """A forum channel."""
        return self.add_channel(name, kind=FORUM)

    def add_thread(self, parent: Channel, name: str, owner: Member | None = None) -> Channel:
        """A public thread below a channel."""
        starter = owner if owner is not None else self.owner
        record = ChannelRecord(self._core.world.new_id(), self.id, name, PUBLIC_THREAD, parent_id=parent.id)
        record.owner_id = starter.id
        self._core.world.add_channel(record)
        self._core.say_channel("THREAD_CREATE", record, newly_created=True)
        return Channel(self._core, record)

    def add_role(self, name: str, *permissions: str) -> Role:
        """A role with permissions by name."""
        record = RoleRecord(self._core.world.new_id(), name, bits(*permissions), position=len(self.record.roles))
        self.record.roles[record.id] = record
        payload = {"guild_id": str(self.id), "role": role_payload(record)}
        self._core.say_guild("GUILD_ROLE_CREATE", self.record, payload)
        return Role(self._core, record, self.record)

    def add_member(self, name: str, *roles: Role, locale: str = "en-US", bot: bool = False) -> Member:
        """A member; ``locale`` is the language of their client."""
        user = UserRecord(self._core.world.new_id(), name, bot=bot)
        self._core.world.users[user.id] = user
        return self.adopt(user, *roles, locale=locale)

    def adopt(self, user: UserRecord, *roles: Role, locale: str = "en-US") -> Member:
        """Let a user who is known from another guild join this one."""
        record = MemberRecord(user, self.id, [role.id for role in roles])
        self.record.members[user.id] = record
        payload = {**member_payload(record), "guild_id": str(self.id)}
        self._core.say_guild("GUILD_MEMBER_ADD", self.record, payload, GUILD_MEMBERS)
        return Member(self._core, self.record, record, locale)

    def set_locale(self, locale: str) -> None:
        """Change the guild's preferred language."""
        self.record.locale = locale
        self._core.say_guild("GUILD_UPDATE", self.record, guild_payload(self.record))

    def removes_bot(self) -> None:
        """Kick the bot: GUILD_DELETE without ``unavailable``."""
        self._core.say_guild("GUILD_DELETE", self.record, {"id": str(self.id)})
        self.record.has_bot = False

    def invites_bot(self) -> None:
        """Let the bot in again."""
        self.record.has_bot = True
        self._core.say_guild("GUILD_CREATE", self.record, guild_create_payload(self.record, self._core.world.bot))

    def goes_unavailable(self) -> None:
        """An outage: GUILD_DELETE with ``unavailable``."""
        self._core.say_guild("GUILD_DELETE", self.record, {"id": str(self.id), "unavailable": True})
        self.record.unavailable = True

    def comes_back(self) -> None:
        """The end of an outage: GUILD_CREATE."""
        self.record.unavailable = False
        self._core.say_guild("GUILD_CREATE", self.record, guild_create_payload(self.record, self._core.world.bot))
