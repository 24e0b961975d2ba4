"""One image per article, none twice: against all that there is to choose, and in bounded memory."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from newsimages.errors import NewsImagesError
from newsimages.ranking import assignment
from newsimages.ranking.assignment import Assignment, assign, best_places
from newsimages.ranking.ranking import Ranking
from newsimages.ranking.spaces import View
from newsimages.retriever.retriever import Retriever
from tests.fakes import queries_of, random_embeddings


def lists_of(scores: NDArray[np.float32]) -> Callable[[int], Ranking]:
    """Lists over images ``i0``, … in the order of (−score, id)."""
    articles = np.array([f"a{row}" for row in range(len(scores))])
    images = np.array([f"i{column}" for column in range(scores.shape[1])])

    def ranked(top_k: int) -> Ranking:
        rows = np.argsort(-scores, axis=1, kind="stable")[:, :top_k]
        own = np.take_along_axis(scores, rows, axis=1)
        return Ranking(
            article_ids=articles, image_ids=images[rows], rows=rows, scores=own, similarities=own
        )

    return ranked


def assigned(scores: NDArray[np.float32], memory_mb: int = 512) -> Assignment:
    n_articles, n_images = scores.shape
    found = assign(lists_of(scores), n_articles=n_articles, n_images=n_images, memory_mb=memory_mb)
    assert len(set(found.image_ids.tolist())) == n_articles
    for row, (name, rank) in enumerate(zip(found.image_ids, found.ranks, strict=True)):
        assert found.scores[row] == scores[row, int(name[1:])]
        assert lists_of(scores)(n_images).image_ids[row, rank - 1] == name
    return found


@pytest.mark.parametrize("kind", ["drawn", "tied"])
@pytest.mark.parametrize(
    ("n_articles", "n_images"),
    [(c, d) for c in range(1, 7) for d in range(c, 9)],
)
def test_no_other_choice_has_a_greater_total(n_articles: int, n_images: int, kind: str) -> None:
    generator = np.random.default_rng([n_articles, n_images])
    scores = generator.normal(size=(n_articles, n_images)).astype(np.float32)
    if kind == "tied":
        scores = scores.round()
    found = assigned(scores)
    rows = np.arange(n_articles)
    choices = np.array(list(itertools.permutations(range(n_images), n_articles)))
    best = scores[rows, choices].sum(axis=1, dtype=np.float64).max()
    assert found.is_exact
    assert found.scores.sum(dtype=np.float64) == pytest.approx(best, abs=1e-6)


def test_what_memory_does_not_hold_is_found_among_first_images(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scores = np.random.default_rng(0).normal(size=(60, 200)).astype(np.float32)
    exact = assigned(scores)
    monkeypatch.setattr(assignment, "CELL_BYTES", 1 << 20)
    monkeypatch.setattr(assignment, "FIRST_K", 20)
    part = assigned(scores)
    assert not part.is_exact
    np.testing.assert_array_equal(part.image_ids, exact.image_ids)


def test_lists_grow_until_all_have_an_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assignment, "CELL_BYTES", 1 << 20)
    monkeypatch.setattr(assignment, "FIRST_K", 2)
    alike = np.tile(np.linspace(1, 0, 40, dtype=np.float32), (40, 1))  # all want the same
    found = assigned(alike, memory_mb=1)
    assert found.is_exact
    assert sorted(found.ranks.tolist()) == list(range(1, 41))
    some = assigned(alike[:5], memory_mb=1)
    assert not some.is_exact
    assert sorted(some.ranks.tolist()) == [1, 2, 3, 4, 5]


def test_order_changes_nothing_also_where_totals_are_equal() -> None:
    scores = np.random.default_rng(3).integers(0, 3, (12, 15)).astype(np.float32)
    ranking = lists_of(scores)(15)
    first = best_places(ranking.article_ids, ranking.image_ids, ranking.scores)
    assert first is not None
    images = ranking.image_ids[np.arange(12), first]
    order = np.random.default_rng(4).permutation(12)
    again = best_places(ranking.article_ids[order], ranking.image_ids[order], ranking.scores[order])
    assert again is not None
    np.testing.assert_array_equal(ranking.image_ids[order, again], images[order])


def test_too_few_images_are_said_before_the_work() -> None:
    def never(_: int) -> Ranking:
        raise AssertionError("ranked")

    with pytest.raises(NewsImagesError, match="3 images for 1,200 articles.*1,197 are missing"):
        assign(never, n_articles=1200, n_images=3)


def test_a_retriever_gives_no_image_that_is_left_out() -> None:
    view = View("clip", "title")
    retriever = Retriever(
        gallery={"clip": random_embeddings("i", 12, 8, 1)}, weights={view: 1.0}, revisions=()
    )
    asked = queries_of({view: random_embeddings("a", 10, 8, 2)})
    free = retriever.assign(asked, revision="none")
    assert free.is_exact
    assert (free.scores == free.similarities).all()
    without = free.image_ids[:2].tolist()
    rest = retriever.assign(asked, revision="none", without=without)
    assert not {*rest.image_ids.tolist()} & {*without}
    assert rest.scores.sum() <= free.scores.sum()
    with pytest.raises(NewsImagesError, match="9 images for 10 articles"):
        retriever.assign(asked, revision="none", without=[*without, rest.image_ids[0]])


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_scores_that_are_no_numbers_are_refused(wrong: float) -> None:
    ids = np.array([list("wxyz"), list("xyzw")])
    for n_images in (4, 3):  # whole lists, and the first of each
        scores = np.ones((2, n_images))
        scores[1, 0] = wrong
        with pytest.raises(NewsImagesError, match="Scores of the articles b are no finite numbers"):
            best_places(np.array(["a", "b"]), ids[:, :n_images], scores)
