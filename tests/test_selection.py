"""Choices on a validation part: the winner, the curve, and that no test article is seen."""

from pathlib import Path

import numpy as np
import pytest

from newsimages.bank import bank_offsets
from newsimages.combination import Source, combine
from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from newsimages.metrics import measure
from newsimages.ranking import rank
from newsimages.revision import Revision
from newsimages.selection import ValidationPart, choose_revision, choose_weights
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


def test_shuffled_test_labels_change_no_choice(shared_data: Path) -> None:
    """A quarter is chosen on, a half is tested one article at a time, the rest is the bank."""
    queries, gallery, truth = real_features(shared_data, "coco500_vitb16")
    generator = np.random.default_rng(0)
    articles = generator.permutation(queries.ids)
    shuffled = dict(zip(truth, generator.permutation(list(truth.values())).tolist(), strict=True))

    def run(labels: dict[str, str]) -> tuple[Revision, list[float], float]:
        test, chosen_on, rest = articles[:250], articles[250:375], articles[375:]
        images = gallery.select([truth[article] for article in chosen_on])
        validation = ValidationPart(
            queries=queries.select(chosen_on.tolist()),
            gallery=images,
            truth={article: truth[article] for article in chosen_on},
        )
        choice = choose_revision(validation, bank=queries.select(rest.tolist()))
        # Choosing done, the validation articles may join the bank.
        bank = queries.select(articles[250:].tolist())
        images = gallery.select(sorted({truth[article] for article in test}))
        offsets = bank_offsets(bank, images, choice.winner)
        ranking = rank(
            queries.select(test.tolist()), images, revision=choice.winner, offsets=offsets
        )
        figures = measure(ranking.table(), {article: labels[article] for article in test})
        return choice.winner, choice.curve["mrr"].tolist(), figures["mrr"]

    winner, curve, right = run(truth)
    winner_again, curve_again, wrong = run(shuffled)
    assert (winner, curve) == (winner_again, curve_again)
    assert right > 0.6
    assert wrong < 0.1
