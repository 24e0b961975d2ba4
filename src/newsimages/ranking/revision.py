"""Step 5 of 6: revisions of the similarities, each in the form that needs one number per image.

In come similarities Z (C queries, D images) in tiles, out comes an **offset** per image. Every
revision orders the images of an article by

    score_ij = slope · z_ij − offset_j

The queries of the offsets may be the articles that are ranked or others (a fixed query bank, see
`newsimages.ranking.bank`); no second (articles, images) matrix ever exists.

| method           | slope | offset_j                                                    |
|------------------|-------|-------------------------------------------------------------|
| none             | 1     | 0                                                           |
| dual_softmax     | 2·s   | logsumexp_i(s·z_ij)                                         |
| inverted_softmax | s     | logsumexp_i(s·z_ij)                                         |
| neighbours       | 1     | α · the mean of image j's k greatest similarities           |
| sinkhorn         | s     | −v_j, the image's potential (see `newsimages.ranking.sinkhorn`)     |

* dual_softmax: Galanopoulos and Mezaris, MediaEval 2022, section 2.3, after Cheng et al.,
  arXiv:2109.04290. The paper's Z* = softmax(s·Z, dim=0) ⊙ softmax(s·Z, dim=1) has the logarithm
  2·s·z_ij − logsumexp_i(s·z_ij) − logsumexp_j(s·z_ij), whose last term is the same for all images
  of an article and so never moves one.
* inverted_softmax: Smith et al., ICLR 2017; Bogolin et al., "Cross Modal Retrieval with Querybank
  Normalisation", CVPR 2022.
* neighbours: Chowdhury et al., "Nearest Neighbor Normalization Improves Multimodal Retrieval",
  EMNLP 2024.
* sinkhorn: Cuturi, "Sinkhorn Distances", NeurIPS 2013.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from newsimages.errors import NewsImagesError
from newsimages.ranking.logsumexp import column_logsumexp
from newsimages.ranking.neighbours import mean_of_nearest
from newsimages.ranking.similarity import SimilarityTiles
from newsimages.ranking.sinkhorn import image_potentials

Method = Literal["none", "dual_softmax", "inverted_softmax", "neighbours", "sinkhorn"]
METHODS: tuple[Method, ...] = get_args(Method)
MAX_SCALE = 1e6  # far beyond it, cosines times the scale leave float32
MAX_K = 512  # so many numbers per image are held beside the similarities
MAX_ALPHA = 2.0


@dataclass(frozen=True, kw_only=True)
class Revision:
    """What is done to the similarities before images are put in order."""

    method: Method = "dual_softmax"
    """Which revision; its formula is in the module's table."""
    scale: float = 1.0
    """s, the factor in front of the similarities in dual_softmax, inverted_softmax and sinkhorn
    (the paper: 1; CLIP's own logit scale: 100)."""
    k: int = 10
    """How many nearest queries of an image neighbours looks at."""
    alpha: float = 0.5
    """α, how much of their mean neighbours takes off (the authors: .5 to .75)."""
    rounds: int = 50
    """How many rounds sinkhorn goes at most."""
    tolerance: float = 1e-3
    """How far from its share, relative to it, an image's mass may be for sinkhorn to stop before
    the last round."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on an unknown method or a number out of range."""
        if self.method not in METHODS:
            raise NewsImagesError(
                f"revision is {self.method!r}, expected one of {', '.join(METHODS)}."
            )
        checked_scale(self.scale)
        if not 1 <= self.k <= MAX_K:
            raise NewsImagesError(f"k is {self.k}, expected 1 to {MAX_K} nearest queries.")
        if not 0 < self.alpha <= MAX_ALPHA:
            raise NewsImagesError(
                f"alpha is {self.alpha}, expected above 0 and at most {MAX_ALPHA:g}."
            )
        if self.rounds < 1:
            raise NewsImagesError(f"rounds is {self.rounds}, expected 1 or more.")
        if not 0 <= self.tolerance < 1:
            raise NewsImagesError(f"tolerance is {self.tolerance}, expected from 0 to below 1.")

    @property
    def slope(self) -> float:
        """What a similarity is multiplied by in the score."""
        if self.method in ("none", "neighbours"):
            return 1.0
        return 2 * self.scale if self.method == "dual_softmax" else self.scale

    @property
    def rows_beside(self) -> int:
        """How many numbers per image its offsets take while they are made, beside the tiles."""
        return 4 * self.k if self.method == "neighbours" else 4


def checked_scale(scale: float) -> float:
    """``scale`` itself. Raises: NewsImagesError where it is not above 0 and at most `MAX_SCALE`."""
    if not 0 < scale <= MAX_SCALE:
        raise NewsImagesError(
            f"scale is {scale}, but the factor in front of the similarities must be above 0 and at "
            f"most {MAX_SCALE:,.0f} (the paper: 1; CLIP's own logit scale: 100)."
        )
    return scale


def image_offsets(tiles: SimilarityTiles, revision: Revision, *, bank: bool = False) -> Tensor:
    """One number per image over the queries of ``tiles``, by the module's table.

    Args:
        tiles: Similarities of C queries and D images.
        revision: Which formula.
        bank: Whether the queries are a query bank, none of whose articles belongs to an image of
            the gallery; only sinkhorn tells the two apart.

    Returns:
        (D,) float32 on the tiles' device; the same for images of equal vectors.
    """
    match revision.method:
        case "none":
            return torch.zeros(tiles.n_images, device=tiles.device)
        case "dual_softmax" | "inverted_softmax":
            offsets = column_logsumexp(tiles, scale=revision.scale)
        case "neighbours":
            offsets = revision.alpha * mean_of_nearest(tiles, k=revision.k)
        case "sinkhorn":
            offsets = -image_potentials(
                tiles,
                shape=(tiles.n_queries, tiles.n_images),
                scale=revision.scale,
                rounds=revision.rounds,
                tolerance=revision.tolerance,
                bank=bank,
            ).values
    return tiles.equalise(offsets)


def revised_scores(
    tile: Tensor, offsets: Tensor, *, slope: float, out: Tensor | None = None
) -> Tensor:
    """slope·z − offset.

    Args:
        tile: (B, D) similarities, float32.
        offsets: (D,) from `image_offsets`.
        slope: The revision's.
        out: (B, D) where the scores are written; a new tensor if None.

    Returns:
        (B, D) float32.
    """
    return torch.add(offsets.neg(), tile, alpha=slope, out=out)
