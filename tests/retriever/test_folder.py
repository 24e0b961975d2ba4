"""Saved and loaded, a retriever answers the same; damage is found when it is loaded."""

import hashlib
import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.encoding.long_text import LongText
from newsimages.errors import NewsImagesError
from newsimages.preprocessing.served import Preprocessing
from newsimages.preprocessing.translation import Translator
from newsimages.ranking.captions import captions_tower, neutral_vector, with_zero
from newsimages.ranking.confidence import Confidence
from newsimages.ranking.revisions import DualSoftmax, Neighbours, Sinkhorn
from newsimages.ranking.spaces import View, Weights
from newsimages.retriever.articles import ArticleEncoder
from newsimages.retriever.folder import load_retriever, save_retriever
from newsimages.retriever.requests import Answers
from newsimages.retriever.retriever import IndexRecord, Provenance, Retriever
from newsimages.txv.network import NetworkConfig, TxVNetwork
from newsimages.txv.towers import Networks, txv_gallery, txv_queries
from tests.fakes import assert_same_bits, queries_of, random_embeddings

TITLES = ["Storm over the coast", "Trains are late again", "Markets fall as rates rise"]
REVISIONS = (Neighbours(), DualSoftmax(scale=20), Sinkhorn(scale=20.0, rounds=5))
TITLE, TEXT = View("clip", "title"), View("clip", "text")
CLIP: Weights = {TITLE: 1.0}
TXV: Weights = {View("txv", "title"): 1.0}
ALL: Weights = {
    TITLE: 1 / 3,
    TEXT: 0.1,
    View("txv", "title"): 0.3,
    View("txv_text", "text"): 0.8 - 1 / 3 - 0.3,
}
CAPTIONED: Weights = {TITLE: 0.5, View("captions", "title"): 0.2, View("captions", "text"): 0.3}
CAPTIONS_ALONE: Weights = {View("captions", "title"): 1.0}
WEIGHTS = {
    "clip": CLIP,
    "txv": TXV,
    "texts": {TEXT: 1.0},
    "all": ALL,
    "captioned": CAPTIONED,
    "captions": CAPTIONS_ALONE,
}
GALLERY, MANIFEST = "gallery/txv.npy", "retriever.json"
TOWER = "text_towers/clip"
SURE = Confidence(temperature=20, nothing=-2.5)
PROVENANCE = Provenance(
    variant="mix_bank",
    corpus="demo",
    backbone="demo",
    pretrained="demo",
    precision="bf16",
    gallery="tests",
    gallery_size=50,
    bank_sets=("RSS", "TW"),
    bank_size=20,
    bank_sha256="b" * 64,
    gallery_sha256="c" * 64,
    validation_articles=9,
)


def networks_of(dimension: int, *, shared: bool = True) -> Networks:
    shape = NetworkConfig(text_dimensions=(dimension,), image_dimensions=(dimension,), width=32)
    titles = TxVNetwork(shape)
    return {"txv": titles, "txv_text": titles if shared else TxVNetwork(shape, seed=5)}


def made(
    encoder: OpenClipEncoder,
    weights: Weights,
    *,
    shared: bool = True,
    long_text: LongText = "cut",
) -> Retriever:
    """On 50 images, with a bank of 20 articles."""
    dimension = encoder.text_tower.dimension
    towers = {view.tower for view in weights}
    networks = {
        tower: network
        for tower, network in networks_of(dimension, shared=shared).items()
        if tower in towers
    }
    images = random_embeddings("i", 50, dimension, 1)
    captions = random_embeddings("i", 20, dimension, 4)
    captioned = captions_tower(captions, images.ids, neutral_vector(captions.vectors))
    gallery = {"clip": images, "captions": captioned, **txv_gallery(images, networks)}
    titles = random_embeddings("b", 20, dimension, 2)
    texts = random_embeddings("b", 20, dimension, 3)
    bank = queries_of(
        {
            TITLE: titles,
            TEXT: texts,
            View("captions", "title"): with_zero(titles),
            View("captions", "text"): with_zero(texts),
        }
    )
    return Retriever(
        gallery={tower: gallery[tower] for tower in gallery if tower in towers},
        weights=weights,
        revisions=REVISIONS,
        networks=networks,
        confidences={"none": SURE, "dual_softmax": SURE},
        encode=ArticleEncoder(
            towers={"clip": encoder.text_tower},
            networks=networks,
            weights=weights,
            long_text=long_text,
        ),
        provenance=PROVENANCE,
        neutral=captioned.vectors[-1] if "captions" in towers else None,
    ).with_bank(txv_queries(bank, networks))


