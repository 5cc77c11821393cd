"""Each way in which a response can be broken, one case each: the file, the line, the reason."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safetybot.config import packaged_dir
from safetybot.documents import InvalidDocument, Problem
from safetybot.responses import review
from safetybot.responses.files import read_files
from safetybot.responses.how_to import how_to_details
from safetybot.responses.review import reading_grade

TODAY = date(2026, 11, 24)
PACKAGED = packaged_dir("responses")
LONG = "This goes on and on. " * 20


@dataclass(frozen=True)
class Break:
    """One fault put into a copy of the English folder."""

    name: str
    file: str
    old: str
    """What is replaced; all of the file where empty, nothing where it is `+` (then `new` is put at the end)."""
    new: str
    reason: str
    at: str = ""
    """Words of the line that the problem has to name; line 1 where empty."""


BREAKS = [
    # heads
    Break("unknown fact", "en/diy.md", "DIY-1,", "DIY-99,", "unknown fact DIY-99", "facts:"),
    Break("fact named twice", "en/diy.md", "DIY-1,", "DIY-1, DIY-1,", "DIY-1 stands twice", "facts:"),
    Break("only our own advice", "en/diy.md", "facts: [", "facts: [AID-13] #[", "our own advice alone", "facts:"),
    Break("no facts", "en/diy.md", "facts: [", "facts: [] #[", "`facts` holds too few items", "facts:"),
    Break("unknown key", "en/diy.md", "native_review", "native_reviewed", "unknown key `native_reviewed`",
          "native_rev"),
    Break("missing key", "en/diy.md", "native_review: false\n", "", "`native_review` is missing"),
    Break("key twice", "en/diy.md", "concern: diy\n", "concern: diy\nconcern: diy\n", "stands twice",
          "concern: diy (last)"),
    Break("unknown concern", "en/diy.md", "concern: diy", "concern: dyi", "none of the words", "concern: dyi"),
    Break("adverse without level", "en/adverse-days.md", "level: days\n", "", "`adverse` needs a `level`", "concern"),
    Break("level where none belongs", "en/diy.md", "concern: diy", "concern: diy\nlevel: days", "needs a `level`"),
    Break("concern and card", "en/diy.md", "concern: diy", "concern: diy\ncard: first-aid", "either a `concern`"),
    Break("file for another concern", "en/diy.md", "concern: diy", "concern: supply", "the head says 'supply'",
          "concern"),
    Break("wrong language", "en/diy.md", "language: en", "language: de", "the language is 'de'", "language: de"),
    Break("no language code", "en/diy.md", "language: en", "language: English", "not written as it must",
          "language: E"),
    Break("no date", "en/diy.md", '"2026-11-24"', '"2026-13-41"', "2026-13-41 is no date", "reviewed_on"),
    Break("reviewed in the future", "en/diy.md", '"2026-11-24"', '"2026-12-24"', "yet to come", "reviewed_on"),
    Break("no front matter", "en/diy.md", "---\nconcern", "concern", "no front matter"),
    Break("front matter never ends", "en/diy.md", "false\n---", "false", "the front matter never ends"),
    # sections
    Break("missing section", "en/diy.md", "## Card\n", "", "the section `## Card` is missing", "\n"),
    Break("section twice", "en/diy.md", "+", "\n## Card\n\nAgain.\n", "`## Card` stands twice", "## Card (last)"),
    Break("unknown section", "en/diy.md", "+", "\n## Notes\n\nFor us.\n", "unknown section `## Notes`", "## Notes"),
    Break("text before sections", "en/diy.md", "## Public", "Hello.\n\n## Public", "before the first", "Hello."),
    Break("public line in a card file", "en/first-aid.md", "+", "\n## Public\n\nHi.\n", "unknown section", "## Public"),
    # wording
    Break("public too long", "en/diy.md", "No judgement:", LONG, "300 are allowed", "## Public"),
    Break("card too long", "en/diy.md", "**Safer", LONG * 5 + "**Safer", "1900 are allowed", "## Card"),
    Break("too long with the number", "en/adverse-days.md", "I'm sorry.", "I'm so sorry to hear it.", "300 are",
          "## Public"),
    Break("hard to read", "en/diy.md", "No judgement:", "Notwithstanding prevalent nonprofessional administration,"
          " complications necessitate comprehensive hospitalisation:", "reads at US grade", "## Public"),
    Break("needle size", "en/diy.md", "No judgement:", "Use a 32G one:", "a needle size", "32G"),
    Break("depth", "en/diy.md", "Do no more", "Never below 4 mm. Do no more", "a depth or distance", "4 mm"),
    Break("dose", "en/diy.md", "Do no more", "At most 0.5 ml. Do no more", "a dose", "0.5 ml"),
    Break("dilution", "en/diy.md", "Do no more", "Mix it 1:2 first. Do no more", "a dilution", "1:2"),
    Break("reconstitution", "en/diy.md", "Do no more", "Reconstitute it. Do no more", "a dilution", "Reconstitute"),
    Break("angle", "en/diy.md", "Do no more", "Hold it at 45 degrees. Do no more", "an angle", "45 degrees"),
    Break("technique", "en/diy.md", "Do no more", "Always aspirate first. Do no more", "a technique", "aspirate"),
    Break("site", "en/diy.md", "Do no more", "Don't inject near the eyes. Do no more", "where to inject",
          "near the eyes"),
    Break("ping", "en/diy.md", "No judgement", "@everyone no judgement", "would ping people", "@everyone"),
    Break("role mention", "en/diy.md", "No judgement", "<@&1> no judgement", "would ping people", "<@&1>"),
    Break("HTML", "en/diy.md", "Do no more", "<b>Do no more</b>", "holds HTML", "<b>"),
    Break("link", "en/diy.md", "Do no more", "See https://example.org. Do no more", "holds a link", "example.org"),
    Break("named link", "en/diy.md", "Do no more", "See [this](x). Do no more", "holds a link", "[this](x)"),
    Break("bold never closed", "en/diy.md", "**What can happen**", "**What can happen", "never closed", "**Safer"),
    Break("code never closed", "en/diy.md", "Do no more", "`Do no more", "a ``` is never closed", "`Do"),
    Break("markup in public", "en/diy.md", "No judgement", "**No** judgement", "holds markup", "**No**"),
    Break("two public paragraphs", "en/diy.md", "No judgement", "Hi.\n\nNo judgement", "several lines", "## Public"),
    Break("product name", "en/diy.md", "Do no more", "Stop with Aqualyx. Do no more", "names a product (aqualyx)",
          "## Card"),
    Break("no word of the bot", "en/diy.md", "I'm a bot, and you can stop me there.", "", "that a bot wrote it",
          "## Public"),
    # placeholders
    Break("no way to stop", "en/diy.md", "{not_for_me}", "no", "how to stop the replies", "## Card"),
    Break("unknown placeholder", "en/diy.md", "{first_aid}", "{first_ad}", "unknown placeholder {first_ad}",
          "{first_ad}"),
    Break("lone brace", "en/diy.md", "{first_aid}", "first_aid}", "unknown placeholder }", "first_aid}"),
    Break("no emergency number", "en/adverse-today.md", "call {emergency}", "call us", "name the emergency",
          "## Public"),
    Break("number comes late", "en/adverse-emergency.md", "Please call", "Hello. Please call", "does not lead",
          "## Public"),
    # shared files
    Break("unverified fact", "facts.yaml", "DIY-1: {status: S", "DIY-1: {status: U", "`status` is none of", "DIY-1:"),
    Break("fact without a source", "facts.yaml", ", sources: [brennan-2018]", "", "names at least one source",
          "DIY-1:"),
    Break("fact with an unknown source", "facts.yaml", "[brennan-2018]", "[brennan]", "unknown source 'brennan'",
          "DIY-1:"),
    Break("fact without words", "facts.yaml", "claim: Signs of a stroke need the emergency number.", "claim: x",
          "`claim` is too short", "AID-2:"),
    Break("source without an address", "sources.yaml", "https://www.nhs.uk/conditions/anaphylaxis/", "ftp://nhs.uk",
          "`url` is not written", "ftp:"),
    Break("source in the future", "sources.yaml", '"2026-11-22"', '"2027-11-22"', "yet to come", "2027-11-22"),
    Break("source seen on no day", "sources.yaml", '"2026-11-22"', '"2026-02-30"', "2026-02-30 is no date", "02-30"),
    Break("page twice", "sources.yaml", "https://www.nhs.uk/conditions/anaphylaxis/",
          "https://www.medscape.com/viewarticle/960557", "the same page as fda-consumers-2021", "viewarticle (last)"),
    Break("source that nothing uses", "sources.yaml", "+", "  new:\n    title: New\n    publisher: New\n"
          "    url: https://example.org\n    seen_on: \"2026-11-22\"\n", "no fact rests on new", "  new:"),
    Break("no such region", "regions.yaml", '  GB: ["999"', '  UK: ["999"', "UK is not an ISO 3166 code", "UK:"),
    Break("number with words", "regions.yaml", 'US: ["911"]', 'US: ["call 911"]', "not written as it must", "US:"),
    Break("region without a number", "regions.yaml", 'US: ["911"]', "US: []", "holds too few items", "US:"),
    Break("button too long", "en/ui.yaml", "stop: Stop replying to me", f"stop: {'Stop ' * 9}", "is too long", "stop:"),
    Break("button missing", "en/ui.yaml", "stop: Stop replying to me\n", "", "`stop` is missing"),
    Break("two buttons alike", "en/ui.yaml", "stop: Stop replying to me", "stop: Sources",
          "two buttons are called 'Sources'"),
    Break("unknown button", "en/ui.yaml", "stop: Stop", "stopp: Stop", "unknown key `stopp`", "stopp:"),
    Break("placeholder in a sentence", "en/ui.yaml", "stopped: Done.", "stopped: Done {emergency}.",
          "holds a placeholder",
          "stopped:"),
    Break("markup in a button", "en/ui.yaml", "risks: What", "risks: '**What**'\n#", "`risks` holds markup", "risks:"),
    Break("mistyped emergency number", "en/ui.yaml", "911 (US", "991 (US", "991 is no emergency number", "everywhere:"),
    Break("privacy hard to read", "en/ui.yaml", "I keep where and when you wrote",
          "Notwithstanding pseudonymisation, comprehensive processing necessitates retention of communications",
          "reads at US grade", "privacy:"),
    Break("broken YAML", "en/ui.yaml", "risks: What", "risks: : What", "not valid YAML", "risks:"),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the English texts and the shared files, free to be broken."""
    copy = tmp_path / "responses"
    shutil.copytree(PACKAGED / "en", copy / "en")
    for shared in PACKAGED.glob("*.yaml"):
        shutil.copy(shared, copy)
    return copy


