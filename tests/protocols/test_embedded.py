"""Data sets in several towers: what belongs together, what is joined and what T×V makes of it."""

import dataclasses

import numpy as np
import pytest

from newsimages.errors import NewsImagesError
from newsimages.protocols.embedded import (
    EmbeddedSet,
    TowerVectors,
    joined,
    label_of,
    pairs_of,
    with_captions,
    with_txv,
)
from newsimages.ranking.captions import n_captioned, neutral_vector
from newsimages.ranking.spaces import Queries, Tower, View
from newsimages.txv.network import NetworkConfig, TxVNetwork
from newsimages.txv.projection import embed_images, embed_texts
from newsimages.txv.towers import Networks, txv_gallery, txv_queries
from tests.fakes import embedded_set, random_embeddings, renamed

N = 30
TOWERS: tuple[Tower, ...] = ("clip", "multilingual")
RSS, TW = embedded_set("RSS", "train", 1, N), embedded_set("TW", "train", 3, N)
BILINGUAL = embedded_set("RSS", "train", 1, N, towers=TOWERS)
SHAPE = NetworkConfig(text_dimensions=(8,), image_dimensions=(8,), width=16)
TITLES, TEXTS = TxVNetwork(SHAPE, seed=2), TxVNetwork(SHAPE, seed=3)


def vector_of(part: EmbeddedSet, tower: Tower, article_id: str) -> bytes:
    return part.towers[tower].queries["text"].select([article_id]).vectors.tobytes()


def test_queries_and_gallery_are_those_of_the_towers() -> None:
    articles = BILINGUAL.articles.copy()
    articles.loc[[2, 5], "text_en"] = ["", " \n"]
    part = dataclasses.replace(BILINGUAL, articles=articles)
    queries, gallery = part.queries, part.gallery
    fields = ("title", "text")
    assert list(queries.views) == [View(tower, field) for tower in TOWERS for field in fields]
    assert np.flatnonzero(~queries.has_text).tolist() == [2, 5]
    for tower in TOWERS:
        assert gallery[tower] is part.towers[tower].images
        for field in fields:
            assert queries.of(View(tower, field)) is part.towers[tower].queries[field]
    assert part.images is gallery["clip"]


def test_the_truth_is_each_known_image() -> None:
    unknown = RSS.articles.assign(image_id=RSS.articles["image_id"].mask(RSS.articles.index == 3))
    truth = dataclasses.replace(RSS, articles=unknown).truth()
    assert len(truth) == N - 1
    assert truth["train4"] == "4.jpg"
    assert "train3" not in truth


def test_towers_of_other_images_or_articles_are_refused() -> None:
    other = BILINGUAL.towers["multilingual"]
    fewer = dataclasses.replace(other, images=other.images.select(other.images.ids[1:].tolist()))
    turned = TowerVectors(
        queries={
            field: queries.select(queries.ids[::-1].tolist())
            for field, queries in other.queries.items()
        },
        images=other.images,
    )
    for tower in (fewer, turned):
        with pytest.raises(NewsImagesError, match="RSS: the multilingual backbone's"):
            dataclasses.replace(BILINGUAL, towers={**BILINGUAL.towers, "multilingual": tower})


def test_a_subset_has_its_own_images_and_no_others() -> None:
    part = BILINGUAL.subset(["train9", "train4"])
    assert part.articles["article_id"].tolist() == ["train4", "train9"]
    for tower in TOWERS:
        assert part.towers[tower].images.ids.tolist() == ["4.jpg", "9.jpg"]
        assert vector_of(part, tower, "train9") == vector_of(BILINGUAL, tower, "train9")


def test_joined_data_sets_share_one_gallery() -> None:
    whole = joined([RSS, TW])
    clip = whole.towers["clip"]
    assert whole.name == "RSS+TW"
    assert len(whole.articles) == len(clip.queries["title"]) == len(whole.images) == 2 * N
    assert whole.truth()["TW/train4"] == "TW/4.jpg"
    assert vector_of(whole, "clip", "TW/train4") == vector_of(TW, "clip", "train4")


def test_joined_are_the_towers_that_all_have() -> None:
    other = embedded_set("TW", "train", 3, N, towers=TOWERS)
    whole = joined([BILINGUAL, other])
    assert tuple(whole.towers) == TOWERS
    for tower in TOWERS:
        for part in (BILINGUAL, other):
            expected = vector_of(part, tower, "train4")
            assert vector_of(whole, tower, f"{part.name}/train4") == expected
    assert list(joined([BILINGUAL, TW]).towers) == ["clip"]


def test_what_cannot_be_joined_is_refused() -> None:
    with pytest.raises(NewsImagesError, match="No data set to join"):
        joined([])
    with pytest.raises(NewsImagesError, match="No data set to join"):
        pairs_of([], "title")
    narrow = embedded_set("TW", "train", 3, N, towers=("multilingual", "clip"))
    with pytest.raises(NewsImagesError, match="Cannot merge vectors of the dimensions"):
        joined([RSS, narrow])  # its clip has 12 dimensions


