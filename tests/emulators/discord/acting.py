"""What members do with the bot's commands, buttons, menus and modals, and what they then see.

The checks here are those of Discord's client: what a person could not press, run or submit raises `CannotDo`.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping

from .command_options import filled, focused, options_of, resolved, with_files
from .component_rules import BUTTON, LABEL, LINK, ROW, STRING_SELECT, TEXT_INPUT
from .core import Core
from .errors import Json
from .interactions import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    DEFER,
    DEFER_UPDATE,
    MODAL_SUBMIT,
    Interaction,
)
from .payloads import channel_payload, member_payload, message_payload, user_payload
from .permissions import ALL, Permission, channel_permissions, guild_permissions
from .results import InteractionResult
from .state import ChannelRecord, GuildRecord, MemberRecord, MessageRecord

SLASH, USER_MENU, MESSAGE_MENU = 1, 2, 3


class CannotDo(AssertionError):
    """A person could not do this in Discord's client: no such button, a command they do not see, a field left empty."""


class Actor:
    """The doing half of a member: `driver.Member` adds writing.

    Attributes:
        core: the emulator's parts.
        guild: the guild's record.
        record: the member's record.
        locale: the language of their client.
    """

    def __init__(self, core: Core, guild: GuildRecord, record: MemberRecord, locale: str = "en-US") -> None:
        self.core, self.guild, self.record, self.locale = core, guild, record, locale

    @property
    def id(self) -> int:
        """The user's id."""
        return self.record.user.id

    async def taps(
        self,
        message: MessageRecord | InteractionResult,
        button: str,
        *,
        locale: str | None = None,
        patience: float = 5.0,
    ) -> InteractionResult:
        """Press a button.

        Args:
            message: the message with the button, or the result whose answer has it.
            button: its custom id or label.
            locale: the presser's language, else the member's.
            patience: seconds to wait for the rest of a deferred answer.

        Raises:
            CannotDo: no such button, it is disabled or a link, or the message is not theirs to see.
        """
        record = self._visible(message)
        found = [
            c for c in record.interactive if c["type"] == BUTTON and button in {c.get("custom_id"), c.get("label")}
        ]
        if not found:
            there = [(c.get("label"), c.get("custom_id")) for c in record.interactive if c["type"] == BUTTON]
            raise CannotDo(f"no button {button!r} on message {record.id}; there are {there}")
        if found[0].get("disabled") or found[0].get("style") == LINK:
            raise CannotDo(f"button {button!r} is disabled or a link")
        data = {"custom_id": found[0]["custom_id"], "component_type": BUTTON, "id": found[0].get("id")}
        return await self._press(record, data, locale, patience)

    async def chooses(
        self,
        message: MessageRecord | InteractionResult,
        menu: str,
        *values: str | int,
        locale: str | None = None,
        patience: float = 5.0,
    ) -> InteractionResult:
        """Choose in a select menu.

        Args:
            message: the message with the menu.
            menu: its custom id or placeholder.
            values: values or labels of a string menu, ids for the other kinds.
            locale: the chooser's language, else the member's.
            patience: seconds to wait for the rest of a deferred answer.

        Raises:
            CannotDo: no such menu or option, or too few or many chosen.
        """
        record = self._visible(message)
        menus = [c for c in record.interactive if c["type"] != BUTTON]
        found = [c for c in menus if menu in {c.get("custom_id"), c.get("placeholder")}]
        if not found or found[0].get("disabled"):
            raise CannotDo(f"no menu {menu!r} to choose from; there are {[c.get('custom_id') for c in menus]}")
        chosen = _chosen(found[0], values)
        data: Json = {"custom_id": found[0]["custom_id"], "component_type": found[0]["type"], "values": chosen}
        data["id"] = found[0].get("id")
        if found[0]["type"] != STRING_SELECT:
            data["resolved"] = resolved(self.core, self.guild, [int(value) for value in chosen])
        return await self._press(record, data, locale, patience)

    async def runs(
        self,
        command: str,
        *,
        channel: object = None,
        locale: str | None = None,
        options: Mapping[str, object] | None = None,
        by_override: bool = False,
        patience: float = 5.0,
        **more: object,
    ) -> InteractionResult:
        """Run a slash command: ``runs("safety keyword add", term="...")``.

        Args:
            command: its name with group and sub-command, by the default (English) names.
            channel: where, else the guild's first text channel.
            locale: the client's language, else the member's.
            options: values by option name, for names that are arguments here; users, roles and channels by
                handle or id, attachments as `File`.
            by_override: run it though ``default_member_permissions`` hide it, as after an admin's override (D38).
            patience: seconds to wait for the rest of a deferred answer.
            **more: further values by option name.

        Raises:
            CannotDo: no such command, hidden from this member, or options that the client would refuse.
        """
        registered, path, node = self._find(command, SLASH)
        self._may_run(registered, by_override=by_override)
        values = {**(options or {}), **more}
        given, ids = filled(node, with_files(self.core, values))
        data = self._command_data(registered, options_of(path, given))
        if ids:
            data["resolved"] = resolved(self.core, self.guild, ids)
        interaction = self._interaction(COMMAND, self._where(channel), 20)
        return await self._act(interaction, data, locale, patience)

    async def autocompletes(
        self,
        command: str,
        option: str,
        typed: str = "",
        *,
        channel: object = None,
        locale: str | None = None,
        by_override: bool = False,
        **more: object,
    ) -> InteractionResult:
        """Type into an option with autocomplete; `InteractionResult.choices` has what the client would show.

        Raises:
            CannotDo: no such command or option, or one without autocomplete.
        """
        registered, path, node = self._find(command, SLASH)
        self._may_run(registered, by_override=by_override)
        given, kind = focused(node, option, typed, more)
        interaction = self._interaction(AUTOCOMPLETE, self._where(channel), 0)
        interaction.option_kind = kind
        return await self._act(interaction, self._command_data(registered, options_of(path, given)), locale, 0.0)

    async def runs_on_message(
        self,
        command: str,
        message: MessageRecord,
        *,
        locale: str | None = None,
        by_override: bool = False,
        patience: float = 5.0,
    ) -> InteractionResult:
        """Run a message context menu on a message.

        Raises:
            CannotDo: no such command, or hidden from this member.
        """
        registered, _, _ = self._find(command, MESSAGE_MENU)
        self._may_run(registered, by_override=by_override)
        # The target comes whole, whatever the intents (D4).
        shown = message_payload(message, self.core.world, self.core.origin)
        data = self._command_data(registered, [])
        data |= {"type": MESSAGE_MENU, "target_id": str(message.id), "resolved": {"messages": {str(message.id): shown}}}
        data.pop("options")
        interaction = self._interaction(COMMAND, self.core.world.channels[message.channel_id], 23)
        return await self._act(interaction, data, locale, patience)

    async def submits_modal(
        self,
        result: InteractionResult,
        values: Mapping[str, object] | None = None,
        *,
        locale: str | None = None,
        patience: float = 5.0,
    ) -> InteractionResult:
        """Fill and submit the modal that a result opened.

        Args:
            result: what opened it.
            values: by custom id or label; fields not named keep what the bot put in.
            locale: the client's language, else the member's.
            patience: seconds to wait for the rest of a deferred answer.

        Raises:
            CannotDo: there is no modal, a required field is empty, a text too short or long, or a name unknown.
        """
        modal = result.modal
        if modal is None:
            raise CannotDo("no modal was opened")
        left = dict(values or {})
        components = [_filled_field(component, left) for component in modal["components"]]
        if left:
            raise CannotDo(f"the modal has no field {sorted(left)}")
        interaction = self._interaction(MODAL_SUBMIT, result.interaction.channel, 19)
        interaction.source = result.interaction.source
        data = {"custom_id": modal["custom_id"], "components": components, "resolved": {}}
        return await self._act(interaction, data, locale, patience)

    # Finding ------------------------------------------------------------------------------------------------------

    def _find(self, command: str, kind: int) -> tuple[Json, list[Json], Json]:
        """The registered command, the groups and sub-commands on the way, and the node with the options."""
        everything = [*self.guild.commands, *self.core.world.commands]
        names = command.split(" ") if kind == SLASH else [command]
        registered = next((c for c in everything if c["type"] == kind and c["name"] == names[0]), None)
        if registered is None:
            there = sorted(c["name"] for c in everything if c["type"] == kind)
            raise CannotDo(f"no command {names[0]!r} is registered; there are {there}")
        node, path = registered, []
        for name in names[1:]:
            inner = next((o for o in node.get("options") or [] if o["name"] == name and o["type"] in {1, 2}), None)
            if inner is None:
                raise CannotDo(f"{node['name']!r} has no sub-command {name!r}")
            path.append(inner)
            node = inner
        if any(option["type"] in {1, 2} for option in node.get("options") or []):
            raise CannotDo(f"{command!r} is a group: name one of its sub-commands")
        return registered, path, node

    def _may_run(self, command: Json, *, by_override: bool) -> None:
        needed = command.get("default_member_permissions")
        have = guild_permissions(self.guild, self.record)
        if not have & Permission.USE_APPLICATION_COMMANDS.value:
            raise CannotDo("this member may not use application commands")
        if by_override or needed is None or have == ALL:
            return
        if int(needed) == 0 or have & int(needed) != int(needed):
            raise CannotDo(f"command {command['name']!r} is hidden from this member: it needs permissions {needed}")

    def _visible(self, message: MessageRecord | InteractionResult) -> MessageRecord:
        record = message.message if isinstance(message, InteractionResult) else message
        if record is None or record.deleted:
            raise CannotDo("there is no message to press on: it was deleted, or the interaction had no answer")
        channel = self.core.world.channels[record.channel_id]
        if not channel_permissions(self.guild, channel, self.record):
            raise CannotDo("this member does not see the channel")
        if record.visible_to not in {None, self.id}:
            raise CannotDo("this message is only visible to somebody else")
        return record

    def _where(self, channel: object) -> ChannelRecord:
        if channel is None:
            return next(c for c in self.guild.channels.values() if c.type == 0)
        record = channel if isinstance(channel, ChannelRecord) else getattr(channel, "record", None)
        if not isinstance(record, ChannelRecord):
            raise CannotDo(f"{channel!r} is not a channel")
        return record

    # Doing --------------------------------------------------------------------------------------------------------

    def _interaction(self, kind: int, channel: ChannelRecord, message_type: int) -> Interaction:
        interaction = Interaction(
            self.core.world.new_id(), secrets.token_urlsafe(40), kind, self.record, channel, message_type
        )
        self.core.interactions[interaction.token] = interaction
        return interaction

    def _command_data(self, command: Json, options: list[Json]) -> Json:
        data: Json = {"id": command["id"], "name": command["name"], "type": command["type"], "options": options}
        if "guild_id" in command:
            data["guild_id"] = command["guild_id"]
        return data

    async def _press(self, record: MessageRecord, data: Json, locale: str | None, patience: float) -> InteractionResult:
        interaction = self._interaction(COMPONENT, self.core.world.channels[record.channel_id], 19)
        interaction.source = record
        return await self._act(interaction, data, locale, patience)

    async def _act(
        self, interaction: Interaction, data: Json, locale: str | None, patience: float
    ) -> InteractionResult:
        """Send INTERACTION_CREATE and wait for the callback, then for the rest of a deferred answer."""
        core = self.core
        edits = interaction.source.edits if interaction.source is not None else 0
        payload = self._payload(interaction, data, locale or self.locale)
        interaction.created = time.monotonic()
        core.gateway.dispatch("INTERACTION_CREATE", payload, guild_id=self.guild.id)
        deadline = interaction.created + core.interaction_deadline
        while interaction.ack is None and await core.until(deadline):
            pass
        deadline = time.monotonic() + patience
        while _unfinished(interaction, edits) and await core.until(deadline):
            pass
        return InteractionResult(core, interaction)

    def _payload(self, interaction: Interaction, data: Json, locale: str) -> Json:
        core, channel, guild = self.core, interaction.channel, self.guild
        permissions = str(channel_permissions(guild, channel, self.record))
        payload: Json = {
            "id": str(interaction.id),
            "application_id": str(core.world.application_id),
            "type": interaction.kind,
            "token": interaction.token,
            "version": 1,
            "guild_id": str(guild.id),
            "guild": {"id": str(guild.id), "locale": guild.locale, "features": ["COMMUNITY"]},
            "channel_id": str(channel.id),
            "channel": {**channel_payload(channel), "permissions": permissions},
            "member": {
                **member_payload(self.record),
                "permissions": permissions,
                "user": user_payload(self.record.user),
            },
            "locale": locale,
            "guild_locale": guild.locale,
            "app_permissions": str(channel_permissions(guild, channel, guild.members[core.world.bot.id])),
            "entitlements": [],
            "authorizing_integration_owners": {"0": str(guild.id)},
            "context": 0,
            "attachment_size_limit": 10 * 1024 * 1024,
            "data": data,
        }
        if interaction.source is not None:
            payload["message"] = message_payload(interaction.source, core.world, core.origin)
        return payload


