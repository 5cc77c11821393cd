"""Files as people write them, broken in every way they come in: each fault has its place and plain words."""

import io
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from safetybot.documents import (
    MAX_BYTES,
    Document,
    InvalidDocument,
    Problem,
    read_front_matter,
    read_toml,
    read_yaml,
)
from safetybot.documents.toml_places import toml_places
from safetybot.documents.yaml_data import MAX_DEPTH, parse_yaml
from tests.document_faults import problems_of, told

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return to


# --- problems ---


def test_a_problem_reads_as_file_line_column_reason_and_hint() -> None:
    problem = Problem("a.yaml", 3, 7, "unknown key `x`", "did you mean `y`")
    assert str(problem) == "a.yaml:3:7: unknown key `x`. Hint: did you mean `y`."


def test_a_warning_says_so_and_a_missing_hint_leaves_no_trace() -> None:
    assert str(Problem("a.md", 1, 1, "old", severity="warning")) == "a.md:1:1: warning: old."


def test_an_invalid_document_lists_all_its_problems() -> None:
    error = InvalidDocument([Problem("a", 1, 1, "one"), Problem("b", 2, 2, "two")])
    assert str(error) == "a:1:1: one.\nb:2:2: two."
    assert isinstance(error.problems, tuple)


# --- files that cannot be read ---

READERS = [read_yaml, read_toml, read_front_matter]


@pytest.mark.parametrize("read", READERS)
def test_a_missing_file_is_a_problem_of_that_file(read: Callable[[Path], Document], tmp_path: Path) -> None:
    (problem,) = problems_of(lambda: read(tmp_path / "gone.yaml"))
    assert problem.file.endswith("gone.yaml")
    assert problem.reason == "cannot be read: No such file or directory"


@pytest.mark.parametrize("read", READERS)
def test_a_folder_is_no_file(read: Callable[[Path], Document], tmp_path: Path) -> None:
    assert told(lambda: read(tmp_path)) == ["1:1 cannot be read: Is a directory"]


@pytest.mark.parametrize("read", READERS)
def test_another_encoding_is_told_with_its_place(read: Callable[[Path], Document], write: Write) -> None:
    path = write("latin", b"---\n# ok: \xc3\xa9\nab\xe9: 1\n---\n")
    assert told(lambda: read(path)) == ["3:3 not UTF-8 text"]


@pytest.mark.parametrize("read", READERS)
def test_the_place_of_a_bad_byte_counts_characters_and_no_byte_order_mark(
    read: Callable[[Path], Document], write: Write
) -> None:
    path = write("latin", b"\xef\xbb\xbf\xc3\xa9\xc3\xa9\xff")
    assert told(lambda: read(path)) == ["1:3 not UTF-8 text"]


@pytest.mark.parametrize("read", READERS)
def test_a_file_that_is_too_large_is_refused(read: Callable[[Path], Document], write: Write) -> None:
    path = write("large", b"#" * (MAX_BYTES + 1))
    assert told(lambda: read(path)) == ["1:1 larger than 4 MB"]


def test_a_byte_order_mark_and_windows_line_ends_are_fine(write: Write) -> None:
    text = "﻿a: 1\r\nb: zwei\r\n"
    document = read_yaml(write("windows.yaml", text))
    assert document.data == {"a": 1, "b": "zwei"}
    assert document.where(("b",)) == (2, 1)


# --- YAML ---


def test_yaml_keeps_the_place_of_every_key_and_item(write: Write) -> None:
    path = write("a.yaml", "# top\nname: é\nlist:\n  - one\n  - key: two\n    other: [3, 4]\n")
    document = read_yaml(path)
    assert document.data == {"name": "é", "list": ["one", {"key": "two", "other": [3, 4]}]}
    assert document.where(("name",)) == (2, 1)
    assert document.where(("list", 0)) == (4, 5)
    assert document.where(("list", 1, "key")) == (5, 5)
    assert document.where(("list", 1, "other", 1)) == (6, 16)


