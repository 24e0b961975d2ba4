"""An image file in, a PNG of 460 × 260 pixels out: cropped and scaled, never stretched."""

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from newsimages.encoding.images import UnreadableImageError, open_image
from newsimages.reports.handing_in.colours import ColourProfileError, in_srgb
from newsimages.reports.handing_in.crop import HEIGHT, WIDTH, crop

Heat = NDArray[np.floating]
_AT_LEAST = 2 * WIDTH  # pixels that both sides of a large JPEG keep when it is read


class Made(NamedTuple):
    """A picture that was made, or not."""

    content: bytes | None
    """The PNG file; None where the image cannot be read."""
    notice: str
    """Why it cannot be, or what is odd with it; "" for nothing."""


def make_picture(path: Path, heat: Heat | None = None) -> Made:
    """A PNG in sRGB without metadata, upright and over white, cropped where the heat is most."""
    try:
        seen = open_image(path, at_least=_AT_LEAST)
    except UnreadableImageError as error:
        return Made(None, str(error))
    try:
        picture, notice = in_srgb(seen, path), ""
    except ColourProfileError as error:
        picture, notice = seen, str(error)
    size = (WIDTH, HEIGHT)
    part = crop(picture.size, heat)
    picture = picture.resize(size, Image.Resampling.LANCZOS, box=part, reducing_gap=3.0)
    picture.info.clear()
    file = io.BytesIO()
    picture.save(file, "PNG")
    return Made(file.getvalue(), notice)
