"""CSV as spreadsheets may safely open it (RFC 4180; formulas defused as OWASP's page on CSV injection says)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_line(cells: Iterable[str]) -> str:
    """One line of CSV with its end."""
    out = io.StringIO()
    # RFC 4180's line ends; with them the writer also quotes a lone carriage return, which else begins a row.
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()


def cell(value: object) -> str:
    """A cell's text; one that a spreadsheet would take for a formula is led by an apostrophe."""
    text = "; ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
