"""Weighted sums against loops written out in float64, and what may not be combined."""

import statistics

import numpy as np
import pytest

from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from newsimages.ranking.bank import bank_offsets
from newsimages.ranking.ranking import Ranking, rank
from newsimages.ranking.revision import Method, Revision
from newsimages.runs.combination import SCALINGS, Scaling, Source, combine, settled
from tests.fakes import random_embeddings


def source(n_articles: int, n_images: int, dimension: int, seed: int, **settings: object) -> Source:
    return Source(
        queries=random_embeddings("a", n_articles, dimension, seed),
        gallery=random_embeddings("i", n_images, dimension, seed + 100),
        **settings,  # type: ignore[arg-type]
    )


def exact(one: Source) -> list[list[float]]:
    """Cosines in float64."""
    z = one.queries.vectors.astype(np.float64) @ one.gallery.vectors.T.astype(np.float64)
    rows: list[list[float]] = z.tolist()
    return rows


def scaled(row: list[float], scaling: Scaling) -> list[float]:
    if scaling == "z_score":
        return [(x - statistics.fmean(row)) / statistics.pstdev(row) for x in row]
    return [(x - min(row)) / (max(row) - min(row)) for x in row]


def assert_same_bits(actual: Ranking, expected: Ranking) -> None:
    np.testing.assert_array_equal(actual.image_ids, expected.image_ids)
    np.testing.assert_array_equal(actual.scores, expected.scores)
    np.testing.assert_array_equal(actual.similarities, expected.similarities)


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("memory_mb", [512, 3])
def test_scores_are_the_weighted_mean_of_the_scaled_ones(scaling: Scaling, memory_mb: int) -> None:
    sources = [source(300, 90, 16, 0), source(300, 90, 24, 1), source(300, 90, 8, 2)]
    ranking = combine(sources, weights=[2, 1, 0.5], scaling=scaling, top_k=90, memory_mb=memory_mb)
    parts = [[scaled(row, scaling) for row in exact(one)] for one in sources]
    cosines = np.array(exact(sources[0]))
    for i, images in enumerate(ranking.image_ids.tolist()):
        columns = [int(image[1:]) for image in images]
        expected = [
            sum(w / 3.5 * part[i][j] for w, part in zip((2, 1, 0.5), parts, strict=True))
            for j in columns
        ]
        np.testing.assert_allclose(ranking.scores[i], expected, rtol=0, atol=1e-5)
        np.testing.assert_allclose(ranking.similarities[i], cosines[i, columns], atol=1e-6)
        assert sorted(columns) == list(range(90))
        assert (np.diff(ranking.scores[i]) <= 0).all()


def test_it_is_scaled_over_the_whole_gallery_before_the_cut() -> None:
    sources = [source(20, 50, 16, 0), source(20, 50, 24, 1)]
    whole, cut = combine(sources, top_k=50), combine(sources, top_k=5)
    np.testing.assert_array_equal(cut.image_ids, whole.image_ids[:, :5])
    np.testing.assert_array_equal(cut.scores, whole.scores[:, :5])


@pytest.mark.parametrize("scaling", SCALINGS)
def test_one_source_or_all_the_weight_on_one_is_its_own_ranking(scaling: Scaling) -> None:
    revision = Revision(method="dual_softmax", scale=30.0)
    one, other = source(40, 60, 16, 0, revision=revision), source(40, 60, 24, 1)
    own = rank(one.queries, one.gallery, revision=revision)
    assert combine([one], scaling=scaling).image_ids.tolist() == own.image_ids.tolist()
    weighted = combine([one, other], weights=[3, 0], scaling=scaling)
    assert weighted.image_ids.tolist() == own.image_ids.tolist()
    np.testing.assert_array_equal(weighted.similarities, own.similarities)


def test_only_the_proportions_of_the_weights_count() -> None:
    sources = [source(20, 50, 16, 0), source(20, 50, 24, 1)]
    assert_same_bits(combine(sources, weights=[2, 6]), combine(sources, weights=[0.25, 0.75]))
    assert_same_bits(combine(sources), combine(sources, weights=[7, 7]))


