"""Saved and loaded, a retriever answers the same; damage is found when it is loaded."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from newsimages.bank import bank_offsets
from newsimages.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.errors import NewsImagesError
from newsimages.retriever import Retriever, retriever_of
from newsimages.retriever_folder import load_retriever, save_retriever
from newsimages.revision import Revision
from newsimages.txv import NetworkConfig, TxVNetwork, embed_texts
from tests.fakes import random_embeddings

TITLES = ["Storm over the coast", "Trains are late again", "Markets fall as rates rise"]
REVISIONS = (Revision(method="neighbours"), Revision(scale=20))


def made(encoder: OpenClipEncoder, network: TxVNetwork | None) -> Retriever:
    dimension = encoder.text_tower.dimension
    images, bank = (
        random_embeddings("i", 50, dimension, 1),
        random_embeddings("b", 20, dimension, 2),
    )
    plain = retriever_of(images, network, revisions=REVISIONS)
    mapped = bank if network is None else embed_texts(network, [bank])
    return Retriever(
        gallery=plain.gallery,
        head=network,
        revisions=REVISIONS,
        offsets=tuple(bank_offsets(mapped, plain.gallery, each) for each in REVISIONS),
        about={"retriever": "clip", "text_field": "title"},
    )


@pytest.fixture(scope="module")
def encoder() -> OpenClipEncoder:
    return OpenClipEncoder(
        OpenClipConfig(backbone="demo", pretrained="demo", precision="bf16", device="cpu")
    )


@pytest.fixture(scope="module")
def saved(encoder: OpenClipEncoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved") / "retriever"
    dimension = encoder.text_tower.dimension
    shape = NetworkConfig(text_dimensions=(dimension,), image_dimensions=(dimension,), width=32)
    save_retriever(folder, made(encoder, TxVNetwork(shape)), encoder, sample=TITLES)
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    return shutil.copytree(saved, tmp_path / "copy")


@pytest.mark.parametrize("with_network", [False, True])
@pytest.mark.parametrize("long_text", ["cut", "mean"])
def test_what_was_saved_answers_as_before(
    encoder: OpenClipEncoder, tmp_path: Path, with_network: bool, long_text: str
) -> None:
    dimension = encoder.text_tower.dimension
    shape = NetworkConfig(text_dimensions=(dimension,), image_dimensions=(dimension,), width=32)
    own = made(encoder, TxVNetwork(shape) if with_network else None)
    about = save_retriever(tmp_path / "r", own, encoder, sample=TITLES, long_text=long_text)
    loaded = load_retriever(tmp_path / "r")
    assert loaded.about == about
    assert about["gallery_size"] == 50
    queries = random_embeddings("q", 5, dimension, 9)
    for revision in ("neighbours", "dual_softmax", "none"):
        for against in ("bank", "batch"):
            one = own.rank(queries, revision=revision, against=against)
            other = loaded.rank(queries, revision=revision, against=against)
            np.testing.assert_array_equal(one.image_ids, other.image_ids)
            np.testing.assert_array_equal(one.scores, other.scores)
    answer = loaded.retrieve({"a": TITLES[0], "b": "One. Two."}, top_k=3)
    assert answer.image_ids.shape == (2, 3)


def test_nothing_in_it_is_pickled_or_code(saved: Path) -> None:
    endings = {path.suffix for path in saved.rglob("*") if path.is_file()}
    assert endings == {".json", ".npy", ".parquet", ".safetensors"}


@pytest.mark.parametrize(
    "name", ["gallery.npy", "gallery.parquet", "txv.safetensors", "tower/text_tower.safetensors"]
)
def test_files_that_are_cut_altered_or_absent_are_named(folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()
    altered = bytearray(whole)
    altered[-3] ^= 1
    for content, reason in ((whole[:-5], "bytes, expected"), (bytes(altered), "altered")):
        (folder / name).write_bytes(content)
        with pytest.raises(NewsImagesError, match=f"{name} \\(.*{reason}"):
            load_retriever(folder)
    (folder / name).unlink()
    with pytest.raises(NewsImagesError, match=f"{name} \\(absent\\)"):
        load_retriever(folder)


def rewritten(folder: Path, **changes: object) -> None:
    path = folder / "retriever.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_another_format_is_told(folder: Path) -> None:
    rewritten(folder, format=2)
    with pytest.raises(NewsImagesError, match="of format 2, but this code reads format 1"):
        load_retriever(folder)


def test_a_manifest_cannot_lead_outside_the_folder(folder: Path) -> None:
    files = json.loads((folder / "retriever.json").read_text())["files"]
    outside = folder.parent / "secret"
    outside.write_text("x")
    rewritten(folder, files={**files, "../secret": {"bytes": 1, "sha256": "0"}})
    with pytest.raises(NewsImagesError, match="secret \\(outside the folder\\)"):
        load_retriever(folder)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 1, "files": 3}', "{"])
def test_a_manifest_that_is_none_is_told(folder: Path, content: str) -> None:
    (folder / "retriever.json").write_text(content)
    with pytest.raises(NewsImagesError, match="cannot be read as a retriever's"):
        load_retriever(folder)


def test_vectors_and_ids_must_be_as_many(folder: Path) -> None:
    vectors = np.load(folder / "gallery.npy")
    np.save(folder / "gallery.npy", vectors[:-1])
    files = json.loads((folder / "retriever.json").read_text())["files"]
    import hashlib  # noqa: PLC0415

    content = (folder / "gallery.npy").read_bytes()
    about = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    rewritten(folder, files={**files, "gallery.npy": about})
    with pytest.raises(NewsImagesError, match="50 ids for vectors of shape \\(49, 32\\)"):
        load_retriever(folder)


def test_without_a_bank_it_cannot_be_saved(encoder: OpenClipEncoder, tmp_path: Path) -> None:
    bare = retriever_of(random_embeddings("i", 5, encoder.text_tower.dimension, 1), None)
    with pytest.raises(NewsImagesError, match="without a query bank"):
        save_retriever(tmp_path / "r", bare, encoder, sample=TITLES)
