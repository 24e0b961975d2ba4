"""A heat map by covering one cell of the picture after the other: slow, and true of any tower.

A cell's value is what the score loses when the cell is painted in the tower's mean colour. Nothing
is assumed of the tower, so this is what the gradients are held against. (Zeiler and Fergus,
"Visualizing and Understanding Convolutional Networks", ECCV 2014, section 4.2.)
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from newsimages.encoding.encoders import OpenClipEncoder
from newsimages.errors import NewsImagesError
from newsimages.explanations.target import Target, value

CELLS = 7
"""Of a side."""
BATCH = 16
"""The most pictures that are encoded at once."""


@torch.inference_mode()
def occlusion(
    encoder: OpenClipEncoder, pixels: Tensor, target: Target, *, cells: int = CELLS
) -> tuple[NDArray[np.float32], Tensor]:
    """What each part of a picture adds to a score.

    Args:
        encoder: Whose tower looks at the picture.
        pixels: (1, 3, H, W) as the tower takes them.
        target: What is asked of the tower.
        cells: How many cells a side has.

    Returns:
        (cells, cells) values, row 0 at the top, and (1, E) the picture's vector.

    Raises:
        NewsImagesError: Cells that are fewer than 1, or narrower than a pixel.
    """
    height, width = pixels.shape[2:]
    if not 1 <= cells <= min(height, width):
        raise NewsImagesError(
            f"cells={cells}, expected 1 to {min(height, width)}, the tower's pixels of a side."
        )
    downs, across = (
        np.linspace(0, side, cells + 1).round().astype(int) for side in (height, width)
    )
    boxes = [
        (slice(*downs[row : row + 2]), slice(*across[column : column + 2]))
        for row in range(cells)
        for column in range(cells)
    ]
    vector = encoder.encode_pixels(pixels)
    whole = value(target, vector)
    step = min(BATCH, encoder.config.batch_size)
    left = []
    for start in range(0, len(boxes), step):
        part = boxes[start : start + step]
        covered = pixels.repeat(len(part), 1, 1, 1)
        for picture, (rows, columns) in zip(covered, part, strict=True):
            picture[:, rows, columns] = 0  # the mean colour, once normalised
        left.append(value(target, encoder.encode_pixels(covered)))
    values = (whole - torch.cat(left)).reshape(cells, cells)
    return values.float().cpu().numpy(), vector
