"""The parts of a corpus under each protocol share nothing that could be learnt by heart."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from newsimages.protocols.parts import EmbeddedSet, Parts, Space, divide, joined, pairs_of
from tests.fakes import random_embeddings

N = 60


def embedded_set(name: str, split: str, seed: int, n: int = N) -> EmbeddedSet:
    """N articles with an image of their own each."""
    drawn = random_embeddings("x", 3 * n, 8, seed).vectors
    ids = np.array([f"{split}{i}" for i in range(n)])
    image_ids = np.array([f"{i}.jpg" for i in range(n)])  # the same names in every data set
    articles = pd.DataFrame(
        {
            "article_id": ids,
            "title": [f"{name} {split} {i}" for i in range(n)],
            "image_id": image_ids,
            "date": pd.date_range("2022-01-01", periods=n)[::-1],
        }
    )
    return EmbeddedSet(
        name=name,
        split=split,
        articles=articles,
        queries={"title": Embeddings(ids, drawn[:n]), "text": Embeddings(ids, drawn[n : 2 * n])},
        images=Embeddings(image_ids, drawn[2 * n :]),
        files={},
    )


SETS = [
    embedded_set("RSS", "train", 1),
    embedded_set("RSS", "test", 2, 20),
    embedded_set("TW", "train", 3),
    embedded_set("TW", "test", 4, 20),
]


def articles_of(sets: Sequence[EmbeddedSet]) -> set[tuple[str, str, str]]:
    return {(part.name, part.split, key) for part in sets for key in part.articles["article_id"]}


def pictures_of(sets: Sequence[EmbeddedSet]) -> set[bytes]:
    return {vector.tobytes() for part in sets for vector in part.images.vectors}


def assert_apart(parts: Parts) -> None:
    sides = (parts.training, parts.validation, parts.tests)
    for what in (articles_of, pictures_of, titles_of):
        found = [what(side) for side in sides]
        assert all(found)
        assert sum(map(len, found)) == len(set.union(*found)), what.__name__


def titles_of(sets: Sequence[EmbeddedSet]) -> set[str]:
    return {title.casefold() for part in sets for title in part.articles["title"]}


def test_official_trains_on_four_fifths_and_measures_on_the_test_sets() -> None:
    parts = divide(SETS, "official", seed=3)
    assert_apart(parts)
    assert articles_of(parts.tests) == articles_of([SETS[1], SETS[3]])
    assert len(articles_of(parts.training)) == pytest.approx(0.8 * 2 * N, abs=2)
    assert [part.name for part in parts.validation] == ["RSS", "TW"]
    assert len(parts.validation[0].articles) == pytest.approx(0.2 * N, abs=2)
    assert parts.n_left_out == 0


def test_internal_sees_nothing_of_the_fifth_that_it_measures_on() -> None:
    parts = divide(SETS, "internal", seed=3)
    assert_apart(parts)
    everything = articles_of([*parts.training, *parts.validation, *parts.tests])
    assert everything == articles_of([SETS[0], SETS[2]])
    assert len(articles_of(parts.tests)) == pytest.approx(0.2 * 2 * N, abs=2)
    for test in parts.tests:  # its gallery is its articles' own images
        assert set(test.images.ids) == set(test.articles["image_id"])


def test_vectors_stay_with_their_articles() -> None:
    for part in divide(SETS, "internal").training:
        [whole] = [s for s in SETS if s.name == part.name and s.split == "train"]
        for field, vectors in part.queries.items():
            assert vectors.ids.tolist() == part.articles["article_id"].tolist()
            expected = whole.queries[field].select(vectors.ids.tolist()).vectors
            np.testing.assert_array_equal(vectors.vectors, expected)


def test_training_articles_whose_title_or_picture_is_measured_on_are_left_out() -> None:
    train, test = SETS[0], SETS[1]
    vectors = train.images.vectors.copy()
    vectors[7] = test.images.vectors[5]  # the same picture under another name
    articles = train.articles.copy()
    articles.loc[9, "title"] = test.articles["title"][0].upper() + " "
    changed = EmbeddedSet(
        name=train.name,
        split="train",
        articles=articles,
        queries=train.queries,
        images=Embeddings(train.images.ids, vectors),
        files={},
    )
    parts = divide([changed, test], "official")
    assert parts.n_left_out == 2
    used = articles_of([*parts.training, *parts.validation])
    assert not used & {("RSS", "train", "train7"), ("RSS", "train", "train9")}
    assert len(used) == N - 2
    assert_apart(parts)


def test_articles_without_a_vector_of_their_image_are_not_trained_on() -> None:
    train = SETS[0]
    fewer = EmbeddedSet(
        name="RSS",
        split="train",
        articles=train.articles.assign(
            image_id=train.articles["image_id"].mask(train.articles.index == 3)
        ),
        queries=train.queries,
        images=train.images.select(train.images.ids[5:].tolist()),
        files={},
    )
    parts = divide([fewer, SETS[1]], "official")
    used = articles_of([*parts.training, *parts.validation])
    assert len(used) == N - 5
    assert len(pairs_of(parts.training, "title")) == len(articles_of(parts.training))


def test_pairs_join_the_data_sets_under_their_names() -> None:
    pairs = pairs_of([SETS[0], SETS[2]], "text")
    assert len(pairs) == 2 * N
    position = pairs.text_ids.tolist().index("TW/train4")
    assert pairs.image_ids[position] == "TW/4.jpg"
    row = pairs.text_rows[position]
    np.testing.assert_array_equal(pairs.texts[0].vectors[row], SETS[2].queries["text"].vectors[4])


def test_without_training_sets_only_the_official_protocol_is_possible() -> None:
    parts = divide([SETS[1]], "official")
    assert (parts.training, parts.validation) == ((), ())
    assert parts.tests == (SETS[1],)
    with pytest.raises(NewsImagesError, match="protocol=internal .* no training article"):
        divide([SETS[1]], "internal")


def test_too_few_articles_are_an_error() -> None:
    with pytest.raises(NewsImagesError, match="cannot be split"):
        divide([embedded_set("RSS", "train", 1, n=3), SETS[1]], "official")


def test_by_time_the_newest_of_each_data_set_are_measured_on() -> None:
    parts = divide(SETS, "time", seed=3)
    assert_apart(parts)
    for test in parts.tests:  # dates fall with the number
        assert set(test.articles["article_id"]) == {f"train{i}" for i in range(N // 5)}
    oldest_measured = min(test.articles["date"].min() for test in parts.tests)
    newest_trained = max(part.articles["date"].max() for part in parts.training)
    assert newest_trained < oldest_measured


def test_a_split_by_time_needs_dates() -> None:
    undated = [
        dataclasses.replace(part, articles=part.articles.assign(date=pd.NaT)) for part in SETS
    ]
    with pytest.raises(NewsImagesError, match="split=time, but the articles of RSS, TW have no"):
        divide(undated, "time")


def test_joined_data_sets_share_one_gallery() -> None:
    whole = joined([SETS[0], SETS[2]])
    assert len(whole.articles) == len(whole.queries["title"]) == len(whole.images) == 2 * N
    assert whole.truth()["TW/train4"] == "TW/4.jpg"


def with_originals(part: EmbeddedSet, seed: int) -> EmbeddedSet:
    """The same articles and images in a second space, of other dimensions."""
    drawn = random_embeddings("x", 2 * len(part.articles) + len(part.images), 12, seed).vectors
    n = len(part.articles)
    ids = part.queries["title"].ids
    return dataclasses.replace(
        part,
        multilingual=Space(
            queries={
                "title": Embeddings(ids, drawn[:n]),
                "text": Embeddings(ids, drawn[n : 2 * n]),
            },
            images=Embeddings(part.images.ids, drawn[2 * n :]),
        ),
    )


def vector_of(space: EmbeddedSet | Space | None, article_id: str) -> bytes:
    assert space is not None
    return space.queries["text"].select([article_id]).vectors.tobytes()


def test_the_multilingual_space_is_divided_and_joined_with_its_articles() -> None:
    sets = [with_originals(part, seed) for seed, part in enumerate(SETS)]
    parts = divide(sets, "internal")
    plain = divide(SETS, "internal")
    assert articles_of(parts.training) == articles_of(plain.training)
    for part in (*parts.training, *parts.validation, *parts.tests):
        [whole] = [each for each in sets if (each.name, each.split) == (part.name, part.split)]
        assert part.multilingual is not None
        np.testing.assert_array_equal(part.multilingual.images.ids, part.images.ids)
        for article_id in part.articles["article_id"][:5]:
            assert vector_of(part.multilingual, article_id) == vector_of(
                whole.multilingual, article_id
            )
    whole = joined(parts.training)
    first = parts.training[0]
    article_id = first.articles["article_id"][0]
    assert vector_of(whole.multilingual, f"{first.name}/{article_id}") == vector_of(
        first.multilingual, article_id
    )
    assert joined([parts.training[0], plain.training[1]]).multilingual is None


def test_spaces_of_other_images_or_articles_are_refused() -> None:
    part = with_originals(SETS[0], 1)
    space = part.multilingual
    assert space is not None
    fewer = dataclasses.replace(space, images=space.images.select(space.images.ids[1:].tolist()))
    turned = dataclasses.replace(
        space,
        queries={
            field: queries.select(queries.ids[::-1].tolist())
            for field, queries in space.queries.items()
        },
    )
    for other in (fewer, turned):
        with pytest.raises(NewsImagesError, match="RSS: the multilingual backbone's"):
            dataclasses.replace(part, multilingual=other)
