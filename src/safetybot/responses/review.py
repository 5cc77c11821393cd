"""Whether the responses are fit to ship: facts and sources, lengths, plain words, age of review, nothing that teaches.

Everything here is judgement of files that have the right shape already (`files.py`). No clock: today is an argument.
The reading grades are textstat's automated readability index and Coleman–Liau index, the two that need no word list
from a network; the stricter counts. They are meaningful for English only.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import date

from safetybot.documents import Problem
from safetybot.model import Source
from safetybot.responses.files import KEYS, Files, Text
from safetybot.responses.how_to import how_to_details
from safetybot.responses.library import FALLBACK, PLACEHOLDERS, filled, sources_list

PUBLIC_LIMIT = 300
"""Ours: one short message. Discord allows 2,000 characters (its docs, Create Message), Telegram 4,096."""
CARD_LIMIT = 1900
"""Fits one Discord message (2,000) and one Telegram message (4,096) with something to spare."""
SHORTEST = 20
"""Characters; a section with fewer says nothing."""
GRADE_LIMIT = 8.0
"""US school grade that a text may ask for at most."""

_BOT_WORDS = {"ar": "بوت", "ja": "ボット", "ko": "봇", "ru": "бот", "uk": "бот", "zh": "机器人"}
_SENTENCE_END = re.compile(r"[.!?。！？؟]")
_BUTTONS = (
    "risks", "first_aid", "sources", "not_for_me", "wrong", "stop", "erase", "hand_out", "erase_yes", "resume", "menu",
    "yes_or_unsure", "none_of_these",
)  # fmt: skip
"""What must not be called alike."""
_BRACES = re.compile(r"\{([^{}]{0,40})\}?|\}")
_HTML = re.compile(r"<[a-zA-Z/!]")
_PING = re.compile(r"@(?:everyone|here|all)\b|<[@#]", re.IGNORECASE)
_LINK = re.compile(r"\]\(|://|\bwww\.")
_MARKUP = re.compile(r"[*`_#>|~]|^- |\n", re.MULTILINE)
_NOT_ISO = {"UK": "GB", "EL": "GR", "EN": "GB", "JA": "JP", "SP": "ES"}


def review(files: Files, *, today: date, months: int = 6, product_names: Collection[str] = ()) -> list[Problem]:
    """Everything that speaks against shipping the responses; warnings among them do not.

    Args:
        files: The responses.
        today: The date against which reviews are held.
        months: After how many months a response wants another review.
        product_names: Names that no response may hold: naming can work as advertising.
    """
    problems = [*_ledger(files, today), *_complete(files)]
    names = sorted({name.casefold() for name in product_names if len(name) >= 4})
    for (language, key), text in files.texts.items():
        problems += _head(text, files, today, months)
        for section, words in text.sections.items():
            if len(words) < SHORTEST:
                problems.append(text.problem(section, f"the section `## {section}` is empty", "write it"))
                continue
            problems += _length(text, section, words, files)
            problems += _wording(text, section, words, names)
            problems += _placeholders(text, section, words)
        if language in files.ui and text.head.concern:
            problems += _sources_fit(text, files)
        english = files.texts.get((FALLBACK, key))
        if english is not None and english is not text and english.folder == text.folder:
            problems += _in_step(text, english)
    for language in files.ui:
        problems += _ui(files, language)
    return problems


def reading_grade(words: str) -> float:
    """The US school grade that `words` ask for: the stricter of two indices; list items count as sentences."""
    import textstat  # half a second that only a review pays

    plain = re.sub(r"[*`]", "", words)
    plain = re.sub(r"\n+(?:- )?", ". ", plain)
    plain = re.sub(r"([.:!?])[.\s]+", r"\1 ", plain)
    return float(max(textstat.automated_readability_index(plain), textstat.coleman_liau_index(plain)))


# --- the ledgers ------------------------------------------------------------------------------------------


def _ledger(files: Files, today: date) -> Iterator[Problem]:
    document = files.documents["facts.yaml"]
    for fact, entry in files.facts.items():
        for source in entry.sources:
            if source not in files.sources:
                reason = f"the fact {fact} rests on an unknown source {source!r}"
                yield document.problem(("facts", fact, "sources"), reason, "add it to sources.yaml")
    document = files.documents["sources.yaml"]
    used = {source for entry in files.facts.values() for source in entry.sources}
    seen_before: dict[str, str] = {}
    for name, page in files.sources.items():
        where = ("sources", name, "seen_on")
        seen = _day(page.seen_on)
        if seen is None:
            yield document.problem(where, f"{page.seen_on} is no date", "write it as 2026-01-31")
        elif seen > today:
            yield document.problem(where, f"seen on {seen}, which is yet to come", "correct the date")
        if name not in used:
            yield document.problem(("sources", name), f"no fact rests on {name}", "take it out", "warning")
        if first := seen_before.get(page.url):
            yield document.problem(("sources", name, "url"), f"the same page as {first}", "keep one of them")
        seen_before.setdefault(page.url, name)
    for code in files.regions.regions.keys() & _NOT_ISO.keys():
        reason = f"{code} is not an ISO 3166 code"
        yield files.documents["regions.yaml"].problem(("regions", code), reason, f"write {_NOT_ISO[code]}")


def _complete(files: Files) -> Iterator[Problem]:
    for language in files.languages:
        have = [text for (of, _), text in files.texts.items() if of == language]
        near = have[0].document if have else files.documents[f"{language}/ui.yaml"]
        for key in KEYS:
            if (language, key) not in files.texts:
                reason = f"{language} has no text for {key}"
                yield near.problem(("language",), reason, f"add {language}/{key}.md")
        if language not in files.ui:
            yield near.problem(("language",), f"{language} has no buttons", f"add {language}/ui.yaml")
    if FALLBACK not in files.languages:
        document = files.documents["facts.yaml"]
        yield document.problem((), "there are no English texts to fall back on", "restore the folder `en`")


# --- one text ---------------------------------------------------------------------------------------------


def _head(text: Text, files: Files, today: date, months: int) -> Iterator[Problem]:
    facts = text.head.facts
    for fact in facts:
        if fact not in files.facts:
            yield text.problem("facts", f"unknown fact {fact}", "add it to facts.yaml with its source, or take it out")
    for fact in sorted({fact for fact in facts if facts.count(fact) > 1}):
        yield text.problem("facts", f"the fact {fact} stands twice", "keep one")
    known = [files.facts[fact] for fact in facts if fact in files.facts]
    if known and all(entry.status == "E" for entry in known):
        yield text.problem("facts", "rests on our own advice alone", "name a fact that has a source")
    reviewed = _day(text.head.reviewed_on)
    if reviewed is None:
        yield text.problem("reviewed_on", f"{text.head.reviewed_on} is no date", "write it as 2026-01-31")
        return
    if reviewed > today:
        yield text.problem("reviewed_on", f"reviewed on {reviewed}, which is yet to come", "correct the date")
    age = (today.year - reviewed.year) * 12 + today.month - reviewed.month - (today.day < reviewed.day)
    if age >= months:
        reason = f"last reviewed {age} months ago, {months} are allowed"
        yield text.problem("reviewed_on", reason, "open each source again, then set the date", warning=True)


def _length(text: Text, section: str, words: str, files: Files) -> Iterator[Problem]:
    limit = PUBLIC_LIMIT if section == "Public" else CARD_LIMIT
    ui = files.ui.get(text.head.language)
    if ui is None:
        return  # `_complete` says so
    lines = [ui.everywhere, *(ui.either.join(numbers) for numbers in files.regions.regions.values())]
    fill = {"emergency": max(lines, key=len), "first_aid": ui.first_aid, "not_for_me": ui.not_for_me}
    length = len(filled(words, fill))
    if length > limit:
        reason = f"{length} characters with the longest emergency line, {limit} are allowed"
        yield text.problem(section, reason, "say less")
    if text.head.language == FALLBACK:
        grade = reading_grade(filled(words, fill | {"emergency": "112"}))
        if grade > GRADE_LIMIT:
            reason = f"reads at US grade {grade:.1f}, {GRADE_LIMIT:.0f} is allowed"
            yield text.problem(section, reason, "shorter sentences, shorter words")


def _wording(text: Text, section: str, words: str, names: Collection[str]) -> Iterator[Problem]:
    for what, found in how_to_details(words):
        yield text.problem(
            section, f"teaches how it is done: {what} ({found!r})", "leave it out, also as a warning", at=found
        )
    if ping := _PING.search(words):
        yield text.problem(section, "would ping people", "take the mention out", at=ping[0])
    elif html := _HTML.search(words):
        yield text.problem(section, "holds HTML", "write Markdown: **bold**, lists with `- `", at=html[0])
    if link := _LINK.search(words):
        yield text.problem(
            section, "holds a link", "name a fact in the head; its pages are shown as sources", at=link[0]
        )
    elif section == "Public" and (markup := _MARKUP.search(filled(words, dict.fromkeys(PLACEHOLDERS, "")))):
        hint = "one paragraph of plain words; platforms show no markup here"
        yield text.problem(section, "holds markup or several lines", hint, at=markup[0].strip())
    for mark in ("**", "`"):
        if words.count(mark) % 2:
            yield text.problem(section, f"a `{mark}` is never closed", "close it", at=mark)
    lowered = words.casefold()
    for name in names:
        if name in lowered and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", lowered):
            yield text.problem(section, f"names a product ({name})", "say `the product`")
    bot = _BOT_WORDS.get(text.head.language.partition("-")[0], "bot")
    if bot not in lowered:
        yield text.problem(section, f"does not say that a bot wrote it ({bot!r})", "say so in plain words")


def _placeholders(text: Text, section: str, words: str) -> Iterator[Problem]:
    for found in _BRACES.finditer(words):
        if found[0] not in {f"{{{name}}}" for name in PLACEHOLDERS}:
            known = ", ".join(f"{{{name}}}" for name in sorted(PLACEHOLDERS))
            yield text.problem(section, f"unknown placeholder {found[0]}", f"there are {known}", at=found[0])
    urgent = text.head.card == "first-aid" or text.head.level is not None
    if urgent and "{emergency}" not in words:
        yield text.problem(section, "does not name the emergency number", "write {emergency} where it belongs")
    elif urgent and text.head.level in ("emergency", None):
        end = _SENTENCE_END.search(words)
        if words.index("{emergency}") > (end.start() if end else len(words)):
            yield text.problem(
                section, "does not lead with the emergency number", "put {emergency} into the first sentence"
            )
    if section == "Card" and "{not_for_me}" not in words:
        yield text.problem(section, "does not say how to stop the replies", "name the button: {not_for_me}")


def _sources_fit(text: Text, files: Files) -> Iterator[Problem]:
    pages = [
        Source(name, page.title, page.url, page.publisher, page.seen_on)
        for name in files.sources_of(text)
        for page in [files.sources.get(name)]
        if page
    ]
    length = len(sources_list(files.ui[text.head.language].sources_title, pages))
    if length > CARD_LIMIT:
        reason = f"its list of sources has {length} characters, {CARD_LIMIT} are allowed"
        yield text.problem("facts", reason, "rest it on fewer facts")


def _in_step(text: Text, english: Text) -> Iterator[Problem]:
    if set(text.head.facts) != set(english.head.facts):
        other = ", ".join(sorted(set(text.head.facts) ^ set(english.head.facts)))
        yield text.problem("facts", f"rests on other facts than the English text: {other}", "bring both in step")
    for section, words in text.sections.items():
        model = english.sections.get(section, "")
        for what, pattern in (("placeholders", r"\{[a-z_]+\}"), ("list items", r"^- "), ("headings", r"^\*\*")):
            mine = sorted(re.findall(pattern, words, re.MULTILINE))
            theirs = sorted(re.findall(pattern, model, re.MULTILINE))
            if mine != theirs:
                reason = f"{len(mine)} {what} where the English text has {len(theirs)}"
                yield text.problem(section, reason, "bring both in step")


def _ui(files: Files, language: str) -> Iterator[Problem]:
    ui, document = files.ui[language], files.documents[f"{language}/ui.yaml"]
    values: dict[str, str] = ui.model_dump()
    for key, value in values.items():
        if found := _BRACES.search(value):
            yield document.problem((key,), f"holds a placeholder ({found[0]})", "nothing is filled in here")
        if _PING.search(value) or _HTML.search(value) or (key != "everywhere" and _MARKUP.search(value.strip())):
            yield document.problem((key,), f"`{key}` holds markup, HTML or a mention", "plain words only")
    buttons = [values[key] for key in _BUTTONS]
    for twice in sorted({label for label in buttons if buttons.count(label) > 1}):
        yield document.problem((), f"two buttons are called {twice!r}", "tell them apart")
    known = {number for numbers in files.regions.regions.values() for number in numbers}
    for number in re.findall(r"\d+", ui.everywhere):
        if number not in known:
            reason = f"{number} is no emergency number of regions.yaml"
            yield document.problem(("everywhere",), reason, "correct it, or add its region")
    for key in ("privacy", "about") if language == FALLBACK else ():
        if (grade := reading_grade(values[key])) > GRADE_LIMIT:
            yield document.problem((key,), f"reads at US grade {grade:.1f}", "shorter sentences, shorter words")


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None
