"""Which revision, which weights: chosen on a validation part, before any test article is seen.

In come the articles, images and right images of a validation part and the candidates, out come the
winner and the whole curve. Nothing here takes a test set, so no choice can have seen one. The
greatest MRR wins, and of equal ones the first candidate: list the simpler ones first.

Whole batches and one article at a time are different tasks. For the latter `choose_revision` takes
the query bank that the answers will rest on, without the validation part's articles; or
`choose_revision_in_folds` takes both from the training pairs, in turn. In whole batches a
revision's best scale depends on how many articles there are: choose it on a part of the size to
come.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch

from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError, first_ten
from newsimages.metrics.metrics import CUTS, figures_of, ranks_in_lists
from newsimages.ranking.bank import bank_offsets, check_disjoint, without_asked
from newsimages.ranking.ranking import Ranking, rank
from newsimages.ranking.revision import Revision
from newsimages.runs.combination import Scaling, Source, combine, settled

SCALES = (1.0, 5.0, 10.0, 20.0, 50.0, 100.0)
REVISIONS: tuple[Revision, ...] = (
    Revision(method="none"),
    *(Revision(method="dual_softmax", scale=scale) for scale in SCALES),
    *(Revision(method="inverted_softmax", scale=scale) for scale in SCALES),
    *(Revision(method="neighbours", k=k, alpha=a) for k in (5, 10, 20) for a in (0.5, 0.75)),
    *(Revision(method="sinkhorn", scale=scale) for scale in SCALES),
)
"""Candidates from simple to costly."""


FIGURES = [*(f"recall_at_{k}" for k in CUTS), "mrr"]


@dataclass(frozen=True, kw_only=True, eq=False)
class ValidationPart:
    """Articles that were set apart for choosing, and the images to find for them."""

    queries: Embeddings
    """C articles."""
    gallery: Embeddings
    """D images."""
    truth: Mapping[str, str]
    """The right image of each article that has one."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError where the truth does not speak of these articles and images."""
        check_truth(self.truth, self.queries, self.gallery)


@dataclass(frozen=True, kw_only=True, eq=False)
class RevisionChoice:
    """What came of trying revisions."""

    winner: Revision
    """The one with the greatest MRR."""
    curve: pd.DataFrame
    """A row per candidate: method, scale, k, alpha (NaN where the method has none), recall_at_5 to
    recall_at_100, mrr."""


@dataclass(frozen=True, kw_only=True, eq=False)
class WeightChoice:
    """What came of trying weights."""

    winner: tuple[float, ...]
    """The weights with the greatest MRR, one per source."""
    curve: pd.DataFrame
    """A row per candidate: weight_1, weight_2, …, recall_at_5 to recall_at_100, mrr."""


def choose_revision(
    validation: ValidationPart,
    candidates: Sequence[Revision] = REVISIONS,
    *,
    bank: Embeddings | None = None,
    memory_mb: int = 512,
    device: torch.device | str = "cpu",
) -> RevisionChoice:
    """Tries revisions on a validation part.

    Args:
        validation: Never articles of a test set.
        candidates: The simpler first.
        bank: The query bank of answers for one article at a time; None where whole batches are
            revised over themselves.
        memory_mb: Budget in MiB of each ranking.
        device: Where to compute.

    Raises:
        NewsImagesError: No candidate, a bank that holds articles of the validation part; as
            `newsimages.ranking.ranking.rank` and `newsimages.ranking.bank.bank_offsets`.
    """
    if bank is not None:
        check_disjoint(bank, validation.queries, memory_mb=memory_mb, device=device)
    rows = []
    for revision in candidates:
        offsets = (
            None
            if bank is None
            else bank_offsets(
                bank, validation.gallery, revision, memory_mb=memory_mb, device=device
            )
        )
        ranking = rank(
            validation.queries,
            validation.gallery,
            revision=revision,
            offsets=offsets,
            top_k=CUTS[-1],
            memory_mb=memory_mb,
            device=device,
        )
        rows.append({**_settings(revision), **_measured(ranking, validation.truth)})
    curve = pd.DataFrame(rows)
    return RevisionChoice(winner=candidates[_best(curve)], curve=curve)


