"""Names of variants in, the look of each in figures and contact sheets out.

Colour is never the only cue. The colours are those of Okabe and Ito, "Color Universal Design"
(2008), which people with any colour vision tell apart, but for yellow, which is lost on white.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

REVISED = "_ds"  # ends the name of a variant that is another one revised by dual softmax

VARIANT_COLOURS: Mapping[str, str] = {
    "clip": "#0072B2",  # blue
    "clip_ds": "#56B4E9",  # sky
    "txv": "#D55E00",  # vermilion
    "txv_ds": "#E69F00",  # orange
    "txv_text_ds": "#009E73",  # green
}
"""Colours of the paper's variants; the revised variant of a pair is lighter."""

OTHER_COLOURS = ("#CC79A7", "#7A7A7A", "#8C6BB1", "#A6761D", *VARIANT_COLOURS.values())
"""Colours of all other variants, in turn."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ("-", "--", "-.", ":")


@dataclass(frozen=True, kw_only=True)
class VariantStyle:
    """The look of one variant."""

    colour: str  # #RRGGBB
    ink: str  # black or white, whichever has more contrast on the colour
    marker: str  # as matplotlib names it
    dash: str  # as matplotlib names it; solid unless revised or the colours repeat


def variant_styles(variants: Collection[str]) -> dict[str, VariantStyle]:
    """The looks of variants.

    Those that are not among `VARIANT_COLOURS` are styled by their order, so give the same ones in
    the same order to have them look alike. No two of 20 variants are alike.
    """
    styles: dict[str, VariantStyle] = {}
    n_others = 0
    for place, variant in enumerate(variants):
        lap, colour = 0, VARIANT_COLOURS.get(variant)
        if colour is None:
            lap, within = divmod(n_others, len(OTHER_COLOURS))
            colour = OTHER_COLOURS[within]
            n_others += 1
        styles[variant] = VariantStyle(
            colour=colour,
            ink=_ink(colour),
            marker=MARKERS[(place + lap) % len(MARKERS)],
            dash=DASHES[(variant.endswith(REVISED) + 2 * lap) % len(DASHES)],
        )
    return styles


def revised_pairs(variants: Collection[str]) -> list[tuple[str, str]]:
    """(X, X_ds) for every variant X of which both are there, in the order given."""
    return [(name, name + REVISED) for name in variants if name + REVISED in variants]


def _ink(colour: str) -> str:
    """Black or white by the contrast ratio of WCAG 2.2 (relative luminance of sRGB)."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#FFFFFF" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 else "#000000"