def problems_in(folder: Path, *, today: date = TODAY, months: int = 6) -> list[Problem]:
    try:
        files = read_files([folder])
    except InvalidDocument as error:
        return list(error.problems)
    return review(files, today=today, months=months, product_names=["Aqualyx"])


def line_of(text: str, words: str) -> int:
    """The line of `words`, the first such line unless `(last)` follows them."""
    last = words.endswith(" (last)")
    words = words.removesuffix(" (last)")
    numbers = [number for number, line in enumerate(text.split("\n"), 1) if words in line]
    return numbers[-1 if last else 0]


def test_the_untouched_copy_is_without_problems(folder: Path) -> None:
    assert problems_in(folder) == []


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.name)
def test_a_broken_response_is_refused_with_file_line_and_reason(folder: Path, broken: Break) -> None:
    path = folder / broken.file
    text = path.read_text(encoding="utf-8")
    if broken.old == "+":
        changed = text + broken.new
    else:
        assert broken.old in text, "the case no longer fits the packaged text"
        changed = text.replace(broken.old, broken.new, 1)
    path.write_text(changed, encoding="utf-8")
    problems = problems_in(folder)
    fitting = [problem for problem in problems if broken.reason in problem.reason]
    assert fitting, [str(problem) for problem in problems]
    problem = fitting[0]
    assert problem.file == str(path)
    if broken.at.strip():
        assert problem.line == line_of(changed, broken.at)
    assert str(problem).startswith(f"{path}:{problem.line}:{problem.column}: ")