def test_a_place_that_is_not_there_is_the_nearest_one_around_it(write: Write) -> None:
    document = read_yaml(write("a.yaml", "a:\n  b:\n    c: 1\n"))
    assert document.where(("a", "b", "missing", 3)) == (2, 3)
    assert document.where(("nothing",)) == (1, 1)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("yes", "yes"), ("no", "no"), ("on", "on"), ("2026-01-31", "2026-01-31"), ("12:30", "12:30"),
        ("0o17", "0o17"), ("0x1F", "0x1F"), ("1_000", "1_000"), ("007", "007"), (".inf", ".inf"), ("1e999", "1e999"),
        ("'12'", "12"), ('"true"', "true"), ("true", True), ("False", False), ("null", None), ("~", None), ("", None),
        ("12", 12), ("-3", -3), ("0", 0), ("0.5", 0.5), (".5", 0.5), ("1e3", 1000.0), ("9" * 30, "9" * 30),
    ],
)  # fmt: skip
def test_plain_yaml_words_are_what_they_look_like(written: str, meant: object) -> None:
    data, _ = parse_yaml("a.yaml", f"key: {written}\n")
    assert data == {"key": meant}
    assert type(data["key"]) is type(meant)


def test_keys_are_always_text() -> None:
    assert parse_yaml("a.yaml", "1: a\nno: b\nnull: c\n")[0] == {"1": "a", "no": "b", "null": "c"}


@pytest.mark.parametrize("empty", ["", "# only a comment\n", "---\n"])
def test_an_empty_yaml_file_holds_nothing(empty: str) -> None:
    assert parse_yaml("a.yaml", empty)[0] is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", ["3:1 the key `a` stands twice"]),
        ("a:\n  b: {c: 1, c: 2}\n", ["2:13 the key `c` stands twice"]),
        ("a: &x 1\nb: *x\n", ["1:4 an anchor (`&x`)", "2:4 an alias (`*x`)"]),
        ("a: &x [1]\nb: [*x, *x]\n", ["1:4 an anchor (`&x`)", "2:5 an alias (`*x`)", "2:9 an alias (`*x`)"]),
        ("*x : 1\n", ["1:1 an alias (`*x`)"]),
        ("a: !!python/name:os.system x\n", ["1:4 a tag (`tag:yaml.org,2002:python/name:os.system`)"]),
        ("a: !secret [x]\n", ["1:4 a tag (`!secret`)"]),
        ("a: !!str 3\n", ["1:4 a tag (`tag:yaml.org,2002:str`)"]),
        ("{number}: 1\n", ["1:1 a mapping or list in the place of a key"]),
        ("a: 1\n? [b, {c: d}]\n: 2\n", ["2:3 a mapping or list in the place of a key"]),
        ("a: 1\n---\nb: 2\n", ["2:1 a second document"]),
        ("a:\n\tb: 1\n", ["2:1 a tab in the indentation"]),
        ("a:\n  - b\n \t- c\n", ["3:2 a tab in the indentation"]),
        ("a: b: c\n", ["1:5 not valid YAML: a `:` where none may stand"]),
        ("ok: 1\na: 'x\n", ["2:4 a quotation mark that is never closed"]),
        ("ok: 1\na: @x\n", ["2:4 not valid YAML: a text cannot begin with `@`"]),
        ("a: \x07\n", ["1:4 the invisible character U+0007"]),
        ("a: 1\nb: x\ufeffy\n", ["2:5 the invisible character U+FEFF"]),
        ("a: " + "[" * 100_000, [f"1:{MAX_DEPTH + 3} nested too deeply"]),
        ("".join(f"{' ' * n}a:\n" for n in range(200)), [f"{MAX_DEPTH + 1}:{MAX_DEPTH + 1} nested too deeply"]),
    ],
)  # fmt: skip
def test_yaml_that_may_not_be_is_told_with_its_place(text: str, expected: list[str]) -> None:
    assert told(lambda: parse_yaml("a.yaml", text)) == expected


