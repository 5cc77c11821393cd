"""Whether the responses are fit to ship: facts and sources, lengths, plain words, age of review, nothing that teaches.

Everything here is judgement of texts that have the right shape already (`files.py`). No clock: today is an argument.
The reading grades are textstat's automated readability index and Coleman–Liau index, the two that need no word list
from a network; the stricter counts. They are meaningful for English only.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import date

from safetybot.documents import Problem
from safetybot.responses.files import KEYS, Files, Text

PUBLIC_LIMIT = 300
"""Ours: one short message. Discord allows 2,000 characters (D36), Telegram 4,096 (T31)."""
CARD_LIMIT = 1900
"""Fits one Discord message (2,000, D36) and one Telegram message (4,096, T31) with a title."""
GRADE_LIMIT = 8.0
_PLACEHOLDER = re.compile(r"\{[^{}]{0,40}\}")
# Single classes and fixed words only: nothing here can backtrack.
_DOSE = (
    r"\d ?(?:ml|cc|мл|mg|мг|毫升|毫克|iu\b|units?\b|unidades|einheiten|jednost|ünite)"
    r"|\d ?(?:единиц|одиниц|単位|单位|單位|유닛|وحدة)"
)
_DILUTION = (
    r"\b\d ?(?::|to|zu) ?\d\b|\bdilut|\breconstitut|разбав|развод|розвод|verdünn|稀释|稀釋|희석|希釈"
    r"|seyrelt|rozcieńcz|تخفيف"
)
_HOW_TO = tuple(
    (re.compile(pattern, re.IGNORECASE), what)
    for pattern, what in (
        (r"\b[1-4][0-9] ?g\b|\bgauge|\bкалібр|\bкалибр|\bcalibre|ゲージ|게이지|号针|號針", "a needle size"),
        (r"\d ?(?:mm|millimet|мм|毫米|ミリ|밀리)", "a depth"),
        (_DOSE, "a dose"),
        (_DILUTION, "a dilution"),
        (r"\b(?:45|90|30) ?(?:°|degrees|grad)|\bangle\b", "an angle"),
        (r"\baspirate|\bbolus|\bfanning|\bnappage|\bbleb", "a technique"),
    )
)


def review(files: Files, *, today: date, months: int = 6, product_names: Collection[str] = ()) -> list[Problem]:
    """Everything that speaks against shipping the responses; warnings among them do not.

    Args:
        files: The responses.
        today: The date against which reviews are held.
        months: After how many months a response wants another review.
        product_names: Names that no response may hold: naming can work as advertising.
    """
    problems: list[Problem] = list(_ledger(files))
    longest = max((*files.regions.regions.values(), files.regions.everywhere), key=len)
    names = [name.casefold() for name in product_names if len(name) >= 5]
    for text in files.texts.values():
        problems += _head(text, files, today, months)
        for section, words in text.sections.items():
            problems += _section(text, section, words.replace("{emergency}", longest), names)
            problems += _placeholders(text, section, words)
    problems += _complete(files)
    return problems


def _ledger(files: Files) -> Iterator[Problem]:
    for fact, entry in files.facts.items():
        for source in entry.sources:
            if source not in files.sources:
                where = ("facts", fact, "sources")
                yield files.facts_document.problem(
                    where, f"the fact {fact} rests on an unknown source {source!r}", "add it to sources.yaml"
                )


def _head(text: Text, files: Files, today: date, months: int) -> Iterator[Problem]:
    for fact in text.head.facts:
        if fact not in files.facts:
            yield text.problem("facts", f"unknown fact {fact}", "add it to facts.yaml with its source, or take it out")
    for fact in sorted({fact for fact in text.head.facts if text.head.facts.count(fact) > 1}):
        yield text.problem("facts", f"the fact {fact} stands twice", "keep one")
    try:
        reviewed = date.fromisoformat(text.head.reviewed_on)
    except ValueError:
        yield text.problem("reviewed_on", f"{text.head.reviewed_on} is no date", "write it as 2026-01-31")
        return
    if reviewed > today:
        yield text.problem("reviewed_on", f"reviewed on {reviewed}, which is yet to come", "correct the date")
    age = (today.year - reviewed.year) * 12 + today.month - reviewed.month - (today.day < reviewed.day)
    if age >= months:
        reason = f"last reviewed {age} months ago"
        yield text.problem("reviewed_on", reason, "open each source again, then set the date", warning=True)


def _section(text: Text, section: str, words: str, names: Collection[str]) -> Iterator[Problem]:
    if len(words.strip()) < 20:
        yield text.problem(section, f"the section `{section}` is empty", "write it")
        return
    limit = PUBLIC_LIMIT if section == "Public" else CARD_LIMIT
    if len(words) > limit:
        yield text.problem(section, f"{len(words)} characters, {limit} are allowed", "say less")
    for pattern, what in _HOW_TO:
        if found := pattern.search(words):
            yield text.problem(
                section, f"teaches how it is done: {what} ({found[0]!r})", "leave it out, also as a warning"
            )
    if "@everyone" in words or "@here" in words:
        yield text.problem(section, "would ping people", "take the mention out")
    if re.search(r"<[a-zA-Z/]", words):
        yield text.problem(section, "holds HTML", "write Markdown: **bold**, lists with `- `")
    if words.count("**") % 2 or words.count("`") % 2:
        yield text.problem(section, "a `**` or a backtick is never closed", "close it")
    if "](" in words or "://" in words:
        yield text.problem(section, "holds a link", "name a fact in the head; its sources are shown with the card")
    yield from _products(text, section, words, names)
    if text.head.language == "en":
        grade = reading_grade(words)
        if grade > GRADE_LIMIT:
            yield text.problem(
                section, f"reads at US grade {grade:.1f}, {GRADE_LIMIT:.0f} is allowed", "shorter sentences"
            )


def _products(text: Text, section: str, words: str, names: Collection[str]) -> Iterator[Problem]:
    lowered = words.casefold()
    for name in names:
        if name in lowered and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", lowered):
            yield text.problem(section, f"names a product ({name})", "say `the product`")


def reading_grade(words: str) -> float:
    """The US school grade that `words` ask for: the stricter of two indices; list items count as sentences."""
    import textstat  # half a second that only a review pays

    plain = re.sub(r"[*`]", "", words)
    plain = re.sub(r"\n(?:- )?", ". ", plain)
    plain = re.sub(r"([.:!?])[.\s]+", r"\1 ", plain)
    return float(max(textstat.automated_readability_index(plain), textstat.coleman_liau_index(plain)))


def _placeholders(text: Text, section: str, words: str) -> Iterator[Problem]:
    found = set(_PLACEHOLDER.findall(words))
    for unknown in sorted(found - {"{emergency}"}):
        yield text.problem(section, f"unknown placeholder {unknown}", "the only one is {emergency}")
    needs = text.head.card == "first-aid" or text.head.level is not None
    if needs and "{emergency}" not in found:
        yield text.problem(section, "does not name the emergency number", "write {emergency} where it belongs")


def _complete(files: Files) -> Iterable[Problem]:
    for language in sorted({language for language, _ in files.texts}):
        sample = next(text for (lang, _), text in files.texts.items() if lang == language)
        for key in KEYS:
            if (language, key) not in files.texts:
                yield sample.problem("language", f"{language} has no response for {key}", f"add {language}/{key}.md")
            elif language != "en" and ("en", key) in files.texts:
                text, english = files.texts[language, key], files.texts["en", key]
                if set(text.head.facts) != set(english.head.facts):
                    yield text.problem("facts", "rests on other facts than the English text", "bring both in step")
        if language not in files.ui:
            yield sample.problem("language", f"{language} has no ui.yaml", "add buttons and small sentences")
