"""The parts of a corpus under each protocol share nothing that could be learnt by heart."""

import dataclasses
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from newsimages.corpora import DataSet
from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError, TooFewError
from newsimages.protocols.embedded import EmbeddedSet, TowerVectors, pairs_of
from newsimages.protocols.parts import LEAST_IMAGES, Parts, Protocol, divide, undivided
from newsimages.runs.choice import chooser_of
from newsimages.txv.batches import LEAST_PAIRS
from newsimages.txv.network import NetworkConfig, TxVNetwork
from tests.fakes import embedded_set, unit

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
    vectors = train.miniatures.vectors.copy()
    vectors[7] = test.miniatures.vectors[5]  # the same picture under another name
    articles = train.articles.copy()
    articles.loc[9, "title"] = test.articles["title"][0].upper() + " "
    miniatures = Embeddings(train.miniatures.ids, vectors)
    changed = dataclasses.replace(train, articles=articles, miniatures=miniatures)
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
        miniatures=train.miniatures.select(images.ids.tolist()),
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


@pytest.mark.parametrize("n", [1, 2, 4, 5])
def test_with_too_few_training_articles_there_are_only_tests_and_the_reason(n: int) -> None:
    parts = divide([embedded_set("RSS", "train", 1, n=n), SETS[1]], "official")
    assert (parts.training, parts.validation) == ((), ())
    assert parts.tests == (SETS[1],)
    assert parts.why_untrained.startswith("there are too few training articles: ")


@pytest.mark.parametrize("protocol", ["internal", "time"])
def test_inside_few_training_articles_there_may_be_tests_alone(protocol: Protocol) -> None:
    parts = divide([embedded_set("RSS", "train", 1, n=5)], protocol)
    assert len(articles_of(parts.tests)) == 1
    assert parts.why_untrained
    with pytest.raises(TooFewError, match="cannot be split"):
        divide([embedded_set("RSS", "train", 1, n=3)], "internal")


@pytest.mark.parametrize("n", [7, 20, 60])
@pytest.mark.parametrize("share", [0.2, 0.5])
def test_what_is_trained_on_and_chosen_by_is_never_next_to_nothing(n: int, share: float) -> None:
    parts = divide([embedded_set("RSS", "train", 1, n=n), SETS[1]], "official", share=share)
    n_training = len(articles_of(parts.training))
    assert bool(parts.training) != bool(parts.why_untrained)
    assert not parts.training or n_training >= LEAST_PAIRS
    assert not parts.validation or len(pictures_of(parts.validation)) >= LEAST_IMAGES


@pytest.mark.parametrize("protocol", ["official", "internal", "time"])
def test_a_corpus_divides_before_it_is_embedded_as_it_does_afterwards(protocol: Protocol) -> None:
    """Where neither copies of pictures nor English titles tell more than the tables do."""
    read = [
        DataSet(
            name=part.name,
            split=part.split,
            articles=part.articles,
            images=pd.DataFrame({"image_id": part.images.ids, "path": part.images.ids}),
        )
        for part in SETS
    ]
    planned = divide([undivided(each, number) for number, each in enumerate(read)], protocol)
    parts = divide(SETS, protocol)
    for one, other in ((planned.training, parts.training), (planned.validation, parts.validation),
                       (planned.tests, parts.tests)):  # fmt: skip
        assert articles_of(one) == articles_of(other)


def test_images_without_a_file_are_not_planned_with() -> None:
    part = SETS[0]
    paths = [None, None, *part.images.ids[2:]]
    images = pd.DataFrame({"image_id": part.images.ids, "path": paths})
    read = DataSet(name="RSS", split="train", articles=part.articles, images=images)
    parts = divide([undivided(read, 0)], "official")
    assert len(articles_of([*parts.training, *parts.validation])) == N - 2


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


def test_english_titles_count_as_those_as_written_do() -> None:
    train, test = SETS[0], SETS[1]
    german = train.articles.copy()
    german.loc[4, "title_en"] = test.articles["title"][2] + "!"
    german.loc[5, "title"] = test.articles["title_en"][3].upper()
    german.loc[6, "title_en"] = test.articles["title_en"][4]
    german.loc[7:9, ["title", "title_en"]] = ""  # no title is no shared title
    blank = test.articles.copy()
    blank.loc[7, ["title", "title_en"]] = " "
    measured = dataclasses.replace(test, articles=blank)
    parts = divide([dataclasses.replace(train, articles=german), measured], "official")
    assert parts.n_left_out == 3
    used = articles_of([*parts.training, *parts.validation])
    assert not used & {("RSS", "train", f"train{i}") for i in (4, 5, 6)}


