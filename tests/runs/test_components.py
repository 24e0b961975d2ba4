"""What components bring, on systems made so that it is known, and as the runs themselves do."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import numpy as np
import pytest
import torch

from newsimages.corpora.parts import Split
from newsimages.embeddings import Embeddings
from newsimages.metrics.metrics import figures_of, ranks_in_lists
from newsimages.metrics.shapley import members, shapley_values
from newsimages.protocols.embedded import EmbeddedSet, TowerVectors, asked_with, joined
from newsimages.ranking.spaces import TextField, Tower, View
from newsimages.runs.choice import Chooser
from newsimages.runs.components import (
    Component,
    Setting,
    System,
    combinations_table,
    components_table,
    whole_system,
)
from newsimages.runs.table import RUNS, Run
from tests.fakes import embedded_set, unit

Noises = tuple[float, float, float, float]
"""How far each of the `VIEWS` is from the images."""
TOWERS: tuple[Tower, ...] = ("clip", "multilingual")
VIEWS = tuple(View(tower, field) for tower in TOWERS for field in ("title", "text"))
NOISES: Noises = (2.0, 1.2, 1.5, 9.0)
WRITTEN: Noises = (20.0, 20.0, 1.5, 9.0)
WHOLE = {
    "batch": Run(number=1, variant="all_batch", views=VIEWS),
    "bank": Run(number=2, variant="all_bank", views=VIEWS, against="bank"),
}
ON_TITLES = {key: dataclasses.replace(run, views=VIEWS[::2]) for key, run in WHOLE.items()}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """One thread: these sets are too small to be shared out, least of all when busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def near_images(name: str, split: Split, seed: int, n: int, noises: Noises) -> EmbeddedSet:
    """Articles whose vectors are their images' and noise, drawn anew for each view."""
    part = embedded_set(name, split, seed, n, towers=TOWERS)
    towers = {}
    for tower, own in part.towers.items():
        queries: dict[TextField, Embeddings] = {}
        for field, vectors in own.queries.items():
            generator = np.random.default_rng([seed, len(tower), len(field)])
            noise = unit(generator.normal(size=own.images.vectors.shape))
            far = own.images.vectors + noises[VIEWS.index(View(tower, field))] * noise
            queries[field] = Embeddings(vectors.ids, unit(far))
        towers[tower] = TowerVectors(queries=queries, images=own.images)
    return dataclasses.replace(part, towers=towers)


@cache
def parts(noises: Noises) -> tuple[Chooser, EmbeddedSet]:
    """A chooser and a test set whose articles are asked with so much noise."""
    validation = joined([near_images("V", "train", 1, 40, noises)])
    bank = joined([near_images("B", "train", 2, 40, noises)]).queries
    test = near_images("T", "test", 3, 40, noises)
    return Chooser(validation=validation, bank=bank), test


def values_of(
    noises: Noises, written: Noises | None = None, runs: Mapping[str, Run] = WHOLE
) -> tuple[Sequence[Component], np.ndarray, System, EmbeddedSet]:
    chooser, test = parts(noises)
    as_written = own = None
    if written is not None:
        as_written, own = parts(written)
    system = System(runs=runs, chooser=chooser, as_written=as_written)
    components = system.components([test])
    return components, system.reciprocal_ranks(test, own, components), system, test


def test_the_game_goes_from_clip_as_written_to_the_whole_system() -> None:
    components, values, system, test = values_of(NOISES, WRITTEN)
    assert components == ("translation", "text", "multilingual", "revision", "bank")
    assert values.shape == (32, 40)
    written = near_images("T", "test", 3, 40, WRITTEN)
    first = written.queries.of(View("clip", "title")).vectors @ test.images.vectors.T
    right = np.diag(first)[:, None]  # articles and images are in one order
    np.testing.assert_allclose(values[0], 1 / (1 + (first > right).sum(axis=1)))
    for against, row in (("bank", -1), ("batch", 15)):
        run = system.runs[against]
        retriever = system.chooser.retriever(
            run, test.gallery, system.chooser.bank_of(run, [test.queries])
        )
        lists = retriever.rank(test.queries, against=run.against)
        ranks = ranks_in_lists(lists.article_ids, lists.image_ids, test.truth())
        assert values[row].mean() == figures_of(ranks)["mrr"]
    table = components_table(values, components, "T")
    assert table["added"].sum() == pytest.approx(values[-1].mean() - values[0].mean(), abs=1e-9)
    assert ((table["low"] <= table["added"]) & (table["added"] <= table["high"])).all()
    for at, row in enumerate(table.to_dict("records")):
        assert row["alone"] == values[1 << at].mean() - values[0].mean()
        assert row["last"] == values[31].mean() - values[31 - (1 << at)].mean()
    every = combinations_table(values, components, "T")
    assert every["MRR"].tolist() == values.mean(axis=1).tolist()
    assert every.loc[21, "translation":"query bank"].tolist() == [True, False, True, False, True]


