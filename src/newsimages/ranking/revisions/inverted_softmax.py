"""Inverted softmax: a softmax over the articles alone.

Smith et al., ICLR 2017; Bogolin et al., "Cross Modal Retrieval with Querybank Normalisation", CVPR
2022.
"""

from dataclasses import dataclass
from typing import ClassVar

from newsimages.ranking.revisions.dual_softmax import DualSoftmax


@dataclass(frozen=True, kw_only=True)
class InvertedSoftmax(DualSoftmax):
    """score_ij = s·z_ij − logsumexp_i(s·z_ij): dual softmax's offsets at half its slope."""

    name: ClassVar[str] = "inverted_softmax"

    @property
    def slope(self) -> float:
        """S."""
        return self.scale
