"""Every variant has one look, wherever it is shown."""

import itertools

import pytest

from newsimages.reports.figures.variants import VARIANT_COLOURS, revised_pairs, variant_styles


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_papers_variants_keep_their_colours_among_any_others() -> None:
    names = ["mine", *reversed(VARIANT_COLOURS)]
    styles = variant_styles(names)
    assert list(styles) == names
    assert {name: styles[name].colour for name in VARIANT_COLOURS} == dict(VARIANT_COLOURS)
    assert styles["mine"].colour not in VARIANT_COLOURS.values()


def test_twenty_variants_are_told_apart() -> None:
    names = [*VARIANT_COLOURS, *(f"other{n}" for n in range(8)), *(f"o{n}_ds" for n in range(7))]
    looks = {(s.colour, s.marker, s.dash) for s in variant_styles(names).values()}
    assert len(looks) == len(names) == 20
    first = [style.colour for style in list(variant_styles(names).values())[:9]]
    assert len(set(first)) == 9


def test_revised_ones_are_dashed() -> None:
    styles = variant_styles(VARIANT_COLOURS)
    assert {name: style.dash for name, style in styles.items()} == {
        "clip": "-",
        "clip_ds": "--",
        "txv": "-",
        "txv_ds": "--",
        "txv_text_ds": "--",
    }


@pytest.mark.parametrize("name", [*VARIANT_COLOURS, "a", "b"])
def test_ink_is_read_on_the_colour(name: str) -> None:
    style = variant_styles([name])[name]
    assert contrast(style.colour, style.ink) >= 4.5


def test_colours_differ_in_lightness_within_each_pair() -> None:
    for before, after in revised_pairs(VARIANT_COLOURS):
        assert contrast(VARIANT_COLOURS[before], VARIANT_COLOURS[after]) > 1.5
    for one, other in itertools.combinations(VARIANT_COLOURS.values(), 2):
        assert one != other


def test_pairs() -> None:
    assert revised_pairs(["a_ds", "b", "a", "c_ds"]) == [("a", "a_ds")]
    assert revised_pairs([]) == []
