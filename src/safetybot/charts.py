"""Charts as SVG or PNG, drawn without a screen: counts by concern over time, and ranked names.

Lives here: how a chart looks, in light and dark. Does not live here: what is counted (`communities/figures.py`), where
a chart is shown (`web/`, the chat platforms). matplotlib is imported when the first chart is drawn: it takes half a
second, and a bot that draws nothing need not have it.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

from safetybot.model import Concern

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Form = Literal["svg", "png"]
Theme = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class Paint:
    """The colours of a theme. Concerns differ in lightness too, so that they are told apart without hues."""

    paper: str
    ink: str
    faint: str
    concerns: Mapping[Concern, str]


PAINT: Mapping[Theme, Paint] = {
    "light": Paint(
        "#ffffff", "#33404d", "#d7dde3",
        {Concern.MENTION: "#9ec9e8", Concern.SUPPLY: "#d98e04", Concern.DIY: "#8554c2", Concern.ADVERSE: "#a8123e"},
    ),
    "dark": Paint(
        "#1b222b", "#d5dde6", "#3a4653",
        {Concern.MENTION: "#3f7fa8", Concern.SUPPLY: "#f2c14e", Concern.DIY: "#b795e4", Concern.ADVERSE: "#e5484d"},
    ),
}  # fmt: skip


class ChartsMissing(Exception):
    """There is nothing to draw with."""

    def __init__(self) -> None:
        """Say what to install."""
        super().__init__("charts need one more package: pip install 'safetybot[web]'")


Counts = Mapping[Concern, int]


def over_time(
    rows: Sequence[tuple[str, Counts]],
    title: str,
    *,
    form: Form = "svg",
    theme: Theme = "light",
    width: float = 8.0,
    names: Mapping[Concern, str] | None = None,
) -> bytes:
    """Stacked columns by concern, one for each name (days or hours) in the order given.

    Args:
        rows: Names and counts.
        title: What it shows; also the image's title for screen readers.
        form: SVG or PNG.
        theme: Light or dark.
        width: In inches of 100 pixels; the height stays, and so does the size of the text.
        names: Of concerns, for the legend; their labels where there are none.

    Raises:
        ChartsMissing: matplotlib is not installed.
    """
    return _draw(_columns, rows, title, (width, 3.0), form, theme, names)


def ranked(
    rows: Sequence[tuple[str, Counts]],
    title: str,
    *,
    form: Form = "svg",
    theme: Theme = "light",
    width: float = 8.0,
    names: Mapping[Concern, str] | None = None,
) -> bytes:
    """Stacked bars by concern, the first name on top. Arguments and errors as `over_time`."""
    return _draw(_bars, rows, title, (width, 0.9 + 0.36 * max(1, len(rows))), form, theme, names)


_LEGEND, _LETTERS = 7, 11
"""Letters for which a name in the legend needs room besides its own, and letters to an inch."""
_LOCK = Lock()
"""matplotlib's fonts and settings are shared by all threads, and not made for several at once."""
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: smaller, and in the reader's fonts
    "svg.hashsalt": "safetybot",  # the same numbers make the same file
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10.0,
    "text.parse_math": False,  # a name with two dollar signs is a name
}


def _draw(
    paint_rows: _Drawer,
    rows: Sequence[tuple[str, Counts]],
    title: str,
    size: tuple[float, float],
    form: Form,
    theme: Theme,
    names: Mapping[Concern, str] | None,
) -> bytes:
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise ChartsMissing from error
    paint = PAINT[theme]
    out = io.BytesIO()
    with _LOCK, mpl.rc_context(_SETTINGS):
        figure = Figure(figsize=size, dpi=100, facecolor=paint.paper, layout="constrained")
        axes = figure.subplots()
        paint_rows(figure, axes, [(_plain(name), counts) for name, counts in rows], paint)
        present = {concern for _, counts in rows for concern, n in counts.items() if n}
        legend = {one: (names or {}).get(one, one.label) for one in reversed(Concern) if one in present}
        _dress(figure, axes, paint, title, legend)
        # No date and no program's name: a chart says nothing about when and by what it was drawn.
        about = {"Title": title, "Date": None, "Creator": None} if form == "svg" else {"Title": title, "Software": None}
        figure.savefig(out, format=form, metadata=about)
    return out.getvalue()


