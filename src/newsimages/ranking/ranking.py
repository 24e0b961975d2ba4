"""Similarities to ranked images, in a total order.

In comes a `Space` of articles and images, out come the ``top_k`` images of each article by
(−score, image_id): images of equal score are ordered by their id, so that a ranking never depends
on the machine, the device or the order of the gallery. `rank` ranks every run.
"""

import warnings
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from newsimages.devices import ON_CPU, Compute
from newsimages.errors import NewsImagesError
from newsimages.ranking.bank import ImageOffsets
from newsimages.ranking.confidence import ROWS_BESIDE, Confidence
from newsimages.ranking.index import ImageIndex, TooFewFoundError, by_index
from newsimages.ranking.revisions import PLAIN, Revision
from newsimages.ranking.search import MANY, search
from newsimages.ranking.similarity import SimilarityTiles, check_shapes, scaled
from newsimages.ranking.spaces import Space

RANKING_COLUMNS = ("article_id", "rank", "image_id", "score", "similarity")


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """The first K images of each of C articles, best first."""

    article_ids: NDArray[np.str_]
    """(C,)"""
    image_ids: NDArray[np.str_]
    """(C, K)"""
    scores: NDArray[np.float32]
    """(C, K) what the order rests on, falling along each row."""
    similarities: NDArray[np.float32]
    """(C, K) plain cosine of article and image."""
    rows: NDArray[np.int64]
    """(C, K) where the images are in the space."""
    confidences: NDArray[np.float32] | None = None
    """(C, K) the probability that an image is the right one; None where it is not known."""
    none_fits: NDArray[np.float32] | None = None
    """(C,) the probability that the right image is not in the gallery."""
    approximate: bool = False
    """Whether an index chose the images that were scored, so that some may be missing."""

    def table(self) -> pd.DataFrame:
        """One row per article and rank: `RANKING_COLUMNS`, rank from 1.

        Behind them confidence and none_fits, where these are known.
        """
        n_articles, top_k = self.image_ids.shape
        table = pd.DataFrame(
            {
                "article_id": np.repeat(self.article_ids, top_k),
                "rank": np.tile(np.arange(1, top_k + 1, dtype=np.int32), n_articles),
                "image_id": self.image_ids.ravel(),
                "score": self.scores.ravel(),
                "similarity": self.similarities.ravel(),
            }
        )
        if self.confidences is not None and self.none_fits is not None:
            table["confidence"] = self.confidences.ravel()
            table["none_fits"] = np.repeat(self.none_fits, top_k)
        return table


def rank(
    space: Space,
    revision: Revision,
    *,
    offsets: ImageOffsets | None = None,
    confidence: Confidence | None = None,
    top_k: int = 100,
    compute: Compute = ON_CPU,
    within: NDArray[np.bool_] | None = None,
    index: ImageIndex | None = None,
) -> Ranking:
    """Ranks the gallery for every article: similarity, revision, order.

    Without ``offsets`` they are taken over these same articles, as the paper does: an article's
    list then depends on the others. With a bank's offsets it does not: on a CPU the answer for an
    article is the same, bit for bit, alone, in any batch and in any order.

    Args:
        space: C articles and D images.
        revision: What is done to the similarities.
        offsets: The images' offsets over a query bank, from `newsimages.ranking.bank`.
        confidence: What tells how sure these scores are; None: that is not asked.
        top_k: Length of the lists; all images that are asked where they are fewer.
        compute: Where, and with how much memory.
        within: (D,) the images that are asked; None: all. Those that are not alive never are.
        index: What answers where all images are asked by its revision, with no confidences; None:
            the search is exact.

    Raises:
        NewsImagesError: As `SimilarityTiles`, which says that there is nothing to rank where no
            image is asked; a top_k that is not above 0; offsets of another gallery or revision.

    Warns:
        UserWarning: One article is to be revised without a bank. A revision over a single query
            changes nothing (or, as inverted softmax, leaves nothing), so it is ranked by cosine.
    """
    if offsets is None and len(space.article_ids) == 1 and revision != PLAIN:
        warnings.warn(
            f"{revision.name} over one article changes nothing: it is ranked by cosine. Give the "
            "offsets of a query bank, or rank several articles at once.",
            stacklevel=2,
        )
        revision = PLAIN
    check_top_k(top_k)
    is_alone = offsets is not None or revision == PLAIN
    if index and within is None and is_alone and revision == index.revision:
        with suppress(TooFewFoundError):  # a long list: it is made exactly
            return _by_index(space, index, offsets, top_k)
    asked = _asked(space, within)
    many = len(space.image_ids) >= MANY and torch.device(compute.device).type == "cpu"
    if many and (revision == PLAIN or offsets is not None):
        return _searched(space, asked, revision, offsets, confidence=confidence, top_k=top_k)
    rows = None
    if asked is not None or space.places is not None:
        rows = _in_order(space, asked)
        space = space.part(rows)
        offsets = None if offsets is None else offsets.part(rows)
    beside = max(revision.rows_beside, ROWS_BESIDE if confidence else 0)
    tiles = SimilarityTiles.of(space, compute, rows_beside=beside)
    values = _offsets(space.image_ids, tiles, revision, offsets)
    ranking = rank_tiles(tiles, space, values, revision.slope, top_k=top_k, confidence=confidence)
    return ranking if rows is None else replace(ranking, rows=rows[ranking.rows])


