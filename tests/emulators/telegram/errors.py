"""Refusals in the Bot API's own shape and wording.

The wording is what Telegram's servers say, because clients sort errors by it. What decides on a refusal lives
with the method that refuses.
"""

from __future__ import annotations

from collections.abc import Mapping


class ApiError(Exception):
    """The answer to one request is an error.

    Attributes:
        status: HTTP status, repeated as `error_code`.
        description: Telegram's sentence, with its prefix (`Bad Request: ...`).
        parameters: `retry_after` or `migrate_to_chat_id`, where Telegram sends one.
    """

    def __init__(self, status: int, description: str, parameters: Mapping[str, int] | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = dict(parameters or {})

    def payload(self) -> dict[str, object]:
        """The JSON body of the answer."""
        body: dict[str, object] = {"ok": False, "error_code": self.status, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return body


def bad_request(what: str) -> ApiError:
    """400: the request cannot be done as asked."""
    return ApiError(400, f"Bad Request: {what}")


def forbidden(what: str) -> ApiError:
    """403: the bot may not speak there."""
    return ApiError(403, f"Forbidden: {what}")


def conflict(what: str) -> ApiError:
    """409: two ways of fetching updates at once."""
    return ApiError(409, f"Conflict: {what}")


def too_many_requests(retry_after: int) -> ApiError:
    """429: a flood limit; `retry_after` in whole seconds."""
    return ApiError(429, f"Too Many Requests: retry after {retry_after}", {"retry_after": retry_after})


def upgraded(new_chat_id: int) -> ApiError:
    """400: the group is a supergroup now, under another id."""
    return ApiError(
        400, "Bad Request: group chat was upgraded to a supergroup chat", {"migrate_to_chat_id": new_chat_id}
    )


NOT_FOUND = (404, "Not Found")
UNAUTHORIZED = (401, "Unauthorized")
