"""The retriever: its flow written out, and an article's answer in any company."""

from collections.abc import Mapping

import numpy as np
import pytest

from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from newsimages.ranking.bank import bank_offsets
from newsimages.ranking.ranking import rank
from newsimages.ranking.revision import Revision
from newsimages.retriever.retriever import Retriever, retriever_of
from newsimages.txv import NetworkConfig, TxVNetwork, embed_images, embed_texts
from tests.fakes import FakeEncoder, random_embeddings

DUAL = Revision(scale=20)
INVERTED = Revision(method="inverted_softmax", scale=50)
GALLERY, BANK = random_embeddings("i", 300, 16, 1), random_embeddings("b", 40, 16, 2)
TEXTS = {f"a{i}": f"Headline number {i}" for i in range(30)}
fake = FakeEncoder(dimension=16)


def encode(texts: Mapping[str, str]) -> Embeddings:
    return Embeddings(np.array(list(texts)), fake.encode_texts(list(texts.values())))


def retriever(network: TxVNetwork | None = None) -> Retriever:
    plain = retriever_of(GALLERY, network, revisions=(INVERTED, DUAL), encode=encode)
    bank = BANK if network is None else embed_texts(network, [BANK])
    offsets = tuple(bank_offsets(bank, plain.gallery, each) for each in plain.revisions)
    return Retriever(
        gallery=plain.gallery,
        head=network,
        revisions=plain.revisions,
        offsets=offsets,
        encode=encode,
    )


def network() -> TxVNetwork:
    shape = NetworkConfig(text_dimensions=(16,), image_dimensions=(16,), width=32)
    return TxVNetwork(shape, seed=3)


def test_clip_in_batch_form_is_the_ranking_of_its_vectors() -> None:
    answer = retriever().retrieve(TEXTS, revision="dual_softmax", against="batch", top_k=7)
    expected = rank(encode(TEXTS), GALLERY, revision=DUAL, top_k=7)
    np.testing.assert_array_equal(answer.image_ids, expected.image_ids)
    np.testing.assert_array_equal(answer.scores, expected.scores)
    assert answer.article_ids.tolist() == list(TEXTS)


def test_txv_maps_both_sides_before_ranking() -> None:
    net = network()
    answer = retriever(net).retrieve(TEXTS, revision="none", top_k=7)
    queries, gallery = embed_texts(net, [encode(TEXTS)]), embed_images(net, [GALLERY])
    expected = rank(queries, gallery, revision=Revision(method="none"), top_k=7)
    np.testing.assert_array_equal(answer.image_ids, expected.image_ids)


def test_the_first_revision_is_taken_where_none_is_named() -> None:
    own = retriever()
    named = own.retrieve(TEXTS, revision="inverted_softmax")
    np.testing.assert_array_equal(own.retrieve(TEXTS).scores, named.scores)
    assert (named.scores != own.retrieve(TEXTS, revision="dual_softmax").scores).any()


@pytest.mark.parametrize("with_network", [False, True])
def test_against_the_bank_an_answer_is_the_same_in_any_company(with_network: bool) -> None:
    own = retriever(network() if with_network else None)
    together = own.retrieve(TEXTS)
    generator = np.random.default_rng(0)
    names = list(TEXTS)
    for size in (1, 2, 3, 5, 17, 30):
        chosen = generator.permutation(len(names))[:size]
        answer = own.retrieve({names[i]: TEXTS[names[i]] for i in chosen})
        np.testing.assert_array_equal(answer.image_ids, together.image_ids[chosen])
        np.testing.assert_array_equal(answer.scores, together.scores[chosen])


def test_a_gallery_shorter_than_the_list_comes_back_whole() -> None:
    answer = retriever().retrieve({"a": "Storm"}, top_k=1000)
    assert sorted(answer.image_ids[0]) == GALLERY.ids.tolist()


def test_one_article_in_batch_form_is_ordered_by_cosine() -> None:
    own = retriever()
    batch = own.retrieve({"a": "Storm"}, against="batch")
    plain = own.retrieve({"a": "Storm"}, revision="none")
    np.testing.assert_array_equal(batch.image_ids, plain.image_ids)


@pytest.mark.parametrize(
    ("texts", "settings", "message"),
    [
        ({}, {}, "No articles"),
        ({"a": "x", "b": " \n", "c": ""}, {}, "blank text: b, c"),
        ({"a": "x"}, {"top_k": 0}, "top_k is 0"),
        (
            {"a": "x"},
            {"revision": "sinkhorn"},
            "expected one of inverted_softmax, dual_softmax, none",
        ),
        ({"a": "x"}, {"against": "them"}, "expected bank, batch"),
    ],
)
def test_bad_input_is_told(
    texts: dict[str, str], settings: dict[str, object], message: str
) -> None:
    with pytest.raises(NewsImagesError, match=message):
        retriever().retrieve(texts, **settings)


def test_without_a_bank_or_an_encoder_it_says_so() -> None:
    bare = retriever_of(GALLERY, None)
    with pytest.raises(NewsImagesError, match="no text encoder"):
        bare.retrieve(TEXTS)
    with pytest.raises(NewsImagesError, match="no query bank"):
        bare.rank(encode(TEXTS))
    assert bare.rank(encode(TEXTS), revision="none").scores.shape == (30, 100)
