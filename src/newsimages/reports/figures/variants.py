"""Names of variants in, the look of each in figures and contact sheets out.

A variant looks the same wherever it is shown, and no two variants of a figure have one colour.
Colour is never the only cue.

The first five colours are those of Okabe and Ito, "Color Universal Design" (2008), which people
with any colour vision tell apart, but for yellow, which is lost on white. Each further one is, of
all that can be seen on white and on a dark page, the one farthest from those before it in Oklab
(Ottosson, "A perceptual color space for image processing", 2020).
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

REVISED = "_ds"  # ends the name of a variant that is another one revised by dual softmax

VARIANTS = (
    *("clip", "clip_ds", "txv", "txv_ds", "txv_text_ds"),
    *("clip_batch", "clip_bank", "txv_batch", "txv_bank", "mix_batch", "mix_bank"),
    *("multilingual_batch", "multilingual_bank", "languages_batch", "languages_bank"),
    *("all_batch", "all_bank", "captions_batch", "captions_bank"),
)
"""The variants that have a colour of their own, whichever others are shown; a test holds them
against the table of runs."""

OKABE_ITO = ("#0072B2", "#56B4E9", "#D55E00", "#E69F00", "#009E73")
"""Blue, sky, vermilion, orange, green: the revised variant of a pair is lighter."""

PAPERS = (1.0, 0.0086)
"""Relative luminance of white and of a dark page."""
LEAST_CONTRAST = 2.0  # of a colour on both
MOST_CHROMA = 0.2  # in Oklab; what has more glares
STEP = 17  # of a channel between candidates

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ("-", "--", "-.", ":")


@dataclass(frozen=True, kw_only=True)
class VariantStyle:
    """The look of one variant."""

    colour: str  # #RRGGBB
    ink: str  # black or white, whichever has more contrast on the colour
    marker: str  # as matplotlib names it
    dash: str  # as matplotlib names it; solid unless revised or the markers repeat


def variant_styles(variants: Collection[str]) -> dict[str, VariantStyle]:
    """The looks of variants, in the order given.

    Those that are not among `VARIANTS` take the colours behind them, by their names, so their looks
    rest on which others are there, and not on their order.
    """
    others = sorted(set(variants) - set(VARIANTS))
    places = {name: place for place, name in enumerate((*VARIANTS, *others))}
    colours = _colours(len(places))
    styles = {}
    for variant in variants:
        place = places[variant]
        lap = place // len(MARKERS)
        styles[variant] = VariantStyle(
            colour=colours[place],
            ink=_ink(colours[place]),
            marker=MARKERS[place % len(MARKERS)],
            dash=DASHES[(variant.endswith(REVISED) + 2 * lap) % len(DASHES)],
        )
    return styles


def revised_pairs(variants: Collection[str]) -> list[tuple[str, str]]:
    """(X, X_ds) for every variant X of which both are there, in the order given."""
    return [(name, name + REVISED) for name in variants if name + REVISED in variants]


@cache
def _colours(n: int) -> tuple[str, ...]:
    """The first ``n`` colours, `OKABE_ITO` first; n is at most some 1,700."""
    levels = np.arange(0, 256, STEP)
    rgb = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3)
    contrasts = [_contrast(_luminance(rgb), paper) for paper in PAPERS]
    lab = _oklab(rgb)
    is_seen = np.min(contrasts, axis=0) >= LEAST_CONTRAST
    is_seen &= np.hypot(lab[:, 1], lab[:, 2]) <= MOST_CHROMA
    rgb, lab = rgb[is_seen], lab[is_seen]
    colours = list(OKABE_ITO)
    first = _oklab(np.array([_channels(colour) for colour in colours]))
    nearest = np.linalg.norm(lab[:, None] - first, axis=2).min(axis=1)  # to any colour so far
    while len(colours) < n:
        farthest = int(nearest.argmax())
        colours.append("#{:02X}{:02X}{:02X}".format(*rgb[farthest]))
        nearest = np.minimum(nearest, np.linalg.norm(lab - lab[farthest], axis=1))
    return tuple(colours[:n])


def _channels(colour: str) -> list[int]:
    return [int(colour[start : start + 2], 16) for start in (1, 3, 5)]


def _linear(rgb: NDArray[np.int64]) -> NDArray[np.float64]:
    """SRGB channels from 0 to 255 as light from 0 to 1."""
    c = rgb / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def _luminance(rgb: NDArray[np.int64]) -> NDArray[np.float64]:
    """Relative luminance (WCAG 2.2) of (…, 3) sRGB channels."""
    luminance: NDArray[np.float64] = _linear(rgb) @ [0.2126, 0.7152, 0.0722]
    return luminance


def _contrast(luminance: NDArray[np.float64], paper: float) -> NDArray[np.float64]:
    """The contrast ratio of WCAG 2.2, from 1 to 21."""
    return np.maximum(luminance + 0.05, paper + 0.05) / np.minimum(luminance + 0.05, paper + 0.05)


def _ink(colour: str) -> str:
    """Black or white by the contrast ratio."""
    luminance = _luminance(np.array(_channels(colour)))
    return "#FFFFFF" if _contrast(luminance, 1) > _contrast(luminance, 0) else "#000000"


def _oklab(rgb: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n, 3) lightness and two axes of colour of (n, 3) sRGB channels."""
    to_cones = [
        [0.4122214708, 0.2119034982, 0.0883024619],
        [0.5363325363, 0.6806995451, 0.2817188376],
        [0.0514459929, 0.1073969566, 0.6299787005],
    ]
    to_lab = [
        [0.2104542553, 1.9779984951, 0.0259040371],
        [0.7936177850, -2.4285922050, 0.7827717662],
        [-0.0040720468, 0.4505937099, -0.8086757660],
    ]
    lab: NDArray[np.float64] = np.cbrt(_linear(rgb) @ to_cones) @ to_lab
    return lab
