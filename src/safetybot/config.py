"""Settings: every one with its default and meaning, from files and the environment, and the last good ones on reload.

Lives here: the shape of `safetybot.toml`, reading it, environment overrides, secrets from files, where packaged data
lies, `LastGood`. Does not live here: lexicon, rules and responses (their own rooms read them).

Order, the later wins: packaged file, the operator's file, environment. Every fault names its file and line, or its
variable.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, SecretStr, ValidationError

from safetybot.documents import InvalidDocument, Problem, read_toml, validate
from safetybot.model import Concern, ConcernPolicy, Mode, Policy

FILE = "safetybot.toml"
PREFIX = "SAFETYBOT_"
T = TypeVar("T")

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def duration(value: object) -> timedelta:
    """A duration written as a number and a unit: `30s`, `10m`, `24h`, `7d`. Raises `ValueError`."""
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"(\d{1,6})([smhd])", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("a duration is a number and a unit: 30s, 10m, 24h or 7d")
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def written(value: timedelta) -> str:
    """A duration as files write it, in the largest unit that fits it whole."""
    seconds = int(value.total_seconds())
    for unit in ("d", "h", "m"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{seconds // _UNITS[unit]}{unit}"
    return f"{seconds}s"


Duration = Annotated[timedelta, BeforeValidator(duration), PlainSerializer(written)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StoreSettings(_Section):
    """Where and how long interactions are kept."""

    url: SecretStr = Field(SecretStr(""), description="Database; empty means SQLite in data_dir. May hold a password.")
    retention: Duration = Field(timedelta(days=90), description="How long interactions are kept.")
    excerpt_retention: Duration = Field(timedelta(days=14), description="How long encrypted excerpts are kept.")
    excerpts: bool = Field(default=False, description="Whether encrypted excerpts are kept for reviewers.")


class SecretSettings(_Section):
    """Keys; left empty, each is made once and kept in data_dir."""

    pseudonym_key: SecretStr = Field(SecretStr(""), description="Key of the authors' pseudonyms.")
    excerpt_key: SecretStr = Field(SecretStr(""), description="Key of the excerpts (Fernet).")


class ConcernSettings(_Section):
    """What is done about one concern where a community has not decided."""

    mode: Mode = Field(Mode.REPLY, description="off, shadow, alert, reply or reply+alert.")
    channel_cooldown: Duration = Field(timedelta(minutes=30), description="One reply per channel in this time.")
    author_cooldown: Duration = Field(timedelta(days=1), description="One reply per author in this time.")
    min_confidence: float = Field(0.0, ge=0, le=1, description="Answer from this confidence on.")


def _concern(mode: Mode, channel: str, author: str) -> ConcernSettings:
    return ConcernSettings(mode=mode, channel_cooldown=duration(channel), author_cooldown=duration(author))


class PolicySettings(_Section):
    """The default policy."""

    mention: ConcernSettings = _concern(Mode.REPLY, "30m", "7d")
    supply: ConcernSettings = _concern(Mode.REPLY_ALERT, "30m", "24h")
    diy: ConcernSettings = _concern(Mode.REPLY, "5m", "12h")
    adverse: ConcernSettings = _concern(Mode.REPLY_ALERT, "0s", "1h")


class DetectionSettings(_Section):
    """How messages are read."""

    classifier: bool = Field(default=True, description="Whether the classifier takes part.")
    thread_lines: int = Field(6, ge=0, le=20, description="Earlier messages read with a message.")
    thread_age: Duration = Field(timedelta(minutes=30), description="How old those may be.")


class ResponseSettings(_Section):
    """How members are answered."""

    review_months: int = Field(6, ge=1, le=60, description="Months after which a response wants a review.")
    region: str = Field("", pattern=r"^([A-Z]{2})?$", description="ISO 3166 code for the emergency number.")
    emergency_number: str = Field("", max_length=80, description="An emergency line of your own.")


class LogSettings(_Section):
    """What is logged, and how; never any message's text."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level written.")
    format: Literal["console", "json"] = Field("console", description="For people or for machines.")


class MetricsSettings(_Section):
    """Where metrics and health are served."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(0, ge=0, le=65_535, description="Port; 0 switches them off.")


class Settings(_Section):
    """All settings of one process."""

    data_dir: Path = Field(Path("data"), description="Folder of the database and the keys.")
    language: str = Field("en", pattern=r"^[a-z]{2,3}$", description="Language of replies where none can be told.")
    store: StoreSettings = StoreSettings()
    secrets: SecretSettings = SecretSettings()
    policy: PolicySettings = PolicySettings()
    detection: DetectionSettings = DetectionSettings()
    responses: ResponseSettings = ResponseSettings()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()

    def default_policy(self) -> Policy:
        """The policy of a community that has decided nothing."""
        concerns = {
            concern: ConcernPolicy(part.mode, part.channel_cooldown, part.author_cooldown, part.min_confidence)
            for concern in Concern
            for part in [getattr(self.policy, concern.label)]
        }
        return Policy(
            concerns,
            region=self.responses.region or None,
            emergency_number=self.responses.emergency_number or None,
            excerpts=self.store.excerpts,
        )

    def store_url(self) -> str:
        """The database's URL, password and all; SQLite in `data_dir` where none is set."""
        return self.store.url.get_secret_value() or f"sqlite+aiosqlite:///{self.data_dir / 'safetybot.sqlite3'}"


