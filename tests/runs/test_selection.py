"""Choices on a validation part: the winner, the curve, and that no test article is seen."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from newsimages.metrics.metrics import measure, ranks_of_truth, recall_at
from newsimages.ranking.bank import bank_offsets
from newsimages.ranking.ranking import rank
from newsimages.ranking.revision import Revision
from newsimages.runs.combination import Source, combine
from newsimages.runs.selection import (
    ValidationPart,
    choose_revision,
    choose_revision_in_folds,
    choose_weights,
)
from tests.fakes import random_embeddings, real_features, unit

NONE = Revision(method="none")
CANDIDATES = (
    NONE,
    Revision(scale=30.0),
    Revision(method="neighbours"),
    Revision(method="sinkhorn", scale=30.0),
)


def part(letter: str, n: int, seed: int, *, noise: float = 0.5) -> ValidationPart:
    """Articles near their images, and images near a point that all articles know: hubs."""
    generator = np.random.default_rng(seed)
    images = generator.normal(size=(n, 24))
    centre = np.random.default_rng(0).normal(size=24)
    texts = images + noise * generator.normal(size=images.shape) + centre
    images += 2 * generator.random((n, 1)) * centre
    articles = np.array([f"{letter}{i:04d}" for i in range(n)])
    names = np.array([f"i{i:04d}" for i in range(n)])
    return ValidationPart(
        queries=Embeddings(articles, unit(texts)),
        gallery=Embeddings(names, unit(images)),
        truth=dict(zip(articles.tolist(), names.tolist(), strict=True)),
    )


def test_the_greatest_mrr_wins_and_the_curve_is_what_each_would_measure() -> None:
    validation = part("v", 150, 1)
    choice = choose_revision(validation, CANDIDATES)
    figures = [
        measure(
            rank(validation.queries, validation.gallery, revision=revision).table(),
            validation.truth,
        )
        for revision in CANDIDATES
    ]
    assert choice.curve["mrr"].tolist() == [figure["mrr"] for figure in figures]
    assert choice.curve["recall_at_5"].tolist() == [figure["recall_at_5"] for figure in figures]
    assert choice.winner == CANDIDATES[int(np.argmax([figure["mrr"] for figure in figures]))]
    assert choice.winner != NONE  # there are hubs


def test_the_curve_names_the_settings_that_count() -> None:
    curve = choose_revision(part("v", 20, 1), CANDIDATES).curve
    assert curve["method"].tolist() == ["none", "dual_softmax", "neighbours", "sinkhorn"]
    assert curve["scale"].fillna(0).tolist() == [0, 30, 0, 30]
    assert curve["k"].fillna(0).tolist() == [0, 0, 10, 0]
    assert curve["alpha"].fillna(0).tolist() == [0, 0, 0.5, 0]


def test_the_first_of_equals_wins() -> None:
    easy = part("v", 20, 1, noise=0.0)
    validation = ValidationPart(queries=easy.gallery, gallery=easy.gallery, truth=own(easy))
    choice = choose_revision(validation, CANDIDATES[::-1])
    assert choice.curve["mrr"].tolist() == [1, 1, 1, 1]
    assert choice.winner == CANDIDATES[-1]


def own(validation: ValidationPart) -> dict[str, str]:
    return {image: image for image in validation.gallery.ids.tolist()}


def test_with_a_bank_it_is_chosen_for_one_article_at_a_time() -> None:
    validation, bank = part("v", 150, 1), part("b", 200, 2).queries
    choice = choose_revision(validation, CANDIDATES, bank=bank)
    offsets = bank_offsets(bank, validation.gallery, CANDIDATES[1])
    ranking = rank(validation.queries, validation.gallery, revision=CANDIDATES[1], offsets=offsets)
    figures = measure(ranking.table(), validation.truth)
    assert choice.curve["mrr"][1] == figures["mrr"]
    with pytest.raises(NewsImagesError, match=r"Articles of the query bank .* v0000, v0001"):
        choose_revision(validation, CANDIDATES, bank=validation.queries)


def test_weights_go_to_the_source_that_knows_more() -> None:
    validation = part("v", 100, 1)
    good = Source(queries=validation.queries, gallery=validation.gallery)
    poor = Source(
        queries=Embeddings(good.queries.ids, random_embeddings("x", 100, 8, 3).vectors),
        gallery=Embeddings(good.gallery.ids, random_embeddings("x", 100, 8, 4).vectors),
    )
    candidates = [(1, 1), (0, 1), (1, 0), (2, 0)]
    choice = choose_weights([poor, good], validation.truth, candidates)
    assert choice.winner == (0, 1)
    assert choice.curve["weight_1"].tolist() == [1, 0, 1, 2]
    assert choice.curve["mrr"][2] == choice.curve["mrr"][3]
    expected = measure(combine([poor, good]).table(), validation.truth)
    assert choice.curve["mrr"][0] == expected["mrr"]


def test_what_nothing_can_be_chosen_from_is_refused() -> None:
    validation = part("v", 5, 1)
    with pytest.raises(NewsImagesError, match="No candidate"):
        choose_revision(validation, [])
    with pytest.raises(NewsImagesError, match="no right images"):
        ValidationPart(queries=validation.queries, gallery=validation.gallery, truth={})
    with pytest.raises(NewsImagesError, match=r"1 articles .*\(t0\) and 1 images \(i9\)"):
        ValidationPart(queries=validation.queries, gallery=validation.gallery, truth={"t0": "i9"})
    source = Source(queries=validation.queries, gallery=validation.gallery)
    with pytest.raises(NewsImagesError, match=r"names 1 articles without a vector \(t0\)"):
        choose_weights([source], {"t0": "i0001"}, [(1,)])


def test_folds_are_validation_parts_with_the_rest_as_the_bank() -> None:
    training = part("t", 40, 1)
    choice = choose_revision_in_folds(training, CANDIDATES, n_folds=2, seed=3)
    images = np.random.default_rng(3).permutation(training.gallery.ids)
    halves = [[image.replace("i", "t") for image in half] for half in np.split(images, 2)]
    figures = []
    for own_half, other_half in (halves, halves[::-1]):
        validation = ValidationPart(
            queries=training.queries.select(own_half),
            gallery=training.gallery.select([training.truth[article] for article in own_half]),
            truth={article: training.truth[article] for article in own_half},
        )
        bank = training.queries.select(other_half)
        figures.append(choose_revision(validation, CANDIDATES, bank=bank).curve["mrr"])
    np.testing.assert_allclose(choice.curve["mrr"], np.mean(figures, axis=0))
    assert choice.winner == CANDIDATES[int(choice.curve["mrr"].argmax())]


def test_folds_keep_an_images_articles_together_and_repeated_articles_out_of_the_bank() -> None:
    once = part("t", 20, 1)
    twice = Embeddings(
        np.concatenate([once.queries.ids, np.char.add(once.queries.ids, "b")]),
        np.concatenate([once.queries.vectors, once.queries.vectors]),
    )
    truth = {article: once.truth[article[:5]] for article in twice.ids.tolist()}
    both = ValidationPart(queries=twice, gallery=once.gallery, truth=truth)
    # A title that another image's article repeats would be in fold and bank at once.
    vectors = twice.vectors.copy()
    vectors[1] = vectors[0]
    repeating = ValidationPart(
        queries=Embeddings(twice.ids, vectors), gallery=once.gallery, truth=truth
    )
    for training in (both, repeating):
        choice = choose_revision_in_folds(training, CANDIDATES, n_folds=5)
        assert choice.curve["mrr"].between(0.1, 1).all()
    with pytest.raises(NewsImagesError, match="n_folds is 21, expected 2 to 20"):
        choose_revision_in_folds(both, CANDIDATES, n_folds=21)


TRIED = (
    NONE,
    *(Revision(method="sinkhorn", scale=scale) for scale in (10.0, 20.0, 30.0, 50.0, 70.0)),
)


def halves(shared_data: Path, seed: int) -> tuple[ValidationPart, ValidationPart]:
    """Disjoint halves of real pairs: to choose on and to be the bank, and to test."""
    queries, gallery, truth = real_features(shared_data, "coco500_vitb16")
    articles = np.random.default_rng(seed).permutation(queries.ids)
    first, second = (
        ValidationPart(
            queries=queries.select(half.tolist()),
            gallery=gallery.select([truth[article] for article in half]),
            truth={article: truth[article] for article in half},
        )
        for half in np.split(articles, 2)
    )
    return first, second


def alone(training: ValidationPart, test: ValidationPart, revision: Revision) -> pd.DataFrame:
    """The test articles one at a time: the training articles are the bank."""
    offsets = bank_offsets(training.queries, test.gallery, revision)
    return rank(test.queries, test.gallery, revision=revision, offsets=offsets).table()


def test_a_real_bank_gains_for_one_article_at_a_time(shared_data: Path) -> None:
    gains = []
    for seed in range(10):
        training, test = halves(shared_data, seed)
        winner = choose_revision_in_folds(training, TRIED).winner
        cosine, revised = (
            recall_at(ranks_of_truth(alone(training, test, revision), test.truth), 1)
            for revision in (NONE, winner)
        )
        gains.append(revised - cosine)
    assert np.mean(gains) >= 0.05


def test_shuffled_test_labels_change_no_choice(shared_data: Path) -> None:
    training, test = halves(shared_data, 0)
    right = list(test.truth.values())
    wrong = np.random.default_rng(1).permutation(right).tolist()

    def run(labels: list[str]) -> tuple[Revision, Revision, tuple[float, ...], float]:
        in_batch = choose_revision(training).winner
        by_itself = choose_revision_in_folds(training, TRIED)
        source = Source(queries=training.queries, gallery=training.gallery)
        weights = choose_weights([source, source], training.truth, [(1, 0), (0, 1)]).winner
        truth = dict(zip(test.truth, labels, strict=True))
        figures = measure(alone(training, test, by_itself.winner), truth)
        return in_batch, by_itself.winner, weights, figures["mrr"]

    *chosen, figure = run(right)
    *chosen_again, figure_again = run(wrong)
    assert chosen == chosen_again
    assert figure > 0.6
    assert figure_again < 0.1
