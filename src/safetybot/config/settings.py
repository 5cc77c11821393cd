"""The shape of `safetybot.toml`: every setting with its type, default and meaning. No reading of anything.

Long, because all settings stand in one place.

Types are strict: a text is no number, and a duration has a unit. What looks right but cannot work (a malformed
database URL, a key that is none) is refused here, before anything is opened.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SecretStr,
    WithJsonSchema,
)

from safetybot.documents import FileModel, Flaw
from safetybot.model import Concern, ConcernPolicy, Mode, Policy

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = r"[0-9]{1,9}[smhd]"
LONGEST = timedelta(days=3650)


def duration(value: object) -> timedelta:
    """A duration written as a number and a unit: `30s`, `10m`, `24h`, `7d`; ten years at most. Raises `ValueError`."""
    if isinstance(value, timedelta):
        found = value
    elif isinstance(value, str) and re.fullmatch(_DURATION, value):
        found = timedelta(seconds=int(value[:-1]) * _UNITS[value[-1]])
    else:
        raise Flaw("must be a number and a unit", 'such as "30s", "10m", "24h" or "7d"')
    if not timedelta() <= found <= LONGEST:
        raise Flaw("is longer than ten years", "at most 3650d")
    return found


def written(value: timedelta) -> str:
    """A duration as files write it, in the largest unit that fits it whole."""
    seconds = int(value.total_seconds())
    for unit in ("d", "h", "m"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{seconds // _UNITS[unit]}{unit}"
    return f"{seconds}s"


def _hour_or_more(value: timedelta) -> timedelta:
    if value < timedelta(hours=1):
        raise Flaw("is too short", "at least 1h; to keep no excerpts, set `excerpts` to false")
    return value


def _folder(value: object) -> object:
    if isinstance(value, str):
        if not value or "\0" in value:
            raise Flaw("names no folder", "such as data or /var/lib/safetybot")
        try:
            return Path(value).expanduser()
        except RuntimeError:
            raise Flaw("begins with `~`, and there is no home folder", "write the whole path") from None
    return value


_POSTGRES = re.compile(r"//(?:[^@/]*(?::[^@]*)?@)?(?:[^/:@\[\]]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?/[^/?]+(?:\?.*)?")
_EXAMPLES = "such as sqlite+aiosqlite:///data/log.sqlite3 or postgresql+asyncpg://user:password@host/name"


def _database_url(value: SecretStr) -> SecretStr:
    """Refuse what no database answers to. No message holds any part of the value but its scheme: it has a password."""
    url = value.get_secret_value()
    scheme, colon, rest = url.partition(":")
    if not url:
        return value
    if not colon or not re.fullmatch(r"[a-z][a-z0-9+.-]*", scheme):
        raise Flaw("is no database URL", _EXAMPLES)
    if scheme in ("sqlite", "postgres", "postgresql"):
        driver = "sqlite+aiosqlite" if scheme == "sqlite" else "postgresql+asyncpg"
        raise Flaw(f"begins with `{scheme}:`, which names no driver", f"begin it with `{driver}:`")
    if scheme not in ("sqlite+aiosqlite", "postgresql+asyncpg"):
        raise Flaw("is of another database", _EXAMPLES)
    if scheme.startswith("sqlite") and not re.fullmatch(r"///[^?]+(?:\?.*)?", rest):
        raise Flaw("names no file", "three slashes and a relative path, four and an absolute one")
    if scheme.startswith("postgresql") and not _POSTGRES.fullmatch(rest):
        raise Flaw("is no URL of a PostgreSQL database", "postgresql+asyncpg://user:password@host:5432/name")
    return value


SHORTEST_KEY = 32


def _pseudonym_key(value: SecretStr) -> SecretStr:
    # Author ids can be counted through, so a key that can be guessed would make pseudonyms of no use.
    if 0 < len(value.get_secret_value()) < SHORTEST_KEY:
        raise Flaw("is too short", f"at least {SHORTEST_KEY} characters, such as from `openssl rand -base64 32`")
    return value


def _excerpt_key(value: SecretStr) -> SecretStr:
    for number, key in enumerate(value.get_secret_value().split(), 1):
        try:
            raw = base64.b64decode(key.encode("ascii"), altchars=b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error):
            raw = b""
        if len(raw) != 32:
            which = f"holds no Fernet key at place {number}"
            raise Flaw(which, "32 bytes in URL-safe base64: `openssl rand -base64 32 | tr +/ -_`")
    return value


_Duration = Annotated[
    timedelta, BeforeValidator(duration), PlainSerializer(written),
    WithJsonSchema({"type": "string", "pattern": f"^{_DURATION}$", "examples": ["10m", "24h", "7d"]}),
]  # fmt: skip
Duration = _Duration
"""A duration in a file: a number and a unit."""
Confidence = Annotated[float, Field(ge=0, le=1, strict=True, allow_inf_nan=False)]
"""A probability in a file."""
_Keep = Annotated[Duration, AfterValidator(_hour_or_more)]
_Truth = Annotated[bool, Field(strict=True)]
_Whole = Annotated[int, Field(strict=True)]


class StoreSettings(FileModel):
    """Where and how long interactions are kept."""

    url: Annotated[SecretStr, AfterValidator(_database_url)] = Field(
        SecretStr(""), description="The database; empty means SQLite in data_dir. May hold a password."
    )
    retention: _Keep = Field(timedelta(days=90), description="How long interactions are kept.")
    excerpt_retention: _Keep = Field(timedelta(days=14), description="How long encrypted excerpts are kept.")
    excerpts: _Truth = Field(default=False, description="Whether encrypted excerpts are kept for reviewers.")


class SecretSettings(FileModel):
    """Keys; left empty, each is made once and kept in data_dir."""

    pseudonym_key: Annotated[SecretStr, AfterValidator(_pseudonym_key)] = Field(
        SecretStr(""), description="Key of the authors' pseudonyms, any text of 32 characters or more."
    )
    excerpt_key: Annotated[SecretStr, AfterValidator(_excerpt_key)] = Field(
        SecretStr(""), description="Fernet keys of the excerpts, the newest first, with spaces between."
    )


def _all_optional(schema: dict[str, Any]) -> None:
    """A file may set one key of a section; the others keep the defaults of their own section, see `PolicySettings`."""
    schema.pop("required", None)


class ConcernSettings(FileModel):
    """What is done about one concern where a community has not decided."""

    model_config = ConfigDict(json_schema_extra=_all_optional)

    mode: Mode = Field(description="off, shadow, alert, reply or reply+alert.")
    channel_cooldown: Duration = Field(description="At most one reply about it per channel in this time.")
    author_cooldown: Duration = Field(description="At most one reply about it per author in this time.")
    min_confidence: Confidence = Field(description="Act only on an assessment at least this sure, 0 to 1.")


def _concern(mode: Mode, channel: str, author: str) -> ConcernSettings:
    return ConcernSettings(
        mode=mode, channel_cooldown=duration(channel), author_cooldown=duration(author), min_confidence=0.0
    )


class PolicySettings(FileModel):
    """The default policy. Why these values stands in docs/configuration.md."""

    mention: ConcernSettings = _concern(Mode.REPLY, "10m", "24h")
    supply: ConcernSettings = _concern(Mode.ALERT, "10m", "24h")
    diy: ConcernSettings = _concern(Mode.REPLY, "5m", "12h")
    adverse: ConcernSettings = _concern(Mode.REPLY_ALERT, "0s", "1h")


class DetectionSettings(FileModel):
    """How messages are read."""

    classifier: _Truth = Field(default=True, description="Whether the classifier takes part.")
    thread_lines: _Whole = Field(6, ge=1, le=20, description="Earlier messages read with a message.")
    thread_age: Duration = Field(timedelta(minutes=30), description="How old those may be.")


class ResponseSettings(FileModel):
    """How members are answered."""

    review_months: _Whole = Field(6, ge=1, le=60, description="Months after which a response wants a review.")
    region: str = Field(
        "", pattern=r"^([A-Z]{2})?$", examples=["DE"], description="ISO 3166 code for the emergency number."
    )
    emergency_number: str = Field("", max_length=80, description="An emergency line of your own; wins over region.")


class LogSettings(FileModel):
    """What is logged, and how; never any message's text."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level written.")
    format: Literal["console", "json"] = Field("console", description="For people or for machines.")