def load_settings(config_dir: Path | None, environ: Mapping[str, str]) -> Settings:
    """The settings in force.

    Args:
        config_dir: The operator's folder; its `safetybot.toml`, if there is one, overrides the packaged defaults.
        environ: The environment.

    Raises:
        InvalidDocument: A file or a variable is wrong.
    """
    layers = [read_toml(packaged_dir("config") / FILE)]
    if config_dir is not None:
        if not config_dir.is_dir():
            reason = "there is no such folder"
            raise InvalidDocument([Problem(str(config_dir), 1, 1, reason, "check --config-dir")])
        if (config_dir / FILE).exists():
            layers.append(read_toml(config_dir / FILE))
    for layer in layers:
        validate(layer, Settings)
    merged: dict[str, Any] = {}
    for layer in layers:
        _merge(merged, layer.data)
    variables = _from_environment(environ)
    for path, (_, value) in variables.items():
        _set(merged, path, value)
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        raise InvalidDocument([_variable_problem(variables, detail) for detail in error.errors()]) from error


def packaged_dir(name: Literal["config", "responses"]) -> Path:
    """The folder of packaged data: inside the installed package, or at the top of a source checkout."""
    here = Path(__file__).parent
    installed = here / "_data" / name
    return installed if installed.is_dir() else here.parent.parent / name


# --- the environment --------------------------------------------------------------------------------------


def _from_environment(environ: Mapping[str, str]) -> dict[tuple[str, ...], tuple[str, str]]:
    """Path of a setting to the variable that sets it and its text."""
    known = {PREFIX + "__".join(path).upper(): path for path in setting_paths()}
    found: dict[tuple[str, ...], tuple[str, str]] = {}
    problems: list[Problem] = []
    for name, value in sorted(environ.items()):
        if not name.startswith(PREFIX):
            continue
        plain = name.removesuffix("_FILE")
        path = known.get(name) or known.get(plain)
        if path is None:
            close = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]}" if close else "see docs/configuration.md for all variables"
            problems.append(Problem(name, 1, 1, "unknown environment variable", hint))
        elif path in found:
            problems.append(Problem(name, 1, 1, f"{found[path][0]} is set as well", "set one of the two"))
        elif name in known:
            found[path] = (name, value)
        else:
            try:
                found[path] = (name, Path(value).read_text(encoding="utf-8").strip())
            except (OSError, UnicodeDecodeError) as error:
                reason = f"the file it names cannot be read: {type(error).__name__}"
                problems.append(Problem(name, 1, 1, reason, "check the path and its rights"))
    if problems:
        raise InvalidDocument(problems)
    return found


def setting_paths(model: type[BaseModel] = Settings, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The path of every single setting, in order."""
    paths: list[tuple[str, ...]] = []
    for name, info in model.model_fields.items():
        inner = info.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            paths += setting_paths(inner, (*above, name))
        else:
            paths.append((*above, name))
    return paths


def _variable_problem(variables: Mapping[tuple[str, ...], tuple[str, str]], detail: Any) -> Problem:
    path = tuple(str(part) for part in detail["loc"])
    name = variables[path][0] if path in variables else ".".join(path)
    # The value is left out on purpose: it may be a secret.
    return Problem(name, 1, 1, f"not a usable value: {detail['msg'].removeprefix('Value error, ').lower()}", "")


def _merge(into: dict[str, Any], new: Mapping[str, Any]) -> None:
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = dict(value) if isinstance(value, dict) else value


def _set(into: dict[str, Any], path: tuple[str, ...], value: str) -> None:
    for key in path[:-1]:
        into = into.setdefault(key, {})
    into[path[-1]] = value


# --- the last good configuration --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a look at the files brought: `changed` with a new value, or `problems` with the last good one kept."""

    changed: bool
    problems: tuple[Problem, ...] = ()


class LastGood(Generic[T]):
    """A value loaded from files, kept in force when they go bad. Looks only when asked; owns no thread."""

    def __init__(self, load: Callable[[], T], files: Callable[[], Iterable[Path]]) -> None:
        """Load once. Raises what `load` raises: there is no last good value yet."""
        self._load = load
        self._files = files
        self.value = load()
        self._seen = self._state()

    def refresh(self) -> Refreshed:
        """Load again if any file changed; a file that is bad or gone leaves the last good value in force.

        Each state of the files is tried, and its problems told, once.
        """
        state = self._state()
        if state == self._seen:
            return Refreshed(changed=False)
        self._seen = state
        try:
            self.value = self._load()
        except InvalidDocument as error:
            return Refreshed(changed=False, problems=error.problems)
        return Refreshed(changed=True)

    def _state(self) -> tuple[tuple[str, str], ...]:
        return tuple((str(path), _digest(path)) for path in sorted(self._files()))


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return "unreadable"
