"""The retriever: its flow written out, and an article's answer in any company."""

from dataclasses import replace

import numpy as np
import pytest

from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from newsimages.ranking import index
from newsimages.ranking.bank import bank_offsets
from newsimages.ranking.captions import captions_tower, neutral_vector
from newsimages.ranking.confidence import Confidence
from newsimages.ranking.ranking import rank
from newsimages.ranking.revisions import PLAIN, DualSoftmax, InvertedSoftmax, Revision
from newsimages.ranking.spaces import Queries, Space, View, Weights, fuse, less, shares
from newsimages.retriever.articles import ArticleEncoder
from newsimages.retriever.retriever import Retriever
from newsimages.txv.network import NetworkConfig, TxVNetwork
from newsimages.txv.projection import embed_images, embed_texts
from newsimages.txv.towers import Networks, txv_gallery, txv_queries
from tests.fakes import (
    FakeEncoder,
    FakeTower,
    assert_same_bits,
    queries_of,
    random_embeddings,
    renamed,
)

DUAL = DualSoftmax(scale=20)
INVERTED = InvertedSoftmax(scale=50)
TITLE, TEXT = View("clip", "title"), View("clip", "text")
BY_TITLE: Weights = {TITLE: 1.0}
BY_TXV: Weights = {View("txv", "title"): 1.0}
MIX: Weights = {
    TITLE: 0.4,
    TEXT: 0.1,
    View("txv", "title"): 0.3,
    View("txv_text", "text"): 0.2,
}
GALLERY = random_embeddings("i", 300, 16, 1)
BANK = queries_of(
    {TITLE: random_embeddings("b", 40, 16, 2), TEXT: random_embeddings("b", 40, 16, 3)},
    without_text=["b00004"],
)
TITLES = {f"a{i}": f"Headline number {i}" for i in range(30)}
TEXTS = {f"a{i}": "" if i % 3 else f"What came of number {i}." for i in range(30)}
SHAPE = NetworkConfig(text_dimensions=(16,), image_dimensions=(16,), width=32)
NETWORK = TxVNetwork(SHAPE, seed=3)
NETWORKS: Networks = {"txv": NETWORK, "txv_text": NETWORK}
APART: Networks = {"txv": NETWORK, "txv_text": TxVNetwork(SHAPE, seed=4)}
fake = FakeEncoder(dimension=16)


def retriever(weights: Weights = BY_TITLE, networks: Networks = NETWORKS) -> Retriever:
    """With the towers that the weights ask for, and a bank."""
    towers = {view.tower for view in weights}
    asked = {tower: network for tower, network in networks.items() if tower in towers}
    gallery = {"clip": GALLERY, **txv_gallery(GALLERY, asked)}
    return Retriever(
        gallery={tower: gallery[tower] for tower in gallery if tower in towers},
        weights=weights,
        revisions=(INVERTED, DUAL),
        networks=asked,
        confidences={
            name: Confidence(temperature=0.5, nothing=-3)
            for name in ("none", "inverted_softmax", "dual_softmax")
        },
        encode=ArticleEncoder(towers={"clip": FakeTower(fake)}, networks=asked, weights=weights),
    ).with_bank(txv_queries(BANK, asked))


def encoded(weights: Weights = BY_TITLE) -> Queries:
    encode = retriever(weights).encode
    assert encode is not None
    return encode(TITLES, TEXTS)


def test_clip_in_batch_form_is_the_ranking_of_its_vectors() -> None:
    answer = retriever().retrieve(TITLES, revision="dual_softmax", against="batch", top_k=7)
    space = Space.of(encoded().of(TITLE), GALLERY)
    assert_same_bits(answer, rank(space, DUAL, top_k=7))
    assert answer.article_ids.tolist() == list(TITLES)


def test_txv_maps_both_sides_before_ranking() -> None:
    answer = retriever(BY_TXV).retrieve(TITLES, revision="none", against="batch", top_k=7)
    queries = embed_texts(NETWORK, [encoded().of(TITLE)])
    space = Space.of(queries, embed_images(NETWORK, [GALLERY]))
    assert_same_bits(answer, rank(space, PLAIN, top_k=7))


@pytest.mark.parametrize("weights", [BY_TITLE, BY_TXV, MIX], ids=["clip", "txv", "mix"])
def test_against_the_bank_it_is_the_fused_space_with_the_banks_offsets(weights: Weights) -> None:
    own = retriever(weights)
    bank = fuse(txv_queries(BANK, own.networks), own.gallery, weights)
    space = fuse(encoded(weights), own.gallery, weights)
    for revision in (INVERTED, DUAL):
        offsets = bank_offsets(bank, revision)
        sure = own.confidences[revision.name]
        expected = rank(space, revision, offsets=offsets, confidence=sure, top_k=9)
        answer = own.retrieve(TITLES, TEXTS, revision=revision.name, top_k=9)
        assert_same_bits(answer, expected)