class MetricsSettings(FileModel):
    """Where metrics and health are served."""

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on.")
    port: _Whole = Field(0, ge=0, le=65_535, description="Port; 0 switches them off.")


_WEB_URL = re.compile(r"(?:https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?)?")


def _web_url(value: str) -> str:
    """Refuse what no browser could be sent to; a path would have to be known by every link on the pages."""
    if not _WEB_URL.fullmatch(value):
        raise Flaw("is no address of a site", "such as https://bot.example.org, without a path or a slash at the end")
    return value


def _minute_or_more(value: timedelta) -> timedelta:
    if value < timedelta(minutes=1):
        raise Flaw("is too short", "at least 1m")
    return value


_Minutes = Annotated[Duration, AfterValidator(_minute_or_more)]


class WebSettings(FileModel):
    """The pages for moderators and admins (docs/web.md)."""

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on.")
    port: _Whole = Field(
        0, ge=0, le=65_535, description="Port that `safetybot run` serves the pages on; 0: not at all."
    )
    url: Annotated[str, AfterValidator(_web_url)] = Field(
        "", examples=["https://bot.example.org"],
        description="Address under which people reach them; empty means http://localhost and the port.",
    )  # fmt: skip
    session: _Minutes = Field(timedelta(hours=12), description="After this time one must sign in again.")
    link: _Minutes = Field(timedelta(minutes=15), description="How long a sign-in link can be used.")
    discord_client_id: str = Field(
        "", pattern=r"^[0-9]{0,30}$", description="Id of the Discord application to sign in with; empty: not offered."
    )
    discord_client_secret: SecretStr = Field(SecretStr(""), description="Its client secret.")
    hooks_within: bool = Field(
        default=False,
        description="Whether communities' webhooks may go to this machine and its network, and without TLS.",
    )


