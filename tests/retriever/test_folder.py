"""Saved and loaded, a retriever answers the same; damage is found when it is loaded."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.errors import NewsImagesError
from newsimages.ranking.bank import bank_offsets
from newsimages.ranking.revision import Revision
from newsimages.retriever.folder import load_retriever, save_retriever
from newsimages.retriever.retriever import Retriever, retriever_of
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


@pytest.mark.parametrize("found", [2, "1", True, None])
def test_another_format_is_told(folder: Path, found: object) -> None:
    rewritten(folder, format=found)
    with pytest.raises(NewsImagesError, match=f"of format {found!r}, but this code reads format 1"):
        load_retriever(folder)


def test_a_newer_format_may_look_otherwise(folder: Path) -> None:
    (folder / "retriever.json").write_text('{"format": 7, "parts": []}')
    with pytest.raises(NewsImagesError, match="of format 7, but this code reads format 1"):
        load_retriever(folder)


def test_a_manifest_cannot_lead_outside_the_folder(folder: Path) -> None:
    files = json.loads((folder / "retriever.json").read_text())["files"]
    outside = folder.parent / "secret"
    outside.write_text("x")
    rewritten(folder, files={**files, "../secret": {"bytes": 1, "sha256": "0"}})
    with pytest.raises(NewsImagesError, match="secret \\(outside the folder\\)"):
        load_retriever(folder)


@pytest.mark.parametrize(
    "name", ["a\0b", "a\ud800b", "a" * 5000, "/etc/passwd", "tower/../../secret"]
)
def test_strange_names_in_a_manifest_are_told(folder: Path, name: str) -> None:
    files = json.loads((folder / "retriever.json").read_text())["files"]
    rewritten(folder, files={**files, name: {"bytes": 1, "sha256": "0"}})
    with pytest.raises(NewsImagesError, match=r"is damaged: .*(absent|outside the folder)") as told:
        load_retriever(folder)
    str(told.value).encode()  # can be printed


@pytest.mark.parametrize("name", ["tower/added_tokens.json", "tower/code.py", "notes.txt"])
def test_a_file_that_nobody_vouches_for_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_text('{"storm": 5}')
    with pytest.raises(NewsImagesError, match=f"{name} \\(not in retriever.json\\)"):
        load_retriever(folder)


@pytest.mark.parametrize("name", ["gallery.npy", "tower/text_tower.safetensors"])
def test_a_manifest_must_list_what_is_read(folder: Path, name: str) -> None:
    files = json.loads((folder / "retriever.json").read_text())["files"]
    rewritten(folder, files={each: files[each] for each in files if each != name})
    with pytest.raises(NewsImagesError, match=f"{name} \\(not in retriever.json\\)"):
        load_retriever(folder)


def test_a_link_out_of_the_folder_is_refused(folder: Path) -> None:
    (folder / "gallery.npy").rename(folder.parent / "elsewhere.npy")
    (folder / "gallery.npy").symlink_to(folder.parent / "elsewhere.npy")
    with pytest.raises(NewsImagesError, match="gallery.npy \\(outside the folder\\)"):
        load_retriever(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"revisions": []},
        {"about": None},
        {"about": {"long_text": "twice"}},
        {"files": {"gallery.npy": 3}},
        {"files": {"gallery.npy": {"bytes": 3}}},
    ],
)
def test_settings_that_cannot_be_are_told(folder: Path, changes: dict[str, object]) -> None:
    rewritten(folder, **changes)
    with pytest.raises(NewsImagesError, match="settings or files are missing or of another type"):
        load_retriever(folder)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 1, "files": 3}', "{"])
def test_a_manifest_that_is_none_is_told(folder: Path, content: str) -> None:
    (folder / "retriever.json").write_text(content)
    with pytest.raises(NewsImagesError, match="cannot be read as a retriever's"):
        load_retriever(folder)


def with_vectors(folder: Path, vectors: NDArray[np.float32]) -> None:
    """Puts another gallery in the place of the folder's, with a checksum that holds."""
    np.save(folder / "gallery.npy", vectors)
    content = (folder / "gallery.npy").read_bytes()
    files = json.loads((folder / "retriever.json").read_text())["files"]
    about = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    rewritten(folder, files={**files, "gallery.npy": about})


def test_vectors_and_ids_must_be_as_many(folder: Path) -> None:
    with_vectors(folder, np.load(folder / "gallery.npy")[:-1])
    with pytest.raises(NewsImagesError, match="50 ids for vectors of shape \\(49, 32\\)"):
        load_retriever(folder)


def test_tower_network_and_gallery_must_fit(folder: Path) -> None:
    with_vectors(folder, random_embeddings("i", 50, 7, 1).vectors)
    with pytest.raises(
        NewsImagesError, match="dimension 192, T×V maps vectors of 192 to 32, the gallery's have 7"
    ):
        load_retriever(folder)


def test_what_does_not_fit_is_not_saved(encoder: OpenClipEncoder, tmp_path: Path) -> None:
    images, bank = random_embeddings("i", 5, 7, 1), random_embeddings("b", 5, 7, 2)
    offsets = (bank_offsets(bank, images, Revision()),)
    other = Retriever(gallery=images, offsets=offsets)
    with pytest.raises(NewsImagesError, match="dimension 192, the gallery's have 7"):
        save_retriever(tmp_path / "r", other, encoder, sample=TITLES)


def test_a_folder_in_use_is_not_saved_to(encoder: OpenClipEncoder, folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(NewsImagesError, match="is not empty"):
        save_retriever(folder, made(encoder, None), encoder, sample=TITLES)
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_place_that_is_no_folder_is_told(encoder: OpenClipEncoder, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(NewsImagesError, match="Cannot write .*file"):
        save_retriever(tmp_path / "file", made(encoder, None), encoder, sample=TITLES)


@pytest.mark.parametrize(
    "text", ["\ud83d storm \udfff", "\ud800", "\0\x01\x1b[0m", "storm " * 170_000, "漢" * 10**6]
)
def test_any_text_is_answered(saved: Path, text: str) -> None:
    answer = load_retriever(saved).retrieve({"a": text}, top_k=3)
    assert len(set(answer.image_ids[0])) == 3


def test_without_a_bank_it_cannot_be_saved(encoder: OpenClipEncoder, tmp_path: Path) -> None:
    bare = retriever_of(random_embeddings("i", 5, encoder.text_tower.dimension, 1), None)
    with pytest.raises(NewsImagesError, match="without a query bank"):
        save_retriever(tmp_path / "r", bare, encoder, sample=TITLES)
