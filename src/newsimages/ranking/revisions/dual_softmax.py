"""Dual softmax, the paper's revision: a softmax over the articles times one over the images.

Galanopoulos and Mezaris, MediaEval 2022, section 2.3, after Cheng et al., arXiv:2109.04290:
Z* = softmax(s·Z, dim=0) ⊙ softmax(s·Z, dim=1). Within an article it orders images by
2·s·z_ij − logsumexp_i(s·z_ij), since the other softmax divides all images of an article alike.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

from torch import Tensor

from newsimages.ranking.revisions.base import SCALES, Revision, checked_scale
from newsimages.ranking.revisions.logsumexp import column_logsumexp
from newsimages.ranking.similarity import SimilarityTiles


@dataclass(frozen=True, kw_only=True)
class DualSoftmax(Revision):
    """score_ij = 2·s·z_ij − logsumexp_i(s·z_ij)."""

    name: ClassVar[str] = "dual_softmax"
    scale: float = 1.0
    """s, the factor in front of the similarities (the paper: 1; CLIP's own logit scale: 100)."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on a scale out of range."""
        checked_scale(self.scale)

    @property
    def slope(self) -> float:
        """2·s."""
        return 2 * self.scale

    def offsets(self, tiles: SimilarityTiles, *, bank: bool = False) -> Tensor:
        """logsumexp_i(s·z_ij), (D,)."""
        return tiles.equalise(column_logsumexp(tiles, scale=self.scale))

    def at_scale(self, scale: float) -> Revision:
        """The same with this scale."""
        return replace(self, scale=scale)

    @classmethod
    def candidates(cls) -> tuple[Revision, ...]:
        """One per scale."""
        return tuple(cls(scale=scale) for scale in SCALES)