def rank_tiles(
    tiles: SimilarityTiles,
    space: Space,
    offsets: Tensor,
    slope: float,
    *,
    top_k: int,
    confidence: Confidence | None = None,
) -> Ranking:
    """Ranks by the tiles of a space that are at hand already, and a revision's offsets (D,).

    Raises:
        NewsImagesError: top_k is not above 0.
    """
    check_top_k(top_k)
    top_k = min(top_k, len(space.image_ids))
    scores, columns, similarities = [], [], []
    sure: list[tuple[Tensor, Tensor]] = []
    for tile, revised in scaled(tiles, slope, offsets.neg()):
        best, order = top(revised, top_k)
        if confidence:
            sure.append(confidence.of(revised, order))
        scores.append(best.cpu())
        columns.append(order.cpu())
        similarities.append(tile.gather(1, order).cpu())
    confidences, none_fits = map(torch.cat, zip(*sure, strict=True)) if sure else (None, None)
    rows = torch.cat(columns).numpy()
    return Ranking(
        article_ids=space.article_ids,
        image_ids=space.image_ids[rows],
        rows=rows,
        scores=torch.cat(scores).numpy(),
        similarities=torch.cat(similarities).numpy(),
        confidences=None if confidences is None else confidences.cpu().numpy(),
        none_fits=None if none_fits is None else none_fits.cpu().numpy(),
    )


def _by_index(space: Space, index: ImageIndex, offsets: ImageOffsets | None, top_k: int) -> Ranking:
    check_shapes(space.queries, space.gallery)
    n_images = len(space.image_ids) if space.alive is None else int(space.alive.sum())
    values = _known(space, index.revision, offsets)
    rows, scores, similarities = by_index(index, space, values, top_k=min(top_k, n_images))
    return Ranking(
        article_ids=space.article_ids,
        image_ids=space.image_ids[rows],
        rows=rows,
        scores=scores,
        similarities=similarities,
        approximate=True,
    )


def check_top_k(top_k: int) -> None:
    """Raises: NewsImagesError where it is not above 0."""
    if top_k < 1:
        raise NewsImagesError(f"top_k is {top_k}, but a list needs at least 1 image.")


def _asked(space: Space, within: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    """(D,) which images are asked; None: all.

    Raises:
        NewsImagesError: ``within`` is not of these images.
    """
    if within is not None and (within.shape != space.image_ids.shape or within.dtype != np.bool_):
        raise NewsImagesError(
            f"within is {within.dtype} of shape {within.shape}, expected a truth value for each of "
            f"the {len(space.image_ids)} images."
        )
    if within is None or space.alive is None:
        return space.alive if within is None else within
    return np.logical_and(within, space.alive)


def _in_order(space: Space, asked: NDArray[np.bool_] | None) -> NDArray[np.int64]:
    """The rows that are asked, in the order of the ids."""
    rows = np.arange(len(space.image_ids)) if asked is None else np.flatnonzero(asked)
    return rows if space.places is None else rows[np.argsort(space.places[rows])]


def _searched(
    space: Space,
    asked: NDArray[np.bool_] | None,
    revision: Revision,
    offsets: ImageOffsets | None,
    *,
    confidence: Confidence | None,
    top_k: int,
) -> Ranking:
    """Ranks by `search`, the same as by tiles."""
    n_images = len(space.image_ids) if asked is None or asked.any() else 0
    check_shapes(space.queries, [block[:n_images] for block in space.gallery])
    n_asked = n_images if asked is None else int(np.count_nonzero(asked))
    found = search(
        space,
        _known(space, revision, offsets),
        revision.slope,
        top_k=min(top_k, n_asked),
        asked=asked,
        temperature=confidence.temperature if confidence else None,
    )
    confidences, none_fits = found.sureness(confidence, n_asked) if confidence else (None, None)
    return Ranking(
        article_ids=space.article_ids,
        image_ids=space.image_ids[found.rows],
        rows=found.rows,
        scores=found.scores,
        similarities=found.similarities,
        confidences=confidences,
        none_fits=none_fits,
    )


def _offsets(
    image_ids: NDArray[np.str_],
    tiles: SimilarityTiles,
    revision: Revision,
    offsets: ImageOffsets | None,
) -> Tensor:
    """(D,) the bank's offsets, or those over the queries of ``tiles``."""
    if offsets is None:
        return revision.offsets(tiles)
    return torch.from_numpy(_checked(offsets, revision).of(image_ids)).to(tiles.device)


def _known(space: Space, revision: Revision, offsets: ImageOffsets | None) -> NDArray[np.float32]:
    """(D,) the bank's offsets; 0 where there are none."""
    if offsets is None:
        return np.zeros(len(space.image_ids), np.float32)
    return _checked(offsets, revision).of(space.image_ids)


def _checked(offsets: ImageOffsets, revision: Revision) -> ImageOffsets:
    """Offsets of this revision. Raises: NewsImagesError where they are another's."""
    if offsets.revision != revision:
        raise NewsImagesError(
            f"The offsets were made for {offsets.revision}, but the revision is {revision}. "
            "Make them with `bank_offsets` for this revision."
        )
    return offsets


def top(scores: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k greatest of scores (B, D) without NaN and their columns, by (−score, column)."""
    n_images = scores.shape[1]
    values, columns = torch.topk(scores, min(k + 1, n_images), dim=1)
    if k < n_images:
        # torch.topk takes any of several equal scores at the cut: those rows are cut by hand.
        tied = (values[:, k] == values[:, k - 1]).nonzero().flatten().tolist()
        values, columns = values[:, :k], columns[:, :k].clone()
        for row in tied:
            above = columns[row, values[row] > values[row, -1]]
            equal = (scores[row] == values[row, -1]).nonzero().flatten()
            columns[row] = torch.cat([above, equal[: k - len(above)]])
    columns, _ = columns.sort(dim=1)
    values, order = scores.gather(1, columns).sort(dim=1, descending=True, stable=True)
    return values, columns.gather(1, order)