def test_the_first_revision_is_taken_where_none_is_named() -> None:
    own = retriever()
    named = own.retrieve(TITLES, revision="inverted_softmax")
    assert_same_bits(own.retrieve(TITLES), named)
    assert (named.scores != own.retrieve(TITLES, revision="dual_softmax").scores).any()


@pytest.mark.parametrize("weights", [BY_TITLE, BY_TXV, MIX], ids=["clip", "txv", "mix"])
@pytest.mark.parametrize("networks", [NETWORKS, APART], ids=["one network", "two"])
def test_against_the_bank_an_answer_is_the_same_in_any_company(
    weights: Weights, networks: Networks
) -> None:
    own = retriever(weights, networks)
    together = own.retrieve(TITLES, TEXTS)
    generator = np.random.default_rng(0)
    names = list(TITLES)
    for size in (1, 2, 3, 5, 17, 30):
        chosen = generator.permutation(len(names))[:size]
        answer = own.retrieve({names[i]: TITLES[names[i]] for i in chosen}, TEXTS)
        assert_same_bits(answer, together, chosen)


def test_an_article_without_a_text_is_asked_by_its_title() -> None:
    weights: Weights = {TITLE: 0.25, TEXT: 0.75}
    own, by_title = retriever(weights), retriever()
    for texts in (None, {}, {"a0": " \n", "a1": ""}):
        answer = own.retrieve(TITLES, texts, revision="none")
        assert_same_bits(answer, by_title.retrieve(TITLES, revision="none"))
    with_text = own.retrieve(TITLES, TEXTS, revision="none")
    changed = (with_text.image_ids != answer.image_ids).any(axis=1)
    assert changed.tolist() == [i % 3 == 0 for i in range(30)]


def test_a_gallery_shorter_than_the_list_comes_back_whole() -> None:
    answer = retriever().retrieve({"a": "Storm"}, top_k=1000)
    assert sorted(answer.image_ids[0]) == GALLERY.ids.tolist()


def test_one_article_in_batch_form_is_ordered_by_cosine() -> None:
    own = retriever()
    batch = own.retrieve({"a": "Storm"}, against="batch")
    by_cosine = own.retrieve({"a": "Storm"}, revision="none")
    assert batch.image_ids.tolist() == by_cosine.image_ids.tolist()
    np.testing.assert_array_equal(batch.scores, by_cosine.scores)
    assert batch.confidences is None


@pytest.mark.parametrize(
    ("titles", "settings", "message"),
    [
        ({}, {}, "No articles"),
        ({"a": "x", "b": " \n", "c": ""}, {}, "blank title: b, c"),
        ({"a": "x"}, {"top_k": 0}, "top_k is 0"),
        (
            {"a": "x"},
            {"revision": "sinkhorn"},
            "expected one of none, inverted_softmax, dual_softmax",
        ),
        ({"a": "x"}, {"against": "them"}, "expected bank, batch"),
    ],
)
def test_bad_input_is_told(
    titles: dict[str, str], settings: dict[str, object], message: str
) -> None:
    with pytest.raises(NewsImagesError, match=message):
        retriever().retrieve(titles, **settings)


def test_without_a_bank_or_an_encoder_it_says_so() -> None:
    bare = Retriever(gallery={"clip": GALLERY}, weights=BY_TITLE, revisions=(DUAL,))
    with pytest.raises(NewsImagesError, match="no text encoder"):
        bare.retrieve(TITLES)
    with pytest.raises(NewsImagesError, match="no query bank"):
        bare.rank(encoded())
    assert bare.rank(encoded(), revision="none").scores.shape == (30, 100)


def test_vectors_without_a_weighted_view_are_refused() -> None:
    with pytest.raises(NewsImagesError, match="clip on the text has no articles"):
        retriever(MIX).rank(encoded(BY_TITLE))


def test_only_the_fields_that_are_weighed_are_encoded() -> None:
    before = len(fake.encoded)
    retriever().retrieve({"a": "A storm"}, {"a": "It rained."})
    assert fake.encoded[before:] == ["A storm"]
    retriever({TEXT: 1.0}).retrieve({"a": "A storm"}, {"a": "It rained."})
    assert fake.encoded[before + 1 :] == ["It rained."]