@pytest.fixture(scope="module")
def encoder() -> OpenClipEncoder:
    return OpenClipEncoder(
        OpenClipConfig(backbone="demo", pretrained="demo", precision="bf16", device="cpu")
    )


@pytest.fixture(scope="module")
def saved(encoder: OpenClipEncoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved") / "retriever"
    save_retriever(folder, made(encoder, TXV), {"clip": encoder}, sample=TITLES)
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    return shutil.copytree(saved, tmp_path / "copy")


@pytest.mark.parametrize("name", WEIGHTS)
@pytest.mark.parametrize("long_text", ["cut", "mean"])
def test_what_was_saved_answers_as_before(
    encoder: OpenClipEncoder, tmp_path: Path, name: str, long_text: LongText
) -> None:
    own = made(encoder, WEIGHTS[name], long_text=long_text)
    save_retriever(tmp_path / "r", own, {"clip": encoder}, sample=TITLES, long_text=long_text)
    assert_answers_as(load_retriever(tmp_path / "r"), own)


def test_two_networks_are_told_apart_and_one_is_shared(
    encoder: OpenClipEncoder, tmp_path: Path
) -> None:
    for shared in (True, False):
        own = made(encoder, ALL, shared=shared)
        save_retriever(tmp_path / f"{shared}", own, {"clip": encoder}, sample=TITLES)
        loaded = load_retriever(tmp_path / f"{shared}")
        assert (loaded.gallery["txv"] is loaded.gallery["txv_text"]) == shared
        assert_answers_as(loaded, own)


def assert_answers_as(loaded: Retriever, own: Retriever) -> None:
    assert loaded.weights == own.weights
    assert list(loaded.weights) == list(own.weights)
    assert loaded.revisions == own.revisions
    assert loaded.provenance == own.provenance == PROVENANCE
    np.testing.assert_array_equal(loaded.neutral, own.neutral)  # or None both
    titles = {str(row): title for row, title in enumerate(TITLES)}
    texts = {"0": "Waves hit the pier. Nobody was hurt.", "1": " "}
    for revision in ("neighbours", "dual_softmax", "sinkhorn", "none", None):
        for against in ("bank", "batch"):
            settings: dict[str, Any] = {"revision": revision, "against": against, "top_k": 50}
            for given in (texts, None):
                expected = own.retrieve(titles, given, **settings)
                assert_same_bits(loaded.retrieve(titles, given, **settings), expected)


def indexed(encoder: OpenClipEncoder, weights: Weights = ALL) -> Retriever:
    """With an index that was tuned on eight articles."""
    pytest.importorskip("faiss", reason="an index needs faiss-cpu")
    own = made(encoder, weights)
    titles = {str(row): f"{TITLES[row % 3]}, {row} hours later" for row in range(8)}
    own = own.with_index(own.queries(titles, titles))
    return replace(own, provenance=replace(PROVENANCE, index=own.index_record))


def test_an_index_is_saved_with_it_and_loaded(encoder: OpenClipEncoder, tmp_path: Path) -> None:
    own = indexed(encoder)
    assert own.index_record == IndexRecord(images=50, cells=1, probed=1, recall_at_100=1.0)
    save_retriever(tmp_path / "r", own, {"clip": encoder}, sample=TITLES)
    loaded = load_retriever(tmp_path / "r")
    assert loaded.provenance == own.provenance
    titles = {str(row): title for row, title in enumerate(TITLES)}
    exact = replace(own, index=None)
    for options in ({}, {"revision": "none"}, {"against": "batch"}):
        answer = loaded.retrieve(titles, top_k=9, **options)
        assert answer.approximate == (not options)
        expected = exact.retrieve(titles, top_k=9, **options)
        if not options:  # what an index answers has none
            expected = replace(expected, confidences=None, none_fits=None)
        assert_same_bits(answer, expected)
    asked = pd.DataFrame({"title": TITLES})
    assert Answers(loaded)(asked)["approximate"].tolist() == [True] * 3
    assert Answers(loaded)(asked, {"revision": "none"})["approximate"].tolist() == [False] * 3
    assert "approximate" not in Answers(made(encoder, ALL))(asked)


def test_an_index_that_was_altered_or_taken_out_is_named(
    encoder: OpenClipEncoder, tmp_path: Path
) -> None:
    folder = tmp_path / "r"
    save_retriever(folder, indexed(encoder, CLIP), {"clip": encoder}, sample=TITLES)
    whole = (folder / "index/index.faiss").read_bytes()
    (folder / "index/index.faiss").write_bytes(whole[:-1] + b"?")
    with pytest.raises(NewsImagesError, match=r"index/index.faiss \(altered\)"):
        load_retriever(folder)
    (folder / "index/index.faiss").unlink()
    with pytest.raises(NewsImagesError, match=r"index/index.faiss \(absent\)"):
        load_retriever(folder)
    files = {name: own for name, own in manifest(folder)["files"].items() if ".faiss" not in name}
    rewritten(folder, files=files)
    with pytest.raises(NewsImagesError, match=r"index/index.faiss \(not in retriever.json\)"):
        load_retriever(folder)


def test_the_galleries_order_in_memory_does_not_matter(
    encoder: OpenClipEncoder, tmp_path: Path
) -> None:
    own = made(encoder, CLIP)
    ids = own.gallery["clip"].ids[::-1].tolist()
    turned = replace(own, gallery={"clip": own.gallery["clip"].select(ids)})
    save_retriever(tmp_path / "r", turned, {"clip": encoder}, sample=TITLES)
    assert_answers_as(load_retriever(tmp_path / "r"), own)


def test_nothing_in_it_is_pickled_or_code(saved: Path) -> None:
    endings = {path.suffix for path in saved.rglob("*") if path.is_file()}
    assert endings == {".json", ".npy", ".parquet", ".safetensors"}


@pytest.mark.parametrize(
    "name", [GALLERY, "images.parquet", "txv/txv.safetensors", f"{TOWER}/text_tower.safetensors"]
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


def manifest(folder: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    return read


def rewritten(folder: Path, **changes: object) -> None:
    (folder / MANIFEST).write_text(json.dumps({**manifest(folder), **changes}))


@pytest.mark.parametrize("found", [1, 2, 3, 4, 6, "5", True, None])
def test_another_format_is_told(folder: Path, found: object) -> None:
    rewritten(folder, format=found)
    with pytest.raises(NewsImagesError, match=f"of format {found!r}, but this code reads format 5"):
        load_retriever(folder)


def test_a_newer_format_may_look_otherwise(folder: Path) -> None:
    (folder / MANIFEST).write_text('{"format": 7, "parts": []}')
    with pytest.raises(NewsImagesError, match="of format 7, but this code reads format 5"):
        load_retriever(folder)


def test_a_manifest_cannot_lead_outside_the_folder(folder: Path) -> None:
    outside = folder.parent / "secret"
    outside.write_text("x")
    with_outside = {**manifest(folder)["files"], "../secret": {"bytes": 1, "sha256": "0"}}
    rewritten(folder, files=with_outside)
    with pytest.raises(NewsImagesError, match="secret \\(outside the folder\\)"):
        load_retriever(folder)


@pytest.mark.parametrize(
    "name", ["a\0b", "a\ud800b", "a" * 5000, "/etc/passwd", f"{TOWER}/../../../secret"]
)
def test_strange_names_in_a_manifest_are_told(folder: Path, name: str) -> None:
    rewritten(folder, files={**manifest(folder)["files"], name: {"bytes": 1, "sha256": "0"}})
    with pytest.raises(NewsImagesError, match=r"is damaged: .*(absent|outside the folder)") as told:
        load_retriever(folder)
    str(told.value).encode()  # can be printed


@pytest.mark.parametrize(
    "name", [f"{TOWER}/added_tokens.json", f"{TOWER}/code.py", "gallery/more.npy", "notes.txt"]
)
def test_a_file_that_nobody_vouches_for_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_text('{"storm": 5}')
    with pytest.raises(NewsImagesError, match=f"{name} \\(not in retriever.json\\)"):
        load_retriever(folder)


@pytest.mark.parametrize("name", [GALLERY, "images.parquet", f"{TOWER}/text_tower.safetensors"])
def test_a_manifest_must_list_what_is_read(folder: Path, name: str) -> None:
    files = manifest(folder)["files"]
    rewritten(folder, files={each: files[each] for each in files if each != name})
    with pytest.raises(NewsImagesError, match=f"{name} \\(not in retriever.json\\)"):
        load_retriever(folder)


def test_a_link_out_of_the_folder_is_refused(folder: Path) -> None:
    (folder / GALLERY).rename(folder.parent / "elsewhere.npy")
    (folder / GALLERY).symlink_to(folder.parent / "elsewhere.npy")
    with pytest.raises(NewsImagesError, match=f"{GALLERY} \\(outside the folder\\)"):
        load_retriever(folder)


ABOUT = asdict(PROVENANCE)
NEAR = {"name": "neighbours", "k": 10, "alpha": 0.5}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"weights": []}, "Weights are none"),
        ({"weights": [["txv", "title", 0]]}, "Weights are 0"),
        ({"weights": [["txv", "title", float("nan")]]}, "Weights are nan"),
        ({"weights": [["txv", "title", float("inf")]]}, "Weights are inf"),
        ({"weights": [["txv", "title", -1]]}, "Weights are -1"),
        ({"weights": [["txv", "title", 2], ["clip", "title", -1]]}, "Weights are 2.0, -1"),
        ({"weights": [["txv", "title", "much"]]}, "'much' is no number"),
        ({"weights": [["txv", "title", None]]}, "TypeError"),
        ({"weights": [["txv", "title"]]}, "not enough values"),
        ({"weights": [["siglip", "title", 1]]}, "no such view: siglip on title"),
        ({"weights": [["../../x", "title", 1]]}, "no such view"),
        ({"weights": [["txv", "body", 1]]}, "no such view: txv on body"),
        ({"weights": [[["txv"], "title", 1]]}, "no such view"),
        ({"weights": None}, "TypeError"),
        ({"revisions": []}, "there is no revision"),
        ({"revisions": [{"name": "softmax"}]}, "KeyError: 'softmax'"),
        ({"revisions": [{"name": ["neighbours"]}]}, "unhashable"),
        ({"revisions": [{"k": 10}]}, "missing"),
        ({"revisions": ["neighbours"]}, "TypeError"),
        ({"revisions": [{**NEAR, "scale": 1.0}]}, "unexpected keyword argument 'scale'"),
        ({"revisions": [{**NEAR, "k": "10"}]}, "TypeError"),
        ({"revisions": [{**NEAR, "k": 2.5}]}, "k of neighbours is 2.5, expected int"),
        ({"revisions": [{**NEAR, "k": True}]}, "k of neighbours is True, expected int"),
        ({"revisions": [{**NEAR, "k": 0}]}, "k is 0, expected 1"),
        ({"revisions": [{**NEAR, "alpha": None}]}, "TypeError"),
        ({"revisions": [{**NEAR, "alpha": True}]}, "alpha of neighbours is True, expected float"),
        ({"revisions": [{"name": "sinkhorn", "rounds": 5.0}]}, "rounds of sinkhorn is 5.0"),
        ({"revisions": [{"name": "dual_softmax", "scale": float("nan")}]}, "scale is nan"),
        ({"long_text": "twice"}, "long_text is unknown"),
        ({"long_text": ["cut"]}, "long_text is unknown"),
        ({"confidences": {"none": {"temperature": -1, "nothing": 0}}}, "temperature is -1"),
        ({"confidences": {"none": {"temperature": 1, "nothing": float("nan")}}}, "nothing is nan"),
        ({"confidences": {"none": {"temperature": 1}}}, "missing 1 required"),
        ({"confidences": [1]}, "AttributeError"),
        ({"confidences": {"none": {"temperature": True, "nothing": 0}}}, "True is no number"),
        ({"confidences": {"none": {"temperature": 1e300, "nothing": 0}}}, "expected 0 to 1e.09"),
        ({"confidences": {"none": {"temperature": 10**400, "nothing": 0}}}, "OverflowError"),
        ({"languages": 3}, "languages are no list"),
        ({"languages": {"en": 1}}, "languages are no list"),
        ({"weights": [["txv", "title", 1], ["txv", "title", 1]]}, "named twice"),
        ({"weights": [["txv", "title", True]]}, "True is no number"),
        ({"revisions": [NEAR, {**NEAR, "k": 5}]}, "named twice"),
        ({"provenance": {**ABOUT, "author": "me"}}, "unexpected keyword argument 'author'"),
        ({"provenance": {"variant": "clip"}}, "KeyError: 'bank_sets'"),
        ({"provenance": {"bank_sets": ["RSS"]}}, "missing 11 required"),
        ({"provenance": {**ABOUT, "bank_sets": 3}}, "TypeError"),
        ({"provenance": [1]}, "TypeError"),
        ({"provenance": {**ABOUT, "index": {"cells": 3}}}, "missing 3 required"),
        ({"provenance": {**ABOUT, "index": True}}, "TypeError"),
        ({"files": {GALLERY: 3}}, "TypeError"),
        ({"files": {GALLERY: {"bytes": 3}}}, "KeyError: 'sha256'"),
        ({"files": [GALLERY]}, "AttributeError"),
    ],
)
def test_settings_that_cannot_be_are_told(
    folder: Path, changes: dict[str, object], reason: str
) -> None:
    rewritten(folder, **changes)
    with pytest.raises(NewsImagesError, match=f"cannot be read as a retriever's: .*{reason}"):
        load_retriever(folder)


