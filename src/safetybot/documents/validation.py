"""Plain data against a pydantic model, and each fault in words that somebody who never saw Python can act on.

Lives here: `validate`, the base of all file models, and the translation of pydantic's errors. Values of secret fields
are never told, and the original error is not kept, since its text and its traceback would hold them.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, SecretBytes, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from safetybot.documents.document import Document, InvalidDocument, Key, Where

ModelT = TypeVar("ModelT", bound=BaseModel)


class FileModel(BaseModel):
    """What every shape of a file shares: unknown keys are errors, nothing changes after reading, errors hide values."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def Flaw(reason: str, hint: str = "") -> PydanticCustomError:  # noqa: N802  # raised like an exception's class
    """What a validator of a file model raises: why the value cannot be used, and what to do instead.

    `reason` follows the value's name ("`url` " + reason), and must not hold the value of a secret.
    """
    return PydanticCustomError("flaw", "{reason}", {"reason": reason, "hint": hint})


def validate(document: Document, model: type[ModelT], *, root: Where = ()) -> ModelT:
    """`document`'s data as `model`.

    Args:
        document: What was read.
        model: The shape that the data must have.
        root: Where in the document the data stands, if not at its top.

    Raises:
        InvalidDocument: The data has another shape; one problem for each fault, in the order of the file.
    """
    data = document.data
    for depth, key in enumerate(root):
        if not isinstance(data, dict) or key not in data:
            raise InvalidDocument([document.problem(root[:depth], f"`{key}` is missing", "add it")])
        data = data[key]
    if data is None:
        what = f"`{root[-1]}`" if root else "the file"
        raise InvalidDocument([document.problem(root, f"{what} is empty", f"it must hold {_shape(model)}")])
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = [
            document.problem((*root, *fault.path), fault.reason, fault.hint) for fault in faults(error, model, data)
        ]
        raise InvalidDocument(sorted(dict.fromkeys(problems), key=lambda p: (p.line, p.column))) from None


@dataclass(frozen=True, slots=True)
class Fault:
    """One pydantic error in plain words: where in the data, why, what to do."""

    path: Where
    reason: str
    hint: str


def faults(error: ValidationError, model: type[BaseModel], data: Any) -> Iterator[Fault]:
    """What `error` says about `data`, one fault for each value, in the order of the data's model."""
    for path, details in _by_value(error.errors(include_url=False), data).items():
        yield from _told(path, details, model, data)


# --- which errors belong together -------------------------------------------------------------------------


def _by_value(details: Iterable[ErrorDetails], data: Any) -> dict[Where, list[tuple[Where, ErrorDetails]]]:
    """Errors by the value they are about; those of a union's members come together under the union's value."""
    found: dict[Where, list[tuple[Where, ErrorDetails]]] = {}
    for detail in details:
        path, rest = _path_in(data, detail["loc"])
        if detail["type"] == "missing":
            rest = rest[:-1]
        if rest and rest[0] != "[key]":
            found.setdefault(path, []).append((path + tuple(k for k in _inside(data, path, rest)), detail))
        else:
            found.setdefault((*path, *detail["loc"][len(path) :]), []).append((path, detail))
    return found


def _path_in(data: Any, loc: Sequence[Key]) -> tuple[Where, tuple[Key, ...]]:
    """As much of `loc` as leads into `data`, and the rest: a missing key, or what pydantic calls a union's member."""
    path: Where = ()
    for number, part in enumerate(loc):
        known = part in data if isinstance(data, dict) else isinstance(data, list) and part in range(len(data))
        if not known:
            return path, tuple(loc[number:])
        data = data[part]
        path = (*path, part)
    return path, ()


def _inside(data: Any, path: Where, rest: tuple[Key, ...]) -> Iterator[Key]:
    """What leads on into the data behind the name of a union's member."""
    for key in path:
        data = data[key]
    yield from _path_in(data, rest[1:])[0]


def _told(path: Where, details: list[tuple[Where, ErrorDetails]], model: type[BaseModel], data: Any) -> Iterator[Fault]:
    if len(details) == 1 or not _is_union(details):
        for at, detail in details:
            yield _fault(at, detail, model, data)
        return
    # A member that takes this kind of value knows best what is wrong with it; the others only say "not my kind".
    deeper = [(at, detail) for at, detail in details if detail["type"] not in _KINDS or at != path]
    if deeper:
        for at, detail in deeper:
            yield _fault(at, detail, model, data)
        return
    kinds = list(dict.fromkeys(_KINDS[detail["type"]][0].removeprefix("must be ") for _, detail in details))
    value = details[0][1]["input"]
    shown = _shown(value, secret=_secret(_annotations(model, path)))
    yield Fault(path, f"{_name(path)} must be {' or '.join(kinds)}{shown}", "")