@pytest.mark.parametrize("name", ["en/diy.md", "en/first-aid.md", "en/adverse-today.md", "en/ui.yaml"])
def test_a_missing_text_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    reasons = [str(problem) for problem in problems_in(folder)]
    assert any(f"add {name}" in reason for reason in reasons)


@pytest.mark.parametrize("name", ["facts.yaml", "sources.yaml", "regions.yaml"])
def test_a_missing_shared_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert [(p.file, p.reason) for p in problems_in(folder)] == [(str(folder / name), "the file is missing")]


def test_missing_english_leaves_nothing_to_fall_back_on(folder: Path) -> None:
    shutil.copytree(PACKAGED / "de", folder / "de")
    shutil.rmtree(folder / "en")
    assert any("fall back" in problem.reason for problem in problems_in(folder))


def test_a_file_that_nothing_reads_is_refused(folder: Path) -> None:
    (folder / "en" / "dyi.md").write_text("x", encoding="utf-8")
    (folder / "fact.yaml").write_text("x", encoding="utf-8")
    assert [problem.reason for problem in problems_in(folder)] == ["nothing reads a file of this name here"] * 2


def test_a_file_that_is_no_text_is_refused_where_the_bad_byte_stands(folder: Path) -> None:
    path = folder / "en" / "diy.md"
    path.write_bytes(path.read_bytes() + b"\n\xff")
    problems = problems_in(folder)
    assert [problem.reason for problem in problems] == ["not UTF-8 text"]
    assert problems[0].line > 30


