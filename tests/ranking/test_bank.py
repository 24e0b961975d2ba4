"""The query bank: offsets that travel with their ids, and what may not stand in it."""

import numpy as np
import pytest
import torch

from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from newsimages.ranking.bank import ImageOffsets, bank_offsets, check_disjoint, in_bank
from newsimages.ranking.ranking import rank
from newsimages.ranking.revision import METHODS, Revision
from tests.fakes import random_embeddings, unit

BANK, GALLERY = random_embeddings("b", 70, 16, 0), random_embeddings("i", 40, 16, 1)


def test_offsets_are_those_of_the_bank_in_the_order_of_the_ids() -> None:
    shuffled = GALLERY.select(np.random.default_rng(0).permutation(GALLERY.ids).tolist())
    offsets = bank_offsets(BANK, shuffled, Revision(scale=30.0))
    z = torch.from_numpy(BANK.vectors @ GALLERY.vectors.T).double()
    assert offsets.ids.tolist() == GALLERY.ids.tolist()
    np.testing.assert_allclose(offsets.values, torch.logsumexp(30 * z, dim=0), rtol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_the_ranked_articles_own_offsets_come_out_where_the_bank_is_they(method: str) -> None:
    revision = Revision(method=method, scale=30.0)  # type: ignore[arg-type]
    offsets = bank_offsets(BANK, GALLERY, revision)
    banked = rank(BANK, GALLERY, revision=revision, offsets=offsets)
    batch = rank(BANK, GALLERY, revision=revision)
    np.testing.assert_array_equal(banked.scores, batch.scores)


def test_values_follow_the_ids_asked_for() -> None:
    offsets = ImageOffsets(
        np.array(["b", "a", "c"]), np.array([2, 1, 3], np.float32), Revision(method="neighbours")
    )
    assert offsets.of(np.array(["a", "b", "c"])).tolist() == [1, 2, 3]
    with pytest.raises(NewsImagesError, match=r"1 images have none \(d\), 2 are not .* \(a, c\)"):
        offsets.of(np.array(["b", "d"]))


def test_an_empty_bank_and_one_of_another_model_are_refused() -> None:
    empty = Embeddings(BANK.ids[:0], BANK.vectors[:0])
    with pytest.raises(NewsImagesError, match="query bank is empty"):
        bank_offsets(empty, GALLERY, Revision())
    with pytest.raises(NewsImagesError, match=r"\(70, 16\) against .*\(40, 8\).*same E"):
        bank_offsets(BANK, random_embeddings("i", 40, 8, 1), Revision())


def test_offsets_that_do_not_belong_to_their_ids_are_refused() -> None:
    ids = np.array(["a", "b"])
    with pytest.raises(NewsImagesError, match=r"\(2,\) ids for offsets of shape \(3,\)"):
        ImageOffsets(ids, np.zeros(3, np.float32), Revision())
    with pytest.raises(NewsImagesError, match="Offsets are float64"):
        ImageOffsets(ids, np.zeros(2), Revision())  # type: ignore[arg-type]
    with pytest.raises(NewsImagesError, match="not finite: b"):
        ImageOffsets(ids, np.array([0, np.nan], np.float32), Revision())
    with pytest.raises(NewsImagesError, match="more than once: a"):
        ImageOffsets(np.array(["a", "a"]), np.zeros(2, np.float32), Revision())


def test_articles_in_the_bank_are_found_by_id_and_by_vector() -> None:
    queries = random_embeddings("a", 12, 16, 2)
    check_disjoint(BANK, queries)
    same_id = Embeddings(np.array([*queries.ids[:11], "b00003"]), queries.vectors)
    with pytest.raises(NewsImagesError, match=r"among those to rank.*: b00003\. Leave them out"):
        check_disjoint(BANK, same_id)
    vectors = queries.vectors.copy()
    vectors[4] = unit(BANK.vectors[5:6] + 1e-4)[0]  # the same text, encoded in another batch
    with pytest.raises(NewsImagesError, match=r": b00005\."):
        check_disjoint(BANK, Embeddings(queries.ids, vectors))
    found = in_bank(BANK, Embeddings(same_id.ids, vectors))
    assert np.flatnonzero(found).tolist() == [3, 5]


def test_nothing_stands_in_an_empty_bank() -> None:
    empty = Embeddings(BANK.ids[:0], BANK.vectors[:0])
    assert in_bank(empty, GALLERY).tolist() == []
    assert not in_bank(BANK, empty).any()
