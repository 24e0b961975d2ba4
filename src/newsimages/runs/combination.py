"""Several retrievers, one ranking: their scores on one scale, weighted and summed.

In come several sources of similarities over the same articles and images (CLIP and T×V, titles and
texts, several backbones), out come the ``top_k`` images of each article by (−score, image_id).
Each source's scores x of an article are scaled over the whole gallery, before anything is cut:

    z_score   (x − mean_j x) / std_j x
    min_max   (x − min_j x) / (max_j x − min_j x)

`newsimages.runs.fusion` needs neither scale nor weights.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError, first_ten
from newsimages.ranking.bank import ImageOffsets
from newsimages.ranking.ranking import Ranking, listed, offsets_of, scored
from newsimages.ranking.revision import Revision, image_offsets
from newsimages.ranking.similarity import SimilarityTiles

Scaling = Literal["z_score", "min_max"]
SCALINGS: tuple[Scaling, ...] = get_args(Scaling)
NO_REVISION = Revision(method="none")


@dataclass(frozen=True, kw_only=True)
class Source:
    """One retriever's view of the articles and images."""

    queries: Embeddings
    """C articles."""
    gallery: Embeddings
    """D images, in the space of the queries."""
    revision: Revision = NO_REVISION
    """What is done to its similarities before they are brought to scale."""
    offsets: ImageOffsets | None = None
    """The images' offsets over a query bank; over the queries themselves if None."""


def combine(
    sources: Sequence[Source],
    *,
    weights: Sequence[float] | None = None,
    scaling: Scaling = "z_score",
    top_k: int = 100,
    memory_mb: int = 512,
    device: torch.device | str = "cpu",
) -> Ranking:
    """Ranks the gallery by the weighted sum of what the sources say of each image.

    Args:
        sources: The same articles and the same images in each, in any order.
        weights: One per source; only their proportions count. Equal if None.
        scaling: How a source's scores of an article come to one scale. A source that gives all
            images of an article the same score says nothing on that article.
        top_k: Length of the lists; the whole gallery where it holds fewer images.
        memory_mb: Budget in MiB beyond the inputs and the answer; the sources share it.
        device: Where to compute, as torch names it.

    Returns:
        min(top_k, D) images per article, in the order of the first source's queries. Scores are
        the weighted means of the scaled scores; ``similarities`` the first source's cosines.

    Raises:
        NewsImagesError: No source, sources of different ids, weights that are negative, not finite
            or sum to 0, an unknown scaling, less than 1 MiB per source; as
            `newsimages.ranking.ranking.rank`.

    Warns:
        UserWarning: As `newsimages.ranking.ranking.rank`.
    """
    if scaling not in SCALINGS:
        raise NewsImagesError(f"scaling is {scaling!r}, expected {' or '.join(SCALINGS)}.")
    aligned = _aligned(sources)
    if memory_mb < len(aligned):
        raise NewsImagesError(
            f"memory_mb={memory_mb} for {len(aligned)} sources: set at least 1 for each."
        )
    shares = _shares(weights, len(aligned))
    # The first one's cosines are answered; of the others those that have a say are worked out.
    heard = [number for number, share in enumerate(shares) if share or not number]
    aligned, shares = [aligned[i] for i in heard], [shares[i] for i in heard]
    article_ids, image_ids = aligned[0].queries.ids, aligned[0].gallery.ids
    # The same for all, so that their tiles are cut at the same rows.
    most_beside = max(source.revision.rows_beside for source in aligned)
    views = []
    for source in aligned:
        tiles = SimilarityTiles.between(
            source.queries,
            source.gallery,
            memory_mb=memory_mb // len(aligned),
            device=device,
            rows_beside=most_beside,
        )
        offsets = offsets_of(image_ids, tiles, source.revision, source.offsets)
        views.append(scored(tiles, offsets, source.revision))
    return listed(_summed(views, shares, scaling), article_ids, image_ids, top_k=top_k)


