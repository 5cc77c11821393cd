"""The connection to the Bot API: the library's own, over aiohttp, with the token in no error and no log.

Lives here: requests, the raw way to updates. Does not live here: what a failed request means (`sending.py`,
`polling.py`). aiohttp instead of the library's httpx: `benchmarks/telegram_sending.py` measures the difference.
"""

from __future__ import annotations

import json
import os
from typing import Any

import aiohttp
import telegram
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

# The library's switch for durations: without it, it warns at every flood limit.
os.environ.setdefault("PTB_TIMEDELTA", "true")

TELEGRAM = "https://api.telegram.org/bot"
ALLOWED = (
    "message", "edited_message", "channel_post", "edited_channel_post", "callback_query", "my_chat_member",
    "message_reaction", "message_reaction_count",
)  # fmt: skip
"""The kinds of updates we ask for; business messages are not among them (T7), and reactions come only so (T8)."""
_CONNECT = 5.0
_READ = 20.0
_POOL = 64


class NotSent(NetworkError):
    """No connection came about, so nothing was asked of Telegram: trying again is harmless."""


class AioRequest(BaseRequest):
    """Requests over aiohttp. Its errors name their kind only: an address has the token in it."""

    __slots__ = ("_connections", "_session", "_timeout")

    def __init__(self, *, connections: int = _POOL, timeout: float = _READ) -> None:
        """Keep up to so many `connections` open; an answer may take `timeout` seconds."""
        self._connections, self._timeout = connections, timeout
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        """Seconds that an answer may take where nothing else is asked for."""
        return self._timeout

    async def initialize(self) -> None:
        """Be ready for requests."""
        if self._session is None or self._session.closed:
            connector = aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=30.0)
            self._session = aiohttp.ClientSession(connector=connector, headers={"User-Agent": self.USER_AGENT})

    async def shutdown(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """One request: its status and body.

        Raises:
            NotSent: No connection came about.
            TimedOut: No answer came in time; what was asked may have been done.
            NetworkError: The connection broke; what was asked may have been done.
        """
        session = self._session
        if session is None or session.closed:
            raise NotSent("the connection is closed")
        seconds = self._timeout if read_timeout is BaseRequest.DEFAULT_NONE else read_timeout
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT, sock_read=seconds)
        try:
            async with session.request(method, url, data=_body(request_data), timeout=timeout) as response:
                return response.status, await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSent(type(error).__name__) from None
        except TimeoutError:
            raise TimedOut("no answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            raise NetworkError(type(error).__name__) from None

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """The answer as data. Raises `TelegramError` without a word of it: it may hold members' messages."""
        try:
            parsed = json.loads(payload)
        except ValueError:
            parsed = None
        if not isinstance(parsed, dict):
            raise TelegramError("Telegram's answer is no JSON object")
        return parsed


def _body(data: RequestData | None) -> Any:
    if data is None:
        return None
    if not data.contains_files:
        return data.json_parameters
    form = aiohttp.FormData()
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, kind) in (data.multipart_data or {}).items():
        form.add_field(name, content, filename=filename, content_type=kind)
    return form


class Connection(telegram.Bot):
    """The library's bot with a raw way to updates, so that one odd update never hides the others."""

    async def raw_updates(self, offset: int, seconds: int) -> list[dict[str, Any]]:
        """What waits from `offset` on, waiting up to `seconds` for something. Confirms all below (T24).

        Raises `TelegramError`.
        """
        asked = {"offset": offset, "timeout": seconds, "limit": 100, "allowed_updates": list(ALLOWED)}
        result = await self._post("getUpdates", asked, read_timeout=seconds + _READ)
        return [one for one in result if isinstance(one, dict)] if isinstance(result, list) else []


def connect(token: str, base_url: str) -> Connection:
    """A connection of its own for updates and one for all else, both still closed."""
    url = base_url or TELEGRAM
    return Connection(
        token,
        base_url=url,
        base_file_url=f"{url.removesuffix('/bot')}/file/bot",
        request=AioRequest(),
        get_updates_request=AioRequest(connections=1),
    )
