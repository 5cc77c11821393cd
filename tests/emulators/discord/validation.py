"""What Discord refuses in a message, its embeds and its files (D36). Components and modals: `component_rules`."""

from __future__ import annotations

from .component_rules import check_components
from .errors import EMPTY_MESSAGE, ENTITY_TOO_LARGE, ApiError, Form, Json
from .state import COMPONENTS_V2, EPHEMERAL

CONTENT, NONCE, EMBEDS, EMBED_TOTAL, FILES, MENTION_IDS = 2000, 25, 10, 6000, 10, 100
FILE_BYTES = 10 * 1024 * 1024
SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS = 1 << 2, 1 << 12
SETTABLE_FLAGS = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | COMPONENTS_V2

Upload = tuple[str, bytes, str | None]
"""An uploaded file: name, bytes, content type."""


def check_message(
    body: Json, files: dict[int, Upload], *, editing: bool = False, interaction: bool = False, flags: int = 0
) -> None:
    """Check a message to be sent or the fields of an edit.

    Args:
        body: the JSON.
        files: uploads by their number.
        editing: an edit, whose absent fields stay as they are.
        interaction: an interaction's answer, which may be ephemeral.
        flags: the flags that the message already has.

    Raises:
        ApiError: 400, in Discord's words.
    """
    form = Form()
    _content(form, body)
    _flags(form, body, interaction=interaction, editing=editing)
    embeds = body.get("embeds") or []
    if len(embeds) > EMBEDS:
        form.add("embeds", "BASE_TYPE_BAD_LENGTH", f"Must be between 0 and {EMBEDS} in length.")
    check_embeds(form, embeds)
    _attachments(form, body, files)
    _allowed_mentions(form, body.get("allowed_mentions"))
    wanted = int(body.get("flags") or 0) | flags
    components = body.get("components") or []
    check_components(form, components, v2=bool(wanted & COMPONENTS_V2))
    if wanted & COMPONENTS_V2:
        for name in ("content", "embeds", "sticker_ids", "poll"):
            if body.get(name):
                text = "The field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
                form.add(name, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", text)
    form.check()
    forwards = (body.get("message_reference") or {}).get("type") == 1
    has_something = body.get("content") or embeds or files or components or body.get("attachments") or forwards
    if not editing and not has_something and not body.get("poll") and not body.get("sticker_ids"):
        raise ApiError(400, EMPTY_MESSAGE)
    if sum(len(upload[1]) for upload in files.values()) > FILE_BYTES:
        raise ApiError(413, ENTITY_TOO_LARGE)


def _content(form: Form, body: Json) -> None:
    form.most("content", body.get("content"), CONTENT)
    nonce = body.get("nonce")
    if nonce is not None and (isinstance(nonce, bool) or not isinstance(nonce, (str, int)) or len(str(nonce)) > NONCE):
        form.add("nonce", "NONCE_TYPE_TOO_LONG", f"Must be {NONCE} or fewer in length.")


def _flags(form: Form, body: Json, *, interaction: bool, editing: bool) -> None:
    flags = body.get("flags") or 0
    allowed = SETTABLE_FLAGS | (EPHEMERAL if interaction and not editing else 0)
    if not isinstance(flags, int):
        form.add("flags", "NUMBER_TYPE_COERCE", f'Value "{flags}" is not int.')
    elif flags & ~allowed and not editing:
        # Discord ignores other bits; a bot that sets them believes something that is not so, hence the refusal.
        form.add("flags", "BASE_TYPE_CHOICES", f"Flags {flags & ~allowed} cannot be set here.")


def check_embeds(form: Form, embeds: list[Json]) -> None:
    """Record the errors of embeds, each field's and the total's."""
    total = 0
    for number, embed in enumerate(embeds):
        at = f"embeds.{number}"
        for name, most in (("title", 256), ("description", 4096)):
            form.most(f"{at}.{name}", embed.get(name), most)
            total += len(embed.get(name) or "")
        for name, key, most in (("footer", "text", 2048), ("author", "name", 256)):
            part = embed.get(name) or {}
            form.most(f"{at}.{name}.{key}", part.get(key), most)
            total += len(part.get(key) or "")
        fields = embed.get("fields") or []
        if len(fields) > 25:
            form.add(f"{at}.fields", "BASE_TYPE_BAD_LENGTH", "Must be between 0 and 25 in length.")
        for index, item in enumerate(fields):
            form.length(f"{at}.fields.{index}.name", item.get("name"), 1, 256)
            form.length(f"{at}.fields.{index}.value", item.get("value"), 1, 1024)
            total += len(item.get("name") or "") + len(item.get("value") or "")
        for name in ("url",):
            if embed.get(name) and not str(embed[name]).startswith(("http://", "https://")):
                form.add(f"{at}.{name}", "URL_TYPE_INVALID_URL", "Not a well formed URL.")
        for name in ("image", "thumbnail"):
            url = str((embed.get(name) or {}).get("url", "https://"))
            if not url.startswith(("http://", "https://", "attachment://")):
                form.add(
                    f"{at}.{name}.url", "URL_TYPE_INVALID_SCHEME", f'Scheme "{url.split(":")[0]}" is not supported.'
                )
        if not any(
            embed.get(name) for name in ("title", "description", "fields", "image", "thumbnail", "footer", "author")
        ):
            form.add(f"{at}.description", "BASE_TYPE_REQUIRED", "This field is required")
    if total > EMBED_TOTAL:
        form.add("embeds", "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {EMBED_TOTAL}")


def _attachments(form: Form, body: Json, files: dict[int, Upload]) -> None:
    listed = body.get("attachments") or []
    if len(listed) > FILES or len(files) > FILES:
        form.add("attachments", "BASE_TYPE_MAX_LENGTH", f"Must be {FILES} or fewer in length.")
    for number, item in enumerate(listed):
        form.most(f"attachments.{number}.description", item.get("description"), 1024)


def _allowed_mentions(form: Form, allowed: Json | None) -> None:
    if not allowed:
        return
    parse = allowed.get("parse") or []
    for kind in ("users", "roles"):
        ids = allowed.get(kind) or []
        if len(ids) > MENTION_IDS:
            form.add(f"allowed_mentions.{kind}", "BASE_TYPE_MAX_LENGTH", f"Must be {MENTION_IDS} or fewer in length.")
        if ids and kind in parse:
            form.add(
                "allowed_mentions",
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                f"parse:{kind} and {kind} exclude each other",
            )
    for number, kind in enumerate(parse):
        if kind not in {"users", "roles", "everyone"}:
            form.add(
                f"allowed_mentions.parse.{number}", "BASE_TYPE_CHOICES", "Value must be one of everyone, roles, users."
            )
