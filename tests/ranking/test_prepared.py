"""A gallery prepared for search, in rows of any order and with images taken away."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from newsimages.ranking import prepared as prepared_module
from newsimages.ranking.bank import ImageOffsets, bank_offsets
from newsimages.ranking.confidence import Confidence
from newsimages.ranking.halves import Halves, halves_of
from newsimages.ranking.prepared import Prepared
from newsimages.ranking.ranking import rank
from newsimages.ranking.revisions import PLAIN, DualSoftmax
from newsimages.ranking.spaces import View, fuse
from newsimages.retriever.retriever import Retriever
from tests.fakes import assert_same_bits, queries_of, random_embeddings

CLIP, MULTILINGUAL = View("clip", "title"), View("multilingual", "title")
WEIGHTS = {CLIP: 0.6, MULTILINGUAL: 0.4}
N = 300
GALLERY = {
    "clip": random_embeddings("i", N, 32, 1),
    "multilingual": random_embeddings("i", N, 24, 2),
}
QUERIES = queries_of(
    {CLIP: random_embeddings("a", 20, 32, 3), MULTILINGUAL: random_embeddings("a", 20, 24, 4)}
)
DUAL = DualSoftmax(scale=20.0)
OFFSETS = bank_offsets(fuse(QUERIES, GALLERY, WEIGHTS), DUAL)
SURE = Confidence(temperature=2.0, nothing=3.0)
ORDER = np.random.default_rng(5).permutation(N)


def shuffled(alive: np.ndarray | None = None) -> tuple[Prepared, ImageOffsets]:
    """The same images in another order."""
    ids = GALLERY["clip"].ids[ORDER]
    gallery = {
        tower: Embeddings.known(ids, images.vectors[ORDER]) for tower, images in GALLERY.items()
    }
    images = Prepared(gallery=gallery, places=np.argsort(np.argsort(ids)), alive=alive)
    return images, ImageOffsets.known(ids, OFFSETS.values[ORDER], DUAL)


def test_a_prepared_gallery_makes_the_same_space_and_looks_for_copies_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[int] = []

    def counted(blocks: list[np.ndarray]) -> object:
        looked.append(len(blocks))
        return found(blocks)

    found = prepared_module.copies_of
    monkeypatch.setattr(prepared_module, "copies_of", counted)
    images = Prepared.of(GALLERY)
    for revision in (PLAIN, DUAL):
        actual = rank(images.space(QUERIES, WEIGHTS), revision)
        assert_same_bits(actual, rank(fuse(QUERIES, GALLERY, WEIGHTS), revision))
    assert looked == [2]


@pytest.mark.parametrize("precision", ["bf16", "fp32"])
def test_very_many_images_have_halves_where_the_processor_multiplies_them(
    precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared_module, "MANY", N)
    monkeypatch.setattr(prepared_module, "resolve_precision", lambda *_: precision)
    at_hand = halves_of(GALLERY["clip"].vectors)
    images = Prepared(gallery=GALLERY, halves={"clip": at_hand})
    first, again = (images.space(QUERIES, WEIGHTS).halves for _ in range(2))
    if precision == "fp32":
        assert first is None
        return
    assert first is not None
    assert again is not None
    assert first[0] is at_hand
    assert first[1] is again[1]  # made once
    assert torch.equal(first[1].vectors, halves_of(GALLERY["multilingual"].vectors).vectors)


def test_rows_may_stand_in_any_order() -> None:
    images, offsets = shuffled()
    actual = rank(images.space(QUERIES, WEIGHTS), DUAL, offsets=offsets, confidence=SURE)
    expected = rank(fuse(QUERIES, GALLERY, WEIGHTS), DUAL, offsets=OFFSETS, confidence=SURE)
    assert_same_bits(actual, expected)
    np.testing.assert_array_equal(images.ids[actual.rows], actual.image_ids)


@pytest.mark.parametrize("share", [0.02, 0.5])
def test_only_images_that_are_there_and_asked_are_ranked(share: float) -> None:
    generator = np.random.default_rng(6)
    alive, within = generator.random(N) < 0.9, generator.random(N) < share
    images, offsets = shuffled(alive)
    space = images.space(QUERIES, WEIGHTS)
    actual = rank(space, DUAL, offsets=offsets, confidence=SURE, within=within)
    left = sorted(images.ids[alive & within].tolist())
    part = {tower: own.select(left) for tower, own in GALLERY.items()}
    expected = rank(
        fuse(QUERIES, part, WEIGHTS), DUAL, offsets=OFFSETS.select(left), confidence=SURE
    )
    assert actual.image_ids.shape == (20, min(100, len(left)))
    assert_same_bits(actual, expected)
    np.testing.assert_array_equal(images.ids[actual.rows], actual.image_ids)


def test_a_retriever_asks_a_part_and_explains_it() -> None:
    images, offsets = shuffled()
    retriever = Retriever(
        gallery=images.gallery,
        prepared=images,
        weights=WEIGHTS,
        revisions=(DUAL,),
        offsets=(offsets,),
    )
    within = np.arange(N) % 3 == 0
    ranking = retriever.rank(QUERIES, within=within, top_k=7)
    assert np.isin(ranking.image_ids, images.ids[within]).all()
    summands = retriever.explain(QUERIES, ranking)
    np.testing.assert_array_equal(sum(summands.values()), ranking.scores.astype(np.float64))
    plain = replace(retriever, prepared=None)
    assert_same_bits(retriever.rank(QUERIES), plain.rank(QUERIES))


def test_halves_are_the_nearest_and_say_how_far_off_they_are() -> None:
    vectors = random_embeddings("x", 500, 48, 0).vectors
    halves = halves_of(vectors)
    assert torch.equal(halves.vectors, torch.from_numpy(vectors).bfloat16())
    off = np.linalg.norm(vectors.astype(np.float64) - halves.vectors.double().numpy(), axis=1)
    assert off.max() <= halves.error <= off.max() * 1.001
    bits = halves.vectors.view(torch.uint16).numpy()
    assert torch.equal(Halves.mapped(bits, halves.error).vectors, halves.vectors)


def test_parts_of_other_sizes_are_refused() -> None:
    with pytest.raises(NewsImagesError, match="300 clip vectors, .* 7 alive: expected the same"):
        Prepared(gallery=GALLERY, alive=np.ones(7, np.bool_))
    with pytest.raises(NewsImagesError, match=r"within is bool of shape \(7,\).* 300 images"):
        rank(Prepared.of(GALLERY).space(QUERIES, WEIGHTS), PLAIN, within=np.ones(7, np.bool_))


def test_rows_are_found_by_id_in_any_order_and_only_of_images_that_are_there() -> None:
    images = random_embeddings("i", 5, 4, 0)
    order = np.array([3, 0, 4, 1, 2])
    ids = np.array([*images.ids[order], "i00003"])
    vectors = np.concatenate([images.vectors[order], images.vectors[:1]])
    places = np.argsort(np.argsort(ids, kind="stable"))
    alive = np.array([False, True, True, False, True, True])
    grown = Prepared(gallery={"clip": Embeddings.known(ids, vectors)}, places=places, alive=alive)
    assert grown.rows_of(["i00004", "i00003", "i00000"]).tolist() == [2, 5, 1]
    assert Prepared.of({"clip": images}).rows_of(["i00002"]).tolist() == [2]
    with pytest.raises(NewsImagesError, match="no image i00001, i00009"):
        grown.rows_of(["i00001", "i00000", "i00009"])
