"""Choices on a validation part: what runs go by, what they see, and what comes out."""

import dataclasses
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from newsimages.corpora.parts import Split
from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from newsimages.metrics.metrics import CUTS, figures_of, ranks_in_lists, ranks_of_truth
from newsimages.metrics.recall import recall_at
from newsimages.protocols.embedded import (
    EmbeddedSet,
    TowerVectors,
    joined,
    with_captions,
    with_txv,
)
from newsimages.protocols.parts import divide
from newsimages.ranking.bank import bank_offsets
from newsimages.ranking.captions import neutral_vector
from newsimages.ranking.confidence import Confidence
from newsimages.ranking.ranking import Ranking, rank
from newsimages.ranking.revisions import PLAIN, REVISIONS, DualSoftmax
from newsimages.ranking.spaces import Gallery, Queries, Space, View, fuse
from newsimages.retriever.retriever import Retriever
from newsimages.runs.certainty import certainty_figures, half_lost
from newsimages.runs.choice import Chooser, candidates, chooser_of
from newsimages.runs.table import RUNS, Run, choose_runs
from newsimages.txv.network import NetworkConfig, TxVNetwork
from newsimages.txv.towers import Networks
from tests.fakes import (
    assert_same_bits,
    embedded_set,
    random_embeddings,
    real_features,
    unit,
)

SHAPE = NetworkConfig(text_dimensions=(8,), image_dimensions=(8,), width=16)
NETWORK = TxVNetwork(SHAPE, seed=2)
NETWORKS: Networks = {"txv": NETWORK, "txv_text": NETWORK}
TITLE, ORIGINAL = View("clip", "title"), View("multilingual", "title")


def related(name: str, split: Split, seed: int, n: int) -> EmbeddedSet:
    """Titles, texts and originals that are copies of their images: noisy, less so, and hardly."""
    part = embedded_set(name, split, seed, n, towers=("clip", "multilingual"))
    generator = np.random.default_rng(seed)
    noises = {"clip": {"title": 1.5, "text": 0.7}, "multilingual": {"title": 0.3, "text": 0.3}}
    towers = {
        tower: TowerVectors(
            queries={
                field: Embeddings(
                    vectors.ids,
                    unit(
                        own.images.vectors
                        + noises[tower][field]
                        * unit(generator.normal(size=own.images.vectors.shape))
                    ),
                )
                for field, vectors in own.queries.items()
            },
            images=own.images,
        )
        for tower, own in part.towers.items()
    }
    return with_txv(dataclasses.replace(part, towers=towers), NETWORKS)


