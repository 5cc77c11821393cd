"""From files and the environment to `Settings`. Order, the later wins: packaged file, operator's file, environment.

Every fault names its file and line, or its variable. The value of a secret appears in none.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import ValidationError

from safetybot.config.settings import SettingPath, Settings, setting_paths
from safetybot.documents import InvalidDocument, Problem, read_toml, validate
from safetybot.documents.validation import faults

FILE = "safetybot.toml"
PREFIX = "SAFETYBOT_"
FROM_FILE = "_FILE"
"""Behind a variable's name: its value is the path of a file that holds the setting's."""
_LONGEST_SECRET = 64 * 1024


def load_settings(config_dir: Path | None, environ: Mapping[str, str]) -> Settings:
    """The settings in force.

    Args:
        config_dir: The operator's folder; its `safetybot.toml`, if there is one, overrides the packaged defaults.
        environ: The environment.

    Raises:
        InvalidDocument: A file or a variable is wrong; carries every problem of the first source that has any.
    """
    layers = [read_toml(packaged_dir("config") / FILE)]
    if config_dir is not None:
        if not config_dir.is_dir():
            hint = "check --config-dir"
            raise InvalidDocument([Problem(str(config_dir), 0, 0, "there is no such folder", hint)])
        if (config_dir / FILE).exists():
            layers.append(read_toml(config_dir / FILE))
    merged: dict[str, Any] = {}
    for layer in layers:
        merged = _merge(merged, layer.data)
        # Held against all that came before, so that a file may set one key of a section.
        validate(replace(layer, data=merged), Settings)
    variables = _variables(environ)
    for path, variable in variables.items():
        merged = _merge(merged, _nested(path, variable.value))
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        problems = [
            Problem(variables[tuple(map(str, fault.path))].name, 0, 0, fault.reason, fault.hint)
            for fault in faults(error, Settings, merged)
        ]
        raise InvalidDocument(problems) from None


def packaged_dir(name: Literal["config", "responses"]) -> Path:
    """The folder of packaged data: inside the installed package, or at the top of a source checkout."""
    package = Path(__file__).parent.parent
    installed = package / "_data" / name
    return installed if installed.is_dir() else package.parent.parent / name


def variable_of(path: SettingPath) -> str:
    """The environment variable of a setting: `("store", "url")` has `SAFETYBOT_STORE__URL`."""
    return PREFIX + "__".join(path).upper()


# --- the environment --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Variable:
    name: str
    value: Any = field(repr=False)


def _variables(environ: Mapping[str, str]) -> dict[SettingPath, _Variable]:
    """The settings that the environment sets, and by which variable."""
    known = {variable_of(path): path for path in setting_paths()}
    found: dict[SettingPath, _Variable] = {}
    problems: list[Problem] = []
    for name, value in sorted(environ.items()):
        if not name.startswith(PREFIX) or _is_a_service(name, value):
            continue
        path = known.get(name) or known.get(name.removesuffix(FROM_FILE))
        if path is None:
            problems.append(Problem(name, 0, 0, "unknown environment variable", _nearest(name, known)))
        elif path in found:
            reason = f"{found[path].name} is set as well"
            problems.append(Problem(name, 0, 0, reason, "set one of the two"))
        else:
            try:
                text = value if name in known else _text_in(name, value)
                found[path] = _Variable(name, _typed(path, text))
            except InvalidDocument as error:
                problems += error.problems
    if problems:
        raise InvalidDocument(problems)
    return found


_SERVICE = re.compile(r"(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT(?:_[0-9]+_(?:TCP|UDP|SCTP)(?:_[A-Z]+)?)?)$")


def _is_a_service(name: str, value: str) -> bool:
    """Whether Kubernetes set this variable because a Service is called `safetybot`, or begins so."""
    if "__" in name or not (match := _SERVICE.search(name)) or name[match.start() - 1] != "_":
        return False
    # A port by itself is more likely a setting misspelt; Kubernetes writes tcp://10.0.0.1:9100 there.
    return match[0] != "PORT" or "://" in value


def _nearest(name: str, known: Mapping[str, SettingPath]) -> str:
    # Without the prefix, which makes everything look alike.
    ends = [full.removeprefix(PREFIX) for variable in known for full in (variable, variable + FROM_FILE)]
    close = difflib.get_close_matches(name.upper().removeprefix(PREFIX), ends, 1, 0.7)
    return f"did you mean {PREFIX}{close[0]}" if close else "docs/configuration.md lists all variables"


def _text_in(name: str, path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            text = file.read(_LONGEST_SECRET).decode("utf-8").strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "not UTF-8 text, or no path"
        reason = f"the file that it names cannot be read: {why}"
        raise InvalidDocument([Problem(name, 0, 0, reason, "check the path and who may read it")]) from None
    if not text:
        hint = "write the value into it, or unset the variable"
        raise InvalidDocument([Problem(name, 0, 0, "the file that it names is empty", hint)])
    return text


def _typed(path: SettingPath, text: str) -> Any:
    """A variable's text as the setting's kind of value; left as it is where it is none, so that validation says so."""
    kind = _kind(path)
    if kind is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    if kind is int and re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        return int(text)
    if kind is float:
        try:
            return float(text)
        except ValueError:
            return text
    return text


def _kind(path: SettingPath) -> Any:
    model: Any = Settings
    for name in path:
        model = model.model_fields[name].annotation
    return get_args(model)[0] if get_args(model) else model


# --- layers -----------------------------------------------------------------------------------------------


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        known = merged.get(key)
        merged[key] = _merge(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return merged


def _nested(path: SettingPath, value: Any) -> dict[str, Any]:
    for key in reversed(path):
        value = {key: value}
    nested: dict[str, Any] = value
    return nested
