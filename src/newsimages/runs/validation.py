"""Candidates tried on the validation part: weights and revisions in, the ranks they lead to out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from newsimages.devices import ON_CPU, Compute
from newsimages.errors import NewsImagesError, first_ten
from newsimages.metrics.metrics import CUTS, figures_of, ranks_in_lists
from newsimages.metrics.reciprocal_rank import reciprocal_ranks
from newsimages.ranking.confidence import Confidence
from newsimages.ranking.ranking import rank_tiles
from newsimages.ranking.revisions import Revision
from newsimages.ranking.similarity import MEGABYTE, SimilarityTiles, scaled
from newsimages.ranking.spaces import Gallery, Queries, View, Weights, fuse
from newsimages.runs.certainty import fit_confidence
from newsimages.runs.weights import fit_weights

PASSES = 6  # times the scores that fitting a confidence holds


@dataclass(frozen=True, kw_only=True, eq=False)
class Tried:
    """What candidates came to with the same weights."""

    weights: Weights
    candidates: tuple[Revision, ...]
    """N revisions."""
    ranks: NDArray[np.float64]
    """(N, C) the rank of each article's right image."""

    @property
    def mrr(self) -> NDArray[np.float64]:
        """(N,) from 0 to 1."""
        means: NDArray[np.float64] = reciprocal_ranks(self.ranks).mean(axis=1)
        return means

    @property
    def curve(self) -> pd.DataFrame:
        """A row per candidate: method, its settings, weights, recall_at_5 to recall_at_100, mrr."""
        weights = {f"weight_{view.tower}_{view[1]}": w for view, w in self.weights.items()}
        return pd.DataFrame(
            {"method": candidate.name, **candidate.settings, **weights, **figures_of(ranks)}
            for candidate, ranks in zip(self.candidates, self.ranks, strict=True)
        )

    def best(self) -> int:
        """The candidate with the greatest MRR; the first of equal ones."""
        return int(self.mrr.argmax())

    def simplest(self) -> int:
        """The best setting of the simplest revision within one standard error of the best.

        The standard error is that of the mean difference of the articles' reciprocal ranks. The
        candidates stand in the order of their simplicity.
        """
        reciprocal = reciprocal_ranks(self.ranks)
        behind = reciprocal[self.best()] - reciprocal  # (N, C)
        error = behind.std(axis=1) / np.sqrt(behind.shape[1])
        near = np.flatnonzero(behind.mean(axis=1) <= error).tolist()
        name = self.candidates[near[0]].name
        settings = [number for number in near if self.candidates[number].name == name]
        return max(settings, key=lambda number: float(self.mrr[number]))

    def best_of_each(self, winner: int) -> tuple[Revision, ...]:
        """The winner, and behind it the best setting of every other revision that was tried."""
        first: dict[str, Revision] = {}
        for number in [winner, *np.argsort(-self.mrr, kind="stable").tolist()]:
            first.setdefault(self.candidates[number].name, self.candidates[number])
        return tuple(first.values())


@dataclass(frozen=True, kw_only=True, eq=False)
class ValidationPart:
    """Articles that were set apart for choosing, asked as a run asks."""

    queries: Queries
    """C articles, never of a test set."""
    gallery: Gallery
    """The images to find for them."""
    truth: Mapping[str, str]
    """The right image of each article that has one."""
    bank: Queries | None = None
    """The query bank, for one article at a time; None where whole batches are revised."""
    compute: Compute = ON_CPU

    def __post_init__(self) -> None:
        """Raises: NewsImagesError where the truth is empty or names what is not there."""
        if not self.truth:
            raise NewsImagesError("The validation part has no right images: nothing can be chosen.")
        articles = self.truth.keys() - set(self.queries.ids.tolist())
        images = set(self.truth.values()) - set(next(iter(self.gallery.values())).ids.tolist())
        if articles or images:
            raise NewsImagesError(
                f"The truth of the validation part names {len(articles)} articles without a vector "
                f"({first_ten(sorted(articles)) or '-'}) and {len(images)} images "
                f"({first_ten(sorted(images)) or '-'})."
            )

    def fit(
        self, views: Sequence[View], offsets: Mapping[str, float] | None = None
    ) -> dict[View, float]:
        """The weights of several views, by `fit_weights`."""
        return fit_weights(
            self.queries, self.gallery, self.truth, views, offsets=offsets, compute=self.compute
        )

    def refit(self, weights: Weights, revision: Revision) -> dict[View, float]:
        """The weights anew, with a revision in place as it is at ``weights``."""
        seen = self._seen(weights, revision.rows_beside)
        values = revision.offsets(seen, bank=self.bank is not None) / revision.slope
        offsets = dict(zip(self._image_ids, values.tolist(), strict=True))
        return self.fit(list(weights), offsets)

    def try_revisions(self, weights: Weights, candidates: Sequence[Revision]) -> Tried:
        """Ranks the articles with each of the candidates.

        Raises:
            NewsImagesError: No candidate, or as `newsimages.ranking.ranking.rank`.
        """
        if not candidates:
            raise NewsImagesError("No candidate to choose from: give at least one.")
        most = max(candidate.rows_beside for candidate in candidates)
        space = fuse(self.queries, self.gallery, weights)
        tiles = SimilarityTiles.of(space, self.compute, rows_beside=most)
        seen = tiles if self.bank is None else self._seen(weights, most)
        ranks = []
        for candidate in candidates:
            offsets = candidate.offsets(seen, bank=self.bank is not None)
            lists = rank_tiles(tiles, space, offsets, candidate.slope, top_k=CUTS[-1])
            ranks.append(ranks_in_lists(lists.article_ids, lists.image_ids, self.truth))
        return Tried(weights=weights, candidates=tuple(candidates), ranks=np.stack(ranks))

    def confidences(self, weights: Weights, revisions: Sequence[Revision]) -> dict[str, Confidence]:
        """How sure the scores of each revision are, by its name, as `fit_confidence`.

        None where there is a single image, which is told from no other. Where memory does not hold
        all scores, articles are left out at even steps.
        """
        columns = {image: column for column, image in enumerate(self._image_ids)}
        right = {
            article: columns[self.truth[article]]
            for article in self.queries.ids.tolist()
            if article in self.truth
        }
        if len(columns) < 2:
            return {}
        most = max(1, self.compute.memory_mb * MEGABYTE // (4 * PASSES * len(columns)))
        articles = list(right)[:: -(-len(right) // most)]
        wanted = torch.tensor([right[article] for article in articles])
        beside = max(revision.rows_beside for revision in revisions)
        space = fuse(self.queries.select(articles), self.gallery, weights)
        tiles = SimilarityTiles.of(space, self.compute, rows_beside=beside)
        seen = self._seen(weights, beside)
        fitted = {}
        for each in revisions:
            offsets = each.offsets(seen, bank=self.bank is not None)
            scores = [own.to("cpu", copy=True) for _, own in scaled(tiles, each.slope, -offsets)]
            fitted[each.name] = fit_confidence(torch.cat(scores), wanted, slope=each.slope)
        return fitted

    @property
    def _image_ids(self) -> list[str]:
        """In the order of the columns of a space."""
        ids: list[str] = next(iter(self.gallery.values())).sorted_by_id().ids.tolist()
        return ids

    def _seen(self, weights: Weights, rows_beside: int) -> SimilarityTiles:
        """The similarities of the queries that offsets are taken over."""
        asked = self.queries if self.bank is None else self.bank
        space = fuse(asked, self.gallery, weights)
        return SimilarityTiles.of(space, self.compute, rows_beside=rows_beside)