def settled(source: Source, *, memory_mb: int = 512, device: torch.device | str = "cpu") -> Source:
    """The source with its offsets over its own queries worked out, to be combined again and again.

    Args:
        source: One with offsets, with nothing to revise or with a single article stays as it is.
        memory_mb: Budget in MiB.
        device: Where to compute.

    Raises:
        NewsImagesError: As `newsimages.ranking.ranking.rank`.
    """
    revision, gallery = source.revision, source.gallery.sorted_by_id()
    if source.offsets is not None or revision.method == "none" or len(source.queries) == 1:
        return source
    tiles = SimilarityTiles.between(
        source.queries,
        gallery,
        memory_mb=memory_mb,
        device=device,
        rows_beside=revision.rows_beside,
    )
    values = image_offsets(tiles, revision).cpu().numpy()
    return replace(source, offsets=ImageOffsets(gallery.ids, values, revision))


def _summed(
    views: Sequence[Iterator[tuple[Tensor, Tensor]]], shares: Sequence[float], scaling: Scaling
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yields the first source's similarities and the sums, both (B, D)."""
    buffer: Tensor | None = None
    for parts in zip(*views, strict=True):
        similarities = parts[0][0]
        if buffer is None or len(buffer) < len(similarities):
            buffer = torch.empty_like(similarities)
        total = buffer[: len(similarities)].zero_()
        for (_, scores), share in zip(parts, shares, strict=True):
            centre, spread = _scale_of(scores, scaling)
            factor = torch.where(spread > 0, share / spread, 0.0)  # (B, 1)
            total.addcmul_(scores, factor).sub_(centre * factor)
        yield similarities, total


def _scale_of(scores: Tensor, scaling: Scaling) -> tuple[Tensor, Tensor]:
    """What is taken off each row and what it is then divided by: (B, 1) each."""
    if scaling == "z_score":
        spread, centre = torch.std_mean(scores, dim=1, correction=0, keepdim=True)
        return centre, spread
    least, greatest = scores.aminmax(dim=1, keepdim=True)
    return least, greatest - least


def _aligned(sources: Sequence[Source]) -> list[Source]:
    """The sources in one order: articles as in the first, images by id."""
    if not sources:
        raise NewsImagesError("Nothing to combine: give at least one source.")
    first = sources[0]
    aligned = []
    for number, source in enumerate(sources, start=1):
        check_same(source.queries.ids, first.queries.ids, f"articles of source {number}")
        check_same(source.gallery.ids, first.gallery.ids, f"images of source {number}")
        queries = source.queries
        if not np.array_equal(queries.ids, first.queries.ids):
            queries = queries.select(first.queries.ids.tolist())
        aligned.append(
            Source(
                queries=queries,
                gallery=source.gallery.sorted_by_id(),
                revision=source.revision,
                offsets=source.offsets,
            )
        )
    return aligned


def check_same(ids: NDArray[np.str_], expected: NDArray[np.str_], what: str) -> None:
    """Raises: NewsImagesError where these are not the same ids, in whatever order."""
    if np.array_equal(ids, expected):
        return
    apart = np.setxor1d(ids, expected)
    if len(apart):
        raise NewsImagesError(
            f"The {what} are not those of the first; only one of the two has: {first_ten(apart)}."
        )


def _shares(weights: Sequence[float] | None, n_sources: int) -> list[float]:
    """Weights that sum to 1."""
    weights = [1.0] * n_sources if weights is None else list(weights)
    if len(weights) != n_sources:
        raise NewsImagesError(f"{len(weights)} weights for {n_sources} sources: give one for each.")
    wrong = [weight for weight in weights if not 0 <= weight < math.inf]
    if wrong or not sum(weights) > 0:
        raise NewsImagesError(
            f"Weights are {', '.join(map(str, weights))}, expected numbers of 0 or more that do "
            "not sum to 0."
        )
    return [weight / sum(weights) for weight in weights]
