"""The log's filters as an address has them; empty fields of a form mean any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Query
from fastapi.exceptions import RequestValidationError

from safetybot.communities.records import Filters
from safetybot.model import Concern, InteractionState, VerdictKind
from safetybot.web.scene import Where

_Text = Annotated[str, Query(max_length=100)]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form or an address asks for, as text."""

    channel: _Text = ""
    concern: _Text = ""
    state: _Text = ""
    verdict: _Text = ""
    language: _Text = ""
    author: _Text = ""
    since: _Text = ""
    until: _Text = ""

    def filters(self, where: Where) -> Filters:
        """As use cases take them. Raises `RequestValidationError`."""
        try:
            return Filters(
                platform=where.platform,
                community=where.community,
                channel=self.channel.strip() or None,
                concern=Concern.from_label(self.concern) if self.concern else None,
                state=InteractionState(self.state) if self.state else None,
                verdict=VerdictKind(self.verdict) if self.verdict else None,
                language=self.language.strip() or None,
                author=self.author.strip() or None,
                since=_day(self.since),
                until=_day(self.until, after=timedelta(days=1)),
            )
        except (KeyError, ValueError, OverflowError) as error:
            raise RequestValidationError([]) from error

    def query(self) -> dict[str, str]:
        """As an address has it."""
        return {name: getattr(self, name) for name in self.__slots__ if getattr(self, name)}

    @classmethod
    def known(cls, kept: Mapping[str, str]) -> dict[str, str]:
        """Of filters that were kept, perhaps by another version, those that there are."""
        return {name: kept[name] for name in cls.__slots__ if name in kept}


def _day(text: str, after: timedelta = timedelta()) -> datetime | None:
    """The beginning of a day in UTC; with `after` its end, for the last day asked for."""
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) + after if text else None
