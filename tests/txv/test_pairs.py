"""Texts and images that belong together."""

import dataclasses

import numpy as np
import pytest

from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from newsimages.txv.pairs import Pairs, merged, pair_up
from tests.fakes import random_embeddings

TEXTS, IMAGES = random_embeddings("t", 4, 3, 1), random_embeddings("i", 3, 5, 2)
IMAGE_OF = {"t00003": "i00001", "t00000": "i00002", "t00001": "i00001"}


@pytest.fixture
def pairs() -> Pairs:
    return pair_up([TEXTS], [IMAGES], IMAGE_OF)


def test_pairs_are_matched_by_id(pairs: Pairs) -> None:
    assert len(pairs) == 3
    assert pairs.text_rows.tolist() == [3, 0, 1]
    assert pairs.image_rows.tolist() == [1, 2, 1]
    assert dict(zip(pairs.text_ids.tolist(), pairs.image_ids.tolist(), strict=True)) == IMAGE_OF


def test_a_subset_refers_to_the_same_vectors(pairs: Pairs) -> None:
    subset = pairs.subset(["t00001", "t00003"])
    assert subset.text_ids.tolist() == ["t00001", "t00003"]
    assert subset.image_ids.tolist() == ["i00001", "i00001"]
    assert subset.texts[0].vectors is TEXTS.vectors


def test_ids_without_vectors_are_named() -> None:
    with pytest.raises(NewsImagesError, match="texts that have no vector: t9"):
        pair_up([TEXTS], [IMAGES], {"t9": "i00000"})
    with pytest.raises(NewsImagesError, match="images that have no vector: x"):
        pair_up([TEXTS], [IMAGES], {"t00000": "x"})


def test_a_subset_of_texts_that_are_in_no_pair_is_refused(pairs: Pairs) -> None:
    with pytest.raises(NewsImagesError, match="no vector: t00002"):
        pairs.subset(["t00002"])


def test_features_of_other_things_are_refused() -> None:
    others = random_embeddings("u", 4, 2, 3)
    with pytest.raises(NewsImagesError, match="text features are not of the same texts"):
        pair_up([TEXTS, others], [IMAGES], IMAGE_OF)
    with pytest.raises(NewsImagesError, match="without a image feature"):
        Pairs(texts=(TEXTS,), images=(), text_rows=np.array([0]), image_rows=np.array([0]))


def test_vectors_with_nan_are_refused() -> None:
    vectors = TEXTS.vectors.copy()
    vectors[2, 1] = np.nan
    with pytest.raises(NewsImagesError, match=r"hold NaN\): t00002"):
        Embeddings(TEXTS.ids, vectors)


@pytest.mark.parametrize(
    ("text_rows", "image_rows", "message"),
    [
        ([0, 4], [0, 0], "text rows 0 to 4, but there are 4 texts"),
        ([0, 1], [0, -1], "image rows -1 to 0, but there are 3 images"),
        ([0, 1], [0], "2 texts for 1 images"),
        ([1, 1], [0, 1], "more than one pair: t00001"),
    ],
)
def test_rows_that_do_not_fit_are_refused(
    text_rows: list[int], image_rows: list[int], message: str
) -> None:
    with pytest.raises(NewsImagesError, match=message):
        Pairs(
            texts=(TEXTS,),
            images=(IMAGES,),
            text_rows=np.array(text_rows),
            image_rows=np.array(image_rows),
        )


def test_the_fingerprint_tells_pairs_order_and_vectors_apart(pairs: Pairs) -> None:
    assert pairs.fingerprint == pair_up([TEXTS], [IMAGES], IMAGE_OF).fingerprint
    others = [
        pairs.subset(["t00003", "t00000"]),
        pairs.subset(["t00001", "t00000", "t00003"]),
        pair_up([TEXTS], [IMAGES], {**IMAGE_OF, "t00001": "i00000"}),
        dataclasses.replace(pairs, images=(random_embeddings("i", 3, 5, 9),)),
    ]
    assert len({pairs.fingerprint, *(other.fingerprint for other in others)}) == 5


def test_data_sets_are_merged_under_their_names() -> None:
    both = merged({"RSS": TEXTS, "RT": random_embeddings("t", 2, 3, 7)})
    assert both.ids.tolist()[3:5] == ["RSS/t00003", "RT/t00000"]
    np.testing.assert_array_equal(both.vectors[:4], TEXTS.vectors)
    with pytest.raises(NewsImagesError, match="'RSS': 3, 'RT': 5"):
        merged({"RSS": TEXTS, "RT": IMAGES})