def _columns(figure: Figure, axes: Axes, rows: Sequence[tuple[str, Counts]], paint: Paint) -> None:
    places = range(len(rows))
    below = [0] * len(rows)
    for concern in Concern:
        values = [counts.get(concern, 0) for _, counts in rows]
        axes.bar(places, values, bottom=below, color=paint.concerns[concern], width=0.8)
        below = [one + more for one, more in zip(below, values, strict=True)]
    room = int(1 + figure.get_figwidth())
    every = max(1, -(-len(rows) // room))
    shown = [place for place in places if (len(rows) - 1 - place) % every == 0]
    axes.set_xticks(shown, [rows[place][0] for place in shown])
    axes.set_xlim(-0.6, len(rows) - 0.4)
    _count_axis(axes, "y", max(below, default=0), paint)


def _bars(_: Figure, axes: Axes, rows: Sequence[tuple[str, Counts]], paint: Paint) -> None:
    places = range(len(rows))
    left = [0] * len(rows)
    for concern in Concern:
        values = [counts.get(concern, 0) for _, counts in rows]
        axes.barh(places, values, left=left, color=paint.concerns[concern], height=0.7)
        left = [one + more for one, more in zip(left, values, strict=True)]
    axes.set_yticks(list(places), [name for name, _ in rows])
    axes.invert_yaxis()
    _count_axis(axes, "x", max(left, default=0), paint)


def _count_axis(axes: Axes, which: Literal["x", "y"], most: int, paint: Paint) -> None:
    from matplotlib.ticker import MaxNLocator

    axis = axes.yaxis if which == "y" else axes.xaxis
    axis.set_major_locator(MaxNLocator(nbins=5, integer=True, min_n_ticks=1))
    (axes.set_ylim if which == "y" else axes.set_xlim)(0, max(1, most) * 1.05)
    axes.grid(visible=True, axis=which, color=paint.faint, linewidth=0.8)
    axes.set_axisbelow(True)


def _dress(figure: Figure, axes: Axes, paint: Paint, title: str, legend: Mapping[Concern, str]) -> None:
    from matplotlib.patches import Patch

    axes.set_facecolor(paint.paper)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(colors=paint.ink, length=0)
    if _drawable(title):
        axes.set_title(title, loc="left", color=paint.ink, fontsize=11, fontweight="bold")
    handles = [Patch(color=paint.concerns[one], label=name) for one, name in legend.items()]
    if handles:
        figure.legend(
            handles=handles,
            loc="outside lower left",
            ncols=_abreast([*legend.values()], _LETTERS * figure.get_figwidth()),
            frameon=False,
            labelcolor=paint.ink,
        )


def _abreast(names: Sequence[str], room: float) -> int:
    """How many names of a legend stand beside each other in `room` letters; columns are filled one after the other."""
    for count in (4, 2):
        rows = -(-len(names) // count)
        columns = [names[start : start + rows] for start in range(0, len(names), rows)]
        if sum(_LEGEND + max(map(len, column)) for column in columns) < room:
            return count
    return 1


def _drawable(title: str) -> bool:
    """Whether the font has all letters; where it has not, the title stands in the file's own title alone."""
    return all(map(_in_font, title))


def _in_font(char: str) -> bool:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return bool(get_font(findfont(FontProperties())).get_char_index(ord(char)))


def _plain(name: str) -> str:
    """A name cut to fit beside an axis, without what would move the cursor or is missing from the font's metrics."""
    kept = "".join(char if char.isprintable() and (char.isascii() or _in_font(char)) else "?" for char in name[:29])
    return kept if len(kept) <= 28 else kept[:27] + "…"


if TYPE_CHECKING:
    from collections.abc import Callable

    _Drawer = Callable[[Figure, Axes, Sequence[tuple[str, Counts]], Paint], None]
