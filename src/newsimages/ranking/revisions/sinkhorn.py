"""Sinkhorn: one number per image that shares the articles out among the images.

In come similarities Z (C articles, D images) in tiles, out come potentials v of the images. With
potentials u of the articles they make the plan of entropic optimal transport (Cuturi, "Sinkhorn
Distances", NeurIPS 2013), how much of each article goes to each image:

    log P_ij = s·z_ij + u_i + v_j

Every article hands out a mass of 1. What an image may take depends on what the queries are:

* **As many articles as images, or more (C ≥ D):** every image takes C/D, the uniform marginals.
* **Fewer articles (C < D):** every image takes at most 1, so that images can stay unassigned. What
  an image leaves of its 1 goes to D − C nameless articles that like all images alike, which makes
  ordinary marginals of it: Σ_i P_ij + w_j = 1 with w_j ∝ exp(v_j) and Σ_j w_j = D − C. As C
  nears D this becomes the case above.
* **A query bank**, whose articles belong to no image of the gallery: every image takes C/D, however
  small the bank. Then v_j says how much an image is everyone's neighbour, and nothing is assigned.

Each round is one pass over the tiles: a tile holds whole rows, so its u follow from v at once, and
the plan's column sums are added up on the way. Powers are taken after each row's maximum is out.
Where a column sum is too small for float32 the round is repeated with a maximum per column.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from newsimages.errors import NewsImagesError
from newsimages.ranking.revisions.base import SCALES, Revision, checked_scale
from newsimages.ranking.revisions.logsumexp import column_logsumexp
from newsimages.ranking.similarity import SimilarityTiles, scaled

SMALLEST_SUM = 1e-30  # of a column; a sum below it may have lost all its digits


@dataclass(frozen=True, kw_only=True)
class Sinkhorn(Revision):
    """score_ij = s·z_ij + v_j, with the images' potentials v."""

    name: ClassVar[str] = "sinkhorn"
    image_by_image: ClassVar[bool] = False
    scale: float = 1.0
    """s, one over the weight of the entropy."""
    rounds: int = 50
    """How many rounds it goes at most."""
    tolerance: float = 1e-3
    """How far from its share, relative to it, an image's mass may be to stop before the last
    round."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on a number out of range."""
        checked_scale(self.scale)
        if self.rounds < 1:
            raise NewsImagesError(f"rounds is {self.rounds}, expected 1 or more.")
        if not 0 <= self.tolerance < 1:
            raise NewsImagesError(f"tolerance is {self.tolerance}, expected from 0 to below 1.")

    @property
    def slope(self) -> float:
        """S, the scale."""
        return self.scale

    def offsets(self, tiles: SimilarityTiles, *, bank: bool = False) -> Tensor:
        """−v, (D,); a bank is told from the articles themselves."""
        shape = (tiles.n_queries, tiles.n_images)
        potentials = image_potentials(tiles, shape=shape, bank=bank, **self.settings)
        return tiles.equalise(-potentials.values)

    @classmethod
    def candidates(cls) -> tuple[Revision, ...]:
        """One per scale."""
        return tuple(cls(scale=scale) for scale in SCALES)


@dataclass(frozen=True, kw_only=True)
class Potentials:
    """What Sinkhorn came to."""

    values: Tensor
    """(D,) float32: v, the images' potentials."""
    rounds: int
    """How many times they were set."""
    converged: bool
    """Whether the marginals were seen to hold with these values, within the tolerance."""


def image_potentials(
    tiles: Iterable[Tensor],
    *,
    shape: tuple[int, int],
    scale: float,
    rounds: int,
    tolerance: float,
    bank: bool = False,
) -> Potentials:
    """Goes round until the marginals hold or the rounds are used up.

    ``shape`` is (C, D), all else as in `Sinkhorn`. The potentials are determined up to a constant
    that no ranking depends on. At a tolerance of 0 it stops before the last round only where
    float32 sees no difference.
    """
    n_queries, n_images = shape
    unassigned = 0 if bank else max(n_images - n_queries, 0)
    share = 1.0 if unassigned else n_queries / n_images
    if unassigned:
        values, done = torch.zeros(n_images, device=next(iter(tiles)).device), 0
    else:
        values, done = math.log(share) - column_logsumexp(tiles, scale=scale), 1
    while done < rounds:
        sums, articles = _column_sums(tiles, values, scale)
        nameless = _log_nameless(values, unassigned)
        sums += (nameless + values).exp()
        if float((sums / share - 1).abs().max()) <= tolerance:
            return Potentials(values=values, rounds=done, converged=True)
        if float(sums.min()) < SMALLEST_SUM:
            exact = column_logsumexp(_with_articles(tiles, articles, scale), scale=scale)
            values = math.log(share) - torch.logaddexp(exact, nameless)
        else:
            values = values + math.log(share) - sums.log()
        done += 1
    return Potentials(values=values, rounds=done, converged=False)


def _log_nameless(values: Tensor, unassigned: int) -> Tensor:
    """() the potential of the nameless articles together, so that they hand out ``unassigned``."""
    if not unassigned:
        return values.new_tensor(-torch.inf)
    return math.log(unassigned) - values.logsumexp(dim=0)


def _column_sums(tiles: Iterable[Tensor], values: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    """Σ_i P_ij (D,), and the articles' potentials u (C,), with which each row of P sums to 1."""
    sums, articles = torch.zeros_like(values), []
    for _, powers in scaled(tiles, scale, values):
        maximum = powers.amax(dim=1, keepdim=True)  # (B, 1)
        totals = powers.sub_(maximum).exp_().sum(dim=1)  # (B,)
        sums += totals.reciprocal() @ powers
        articles.append(-(maximum.flatten() + totals.log()))
    return sums, torch.cat(articles)


def _with_articles(tiles: Iterable[Tensor], articles: Tensor, scale: float) -> Iterator[Tensor]:
    """Yields z_ij + u_i/s in the same tiles."""
    start = 0
    for tile in tiles:
        yield tile + articles[start : start + len(tile), None] / scale
        start += len(tile)