def test_ids_are_matched_whatever_their_order() -> None:
    one, other = source(30, 50, 16, 0), source(30, 50, 24, 1)
    generator = np.random.default_rng(0)
    shuffled = Source(
        queries=other.queries.select(generator.permutation(other.queries.ids).tolist()),
        gallery=other.gallery.select(generator.permutation(other.gallery.ids).tolist()),
    )
    assert_same_bits(combine([one, shuffled]), combine([one, other]))


def test_a_source_without_a_difference_says_nothing_and_ties_are_cut_by_id() -> None:
    one = source(9, 30, 16, 0)
    level = np.zeros((30, 4), np.float32)
    level[:, 0] = 1
    flat = Source(
        queries=random_embeddings("a", 9, 4, 5), gallery=Embeddings(one.gallery.ids, level)
    )
    for scaling in SCALINGS:
        expected = rank(one.queries, one.gallery, revision=Revision(method="none"))
        ranking = combine([flat, one], scaling=scaling)
        assert ranking.image_ids.tolist() == expected.image_ids.tolist()
        alone = combine([flat], scaling=scaling, top_k=4)
        assert alone.image_ids.tolist() == [["i00000", "i00001", "i00002", "i00003"]] * 9


@pytest.mark.parametrize("scaling", SCALINGS)
def test_with_banks_an_answer_is_the_same_bits_alone_and_in_any_batch(scaling: Scaling) -> None:
    revision = Revision(method="dual_softmax", scale=30.0)
    banked = []
    for seed, dimension in ((0, 16), (1, 24)):
        one = source(270, 401, dimension, seed)
        bank = random_embeddings("b", 40, dimension, seed + 50)
        offsets = bank_offsets(bank, one.gallery, revision)
        banked.append((one, offsets))

    def answer(rows: slice) -> Ranking:
        parts = [
            Source(
                queries=Embeddings(one.queries.ids[rows], one.queries.vectors[rows]),
                gallery=one.gallery,
                revision=revision,
                offsets=offsets,
            )
            for one, offsets in banked
        ]
        return combine(parts, weights=[0.7, 0.3], scaling=scaling, top_k=20)

    whole = answer(slice(None))
    for rows in (slice(0, 1), slice(5, 7), slice(0, 9), slice(0, 257), slice(263, 270)):
        part = answer(rows)
        np.testing.assert_array_equal(part.image_ids, whole.image_ids[rows])
        np.testing.assert_array_equal(part.scores, whole.scores[rows])


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([0, 0], "Weights are 0, 0, expected numbers of 0 or more that do not sum to 0"),
        ([1, -1], "Weights are 1, -1"),
        ([1, float("nan")], "Weights are 1, nan"),
        ([1, float("inf")], "Weights are 1, inf"),
        ([1], "1 weights for 2 sources"),
    ],
)
def test_weights_that_weigh_nothing_are_refused(weights: list[float], message: str) -> None:
    with pytest.raises(NewsImagesError, match=message):
        combine([source(3, 5, 8, 0), source(3, 5, 8, 1)], weights=weights)


def test_sources_that_do_not_belong_together_are_refused() -> None:
    one = source(3, 5, 8, 0)
    with pytest.raises(NewsImagesError, match="give at least one source"):
        combine([])
    with pytest.raises(NewsImagesError, match=r"articles of source 2 are not .* has: a00003\."):
        combine([one, source(4, 5, 8, 0)])
    with pytest.raises(NewsImagesError, match=r"images of source 3 are not .* has: i00005\."):
        combine([one, one, source(3, 6, 8, 0)])
    with pytest.raises(NewsImagesError, match="memory_mb=1 for 2 sources"):
        combine([one, one], memory_mb=1)
    with pytest.raises(NewsImagesError, match="scaling is 'softmax', expected z_score or min_max"):
        combine([one], scaling="softmax")  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["none", "dual_softmax", "inverted_softmax", "sinkhorn"])
def test_settled_sources_combine_as_before(method: Method) -> None:
    sources = [
        source(60, 40, 16, seed, revision=Revision(method=method, scale=20)) for seed in (0, 1)
    ]
    ready = [settled(one) for one in sources]
    assert all((one.offsets is None) == (method == "none") for one in ready)
    before, after = combine(sources, top_k=40), combine(ready, top_k=40)
    np.testing.assert_array_equal(after.image_ids, before.image_ids)
    np.testing.assert_allclose(after.scores, before.scores, atol=1e-5)
    assert settled(ready[0]) is ready[0]  # nothing is left to do
