"""The parts of a corpus under each protocol share nothing that could be learnt by heart."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from newsimages.protocols.embedded import EmbeddedSet, TowerVectors, pairs_of
from newsimages.protocols.parts import Parts, divide
from newsimages.txv.network import NetworkConfig, TxVNetwork
from tests.fakes import embedded_set

N = 60


SETS = [
    embedded_set("RSS", "train", 1),
    embedded_set("RSS", "test", 2, 20),
    embedded_set("TW", "train", 3),
    embedded_set("TW", "test", 4, 20),
]
BILINGUAL = [
    embedded_set(part.name, part.split, seed, len(part.articles), towers=("clip", "multilingual"))
    for seed, part in enumerate(SETS, start=1)
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


@pytest.mark.parametrize("sets", [SETS, BILINGUAL], ids=["clip", "bilingual"])
def test_vectors_stay_with_their_articles(sets: list[EmbeddedSet]) -> None:
    parts = divide(sets, "internal")
    assert articles_of(parts.training) == articles_of(divide(SETS, "internal").training)
    for part in (*parts.training, *parts.validation, *parts.tests):
        [whole] = [s for s in sets if (s.name, s.split) == (part.name, part.split)]
        assert part.towers.keys() == whole.towers.keys()
        for name, tower in part.towers.items():
            assert tower.images.ids.tolist() == part.images.ids.tolist()
            expected = whole.towers[name].images.select(tower.images.ids.tolist()).vectors
            np.testing.assert_array_equal(tower.images.vectors, expected)
            for field, vectors in tower.queries.items():
                assert vectors.ids.tolist() == part.articles["article_id"].tolist()
                expected = whole.towers[name].queries[field].select(vectors.ids.tolist()).vectors
                np.testing.assert_array_equal(vectors.vectors, expected)


def test_training_articles_whose_title_or_picture_is_measured_on_are_left_out() -> None:
    train, test = SETS[0], SETS[1]
    clip = train.towers["clip"]
    vectors = clip.images.vectors.copy()
    vectors[7] = test.images.vectors[5]  # the same picture under another name
    articles = train.articles.copy()
    articles.loc[9, "title"] = test.articles["title"][0].upper() + " "
    images = Embeddings(clip.images.ids, vectors)
    towers = {"clip": dataclasses.replace(clip, images=images)}
    changed = dataclasses.replace(train, articles=articles, towers=towers)
    parts = divide([changed, test], "official")
    assert parts.n_left_out == 2
    used = articles_of([*parts.training, *parts.validation])
    assert not used & {("RSS", "train", "train7"), ("RSS", "train", "train9")}
    assert len(used) == N - 2
    assert_apart(parts)


def test_articles_without_a_vector_of_their_image_are_not_trained_on() -> None:
    train = SETS[0]
    clip = train.towers["clip"]
    images = clip.images.select(clip.images.ids[5:].tolist())
    fewer = dataclasses.replace(
        train,
        articles=train.articles.assign(
            image_id=train.articles["image_id"].mask(train.articles.index == 3)
        ),
        towers={"clip": TowerVectors(queries=clip.queries, images=images)},
    )
    parts = divide([fewer, SETS[1]], "official")
    used = articles_of([*parts.training, *parts.validation])
    assert len(used) == N - 5
    assert len(pairs_of(parts.training, "title")) == len(articles_of(parts.training))


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


def test_what_is_chosen_by_and_measured_on_gets_txvs_towers() -> None:
    shape = NetworkConfig(text_dimensions=(8,), image_dimensions=(8,), width=16)
    networks = {"txv": TxVNetwork(shape, seed=2)}
    parts = divide(BILINGUAL, "official")
    seen = parts.with_txv(networks)  # type: ignore[arg-type]
    for part in (*seen.validation, *seen.tests):
        assert list(part.towers) == ["clip", "multilingual", "txv"]
    assert articles_of(seen.validation) == articles_of(parts.validation)
    assert seen.training == parts.training