def test_pairs_join_the_data_sets_under_their_names() -> None:
    pairs = pairs_of([RSS, TW], "text")
    assert len(pairs) == 2 * N
    position = pairs.text_ids.tolist().index("TW/train4")
    assert pairs.image_ids[position] == "TW/4.jpg"
    row = pairs.text_rows[position]
    expected = TW.towers["clip"].queries["text"].vectors[4]
    np.testing.assert_array_equal(pairs.texts[0].vectors[row], expected)


def test_txvs_towers_are_clips_vectors_through_their_networks() -> None:
    networks: Networks = {"txv": TITLES, "txv_text": TEXTS}
    part = with_txv(BILINGUAL, networks)
    assert list(part.towers) == ["clip", "multilingual", "txv", "txv_text"]
    clip = BILINGUAL.towers["clip"]
    for tower, network, field in (("txv", TITLES, "title"), ("txv_text", TEXTS, "text")):
        own = part.towers[tower]  # type: ignore[index]
        assert list(own.queries) == [field]
        texts = embed_texts(network, [clip.queries[field]])  # type: ignore[index]
        np.testing.assert_array_equal(own.queries[field].vectors, texts.vectors)  # type: ignore[index]
        images = embed_images(network, [clip.images])
        np.testing.assert_array_equal(own.images.vectors, images.vectors)
    asked = txv_queries(BILINGUAL.queries, networks)
    assert_same_queries(asked, part.queries)
    assert_same_queries(txv_queries(BILINGUAL.queries, {}), BILINGUAL.queries)


def assert_same_queries(actual: Queries, expected: Queries) -> None:
    assert list(actual.views) == list(expected.views)
    for view, vectors in expected.views.items():
        np.testing.assert_array_equal(actual.of(view).ids, vectors.ids)
        np.testing.assert_array_equal(actual.of(view).vectors, vectors.vectors)
    assert actual.has_text.tolist() == expected.has_text.tolist()


def test_towers_of_one_network_share_their_images() -> None:
    shared = txv_gallery(RSS.images, {"txv": TITLES, "txv_text": TITLES})
    assert shared["txv"] is shared["txv_text"]
    part = with_txv(RSS, {"txv": TITLES, "txv_text": TITLES})
    assert part.gallery["txv"] is part.gallery["txv_text"]
    both = joined([part, with_txv(TW, {"txv": TITLES, "txv_text": TITLES})])
    assert both.gallery["txv"] is both.gallery["txv_text"]
    assert both.gallery["txv"] is not both.gallery["clip"]
    apart = txv_gallery(RSS.images, {"txv": TITLES, "txv_text": TEXTS})
    assert (apart["txv"].vectors != apart["txv_text"].vectors).any()


def test_txv_needs_the_field_that_it_is_asked_with() -> None:
    titles = View("clip", "title")
    only = Queries(views={titles: RSS.queries.of(titles)}, has_text=RSS.queries.has_text)
    assert len(txv_queries(only, {"txv": TITLES}).views) == 2
    with pytest.raises(NewsImagesError, match="clip on the text has no articles"):
        txv_queries(only, {"txv_text": TITLES})


def test_captions_are_a_tower_that_every_part_and_join_keeps() -> None:
    captions = random_embeddings("x", 4, RSS.images.dimension, 9)
    captions = renamed(captions, RSS.images.ids[:4])
    neutral = neutral_vector(captions.vectors)
    some, none = with_captions(RSS, captions, neutral), with_captions(TW, None, neutral)
    assert some.gallery["clip"] is RSS.gallery["clip"]
    for field in ("title", "text"):
        asked = some.queries.of(View("captions", field))  # type: ignore[arg-type]
        own = some.queries.of(View("clip", field))  # type: ignore[arg-type]
        np.testing.assert_array_equal(asked.vectors[:, :-1], own.vectors)
        assert not asked.vectors[:, -1].any()
    whole = joined([some, none])
    images = whole.gallery["captions"]
    assert images.ids.tolist() == whole.images.ids.tolist()
    assert n_captioned(images) == n_captioned(some.gallery["captions"]) == 4
    np.testing.assert_array_equal(images.select([f"TW/{TW.images.ids[0]}"]).vectors, [neutral])
    part = with_txv(some.subset(["train2", "train7"]), {"txv": TITLES})
    assert list(part.towers) == ["clip", "captions", "txv"]
    own_rows = part.gallery["captions"].select(["2.jpg", "7.jpg"]).vectors
    np.testing.assert_array_equal(own_rows, [[*captions.vectors[2], 0], neutral])


def test_labels_are_fit_for_file_names() -> None:
    assert RSS.label == "RSS-train"
    assert label_of("New York/Times", "test") == "New-York-Times-test"
