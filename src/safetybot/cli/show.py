"""How the command line shows things: consoles, tables, labels. No decisions."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from safetybot.model import Assessment, Concern, Decision, Hit, concern_label

COLOURS = {
    None: "dim",
    Concern.MENTION: "cyan",
    Concern.SUPPLY: "yellow",
    Concern.DIY: "magenta",
    Concern.ADVERSE: "red",
}


def console() -> Console:
    """The console for answers; plain when piped, never wider than the terminal."""
    return Console(highlight=False)


def errors(lines: Iterable[str]) -> None:
    """Tell what is wrong, on the error stream."""
    out = Console(stderr=True, highlight=False)
    for line in lines:
        out.print(escape(line), style="red", soft_wrap=True)


def label(concern: Concern | None) -> Text:
    """A concern by its name, in its colour."""
    return Text(concern_label(concern), style=COLOURS[concern])


def underlined(text: str, hits: Sequence[Hit]) -> Text:
    """`text` with every hit underlined in place; control characters made visible so that nothing moves the cursor."""
    shown = Text("".join(c if c == "\n" or c.isprintable() else "�" for c in text))
    for hit in hits:
        shown.stylize("bold underline", hit.span.start, hit.span.end)
    return shown


def table(title: str, *columns: str, right: Sequence[int] = ()) -> Table:
    """An empty table in the house style; `right` lists the columns of numbers."""
    made = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        made.add_column(column, justify="right" if number in right else "left", overflow="fold")
    return made


def why(decision: Decision | None, assessment: Assessment) -> str:
    """One line: why the bot spoke or stayed silent."""
    if assessment.concern is None:
        return "nothing of concern"
    reasons = "; ".join(decision.reasons) if decision else ""
    rule = assessment.rules[0].says if assessment.rules else ""
    return f"{reasons}. {rule}".strip()


def is_terminal() -> bool:
    """Whether a person sits at both ends."""
    return sys.stdin.isatty() and sys.stdout.isatty()
