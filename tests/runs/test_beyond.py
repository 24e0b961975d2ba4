"""Runs beyond the paper: what they choose, what they see, and what comes out."""

import dataclasses
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from newsimages.protocols.parts import EmbeddedSet, Space, joined
from newsimages.ranking.ranking import rank
from newsimages.ranking.revision import Revision
from newsimages.runs import beyond
from newsimages.runs.beyond import Chooser, weight_candidates
from newsimages.runs.combination import Source, combine
from newsimages.runs.selection import RevisionChoice, choose_revision
from newsimages.runs.table import choose_runs
from newsimages.txv import NetworkConfig, TxVNetwork, embed_images, embed_texts
from tests.fakes import unit
from tests.protocols.test_parts import embedded_set

SHAPE = NetworkConfig(text_dimensions=(8,), image_dimensions=(8,), width=16)
NETWORK = TxVNetwork(SHAPE, seed=2)


def related(name: str, split: str, seed: int, n: int) -> EmbeddedSet:
    """Articles whose titles and texts are noisy copies of their images."""
    part = embedded_set(name, split, seed, n)
    generator = np.random.default_rng(seed)

    def near(share: float) -> Embeddings:
        noise = unit(generator.normal(size=part.images.vectors.shape))
        return Embeddings(part.queries["title"].ids, unit(part.images.vectors + share * noise))

    return dataclasses.replace(part, queries={"title": near(1.5), "text": near(0.7)})