@pytest.mark.parametrize(
    "name",
    ["weights", "revisions", "confidences", "long_text", "languages", "provenance", "files"],
)
def test_a_manifest_without_a_part_is_told(folder: Path, name: str) -> None:
    rest = {key: value for key, value in manifest(folder).items() if key != name}
    (folder / MANIFEST).write_text(json.dumps(rest))
    with pytest.raises(NewsImagesError, match=f"cannot be read .*KeyError: '{name}'"):
        load_retriever(folder)


def test_what_the_manifest_weighs_must_be_there(folder: Path) -> None:
    rewritten(folder, weights=[["txv", "title", 0.5], ["clip", "title", 0.5]])
    with pytest.raises(NewsImagesError, match=r"gallery/clip.npy \(not in retriever.json\)"):
        load_retriever(folder)


def test_offsets_of_a_revision_must_be_there(folder: Path) -> None:
    rewritten(folder, revisions=[NEAR, {"name": "inverted_softmax", "scale": 1.0}])
    with pytest.raises(NewsImagesError, match="gallery of .* cannot be used: 'inverted_softmax'"):
        load_retriever(folder)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"format": 5, "files": 3}', "{", "[" * 100_000, "\ud800"]
)
def test_a_manifest_that_is_none_is_told(folder: Path, content: str) -> None:
    (folder / MANIFEST).write_text(content, errors="surrogatepass")
    with pytest.raises(NewsImagesError, match="cannot be read as a retriever's"):
        load_retriever(folder)