VALIDATION = joined([related("V", "train", 1, 80)])
BANK = joined([related("B", "train", 2, 60)])
TEST = related("T", "test", 3, 50)
CHOOSER = Chooser(validation=VALIDATION, bank=BANK.queries, networks=NETWORKS)
chosen = cache(CHOOSER.choose)
CLIP_BATCH, CLIP_BANK, MIX_BATCH, MIX_BANK = choose_runs("clip_batch,clip_bank,mix_batch,mix_bank")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """One thread: these sets are too small to be shared out, least of all when busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def lists(
    chooser: Chooser, run: Run, asked: Queries, gallery: Gallery | None = None, top_k: int = 10
) -> Ranking:
    images = TEST.gallery if gallery is None else gallery
    retriever = chooser.retriever(run, images, chooser.bank_of(run, [asked]))
    return retriever.rank(asked, top_k=top_k, against=run.against)


@pytest.mark.parametrize(
    "variant", ["clip_batch", "clip_bank", "txv_batch", "txv_bank", "multilingual_bank"]
)
def test_one_view_is_ranked_by_the_winner_on_the_validation_part(variant: str) -> None:
    [run] = choose_runs(variant)
    choice = chosen(run)
    [view] = run.views
    winner = choice.revisions[0]
    assert choice.weights == {view: 1.0}
    assert len(choice.curve) == len(candidates(run))
    assert {revision.name for revision in choice.revisions} == set(choice.curve["method"])
    row = choice.curve["mrr"] == choice.mrr
    assert winner.name in set(choice.curve.loc[row, "method"])
    if run.against == "batch":
        assert choice.mrr == choice.curve["mrr"].max()
    space = Space.of(TEST.queries.of(view), TEST.gallery[view.tower])
    offsets = None
    if run.against == "bank":
        offsets = bank_offsets(Space.of(BANK.queries.of(view), TEST.gallery[view.tower]), winner)
    expected = rank(space, winner, offsets=offsets, top_k=10)
    assert_same_bits(lists(CHOOSER, run, TEST.queries), expected)


def test_candidates_are_all_that_answer_as_the_run_does() -> None:
    every = [each for revision in REVISIONS.values() for each in revision.candidates()]
    assert list(candidates(CLIP_BATCH)) == every
    assert list(candidates(CLIP_BANK)) == [each for each in every if each.answers_alone]


@pytest.mark.parametrize("run", [CLIP_BANK, MIX_BANK], ids=lambda run: run.variant)
def test_against_the_bank_an_article_is_answered_alone(run: Run) -> None:
    together = lists(CHOOSER, run, TEST.queries)
    for row in (4, 31):
        alone = TEST.queries.select([TEST.queries.ids[row]])
        assert_same_bits(lists(CHOOSER, run, alone), together, np.array([row]))


@pytest.mark.parametrize("run", [MIX_BATCH, MIX_BANK], ids=lambda run: run.variant)
def test_the_mix_is_one_space_whose_weights_validation_has_fitted(run: Run) -> None:
    choice = chosen(run)
    assert tuple(choice.weights) == run.views
    assert sum(choice.weights.values()) == pytest.approx(1)
    assert choice.weights[View("clip", "text")] > choice.weights[TITLE]  # texts are nearer
    tried = choice.curve["weight_clip_title"]
    assert len(tried) == len(candidates(run)) + 1  # the winner again, with weights fitted anew
    winner = choice.revisions[0]
    before, again = choice.curve["mrr"].iloc[[candidates(run).index(winner), -1]]
    assert choice.mrr == max(before, again)
    assert (choice.weights[TITLE] == tried.iloc[-1]) == (again >= before)
    space = fuse(TEST.queries, TEST.gallery, choice.weights)
    offsets = None
    if run.against == "bank":
        offsets = bank_offsets(fuse(BANK.queries, TEST.gallery, choice.weights), winner)
    expected = rank(space, winner, offsets=offsets, top_k=10)
    assert_same_bits(lists(CHOOSER, run, TEST.queries), expected)


def test_a_mix_finds_more_than_each_of_its_views() -> None:
    [multilingual, languages] = choose_runs("multilingual_batch,languages_batch")
    assert chosen(languages).weights[ORIGINAL] > chosen(languages).weights[TITLE]
    assert chosen(languages).mrr >= chosen(multilingual).mrr > chosen(CLIP_BATCH).mrr
    truth = TEST.truth()
    found = {}
    for run in (multilingual, CLIP_BATCH):
        table = lists(CHOOSER, run, TEST.queries, top_k=50).table()
        found[run.variant] = figures_of(ranks_of_truth(table, truth))["mrr"]
    assert found["multilingual_batch"] > 0.95 > found["clip_batch"]


def test_each_run_is_chosen_once() -> None:
    chooser = dataclasses.replace(CHOOSER)
    first = chooser.choose(CLIP_BATCH)
    assert chooser.choose(CLIP_BATCH) is first
    assert first is not chosen(CLIP_BATCH)
    pd.testing.assert_frame_equal(first.curve, chosen(CLIP_BATCH).curve)


@pytest.mark.parametrize("run", choose_runs("paper"), ids=lambda run: run.variant)
def test_runs_of_the_paper_choose_nothing_and_take_the_given_scale(run: Run) -> None:
    nothing = Chooser(networks=NETWORKS, scale=50.0)
    choice = nothing.choose(run)
    [revision] = choice.revisions
    assert revision == (PLAIN if run.revision == PLAIN else DualSoftmax(scale=50.0))
    assert choice.curve.empty
    assert np.isnan(choice.mrr)
    [view] = run.views
    assert choice.weights == {view: 1.0}
    space = Space.of(TEST.queries.of(view), TEST.gallery[view.tower])
    assert_same_bits(lists(nothing, run, TEST.queries), rank(space, revision, top_k=10))


def test_a_retriever_has_the_towers_that_its_run_weighs() -> None:
    for run in choose_runs("clip,clip_bank,txv_ds,txv_text_ds,mix_bank"):
        retriever = CHOOSER.retriever(run, TEST.gallery, CHOOSER.bank_of(run, []))
        asked = {view.tower for view, weight in chosen(run).weights.items() if weight}
        assert set(retriever.gallery) == asked
        assert set(retriever.networks) == asked & {"txv", "txv_text"}
        assert bool(retriever.offsets) == (run.against == "bank")


def test_a_request_may_name_other_revisions_where_it_is_to() -> None:
    choice = chosen(CLIP_BANK)
    bank = CHOOSER.bank_of(CLIP_BANK, [])
    one = CHOOSER.retriever(CLIP_BANK, TEST.gallery, bank)
    assert one.revisions == choice.revisions[:1]
    every = CHOOSER.retriever(CLIP_BANK, TEST.gallery, bank, all_revisions=True)
    assert every.revisions == choice.revisions
    assert [offsets.revision for offsets in every.offsets] == list(choice.revisions)
    assert_same_bits(every.rank(TEST.queries), one.rank(TEST.queries))
    assert set(one.confidences) == {choice.revisions[0].name}
    assert set(every.confidences) == {"none", *(each.name for each in choice.revisions)}


def replaced(queries: Queries, view: View, vectors: np.ndarray) -> Queries:
    """The queries with other vectors in the first places of a view."""
    own = queries.of(view)
    changed = np.concatenate([vectors, own.vectors[len(vectors) :]])
    return dataclasses.replace(queries, views={**queries.views, view: Embeddings(own.ids, changed)})


def test_bank_articles_that_are_asked_for_are_left_out() -> None:
    repeated = replaced(BANK.queries, TITLE, TEST.queries.of(TITLE).vectors[:5])
    without = BANK.queries.select(BANK.queries.ids[5:].tolist())
    with_them, without_them = (
        dataclasses.replace(CHOOSER, bank=bank) for bank in (repeated, without)
    )
    for chooser in (with_them, without_them):
        chooser._chosen[CLIP_BANK] = dataclasses.replace(  # the same choice for both
            chosen(CLIP_BANK), revisions=(DualSoftmax(scale=50.0),)
        )
        chooser._sure[CLIP_BANK] = {"dual_softmax": Confidence(temperature=1, nothing=0)}
    expected = lists(without_them, CLIP_BANK, TEST.queries)
    assert_same_bits(lists(with_them, CLIP_BANK, TEST.queries), expected)
    retriever = with_them.retriever(CLIP_BANK, TEST.gallery, with_them.bank_of(CLIP_BANK, []))
    assert (retriever.rank(TEST.queries, top_k=10).scores != expected.scores).any()


def test_validation_articles_are_left_out_of_the_bank_that_is_chosen_with() -> None:
    repeated = replaced(BANK.queries, TITLE, VALIDATION.queries.of(TITLE).vectors[:5])
    without = BANK.queries.select(BANK.queries.ids[5:].tolist())
    curves = [
        dataclasses.replace(CHOOSER, bank=bank).choose(CLIP_BANK).curve
        for bank in (repeated, without)
    ]
    pd.testing.assert_frame_equal(curves[0], curves[1])


def test_what_is_missing_is_told() -> None:
    with pytest.raises(NewsImagesError, match="no validation part"):
        Chooser(bank=BANK.queries).choose(CLIP_BATCH)
    with pytest.raises(NewsImagesError, match="no training article for a query bank"):
        Chooser(validation=VALIDATION).choose(CLIP_BANK)
    own = dataclasses.replace(CHOOSER, bank=VALIDATION.queries)
    with pytest.raises(NewsImagesError, match="All 80 training articles are among those"):
        own.choose(CLIP_BANK)
    unknown = VALIDATION.articles.assign(image_id=None)
    blind = dataclasses.replace(VALIDATION, articles=unknown)
    with pytest.raises(NewsImagesError, match="no right images"):
        dataclasses.replace(CHOOSER, validation=blind).choose(CLIP_BATCH)


@pytest.mark.parametrize(
    "variant", ["multilingual_batch", "multilingual_bank", "languages_batch", "all_bank"]
)
def test_without_a_multilingual_tower_its_runs_say_so(variant: str) -> None:
    [run] = choose_runs(variant)
    towers = {name: own for name, own in VALIDATION.towers.items() if name != "multilingual"}
    validation = dataclasses.replace(VALIDATION, towers=towers)
    chooser = dataclasses.replace(CHOOSER, validation=validation)
    with pytest.raises(NewsImagesError, match="multilingual on the title has no articles"):
        chooser.choose(run)


def captioned(part: EmbeddedSet, seed: int, *, shuffled: bool = False) -> EmbeddedSet:
    """The set with captions near their articles' titles, of two thirds of its images."""
    titles, generator = part.queries.of(TITLE), np.random.default_rng(seed)
    noisy = unit(titles.vectors + 1.5 * unit(generator.normal(size=titles.vectors.shape)))
    truth = part.truth()
    images = [truth[article] for article in titles.ids.tolist()]
    rows = generator.permutation(len(images))[: 2 * len(images) // 3]
    ids = np.array(images)[generator.permutation(rows) if shuffled else rows]
    captions = Embeddings(ids, noisy[rows])
    return with_captions(part, captions, neutral_vector(captions.vectors))


@pytest.mark.parametrize("against", ["batch", "bank"])
def test_captions_help_and_those_of_other_images_do_no_harm(against: str) -> None:
    mix, run = choose_runs(f"mix_{against},captions_{against}")
    run = run.on({"clip", "txv", "txv_text", "captions"})
    views = [view for view in run.views if view.tower == "captions"]
    mrr, weights = {}, {}
    for shuffled in (False, True):
        validation, test = (captioned(own, 7, shuffled=shuffled) for own in (VALIDATION, TEST))
        bank = captioned(BANK, 8).queries
        chooser = dataclasses.replace(CHOOSER, validation=validation, bank=bank)
        weights[shuffled] = sum(chooser.choose(run).weights[view] for view in views)
        for each in (mix, run):
            found = lists(chooser, each, test.queries, test.gallery, top_k=50)
            ranks = ranks_of_truth(found.table(), test.truth())
            mrr[each, shuffled] = figures_of(ranks)["mrr"]
    assert mrr[mix, False] == mrr[mix, True]  # it knows of no captions
    assert mrr[run, False] > mrr[mix, False] + 0.01
    assert mrr[run, True] > mrr[mix, True] - 0.01
    assert weights[False] > 0.05
    assert weights[True] < 0.03


@pytest.mark.parametrize("variant", ["clip_bank", "txv_bank", "mix_bank"])
def test_a_retrievers_validation_mrr_is_that_of_its_choice(variant: str) -> None:
    [run] = choose_runs(variant)
    retriever = CHOOSER.retriever(
        run, TEST.gallery, CHOOSER.bank_of(run, [TEST.queries]), all_revisions=True
    )
    assert validation_mrr(retriever) == chosen(run).mrr
    other = dataclasses.replace(
        retriever, revisions=(DualSoftmax(scale=100.0),), weights=retriever.weights
    )
    assert validation_mrr(other) != chosen(run).mrr


def validation_mrr(retriever: Retriever) -> float:
    """The MRR of a retriever on the validation part, one article at a time."""
    own, validation = CHOOSER.on_validation(retriever)
    lists = own.rank(validation.queries, top_k=CUTS[-1])
    ranks = ranks_in_lists(lists.article_ids, lists.image_ids, validation.truth())
    return figures_of(ranks)["mrr"]


def test_a_network_for_other_vectors_cannot_be_put_to_the_validation_part() -> None:
    shape = NetworkConfig(text_dimensions=(9,), image_dimensions=(9,), width=16)
    [run] = choose_runs("txv_bank")
    retriever = CHOOSER.retriever(run, TEST.gallery, CHOOSER.bank_of(run, []))
    other = dataclasses.replace(retriever, networks={"txv": TxVNetwork(shape)})
    with pytest.raises(NewsImagesError, match="9"):
        CHOOSER.on_validation(other)


def test_the_chooser_of_a_corpus_knows_its_parts() -> None:
    sets = [related("RSS", "train", 1, 50), related("TW", "train", 2, 50), TEST]
    sets = [
        dataclasses.replace(part, towers={n: part.towers[n] for n in ("clip", "multilingual")})
        for part in sets
    ]
    parts = divide(sets, "official").with_txv(NETWORKS)
    chooser = chooser_of(parts, NETWORKS, scale=3.0)
    assert chooser.validation is not None
    assert chooser.bank is not None
    assert len(chooser.validation.articles) == sum(len(p.articles) for p in parts.validation)
    assert len(chooser.bank) == sum(len(p.articles) for p in parts.training)
    expected = {view for run in RUNS for view in run.views if view.tower != "captions"}
    assert set(chooser.bank.views) == expected
    assert chooser.choose(choose_runs("clip_ds")[0]).revisions == (DualSoftmax(scale=3.0),)
    assert chooser.choose(choose_runs("all_bank")[0]).mrr > 0.5

    untrained = chooser_of(divide([sets[-1]], "official"), {})
    assert (untrained.validation, untrained.bank) == (None, None)
    assert untrained.choose(choose_runs("clip")[0]).revisions == (PLAIN,)


def real_set(
    shared_data: Path, split: Split, articles: Sequence[str], *, wrong: bool = False
) -> EmbeddedSet:
    """Articles of real features and their images; which is whose is shuffled where ``wrong``."""
    queries, gallery, truth = real_features(shared_data, "coco500_vitb16")
    ids = list(articles)
    images = [truth[article] for article in ids]
    labels = np.random.default_rng(1).permutation(images).tolist() if wrong else images
    own = queries.select(ids)
    table = pd.DataFrame({"article_id": ids, "title": ids, "text_en": ids, "image_id": labels})
    noise = 0.5 * random_embeddings("x", len(own), own.dimension, 7).vectors
    noisy = Embeddings(own.ids, unit(own.vectors + noise))
    clip = TowerVectors(queries={"title": own, "text": noisy}, images=gallery.select(images))
    return EmbeddedSet(
        name="COCO",
        split=split,
        articles=table,
        towers={"clip": clip},
        miniatures=clip.images,
        files={},
    )


def halves(shared_data: Path, seed: int) -> tuple[list[str], list[str]]:
    """Disjoint halves of real pairs: to choose on and to be the bank, and to test."""
    queries, _, _ = real_features(shared_data, "coco500_vitb16")
    first, second = np.split(np.random.default_rng(seed).permutation(queries.ids), 2)
    return first.tolist(), second.tolist()


def test_a_real_bank_gains_for_one_article_at_a_time(shared_data: Path) -> None:
    gains = []
    for seed in range(10):
        training, held_out = halves(shared_data, seed)
        test = real_set(shared_data, "test", held_out)
        train = real_set(shared_data, "train", training)
        # 100 articles to choose on, 150 as the bank
        chooser = chooser_of(divide([train, test], "official", share=0.4, seed=seed), {})
        retriever = chooser.retriever(
            CLIP_BANK, test.gallery, chooser.bank_of(CLIP_BANK, [test.queries])
        )
        plain, revised = (
            recall_at(ranks_of_truth(answer.table(), test.truth()), 1)
            for answer in (
                retriever.rank(test.queries, revision="none"),
                retriever.rank(test.queries),
            )
        )
        gains.append(revised - plain)
    assert np.mean(gains) >= 0.04  # measured: .051, from .020 to .076
    assert min(gains) >= 0


FUSED = Run(
    number=99,
    variant="fused",
    views=(TITLE, View("clip", "text")),
    against="bank",
)


@pytest.mark.parametrize("run", [CLIP_BANK, MIX_BANK], ids=lambda run: run.variant)
def test_a_runs_probabilities_hold_on_articles_that_it_was_not_fitted_on(run: Run) -> None:
    retriever = CHOOSER.retriever(run, TEST.gallery, CHOOSER.bank_of(run, [TEST.queries]))
    figures = [certainty_figures(half_lost(retriever, TEST, seed=seed)) for seed in range(5)]
    means = pd.DataFrame(figures).mean()
    assert means["calibration_error"] < 0.2  # of 50 articles, 10 bins: chance alone makes .1
    assert means["none_fits_auroc"] > 0.6


def test_shuffled_test_labels_change_no_choice(shared_data: Path) -> None:
    training, held_out = halves(shared_data, 0)
    train = real_set(shared_data, "train", training)
    choices, figures = [], []
    for wrong in (False, True):
        test = real_set(shared_data, "test", held_out, wrong=wrong)
        chooser = chooser_of(divide([train, test], "official"), {})
        choices.append([chooser.choose(run) for run in (CLIP_BATCH, CLIP_BANK, FUSED)])
        bank = chooser.bank_of(FUSED, [test.queries])
        answer = chooser.retriever(FUSED, test.gallery, bank).rank(test.queries)
        figures.append(figures_of(ranks_of_truth(answer.table(), test.truth()))["mrr"])
    for right, other in zip(*choices, strict=True):
        assert right.revisions == other.revisions
        assert right.weights == other.weights
        pd.testing.assert_frame_equal(right.curve, other.curve)
    assert figures[0] > 0.6
    assert figures[1] < 0.1