def _unfinished(interaction: Interaction, edits: int) -> bool:
    if interaction.ack == DEFER:
        return interaction.deferred and not (interaction.original is not None and interaction.original.deleted)
    if interaction.ack == DEFER_UPDATE and interaction.source is not None:
        source = interaction.source
        return source.edits == edits and not source.deleted and not interaction.followups
    return False


def _chosen(menu: Json, values: tuple[str | int, ...]) -> list[str]:
    low, high = menu.get("min_values", 1), menu.get("max_values", 1)
    if not low <= len(values) <= high:
        raise CannotDo(f"menu {menu['custom_id']!r} takes {low} to {high} values, not {len(values)}")
    if menu["type"] != STRING_SELECT:
        return [str(value) for value in values]
    by_name = {name: option["value"] for option in menu["options"] for name in (option["label"], option["value"])}
    unknown = [value for value in values if value not in by_name]
    if unknown:
        raise CannotDo(f"menu {menu['custom_id']!r} has no option {unknown}; it has {sorted(by_name)}")
    return [by_name[str(value)] for value in values]


def _filled_field(component: Json, values: dict[str, object]) -> Json:
    """A modal's component with what the member entered; used values are taken out of ``values``."""
    if component["type"] == ROW:
        return {
            "type": ROW,
            "id": component.get("id"),
            "components": [_entered(component["components"][0], None, values)],
        }
    if component["type"] == LABEL:
        inner = _entered(component["component"], component.get("label"), values)
        return {"type": LABEL, "id": component.get("id"), "component": inner}
    return {"type": component["type"], "id": component.get("id")}


def _entered(field: Json, label: str | None, values: dict[str, object]) -> Json:
    names = [field["custom_id"], field.get("label"), label]
    given = next((values.pop(name) for name in names if name is not None and name in values), None)
    entered: Json = {"type": field["type"], "custom_id": field["custom_id"], "id": field.get("id")}
    if field["type"] != TEXT_INPUT:
        several = given if isinstance(given, (list, tuple)) else [] if given is None else [given]
        chosen = [str(value) for value in several]
        entered["values"] = _chosen(field, tuple(chosen)) if field["type"] == STRING_SELECT else chosen
        return entered
    text = str(given) if given is not None else field.get("value") or ""
    if not text and field.get("required", True):
        raise CannotDo(f"field {field['custom_id']!r} is required")
    if text and not (field.get("min_length") or 0) <= len(text) <= (field.get("max_length") or 4000):
        raise CannotDo(f"field {field['custom_id']!r} does not take {len(text)} characters")
    entered["value"] = text
    return entered