@pytest.mark.parametrize("text", ["a: [1, 2\nb: 3\n", "a: {b: 1\n", "a\nb: 1\n", "- a\nb: 1\n", 'a: "\\q"\n', "%x\n"])
def test_any_other_broken_yaml_is_told_with_a_line_and_a_hint(text: str) -> None:
    (problem,) = problems_of(lambda: parse_yaml("a.yaml", text))
    assert problem.reason.startswith("not valid YAML: ") or "quotation mark" in problem.reason
    assert 1 <= problem.line <= text.count("\n") + 1
    assert problem.hint


def test_all_faults_of_a_yaml_file_are_told_at_once() -> None:
    assert len(problems_of(lambda: parse_yaml("a.yaml", "a: 1\na: &x 2\nb: *x\n"))) == 3


_scalars = st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text("abé 日:#-*&!'\"\n0", max_size=12)
_yaml = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcé ", min_size=1, max_size=5), inner),
    max_leaves=12,
)


@given(_yaml)
def test_what_yaml_writers_write_is_read_back_and_every_part_has_a_place(data: Any) -> None:
    text = _dump(data)
    read, places = parse_yaml("a.yaml", text)
    assert read == data
    lines = text.split("\n")
    for path in _paths(data):
        line, column = places[path]
        assert 1 <= line <= len(lines)
        assert 1 <= column <= len(lines[line - 1]) + 1


@given(st.text(max_size=60))
def test_any_text_is_yaml_or_a_problem_within_it(text: str) -> None:
    try:
        parse_yaml("a.yaml", text)
    except InvalidDocument as error:
        for problem in error.problems:
            assert problem.line >= 1
            assert problem.column >= 1


def _dump(data: Any) -> str:
    yaml = YAML(typ="safe")
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.representer.ignore_aliases = lambda _: True
    stream = io.StringIO()
    yaml.dump(data, stream)
    return stream.getvalue().removesuffix("...\n")


