"""The pages' texts in the reader's language: gettext, chosen by what the browser asks for.

Source texts are English; catalogs stand in `locale/<language>/LC_MESSAGES/safetybot.mo` (docs/web.md says how they are
made). A text without a translation stays English.
"""

from __future__ import annotations

import gettext as translations
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

LOCALES = Path(__file__).with_name("locale")
DOMAIN = "safetybot"
SOURCE = "en"
_MOST_ASKED = 10

_language: ContextVar[str] = ContextVar("language", default=SOURCE)


@lru_cache(maxsize=1)
def languages() -> tuple[str, ...]:
    """The languages that there are catalogs of, English first."""
    found = sorted(path.parts[-3] for path in LOCALES.glob(f"*/LC_MESSAGES/{DOMAIN}.mo"))
    return (SOURCE, *(one for one in found if one != SOURCE))


def chosen(accept: str) -> str:
    """The language that fits an Accept-Language header best."""
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept.split(",")[:_MOST_ASKED]):
        tag, _, weight = part.strip().partition(";q=")
        try:
            wanted.append((-float(weight or 1), place, tag.lower()))
        except ValueError:
            continue
    for less, _, tag in sorted(wanted):
        if less < 0 and tag.partition("-")[0] in languages():
            return tag.partition("-")[0]
    return SOURCE


def speak(language: str) -> None:
    """From now on, in this request, texts are in `language`."""
    _language.set(language)


def current() -> str:
    """The request's language."""
    return _language.get()


def gettext(text: str) -> str:
    """A text in the request's language."""
    return _catalog(_language.get()).gettext(text)


def ngettext(one: str, many: str, count: int) -> str:
    """A text that has a number in it, in the request's language."""
    return _catalog(_language.get()).ngettext(one, many, count)


def marked(text: str) -> str:
    """Itself: marks a text for the catalogs where it is looked up later."""
    return text


@lru_cache(maxsize=64)
def _catalog(language: str) -> translations.NullTranslations:
    return translations.translation(DOMAIN, LOCALES, [language], fallback=True)
