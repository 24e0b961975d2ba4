"""Galleries that grow: what is added once, what is refused, and what a kill leaves."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from newsimages.errors import NewsImagesError
from newsimages.gallery.columns import Rows, matrix
from newsimages.gallery.storage import Storage
from newsimages.gallery.table import Gallery
from tests.gallery.rows import MODEL, OLD, TOWERS, numbered, rows

ROOT = Path(__file__).parents[2]


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    return Gallery.create(str(tmp_path / "gallery"), TOWERS)


def test_what_is_there_is_not_added_again(gallery: Gallery) -> None:
    first = gallery.add(rows(["a", "b"]), TOWERS)
    again = gallery.add(rows(["a", "b"]), TOWERS)
    more = gallery.add(rows(["b", "c"]), TOWERS)
    assert (first.added, again.added, again.unchanged) == (2, 0, 2)
    assert again.version == first.version < more.version
    assert (more.added, more.unchanged, len(gallery)) == (1, 1, 3)
    assert gallery.verify().empty


def test_another_picture_takes_a_place_only_where_that_is_said(gallery: Gallery) -> None:
    gallery.add(rows(["a", "b"]), TOWERS)
    with pytest.raises(NewsImagesError, match=r"another picture: a\. Nothing was added.*replace"):
        gallery.add(rows(["a", "c"], picture="new"), TOWERS)
    assert len(gallery) == 2
    change = gallery.add(rows(["a", "c"], picture="new"), TOWERS, replace=True)
    assert (change.replaced, change.added, len(gallery)) == (1, 1, 3)


def test_what_is_not_said_stays_as_it_is(gallery: Gallery) -> None:
    gallery.add(rows(["a"], said={"caption": ["a flood"], "rights": ["free"]}), TOWERS)
    assert gallery.add(rows(["a"]), TOWERS).unchanged == 1
    other = rows(["a"], said={"caption": ["a fire"]})
    with pytest.raises(NewsImagesError, match=r"something else is said.*a \(caption\)"):
        gallery.add(other, TOWERS)
    assert gallery.add(other, TOWERS, replace=True).replaced == 1
    [batch] = gallery.rows(["caption", "rights"])
    assert batch.to_pylist()[0]["caption"] == "a fire"
    assert batch.to_pylist()[0]["rights"] == "free"


def test_images_without_a_caption_have_no_vector_of_one(gallery: Gallery) -> None:
    given = rows(["a", "b", "c"], said={"caption": ["a flood", None, "a fire"]})
    gallery.add(given, TOWERS)
    gallery.add(rows(["a"], said={"caption": ["a storm"]}), TOWERS, replace=True)
    table = pa.Table.from_batches(gallery.rows(["image_id", "captions"])).sort_by("image_id")
    assert table["captions"].is_valid().to_pylist() == [True, False, True]
    expected = rows(["a", "b", "c"], said={"caption": ["a storm", None, "a fire"]})
    assert np.array_equal(matrix(table["captions"], 16), expected.vectors["captions"])
    assert gallery.verify().empty


def test_a_gallery_of_old_stays_without_vectors_of_captions(tmp_path: Path) -> None:
    old = Gallery.create(str(tmp_path / "old"), OLD)
    again = Gallery.create(old.uri, TOWERS)
    assert again.add(rows(["a"], said={"caption": ["a flood"]}), TOWERS).added == 1
    assert {*again.kind.towers} == {"clip"}
    assert again.verify().empty


def test_vectors_of_pictures_that_are_there(gallery: Gallery) -> None:
    gallery.add(rows(["a", "b", "c"]), TOWERS)
    other = rows(["c", "new"], picture="new").about
    asked = pa.concat_tables([rows(["b", "a"], said={"caption": ["x", "y"]}).about, other])
    known = gallery.same_pictures(asked)
    assert {*known} == {"clip"}
    assert sorted(known["clip"].ids.tolist()) == ["a", "b"]
    ours = known["clip"].select(["a", "b"]).vectors
    assert np.array_equal(ours, rows(["a", "b"]).vectors["clip"])
    assert gallery.same_pictures(other) == {}


def test_removed_is_gone_and_the_version_before_has_it_still(gallery: Gallery) -> None:
    before = gallery.add(rows(["a", "b", "it's"]), TOWERS).version
    change = gallery.remove(["a", "it's", "unknown"])
    assert (change.removed, change.unchanged, len(gallery)) == (2, 1, 1)
    assert gallery.remove(["a"]).version == change.version
    assert len(Gallery.open(gallery.uri, before)) == 3
    assert gallery.versions()["version"].tolist() == [1, before, change.version]


@pytest.mark.parametrize(
    ("field", "value"),
    [("backbone", "ViT"), ("pretrained", "x"), ("precision", "bf16"), ("key", "z" * 16)],
)
def test_vectors_of_another_model_are_refused(gallery: Gallery, field: str, value: str) -> None:
    other = {**TOWERS, "clip": replace(MODEL, **{field: value})}
    with pytest.raises(
        NewsImagesError, match=r"by .*, those of the gallery .* by tiny tag in fp32"
    ):
        gallery.add(rows(["a"]), other)
    with pytest.raises(NewsImagesError, match="cannot be compared"):
        Gallery.create(gallery.uri, other)
    with pytest.raises(NewsImagesError, match="no vectors of the towers multilingual"):
        gallery.add(rows(["a"]), {**TOWERS, "multilingual": MODEL})


def test_rows_that_cannot_be(gallery: Gallery) -> None:
    good = rows(["a", "b"])
    with pytest.raises(NewsImagesError, match="given more than once: a"):
        rows(["a", "a"])
    with pytest.raises(NewsImagesError, match="0 letters or of more than 200"):
        rows(["", "a"])
    for vectors in (good.vectors["clip"] * 2, np.full((2, 16), np.nan, np.float32)):
        with pytest.raises(NewsImagesError, match="not of length 1.*a, b"):
            Rows(about=good.about, vectors={"clip": vectors})
    with pytest.raises(NewsImagesError, match=r"tower captions that are not of length 1.*: a\."):
        Rows(about=good.about, vectors={"captions": np.diag(np.float32([2, 0]))})


def test_places_that_hold_no_gallery(tmp_path: Path) -> None:
    with pytest.raises(NewsImagesError, match="holds no gallery"):
        Gallery.open(str(tmp_path / "nothing"))
    assert not (tmp_path / "nothing").exists()
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(NewsImagesError, match=r"something else than a gallery: note\.txt"):
        Gallery.create(str(tmp_path), TOWERS)
    with pytest.raises(NewsImagesError, match="is a file"):
        Gallery.create(str(tmp_path / "note.txt"), TOWERS)


def test_an_unknown_field_is_refused(gallery: Gallery) -> None:
    storage = Storage.open(gallery.uri)
    storage._table.add_columns(pa.field("colour", pa.string()))
    with pytest.raises(NewsImagesError, match=r"colour \(unknown\)"):
        Gallery.open(gallery.uri)


def test_a_version_that_is_not_there(gallery: Gallery) -> None:
    with pytest.raises(NewsImagesError, match="no version 99 .*its newest is 1"):
        Gallery.open(gallery.uri, 99)


@pytest.mark.parametrize("kept", [0.0, 0.5])
def test_a_file_that_was_cut_short_is_told(gallery: Gallery, kept: float) -> None:
    gallery.add(rows(numbered(0, 20)), TOWERS)
    [file] = Path(gallery.uri).glob("images.lance/data/*")
    file.write_bytes(file.read_bytes()[: int(kept * file.stat().st_size)])
    problems = Gallery.open(gallery.uri).verify()
    assert "cut short or altered" in problems["problem"].iloc[0]


def test_a_file_that_was_altered_is_told(gallery: Gallery) -> None:
    gallery.add(rows(numbered(0, 20)), TOWERS)
    vector = rows(["i0007"]).vectors["clip"].tobytes()
    [file] = Path(gallery.uri).glob("images.lance/data/*")
    content = file.read_bytes()
    assert content.count(vector) == 1
    file.write_bytes(content.replace(vector, vector[:-4] + b"\0\0\0\0"))
    problems = Gallery.open(gallery.uri).verify()
    assert "altered after it was written" in problems.set_index("image_id").loc["i0007"].to_string()


def test_files_that_are_others_by_now(gallery: Gallery, tmp_path: Path) -> None:
    gallery.add(rows(["a"]), TOWERS)
    (tmp_path / "a.jpg").write_bytes(b"a")
    assert gallery.verify(tmp_path).empty
    (tmp_path / "a.jpg").write_bytes(b"b")
    assert "another content" in gallery.verify(tmp_path)["problem"].iloc[0]


_WRITER = """
import sys
from newsimages.gallery.table import Gallery
from tests.gallery.rows import TOWERS, numbered, rows
gallery = Gallery.open(sys.argv[1])
print("begins", flush=True)
for start in range(0, 160, 20):
    gallery.add(rows(numbered(start, start + 20)), TOWERS)
    print(start, flush=True)
"""


def _writer(uri: str) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    return subprocess.Popen(
        [sys.executable, "-c", _WRITER, uri],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_writers_and_a_kill_lose_nothing_and_add_nothing_twice(gallery: Gallery) -> None:
    writers = [_writer(gallery.uri) for _ in range(2)]
    killed, other = writers
    assert killed.stdout
    for line in killed.stdout:
        if line.strip() == "60":
            os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert other.communicate(timeout=120)[0]
    assert other.returncode == 0
    after = Gallery.open(gallery.uri)
    assert len(after) == 160
    assert after.verify().empty
    assert after.add(rows(numbered(0, 160)), TOWERS).unchanged == 160


def test_without_lancedb_the_error_says_what_to_install(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lancedb", None)
    with pytest.raises(NewsImagesError, match=r"pip install -r registry/requirements-gallery\.txt"):
        Gallery.open(gallery.uri)
