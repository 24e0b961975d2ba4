"""What two figures have to rest on alike, and what tells it apart."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlproject.terms import TERMS, corpus_terms, images_term, model_in_words, unequal_terms
from newsimages.embeddings import Embeddings
from newsimages.preprocessing.served import Preprocessing
from newsimages.protocols.embedded import EmbeddedSet, TowerVectors

EQUAL = dict.fromkeys(TERMS, "x")


@pytest.mark.parametrize("key", list(TERMS))
def test_each_term_is_compared_on_its_own(key: str) -> None:
    """Also where one of the two, registered before there was its tag, does not have it."""
    assert unequal_terms(EQUAL, EQUAL) == []
    other = EQUAL | {key: "y"}
    assert unequal_terms(other, EQUAL) == [f"another {TERMS[key]} (y; the champion's: x)"]
    without = {name: value for name, value in EQUAL.items() if name != key}
    for tags, champions in ((EQUAL, without), (without, EQUAL), (without, without)):
        [said] = unequal_terms(tags, champions)
        assert said.startswith(f"another {TERMS[key]} (")
        assert "not on record" in said


@pytest.mark.parametrize(
    ("backbone", "pretrained", "words"),
    [
        ("demo", "demo", "demo"),
        ("ViT-H-14", "laion2b_s32b_b79k", "ViT-H-14 laion2b_s32b_b79k"),
        ("local-dir:/home/anna/vit", "local-dir:/home/anna/vit", "vit"),
        ("ViT-B-32", "/home/anna/own.pt", "ViT-B-32 own.pt"),
        ("hf-hub:org/vit", "hf-hub:org/vit", "hf-hub:org/vit"),
    ],
)
def test_a_model_in_words(backbone: str, pretrained: str, words: str) -> None:
    assert model_in_words(backbone, pretrained) == words


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Two image files, as far as their contents matter."""
    files = {key: tmp_path / f"{key}.png" for key in ("i0", "i1")}
    for key, path in files.items():
        path.write_bytes(key.encode())
    return files


def part_of(files: dict[str, Path], name: str = "RSS", title: str = "A flood") -> EmbeddedSet:
    """Two articles with their images."""
    rows = [(f"a{i}", title, "It rains.", title, "It rains.", f"i{i}") for i in range(2)]
    columns = ["article_id", "title", "text", "title_en", "text_en", "image_id"]
    images = Embeddings(np.array(["i0", "i1"]), np.eye(2, dtype=np.float32))
    return EmbeddedSet(
        name=name,
        split="train",
        articles=pd.DataFrame(rows, columns=columns),
        towers={"clip": TowerVectors(queries={}, images=images)},
        miniatures=images,
        files=files,
    )


def changed(
    files: dict[str, Path],
    part: EmbeddedSet,
    *,
    gallery: dict[str, Path] | None = None,
    languages: tuple[str, ...] = ("en",),
    mean: bool = False,
) -> set[str]:
    """The terms in which a corpus differs from the plain one of these files."""
    before = corpus_terms(Preprocessing(), "cut", [part_of(files)], images_term(files))
    own = Preprocessing(languages=languages)
    after = corpus_terms(own, "mean" if mean else "cut", [part], images_term(gallery or files))
    return {key for key, value in after.items() if before[key] != value}


def test_equal_ids_do_not_make_an_equal_validation_part(files: dict[str, Path]) -> None:
    plain = part_of(files)
    assert changed(files, plain) == set()
    part = {"with/validation_part"}
    assert changed(files, part_of(files, title="A storm")) == part
    assert changed(files, part_of(files, name="TW")) == part
    translated = plain.articles.assign(text_en="It was translated otherwise.")
    assert changed(files, replace(plain, articles=translated)) == part
    swapped = {"i0": files["i1"], "i1": files["i0"]}
    assert changed(files, part_of(swapped)) == part
    reordered = replace(plain, articles=plain.articles[::-1].reset_index(drop=True))
    assert changed(files, reordered) == set()


def test_a_gallery_is_its_ids_and_what_its_files_hold(files: dict[str, Path]) -> None:
    plain, term = part_of(files), {"with/gallery"}
    assert changed(files, plain, gallery={"i0": files["i0"]}) == term
    assert changed(files, plain, gallery={"i0": files["i1"], "i1": files["i0"]}) == term
    assert changed(files, plain, gallery={"j0": files["i0"], "i1": files["i1"]}) == term
    copies = {key: path.with_suffix(".copy") for key, path in reversed(files.items())}
    for key, path in copies.items():
        path.write_bytes(files[key].read_bytes())
    assert changed(files, plain, gallery=copies) == set()


def test_languages_and_long_texts_are_terms(files: dict[str, Path]) -> None:
    plain, term = part_of(files), {"with/preprocessing"}
    assert changed(files, plain, languages=("en", "de")) == term
    assert changed(files, plain, mean=True) == term
