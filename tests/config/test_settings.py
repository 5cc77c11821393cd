"""The settings' shape: defaults, the packaged file, the docs' table, secrets."""

import itertools
import pickle
import re
import tomllib
import traceback
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from safetybot.config import Settings, duration, load_settings, loading, packaged_dir, setting_paths, written
from safetybot.config.loading import FROM_FILE, variable_of
from safetybot.config.reference import BEGIN, END, schemas, settings_table, with_table
from safetybot.documents import FileModel, InvalidDocument
from safetybot.model import Concern, Mode

ROOT = Path(__file__).parent.parent.parent
PACKAGED = packaged_dir("config") / "safetybot.toml"


def at(data: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = data
    for key in path:
        found = found[key]
    return found


def paths_in(data: Mapping[str, Any], above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    paths: list[tuple[str, ...]] = []
    for key, value in data.items():
        paths += paths_in(value, (*above, key)) if isinstance(value, dict) else [(*above, key)]
    return paths


# --- the packaged file and the docs tell the truth ---


def test_the_packaged_file_lists_every_setting_in_order() -> None:
    assert paths_in(tomllib.loads(PACKAGED.read_text(encoding="utf-8"))) == setting_paths()


def test_the_packaged_file_and_the_code_have_the_same_defaults() -> None:
    assert load_settings(None, {}) == Settings()


def test_every_setting_of_the_packaged_file_has_a_comment() -> None:
    lines = PACKAGED.read_text(encoding="utf-8").split("\n")
    commented = {line.split(" =")[0] for above, line in itertools.pairwise(lines) if above.startswith("# ")}
    assert {path[-1] for path in setting_paths()} <= commented


def test_every_setting_says_what_it_means() -> None:
    for path in setting_paths():
        model: Any = Settings
        for key in path[:-1]:
            model = model.model_fields[key].annotation
        assert model.model_fields[path[-1]].description.endswith("."), path


def test_the_docs_hold_the_table_of_all_settings() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert with_table(page) == page, "run `python -m safetybot.config.reference docs/configuration.md`"
    assert all(variable_of(path) in page for path in setting_paths())


def test_a_page_without_marks_gets_no_table() -> None:
    with pytest.raises(ValueError, match="no <!-- settings"):
        with_table("# Some page\n")
    assert with_table(f"a\n{BEGIN}\nold\n{END}\nz\n") == f"a\n{BEGIN}\n\n{settings_table()}\n{END}\nz\n"


def test_no_setting_ends_like_a_variable_that_names_a_file() -> None:
    assert not any(variable_of(path).endswith(FROM_FILE) for path in setting_paths())


def test_every_setting_is_read_somewhere() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src" / "safetybot").rglob("*.py"))
    unread = [path for path in setting_paths() if not re.search(rf"[a-z_)]\.{path[-1]}\b", code)]
    assert unread == []


# --- default policy ---


def test_the_default_policy_covers_every_concern() -> None:
    policy = Settings().default_policy()
    assert {concern: wanted.mode for concern, wanted in policy.concerns.items()} == {
        Concern.MENTION: Mode.REPLY,
        Concern.SUPPLY: Mode.ALERT,
        Concern.DIY: Mode.REPLY,
        Concern.ADVERSE: Mode.REPLY_ALERT,
    }
    assert policy.concerns[Concern.DIY].channel_cooldown == timedelta(minutes=5)
    assert policy.concerns[Concern.ADVERSE].channel_cooldown == timedelta(0)
    assert (policy.region, policy.emergency_number, policy.excerpts) == (None, None, False)


def test_the_default_policy_takes_what_the_settings_say() -> None:
    settings = load_settings(
        None,
        {
            "SAFETYBOT_POLICY__DIY__MIN_CONFIDENCE": "0.75",
            "SAFETYBOT_RESPONSES__REGION": "DE",
            "SAFETYBOT_RESPONSES__EMERGENCY_NUMBER": "ask the front desk",
            "SAFETYBOT_STORE__EXCERPTS": "true",
        },
    )
    policy = settings.default_policy()
    assert policy.concerns[Concern.DIY].min_confidence == 0.75
    assert (policy.region, policy.emergency_number, policy.excerpts) == ("DE", "ask the front desk", True)


def test_the_store_lies_in_the_data_folder_unless_told_otherwise() -> None:
    assert Settings(data_dir=Path("/x")).store_url() == "sqlite+aiosqlite:////x/safetybot.sqlite3"
    url = "postgresql+asyncpg://bot:pw@db/safetybot"
    assert load_settings(None, {"SAFETYBOT_STORE__URL": url}).store_url() == url


@pytest.mark.parametrize(
    "url",
    [
        "sqlite+aiosqlite:///data/log.sqlite3", "sqlite+aiosqlite:////var/lib/log.sqlite3",
        "postgresql+asyncpg://host/name", "postgresql+asyncpg://u:p%40/w:x@host:5432/name?ssl=require",
        "postgresql+asyncpg://tests@/name?host=/run/postgresql", "postgresql+asyncpg://u:p@[::1]:5432/name",
    ],
)  # fmt: skip
def test_usual_database_urls_are_taken(url: str) -> None:
    assert load_settings(None, {"SAFETYBOT_STORE__URL": url}).store_url() == url


def test_the_data_folder_may_begin_with_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/bot")
    assert load_settings(None, {"SAFETYBOT_DATA_DIR": "~/data"}).data_dir == Path("/home/bot/data")


# --- durations ---


@given(st.integers(0, 3650 * 86_400))
def test_a_duration_is_written_as_it_is_read(seconds: int) -> None:
    assert duration(written(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("text", "seconds"), [("0s", 0), ("90s", 90), ("10m", 600), ("24h", 86_400), ("7d", 604_800)])
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    ["", "10", "m", "10 m", "10M", "-5m", "1.5h", "1h30m", "٣m", "10m\n", 600, None, True, "3651d", "9" * 9 + "d"],
)
def test_anything_else_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError):
        duration(text)


# --- schemas ---


class Other(FileModel):
    name: str


def test_the_schema_takes_the_packaged_file_and_all_its_own_defaults() -> None:
    schema = schemas({})["safetybot.toml"]
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert list(validator.iter_errors(tomllib.loads(PACKAGED.read_text(encoding="utf-8")))) == []
    for section in schema["$defs"].values():
        for part in section.get("properties", {}).values():
            if "default" in part:
                assert (
                    list(validator.evolve(schema={**part, "$defs": schema["$defs"]}).iter_errors(part["default"])) == []
                )


@pytest.mark.parametrize(
    "text",
    [
        "stroe = 1", "[store]\nretention = 90", '[store]\nretention = "90 days"', '[log]\nlevel = "loud"',
        "[policy.diy]\nmin_confidence = 2", '[policy.diy]\nmode = "replay"', '[metrics]\nport = "8000"',
    ],
)  # fmt: skip
def test_the_schema_refuses_what_the_loader_refuses(text: str) -> None:
    assert list(Draft202012Validator(schemas({})["safetybot.toml"]).iter_errors(tomllib.loads(text)))


def test_the_schema_takes_one_key_of_a_section() -> None:
    schema = schemas({})["safetybot.toml"]
    assert list(Draft202012Validator(schema).iter_errors({"policy": {"diy": {"mode": "off"}}})) == []


def test_schemas_of_other_rooms_are_published_beside_the_settings() -> None:
    made = schemas({"other": Other})
    assert list(made) == ["safetybot.toml", "other"]
    assert made["other"]["required"] == ["name"]
    assert all(schema["$schema"].endswith("2020-12/schema") for schema in made.values())


# --- secrets ---

PASSWORD = "hunter2-correct-horse-battery"
KEY = Fernet.generate_key().decode()


@pytest.fixture
def with_secrets(tmp_path: Path) -> Settings:
    (tmp_path / "pseudonym").write_text(PASSWORD * 2 + "\n")
    (tmp_path / "safetybot.toml").write_text(f'[store]\nurl = "postgresql+asyncpg://bot:{PASSWORD}@db/log"\n')
    environ = {"SAFETYBOT_SECRETS__PSEUDONYM_KEY_FILE": str(tmp_path / "pseudonym"),
               "SAFETYBOT_SECRETS__EXCERPT_KEY": KEY}  # fmt: skip
    return load_settings(tmp_path, environ)


def test_secrets_reach_those_who_ask_for_them(with_secrets: Settings) -> None:
    assert PASSWORD in with_secrets.store_url()
    assert with_secrets.secrets.pseudonym_key.get_secret_value() == PASSWORD * 2
    assert with_secrets.secrets.excerpt_key.get_secret_value() == KEY


def test_secrets_show_in_no_form_of_the_settings(with_secrets: Settings) -> None:
    forms = [
        repr(with_secrets), str(with_secrets), f"{with_secrets.store} {with_secrets.secrets!r}",
        str(with_secrets.model_dump()), str(with_secrets.model_dump(mode="json")), with_secrets.model_dump_json(),
        str(dict(with_secrets)), str(with_secrets.store.__dict__), str(with_secrets.default_policy()),
    ]  # fmt: skip
    for form in forms:
        assert PASSWORD not in form
        assert KEY not in form


SECRET_ENVIRONMENTS = [
    {"SAFETYBOT_STORE__URL": f"mysql://bot:{PASSWORD}@db/log"},
    {"SAFETYBOT_STORE__URL": f"postgresql+asyncpg://bot:{PASSWORD}@db"},
    {"SAFETYBOT_STORE__URL": f"{PASSWORD}"},
    {"SAFETYBOT_STORE__URL": f"postgresql://bot:{PASSWORD}@db/log"},
    {"SAFETYBOT_SECRETS__PSEUDONYM_KEY": PASSWORD},
    {"SAFETYBOT_SECRETS__EXCERPT_KEY": f"{KEY} {PASSWORD}"},
    {"SAFETYBOT_SECRETS__EXCERPT_KEY": KEY, "SAFETYBOT_SECRETS__EXCERPT_KEY_FILE": f"/nowhere/{PASSWORD}"},
    {"SAFETYBOT_STORE__URL_FILE": f"postgresql+asyncpg://bot:{PASSWORD}@db/log"},
    {"SAFETYBOT_STORE_URL": f"postgresql+asyncpg://bot:{PASSWORD}@db/log"},
    {"SAFETYBOT_METRICS__PORT": "high", "SAFETYBOT_STORE__URL": f"sqlite+aiosqlite:///{PASSWORD}"},
]


@pytest.mark.parametrize("environ", SECRET_ENVIRONMENTS)
def test_secrets_show_in_no_error_about_a_variable(environ: dict[str, str]) -> None:
    with pytest.raises(InvalidDocument) as caught:
        load_settings(None, environ)
    hide_from(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        f'url = "mysql://bot:{PASSWORD}@db/log"', f'url = ["{PASSWORD}"]', f'url = {{ a = "{PASSWORD}" }}',
        f'url = "x:{PASSWORD}"\nurl = "x:{PASSWORD}"', f'url = "{PASSWORD}', f'urll = "{PASSWORD}"',
    ],
)  # fmt: skip
def test_secrets_show_in_no_error_about_a_file(line: str, tmp_path: Path) -> None:
    (tmp_path / "safetybot.toml").write_text(f"[store]\n{line}\n")
    with pytest.raises(InvalidDocument) as caught:
        load_settings(tmp_path, {})
    hide_from(caught.value)


def hide_from(error: InvalidDocument) -> None:
    shown = str(error) + repr(error) + "".join(traceback.format_exception(error))
    assert PASSWORD not in shown
    assert KEY not in shown


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings().metrics.port = 3  # type: ignore[misc]


def test_settings_survive_a_trip_to_another_process(with_secrets: Settings) -> None:
    assert pickle.loads(pickle.dumps(with_secrets)) == with_secrets  # noqa: S301


# --- where packaged files lie ---


@pytest.mark.parametrize(("name", "file"), [("config", "safetybot.toml"), ("responses", "sources.yaml")])
def test_packaged_files_are_found(name: Any, file: str) -> None:
    assert (packaged_dir(name) / file).is_file()


def test_an_installed_package_finds_its_own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "safetybot" / "_data" / "config").mkdir(parents=True)
    monkeypatch.setattr(loading, "__file__", str(tmp_path / "safetybot" / "config" / "loading.py"))
    assert packaged_dir("config") == tmp_path / "safetybot" / "_data" / "config"
    assert packaged_dir("responses") == tmp_path.parent / "responses"