def test_a_picture_is_known_again_saved_anew_and_by_its_file(tmp_path: Path) -> None:
    train, test = SETS[0], SETS[1]
    vectors = train.miniatures.vectors.copy()
    noise = np.random.default_rng(0).normal(size=(2, 8)).astype(np.float32)
    vectors[7] = unit(test.miniatures.vectors[5:6] + 1e-2 * noise[:1])[0]
    vectors[8] = unit(test.miniatures.vectors[6:7] + 0.3 * noise[1:])[0]  # another picture
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"the same picture")
    miniatures = Embeddings(train.miniatures.ids, vectors)
    changed = dataclasses.replace(train, miniatures=miniatures, files={"9.jpg": tmp_path / "a"})
    measured = dataclasses.replace(test, files={"0.jpg": tmp_path / "b"})
    parts = divide([changed, measured], "official")
    used = articles_of([*parts.training, *parts.validation])
    assert len(used) == N - 2
    assert not used & {("RSS", "train", "train7"), ("RSS", "train", "train9")}


class Corpus(NamedTuple):
    """Random data sets in which titles and pictures occur again, and what is the same in them."""

    sets: list[EmbeddedSet]
    titles: dict[tuple[str, str, str], set[int]]
    """The titles of each article, by data set, split and id; equal numbers are equal titles."""
    pictures: dict[tuple[str, str, str], int]
    """Likewise the picture of each image."""


WRITINGS = ("{}", " {}!", "«{}»", "{} …", "\u200b{}\u00ad")


def random_corpus(seed: int, folder: Path) -> Corpus:
    """Data sets of which a third of the titles and pictures are drawn again from earlier ones."""
    generator = np.random.default_rng(seed)
    drawn: dict[str, list[int]] = {"title": [], "picture": []}
    points = unit(generator.normal(size=(4000, 16)))

    def draw(what: str) -> int:
        known = drawn[what]
        again = known and generator.uniform() < 0.12
        number = int(generator.choice(known)) if again else 1000 * (what == "title") + len(known)
        known.append(number)
        return number

    def written(number: int) -> str:
        words = f"Title number {number} of ﬁfty Straßen"
        words = words if generator.uniform() < 0.5 else words.upper()
        return str(generator.choice(WRITINGS)).format(words)

    corpus = Corpus([], {}, {})
    for name, split, n in (("RSS", "train", 70), ("RSS", "test", 15), ("T W", "train", 50)):
        base = embedded_set(name, split, seed, n)  # type: ignore[arg-type]
        articles, files = base.articles.copy(), {}
        vectors = np.empty((n, 16), np.float32)
        for row, (article, image) in enumerate(
            zip(articles["article_id"], articles["image_id"], strict=True)
        ):
            titles, picture = [draw("title"), draw("title")], draw("picture")
            articles.loc[row, ["title", "title_en"]] = [written(each) for each in titles]
            if picture % 3:
                vectors[row] = points[picture] + 1e-3 * generator.normal(size=16)
            else:  # its file alone tells
                vectors[row] = generator.normal(size=16)
                files[image] = folder / f"{name}-{split}-{image}"
                files[image].write_bytes(f"{picture:09d}".encode())
            corpus.titles[name, split, article] = set(titles)
            corpus.pictures[name, split, image] = picture
        miniatures = Embeddings(base.images.ids, unit(vectors))
        corpus.sets.append(
            dataclasses.replace(base, articles=articles, miniatures=miniatures, files=files)
        )
    return corpus


@pytest.mark.parametrize("protocol", ["official", "internal", "time"])
@pytest.mark.parametrize("seed", range(15))
def test_bank_validation_and_test_share_nothing_whatever_is_drawn_again(
    protocol: Protocol, seed: int, tmp_path: Path
) -> None:
    corpus = random_corpus(seed, tmp_path)
    parts = divide(corpus.sets, protocol, seed=seed)
    sides = [parts.training, parts.validation, parts.tests]

    def titles(sets: Sequence[EmbeddedSet]) -> set[int]:
        return set().union(*(corpus.titles[key] for key in articles_of(sets)))

    def pictures(sets: Sequence[EmbeddedSet]) -> set[int]:
        keys = [(part.name, part.split, key) for part in sets for key in part.images.ids.tolist()]
        return {corpus.pictures[key] for key in keys}

    for what in (articles_of, titles, pictures):
        for one, other in combinations(sides, 2):
            assert what(one)
            assert not what(one) & what(other), what.__name__
    for one, other in combinations(sides, 2):
        small = [
            np.concatenate([part.miniatures.vectors for part in side]) for side in (one, other)
        ]
        assert (small[0] @ small[1].T).max() < 0.997
    n_used = sum(len(articles_of(side)) for side in sides)
    n_given = sum(len(part.articles) for part in corpus.sets if part.split == "train")
    n_given += sum(len(part.articles) for part in parts.tests) if protocol == "official" else 0
    assert n_used + parts.n_left_out == n_given
    bank = chooser_of(parts, {}).bank
    assert bank is not None
    in_training = {f"{name}/{key}" for name, _, key in articles_of(parts.training)}
    assert set(bank.ids.tolist()) == in_training
