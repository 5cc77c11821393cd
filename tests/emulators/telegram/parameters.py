"""Reading one request's parameters: query, form, multipart or JSON, all as the Bot API takes them.

Values arrive as text in forms and as JSON in JSON bodies; the getters accept both.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from .errors import bad_request
from .world import Json, Upload


@dataclass(slots=True)
class Parameters:
    """The parameters of one request and the files that came with it."""

    values: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Upload] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        """A string; numbers are taken as their digits."""
        value = self.values.get(name, default)
        return value if isinstance(value, str) else json.dumps(value)

    def integer(self, name: str, default: int = 0) -> int:
        """An integer, or the default where it is absent or no number, as Telegram does."""
        try:
            return int(self.values.get(name, default))
        except (TypeError, ValueError):
            return default

    def flag(self, name: str) -> bool:
        """A Boolean: `true`, `1`, `yes` in text."""
        value = self.values.get(name, False)
        return value.lower() in {"true", "1", "yes"} if isinstance(value, str) else bool(value)

    def decoded(self, name: str, what: str) -> Any:
        """JSON of any shape; `None` where it is absent or empty.

        Raises:
            ApiError: 400 `can't parse <what> JSON object`.
        """
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {what} JSON object") from None

    def object(self, name: str, what: str) -> Json | None:
        """A JSON object; `None` where it is absent.

        Raises:
            ApiError: 400 where it is JSON of another kind.
        """
        value = self.decoded(name, what)
        if value is not None and not isinstance(value, dict):
            raise bad_request(f"object expected as {what}")
        return value

    def upload(self, name: str) -> Upload | None:
        """The file of a parameter, sent directly or by `attach://`."""
        value = self.values.get(name)
        if isinstance(value, str) and value.startswith("attach://"):
            return self.files.get(value.removeprefix("attach://"))
        return self.files.get(name)


async def read_parameters(request: web.Request) -> Parameters:
    """All parameters of a request, whatever their encoding."""
    parameters = Parameters(dict(request.query))
    if request.method != "POST" or not request.can_read_body:
        return parameters
    if request.content_type == "application/json":
        try:
            body = await request.json()
        except ValueError:
            raise bad_request("can't parse JSON object") from None
        if isinstance(body, dict):
            parameters.values |= body
        return parameters
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            parameters.files[name] = Upload(value.filename, value.content_type, value.file.read())
        elif isinstance(value, bytes | bytearray):
            parameters.files[name] = Upload(name, "application/octet-stream", bytes(value))
        else:
            parameters.values[name] = value
    return parameters
