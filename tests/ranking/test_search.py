"""Searching very many images: the same bits as ranking them by tiles."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from newsimages.errors import NewsImagesError
from newsimages.ranking import ranking as ranking_module
from newsimages.ranking import search as search_module
from newsimages.ranking.bank import ImageOffsets
from newsimages.ranking.confidence import Confidence
from newsimages.ranking.halves import halves_of
from newsimages.ranking.ranking import Ranking, rank
from newsimages.ranking.revisions import PLAIN, DualSoftmax, Neighbours, Revision
from newsimages.ranking.search import Slack
from newsimages.ranking.spaces import Space
from tests.fakes import unit

N = 20_000
SURE = Confidence(temperature=3.0, nothing=1.5)
DUAL = DualSoftmax(scale=20.0)


def clip_like(
    n_articles: int, n_images: int, dimensions: Sequence[int] = (64,), seed: int = 0
) -> Space:
    """Images around a common direction, articles around another, near to an image each."""
    generator = np.random.default_rng(seed)
    queries, gallery = [], []
    for dimension in dimensions:
        means = unit(generator.normal(size=(2, dimension)))
        images = unit(
            means[0] + unit(generator.normal(size=(n_images, dimension))).astype(np.float64)
        )
        near = images[generator.integers(0, n_images, n_articles)]
        noise = unit(generator.normal(size=(n_articles, dimension)))
        queries.append(unit(1.5 * means[1] + 0.5 * near + noise) / np.float32(len(dimensions)))
        gallery.append(images)
    return Space(
        article_ids=np.array([f"a{i}" for i in range(n_articles)]),
        image_ids=np.array([f"i{i:06d}" for i in range(n_images)]),
        queries=tuple(queries),
        gallery=tuple(gallery),
    )


def with_halves(space: Space) -> Space:
    halves = tuple(halves_of(block) for block in space.gallery)
    return Space(
        article_ids=space.article_ids,
        image_ids=space.image_ids,
        queries=space.queries,
        gallery=space.gallery,
        halves=halves,
    )


def offsets_of(space: Space, revision: Revision, spread: float, seed: int = 9) -> ImageOffsets:
    drawn = np.random.default_rng(seed).normal(10, spread, len(space.image_ids))
    return ImageOffsets(space.image_ids, drawn.astype(np.float32), revision)


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Galleries of any size are searched; how many articles were asked in float32 throughout."""
    monkeypatch.setattr(ranking_module, "MANY", 1)
    monkeypatch.setattr(search_module, "CHUNK", 4096)
    whole, asked = search_module._scan_whole, []

    def counted(queries: Sequence[torch.Tensor], request: object) -> object:
        asked.append(len(queries[0]))
        return whole(queries, request)

    monkeypatch.setattr(search_module, "_scan_whole", counted)
    return asked


def by_tiles(
    space: Space, revision: Revision, monkeypatch: pytest.MonkeyPatch, **options: object
) -> Ranking:
    with monkeypatch.context() as patched:
        patched.setattr(ranking_module, "MANY", 10**9)
        return rank(space, revision, **options)


def assert_same_answer(actual: Ranking, expected: Ranking) -> None:
    """The same bits, but for the probabilities, which come near."""
    for name in ("article_ids", "image_ids", "rows", "scores", "similarities"):
        np.testing.assert_array_equal(getattr(actual, name), getattr(expected, name))
    assert (actual.confidences is None) == (expected.confidences is None)
    if expected.confidences is not None:
        np.testing.assert_allclose(actual.confidences, expected.confidences, rtol=0, atol=1e-3)
        np.testing.assert_allclose(actual.none_fits, expected.none_fits, rtol=0, atol=1e-3)


