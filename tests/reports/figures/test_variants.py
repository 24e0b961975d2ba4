"""Every variant has one look, wherever it is shown."""

import itertools
import math

import pytest

from newsimages.reports.figures.variants import (
    OKABE_ITO,
    VARIANTS,
    revised_pairs,
    variant_styles,
)
from newsimages.runs.table import RUNS

PAPERS = VARIANTS[:5]
ALL = [*VARIANTS, "mine", "mine_ds", "b", "a"]
WHITE, DARK = "#FFFFFF", "#161615"  # the sheet's dark page


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_every_run_has_a_colour_of_its_own() -> None:
    assert tuple(run.variant for run in RUNS) == VARIANTS


def test_a_variant_looks_the_same_among_any_others_in_any_order() -> None:
    everything = variant_styles(ALL)
    assert [everything[name].colour for name in PAPERS] == list(OKABE_ITO)
    for names in (["all_bank"], ["mix_batch", "clip"], [*reversed(VARIANTS)]):
        assert variant_styles(names) == {name: everything[name] for name in names}
    assert list(variant_styles(ALL[::-1])) == ALL[::-1]
    assert variant_styles(ALL[::-1]) == everything


@pytest.mark.parametrize("n_others", [0, 1, 60])
def test_no_two_have_one_colour_and_all_are_seen_on_light_and_dark(n_others: int) -> None:
    names = [*VARIANTS, *(f"other{n}" for n in range(n_others))]
    colours = [style.colour for style in variant_styles(names).values()]
    assert len(set(colours)) == len(names)
    for colour in colours:
        assert min(contrast(colour, WHITE), contrast(colour, DARK)) >= 1.99
    if not n_others:  # and are told apart at a glance, not only side by side, which takes 2 to 3
        assert min(itertools.starmap(apart, itertools.combinations(colours, 2))) > 20


def apart(one: str, other: str) -> float:
    """The distance of two colours in CIE L*a*b*, CIE76."""
    labs = []
    for colour in (one, other):
        channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505
        y = 0.2126 * r + 0.7152 * g + 0.0722 * b
        z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089
        fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
        labs.append((116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)))
    return math.dist(*labs)


def test_no_two_of_sixteen_share_marker_and_dash() -> None:
    looks = {(style.marker, style.dash) for style in variant_styles(VARIANTS[:16]).values()}
    assert len(looks) == 16


def test_revised_ones_are_dashed() -> None:
    styles = variant_styles(PAPERS)
    assert {name: style.dash for name, style in styles.items()} == {
        "clip": "-",
        "clip_ds": "--",
        "txv": "-",
        "txv_ds": "--",
        "txv_text_ds": "--",
    }


@pytest.mark.parametrize("name", ALL)
def test_ink_is_read_on_the_colour(name: str) -> None:
    style = variant_styles(ALL)[name]
    assert contrast(style.colour, style.ink) >= 4.5


def test_colours_differ_in_lightness_within_each_pair() -> None:
    styles = variant_styles(PAPERS)
    for before, after in revised_pairs(PAPERS):
        assert contrast(styles[before].colour, styles[after].colour) > 1.5


def test_pairs() -> None:
    assert revised_pairs(["a_ds", "b", "a", "c_ds"]) == [("a", "a_ds")]
    assert revised_pairs([]) == []