@pytest.mark.parametrize("weights", [BY_TITLE, BY_TXV, MIX, {TEXT: 1.0}], ids=str)
@pytest.mark.parametrize("revision", ["none", "inverted_softmax", "dual_softmax"])
def test_contributions_add_up_to_the_score_exactly(weights: Weights, revision: str) -> None:
    own = retriever(weights)
    queries = encoded(weights)
    ranking = own.rank(queries, revision=revision, top_k=300)
    parts = own.explain(queries, ranking, revision=revision)
    assert list(parts) == [*(f"{tower}_{field}" for tower, field in weights), "revision"]
    for order in (list(parts), list(parts)[::-1]):
        total = sum(parts[name] for name in order)
        np.testing.assert_array_equal(total, ranking.scores.astype(np.float64))
    slope = 1.0 if revision == "none" else own._revision(revision).slope
    for view, share in shares(queries, weights).items():
        images = own.gallery[view.tower]
        cosines = queries.of(view).vectors @ images.select(ranking.image_ids[3].tolist()).vectors.T
        np.testing.assert_allclose(
            parts[f"{view.tower}_{view.text_field}"][3],
            slope * share[3] * cosines[3],
            atol=1e-5 * slope,
        )
    assert (parts["revision"] == 0).all() == (revision == "none") or len(weights) == 1


def test_confidences_are_a_softmax_over_all_images_and_none() -> None:
    own = retriever()
    ranking = own.rank(encoded(), top_k=300)
    assert ranking.confidences is not None
    assert ranking.none_fits is not None
    weights = np.exp(0.5 * ranking.scores.astype(np.float64))
    nothing = 300 * np.exp(-3.0)
    total = weights.sum(axis=1) + nothing
    np.testing.assert_allclose(ranking.confidences, weights / total[:, None], rtol=1e-4)
    np.testing.assert_allclose(ranking.none_fits, nothing / total, rtol=1e-4)
    np.testing.assert_array_equal(
        own.rank(encoded(), top_k=4).confidences, ranking.confidences[:, :4]
    )


def test_a_part_of_the_images_is_ranked_as_if_it_were_all() -> None:
    own = retriever(MIX, APART)
    ids = GALLERY.ids[::3].tolist()
    part = own.on_images(ids[::-1]).rank(encoded(MIX), top_k=100)
    whole = own.rank(encoded(MIX), top_k=300)
    for row in range(30):
        left = [image for image in whole.image_ids[row].tolist() if image in set(ids)]
        assert part.image_ids[row].tolist() == left
    with pytest.raises(NewsImagesError, match="No embedding for: nowhere"):
        own.on_images(["nowhere"])


@pytest.mark.parametrize(("first", "other"), [(DUAL, PLAIN), (PLAIN, DUAL)])
def test_an_index_answers_by_the_first_revision_alone(first: Revision, other: Revision) -> None:
    pytest.importorskip("faiss", reason="an index needs faiss-cpu")
    asked = queries_of({TITLE: random_embeddings("v", 30, 8, 5)})
    exact = Retriever(
        gallery={"clip": random_embeddings("i", 2000, 8, 4)},
        weights=BY_TITLE,
        revisions=(first, other),
    ).with_bank(queries_of({TITLE: random_embeddings("b", 40, 8, 6)}))
    own = exact.with_index(asked)
    record = own.index_record
    assert record is not None
    assert (record.images, record.cells) == (2000, 51)
    assert 1 <= record.probed <= record.cells
    assert 0.99 <= record.recall_at_100 <= 1
    answer, expected = own.rank(asked), exact.rank(asked)
    assert answer.approximate
    found = [np.isin(a, b).mean() for a, b in zip(expected.rows, answer.rows, strict=True)]
    assert np.mean(found) == pytest.approx(record.recall_at_100)
    half = np.arange(2000) % 2 == 0
    for options in ({"revision": other.name}, {"against": "batch"}, {"within": half}):
        answer = own.rank(asked, **options)
        assert not answer.approximate
        assert_same_bits(answer, exact.rank(asked, **options))


def test_an_index_that_misses_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("faiss", reason="an index needs faiss-cpu")
    monkeypatch.setattr(index, "WIDTH", 16)  # of 64 dimensions that all differ as much
    monkeypatch.setattr(index, "CANDIDATES", 1)
    asked = queries_of({TITLE: random_embeddings("v", 20, 64, 5)})
    own = Retriever(
        gallery={"clip": random_embeddings("i", 1000, 64, 4)},
        weights=BY_TITLE,
        revisions=(PLAIN,),
    )
    with pytest.raises(NewsImagesError, match=r"finds 0\.\d+ of the first 100 images of 20 .*none"):
        own.with_index(asked)


