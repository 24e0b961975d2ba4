"""What every revision is: its formula's slope and offsets, what it needs, what is tried of it."""

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from torch import Tensor

from newsimages.errors import NewsImagesError
from newsimages.ranking.similarity import SimilarityTiles

SCALES = (1.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""Scales that are tried: from the paper's to CLIP's own logit scale."""
MAX_SCALE = 1e6  # far beyond it, cosines times the scale leave float32


@dataclass(frozen=True, kw_only=True)
class Revision(ABC):
    """Changes the order of the images by score_ij = slope · z_ij − offset_j."""

    name: ClassVar[str]
    """How parameters, columns and files call it."""
    answers_alone: ClassVar[bool] = True
    """Whether its offsets over a query bank serve an article that is asked alone."""
    image_by_image: ClassVar[bool] = True
    """Whether an image's offset is its own, whatever other images there are: so it is worked out
    once, when the image comes, and stays."""

    @property
    def slope(self) -> float:
        """The factor in front of a similarity in the score."""
        return 1.0

    @abstractmethod
    def offsets(self, tiles: SimilarityTiles, *, bank: bool = False) -> Tensor:
        """One number per image over the queries of ``tiles``.

        Args:
            tiles: Similarities of C queries and D images.
            bank: Whether the queries are a query bank, none of whose articles belongs to an image
                of the gallery.

        Returns:
            (D,) float32 on the tiles' device; the same for images of equal vectors.
        """

    @property
    def rows_beside(self) -> int:
        """How many numbers per image its offsets take while they are made, beside the tiles."""
        return 4

    @classmethod
    def candidates(cls) -> tuple["Revision", ...]:
        """The settings to try, the simplest first."""
        return (cls(),)

    @property
    def words(self) -> str:
        """Its name, for people."""
        return self.name.replace("_", " ")

    @property
    def settings(self) -> dict[str, Any]:
        """Its numbers by name."""
        return asdict(self)

    def at_scale(self, scale: float) -> "Revision":
        """The same at another scale; itself where it has none."""
        return self


def checked_scale(scale: float) -> float:
    """``scale`` itself. Raises: NewsImagesError where it is not above 0 and at most `MAX_SCALE`."""
    if not 0 < scale <= MAX_SCALE:
        raise NewsImagesError(
            f"scale is {scale}, but the factor in front of the similarities must be above 0 and at "
            f"most {MAX_SCALE:,.0f} (the paper: 1; CLIP's own logit scale: 100)."
        )
    return scale