def _paths(data: Any, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items: Any = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [above] + [path for key, value in items for path in _paths(value, (*above, key))]


# --- TOML ---


def test_toml_keeps_the_place_of_keys_tables_and_items(write: Write) -> None:
    text = (
        'top = 1\n'
        '# a = "comment"\n'
        '[store]\n'
        '  url = "x" # [not a table]\n'
        'days.kept = 3\n'
        '"quoted.key" = \'\'\'\n'
        '[fake]\n'
        'fake = 1\n'
        "'''\n"
        'list = [\n'
        '  "one", # comment with ]\n'
        '  { two = 2, "three" = [3] },\n'
        ']\n'
        '[[rule]]\n'
        'id = "a"\n'
        '[[rule]]\n'
        'id = "b"\n'
        '[rule.sub]\n'
        'x = """a\\""" y = 1\n"""\n'
        '[ a . "b" ]\n'
        'c = 2026-01-31 00:00:00\n'
    )  # fmt: skip
    document = read_toml(write("a.toml", text))
    expected = {
        ("top",): (1, 1),
        ("store",): (3, 1),
        ("store", "url"): (4, 3),
        ("store", "days"): (5, 1),
        ("store", "days", "kept"): (5, 6),
        ("store", "quoted.key"): (6, 1),
        ("store", "list"): (10, 1),
        ("store", "list", 0): (11, 3),
        ("store", "list", 1): (12, 3),
        ("store", "list", 1, "two"): (12, 5),
        ("store", "list", 1, "three"): (12, 14),
        ("store", "list", 1, "three", 0): (12, 25),
        ("rule",): (14, 1),
        ("rule", 0): (14, 1),
        ("rule", 0, "id"): (15, 1),
        ("rule", 1): (16, 1),
        ("rule", 1, "id"): (17, 1),
        ("rule", 1, "sub"): (18, 1),
        ("rule", 1, "sub", "x"): (19, 1),
        ("a",): (21, 1),
        ("a", "b"): (21, 1),
        ("a", "b", "c"): (22, 1),
    }
    assert document.places == expected
    assert set(_paths(document.data)) - {()} == set(expected)


_toml_keys = st.one_of(st.text("abc_-9", min_size=1, max_size=5), st.sampled_from(['"a.b"', '"é \\u00e9"', "'x y'"]))
_toml_values = st.recursive(
    st.sampled_from(
        ["1", "-0.5", "true", "2026-01-31", '"a # ] } = b"', "'C:\\x'", '""', '"\\""', "''", '"""\na = 1\n[b]\n"""',
         "'''\n'x = 1'\n'''", '""""quoted""""', "inf", '"""a\\\n  b"""']
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[ # c ]\n" + ",\n".join(items) + "\n]"),
        st.lists(st.tuples(st.sampled_from(["x", "y.z", '"q"']), inner), max_size=3, unique_by=lambda p: p[0]).map(
            lambda pairs: "{" + ", ".join(f"{k} = {v}" for k, v in pairs) + "}"
        ),
    ),
    max_leaves=6,
)  # fmt: skip


@given(st.lists(st.tuples(st.booleans(), _toml_keys, _toml_keys, _toml_values), max_size=5))
def test_every_part_of_any_toml_has_a_place(parts: list[tuple[bool, str, str, str]]) -> None:
    text = ""
    for array, table, key, value in parts:
        section = f"\n[[{table}]]\n{key} = {value}\n" if array else f"\n[{table}.{key}]\n{key} = {value} # end\n"
        try:
            tomllib.loads(text + section)
        except tomllib.TOMLDecodeError:
            continue  # the same table again
        text += section
    places = toml_places(text)
    assert set(places) == set(_paths(tomllib.loads(text))) - {()}
    lines = text.split("\n")
    assert all(lines[line - 1][column - 1 :].strip() for line, column in places.values())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1\n\n  a = 2\n", "3:3 a key or a section stands twice"),
        ("[a]\nb = 1\n[a]\nc = 1\n", "3:1 a key or a section stands twice"),
        ("a = {b = 1, b = 2}\n", "1:1 a key or a section stands twice"),
        ("a.b = 1\n[a]\n", "2:1 a key or a section stands twice"),
        ("mode = reply\n", "1:8 not valid TOML: invalid value"),
        ("a = 1\nb\n", "2:2 not valid TOML: expected '=' after a key in a key/value pair"),
        ("a = [1\n", "2:1 not valid TOML: unclosed array"),
        ("a = 1 b = 2\n", "1:7 not valid TOML: expected newline or end of document after a statement"),
        ("a = " + "[" * 100_000, "1:1 nested too deeply"),
    ],
)
def test_broken_toml_is_told_with_its_place(text: str, expected: str, write: Write) -> None:
    path = write("a.toml", text)
    assert told(lambda: read_toml(path)) == [expected]


# --- Markdown with front matter ---


def test_front_matter_and_body_know_their_lines(write: Write) -> None:
    document = read_front_matter(write("a.md", "---\nkey: 1\nlist: [a]\n---\n\n## Public\n---\nText\n"))
    assert document.data == {"key": 1, "list": ["a"]}
    assert document.where(("list",)) == (3, 1)
    assert document.body == "\n## Public\n---\nText\n"
    assert document.body_line == 5


def test_a_file_may_end_with_its_front_matter(write: Write) -> None:
    assert read_front_matter(write("a.md", "---\nkey: 1\n---")).body == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1 no front matter"),
        ("# Title\n---\n", "1:1 no front matter"),
        ("---\nkey: 1\n", "1:1 the front matter never ends"),
        ("---\nok: 1\nkey: 'x\n---\n", "3:6 a quotation mark that is never closed"),
        ("---\nok: 1\nok: 2\n---\n", "3:1 the key `ok` stands twice"),
    ],
)
def test_broken_front_matter_is_told_with_its_place(text: str, expected: str, write: Write) -> None:
    path = write("a.md", text)
    assert told(lambda: read_front_matter(path)) == [expected]
