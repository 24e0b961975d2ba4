"""Full texts: cut, or the mean of their sentences."""

import numpy as np
import pytest

from newsimages.embeddings import Embeddings
from newsimages.encoding import long_text
from newsimages.encoding.long_text import embed_full_texts, full_texts
from newsimages.errors import NewsImagesError
from tests.fakes import FakeEncoder

TEXTS = {"a": "The river rose. The dam held.", "b": "The dam held.", "c": "\x00 "}
encoder = FakeEncoder()


def encode(texts: dict[str, str]) -> Embeddings:
    return Embeddings(np.array(list(texts)), encoder.encode_texts(list(texts.values())))


def test_an_article_without_a_text_is_asked_for_by_its_title() -> None:
    titles = {"a": "Flood", "b": "Dam"}
    assert full_texts(titles, {"a": "The river rose.", "b": " \n"}) == {
        "a": "The river rose.",
        "b": "Dam",
    }


def test_cut_leaves_the_cutting_to_the_encoder() -> None:
    embedded = embed_full_texts(TEXTS, encode)
    assert embedded.ids.tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(embedded.vectors, encode(TEXTS).vectors)


@pytest.mark.parametrize("part_size", [1, 512])
def test_mean_is_that_of_the_sentences(monkeypatch: pytest.MonkeyPatch, part_size: int) -> None:
    monkeypatch.setattr(long_text, "PART_SIZE", part_size)
    embedded = embed_full_texts(TEXTS, encode, long_text="mean")
    rose, held, blank = encoder.encode_texts(["The river rose.", "The dam held.", "\x00 "])
    mean = (rose + held) / 2
    np.testing.assert_allclose(embedded.vectors[0], mean / np.linalg.norm(mean), atol=1e-6)
    np.testing.assert_allclose(embedded.vectors[1], held, atol=1e-6)
    np.testing.assert_allclose(embedded.vectors[2], blank, atol=1e-6)


def test_equal_sentences_are_encoded_once() -> None:
    own = FakeEncoder()
    embed_full_texts(
        TEXTS,
        lambda texts: Embeddings(np.array(list(texts)), own.encode_texts(list(texts.values()))),
        long_text="mean",
    )
    assert sorted(own.encoded) == ["\x00 ", "The dam held.", "The river rose."]


def test_another_way_is_refused() -> None:
    with pytest.raises(NewsImagesError, match="long_text is 'max', expected cut, mean"):
        embed_full_texts(TEXTS, encode, long_text="max")
