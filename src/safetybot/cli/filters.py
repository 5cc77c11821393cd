"""Which rows a command is about: the options by which the log and the audit are narrowed and paged, once for all.

Lives here: the options' names and what they become. Does not live here: any command.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from safetybot.communities.audit import AuditFilters
from safetybot.communities.records import Filters
from safetybot.model import Concern, InteractionState, VerdictKind

_DAY = ["%Y-%m-%d", "%Y-%m-%dT%H:%M"]
PlatformOption = Annotated[str | None, typer.Option("--platform", help="Only this platform.")]
CommunityOption = Annotated[str | None, typer.Option("--community", help="Only this community.")]
ChannelOption = Annotated[str | None, typer.Option("--channel", help="Only this channel.")]
ConcernOption = Annotated[
    Literal["mention", "supply", "diy", "adverse"] | None, typer.Option("--concern", help="Only this concern.")
]
StateOption = Annotated[InteractionState | None, typer.Option("--state", help="Only this state.")]
VerdictOption = Annotated[VerdictKind | None, typer.Option("--verdict", help="Only this verdict.")]
SinceOption = Annotated[datetime | None, typer.Option("--since", formats=_DAY, help="From this time (UTC) on.")]
UntilOption = Annotated[datetime | None, typer.Option("--until", formats=_DAY, help="Before this time (UTC).")]
ByOption = Annotated[str | None, typer.Option("--by", help="Only by this one.")]
ActionOption = Annotated[str | None, typer.Option("--action", help='Only this, such as "setting changed".')]
BeforeOption = Annotated[int | None, typer.Option("--before", help="The page after this id.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many.")]
JsonLines = Annotated[bool, typer.Option("--json", help="Write JSON lines.")]
OutArgument = Annotated[Path, typer.Argument(help="File to write; - for standard output.", allow_dash=True)]
FormOption = Annotated[Literal["csv", "jsonl"], typer.Option("--format", help="CSV or JSON lines.")]


def filters_of(
    platform: str | None,
    community: str | None,
    channel: str | None,
    concern: str | None,
    state: InteractionState | None,
    verdict: VerdictKind | None,
    since: datetime | None,
    until: datetime | None,
) -> Filters:
    """The options about the log as the store takes them; times are UTC."""
    return Filters(
        platform=platform,
        community=community,
        channel=channel,
        concern=Concern.from_label(concern) if concern else None,
        state=state,
        verdict=verdict,
        since=_utc(since),
        until=_utc(until),
    )


def audit_filters_of(
    platform: str | None,
    community: str | None,
    by: str | None,
    action: str | None,
    since: datetime | None,
    until: datetime | None,
) -> AuditFilters:
    """The options about the audit as its use case takes them; times are UTC."""
    return AuditFilters(platform, community, by, action, _utc(since), _utc(until))


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at else None
