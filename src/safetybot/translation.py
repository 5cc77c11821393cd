"""What moderators and admins read, in their language: gettext catalogs in `locale/`, English where there is none.

Lives here: finding a catalog, filling in values. Does not live here: what members read (`responses/`).
"""

from __future__ import annotations

import gettext
import re
from functools import lru_cache
from pathlib import Path

LOCALES = Path(__file__).with_name("locale")
SOURCE = "en"
_VALUE = re.compile(r"\{([a-z_]+)\}")


class Texts:
    """The texts of one domain in one language."""

    def __init__(self, catalog: gettext.NullTranslations, language: str) -> None:
        """Look up in `catalog`."""
        self._catalog, self.language = catalog, language

    def say(self, message: str, /, **values: object) -> str:
        """`message` in this language, with each `{name}` filled in; a brace in a value is left as it is."""
        return _filled(self._catalog.gettext(message), values)

    def many(self, one: str, more: str, number: int, /, **values: object) -> str:
        """`one` or `more`, as the language asks for `number`, which is filled in as `{number}`."""
        return _filled(self._catalog.ngettext(one, more, number), {"number": number, **values})


def marked(message: str) -> str:
    """`message` as it is; only marks it for translation where it is written down before it is said."""
    return message


@lru_cache(maxsize=64)
def texts(language: str, domain: str = "chat") -> Texts:
    """The texts of `domain` in `language` (`pt-BR`, then `pt`), or as they are written, in English."""
    tag = language.replace("_", "-").lower()
    wanted = list(dict.fromkeys((tag.replace("-", "_"), tag.partition("-")[0])))
    catalog = gettext.translation(domain, LOCALES, languages=wanted, fallback=True)
    known = isinstance(catalog, gettext.GNUTranslations)
    return Texts(catalog, wanted[-1] if known else SOURCE)


@lru_cache(maxsize=4)
def languages(domain: str = "chat") -> tuple[str, ...]:
    """The languages there is a catalog of `domain` in, and English, sorted."""
    found = {path.parent.parent.name for path in LOCALES.glob(f"*/LC_MESSAGES/{domain}.mo")}
    return tuple(sorted({SOURCE, *found}))


def _filled(message: str, values: dict[str, object]) -> str:
    return _VALUE.sub(lambda found: str(values.get(found[1], found[0])), message)
