"""What is tried on a validation part is what would be measured, and how a winner is told."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from newsimages.devices import Compute
from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from newsimages.metrics.metrics import figures_of, ranks_of_truth
from newsimages.ranking.bank import bank_offsets
from newsimages.ranking.ranking import rank
from newsimages.ranking.revisions import (
    PLAIN,
    DualSoftmax,
    InvertedSoftmax,
    Neighbours,
    Revision,
    Sinkhorn,
)
from newsimages.ranking.spaces import Gallery, Queries, View, Weights, fuse
from newsimages.runs.validation import Tried, ValidationPart
from newsimages.runs.weights import fit_weights
from tests.fakes import queries_of, unit

TITLE, ORIGINAL = View("clip", "title"), View("multilingual", "title")
BOTH: Weights = {TITLE: 0.25, ORIGINAL: 0.75}
CANDIDATES = (PLAIN, DualSoftmax(scale=30.0), Neighbours(), Sinkhorn(scale=30.0))


def part(n: int, seed: int, *, letter: str = "v", noise: float = 0.5) -> ValidationPart:
    """Articles near their images, and images near a point that all articles know: hubs."""
    generator = np.random.default_rng(seed)
    images = generator.normal(size=(n, 24))
    centre = np.random.default_rng(0).normal(size=24)
    texts = images + noise * generator.normal(size=images.shape) + centre
    images += 2 * generator.random((n, 1)) * centre
    own = {
        "clip": (texts, images),
        "multilingual": (
            images[:, ::-1] + 2 * generator.normal(size=images.shape),
            images[:, ::-1],
        ),
    }
    articles = np.array([f"{letter}{i:05d}" for i in range(n)])
    names = np.array([f"i{i:05d}" for i in range(n)])
    return ValidationPart(
        queries=queries_of(
            {view: Embeddings(articles, unit(own[view.tower][0])) for view in (TITLE, ORIGINAL)}
        ),
        gallery={
            "clip": Embeddings(names, unit(own["clip"][1])),
            "multilingual": Embeddings(names, unit(own["multilingual"][1])),
        },
        truth=dict(zip(articles.tolist(), names.tolist(), strict=True)),
    )


def with_bank(validation: ValidationPart, bank: Queries) -> ValidationPart:
    return ValidationPart(
        queries=validation.queries, gallery=validation.gallery, truth=validation.truth, bank=bank
    )


VALIDATION = part(150, 1)
BANK = part(200, 2, letter="b").queries


@pytest.mark.parametrize("bank", [None, BANK], ids=["batch", "bank"])
@pytest.mark.parametrize("weights", [{TITLE: 1.0}, BOTH], ids=["one view", "two"])
def test_the_curve_is_what_each_would_measure(bank: Queries | None, weights: Weights) -> None:
    validation = with_bank(VALIDATION, bank) if bank else VALIDATION
    tried = validation.try_revisions(weights, CANDIDATES)
    space = fuse(validation.queries, validation.gallery, weights)
    figures = []
    for candidate in CANDIDATES:
        offsets = None
        if bank is not None:
            offsets = bank_offsets(fuse(bank, validation.gallery, weights), candidate)
        table = rank(space, candidate, offsets=offsets).table()
        figures.append(figures_of(ranks_of_truth(table, validation.truth)))
    for name in ("recall_at_5", "recall_at_10", "recall_at_50", "recall_at_100", "mrr"):
        assert tried.curve[name].tolist() == [figure[name] for figure in figures]
    assert tried.mrr.tolist() == tried.curve["mrr"].tolist()
    assert len(set(tried.mrr)) > 1  # there are hubs


def test_the_curve_names_the_settings_and_the_weights() -> None:
    curve = VALIDATION.try_revisions(BOTH, CANDIDATES).curve
    assert curve["method"].tolist() == ["none", "dual_softmax", "neighbours", "sinkhorn"]
    assert curve["scale"].fillna(0).tolist() == [0, 30, 0, 30]
    assert curve["k"].fillna(0).tolist() == [0, 0, 10, 0]
    assert curve["alpha"].fillna(0).tolist() == [0, 0, 0.5, 0]
    assert curve["rounds"].fillna(0).tolist() == [0, 0, 0, 50]
    assert curve["weight_clip_title"].tolist() == [0.25] * 4
    assert curve["weight_multilingual_title"].tolist() == [0.75] * 4


def test_how_much_memory_there_is_changes_nothing() -> None:
    small = ValidationPart(
        queries=VALIDATION.queries,
        gallery=VALIDATION.gallery,
        truth=VALIDATION.truth,
        compute=Compute(memory_mb=1),
    )
    expected = VALIDATION.try_revisions(BOTH, CANDIDATES).ranks
    np.testing.assert_array_equal(small.try_revisions(BOTH, CANDIDATES).ranks, expected)


@pytest.mark.parametrize("bank", [None, BANK], ids=["batch", "bank"])
def test_weights_are_fitted_anew_with_the_revision_in_place(bank: Queries | None) -> None:
    validation = with_bank(VALIDATION, bank) if bank else VALIDATION
    views = list(BOTH)
    queries, gallery, truth = validation.queries, validation.gallery, validation.truth
    assert validation.fit(views) == fit_weights(queries, gallery, truth, views)
    for revision in CANDIDATES[1:]:
        fitted = validation.refit(BOTH, revision)
        space = fuse(bank or queries, gallery, BOTH)
        own = bank_offsets(space, revision).values
        if bank is None and isinstance(revision, Sinkhorn):
            own = own_potentials(space_of=validation, revision=revision)
        offsets = dict(zip(space.image_ids.tolist(), (own / revision.slope).tolist(), strict=True))
        expected = fit_weights(queries, gallery, truth, views, offsets=offsets)
        for view in views:
            assert fitted[view] == pytest.approx(expected[view], abs=1e-3)
        assert fitted != validation.fit(views)


def own_potentials(*, space_of: ValidationPart, revision: Revision) -> NDArray[np.float32]:
    """A revision's offsets over the articles themselves, read off the scores of a ranking."""
    space = fuse(space_of.queries, space_of.gallery, BOTH)
    ranking = rank(space, revision, top_k=len(space.image_ids))
    offsets = revision.slope * ranking.similarities[0] - ranking.scores[0]
    return np.asarray(offsets[np.argsort(ranking.image_ids[0])])


