"""No revision: images are ordered by their similarity alone."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from newsimages.ranking.revisions.base import Revision
from newsimages.ranking.similarity import SimilarityTiles


@dataclass(frozen=True, kw_only=True)
class Plain(Revision):
    """score_ij = z_ij."""

    name: ClassVar[str] = "none"

    @property
    def words(self) -> str:
        """``no revision``."""
        return "no revision"

    def offsets(self, tiles: SimilarityTiles, *, bank: bool = False) -> Tensor:
        """Zeros (D,)."""
        return torch.zeros(tiles.n_images, device=tiles.device)
