"""A picture as decoded in, the picture as people see it out: upright, over white, in 8-bit RGB.

What a phone wrote sideways is turned, what is transparent shows a white page, and greys of more
than 8 bits are brought to 8.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What turns a picture upright, by its EXIF orientation."""
WHITES = tuple(float(2**bits - 1) for bits in (1, 8, 10, 12, 14, 16, 24, 31, 32))
"""The greatest values of the depths in which greys are written."""
_BAND = 250_000  # pixels that are converted at a time, so that what lies between stays small

Box = tuple[int, int, int, int]


class Greys(NamedTuple):
    """How values of more than 8 bits become greys."""

    black: float
    white: float
    is_unsigned: bool  # 32-bit values of which Pillow takes the greater half for negative ones
    transparent: int | None  # the value that is white

    def shown(self, band: Image.Image) -> Image.Image:
        """A part of the picture in 8 bits."""
        values = _values(band, is_unsigned=self.is_unsigned)
        share = (np.nan_to_num(values, nan=self.black) - self.black) / (self.white - self.black)
        grey = (255 * share.clip(0, 1)).round().astype(np.uint8)
        if self.transparent is not None:
            grey[values == self.transparent] = 255
        return Image.fromarray(grey).convert("RGB")


def as_seen(image: Image.Image) -> Image.Image:
    """The picture, or the frame of an animation, as people see it.

    One that is upright, opaque and RGB is returned as it is. Values of more than 8 bits are greys
    from 0 to the smallest of the `WHITES` that holds them all, or, where they fill less than a
    quarter of that or some are negative, from the least to the greatest.
    """
    image.load()
    turn = turn_of(image)
    upright = image if turn is None else image.transpose(turn)
    if is_plain(upright):
        return upright
    if image.format == "BMP" and upright.mode == "RGBA" and not upright.getchannel("A").getbbox():
        upright = upright.convert("RGB")  # its fourth bytes are no alpha but zeros
    shown = _greys(image, upright).shown if is_deep(image) else _over_white
    seen = Image.new("RGB", upright.size)
    for box, band in _bands(upright):
        seen.paste(shown(band), box)
    return seen


def turn_of(image: Image.Image) -> Image.Transpose | None:
    """What turns the picture upright; None where it is, or where Pillow turned it (TIFF)."""
    if "exif" in image.info:
        with suppress(Exception):  # damaged metadata, for which the reader has many an error
            return TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    return None


def is_plain(image: Image.Image) -> bool:
    """Whether the picture is RGB without transparency."""
    return image.mode == "RGB" and "transparency" not in image.info


def is_deep(image: Image.Image) -> bool:
    """Whether the picture is grey with more than 8 bits."""
    return image.mode == "F" or image.mode.startswith("I")


def contrast(seen: Image.Image) -> int:
    """Levels between the darkest and the brightest pixel, in the channel where that is most."""
    extrema = np.array([band.getextrema() for _, band in _bands(seen)])  # (bands, channels, 2)
    return int((extrema[..., 1].max(axis=0) - extrema[..., 0].min(axis=0)).max())


def _over_white(band: Image.Image) -> Image.Image:
    if not band.has_transparency_data:
        return band.convert("RGB")
    ground = Image.new("RGBA", band.size, "white")
    return Image.alpha_composite(ground, band.convert("RGBA")).convert("RGB")


def _greys(image: Image.Image, upright: Image.Image) -> Greys:
    """What is black and what is white in a picture of more than 8 bits."""
    tags = getattr(image, "tag_v2", {})
    is_unsigned = image.mode == "I" and tags.get(ExifTags.Base.SampleFormat) in (1, (1,))
    lowest, highest = 0.0, 0.0
    for _, band in _bands(upright):
        values = _values(band, is_unsigned=is_unsigned)
        values = values[np.isfinite(values)]
        lowest = min(lowest, float(values.min(initial=0)))
        highest = max(highest, float(values.max(initial=0)))
    white = next((white for white in WHITES if white >= highest), highest)
    if lowest < 0 or highest < white / 4:
        white = highest if highest > lowest else lowest + 1
    return Greys(lowest, white, is_unsigned, image.info.get("transparency"))


def _values(band: Image.Image, *, is_unsigned: bool) -> NDArray[np.float64]:
    values = np.asarray(band)
    return (values.view(np.uint32) if is_unsigned else values).astype(np.float64)


def _bands(image: Image.Image) -> Iterator[tuple[Box, Image.Image]]:
    """The picture in parts of whole rows, each with its place."""
    n_rows = max(1, _BAND // image.width)
    for top in range(0, image.height, n_rows):
        box = (0, top, image.width, min(top + n_rows, image.height))
        yield box, image.crop(box)