def test_an_exact_copy_is_the_most_like_and_the_image_itself_is_not_listed() -> None:
    vectors = GALLERY.vectors.copy()
    vectors[200] = vectors[7]
    images = Embeddings(GALLERY.ids, vectors)
    own = retriever(MIX)
    own = own.on_gallery({**own.gallery, "clip": images, **txv_gallery(images, own.networks)})
    found = own.like("i00007", top_k=1000)
    assert found.image_ids.shape == (1, 299)
    assert found.image_ids[0, 0] == "i00200"
    assert found.similarities[0, 0] == pytest.approx(1, abs=1e-6)
    assert "i00007" not in found.image_ids
    assert (found.scores == found.similarities).all()
    assert found.confidences is found.none_fits is None


def test_like_is_the_towers_cosines_by_their_weights() -> None:
    own = retriever(MIX)
    found = own.like("i00007", top_k=5)
    expected = sum(
        weight * (own.gallery[view.tower].vectors @ own.gallery[view.tower].vectors[7])
        for view, weight in MIX.items()
    )
    np.testing.assert_allclose(found.similarities[0], expected[found.rows[0]], atol=1e-6)
    assert np.sort(expected)[-6:-1] == pytest.approx(found.similarities[0][::-1], abs=1e-6)


def test_like_lists_only_what_is_asked() -> None:
    within = np.arange(300) < 20
    found = retriever().like("i00007", within=within)
    assert found.image_ids.shape == (1, 19)
    assert within.sum() == 20
    with pytest.raises(NewsImagesError, match="0 images"):
        retriever().on_images(["i00007"]).like("i00007")


def test_captions_of_an_image_without_one_count_as_on_average() -> None:
    captions = random_embeddings("c", 3, 4, 5)
    neutral = neutral_vector(captions.vectors)
    ids = np.array(["a", "b", "c", "d", "e"])
    tower = captions_tower(renamed(captions, ids[:3]), ids, neutral)
    own = Retriever(
        gallery={"captions": tower}, weights={View("captions", "title"): 1.0}, revisions=(PLAIN,)
    )
    found = own.like("d", top_k=4)
    of = dict(zip(found.image_ids[0].tolist(), found.similarities[0].tolist(), strict=True))
    mean = captions.vectors.mean(axis=0)
    assert of["e"] == pytest.approx(mean @ mean, abs=1e-6)
    assert np.mean([of["a"], of["b"], of["c"]]) == pytest.approx(of["e"], abs=1e-6)


@pytest.mark.parametrize("weights", [BY_TITLE, BY_TXV, MIX], ids=["clip", "txv", "mix"])
def test_minus_takes_its_text_away_in_every_view(weights: Weights) -> None:
    own = retriever(weights)
    asked = {"a0": TITLES["a0"], "a1": TITLES["a1"]}
    found = own.retrieve(asked, TEXTS, minus="rain", minus_weight=0.7, top_k=300)
    whole = own.retrieve(asked, TEXTS, top_k=300)
    assert found.confidences is found.none_fits is None
    assert (found.rows != whole.rows).any()
    queries = own.queries(asked, TEXTS)
    rain = own.queries({"rain": "rain"}, {"rain": "rain"})
    slope, weighted = own.revisions[0].slope, shares(queries, weights)
    for row in range(2):
        expected = np.zeros(300)
        for view, share in weighted.items():
            images = own.gallery[view.tower].vectors
            less = queries.of(view).vectors[row] - 0.7 * rain.of(view).vectors[0]
            expected += slope * share[row] * (images @ less)
        expected -= own.offsets[0].values
        np.testing.assert_allclose(found.scores[row], expected[found.rows[row]], atol=1e-4)
    alone = own.retrieve({"a1": TITLES["a1"]}, TEXTS, minus="rain", minus_weight=0.7, top_k=300)
    assert_same_bits(alone, found, np.array([1]))


def test_minus_of_the_weight_0_takes_nothing_away_and_is_not_sure() -> None:
    own = retriever(MIX)
    found = own.retrieve(TITLES, TEXTS, minus="rain", minus_weight=0)
    whole = own.retrieve(TITLES, TEXTS)
    np.testing.assert_array_equal(found.scores, whole.scores)
    assert found.confidences is None


def test_a_minus_that_is_not_translated_leaves_the_multilingual_views() -> None:
    views = {
        view: random_embeddings("a", 1, 8, 3) for view in (TITLE, View("multilingual", "title"))
    }
    asked = Queries(views=views, has_text=np.ones(1, np.bool_), in_english=np.ones(1, np.bool_))
    text = replace(asked, in_english=np.zeros(1, np.bool_))
    assert less(asked, text, 0.5).in_english is not None
    assert not np.any(less(asked, text, 0.5).in_english)
    assert less(text, asked, 0.5).steered
