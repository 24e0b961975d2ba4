"""Fused spaces: the weighted sum of cosines written out, and articles without a text."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from newsimages.ranking.bank import bank_offsets
from newsimages.ranking.ranking import Ranking, rank
from newsimages.ranking.revisions import PLAIN, DualSoftmax
from newsimages.ranking.spaces import Gallery, Queries, Space, View, Weights, fuse, whole
from tests.fakes import assert_same_bits, queries_of, random_embeddings, unit

TITLE, TEXT = View("clip", "title"), View("clip", "text")
TXV, TXV_TEXT = View("txv", "title"), View("txv_text", "text")
ORIGINAL = View("multilingual", "title")
WEIGHTS = {TITLE: 0.5, TEXT: 0.75, TXV: 1.0, TXV_TEXT: 0.25, ORIGINAL: 2.5}
DIMENSIONS = {"clip": 16, "txv": 32, "txv_text": 32, "multilingual": 24}


def gallery_of(n: int, seed: int = 1) -> Gallery:
    """N images per tower; both of T×V's have the same."""
    txv = random_embeddings("i", n, DIMENSIONS["txv"], seed + 1)
    return {
        "clip": random_embeddings("i", n, DIMENSIONS["clip"], seed),
        "txv": txv,
        "txv_text": txv,
        "multilingual": random_embeddings("i", n, DIMENSIONS["multilingual"], seed + 2),
    }


def asked(n: int, seed: int = 100, *, letter: str = "a", without_text: int = 0) -> Queries:
    """N articles in all views, of which the first few have no text."""
    views = {
        view: random_embeddings(letter, n, DIMENSIONS[view.tower], seed + number)
        for number, view in enumerate(WEIGHTS)
    }
    ids = next(iter(views.values())).ids
    return queries_of(views, without_text=ids[:without_text].tolist())


def similarities(space: Space) -> NDArray[np.float64]:
    """Z in float64."""
    products = [
        left.astype(np.float64) @ right.astype(np.float64).T
        for left, right in zip(space.queries, space.gallery, strict=True)
    ]
    total: NDArray[np.float64] = np.sum(products, axis=0)
    return total


def plainly(queries: Queries, gallery: Gallery, weights: Weights) -> NDArray[np.float64]:
    """Σ_k w_k · cos_k, number by number; without a text, over the views of the title."""
    n_images = len(gallery["clip"])
    z = np.zeros((len(queries), n_images))
    for i in range(len(queries)):
        own = {
            view: weight
            for view, weight in weights.items()
            if queries.has_text[i] or view.text_field == "title"
        }
        own = own if sum(own.values()) > 0 else dict(weights)
        for view, weight in own.items():
            query = queries.views[view].vectors[i].astype(np.float64)
            for j in range(n_images):
                cosine = float(query @ gallery[view.tower].vectors[j].astype(np.float64))
                z[i, j] += weight / sum(own.values()) * cosine
    return z


@settings(max_examples=40, deadline=None)
@given(
    weights=st.dictionaries(
        st.sampled_from(list(WEIGHTS)),
        st.one_of(st.just(0.0), st.floats(0.01, 100)),
        min_size=1,
    ).filter(lambda weights: sum(weights.values()) > 0),
    without_text=st.integers(0, 5),
    seed=st.integers(0, 2**31),
)
def test_similarities_are_the_weighted_sum_of_the_cosines(
    weights: dict[View, float], without_text: int, seed: int
) -> None:
    queries, gallery = asked(5, seed, without_text=without_text), gallery_of(7, seed + 50)
    space = fuse(queries, gallery, weights)
    expected = plainly(queries, gallery, weights)
    np.testing.assert_allclose(similarities(space), expected, rtol=0, atol=1e-6)
    ranking = rank(space, PLAIN, top_k=7)
    columns = np.argsort(np.argsort(ranking.image_ids, axis=1), axis=1)
    listed = np.take_along_axis(expected, columns, axis=1)
    np.testing.assert_allclose(ranking.similarities, listed, rtol=0, atol=1e-6)


def test_only_the_proportions_of_the_weights_count() -> None:
    queries, gallery = asked(9, without_text=3), gallery_of(20)
    halved = {view: weight / 4 for view, weight in WEIGHTS.items()}
    for revision in (PLAIN, DualSoftmax(scale=20.0)):
        assert_same_bits(
            rank(fuse(queries, gallery, halved), revision),
            rank(fuse(queries, gallery, WEIGHTS), revision),
        )


def test_views_of_one_tower_or_of_one_gallery_make_one_block() -> None:
    queries, gallery = asked(5), gallery_of(7)
    shapes = [block.shape for block in fuse(queries, gallery, WEIGHTS).queries]
    assert shapes == [(5, 16), (5, 32), (5, 24)]  # clip, both of T×V's, multilingual
    both = fuse(queries, gallery, {TITLE: 1, TEXT: 1})
    assert [block.shape for block in both.gallery] == [(7, 16)]
    apart = {**gallery, "txv_text": random_embeddings("i", 7, 32, 9)}
    assert len(fuse(queries, apart, WEIGHTS).queries) == 4


