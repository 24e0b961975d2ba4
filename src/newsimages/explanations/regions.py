"""Which parts of a picture an article's score comes from: a heat map over the whole picture.

file ─ prepare ─> each tower's pixels ─ gradients or occlusion ─> cells ─ lay over ─> one map

An article's score looks at an image through one or two towers (CLIP, of which T×V is made, and
the multilingual one). Each gives a grid of values over what it sees, and they are added where they
lie in the picture.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import grid_sample

from newsimages.encoding.encoders import OpenClipEncoder, PlacedImage
from newsimages.encoding.images import UnreadableImageError
from newsimages.encoding.window import Window
from newsimages.errors import NewsImagesError, first_ten
from newsimages.explanations.gradients import GradientTower
from newsimages.explanations.occlusion import CELLS, occlusion
from newsimages.explanations.target import Target, check_unchanged, targets
from newsimages.ranking.spaces import Queries, Tower
from newsimages.retriever.retriever import Retriever

LONG_SIDE = 224
"""Values along a map's longer side."""
Method = Literal["gradient", "occlusion"]


@dataclass(frozen=True, eq=False)
class HeatMap:
    """What each place of a picture adds to a score."""

    values: NDArray[np.float32]
    """(h, w) over the whole upright picture, row 0 at the top: above 0 it adds, below 0 it takes
    away. Their mean is the sum of the cells' values, so that maps of several towers add up; 0
    where no tower looks."""
    method: Method


class Regions:
    """Draws heat maps for the scores of a retriever."""

    def __init__(
        self,
        encoders: Mapping[Tower, OpenClipEncoder],
        retriever: Retriever,
        *,
        cells: int = CELLS,
    ) -> None:
        """Keeps what maps are drawn with.

        Args:
            encoders: ``clip`` and ``multilingual``, those that the retriever's weights ask.
            retriever: Whose scores are explained.
            cells: Of a side, for occlusion.
        """
        self._encoders = encoders
        self._retriever = retriever
        self._cells = cells
        self._gradients: dict[Tower, GradientTower] = {}

    def heat_map(
        self,
        queries: Queries,
        path: Path,
        *,
        image_id: str | None = None,
        method: Method = "gradient",
        revision: str | None = None,
    ) -> HeatMap:
        """Which parts of a picture an article's score comes from.

        Args:
            queries: One article, in the views that have a weight.
            path: The picture's file.
            image_id: Which image of the gallery it is, to be checked; None: any picture.
            method: ``gradient`` (one pass forward and one back) or ``occlusion``.
            revision: As `Retriever.rank`.

        Raises:
            NewsImagesError: The file cannot be read or is not the image that was embedded, an
                encoder is missing, or its tower has no gradients; as `Retriever.rank`.
        """
        if method not in get_args(Method):
            expected = first_ten(get_args(Method))
            raise NewsImagesError(f"method is {method!r}, expected {expected}.")
        asked = targets(self._retriever, queries, revision)
        if not asked:
            raise NewsImagesError(
                "Only captions are asked for this article: its score owes nothing to the pixels."
            )
        missing = [tower for tower in asked if tower not in self._encoders]
        if missing:
            raise NewsImagesError(f"No encoder for {first_ten(missing)}: give one for each tower.")
        maps = []
        for tower, target in asked.items():
            image = _placed(self._encoders[tower], path)
            values, vector = self._cells_of(tower, image, target, method)
            if image_id is not None:
                check_unchanged(target, vector, self._retriever.gallery, image_id)
            maps.append(laid_over(values, image.window, map_shape(image.aspect)))
        return HeatMap(np.sum(maps, axis=0, dtype=np.float32), method)

    def _cells_of(
        self, tower: Tower, image: PlacedImage, target: Target, method: Method
    ) -> tuple[NDArray[np.float32], torch.Tensor]:
        """The values on a tower's grid, and the picture's vector."""
        encoder = self._encoders[tower]
        if method == "occlusion":
            return occlusion(encoder, image.pixels, target, cells=self._cells)
        if tower not in self._gradients:
            self._gradients[tower] = GradientTower(encoder)
        return self._gradients[tower].cells(image.pixels, target)


def _placed(encoder: OpenClipEncoder, path: Path) -> PlacedImage:
    try:
        return encoder.place_image(path)
    except UnreadableImageError as error:
        raise NewsImagesError(
            f"{path} cannot be read as an image ({error}), so there is no map over it."
        ) from error


def map_shape(aspect: float) -> tuple[int, int]:
    """Height and width of the map of a picture, whose width by its height is given."""
    if aspect >= 1:
        return max(1, round(LONG_SIDE / aspect)), LONG_SIDE
    return LONG_SIDE, max(1, round(LONG_SIDE * aspect))


def laid_over(
    cells: NDArray[np.float32], window: Window, shape: tuple[int, int]
) -> NDArray[np.float32]:
    """A tower's grid as a map over the whole picture.

    Args:
        cells: (rows, columns) values over what the tower sees.
        window: Where that lies in the picture.
        shape: The map's height and width.

    Returns:
        The values between the cells' centres by bilinear interpolation, per share of the picture's
        area; 0 outside the window.
    """
    left, top, right, bottom = window
    height, width = shape
    x = ((np.arange(width) + 0.5) / width - left) / (right - left)  # 0 to 1 inside the window
    y = ((np.arange(height) + 0.5) / height - top) / (bottom - top)
    grid = torch.from_numpy(np.stack(np.meshgrid(2 * x - 1, 2 * y - 1), axis=-1)).float()
    drawn = grid_sample(
        torch.from_numpy(cells)[None, None], grid[None], padding_mode="border", align_corners=False
    )[0, 0].numpy()
    drawn[(y < 0) | (y >= 1)] = 0
    drawn[:, (x < 0) | (x >= 1)] = 0
    per_area = cells.size / ((right - left) * (bottom - top))
    laid: NDArray[np.float32] = drawn * np.float32(per_area)
    return laid