def with_vectors(folder: Path, vectors: NDArray[np.float32]) -> None:
    """Puts another gallery in the place of the folder's, with a checksum that holds."""
    np.save(folder / GALLERY, vectors)
    content = (folder / GALLERY).read_bytes()
    about = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    rewritten(folder, files={**manifest(folder)["files"], GALLERY: about})


def test_vectors_and_ids_must_be_as_many(folder: Path) -> None:
    with_vectors(folder, np.load(folder / GALLERY)[:-1])
    with pytest.raises(NewsImagesError, match="50 ids for vectors of shape \\(49, 32\\)"):
        load_retriever(folder)


def test_tower_network_and_gallery_must_fit(folder: Path) -> None:
    with_vectors(folder, random_embeddings("i", 50, 7, 1).vectors)
    with pytest.raises(
        NewsImagesError, match="dimension 192, T×V maps vectors of 192 to 32, the gallery's have 7"
    ):
        load_retriever(folder)


def test_txvs_gallery_needs_its_network(folder: Path) -> None:
    files = manifest(folder)["files"]
    (folder / "txv/txv.safetensors").unlink()
    rewritten(
        folder,
        files={each: files[each] for each in files if "safetensors" not in each}
        | {f"{TOWER}/text_tower.safetensors": files[f"{TOWER}/text_tower.safetensors"]},
    )
    with pytest.raises(NewsImagesError, match="dimension 192, the gallery's have 32"):
        load_retriever(folder)


