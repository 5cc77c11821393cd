"""Data of a file held against a model: each fault at its place, in plain words, all of them at once."""

import traceback
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, get_args

import pytest
from pydantic import AnyHttpUrl, Field, SecretStr, field_validator, model_validator
from pydantic_core.core_schema import ErrorType

from safetybot.documents import (
    Document,
    FileModel,
    Flaw,
    InvalidDocument,
    validate,
)
from safetybot.documents.validation import _KINDS, _LIMITS
from safetybot.documents.yaml_data import parse_yaml
from tests.document_faults import problems_of, told


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Item(FileModel):
    term: Annotated[str, Field(min_length=2)]
    case: bool = False


class Inner(FileModel):
    port: int = Field(1, ge=0, le=9, description="Where to listen.")
    token: SecretStr = SecretStr("")
    ratio: float = 0.5


class Shape(FileModel):
    name: str = Field(description="What it is called.")
    mode: Literal["off", "reply", "alert"] = "off"
    colour: Colour = Colour.RED
    code: Annotated[str, Field(pattern="^[a-z]+$")] = "a"
    country: str = Field("XX", pattern="^[A-Z]{2}$", examples=["DE"])
    inner: Inner = Inner()
    items: list[Annotated[str, Field(min_length=2)] | Item] = Field([])
    by_colour: dict[Colour, Inner] = Field({})
    by_code: dict[Annotated[str, Field(pattern="^[a-z]+$")], int] = Field({})
    optional: Inner | None = None
    day: date | None = None
    page: AnyHttpUrl | None = None
    at_most_two: list[int] = Field([], max_length=2)

    @field_validator("name")
    @classmethod
    def _no_tabs(cls, name: str) -> str:
        if "\t" in name:
            raise Flaw("holds a tab", "use a space")
        if name == "bad":
            raise ValueError("Bad names are refused")
        return name

    @model_validator(mode="after")
    def _red_only(self) -> "Shape":
        if self.mode == "alert" and self.colour is not Colour.RED:
            raise ValueError("alerts are red")
        return self


def checked(text: str) -> Shape:
    data, places = parse_yaml("a.yaml", text)
    return validate(Document("a.yaml", data, places), Shape)


def test_data_of_the_right_shape_becomes_the_model() -> None:
    shape = checked("name: x\nitems: [ab, {term: cd, case: true}]\nby_colour: {green: {port: 3}}\nday: 2026-01-31\n")
    assert shape.items == ["ab", Item(term="cd", case=True)]
    assert shape.by_colour == {Colour.GREEN: Inner(port=3)}
    assert shape.day == date(2026, 1, 31)