def test_an_empty_section_is_refused(folder: Path) -> None:
    path = folder / "en" / "diy.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index("## Card")] + "## Card\n\n", encoding="utf-8")
    problems = problems_in(folder)
    assert [problem.reason for problem in problems] == ["the section `## Card` is empty"]
    assert problems[0].line == line_of(text, "## Card")


def test_an_old_review_is_a_warning(folder: Path) -> None:
    assert problems_in(folder, today=date(2027, 5, 23)) == []
    problems = problems_in(folder, today=date(2027, 5, 24))
    assert {problem.severity for problem in problems} == {"warning"}
    assert len(problems) == 7
    assert all("last reviewed 6 months ago" in problem.reason for problem in problems)
    assert problems_in(folder, today=date(2027, 5, 24), months=7) == []


def test_a_list_of_sources_too_long_for_a_card_is_refused(folder: Path) -> None:
    path = folder / "en" / "diy.md"
    facts = "EVD-1, EVD-2, EVD-3, EVD-5, REG-US-1, REG-US-2, REG-US-3, REG-UK-7, REG-FR-1, REG-FR-2, DIY-1,"
    path.write_text(path.read_text(encoding="utf-8").replace("DIY-1,", facts, 1), encoding="utf-8")
    problems = problems_in(folder)
    assert any("list of sources" in problem.reason and problem.line == 4 for problem in problems)


TRANSLATION_BREAKS = [
    ("DIY-1, ", "", "rests on other facts than the English text: DIY-1"),
    ("{first_aid}", "x", "placeholders where the English text has"),
    ("- ", "", "list items where the English text has"),
    ("**\n\n-", "\n\n-", "is never closed"),
]


@pytest.mark.parametrize(("old", "new", "reason"), TRANSLATION_BREAKS)
def test_a_translation_out_of_step_with_english_is_refused(folder: Path, old: str, new: str, reason: str) -> None:
    shutil.copytree(PACKAGED / "de", folder / "de")
    path = folder / "de" / "diy.md"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    problems = problems_in(folder)
    assert [problem.file for problem in problems if reason in problem.reason] == [str(path)]


