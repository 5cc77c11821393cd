"""Reads the files that people write, and says what is wrong with them: file, line, column, reason, hint.

Lives here: YAML, TOML and Markdown with front matter as plain data with the place of every key and value (`reading`),
and their validation against a pydantic model in words that need no pydantic (`validation`). Does not live here: what
any file means.
"""

from safetybot.documents.document import Document, InvalidDocument, Key, Problem, Where
from safetybot.documents.reading import MAX_BYTES, read_front_matter, read_toml, read_yaml, text_in, yaml_in
from safetybot.documents.validation import FileModel, Flaw, validate

__all__ = [
    "MAX_BYTES",
    "Document",
    "FileModel",
    "Flaw",
    "InvalidDocument",
    "Key",
    "Problem",
    "Where",
    "read_front_matter",
    "read_toml",
    "read_yaml",
    "text_in",
    "validate",
    "yaml_in",
]