def test_what_does_not_fit_is_not_saved(encoder: OpenClipEncoder, tmp_path: Path) -> None:
    bank = queries_of({TITLE: random_embeddings("b", 5, 7, 2)})
    other = Retriever(
        gallery={"clip": random_embeddings("i", 5, 7, 1)}, weights=CLIP, revisions=REVISIONS
    ).with_bank(bank)
    with pytest.raises(NewsImagesError, match="dimension 192, the gallery's have 7"):
        save_retriever(tmp_path / "r", other, {"clip": encoder}, sample=TITLES)


def test_a_folder_in_use_is_not_saved_to(encoder: OpenClipEncoder, folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(NewsImagesError, match="is not empty"):
        save_retriever(folder, made(encoder, CLIP), {"clip": encoder}, sample=TITLES)
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_place_that_is_no_folder_is_told(encoder: OpenClipEncoder, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(NewsImagesError, match="Cannot write .*file"):
        save_retriever(tmp_path / "file", made(encoder, CLIP), {"clip": encoder}, sample=TITLES)


@pytest.mark.parametrize(
    "text", ["\ud83d storm \udfff", "\ud800", "\0\x01\x1b[0m", "storm " * 170_000, "漢" * 10**6]
)
def test_any_text_is_answered(saved: Path, text: str) -> None:
    answer = load_retriever(saved).retrieve({"a": text}, {"a": text}, top_k=3)
    assert len(set(answer.image_ids[0])) == 3


def test_without_a_bank_it_cannot_be_saved(encoder: OpenClipEncoder, tmp_path: Path) -> None:
    bare = replace(made(encoder, CLIP), offsets=())
    with pytest.raises(NewsImagesError, match="without a query bank"):
        save_retriever(tmp_path / "r", bare, {"clip": encoder}, sample=TITLES)


def test_a_tower_without_its_text_tower_is_not_saved(
    encoder: OpenClipEncoder, tmp_path: Path
) -> None:
    own = made(encoder, {TITLE: 1.0})
    other = replace(own, weights={TITLE: 0.5, View("multilingual", "title"): 0.5})
    with pytest.raises(NewsImagesError, match="that asks multilingual cannot be served without"):
        save_retriever(tmp_path / "r", other, {"clip": encoder}, sample=TITLES)


@pytest.mark.parametrize("languages", [["xx"], [], ["de", "de"]])
def test_languages_that_cannot_be_are_told_when_it_is_loaded(
    folder: Path, languages: list[str]
) -> None:
    rewritten(folder, languages=languages)
    with pytest.raises(NewsImagesError, match="Cannot detect the languages"):
        load_retriever(folder)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY\x01\x00"])
def test_a_gallery_that_is_no_array_is_told(folder: Path, content: bytes) -> None:
    (folder / GALLERY).write_bytes(content)
    about = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    rewritten(folder, files={**manifest(folder)["files"], GALLERY: about})
    with pytest.raises(NewsImagesError, match="gallery of .* cannot be used"):
        load_retriever(folder)


def with_translator(encoder: OpenClipEncoder, folder: Path) -> Path:
    """A folder with the demo's translator."""
    preprocessing = Preprocessing(
        languages=("en", "de"), translator=Translator("demo", device="cpu")
    )
    save_retriever(
        folder, made(encoder, TXV), {"clip": encoder}, sample=TITLES, preprocessing=preprocessing
    )
    return folder


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("config.json", {"max_position_embeddings": 1}),
        ("config.json", {"max_position_embeddings": 0}),
        ("generation_config.json", {"num_beams": -1}),
        ("generation_config.json", {"decoder_start_token_id": 9_999_999}),
        ("tokenizer_config.json", {"tokenizer_class": "BertTokenizer"}),
        ("tokenizer_config.json", {"model_max_length": "x"}),
        ("tokenizer_config.json", None),
    ],
)
def test_a_translator_that_does_not_translate_is_told_when_it_is_loaded(
    encoder: OpenClipEncoder, tmp_path: Path, name: str, changes: dict[str, object] | None
) -> None:
    folder = with_translator(encoder, tmp_path / "r")
    loaded = load_retriever(folder).retrieve({"a": "Ein Sturm erreicht die Küste"}, top_k=3)
    assert loaded.image_ids.shape == (1, 3)
    path = folder / "translator" / name
    content = None if changes is None else {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps(content))
    about = {
        "bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()
    }  # fmt: skip
    rewritten(folder, files={**manifest(folder)["files"], f"translator/{name}": about})
    with pytest.raises(NewsImagesError):
        load_retriever(folder)


@pytest.mark.parametrize("damage", ["cut", "altered", "absent", "more"])
def test_a_translators_folder_that_is_damaged_is_told(
    encoder: OpenClipEncoder, tmp_path: Path, damage: str
) -> None:
    folder = with_translator(encoder, tmp_path / "r")
    path = folder / "translator" / "model.safetensors"
    content = path.read_bytes()
    if damage == "cut":
        path.write_bytes(content[:-9])
    elif damage == "altered":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "absent":
        path.unlink()
    else:
        (path.parent / "modeling.py").write_text("print('ran')")
    with pytest.raises(NewsImagesError, match="is damaged: translator/mod"):
        load_retriever(folder)