@pytest.mark.parametrize("view", list(WEIGHTS))
def test_a_single_view_is_the_ranking_of_its_vectors_to_the_bit(view: View) -> None:
    queries, gallery = asked(40), gallery_of(60)
    weights = {**dict.fromkeys(WEIGHTS, 0.0), view: 0.3}
    plain = Space.of(queries.views[view], gallery[view.tower])
    for revision in (PLAIN, DualSoftmax(scale=30.0)):
        fused = rank(fuse(queries, gallery, weights), revision, top_k=20)
        assert_same_bits(fused, rank(plain, revision, top_k=20))


def test_without_a_text_it_is_asked_by_the_title_alone() -> None:
    queries, gallery = asked(9, without_text=9), gallery_of(20)
    by_title = {view: weight for view, weight in WEIGHTS.items() if view.text_field == "title"}
    np.testing.assert_allclose(
        similarities(fuse(queries, gallery, WEIGHTS)),
        similarities(fuse(queries, gallery, by_title)),
        rtol=0,
        atol=1e-7,
    )
    assert_same_bits(
        rank(fuse(queries, gallery, {TITLE: 0.3, TEXT: 0.5, TXV_TEXT: 0.2}), PLAIN),
        rank(fuse(queries, gallery, {TITLE: 1}), PLAIN),
    )


def test_where_only_texts_are_weighed_the_title_stands_in() -> None:
    with_texts, gallery = asked(9), gallery_of(20)
    without = Queries(views=with_texts.views, has_text=np.zeros(9, np.bool_))
    weights = {TEXT: 0.5, TXV_TEXT: 1.5, TITLE: 0.0}
    assert_same_bits(
        rank(fuse(without, gallery, weights), PLAIN),
        rank(fuse(with_texts, gallery, weights), PLAIN),
    )


@pytest.mark.parametrize("n_articles", [1, 9, 300])
def test_an_article_has_the_same_bits_alone_and_among_others(n_articles: int) -> None:
    queries, gallery = asked(300, without_text=100), gallery_of(203)
    bank = fuse(asked(50, 7, letter="b", without_text=10), gallery, WEIGHTS)
    revision = DualSoftmax(scale=100.0)
    offsets = bank_offsets(bank, revision)

    def answer(part: Queries) -> Ranking:
        return rank(fuse(part, gallery, WEIGHTS), revision, offsets=offsets, top_k=20)

    together = answer(queries)
    order = np.random.default_rng(0).permutation(300)[:n_articles]
    assert_same_bits(answer(queries.select(queries.ids[order].tolist())), together, order)


def test_images_equal_in_all_towers_are_copies_and_those_equal_in_one_are_not() -> None:
    queries, gallery = asked(30), gallery_of(12)
    for tower in ("clip", "multilingual"):
        gallery[tower].vectors[9] = gallery[tower].vectors[2]
    weights = {TITLE: 1.0, TXV: 1.0, ORIGINAL: 1.0}
    for revision in (PLAIN, DualSoftmax(scale=20.0)):
        assert np.ptp(score_gaps(rank(fuse(queries, gallery, weights), revision))) > 0.1
    gallery["txv"].vectors[9] = gallery["txv"].vectors[2]
    for revision in (PLAIN, DualSoftmax(scale=20.0)):
        ranking = rank(fuse(queries, gallery, weights), revision)
        assert (score_gaps(ranking) == 0).all()
        for images in ranking.image_ids.tolist():
            assert images.index("i00009") == images.index("i00002") + 1


def score_gaps(ranking: Ranking) -> NDArray[np.float32]:
    """(C,) how far apart the scores of the images 2 and 9 are."""
    gaps: NDArray[np.float32] = (
        ranking.scores[ranking.image_ids == "i00002"]
        - ranking.scores[ranking.image_ids == "i00009"]
    )
    return gaps


def test_the_galleries_order_does_not_matter() -> None:
    queries, gallery = asked(9), gallery_of(20)
    ids = np.random.default_rng(0).permutation(gallery["clip"].ids).tolist()
    shuffled = {tower: images.select(ids) for tower, images in gallery.items()}
    space = fuse(queries, shuffled, WEIGHTS)
    assert space.image_ids.tolist() == sorted(ids)
    same = {**shuffled, "txv_text": shuffled["txv"]}  # one gallery again, so one block
    assert_same_bits(
        rank(fuse(queries, same, WEIGHTS), PLAIN), rank(fuse(queries, gallery, WEIGHTS), PLAIN)
    )


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({}, "Weights are none, expected numbers of 0 or more that do not sum to 0"),
        ({TITLE: 0, TEXT: 0}, "Weights are 0, 0"),
        ({TITLE: 1, TEXT: -1}, "Weights are 1, -1"),
        ({TITLE: 2, TEXT: -1}, "Weights are 2, -1"),
        ({TITLE: 1, TEXT: float("nan")}, "Weights are 1, nan"),
        ({TITLE: 1, TEXT: float("inf")}, "Weights are 1, inf"),
    ],
)
def test_weights_that_weigh_nothing_are_refused(weights: Weights, message: str) -> None:
    with pytest.raises(NewsImagesError, match=message):
        whole(weights)
    with pytest.raises(NewsImagesError, match=message):
        fuse(asked(3), gallery_of(5), weights)