def test_two_components_that_each_find_everything_share_what_is_to_be_had() -> None:
    found: Noises = (0.0, 1.0, 0.0, 1.0)
    components, values, _, _ = values_of(found, (50.0, *found[1:]), ON_TITLES)
    assert components == ("translation", "multilingual", "revision", "bank")
    is_in = members(4)
    finds = is_in[:, :2].any(axis=1)
    assert (values[finds] == 1).all()
    lost = values[~finds]  # (4, C): none, revision, bank, both
    assert lost.mean() < 0.3
    added = shapley_values(values)
    np.testing.assert_allclose(added[0], added[1], atol=1e-12)
    np.testing.assert_allclose(added.sum(axis=0), 1 - values[0])
    # Revision and bank count where nothing else is there: in 1/4 or 1/12 of all orders.
    plain, revised, _, both = lost
    expected = (revised - plain) / 4 + (both - plain) / 12
    np.testing.assert_allclose(added[2], expected, atol=1e-12)


def test_a_translation_of_the_same_vectors_adds_nothing() -> None:
    components, values, _, _ = values_of(NOISES, NOISES, ON_TITLES)
    table = components_table(values, components, "T").set_index("component")
    assert not table.loc["translation", ["added", "low", "high", "alone", "last"]].any()


def test_without_a_revision_the_bank_changes_nothing() -> None:
    components, values, _, _ = values_of(NOISES)
    assert components == ("text", "multilingual", "revision", "bank")
    unrevised = ~members(4)[:, 2]
    np.testing.assert_array_equal(values[unrevised][:4], values[unrevised][4:])


def test_only_what_the_system_has_is_a_component() -> None:
    chooser, test = parts(NOISES)
    system = System(runs=WHOLE, chooser=chooser)
    without_text = dataclasses.replace(test, articles=test.articles.assign(text_en=""))
    assert system.components([without_text]) == ("multilingual", "revision", "bank")
    assert "text" in system.components([without_text, test])
    setting = system.setting(["revision"], system.components([without_text]))
    assert setting == Setting(True, VIEWS[:2], "batch")  # texts stay as the system has them
    whole = system.setting(
        ["multilingual", "revision", "bank"], ("multilingual", "revision", "bank")
    )
    assert whole == Setting(True, VIEWS, "bank")


def test_the_widest_run_that_was_made_is_the_whole_system() -> None:
    towers: frozenset[Tower] = frozenset({"clip", "txv", "txv_text", "multilingual"})
    by_name = {run.variant: run.on(towers) for run in RUNS}
    assert whole_system([by_name["clip"], by_name["clip_bank"]], towers) is None
    made = [by_name[name] for name in ("clip", "mix_batch", "all_bank", "languages_bank")]
    assert whole_system(made, towers) == {
        "batch": by_name["all_batch"], "bank": by_name["all_bank"]
    }  # fmt: skip
    no_multilingual: frozenset[Tower] = frozenset({"clip", "txv", "txv_text", "captions"})
    captions = {run.variant: run.on(no_multilingual) for run in RUNS}
    found = whole_system([captions["captions_batch"], captions["mix_bank"]], no_multilingual)
    assert found == {"batch": captions["captions_batch"], "bank": captions["captions_bank"]}


def test_other_vectors_reach_all_towers_that_are_made_of_them() -> None:
    test = near_images("T", "test", 3, 40, NOISES)
    other = near_images("T", "test", 4, 40, NOISES)
    queries = other.towers["clip"].queries
    asked = asked_with(test, queries, {})
    assert asked.queries.of(View("clip", "text")) is not test.queries.of(View("clip", "text"))
    np.testing.assert_array_equal(
        asked.queries.of(View("clip", "text")).vectors, queries["text"].vectors
    )
    assert asked.towers["multilingual"] is test.towers["multilingual"]
    assert asked.images is test.images
    some = asked_with(test.subset(["test3", "test1"]), queries, {})
    np.testing.assert_array_equal(
        some.queries.of(View("clip", "title")).vectors, queries["title"].vectors[[1, 3]]
    )


def test_without_a_query_bank_the_revision_is_over_the_batch() -> None:
    components, values, system, test = values_of(NOISES, runs={"batch": WHOLE["batch"]})
    assert components == ("text", "multilingual", "revision")
    lists = system.chooser.retriever(WHOLE["batch"], test.gallery).rank(
        test.queries, against="batch"
    )
    ranks = ranks_in_lists(lists.article_ids, lists.image_ids, test.truth())
    assert values[-1].mean() == figures_of(ranks)["mrr"]