_SHARDS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?/([1-9][0-9]{0,4})")


def shard_range(value: str) -> tuple[range, int] | None:
    """The shards and their whole number that `0-3/8` or `2/8` names; None for an empty text. Raises `ValueError`."""
    if not value:
        return None
    found = _SHARDS.fullmatch(value)
    if found is None:
        raise Flaw("names no shards", 'such as "0-3/8": the first, the last and how many there are in all')
    first, count = int(found[1]), int(found[3])
    last = int(found[2] or first)
    if not first <= last < count:
        raise Flaw("names shards that there are not", f"counted from 0, the last of {count} is {count - 1}")
    return range(first, last + 1), count


def _shards(value: str) -> str:
    shard_range(value)
    return value


_HOST = r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
_API_BASE = re.compile(rf"(?:https?://{_HOST}(?:/[A-Za-z0-9._/-]*[A-Za-z0-9])?)?")
_GATEWAY = re.compile(rf"(?:wss?://{_HOST}(?:/[A-Za-z0-9._/-]*)?)?")


def _api_base(value: str) -> str:
    if not _API_BASE.fullmatch(value):
        raise Flaw("is no address of a REST API", "such as https://proxy.example.org/api/v10, no slash at the end")
    return value


def _gateway_url(value: str) -> str:
    if not _GATEWAY.fullmatch(value):
        raise Flaw("is no address of a gateway", "such as wss://gateway.example.org/")
    return value


class DiscordSettings(FileModel):
    """Discord (docs/discord.md)."""

    token: SecretStr = Field(SecretStr(""), description="The bot's token; empty: no Discord.")
    api_base: Annotated[str, AfterValidator(_api_base)] = Field(
        "", examples=["https://proxy.example.org/api/v10"],
        description="Address of the REST API, for a proxy; empty means Discord's own.",
    )  # fmt: skip
    gateway_url: Annotated[str, AfterValidator(_gateway_url)] = Field(
        "", examples=["wss://gateway.example.org/"],
        description="Address of the gateway, for a proxy; empty means the one that the REST API names.",
    )  # fmt: skip
    shards: Annotated[str, AfterValidator(_shards)] = Field(
        "", examples=["0-3/8"],
        description="The shards of this process and how many there are in all; empty: all, as many as Discord advises.",
    )  # fmt: skip
    look_back: Duration = Field(
        timedelta(minutes=10), description="How far back channels are read for what was missed while away; 0s: not."
    )
    message_content: _Truth = Field(
        default=True, description="Whether to ask for message content; without it only what AutoMod finds is seen."
    )


