"""Keeps the translation catalogs in step with the code: `python .ci/catalogs.py update` or `check`.

`update` extracts the texts, brings every `.po` file up to date and compiles it; what is not translated yet stays empty
and is counted. `check` fails where a text is missing, marked fuzzy, has other `{names}` than its source, or where a
`.mo` file is behind. Both go over two domains: what is said in chats, and the web pages.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent / "src" / "safetybot"
CHAT_LANGUAGES = ("ar", "de", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "tr", "uk", "zh")
WEB_LANGUAGES = ("de", "es", "fr")
_BEGUN = datetime(2026, 11, 1, tzinfo=UTC)
"""Stands in every file's head; the day of an update would change them all without need."""
_NAMES = re.compile(r"\{([a-z_]+)\}|%\(([a-z_]+)\)")


@dataclass(frozen=True)
class Domain:
    """One set of catalogs."""

    name: str
    sources: tuple[str, ...]
    locales: Path
    languages: tuple[str, ...]
    keywords: dict[str, tuple[int, ...] | None]


DOMAINS = (
    Domain(
        "chat", ("chat", "platforms", "communities", "detection"), ROOT / "locale", CHAT_LANGUAGES,
        {"say": None, "marked": None, "many": (1, 2)},
    ),
    Domain(
        "safetybot", ("web",), ROOT / "web" / "locale", WEB_LANGUAGES,
        {"_": None, "gettext": None, "ngettext": (1, 2), "marked": None},
    ),
)  # fmt: skip


def template(domain: Domain) -> Catalog:
    """Every text of the code, with no place in it: line numbers would change with every edit."""
    found = Catalog(project="safetybot", charset="utf-8", creation_date=_BEGUN)
    methods = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
    options = {"**.html": {"silent": "false", "trim_blocks": "true", "lstrip_blocks": "true"}}
    for source in domain.sources:
        for file, _, message, _, context in extract_from_dir(
            str(ROOT / source), methods, keywords=domain.keywords, options_map=options
        ):
            if message and any(message if isinstance(message, tuple) else [message]):
                found.add(message, None, auto_comments=[f"{source}/{file}"], context=context)
    return found


def update() -> None:
    """Bring every catalog up to date and compile it."""
    for domain in DOMAINS:
        source = template(domain)
        for language in domain.languages:
            path = domain.locales / language / "LC_MESSAGES" / f"{domain.name}.po"
            path.parent.mkdir(parents=True, exist_ok=True)
            catalog = _read(path, language) if path.exists() else Catalog(locale=language, domain=domain.name)
            catalog.update(source, no_fuzzy_matching=True)
            catalog.obsolete.clear()
            for message in catalog:
                if message.id and message.id in source:
                    message.auto_comments = sorted(set(source[message.id].auto_comments))
            with path.open("wb") as file:
                write_po(file, catalog, width=118, sort_output=True, omit_header=False, ignore_obsolete=True)
            path.with_suffix(".mo").write_bytes(_compiled(_read(path, language)))
            missing = sum(1 for message in catalog if message.id and not _translated(message))
            print(f"{domain.name}/{language}: {len(catalog)} texts, {missing} to translate")


def problems() -> Iterator[str]:
    """Everything that is wrong, one line each."""
    for domain in DOMAINS:
        source = template(domain)
        for language in domain.languages:
            path = domain.locales / language / "LC_MESSAGES" / f"{domain.name}.po"
            if not path.exists():
                yield f"{path.relative_to(ROOT)}: there is none"
                continue
            catalog = _read(path, language)
            yield from (f"{path.relative_to(ROOT)}: {problem}" for problem in _problems(catalog, source))
            compiled = path.with_suffix(".mo")
            if not compiled.exists() or compiled.read_bytes() != _compiled(catalog):
                yield f"{compiled.relative_to(ROOT)}: is not what its .po file says"


def _problems(catalog: Catalog, source: Catalog) -> Iterator[str]:
    for message in source:
        if message.id and message.id not in catalog:
            yield f"lacks {message.id!r}"
    for message in catalog:
        if not message.id:
            continue
        if message.id not in source:
            yield f"nothing says {message.id!r} any more"
        elif not _translated(message):
            yield f"does not translate {message.id!r}"
        elif message.fuzzy:
            yield f"is unsure of {message.id!r}"
        elif _names(message.string) != _names(message.id):
            yield f"has other names in {message.id!r}"


def _read(path: Path, language: str) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=language, domain=path.stem)


def _compiled(catalog: Catalog) -> bytes:
    out = BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def _translated(message: Message) -> bool:
    strings = message.string if isinstance(message.string, list | tuple) else [message.string]
    return bool(strings) and all(strings)


def _names(texts: object) -> set[str]:
    parts = texts if isinstance(texts, list | tuple) else [texts]
    return {a or b for part in parts for a, b in _NAMES.findall(str(part))}


def main() -> int:
    """Run the command; 1 where something is wrong."""
    if sys.argv[1:] == ["update"]:
        update()
        return 0
    if sys.argv[1:] == ["check"]:
        found = list(problems())
        for problem in found:
            print(problem)
        print(f"catalogs: {len(found)} problems")
        return bool(found)
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main())
