"""A picture in, a vector that its copies share out: whether two files show the same picture.

A copy that was saved again (as JPEG of quality 60 to 95, as WebP, at half its size) has other bytes
and another CLIP vector. Its miniature is nearly the same. Measured, with each file decoded as the
encoder decodes it:

| | copies at or above `SAME` | pairs of different pictures at or above it |
|---|---|---|
| demo corpus | 5,999 of 6,000 (least: .9968) | 0 of 33,895,261 (greatest: .9962) |
| 100 photographs (Flickr8k) | 600 of 600 (least: .9983) | 0 of 4,950 (greatest: .897) |

A cosine of .9999 between vectors of the demo's CLIP (bfloat16) finds 9 % and 36 % of those copies.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIZE = 16  # pixels of a side
SAME = 0.997  # the least inner product of two miniatures of one picture


def miniature(image: Image.Image) -> NDArray[np.float32]:
    """(768,) the picture's colours on a grid of 16 × 16, less their mean, at length 1.

    It takes a millisecond. Brightness and contrast do not count, nor does the size; the vector of
    a picture of one colour is zero, and so like no other.

    Args:
        image: A picture as people see it, in RGB.
    """
    small = image.resize((SIZE, SIZE), Image.Resampling.BOX)
    colours = np.asarray(small, np.float32).ravel()
    colours -= colours.mean()
    length = np.linalg.norm(colours)
    return colours / length if length > 1 else np.zeros_like(colours)