def _is_union(details: list[tuple[Where, ErrorDetails]]) -> bool:
    return len({detail["loc"] for _, detail in details}) > 1


# --- one error in words -----------------------------------------------------------------------------------

_TEXT = ("must be text", "put it in quotes")
_WHOLE = ("must be a whole number", "write digits without quotes")
_NUMBER = ("must be a number", "write digits without quotes")
_TRUTH = ("must be true or false", "write true or false without quotes")
_LIST = ("must be a list", 'in YAML one line with `- ` an item, in TOML ["a", "b"]')
_MAPPING = ("must be a mapping of keys to values", "write `key: value` lines below it")
_DATE = ("must be a date", "write it as 2026-01-31")
_URL = ("must be an address", "such as https://example.org/page")

_KINDS: Mapping[str, tuple[str, str]] = {
    "string_type": _TEXT, "string_unicode": _TEXT,
    "int_type": _WHOLE, "int_parsing": _WHOLE, "int_from_float": _WHOLE, "int_parsing_size": _WHOLE,
    "float_type": _NUMBER, "float_parsing": _NUMBER, "finite_number": _NUMBER, "decimal_type": _NUMBER,
    "bool_type": _TRUTH, "bool_parsing": _TRUTH,
    "list_type": _LIST, "tuple_type": _LIST, "set_type": _LIST, "frozen_set_type": _LIST, "iterable_type": _LIST,
    "dict_type": _MAPPING, "mapping_type": _MAPPING, "model_type": _MAPPING, "model_attributes_type": _MAPPING,
    "date_type": _DATE, "date_parsing": _DATE, "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "url_type": _URL, "url_parsing": _URL, "url_scheme": _URL, "url_syntax_violation": _URL,
    "path_type": ("must be a path", "put it in quotes"),
    "none_required": ("must be empty", "remove the value"),
}  # fmt: skip
"""Errors that say of what kind a value must be: the words for it, and how that is written."""

_LIMITS: Mapping[str, tuple[str, str]] = {
    "string_too_short": ("is too short", "at least {min_length} characters"),
    "string_too_long": ("is too long", "at most {max_length} characters"),
    "too_short": ("holds too few items", "at least {min_length}"),
    "too_long": ("holds too many items", "at most {max_length}"),
    "greater_than": ("is too small", "more than {gt}"),
    "greater_than_equal": ("is too small", "at least {ge}"),
    "less_than": ("is too large", "less than {lt}"),
    "less_than_equal": ("is too large", "at most {le}"),
    "multiple_of": ("is no multiple of the step", "a multiple of {multiple_of}"),
    "string_pattern_mismatch": ("is not written as it must be", "it has to match {pattern}"),
}
"""Errors about a value of the right kind: the words, and the limit as a hint."""


def _fault(path: Where, detail: ErrorDetails, model: type[BaseModel], data: Any) -> Fault:
    kind, context = detail["type"], detail.get("ctx") or {}
    known = _annotations(model, path)
    name, shown = _name(path), _shown(detail["input"], secret=_secret(known))
    field = _field(model, path)
    if detail["loc"] and detail["loc"][-1] == "[key]":
        return _key_fault(path, kind, context)
    if kind == "missing":
        return _missing(path, str(detail["loc"][-1]), known)
    if kind == "extra_forbidden":
        return _unknown_key(path, model)
    if kind in ("enum", "literal_error"):
        return Fault(path, f"{name} is none of the words that it may be{shown}", _choices(detail["input"], context))
    if kind == "string_too_short" and context["min_length"] == 1:
        return Fault(path, f"{name} is empty", _example(field) or "write something")
    if detail["input"] is None and kind in _KINDS:
        return Fault(path, f"{name} is empty", _example(field) or f"it {_KINDS[kind][0]}")
    if kind in _KINDS:
        words, hint = _KINDS[kind]
        return Fault(path, f"{name} {words}{shown}", _example(field) or hint)
    if kind in _LIMITS:
        words, hint = _LIMITS[kind]
        return Fault(path, f"{name} {words}{shown}", _example(field) or hint.format(**context))
    if kind == "flaw":
        return Fault(path, f"{name} {context['reason']}", str(context["hint"]))
    return _other(path, detail["msg"])


def _other(path: Where, said: str) -> Fault:
    """Anything else, a model's own `ValueError` above all: its words, without pydantic's."""
    words = said.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    words = re.sub(r"^(Input|Value|String|URL) should ", "must ", words)
    words = words[:1].lower() + words[1:]
    if not path:
        return Fault(path, words, "")
    return Fault(path, f"{_name(path)}{' ' if words.startswith('must ') else ': '}{words}", "")