VALIDATION, BANK = (
    joined([related(*each)]) for each in (("V", "train", 1, 80), ("B", "train", 2, 60))
)
TEST = related("T", "test", 3, 50)
CHOOSER = Chooser(validation=VALIDATION, bank=BANK, networks={"title": NETWORK, "text": NETWORK})
chosen = cache(CHOOSER.choose)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """One thread: these sets are too small to be shared out, least of all when busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("variant", ["clip_batch", "clip_bank", "txv_batch", "txv_bank"])
def test_one_source_is_ranked_by_the_winner_on_the_validation_part(variant: str) -> None:
    [run] = choose_runs(variant)
    choice = chosen(run)
    [winner] = choice.revisions
    best = choice.curve.loc[choice.curve["mrr"].idxmax()]
    assert (best["method"], choice.weights) == (winner.method, (1.0,))
    if run.against == "bank":
        assert "sinkhorn" not in set(choice.curve["method"])
    lists = CHOOSER.rank(run, TEST, choice, top_k=10)
    assert lists.article_ids.tolist() == TEST.articles["article_id"].tolist()
    if variant == "clip_batch":
        expected = rank(TEST.queries["title"], TEST.images, revision=winner, top_k=10)
        np.testing.assert_array_equal(lists.image_ids, expected.image_ids)


def test_against_the_bank_an_article_is_answered_alone() -> None:
    [run] = choose_runs("clip_bank")
    choice = chosen(run)
    together = CHOOSER.rank(run, TEST, choice)
    alone = TEST.subset([TEST.articles["article_id"][4]])
    one = dataclasses.replace(alone, images=TEST.images)
    np.testing.assert_array_equal(
        CHOOSER.rank(run, one, choice).image_ids[0], together.image_ids[4]
    )


def test_the_mix_weighs_its_sources_as_validation_wants() -> None:
    [run] = choose_runs("mix_weights")
    choice = chosen(run)
    assert len(choice.revisions) == len(choice.weights) == 4
    assert sum(choice.weights) == pytest.approx(1)
    assert choice.weights[1] > choice.weights[0]  # texts are nearer to their images than titles
    tried = choice.curve.dropna(subset="weight_1")
    assert len(tried) == len(weight_candidates(4)) == 35
    views = []
    for network in (None, NETWORK):
        for field in ("title", "text"):
            queries, images = TEST.queries[field], TEST.images
            if network is not None:
                queries, images = embed_texts(network, [queries]), embed_images(network, [images])
            views.append((queries, images))
    sources = [
        Source(queries=queries, gallery=gallery, revision=revision)
        for (queries, gallery), revision in zip(views, choice.revisions, strict=True)
    ]
    expected = combine(sources, weights=choice.weights, top_k=10)
    lists = CHOOSER.rank(run, TEST, choice, top_k=10)
    np.testing.assert_array_equal(lists.image_ids, expected.image_ids)


def test_a_source_is_chosen_for_once_for_all_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counted(*given: Any, **settings: Any) -> RevisionChoice:
        asked.append(len(given))
        return choose_revision(*given, **settings)

    monkeypatch.setattr(beyond, "choose_revision", counted)
    chooser = dataclasses.replace(CHOOSER)
    for run in choose_runs("clip_batch,clip_bank,mix_ranks,mix_weights"):
        pd.testing.assert_frame_equal(chooser.choose(run).curve, chosen(run).curve)
    assert len(asked) == 5  # four sources in batches, one against the bank


def test_ranks_need_no_weights() -> None:
    [run] = choose_runs("mix_ranks")
    choice = chosen(run)
    assert choice.weights == (0.25,) * 4
    lists = CHOOSER.rank(run, TEST, choice, top_k=10)
    assert lists.image_ids.shape == (50, 10)


def test_bank_articles_that_are_asked_for_are_left_out() -> None:
    [run] = choose_runs("clip_bank")
    repeated = dataclasses.replace(
        BANK,
        queries={
            field: Embeddings(
                BANK.queries[field].ids,
                np.concatenate([TEST.queries[field].vectors[:5], BANK.queries[field].vectors[5:]]),
            )
            for field in ("title", "text")
        },
    )
    without = BANK.subset(BANK.articles["article_id"][5:].tolist())
    choice = chosen(run)
    lists = [
        dataclasses.replace(CHOOSER, bank=bank).rank(run, TEST, choice)
        for bank in (repeated, dataclasses.replace(without, images=BANK.images))
    ]
    np.testing.assert_array_equal(lists[0].image_ids, lists[1].image_ids)


def test_weights_cover_the_simplex_with_the_most_even_first() -> None:
    assert weight_candidates(2) == [
        (0.5, 0.5),
        (0.25, 0.75),
        (0.75, 0.25),
        (0.0, 1.0),
        (1.0, 0.0),
    ]


def bilingual(part: EmbeddedSet, seed: int) -> EmbeddedSet:
    """With originals that are nearer to their images, in a space of another dimension."""
    generator = np.random.default_rng(seed)
    images = unit(np.pad(part.images.vectors, ((0, 0), (0, 4))))
    own = Embeddings(part.images.ids, images).select(part.articles["image_id"].tolist()).vectors
    near = Embeddings(
        part.queries["title"].ids, unit(own + 0.3 * unit(generator.normal(size=own.shape)))
    )
    space = Space(queries={"title": near, "text": near}, images=Embeddings(part.images.ids, images))
    return dataclasses.replace(part, multilingual=space)


BILINGUAL = dataclasses.replace(
    CHOOSER, validation=bilingual(VALIDATION, 1), bank=bilingual(BANK, 2)
)


@pytest.mark.parametrize("variant", ["multilingual_batch", "multilingual_bank"])
def test_the_multilingual_space_is_asked_with_the_originals(variant: str) -> None:
    [run] = choose_runs(variant)
    test = bilingual(TEST, 3)
    choice = BILINGUAL.choose(run)
    lists = BILINGUAL.rank(run, test, choice, top_k=10)
    plain = rank(TEST.queries["title"], TEST.images, revision=Revision(method="none"), top_k=10)
    own = test.articles["image_id"].to_numpy()  # in the order of the lists
    found, found_plainly = ((each.image_ids[:, 0] == own).mean() for each in (lists, plain))
    assert found > 0.95 > found_plainly


def test_languages_are_weighed_and_everything_can_be_summed() -> None:
    languages, everything = choose_runs("languages_weights,all_weights")
    test = bilingual(TEST, 3)
    choice = BILINGUAL.choose(languages)
    assert choice.weights[1] > choice.weights[0]  # the originals are nearer to their images
    sources = [
        Source(queries=space.queries["title"], gallery=space.images, revision=revision)
        for space, revision in zip((test, test.multilingual), choice.revisions, strict=True)
        if space
    ]
    expected = combine(sources, weights=choice.weights, top_k=10)
    np.testing.assert_array_equal(
        BILINGUAL.rank(languages, test, choice, top_k=10).image_ids, expected.image_ids
    )
    assert len(everything.sources) == 6
    assert len(weight_candidates(6)) == 126


def test_a_bank_of_nothing_but_what_is_asked_for_says_so() -> None:
    [run] = choose_runs("clip_bank")
    own = dataclasses.replace(BANK, queries=TEST.queries, articles=TEST.articles)
    with pytest.raises(NewsImagesError, match="All 50 training articles are among those"):
        dataclasses.replace(CHOOSER, bank=own).rank(run, TEST, chosen(run))


def test_without_a_multilingual_space_its_runs_say_so() -> None:
    [run] = choose_runs("multilingual_batch")
    with pytest.raises(NewsImagesError, match="Set multilingual_backbone"):
        CHOOSER.choose(run)
