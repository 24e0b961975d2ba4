"""Ids and vectors: what belongs together is kept together, the rest is refused."""

import numpy as np
import pytest

from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from tests.fakes import random_embeddings


def test_select_gives_the_vectors_in_the_order_asked_for() -> None:
    embeddings = random_embeddings("i", 20, 5, seed=0)
    some = embeddings.select(["i00007", "i00000", "i00019"])
    assert some.ids.tolist() == ["i00007", "i00000", "i00019"]
    np.testing.assert_array_equal(some.vectors, embeddings.vectors[[7, 0, 19]])


def test_select_names_the_first_ten_of_the_missing_and_their_number() -> None:
    embeddings = random_embeddings("i", 3, 5, seed=0)
    missing = [f"x{i:02d}" for i in range(12)]
    with pytest.raises(NewsImagesError, match=r"x00, .*x09, … \(12 in all\)"):
        embeddings.select(["i00001", *missing])


def test_select_from_nothing_says_what_is_missing() -> None:
    empty = Embeddings(np.array([], np.str_), np.empty((0, 5), np.float32))
    with pytest.raises(NewsImagesError, match="No embedding for: a"):
        empty.select(["a"])


def test_sorting_moves_vectors_with_their_ids() -> None:
    embeddings = random_embeddings("i", 20, 5, seed=0)
    mixed = embeddings.select(np.random.default_rng(0).permutation(embeddings.ids).tolist())
    np.testing.assert_array_equal(mixed.sorted_by_id().vectors, embeddings.vectors)
    assert embeddings.sorted_by_id() is embeddings


@pytest.mark.parametrize(
    ("ids", "vectors", "message"),
    [
        (["a"], np.eye(2, dtype=np.float32), r"1 ids for vectors of shape \(2, 2\)"),
        (["a"], np.ones(1, np.float32), r"shape \(1,\)"),
        (["a", "b"], np.eye(2), "float64, expected float32"),
        (["a", "a", "b"], np.eye(3, dtype=np.float32), "more than once: a"),
        (["a", "b"], np.diag([1, 1.01]).astype(np.float32), "length 1 .*: b"),
        (["a", "b"], np.diag([np.nan, 1]).astype(np.float32), "length 1 .*: a"),
        (["a", "b"], np.diag([0, 1]).astype(np.float32), "length 1 .*: a"),
    ],
)
def test_what_does_not_belong_together_is_refused(
    ids: list[str], vectors: np.ndarray, message: str
) -> None:
    with pytest.raises(NewsImagesError, match=message):
        Embeddings(np.array(ids), vectors)
