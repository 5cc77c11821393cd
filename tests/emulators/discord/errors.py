"""Errors in Discord's own JSON shape, and the codes the emulator answers with.

What is an error is decided where the rule lives; here is only how it is said.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
"""A JSON object as it goes over the wire."""

GENERAL = 0
UNKNOWN_APPLICATION = 10002
UNKNOWN_CHANNEL = 10003
UNKNOWN_GUILD = 10004
UNKNOWN_MEMBER = 10007
UNKNOWN_MESSAGE = 10008
UNKNOWN_OVERWRITE = 10009
UNKNOWN_ROLE = 10011
UNKNOWN_USER = 10013
UNKNOWN_WEBHOOK = 10015
UNKNOWN_INTERACTION = 10062
UNKNOWN_COMMAND = 10063
UNKNOWN_AUTOMOD_RULE = 10066
MAX_COMMANDS = 30032
MAX_COMMAND_CREATES = 30034
ALREADY_ACKNOWLEDGED = 40060
ENTITY_TOO_LARGE = 40005
FORUM_NEEDS_THREAD = 40058
MISSING_ACCESS = 50001
NOT_AUTHOR = 50005
EMPTY_MESSAGE = 50006
WRONG_CHANNEL_TYPE = 50024
INVALID_WEBHOOK_TOKEN = 50027
MISSING_PERMISSIONS = 50013
TOO_OLD_FOR_BULK = 50034
INVALID_FORM = 50035
THREAD_ARCHIVED = 50083
REPLY_NEEDS_HISTORY = 160002
THREAD_EXISTS = 160004
THREAD_LOCKED = 160005

_MESSAGES = {
    UNKNOWN_APPLICATION: "Unknown Application",
    UNKNOWN_CHANNEL: "Unknown Channel",
    UNKNOWN_GUILD: "Unknown Guild",
    UNKNOWN_MEMBER: "Unknown Member",
    UNKNOWN_MESSAGE: "Unknown Message",
    UNKNOWN_OVERWRITE: "Unknown permission overwrite",
    UNKNOWN_ROLE: "Unknown Role",
    UNKNOWN_USER: "Unknown User",
    UNKNOWN_WEBHOOK: "Unknown Webhook",
    UNKNOWN_INTERACTION: "Unknown interaction",
    UNKNOWN_COMMAND: "Unknown application command",
    UNKNOWN_AUTOMOD_RULE: "Unknown Auto Moderation rule",
    MAX_COMMANDS: "Maximum number of application commands reached",
    MAX_COMMAND_CREATES: "Max number of daily application command creates has been reached (200)",
    ALREADY_ACKNOWLEDGED: "Interaction has already been acknowledged.",
    ENTITY_TOO_LARGE: "Request entity too large",
    FORUM_NEEDS_THREAD: "Cannot send messages in a forum channel",
    MISSING_ACCESS: "Missing Access",
    NOT_AUTHOR: "Cannot edit a message authored by another user",
    EMPTY_MESSAGE: "Cannot send an empty message",
    WRONG_CHANNEL_TYPE: "Cannot execute action on this channel type",
    INVALID_WEBHOOK_TOKEN: "Invalid Webhook Token",
    MISSING_PERMISSIONS: "Missing Permissions",
    TOO_OLD_FOR_BULK: "A message provided was too old to bulk delete",
    INVALID_FORM: "Invalid Form Body",
    THREAD_ARCHIVED: "Thread is archived",
    REPLY_NEEDS_HISTORY: "Cannot reply without permission to read message history",
    THREAD_EXISTS: "A thread has already been created for this message",
    THREAD_LOCKED: "Thread is locked",
}


class ApiError(Exception):
    """A request that Discord would refuse.

    Attributes:
        status: the HTTP status.
        code: Discord's JSON error code, 0 for the general ones.
        text: Discord's message.
        errors: the tree of field errors of a 50035, else None.
        retry_after: seconds, of a 429 that stands for a quota and not for a bucket.
    """

    def __init__(
        self,
        status: int,
        code: int,
        text: str | None = None,
        errors: Json | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.status = status
        self.retry_after = retry_after
        self.code = code
        self.text = text if text is not None else _MESSAGES.get(code, f"{status}: Error")
        self.errors = errors
        super().__init__(f"{status} {code}: {self.text}")

    def body(self) -> Json:
        """The JSON that Discord answers with."""
        body: Json = {"message": self.text, "code": self.code}
        if self.errors is not None:
            body["errors"] = self.errors
        if self.retry_after is not None:
            body |= {"retry_after": self.retry_after, "global": False}
        return body


def not_found(code: int) -> ApiError:
    """404 with the code of the thing that is unknown."""
    return ApiError(404, code)


def missing_access() -> ApiError:
    """The channel or guild cannot be seen."""
    return ApiError(403, MISSING_ACCESS)


def missing_permissions() -> ApiError:
    """It is seen, but this may not be done there."""
    return ApiError(403, MISSING_PERMISSIONS)


class Form:
    """Collects the field errors of one request body, then raises them all at once, as Discord does.

    Paths are dotted; a number is a list index: ``embeds.0.title``.
    """

    def __init__(self) -> None:
        self._tree: Json = {}

    def add(self, path: str, code: str, text: str) -> None:
        """Record that the field at ``path`` is wrong."""
        node = self._tree
        for part in path.split("."):
            node = node.setdefault(part, {})
        node.setdefault("_errors", []).append({"code": code, "message": text})

    def length(self, path: str, value: object, low: int, high: int) -> None:
        """Record an error unless ``value`` is a string of ``low`` to ``high`` characters."""
        if not isinstance(value, str):
            self.add(path, "STRING_TYPE_CONVERT", "Could not interpret value as string.")
        elif not low <= len(value) <= high:
            self.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")

    def most(self, path: str, value: object, high: int) -> None:
        """Record an error unless ``value`` is None or a string of at most ``high`` characters."""
        if value is None:
            return
        if not isinstance(value, str):
            self.add(path, "STRING_TYPE_CONVERT", "Could not interpret value as string.")
        elif len(value) > high:
            self.add(path, "BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")

    def required(self, path: str) -> None:
        """Record that the field is missing."""
        self.add(path, "BASE_TYPE_REQUIRED", "This field is required")

    def check(self) -> None:
        """Raise what was recorded.

        Raises:
            ApiError: 400 with code 50035, when at least one field was wrong.
        """
        if self._tree:
            raise ApiError(400, INVALID_FORM, errors=self._tree)
