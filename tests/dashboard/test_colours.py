"""Colours that must be told apart are, by every eye and in light and dark; text stands out from whatever is behind it."""

import itertools
import json
import re
from pathlib import Path

import pytest

from dashboard import charts, floor_charts, markup, neighbour_charts, theme
from tests.colours import EYES, RGB, contrast, difference, of, over

OPTIONS = theme.options()
THEMES = ("light", "dark")
PLAIN, SEEN, READ = 14.0, 3.0, 4.5
"""CIELAB between things that mean something else; WCAG contrast of shapes, and of text."""
FAINT = float(markup.FAINT.removeprefix("opacity:"))
GLYPH = 0.6
"""Opacity of the marks that stand for white space: shapes rather than words."""
CAPTION = 0.6
"""Streamlit's own opacity of captions."""
PAINT = Path(charts.__file__).parent / "browser" / "map_paint.js"
SIDES: dict[str, RGB] = {"a": charts.A_RGB, "b": charts.B_RGB, "grey": charts.GREY_RGB}


def background(name: str) -> RGB:
    return of(OPTIONS[f"theme.{name}.backgroundColor"])


def ink(name: str) -> RGB:
    return of(OPTIONS[f"theme.{name}.textColor"])


def shade(side: str, strength: float, name: str) -> RGB:
    """A shade as it lies on a theme's background."""
    *rgb, alpha = (float(part) for part in re.findall(r"[\d.]+", markup.shade(side, strength)))
    return over(rgb, alpha, background(name))


def hues() -> list[RGB]:
    """The colours of clusters, as the browser code has them."""
    found = re.search(r"const HUES = (\[\[.*\]\]);", PAINT.read_text(encoding="utf-8"))
    assert found is not None
    return [(red, green, blue) for red, green, blue in json.loads(found[1])]


@pytest.mark.parametrize("eyes", EYES)
def test_a_b_both_and_chance_are_told_apart(eyes: str) -> None:
    colours = [of(charts.A), of(charts.B), of(charts.BOTH), of(charts.GREY)]
    for one, two in itertools.combinations(colours, 2):
        assert difference(one, two, eyes) >= PLAIN


@pytest.mark.parametrize("eyes", EYES)
def test_clusters_are_told_apart_and_from_what_is_in_none(eyes: str) -> None:
    for one, two in itertools.combinations([*hues(), charts.GREY_RGB], 2):
        assert difference(one, two, eyes) >= PLAIN, (one, two)


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("eyes", EYES)
def test_a_strip_s_bands_differ_at_every_strength(eyes: str, name: str) -> None:
    for step in range(1, 11):
        a, b = (shade(side, step / 10, name) for side in "ab")
        assert difference(a, b, eyes) >= 10
        assert difference(a, background(name), eyes) >= 6
        assert difference(b, background(name), eyes) >= 6


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("side", SIDES)
def test_a_stronger_shade_stands_out_more(side: str, name: str) -> None:
    steps = [contrast(shade(side, step / 10, name), background(name)) for step in range(11)]
    assert steps == sorted(steps)
    for eyes in EYES:
        weak, strong = (shade(side, strength, name) for strength in (0.0, 1.0))
        assert difference(weak, strong, eyes) >= 20


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("side", SIDES)
def test_text_can_be_read_on_every_shade(side: str, name: str) -> None:
    for step in range(11):
        behind = shade(side, step / 10, name)
        assert contrast(ink(name), behind) >= READ
        assert contrast(over(ink(name), GLYPH, behind), behind) >= SEEN


def test_marks_are_as_faint_as_these_tests_think() -> None:
    assert f"opacity:{GLYPH:g}".replace("0.", ".") in markup.token(" the")


@pytest.mark.parametrize("name", THEMES)
def test_faint_text_links_and_chosen_buttons_can_be_read(name: str) -> None:
    second = of(OPTIONS[f"theme.{name}.secondaryBackgroundColor"])
    for behind in (background(name), second, shade("a", 0.06, name), shade("b", 0.06, name)):
        assert contrast(over(ink(name), FAINT, behind), behind) >= READ
        assert contrast(of(OPTIONS[f"theme.{name}.linkColor"]), behind) >= READ
    assert contrast(over(ink(name), CAPTION, background(name)), background(name)) >= READ
    primary = of(OPTIONS[f"theme.{name}.primaryColor"])
    assert contrast(primary, over(primary, 0.1, background(name))) >= READ


@pytest.mark.parametrize("name", THEMES)
def test_what_is_drawn_in_charts_is_seen(name: str) -> None:
    lines = [colour for colours, _ in floor_charts.ROLE_LINES.values() for colour in colours]
    for colour in (charts.A, charts.B, charts.BOTH, charts.GREY, *lines):
        assert contrast(of(colour), background(name)) >= SEEN, colour


def test_lines_of_one_picture_differ_in_colour_or_in_dashes() -> None:
    lines = [
        (of(colour), tuple(dash))
        for colours, dashes in floor_charts.ROLE_LINES.values()
        for colour, dash in zip(colours, dashes, strict=True)
    ]
    for (one, dash), (two, other) in itertools.combinations(lines, 2):
        assert dash != other or min(difference(one, two, eyes) for eyes in EYES) >= PLAIN
    light, strong = of(neighbour_charts.LIGHT), of(charts.A)
    assert min(difference(light, strong, eyes) for eyes in EYES) >= PLAIN


def test_the_simulation_takes_away_what_it_says() -> None:
    red, green = (200.0, 60.0, 60.0), (100.0, 130.0, 50.0)
    assert difference(red, green) > 60
    assert difference(red, green, "protanopia") < 30
    assert difference(red, green, "deuteranopia") < 30
    assert difference((0, 0, 255), (0, 110, 90), "tritanopia") < difference((0, 0, 255), (0, 110, 90)) / 2
    for eyes in EYES:
        assert difference((255, 255, 255), (255, 255, 255), eyes) == 0
        assert round(difference((0, 0, 0), (255, 255, 255), eyes)) == 100