def _missing(path: Where, key: str, known: Sequence[Any]) -> Fault:
    about = next((f.description for m in _models(known) if (f := _fields(m).get(key)) and f.description), "")
    where = f" in {_name(path)}" if path else ""
    return Fault(path, f"`{key}` is missing{where}", f"add it: {about.rstrip('.')}" if about else "add it")


def _unknown_key(path: Where, model: type[BaseModel]) -> Fault:
    key = str(path[-1])
    known = list(dict.fromkeys(name for m in _models(_annotations(model, path[:-1])) for name in _fields(m)))
    reason = f"unknown key `{key}`"
    if close := difflib.get_close_matches(key, known, 1, 0.7):
        return Fault(path, reason, f"did you mean `{close[0]}`")
    home = next(_homes(model, key), None)
    if home is not None:
        return Fault(path, reason, f"it belongs in {_name(home)}" if home else "it belongs at the top of the file")
    return Fault(path, reason, f"known keys: {', '.join(known)}" if known else "remove it")


def _key_fault(path: Where, kind: str, context: Mapping[str, Any]) -> Fault:
    key = str(path[-1])
    if kind in ("enum", "literal_error"):
        return Fault(path, f"unknown key `{key}`", _choices(key, context))
    words, hint = _LIMITS.get(kind) or _KINDS.get(kind) or ("cannot be used", "")
    return Fault(path, f"the key `{key}` {words}", hint.format(**context))


def _choices(value: object, context: Mapping[str, Any]) -> str:
    expected = str(context.get("expected", ""))
    words = re.findall(r"'([^']*)'", expected) or re.split(r", | or ", expected)
    close = difflib.get_close_matches(str(value).lower(), words, 1, 0.6)
    return (f"did you mean `{close[0]}`? " if close else "") + f"It may be {', '.join(words[:-1])} or {words[-1]}"


def _example(field: FieldInfo | None) -> str:
    return f"such as {field.examples[0]}" if field is not None and field.examples else ""


def _name(path: Where) -> str:
    if not path:
        return "the file"
    key = path[-1]
    if isinstance(key, str):
        return f"`{key}`"
    above = next((part for part in reversed(path) if isinstance(part, str)), None)
    return f"item {key + 1} of `{above}`" if above else f"item {key + 1}"


def _shown(value: object, *, secret: bool) -> str:
    if secret or value is None:
        return ""
    if isinstance(value, bool):
        return f" (it is {str(value).lower()})"
    if isinstance(value, str):
        return f" (it is {value if len(value) <= 40 else value[:39] + '…'!r})"
    if isinstance(value, int | float):
        return f" (it is {value})"
    return f" (it is a {'mapping' if isinstance(value, dict) else 'list'})" if isinstance(value, dict | list) else ""


# --- what the model knows about a place -------------------------------------------------------------------


def _annotations(model: type[BaseModel], path: Where) -> list[Any]:
    """The annotations that may describe the value at `path`, a union's members apart."""
    current: list[Any] = [model]
    for part in path:
        current = [inner for annotation in current for inner in _step(annotation, part)]
    return current


def _step(annotation: Any, part: Key) -> Iterator[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if field := _fields(annotation).get(str(part)):
            yield field.annotation
        return
    inner = get_args(annotation)
    if _is_container(annotation):
        yield inner[-1] if isinstance(part, str) else inner[0]
    else:  # unions, Annotated
        for member in inner:
            yield from _step(member, part)


def _is_container(annotation: Any) -> bool:
    origin = get_origin(annotation)
    return isinstance(origin, type) and issubclass(origin, Mapping | Sequence | AbstractSet)


def _models(annotations: Iterable[Any]) -> Iterator[type[BaseModel]]:
    for annotation in annotations:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield annotation
        elif not _is_container(annotation):
            yield from _models(get_args(annotation))


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _field(model: type[BaseModel], path: Where) -> FieldInfo | None:
    if not path:
        return None
    around = _models(_annotations(model, path[:-1]))
    return next((field for m in around if (field := _fields(m).get(str(path[-1])))), None)


def _homes(model: type[BaseModel], key: str, above: Where = ()) -> Iterator[Where]:
    """The sections that do know `key`."""
    for name, field in _fields(model).items():
        if name == key:
            yield above
        elif isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _homes(field.annotation, key, (*above, name))


def _secret(annotations: Iterable[Any]) -> bool:
    for annotation in annotations:
        if isinstance(annotation, type):
            if issubclass(annotation, SecretStr | SecretBytes):
                return True
        elif _secret(get_args(annotation)):
            return True
    return False


def _shape(model: type[BaseModel]) -> str:
    required = [f"`{name}`" for name, field in _fields(model).items() if field.is_required()]
    return ", ".join(required) or "keys and values"