def choose_revision_in_folds(
    training: ValidationPart,
    candidates: Sequence[Revision] = REVISIONS,
    *,
    n_folds: int = 5,
    seed: int = 0,
    memory_mb: int = 512,
    device: torch.device | str = "cpu",
) -> RevisionChoice:
    """Tries revisions for one article at a time on the training pairs alone (cross-validation).

    Each fold is a validation part in turn, its gallery the images of the fold, its bank the
    articles of the other folds, without those that the fold repeats.

    Args:
        training: Never articles of a test set. Only articles with a right image count.
        candidates: The simpler first.
        n_folds: How many parts; an image is in one only, with all its articles.
        seed: Of who is in which.
        memory_mb: Budget in MiB of each ranking.
        device: Where to compute.

    Returns:
        The curve's figures are means over all articles.

    Raises:
        NewsImagesError: Fewer than 2 folds, or fewer images than folds; as `choose_revision`.
    """
    images = np.unique(list(training.truth.values()))
    if not 2 <= n_folds <= len(images):
        raise NewsImagesError(
            f"n_folds is {n_folds}, expected 2 to {len(images)}, the number of right images."
        )
    images = np.random.default_rng(seed).permutation(images)
    curves, n_articles = [], []
    for fold in np.array_split(images, n_folds):
        shown = set(fold.tolist())
        truth = {article: image for article, image in training.truth.items() if image in shown}
        validation = ValidationPart(
            queries=training.queries.select(list(truth)),
            gallery=training.gallery.select(fold.tolist()),
            truth=truth,
        )
        others = training.queries.select([a for a in training.truth if a not in truth])
        bank = without_asked(others, validation.queries, memory_mb=memory_mb, device=device)
        choice = choose_revision(
            validation, candidates, bank=bank, memory_mb=memory_mb, device=device
        )
        curves.append(choice.curve[FIGURES].to_numpy())
        n_articles.append(len(truth))
    curve = choice.curve.assign(
        **dict(zip(FIGURES, np.average(curves, axis=0, weights=n_articles).T, strict=True))
    )
    return RevisionChoice(winner=candidates[_best(curve)], curve=curve)


def choose_weights(
    validation: Sequence[Source],
    truth: Mapping[str, str],
    candidates: Sequence[Sequence[float]],
    *,
    scaling: Scaling = "z_score",
    memory_mb: int = 512,
    device: torch.device | str = "cpu",
) -> WeightChoice:
    """Tries weights of several sources on a validation part.

    Args:
        validation: The sources' vectors of the part's articles and images, never of a test set;
            with their revisions and banks.
        truth: The right image of each of its articles that has one.
        candidates: Weights, one per source each; the simpler first.
        scaling: As `newsimages.runs.combination.combine`.
        memory_mb: Budget in MiB of each ranking.
        device: Where to compute.

    Raises:
        NewsImagesError: No candidate, a truth of other articles or images; as
            `newsimages.runs.combination.combine`.
    """
    if validation:
        check_truth(truth, validation[0].queries, validation[0].gallery)
    sources = [settled(source, memory_mb=memory_mb, device=device) for source in validation]
    rows = []
    for weights in candidates:
        ranking = combine(
            sources,
            weights=weights,
            scaling=scaling,
            top_k=CUTS[-1],
            memory_mb=memory_mb,
            device=device,
        )
        named = {f"weight_{number}": weight for number, weight in enumerate(weights, start=1)}
        rows.append({**named, **_measured(ranking, truth)})
    curve = pd.DataFrame(rows)
    return WeightChoice(winner=tuple(candidates[_best(curve)]), curve=curve)


def check_truth(truth: Mapping[str, str], queries: Embeddings, gallery: Embeddings) -> None:
    """Raises: NewsImagesError where the truth is empty or names what is not there."""
    if not truth:
        raise NewsImagesError("The validation part has no right images: nothing can be chosen.")
    articles = truth.keys() - set(queries.ids.tolist())
    images = set(truth.values()) - set(gallery.ids.tolist())
    if articles or images:
        raise NewsImagesError(
            f"The truth of the validation part names {len(articles)} articles without a vector "
            f"({first_ten(sorted(articles)) or '-'}) and {len(images)} images "
            f"({first_ten(sorted(images)) or '-'})."
        )


def _measured(ranking: Ranking, truth: Mapping[str, str]) -> dict[str, float]:
    return figures_of(ranks_in_lists(ranking.article_ids, ranking.image_ids, truth))


def _best(curve: pd.DataFrame) -> int:
    """The row of the greatest MRR; the first of equal ones."""
    if curve.empty:
        raise NewsImagesError("No candidate to choose from: give at least one.")
    return int(curve["mrr"].to_numpy().argmax())


def _settings(revision: Revision) -> dict[str, Any]:
    """The settings that the method looks at."""
    scaled = revision.method in ("dual_softmax", "inverted_softmax", "sinkhorn")
    near = revision.method == "neighbours"
    return {
        "method": revision.method,
        "scale": revision.scale if scaled else float("nan"),
        "k": revision.k if near else float("nan"),
        "alpha": revision.alpha if near else float("nan"),
    }
