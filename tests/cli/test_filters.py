"""The options by which the log and the audit are narrowed: each ends where it belongs, and times are UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from safetybot.cli.filters import audit_filters_of, filters_of
from safetybot.communities.audit import AuditFilters
from safetybot.communities.records import Filters
from safetybot.model import Concern, InteractionState, VerdictKind

SINCE, UNTIL = datetime(2026, 3, 1), datetime(2026, 3, 2, 9, 30)  # noqa: DTZ001  # as the command line reads them


def test_each_option_of_the_log_narrows_its_own_column() -> None:
    made = filters_of("p", "c", "ch", "supply", InteractionState.SENT, VerdictKind.HANDLED, SINCE, UNTIL)
    assert made == Filters(
        platform="p", community="c", channel="ch", concern=Concern.SUPPLY, state=InteractionState.SENT,
        verdict=VerdictKind.HANDLED, since=SINCE.replace(tzinfo=UTC), until=UNTIL.replace(tzinfo=UTC),
    )  # fmt: skip
    assert filters_of(None, None, None, None, None, None, None, None) == Filters()


def test_each_option_of_the_audit_narrows_its_own_column() -> None:
    made = audit_filters_of("p", "c", "ann", "verdict", SINCE, UNTIL)
    times = (SINCE.replace(tzinfo=UTC), UNTIL.replace(tzinfo=UTC))
    assert made == AuditFilters("p", "c", "ann", "verdict", *times)
    assert audit_filters_of(None, None, None, None, None, None) == AuditFilters()