_BOT_API = re.compile(rf"(?:https?://{_HOST}(?:/[A-Za-z0-9._/-]*)?/bot)?")
_WEBHOOK_URL = re.compile(rf"(?:https?://{_HOST}/[A-Za-z0-9._~/-]+)?")
_WEBHOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")


def _bot_api(value: str) -> str:
    if not _BOT_API.fullmatch(value):
        raise Flaw("is no address of a Bot API server", "such as http://127.0.0.1:8081/bot, with /bot at the end")
    return value


def _webhook_address(value: str) -> str:
    if not _WEBHOOK_URL.fullmatch(value):
        raise Flaw("is no address of a webhook", "such as https://bot.example.org/telegram, with a path of its own")
    return value


def _webhook_secret(value: SecretStr) -> SecretStr:
    # Whoever can guess it can put words into members' mouths.
    if value.get_secret_value() and not _WEBHOOK_SECRET.fullmatch(value.get_secret_value()):
        raise Flaw("is no webhook secret", "16 to 256 of A-Z, a-z, 0-9, _ and -: `openssl rand -hex 32`")
    return value


class TelegramSettings(FileModel):
    """Telegram (docs/telegram.md)."""

    token: SecretStr = Field(SecretStr(""), description="The bot's token; empty: no Telegram.")
    base_url: Annotated[str, AfterValidator(_bot_api)] = Field(
        "", examples=["http://127.0.0.1:8081/bot"],
        description="Address of a Bot API server up to the token, for a local one; empty means Telegram's own.",
    )  # fmt: skip
    webhook_url: Annotated[str, AfterValidator(_webhook_address)] = Field(
        "", examples=["https://bot.example.org/telegram"],
        description="Address that Telegram posts updates to; empty: updates are fetched, by one process at a time.",
    )  # fmt: skip
    webhook_host: str = Field("127.0.0.1", min_length=1, description="Address on which posts are taken in.")
    webhook_port: _Whole = Field(8443, ge=0, le=65_535, description="Its port; 0: any free one.")
    webhook_secret: Annotated[SecretStr, AfterValidator(_webhook_secret)] = Field(
        SecretStr(""), description="What Telegram's posts prove themselves with; needed with webhook_url."
    )
    max_connections: _Whole = Field(40, ge=1, le=100, description="How many posts Telegram may make at a time.")
    late_after: Duration = Field(
        timedelta(minutes=5), description="A reply that could go out only so long after the message isn't sent."
    )


class Settings(FileModel):
    """All settings of one process."""

    data_dir: Annotated[Path, BeforeValidator(_folder)] = Field(
        Path("data"), description="Folder of the database and the keys."
    )
    store: StoreSettings = StoreSettings()
    secrets: SecretSettings = SecretSettings()
    policy: PolicySettings = PolicySettings()
    detection: DetectionSettings = DetectionSettings()
    responses: ResponseSettings = ResponseSettings()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()
    web: WebSettings = WebSettings()
    discord: DiscordSettings = DiscordSettings()
    telegram: TelegramSettings = TelegramSettings()

    def default_policy(self) -> Policy:
        """The policy of a community that has decided nothing."""
        concerns: dict[Concern, ConcernPolicy] = {}
        for concern in Concern:
            part: ConcernSettings = getattr(self.policy, concern.label)
            concerns[concern] = ConcernPolicy(
                part.mode, part.channel_cooldown, part.author_cooldown, part.min_confidence
            )
        return Policy(
            concerns,
            region=self.responses.region or None,
            emergency_number=self.responses.emergency_number or None,
            excerpts=self.store.excerpts,
        )

    def store_url(self) -> str:
        """The database's URL, password and all; SQLite in `data_dir` where none is set."""
        return self.store.url.get_secret_value() or f"sqlite+aiosqlite:///{self.data_dir / 'safetybot.sqlite3'}"


SettingPath = tuple[str, ...]


def setting_paths(model: type[BaseModel] = Settings, above: SettingPath = ()) -> list[SettingPath]:
    """The path of every single setting, in order."""
    paths: list[SettingPath] = []
    for name, info in model.model_fields.items():
        inner = info.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            paths += setting_paths(inner, (*above, name))
        else:
            paths.append((*above, name))
    return paths
