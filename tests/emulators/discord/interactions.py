"""Interactions: the 3-second callback, the 15-minute token, deferral, follow-ups, modals, autocomplete (D30, D31).

The driver makes the interactions; here the bot's answers arrive, are checked, and become messages.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from .command_rules import STRING, check_choices
from .component_rules import check_modal
from .core import Core
from .errors import (
    ALREADY_ACKNOWLEDGED,
    INVALID_FORM,
    INVALID_WEBHOOK_TOKEN,
    UNKNOWN_INTERACTION,
    UNKNOWN_MESSAGE,
    UNKNOWN_WEBHOOK,
    ApiError,
    Form,
    Json,
    not_found,
)
from .http import Answer, Call, Endpoint, snowflake
from .payloads import message_payload, user_payload
from .rest_messages import apply_edit, new_message
from .state import EPHEMERAL, LOADING, ChannelRecord, MemberRecord, MessageRecord
from .validation import check_message

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
REPLY, DEFER, DEFER_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9


@dataclass(eq=False)
class Interaction:
    """One interaction from the press to its end.

    Attributes:
        source: the message whose component was pressed, or whose component opened the modal.
        ack: the type of the callback, None while there is none.
        ack_after: seconds from the interaction to its callback.
        original: the message that answers it, or that it updates.
        followups: further messages, in order.
        modal: the modal that the callback opened.
        choices: the autocomplete's answer.
        problems: what this interaction's requests were refused for.
        option_kind: the type of the option being completed.
    """

    id: int
    token: str
    kind: int
    member: MemberRecord
    channel: ChannelRecord
    message_type: int
    source: MessageRecord | None = None
    option_kind: int = STRING
    created: float = field(default_factory=time.monotonic)
    ack: int | None = None
    ack_after: float | None = None
    original: MessageRecord | None = None
    followups: list[MessageRecord] = field(default_factory=list)
    modal: Json | None = None
    choices: list[Json] | None = None
    problems: list[ApiError] = field(default_factory=list)

    @property
    def deferred(self) -> bool:
        """Whether the answer is still the "is thinking" placeholder."""
        return self.original is not None and bool(self.original.flags & LOADING)


async def callback(call: Call) -> Answer:
    """POST /interactions/{id}/{token}/callback."""
    core, body = call.core, call.json
    interaction = core.interactions.get(call.ids["webhook_token"])
    if interaction is None or interaction.id != call.id("interaction_id"):
        raise not_found(UNKNOWN_INTERACTION)
    if interaction.ack is not None:
        return _refuse(interaction, ApiError(400, ALREADY_ACKNOWLEDGED))
    age = time.monotonic() - interaction.created
    if age > core.interaction_deadline:
        return _refuse(interaction, not_found(UNKNOWN_INTERACTION))
    kind, data = body.get("type"), body.get("data") or {}
    try:
        _check_callback(interaction, kind, data, call)
    except ApiError as error:
        return _refuse(interaction, error)
    _carry_out(core, interaction, int(str(kind)), data, call)
    interaction.ack, interaction.ack_after = kind, age
    core.touch()
    if call.query.get("with_response") not in {"1", "true"}:
        return None
    resource: Json = {"type": kind}
    if kind in {REPLY, UPDATE} and interaction.original is not None:
        resource["message"] = _render(core, interaction.original)
    about: Json = {"id": str(interaction.id), "type": interaction.kind}
    if interaction.original is not None and kind in {REPLY, DEFER}:
        about["response_message_id"] = str(interaction.original.id)
        about["response_message_loading"] = kind == DEFER
        about["response_message_ephemeral"] = interaction.original.ephemeral
    return {"interaction": about, "resource": resource}


async def follow_up(call: Call) -> Answer:
    """POST /webhooks/{application}/{token}: a further message, or the deferred answer when it is the first."""
    core = call.core
    interaction = _of_webhook(call)
    body = call.json
    try:
        check_message(body, call.files, interaction=True)
    except ApiError as error:
        return _refuse(interaction, error)
    if interaction.deferred and interaction.original is not None:
        # Documented: the first follow-up after a deferral edits the deferred answer, whose ephemerality stands.
        return _edit(core, interaction, interaction.original, body, call)
    message = _answer(core, interaction, body, call)
    interaction.followups.append(message)
    _file(core, interaction, message)
    return _render(core, message)


async def read(call: Call) -> Answer:
    """GET @original or a follow-up."""
    return _render(call.core, _message(call, _of_webhook(call)))


async def edit(call: Call) -> Answer:
    """PATCH @original or a follow-up."""
    interaction = _of_webhook(call)
    message = _message(call, interaction)
    try:
        check_message(call.json, call.files, editing=True, interaction=True, flags=message.flags)
    except ApiError as error:
        return _refuse(interaction, error)
    return _edit(call.core, interaction, message, call.json, call)


async def delete(call: Call) -> Answer:
    """DELETE @original or a follow-up."""
    message = _message(call, _of_webhook(call))
    message.deleted = True
    channel = call.core.world.channels[message.channel_id]
    if message.visible_to is None:
        call.core.say_deleted(channel, [message.id])
    return None


ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("POST", "/interactions/{interaction_id}/{webhook_token}/callback"): callback,
    ("POST", "/webhooks/{webhook_id}/{webhook_token}"): follow_up,
    ("GET", "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"): read,
    ("PATCH", "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"): edit,
    ("DELETE", "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"): delete,
}


def _refuse(interaction: Interaction, error: ApiError) -> Answer:
    interaction.problems.append(error)
    raise error


def _check_callback(interaction: Interaction, kind: object, data: Json, call: Call) -> None:
    allowed = {
        COMMAND: {REPLY, DEFER, MODAL},
        COMPONENT: {REPLY, DEFER, DEFER_UPDATE, UPDATE, MODAL},
        AUTOCOMPLETE: {CHOICES},
        MODAL_SUBMIT: {REPLY, DEFER} | ({DEFER_UPDATE, UPDATE} if interaction.source is not None else set()),
    }[interaction.kind]
    if kind not in allowed:
        problem = {"code": "INTERACTION_RESPONSE_TYPE_INVALID", "message": f"Type must be one of {sorted(allowed)}."}
        raise ApiError(400, INVALID_FORM, errors={"type": {"_errors": [problem]}})
    if kind == MODAL:
        check_modal(data)
    elif kind == CHOICES:
        form = Form()
        check_choices(form, "data.choices", data.get("choices") or [], kind=interaction.option_kind)
        form.check()
    elif kind == UPDATE and interaction.source is not None:
        check_message(data, call.files, editing=True, interaction=True, flags=interaction.source.flags)
    elif kind == REPLY:
        check_message(data, call.files, interaction=True)


def _carry_out(core: Core, interaction: Interaction, kind: int, data: Json, call: Call) -> None:
    if kind in {REPLY, DEFER}:
        message = _answer(core, interaction, data, call)
        if kind == DEFER:
            message.flags = (message.flags & EPHEMERAL) | LOADING
        interaction.original = message
        _file(core, interaction, message)
    elif kind in {UPDATE, DEFER_UPDATE}:
        interaction.original = interaction.source
        if kind == UPDATE and interaction.source is not None:
            apply_edit(core, interaction.source, data, call.files)
            core.say_message("MESSAGE_UPDATE", interaction.source)
    elif kind == CHOICES:
        interaction.choices = data.get("choices") or []
    else:
        interaction.modal = data


def _answer(core: Core, interaction: Interaction, body: Json, call: Call) -> MessageRecord:
    message = new_message(core, interaction.channel, core.world.bot, body, call.files)
    message.type = interaction.message_type
    message.webhook_id = message.application_id = core.world.application_id
    message.interaction = {
        "id": str(interaction.id),
        "type": interaction.kind,
        "user": user_payload(interaction.member.user),
        "authorizing_integration_owners": {"0": str(interaction.channel.guild_id)},
    }
    if interaction.source is not None:
        message.interaction["interacted_message_id"] = str(interaction.source.id)
    return message


def _file(core: Core, interaction: Interaction, message: MessageRecord) -> None:
    if message.flags & EPHEMERAL:
        message.visible_to = interaction.member.user.id
    interaction.channel.add(message)
    core.say_message("MESSAGE_CREATE", message)


def _edit(core: Core, interaction: Interaction, message: MessageRecord, body: Json, call: Call) -> Answer:
    apply_edit(core, message, body, call.files)
    message.flags &= ~LOADING
    core.say_message("MESSAGE_UPDATE", message)
    return _render(core, message)


def _of_webhook(call: Call) -> Interaction:
    core = call.core
    interaction = core.interactions.get(call.ids["webhook_token"])
    if call.id("webhook_id") != core.world.application_id:
        raise not_found(UNKNOWN_WEBHOOK)
    if interaction is None or time.monotonic() - interaction.created > core.interaction_life:
        raise ApiError(401, INVALID_WEBHOOK_TOKEN)
    if interaction.ack is None:
        raise not_found(UNKNOWN_WEBHOOK)
    return interaction


def _message(call: Call, interaction: Interaction) -> MessageRecord:
    name = call.ids["message_id"]
    if name == "@original":
        message = interaction.original
    else:
        wanted = snowflake(name, "message_id")
        mine = [interaction.original, *interaction.followups]
        message = next((m for m in mine if m is not None and m.id == wanted), None)
    if message is None or message.deleted:
        raise not_found(UNKNOWN_MESSAGE)
    return message


def _render(core: Core, message: MessageRecord) -> Json:
    return message_payload(message, core.world, core.origin)
