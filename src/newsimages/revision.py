"""Step 5 of 6: dual softmax, in the form that needs one number per image.

In come similarities Z (articles, images), out come scores of the same shape. The paper
(Galanopoulos and Mezaris, MediaEval 2022, section 2.3) revises them to

    Z* = softmax(s·Z, dim=0) ⊙ softmax(s·Z, dim=1)

Its logarithm is 2·s·z_ij − logsumexp_i(s·z_ij) − logsumexp_j(s·z_ij), and the last term is
the same for all images of an article, so it never moves an image in that article's ranking.
What is left of the first softmax is one number per image, its **normaliser** over the queries:

    score_ij = 2·s·z_ij − normaliser_j,    normaliser_j = logsumexp_i(s·z_ij)

No second (articles, images) matrix ever exists, and the queries of the normaliser may be others
than the articles that are ranked (a fixed query bank).
"""

from collections.abc import Iterable

import torch
from torch import Tensor

from newsimages.errors import NewsImagesError

MAX_SCALE = 1e6  # far beyond it, cosines times the scale leave float32


def checked_scale(scale: float) -> float:
    """``scale`` itself. Raises: NewsImagesError where it is not above 0 and at most `MAX_SCALE`."""
    if not 0 < scale <= MAX_SCALE:
        raise NewsImagesError(
            f"scale is {scale}, but the factor in front of the similarities must be above 0 and at "
            f"most {MAX_SCALE:,.0f} (the paper: 1; CLIP's own logit scale: 100)."
        )
    return scale


def image_normalisers(tiles: Iterable[Tensor], n_images: int, *, scale: float) -> Tensor:
    """The logarithm of every image's softmax denominator over all queries.

    Args:
        tiles: Cosine similarities in tiles of (queries of the tile, n_images), float32. Cosines
            never exceed 1, so exp(s·z − s) cannot overflow, whatever the tile.
        n_images: D, the number of images.
        scale: s, the factor in front of the similarities.

    Returns:
        (D,) float32 on the tiles' device: logsumexp over the queries of s·z.

    Raises:
        NewsImagesError: The scale is not above 0, or there is no query.
    """
    checked_scale(scale)
    maximum: Tensor | None = None  # (D,) the greatest s·z so far
    total: Tensor | None = None  # (D,) sum over the queries so far of exp(s·z − maximum)
    buffer: Tensor | None = None  # one for all tiles: fresh memory costs more than the sums
    for tile in tiles:
        tile_maximum = tile.amax(dim=0).mul_(scale)  # (D,)
        if buffer is None or buffer.shape[1] != tile.shape[1] or len(buffer) < len(tile):
            buffer = torch.empty_like(tile)
        shifted = torch.add(tile_maximum.neg(), tile, alpha=scale, out=buffer[: len(tile)])
        tile_total = shifted.exp_().sum(dim=0)  # (D,)
        if maximum is None or total is None:
            maximum, total = tile_maximum, tile_total
            continue
        greatest = torch.maximum(maximum, tile_maximum)
        total = total * (maximum - greatest).exp_() + tile_total * (tile_maximum - greatest).exp_()
        maximum = greatest
    if maximum is None or total is None:
        raise NewsImagesError("Dual softmax over 0 queries: give at least one query.")
    if len(maximum) != n_images:
        raise NewsImagesError(f"Got tiles of {len(maximum)} images, expected {n_images}.")
    return maximum + total.log()


def dual_softmax_scores(
    tile: Tensor, normalisers: Tensor, *, scale: float, out: Tensor | None = None
) -> Tensor:
    """2·s·z − normaliser: orders each article's images as the paper's Z* does.

    Args:
        tile: (B, D) cosine similarities, float32.
        normalisers: (D,) from `image_normalisers`, of any set of queries at the same scale.
        scale: s.
        out: (B, D) where the scores are written; a new tensor if None.

    Returns:
        (B, D) float32; log Z* up to a constant per article.
    """
    return torch.add(normalisers.neg(), tile, alpha=2 * scale, out=out)
