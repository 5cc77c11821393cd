"""Taking the log out: CSV and JSON lines, in constant memory, safe to open in a spreadsheet."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any, Literal

from safetybot.communities.csv_text import cell, csv_line
from safetybot.model import Interaction
from safetybot.store.store import Filters, SqlStore

FIELDS = (
    "id", "at", "platform", "community", "channel", "thread", "message_id", "author", "concern", "level", "confidence",
    "language", "rules", "concepts", "reasons", "state", "alerted", "shadow", "response_id", "reply_id", "verdict",
    "verdict_by", "verdict_reason",
)  # fmt: skip
_PAGE = 500


async def export(store: SqlStore, filters: Filters, form: Literal["csv", "jsonl"]) -> AsyncIterator[str]:
    """The interactions that `filters` choose, newest first, as pieces of text; one page of 500 rows in memory."""
    if form == "csv":
        yield csv_line(FIELDS)
    before: int | None = None
    while page := await store.list_interactions(filters, before=before, limit=_PAGE):
        for interaction in page:
            fields = as_fields(interaction)
            if form == "csv":
                yield csv_line(cell(fields[name]) for name in FIELDS)
            else:
                yield json.dumps(fields, ensure_ascii=False) + "\n"
        before = page[-1].id


def as_fields(interaction: Interaction) -> dict[str, Any]:
    """An interaction as plain data, in the order of `FIELDS`."""
    place, verdict = interaction.place, interaction.verdict
    return {
        "id": interaction.id,
        "at": interaction.at.isoformat(),
        "platform": place.platform,
        "community": place.community,
        "channel": place.channel,
        "thread": place.thread,
        "message_id": interaction.message_id,
        "author": interaction.author_pseudonym,
        "concern": interaction.concern.label,
        "level": interaction.level.label if interaction.level else None,
        "confidence": round(interaction.confidence, 4),
        "language": interaction.language,
        "rules": list(interaction.rules),
        "concepts": list(interaction.concepts),
        "reasons": list(interaction.reasons),
        "state": interaction.state.value,
        "alerted": interaction.alerted,
        "shadow": interaction.shadow,
        "response_id": interaction.response_id,
        "reply_id": interaction.reply_id,
        "verdict": verdict.kind.value if verdict else None,
        "verdict_by": verdict.by if verdict else None,
        "verdict_reason": verdict.reason if verdict else None,
    }
