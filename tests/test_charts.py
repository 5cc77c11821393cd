"""Charts: what is in them, both forms, both themes, from several threads at once."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from safetybot.charts import PAINT, Form, Theme, over_time, ranked
from safetybot.model import Concern

DAYS = [(f"2026-03-{day:02}", {Concern.DIY: day % 4, Concern.ADVERSE: day % 2}) for day in range(1, 31)]


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read_and_neighbouring_concerns_told_apart(theme: Theme) -> None:
    paint = PAINT[theme]
    assert _contrast(paint.ink, paint.paper) >= 4.5
    colours = [paint.concerns[concern] for concern in Concern]
    assert all(_contrast(one, other) >= 1.3 for one, other in pairwise(colours))


def test_an_svg_is_well_formed_and_holds_title_axis_and_the_concerns_that_there_are() -> None:
    made = over_time(DAYS, "Concerns by day").decode()
    ElementTree.fromstring(made)  # noqa: S314  # our own
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", made)
    assert {"Concerns by day", "2026-03-30", "adverse", "diy"} <= set(texts)
    assert "supply" not in texts
    assert "<script" not in made
    assert "http://" not in re.sub(r'xmlns(:\w+)?="[^"]*"|<metadata>.*?</metadata>|<!DOCTYPE.*?>', "", made, flags=re.S)


def test_the_same_numbers_make_the_same_file() -> None:
    assert over_time(DAYS, "x") == over_time(DAYS, "x")


@pytest.mark.parametrize(("form", "begins"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_forms_come_in_both_themes(form: Form, begins: bytes, theme: Theme) -> None:
    assert ranked(DAYS[:5], "x", form=form, theme=theme).startswith(begins)


def test_nothing_at_all_is_drawn_as_an_empty_chart() -> None:
    assert ranked([], "none").startswith(b"<?xml")
    assert over_time([], "none").startswith(b"<?xml")


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "$x$ $y$", "频道", "a\nb\x00c", "😀" * 60])
def test_any_name_can_stand_beside_an_axis(name: str) -> None:
    made = ranked([(name, {Concern.DIY: 1})], name.replace("\x00", "")).decode()
    assert "<script" not in made


def test_several_threads_may_draw_at_once() -> None:
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _: over_time(DAYS, "x"), range(8)))
    assert len(set(made)) == 1


def test_the_legend_has_the_names_that_are_given_and_room_for_them() -> None:
    rows = [("1", dict.fromkeys(Concern, 1))]
    names = dict(zip(Concern, ("Erwähnung", "Angebot und Suche", "Selbst gemacht", "Beschwerden"), strict=True))
    for width in (3.6, 6.0, 12.0):
        made = over_time(rows, "x", width=width, names=names).decode()
        found = re.findall(r'<text style="font-size: (\d+)px[^"]*" x="([\d.]+)"[^>]*>([^<]*)</text>', made)
        ends = {text: float(left) + 0.65 * float(size) * len(text) for size, left, text in found}
        assert set(names.values()) <= set(ends)
        assert max(ends.values()) <= width * 72, "in points"
    own = over_time(rows, "x", names={Concern.DIY: "own"}).decode()
    assert ">own<" in own
    assert ">supply<" in own, "without a name a concern has its label"


def test_letters_that_the_font_has_are_kept() -> None:
    names = ("español", "русский", "中文\u202e")
    made = ranked([(name, {Concern.DIY: 1}) for name in names], "x").decode()
    assert {"español", "русский", "???"} <= set(re.findall(r"<text[^>]*>([^<]*)</text>", made))