def test_whole_weights_sum_to_1_and_leave_out_what_weighs_nothing() -> None:
    assert whole({TITLE: 3, TEXT: 0, TXV: 1}) == {TITLE: 0.75, TXV: 0.25}


def test_what_a_view_lacks_is_named() -> None:
    queries, gallery = asked(3), gallery_of(5)
    strangers = View("multilingual", "text")
    with pytest.raises(NewsImagesError, match="multilingual on the text has no articles by the"):
        fuse(queries, gallery, {TITLE: 1, strangers: 1})
    without: Mapping[object, Embeddings] = {"clip": gallery["clip"]}
    with pytest.raises(NewsImagesError, match="The view txv on the title has no images"):
        fuse(queries, without, {TITLE: 1, TXV: 1})  # type: ignore[arg-type]
    weightless = {TITLE: 1, TXV: 0, strangers: 0}
    assert len(fuse(queries, without, weightless).queries) == 1  # type: ignore[arg-type]


def test_towers_of_other_images_are_refused() -> None:
    queries, gallery = asked(3), gallery_of(5)
    fewer = gallery["multilingual"].select(gallery["clip"].ids[1:].tolist())
    turned = gallery["multilingual"].select(gallery["clip"].ids[::-1].tolist())
    for images, message in (
        (fewer, "images of a further tower are not .* 4 and 5 ids; in one only: i00000"),
        (turned, "5 and 5 ids; in one only: none, but in another order"),
    ):
        with pytest.raises(NewsImagesError, match=message):
            fuse(queries, {**gallery, "multilingual": images}, WEIGHTS)


def test_queries_are_of_the_same_articles_in_each_view() -> None:
    titles = random_embeddings("a", 4, 8, 0)
    fewer = titles.select(titles.ids[:3].tolist())
    with pytest.raises(NewsImagesError, match=r"articles of clip on the text are not .*: a00003"):
        Queries(views={TITLE: titles, TEXT: fewer}, has_text=np.ones(4, np.bool_))
    with pytest.raises(NewsImagesError, match=r"has_text has the shape \(3,\), expected \(4,\)"):
        Queries(views={TITLE: titles}, has_text=np.ones(3, np.bool_))
    with pytest.raises(NewsImagesError, match="without a view"):
        Queries(views={}, has_text=np.ones(4, np.bool_))


def test_selected_queries_keep_their_vectors_and_texts() -> None:
    queries = asked(6, without_text=2)
    chosen = queries.select(["a00004", "a00001"])
    assert len(chosen) == 2
    assert chosen.ids.tolist() == ["a00004", "a00001"]
    assert chosen.has_text.tolist() == [True, False]
    for view, vectors in queries.views.items():
        np.testing.assert_array_equal(chosen.of(view).vectors, vectors.vectors[[4, 1]])
    with pytest.raises(NewsImagesError, match="No embedding for: x"):
        queries.select(["x"])


def test_a_query_in_float32_is_near_to_one_in_float64() -> None:
    """Sums of many weighted views lose nothing that shows."""
    queries, gallery = asked(4), gallery_of(5)
    space = fuse(queries, gallery, {TITLE: 1e-6, TEXT: 1.0, TXV: 1e6})
    exact = unit(queries.views[TXV].vectors) @ unit(gallery["txv"].vectors).T
    np.testing.assert_allclose(similarities(space), exact, atol=2e-6)


def test_an_article_that_is_not_in_english_is_asked_with_multilingual_views_alone() -> None:
    queries, gallery = asked(4, without_text=2), gallery_of(7)
    mixed = replace(queries, in_english=np.array([True, False, True, False]))
    space, whole_space = fuse(mixed, gallery, WEIGHTS), fuse(queries, gallery, WEIGHTS)
    alone = fuse(queries, gallery, {ORIGINAL: 1.0})
    z = similarities(space)
    np.testing.assert_allclose(z[[1, 3]], similarities(alone)[[1, 3]], atol=1e-6)
    np.testing.assert_array_equal(z[[0, 2]], similarities(whole_space)[[0, 2]])
    with pytest.raises(NewsImagesError, match="articles a00001, a00003 are not in English"):
        fuse(mixed, gallery, {TITLE: 1.0, ORIGINAL: 0.0})
    with pytest.raises(NewsImagesError, match=r"in_english has the shape \(3,\)"):
        replace(queries, in_english=np.array([True, False, True]))
    assert mixed.select(["a00003", "a00000"]).in_english.tolist() == [False, True]