def tried(ranks: Sequence[Sequence[float]], candidates: Sequence[Revision]) -> Tried:
    return Tried(weights={TITLE: 1.0}, candidates=tuple(candidates), ranks=np.array(ranks))


NAMED = (PLAIN, DualSoftmax(scale=1), DualSoftmax(scale=5), Neighbours(k=5), Neighbours(k=9))


def test_the_mrr_counts_ranks_up_to_100() -> None:
    assert tried([[1, 4, 101, np.inf], [2, 2, 100, 50]], NAMED[:2]).mrr.tolist() == [
        pytest.approx(1.25 / 4),
        pytest.approx((1 + 0.01 + 0.02) / 4),
    ]


def test_the_best_is_the_first_with_the_greatest_mrr() -> None:
    assert tried([[2, 2], [1, 4], [1, 3], [3, 1]], NAMED[:4]).best() == 2
    assert tried([[1, 1]] * 4, NAMED[:4]).best() == 0


def test_the_simplest_within_a_standard_error_wins_with_its_best_setting() -> None:
    """The best is ahead on 6 articles of 100 and behind on 4, each time by as much."""
    best = [1] * 6 + [2] * 4 + [1] * 90
    near = [2] * 6 + [1] * 4 + [1] * 90
    nearer = [2] * 5 + [1] * 5 + [1] * 90
    nearer[4:6] = [2, 1]
    far = [2] * 100
    assert tried([far, far, near, far, best], NAMED).simplest() == 2
    assert tried([far, near, nearer, far, best], NAMED).simplest() == 2
    assert tried([far, nearer, near, far, best], NAMED).simplest() == 1
    assert tried([near, nearer, near, far, best], NAMED).simplest() == 0
    assert tried([far, far, far, near, best], NAMED).simplest() == 4
    assert tried([far, far, far, best, near], NAMED).simplest() == 3


def test_a_lead_that_is_small_but_everywhere_counts() -> None:
    """Paired: however much articles differ from each other, what counts is what sets two apart."""
    generator = np.random.default_rng(0)
    ranks = generator.integers(10, 90, 100)
    ahead, behind = tried([ranks + 1, ranks], (PLAIN, Neighbours())).mrr[::-1]
    spread = (1 / ranks).std() / 10
    assert 0 < ahead - behind < spread  # unpaired, it would be lost in the noise
    assert tried([ranks + 1, ranks], (PLAIN, Neighbours())).simplest() == 1


def test_of_equal_candidates_the_simplest_wins() -> None:
    assert tried([[1, 3]] * 5, NAMED).simplest() == 0
    assert tried([[9, 9], *[[1, 3]] * 4], NAMED).simplest() == 1


def test_behind_the_winner_stands_the_best_of_every_other_revision() -> None:
    all_tried = tried([[4, 4], [3, 3], [1, 2], [2, 2], [1, 3]], NAMED)
    assert all_tried.best_of_each(2) == (DualSoftmax(scale=5), Neighbours(k=9), PLAIN)
    assert all_tried.best_of_each(3) == (Neighbours(k=5), DualSoftmax(scale=5), PLAIN)
    assert all_tried.best_of_each(0) == (PLAIN, DualSoftmax(scale=5), Neighbours(k=9))
    kinds = (DualSoftmax(), InvertedSoftmax())  # one is a kind of the other, but not it
    assert tried([[1, 1], [1, 2]], kinds).best_of_each(0) == kinds


def test_what_nothing_can_be_chosen_from_is_refused() -> None:
    validation = part(5, 1)
    queries: Queries = validation.queries
    gallery: Gallery = validation.gallery
    with pytest.raises(NewsImagesError, match="No candidate"):
        validation.try_revisions({TITLE: 1.0}, [])
    with pytest.raises(NewsImagesError, match="no right images"):
        ValidationPart(queries=queries, gallery=gallery, truth={})
    with pytest.raises(NewsImagesError, match=r"1 articles .*\(t0\) and 1 images \(i9\)"):
        ValidationPart(queries=queries, gallery=gallery, truth={"t0": "i9"})
    with pytest.raises(NewsImagesError, match=r"names 1 articles without a vector \(t0\)"):
        ValidationPart(queries=queries, gallery=gallery, truth={"t0": "i00001"})
    with pytest.raises(NewsImagesError, match="txv on the title has no articles"):
        validation.fit([TITLE, View("txv", "title")])
