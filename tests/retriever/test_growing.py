"""A retriever on a gallery that grows: as one on the same images, whatever way they came."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from newsimages.embeddings import Embeddings
from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.errors import NewsImagesError
from newsimages.ranking.captions import captions_tower, neutral_vector, with_zero
from newsimages.ranking.revisions import DualSoftmax, Neighbours, Sinkhorn
from newsimages.ranking.spaces import Queries, View
from newsimages.retriever.articles import ArticleEncoder
from newsimages.retriever.folder import CHECKSUMS, load_retriever, save_retriever
from newsimages.retriever.growing import known_by, on_snapshot, on_version
from newsimages.retriever.requests import Answers
from newsimages.retriever.retriever import Retriever
from newsimages.txv.network import NetworkConfig, TxVNetwork
from newsimages.txv.towers import txv_gallery, txv_queries
from tests.fakes import FakeEncoder, assert_same_bits, queries_of, random_embeddings

pytest.importorskip("lancedb", reason="galleries need lancedb (registry/requirements-gallery.txt)")

from newsimages.gallery.columns import Rows
from newsimages.gallery.snapshot import open_snapshot
from newsimages.gallery.table import Gallery
from tests.gallery import rows as made
from tests.gallery.rows import DIMENSION, MODEL, OLD, TOWERS, numbered, rows

TITLES, TXV, CAPTIONS = (View(tower, "title") for tower in ("clip", "txv", "captions"))
NETWORKS = {
    "txv": TxVNetwork(
        NetworkConfig(text_dimensions=(DIMENSION,), image_dimensions=(DIMENSION,), width=24)
    )
}
WEIGHTS = {TITLES: 0.5, TXV: 0.25, CAPTIONS: 0.25}
NEUTRAL = neutral_vector(random_embeddings("n", 9, DIMENSION, 7).vectors)
REVISIONS = (DualSoftmax(scale=20.0), Neighbours(k=3))


def as_queries(titles: Embeddings) -> Queries:
    views = {TITLES: titles, CAPTIONS: with_zero(titles)}
    return txv_queries(queries_of(views), NETWORKS)


BANK = as_queries(random_embeddings("b", 40, DIMENSION, 5))
ASKED = as_queries(random_embeddings("q", 20, DIMENSION, 6))


def captioned(ids: list[str], picture: str = "", word: str = "a flood") -> Rows:
    """Images of which two in three have a caption."""
    captions = [f"{word} {each}" if sum(each.encode()) % 3 else None for each in ids]
    return rows(ids, picture=picture, said={"caption": captions})


def bare(**changes: object) -> Retriever:
    settings = {
        "gallery": {},
        "weights": WEIGHTS,
        "revisions": REVISIONS,
        "networks": NETWORKS,
        "neutral": NEUTRAL,
    }
    return Retriever(**{**settings, **changes})


def grown(gallery: Gallery, cache: Path) -> Retriever:
    return on_snapshot(bare(), open_snapshot(gallery.uri, cache=cache), BANK)


def in_memory(ids: list[str], picture: str = "") -> Retriever:
    """A retriever that holds these images."""
    own = captioned(ids, picture=picture)
    clip = Embeddings(np.array(ids), own.vectors["clip"])
    has_one = own.vectors["captions"].any(axis=1)
    some = Embeddings(clip.ids[has_one], own.vectors["captions"][has_one]) if any(has_one) else None
    images = {"clip": clip, "captions": captions_tower(some, clip.ids, NEUTRAL)}
    images |= txv_gallery(clip, NETWORKS)
    return bare(gallery=images).with_bank(BANK)


def test_a_gallery_grown_in_ten_steps_answers_as_one_made_at_once(tmp_path: Path) -> None:
    ids = [str(each) for each in np.random.default_rng(0).permutation(numbered(0, 130))]
    steps = Gallery.create(str(tmp_path / "steps"), TOWERS)
    for number, start in enumerate(range(0, 130, 13)):
        steps.add(captioned([*ids[start : start + 13], f"gone{number}"]), TOWERS)
        last = grown(steps, tmp_path / "cache")
        if number:
            steps.remove([f"gone{number - 1}"])
    steps.remove(["gone9"])
    steps.add(captioned(ids[:2], picture="other"), TOWERS, replace=True)
    steps.add(captioned(ids[:9], word="a fire"), TOWERS, replace=True)
    steps.add(captioned(ids[:9]), TOWERS, replace=True)
    last = grown(steps, tmp_path / "cache")
    once = Gallery.create(str(tmp_path / "once"), TOWERS)
    once.add(captioned(ids), TOWERS)
    expected, held = grown(once, tmp_path / "cache"), in_memory(ids)
    for revision in ("dual_softmax", "neighbours", "none"):
        ours = last.rank(ASKED, top_k=130, revision=revision)
        for theirs in (expected, held):
            as_theirs = theirs.rank(ASKED, top_k=130, revision=revision)
            for name in ("image_ids", "scores", "similarities"):
                np.testing.assert_array_equal(getattr(ours, name), getattr(as_theirs, name))
        parts = last.explain(ASKED, ours, revision=revision)
        total = np.sum(list(parts.values()), axis=0)
        np.testing.assert_array_equal(total, ours.scores.astype(np.float64))


def test_what_an_image_had_does_not_change_when_others_come(tmp_path: Path) -> None:
    gallery = Gallery.create(str(tmp_path / "gallery"), TOWERS)
    gallery.add(captioned(numbered(0, 20)), TOWERS)
    before = grown(gallery, tmp_path / "cache").offsets
    gallery.add(captioned(["new"]), TOWERS)
    for ours, theirs in zip(grown(gallery, tmp_path / "cache").offsets, before, strict=True):
        assert np.array_equal(ours.values[:20], theirs.values)
        held = in_memory(numbered(0, 20)).offsets[REVISIONS.index(ours.revision)]
        assert np.array_equal(ours.values[:20], held.values)


def test_a_revision_that_depends_on_all_images_is_not_offered(tmp_path: Path) -> None:
    gallery = Gallery.create(str(tmp_path / "gallery"), TOWERS)
    gallery.add(rows(["a", "b"]), TOWERS)
    snapshot = open_snapshot(gallery.uri, cache=tmp_path / "cache")
    some = on_snapshot(bare(revisions=(Sinkhorn(), Neighbours())), snapshot, BANK)
    assert some.revisions == (Neighbours(),)
    with pytest.raises(NewsImagesError, match="offsets of sinkhorn depend on all images"):
        on_snapshot(bare(revisions=(Sinkhorn(),)), snapshot, BANK)
    with pytest.raises(NewsImagesError, match="no vectors of the tower multilingual, only of clip"):
        on_snapshot(bare(weights={View("multilingual", "title"): 1.0}), snapshot, BANK)
    with pytest.raises(NewsImagesError, match="no vector for images without a caption"):
        on_snapshot(bare(neutral=None), snapshot, BANK)
    old = Gallery.create(str(tmp_path / "old"), OLD)
    old.add(rows(["a", "b"]), OLD)
    there = open_snapshot(old.uri, cache=tmp_path / "cache")
    with pytest.raises(NewsImagesError, match="no vectors of the tower captions, only of clip"):
        on_snapshot(bare(), there, BANK)


def test_an_index_serves_later_versions_and_other_machines(tmp_path: Path) -> None:
    pytest.importorskip("faiss", reason="an index needs faiss-cpu")
    gallery = Gallery.create(str(tmp_path / "gallery"), TOWERS)
    gallery.add(rows(numbered(0, 500)), TOWERS)
    gallery.remove(numbered(0, 50))  # rows of the pool that the index does not hold
    open_snapshot(gallery.uri, 2, cache=tmp_path / "cache")
    measured = grown(gallery, tmp_path / "cache").with_index(ASKED)
    index, snapshot = measured.index, measured.snapshot
    assert index is not None
    assert snapshot is not None
    assert (index.n_images, measured.index_record is None) == (450, False)
    checksums = known_by(index, snapshot)
    gallery.remove(numbered(60, 90))
    gallery.add(rows(numbered(0, 20)), TOWERS)
    gallery.add(rows(numbered(100, 110), picture="other"), TOWERS, replace=True)
    whole = replace(index, n_probed=index.n_cells)  # nothing is missed: answers are the exact ones
    for cache in ("cache", "elsewhere"):
        exact = grown(gallery, tmp_path / cache)
        assert exact.snapshot is not None
        own = on_version(whole, checksums, exact.snapshot)
        assert own is not None
        assert own.others is not None
        assert len(own.others) == 30
        answer = replace(exact, index=own).rank(ASKED, top_k=30)
        assert answer.approximate
        expected = exact.rank(ASKED, top_k=30)
        for name in ("image_ids", "scores", "similarities"):
            np.testing.assert_array_equal(getattr(answer, name), getattr(expected, name))


def test_a_saved_index_goes_with_the_version_that_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("faiss", reason="an index needs faiss-cpu")
    monkeypatch.setenv("NEWSIMAGES_CACHE", str(tmp_path / "cache"))
    encoder = OpenClipEncoder(
        OpenClipConfig(backbone="demo", pretrained="demo", precision="fp32", device="cpu")
    )
    dimension = encoder.text_tower.dimension
    monkeypatch.setattr(made, "DIMENSION", dimension)
    towers = {"clip": replace(MODEL, dimension=dimension)}
    gallery = Gallery.create(str(tmp_path / "gallery"), towers)
    gallery.add(rows(numbered(0, 60)), towers)
    bank = queries_of({TITLES: random_embeddings("b", 40, dimension, 5)})
    encode = ArticleEncoder(towers={"clip": encoder.text_tower}, networks={}, weights={TITLES: 1.0})
    own = bare(weights={TITLES: 1.0}, networks={}, encode=encode)
    own = on_snapshot(own, open_snapshot(gallery.uri), bank)
    own = own.with_index(queries_of({TITLES: random_embeddings("v", 20, dimension, 6)}))
    folder = tmp_path / "retriever"
    save_retriever(folder, own, {"clip": encoder}, sample=["A storm"], bank=bank)
    gallery.remove(["i0007"])
    gallery.add(rows(["new"]), towers)
    shutil.rmtree(tmp_path / "cache")  # as on another machine
    titles = {"a": "A storm reached the coast", "b": "Trains are late"}
    for version, has_new in (("", False), ("latest", True)):
        loaded = load_retriever(folder, version=version)
        answer = loaded.retrieve(titles)
        assert answer.approximate
        assert ("new" in answer.image_ids) == has_new
        assert ("i0007" in answer.image_ids) != has_new
        expected = replace(loaded, index=None).retrieve(titles)
        assert not expected.approximate
        assert_same_bits(answer, expected)  # 60 images: nothing is missed
    (folder / CHECKSUMS).write_bytes((folder / CHECKSUMS).read_bytes()[:-1] + b"?")
    with pytest.raises(NewsImagesError, match=r"index/checksums.npy \(altered\)"):
        load_retriever(folder)


def test_a_version_that_is_far_from_the_index_is_searched_exactly(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("faiss", reason="an index needs faiss-cpu")
    gallery = Gallery.create(str(tmp_path / "gallery"), TOWERS)
    gallery.add(rows(numbered(0, 90)), TOWERS)
    measured = grown(gallery, tmp_path / "cache").with_index(ASKED)
    index, snapshot = measured.index, measured.snapshot
    assert index is not None
    assert snapshot is not None
    checksums = known_by(index, snapshot)
    gallery.add(rows(numbered(90, 101)), TOWERS)
    later = open_snapshot(gallery.uri, cache=tmp_path / "cache")
    assert on_version(index, checksums, later) is None
    assert "Of the 101 images of the gallery's version 3, 11 came after the index" in caplog.text
    gallery.remove(numbered(45, 101))
    half = open_snapshot(gallery.uri, cache=tmp_path / "cache")
    assert on_version(index, checksums, half) is not None
    gallery.remove(["i0000"])
    fewer = open_snapshot(gallery.uri, cache=tmp_path / "cache")
    assert on_version(index, checksums, fewer) is None
    assert "of whose 90 images 44 are left" in caplog.text


def encoded(titles: dict[str, str], texts: dict[str, str]) -> Queries:
    vectors = FakeEncoder(dimension=DIMENSION).encode_texts(list(titles.values()))
    return as_queries(Embeddings(np.array(list(titles)), vectors))


def test_requests_with_filters(tmp_path: Path) -> None:
    gallery = Gallery.create(str(tmp_path / "gallery"), TOWERS)
    ids = numbered(0, 400)
    said = {"caption": ["a flood" if number % 20 == 7 else None for number in range(400)]}
    gallery.add(rows(ids, said=said), TOWERS)
    gallery.remove(["i0007"])
    retriever = bare(encode=encoded)
    snapshot = open_snapshot(gallery.uri, cache=tmp_path / "cache")
    answers = Answers(on_snapshot(retriever, snapshot, BANK))
    asked = pd.DataFrame({"title": ["one", "two"]})
    flood = answers(asked, {"filter": '{"caption": "FLOOD"}', "top_k": 10, "explain": True})
    whole = answers(asked, {"top_k": 399})
    assert flood["gallery_version"].tolist() == [snapshot.version] * 2
    for listed, all_listed in zip(flood["image_ids"], whole["image_ids"], strict=True):
        left = [each for each in all_listed if int(each[1:]) % 20 == 7]
        assert listed == left[:10]
        assert "i0007" not in all_listed
    with pytest.raises(NewsImagesError, match="leaves none of the gallery's 399 images"):
        answers(asked, {"filter": '{"rights": "free"}'})
    with pytest.raises(NewsImagesError, match="unknown fields colour"):
        answers(asked, {"filter": '{"colour": "red"}'})
    own = in_memory(["a", "b"])
    without = Answers(bare(gallery=own.gallery, offsets=own.offsets, encode=encoded))
    with pytest.raises(NewsImagesError, match="to filter by: leave filter out"):
        without(asked, {"filter": '{"caption": "flood"}'})