def test_an_operators_english_need_not_match_the_packaged_translations(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(PACKAGED / "de", folder / "de")
    own = tmp_path / "own" / "en" / "diy.md"
    own.parent.mkdir(parents=True)
    own.write_text((folder / "en" / "diy.md").read_text(encoding="utf-8").replace("DIY-1, ", "", 1), encoding="utf-8")
    assert review(read_files([folder, tmp_path / "own"]), today=TODAY) == []


def test_all_problems_of_all_files_are_told_at_once(folder: Path) -> None:
    for name in ("en/diy.md", "en/supply.md"):
        path = folder / name
        path.write_text(path.read_text(encoding="utf-8").replace("language: en", "language: e"), encoding="utf-8")
    assert len(problems_in(folder)) == 2


TEACHING = [
    ("es", "usa una aguja de 30 G", "a needle size"),
    ("es", "a 4 milímetros", "a depth or distance"),
    ("fr", "pas plus de 0,1 ml", "a dose"),
    ("fr", "diluez le flacon", "a dilution"),
    ("pt", "10 unidades", "a dose"),
    ("it", "a 45 gradi", "an angle"),
    ("de", "20 Einheiten", "a dose"),
    ("de", "die Einstichpunkte", "where to inject"),
    ("nl", "10 eenheden", "a dose"),
    ("pl", "rozcieńcz fiolkę", "a dilution"),
    ("ru", "на глубину 4 мм", "a depth or distance"),
    ("ru", "игла 32g", "a needle size"),
    ("uk", "10 одиниць", "a dose"),
    ("uk", "розведіть флакон", "a dilution"),
    ("tr", "10 ünite", "a dose"),
    ("tr", "sulandırın", "a dilution"),
    ("ar", "٤ مم", "a depth or distance"),
    ("ar", "10 وحدات", "a dose"),
    ("ko", "30게이지 바늘", "a needle size"),
    ("ko", "10유닛", "a dose"),
    ("ja", "30ゲージ", "a needle size"),
    ("ja", "深さ4ミリ", "a depth or distance"),
    ("zh", "30号针", "a needle size"),
    ("zh", "深度4毫米", "a depth or distance"),
    ("zh", "稀释后", "a dilution"),
]


@pytest.mark.parametrize(("language", "words", "what"), TEACHING)
def test_how_to_detail_is_recognised_in_every_language(language: str, words: str, what: str) -> None:
    assert what in [kind for kind, _ in how_to_details(words)], language


@pytest.mark.parametrize(
    "words",
    [
        "Open from 9:00 to 17:30.",
        "Call 1-800-222-1222, or 112 in the EU.",
        "A fever of 38 °C or more.",
        "In 2025, 41 people in England fell ill.",
        "Four weeks after a toxin shot.",
        "It is 5 minutes away; ask for 2 tests.",
    ],
)
def test_times_numbers_and_dates_are_not_taken_for_how_to_detail(words: str) -> None:
    assert list(how_to_details(words)) == []


@given(st.text())
def test_any_text_can_be_held_against_the_patterns(text: str) -> None:
    assert all(found in text for _, found in how_to_details(text))


def test_the_patterns_take_linear_time_on_the_worst_text() -> None:
    for piece in ("1", "1 ", "inject a ", "1:", "point of ", "1.1"):
        list(how_to_details(piece * 100_000))  # the suite's time limit ends it where time is not linear


def test_harder_words_and_longer_sentences_read_harder() -> None:
    plain = "Call a doctor now. Keep the box. Do no more."
    hard = "Consultation with appropriately qualified practitioners is recommended notwithstanding contraindications."
    assert reading_grade(plain) < 4
    assert reading_grade(hard) > 12
    assert reading_grade(plain.replace(". ", ", and then ")) > reading_grade(plain)
