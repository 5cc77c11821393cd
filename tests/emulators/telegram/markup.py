"""Inline keyboards: what Telegram accepts as one, and its words for what it does not.

Rule T31: callback data is 1 to 64 bytes of UTF-8, not characters. Reply keyboards are not here.
"""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlencode, urlsplit

from .errors import ApiError, bad_request
from .parameters import Parameters
from .world import Account, Json

_CALLBACK_BYTES = 64
_MOST_BUTTONS = 100
_ACTIONS = ("url", "callback_data", "web_app", "login_url", "switch_inline_query", "copy_text", "pay")


def read_markup(parameters: Parameters, domain: str = "") -> Json | None:
    """The request's inline keyboard, checked; `None` where it has none.

    `domain` is the site at which people may be vouched for, as BotFather was told.

    Raises:
        ApiError: 400 with Telegram's word for the fault, such as `BUTTON_DATA_INVALID`.
    """
    markup = parameters.object("reply_markup", "reply keyboard markup")
    if markup is None:
        return None
    rows = markup.get("inline_keyboard")
    if rows is None:
        if markup.keys() & {"keyboard", "remove_keyboard", "force_reply"}:
            return None  # they show nothing to a test and stay unsaved, as in Telegram's answers
        raise bad_request("object expected as reply markup")
    if not isinstance(rows, list) or any(not isinstance(row, list) for row in rows):
        raise bad_request('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    kept = [[_button(button, domain) for button in row] for row in rows if row]
    if sum(len(row) for row in kept) > _MOST_BUTTONS:
        raise bad_request("reply markup is too long")
    return {"inline_keyboard": kept} if kept else None


def _button(button: object, domain: str) -> Json:
    if not isinstance(button, dict):
        raise _cannot_parse("expected an Object")
    text = button.get("text")
    if not isinstance(text, str):
        raise _cannot_parse('Can\'t find field "text"')
    if not text.strip():
        raise bad_request("BUTTON_TEXT_INVALID") if text else _cannot_parse("Button text must be non-empty")
    if not any(button.get(action) for action in _ACTIONS):
        raise _cannot_parse("Text buttons are unallowed in the inline keyboard")
    data = button.get("callback_data")
    if data is not None and not 1 <= len(str(data).encode()) <= _CALLBACK_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")
    url = button.get("url")
    if url is not None:
        _check_url(str(url))
    if (login := button.get("login_url")) is not None:
        _check_login(login, domain)
    return dict(button)


def _check_login(login: object, domain: str) -> None:
    url = str(login.get("url", "")) if isinstance(login, dict) else ""
    parts = urlsplit(url)
    if parts.scheme != "https" or "." not in (parts.hostname or ""):
        raise bad_request("wrong HTTP URL")
    if not domain or parts.hostname != domain.lower():
        raise bad_request("BOT_DOMAIN_INVALID")


def signed_address(url: str, token: str, account: Account, stamp: int) -> str:
    """The address of a `login_url` button as the app opens it for somebody who agreed."""
    fields = {"auth_date": str(stamp), "first_name": account.first_name, "id": str(account.id)}
    if account.username:
        fields["username"] = account.username
    signed = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    key = hashlib.sha256(token.encode()).digest()
    fields["hash"] = hmac.new(key, signed.encode(), hashlib.sha256).hexdigest()
    return f"{url}{'&' if '?' in url else '?'}{urlencode(fields)}"


def _check_url(url: str) -> None:
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme not in {"http", "https", "tg", "ton"}:
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: Unsupported URL protocol")
    if parts.scheme in {"http", "https"} and "." not in (parts.hostname or ""):
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")


def _cannot_parse(why: str) -> ApiError:
    return bad_request(f"can't parse inline keyboard button: {why}")
