"""What is made of the shapes for people and editors: the table of settings in the docs, and JSON Schemas.

`python -m safetybot.config.reference docs/configuration.md` writes the table anew; a test holds the two equal.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.json_schema import GenerateJsonSchema

from safetybot.config.loading import FILE, FROM_FILE, variable_of
from safetybot.config.settings import SettingPath, Settings, setting_paths, written

BEGIN = "<!-- settings: written by `python -m safetybot.config.reference docs/configuration.md` -->"
END = "<!-- end of settings -->"


def schemas(models: Mapping[str, type[BaseModel]]) -> dict[str, dict[str, Any]]:
    """The JSON Schema (2020-12) of each kind of file.

    Args:
        models: The shapes of the other rooms' files, by a name for each; the settings' own is added here, as
            `safetybot.toml`.
    """
    every: dict[str, type[BaseModel]] = {FILE: Settings, **models}
    return {name: _schema(name, model) for name, model in every.items()}


def settings_table() -> str:
    """All settings as Markdown tables, one a section, in the order of the file."""
    parts: list[str] = []
    section: SettingPath | None = None
    for path in setting_paths():
        if path[:-1] != section:
            section = path[:-1]
            title = f"### [{'.'.join(section)}]" if section else "### At the top"
            head = "| setting | variable | default | meaning |\n| --- | --- | --- | --- |"
            parts.append(f"\n{title}\n\n{_purpose(section)}\n\n{head}")
        parts.append(f"| `{path[-1]}` | `{variable_of(path)}` | {_default(path)} | {_meaning(path)} |")
    return "\n".join(parts).strip() + "\n"


def with_table(text: str) -> str:
    """`text` with the table of settings between its marks. Raises `ValueError` where it has no such marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the text has no {BEGIN} followed by {END}")
    return f"{before}{BEGIN}\n\n{settings_table()}\n{END}{after}"


def _schema(name: str, model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(schema_generator=_AsFilesWrite)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": f"safetybot: {name}"}


class _AsFilesWrite(GenerateJsonSchema):
    """Defaults in the form that files use, where pydantic would write ISO 8601."""

    def encode_default(self, dft: Any) -> Any:
        return written(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def _models(path: SettingPath) -> Iterator[Any]:
    model: Any = Settings
    yield model
    for name in path:
        model = model.model_fields[name].annotation
        yield model


def _purpose(section: SettingPath) -> str:
    *_, model = _models(section)
    return str(model.__doc__).split("\n")[0]


def _meaning(path: SettingPath) -> str:
    *_, model = _models(path[:-1])
    return str(model.model_fields[path[-1]].description)


def _default(path: SettingPath) -> str:
    value: Any = Settings()
    for name in path:
        value = getattr(value, name)
    if isinstance(value, SecretStr):
        return f"empty; a secret, so set it in a file and `{variable_of(path)}{FROM_FILE}`"
    plain: Any = Settings().model_dump(mode="json")
    for name in path:
        plain = plain[name]
    if isinstance(plain, bool):
        return f"`{str(plain).lower()}`"
    return f"`{plain}`" if plain != "" else "empty"


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(with_table(page.read_text(encoding="utf-8")), encoding="utf-8")
