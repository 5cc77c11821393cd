"""Kinds of columns that tables share: times, row numbers, places."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Moment(sa.types.TypeDecorator[datetime]):
    """An aware time as microseconds since 1970 in UTC, so that both databases give back exactly what they got."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To microseconds. Raises `ValueError` for a naive time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return (value - _EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Back to an aware time in UTC."""
        return None if value is None else _EPOCH + timedelta(microseconds=int(value))


def id_column() -> sa.Column[int]:
    """The number of a row, given by the database."""
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(), primary_key=True)


def place_columns(*, channel: bool = True) -> list[sa.Column[Any]]:
    """Where something is: platform, community and, unless it holds for all of them, the channel."""
    names = ("platform", "community", "channel") if channel else ("platform", "community")
    return [sa.Column(name, sa.Text, nullable=False) for name in names]