@pytest.mark.parametrize("halved", [True, False])
@pytest.mark.parametrize("dimensions", [(64,), (48, 600, 16)])
@pytest.mark.parametrize("n_articles", [1, 3, 16, 37, 200])
def test_an_answer_has_the_bits_of_one_by_tiles(
    n_articles: int,
    dimensions: tuple[int, ...],
    halved: bool,
    searched: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    space = clip_like(n_articles, N if len(dimensions) == 1 else N // 4, dimensions)
    own = with_halves(space) if halved else space
    for revision, spread in ((PLAIN, 0.0), (DUAL, 1.0), (Neighbours(), 0.02)):
        offsets = None if revision == PLAIN else offsets_of(space, revision, spread)
        options = {"offsets": offsets, "confidence": SURE, "top_k": 100}
        expected = by_tiles(space, revision, monkeypatch, **options)
        assert_same_answer(rank(own, revision, **options), expected)
    assert searched == ([] if halved else [n_articles] * 3)


def test_equal_scores_are_cut_by_id_and_copies_score_alike(
    searched: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    space = clip_like(20, N)
    [images] = space.gallery
    first = rank(space, PLAIN, top_k=60).rows
    # Of each article's images around the cut, copies all over the gallery.
    for article in range(20):
        images[np.random.default_rng(article).integers(0, N, 25)] = images[
            first[article, 45:50][:1]
        ]
    expected = by_tiles(space, PLAIN, monkeypatch, top_k=50)
    assert (expected.scores[:, -1] == expected.scores[:, -2]).any()
    searched.clear()
    assert_same_answer(rank(with_halves(space), PLAIN, top_k=50), expected)
    assert searched == []


@pytest.mark.parametrize("n_distinct", [1, 7, 3000])
def test_of_images_that_are_all_alike_the_whole_scan_finds_the_first(
    n_distinct: int, searched: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "CROWDED", 1000)
    generator = np.random.default_rng(0)
    space = clip_like(18, N)
    near = unit(space.gallery[0][:1] + 1e-4 * generator.normal(size=(n_distinct, 64)))
    space.gallery[0][:] = near[generator.integers(0, n_distinct, N)]
    expected = by_tiles(space, PLAIN, monkeypatch, top_k=100, confidence=SURE)
    assert_same_answer(rank(with_halves(space), PLAIN, top_k=100, confidence=SURE), expected)
    assert searched == [18]


def test_only_the_crowded_articles_are_asked_again(
    searched: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "CROWDED", 1500)
    space = clip_like(40, N)
    away = -space.queries[0].mean(axis=0)
    space.queries[0][7] = unit(away[None])
    space.gallery[0][::4] = unit(away + 1e-4 * np.random.default_rng(0).normal(size=(N // 4, 64)))
    expected = by_tiles(space, PLAIN, monkeypatch, top_k=30, confidence=SURE)
    assert_same_answer(rank(with_halves(space), PLAIN, top_k=30, confidence=SURE), expected)
    assert searched == [1]


def test_the_slack_holds_for_vectors_made_against_it() -> None:
    generator = np.random.default_rng(0)
    dimension, slope, offset = 1016, 40.0, 3.7
    # Of length 1, and every number is halfway between two of bfloat16 and rounded towards 0.
    halfway = np.full((2, dimension), (1 + 2.0**-8 - 2.0**-23) * 2.0**-5, np.float32)
    halfway[1] *= generator.choice([-1, 1], dimension)
    drawn = unit(generator.normal(size=(400, dimension)))
    images = np.concatenate([halfway, drawn, unit(halfway + 0.05 * drawn[:2])])
    queries = np.concatenate([halfway, drawn[:40], np.eye(dimension, dtype=np.float32)[:3]])
    asked, halves = torch.from_numpy(queries), halves_of(images)
    product = asked.bfloat16() @ halves.vectors.T
    exact = slope * (asked.double() @ torch.from_numpy(images).double().T) - offset
    whole = slope * (asked @ torch.from_numpy(images).T) - offset
    slack = Slack([asked], [halves], slope, offset)
    slack.reached(0, product.float().abs().amax(dim=1))
    for final in (exact, whole):
        apart = (final - (slope * product.float() - offset)).abs().amax(dim=1)
        assert (apart <= slack.apart()).all()
    assert (apart[:2] > slack.apart()[:2] / 2).all()  # it is not far from what can be


@pytest.mark.parametrize("share", [0.05, 0.3])
@pytest.mark.parametrize("halved", [True, False])
def test_a_part_of_the_images_in_any_order(
    share: float, halved: bool, searched: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    space = clip_like(30, N)
    generator = np.random.default_rng(1)
    order, alive, within = generator.permutation(N), generator.random(N) < 0.95, None
    within = generator.random(N) < share
    offsets = offsets_of(space, DUAL, 1.0)
    own = with_halves(
        Space(
            article_ids=space.article_ids,
            image_ids=space.image_ids[order],
            queries=space.queries,
            gallery=(space.gallery[0][order],),
        )
    )
    own = Space(**{**vars(own), "places": order, "alive": alive[order]})
    if not halved:
        own = Space(**{**vars(own), "halves": None})
    moved = ImageOffsets.known(own.image_ids, offsets.values[order], DUAL)
    actual = rank(own, DUAL, offsets=moved, confidence=SURE, top_k=50, within=within[order])
    options = {"offsets": offsets, "confidence": SURE, "top_k": 50, "within": within & alive}
    expected = by_tiles(space, DUAL, monkeypatch, **options)
    np.testing.assert_array_equal(own.image_ids[actual.rows], expected.image_ids)
    assert_same_answer(Ranking(**{**vars(actual), "rows": expected.rows}), expected)


@pytest.mark.parametrize("top_k", [1, 700, 5000])
def test_lists_of_any_length(
    top_k: int, searched: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    space = clip_like(5, 5000)
    expected = by_tiles(space, PLAIN, monkeypatch, top_k=top_k)
    assert_same_answer(rank(with_halves(space), PLAIN, top_k=top_k), expected)
    assert rank(space, PLAIN, top_k=9999).rows.shape == (5, 5000)


def test_where_nothing_is_asked_there_is_nothing_to_rank(searched: list[int]) -> None:
    space = clip_like(3, 500)
    with pytest.raises(NewsImagesError, match="Nothing to rank: 3 articles and 0 images"):
        rank(with_halves(space), PLAIN, within=np.zeros(500, np.bool_))
    with pytest.raises(NewsImagesError, match="top_k is 0"):
        rank(with_halves(space), PLAIN, top_k=0)
    assert searched == []