@pytest.mark.parametrize(
    ("text", "reason", "hint"),
    [
        ("name: x\nmod: off\n", "2:1 unknown key `mod`", "did you mean `mode`"),
        ("name: x\nport: 3\n", "2:1 unknown key `port`", "it belongs in `inner`"),
        ("name: x\ninner:\n  name: 3\n", "3:3 unknown key `name`", "it belongs at the top of the file"),
        ("name: x\ninner:\n  zzz: 3\n", "3:3 unknown key `zzz`", "known keys: port, token, ratio"),
        ("name: x\nby_colour:\n  red: {prt: 1}\n", "3:9 unknown key `prt`", "did you mean `port`"),
        ("name: x\noptional:\n  prt: 1\n", "3:3 unknown key `prt`", "did you mean `port`"),
        ("mode: off\n", "1:1 `name` is missing", "add it: What it is called"),
        ("name: x\nitems:\n  - ab\n  - case: true\n", "4:5 `term` is missing in item 2 of `items`", "add it"),
        ("name:\n", "1:1 `name` is empty", "it must be text"),
        ("name: 12\n", "1:1 `name` must be text (it is 12)", "put it in quotes"),
        ("name: [a]\n", "1:1 `name` must be text (it is a list)", "put it in quotes"),
        ("name: x\ninner: 3\n", "2:1 `inner` must be a mapping of keys to values (it is 3)", "lines below it"),
        ("name: x\ninner: {port: high}\n", "2:9 `port` must be a whole number (it is 'high')", "without quotes"),
        ("name: x\ninner: {port: 1.5}\n", "2:9 `port` must be a whole number (it is 1.5)", "without quotes"),
        ("name: x\ninner: {port: 10}\n", "2:9 `port` is too large (it is 10)", "at most 9"),
        ("name: x\ninner: {port: -1}\n", "2:9 `port` is too small (it is -1)", "at least 0"),
        ("name: x\ninner: {ratio: half}\n", "2:9 `ratio` must be a number (it is 'half')", "without quotes"),
        ("name: x\nmode: replay\n", "2:1 `mode` is none of the words that it may be (it is 'replay')",
         "did you mean `reply`? It may be off, reply or alert"),
        ("name: x\ncolour: blue\n", "2:1 `colour` is none of the words that it may be (it is 'blue')",
         "It may be red or green"),
        ("name: x\ncode: ABC\n", "2:1 `code` is not written as it must be (it is 'ABC')", "it has to match ^[a-z]+$"),
        ("name: x\ncountry: de\n", "2:1 `country` is not written as it must be (it is 'de')", "such as DE"),
        ("name: x\nitems: [a]\n", "2:9 item 1 of `items` is too short (it is 'a')", "at least 2 characters"),
        ("name: x\nitems: [ab, 12]\n", "2:13 item 2 of `items` must be text or a mapping of keys to values (it is 12)",
         ""),
        ("name: x\nitems:\n  - trm: ab\n    term: cd\n", "3:5 unknown key `trm`", "did you mean `term`"),
        ("name: x\nitems:\n  - term: a\n", "3:5 `term` is too short (it is 'a')", "at least 2 characters"),
        ("name: x\nitems:\n  - {term: ab, case: 3}\n", "3:16 `case` must be true or false (it is 3)", "without quotes"),
        ("name: x\nitems: text\n", "2:1 `items` must be a list (it is 'text')", '["a", "b"]'),
        ("name: x\nby_colour: {blue: {}}\n", "2:13 unknown key `blue`", "It may be red or green"),
        ("name: x\nby_code: {A1: 3}\n", "2:11 the key `A1` is not written as it must be", "it has to match ^[a-z]+$"),
        ("name: x\nday: 31.01.2026\n", "2:1 `day` must be a date (it is '31.01.2026')", "write it as 2026-01-31"),
        ("name: x\npage: nowhere\n", "2:1 `page` must be an address (it is 'nowhere')", "https://example.org/page"),
        ("name: x\nat_most_two: [1, 2, 3]\n", "2:1 `at_most_two` holds too many items (it is a list)", "at most 2"),
        ("name: \"a\\tb\"\n", "1:1 `name` holds a tab", "use a space"),
        ("name: bad\n", "1:1 `name`: bad names are refused", ""),
        ("name: x\nmode: alert\ncolour: green\n", "1:1 alerts are red", ""),
        ("- a\n- b\n", "1:1 the file must be a mapping of keys to values (it is a list)", "lines below it"),
        ("", "1:1 the file is empty", "it must hold `name`"),
    ],
)  # fmt: skip
def test_a_fault_is_told_once_at_its_place_with_a_hint(text: str, reason: str, hint: str) -> None:
    (problem,) = problems_of(lambda: checked(text))
    assert f"{problem.line}:{problem.column} {problem.reason}" == reason
    assert problem.hint.endswith(hint) if hint else problem.hint == ""


def test_every_fault_of_a_file_is_told_at_once_in_the_order_of_the_file() -> None:
    assert told(lambda: checked("nme: x\ninner: {port: x}\nmode: x\n")) == [
        "1:1 `name` is missing",
        "1:1 unknown key `nme`",
        "2:9 `port` must be a whole number (it is 'x')",
        "3:1 `mode` is none of the words that it may be (it is 'x')",
    ]


def test_a_long_value_is_cut() -> None:
    (problem,) = problems_of(lambda: checked(f"name: x\nmode: {'y' * 500}\n"))
    assert len(problem.reason) < 120


@pytest.mark.parametrize("value", ["12345", "{a: 12345}", "[12345]", "12345.5"])
def test_a_secret_reaches_neither_the_problem_nor_the_traceback(value: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        checked(f"name: x\ninner:\n  token: {value}\n")
    assert told(lambda: checked(f"name: x\ninner:\n  token: {value}\n")) == ["3:3 `token` must be text"]
    printed = "".join(traceback.format_exception(caught.value))
    assert "12345" not in printed.replace(f"token: {value}", "")
    assert caught.value.__cause__ is None


def test_data_below_a_root_is_checked_and_placed() -> None:
    data, places = parse_yaml("a.yaml", "deep:\n  down:\n    nme: x\n")
    document = Document("a.yaml", data, places)
    assert told(lambda: validate(document, Shape, root=("deep", "down"))) == [
        "2:3 `name` is missing",
        "3:5 unknown key `nme`",
    ]
    assert told(lambda: validate(document, Shape, root=("deep", "up"))) == ["1:1 `up` is missing"]


def test_the_translated_errors_are_errors_that_pydantic_knows() -> None:
    assert (set(_KINDS) | set(_LIMITS)) - {"path_type"} <= set(get_args(ErrorType))


def test_a_document_does_not_show_its_data() -> None:
    assert "hunter2" not in repr(Document("a", {"password": "hunter2"}, {}))
