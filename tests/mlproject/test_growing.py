"""The entry point ``gallery``, and a model that points to what it has made."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image

from mlproject import cli, register
from mlproject.pointing import pointed_to, why_not_on
from newsimages.encoding.encoders import EncodedImages, OpenClipEncoder
from newsimages.gallery.table import Gallery
from newsimages.runs.table import choose_runs
from tests.gallery.rows import OLD, TOWERS, rows
from tests.mlproject.test_captions import write_captions

pytest.importorskip("lancedb", reason="galleries need lancedb (registry/requirements-gallery.txt)")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSIMAGES_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Twelve of the corpus's pictures and one that is none."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    found = sorted((tmp_path / "squares" / "RSS" / "images").glob("*"))[:12]
    for number, path in enumerate(found):
        shutil.copy(path, folder / f"p{number:02d}{path.suffix}")
    (folder / "broken.jpg").write_bytes(b"none")
    return folder


def grow(arguments: list[str], *extra: str) -> int:
    return cli.run(["gallery", *arguments, "--gallery", "grown", *extra])


@pytest.mark.usefixtures("store")
def test_a_model_on_a_gallery_that_grows(
    arguments: list[str],
    training: list[str],
    pictures: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_captions(Path("squares"))
    monkeypatch.setattr(register, "SERVED", {"newsimages-fused": choose_runs("captions_bank")})
    names = sorted(path.name for path in pictures.glob("p*"))
    table = pd.DataFrame({"file": names, "caption": [f"Square {n[1:3]}" for n in names]})
    table.assign(rights="free", date="2026-01-05").to_csv("said.csv", index=False)
    said = ["--images", str(pictures), "--table", "said.csv"]
    assert grow(arguments, *said) == 0
    [run] = mlflow.search_runs(output_format="list")
    assert run.data.metrics["images_added"] == len(names)
    assert run.data.params["gallery_version"] == "2"
    assert grow(arguments, "--images", str(pictures)) == 0  # all below, of which one is broken
    assert "0 added, 0 replaced, 0 removed, 12 unchanged" in capsys.readouterr().out
    assert grow(arguments, "--action", "verify", "--images", str(pictures)) == 0

    assert cli.run(["register", *arguments, *training, "--gallery", "grown"]) == 0
    Image.new("RGB", (40, 40), "green").save(pictures / "p99.png")
    assert grow(arguments, "--images", str(pictures)) == 0
    assert grow(arguments, "--action", "remove", "--ids", names[0]) == 0

    asked = pd.DataFrame({"title": ["a red square", "a blue one"]})
    uri = "models:/newsimages-fused@challenger"  # so small a gallery is a trial
    answers = mlflow.pyfunc.load_model(uri).predict(asked)
    assert [sorted(each) for each in answers["image_ids"]] == [names] * 2
    assert answers["gallery_version"].tolist() == [2, 2]
    version = mlflow.MlflowClient().get_model_version_by_alias("newsimages-fused", "challenger")
    assert version.tags["variant"] == "captions_bank"
    assert list((pictures.parent / "cache").glob("*/*/captions-*.derived"))  # they have a weight
    newest = mlflow.pyfunc.load_model(uri, model_config={"gallery_version": "latest"})
    later = newest.predict(asked)
    assert [sorted(each) for each in later["image_ids"]] == [[*names[1:], "p99.png"]] * 2
    assert later["gallery_version"].tolist() == [4, 4]
    some = newest.predict(asked, params={"filter": '{"caption": "03"}'})
    assert some["image_ids"].tolist() == [[names[3]]] * 2
    with pytest.raises(mlflow.MlflowException, match="unknown fields colour"):
        newest.predict(asked, params={"filter": '{"colour": "red"}'})
    with pytest.raises(mlflow.MlflowException, match="leaves none of the gallery's 12 images"):
        newest.predict(asked, params={"filter": '{"caption": "nowhere"}'})


@pytest.mark.usefixtures("store")
def test_what_cannot_be_added(
    arguments: list[str], pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(*extra: str) -> str:
        assert grow(arguments, *extra) == 1
        return capsys.readouterr().err

    assert "set images to their folder" in told()
    assert "set table or ids" in told("--action", "remove")
    assert "is no folder" in told("--images", "nowhere")
    assert "holds no gallery" in told("--action", "verify")
    Path("twice.csv").write_text("file,caption\np01.png,a\np01.png,b\n")
    assert "more than once: p01.png" in told("--images", str(pictures), "--table", "twice.csv")
    Path("odd.csv").write_text("name,caption\na,b\n")
    assert "expected image_id or file" in told("--images", str(pictures), "--table", "odd.csv")
    assert not Path("grown").exists()
    assert grow(arguments, "--images", str(pictures)) == 0
    Image.new("RGB", (40, 40), "green").save(next(pictures.glob("p00*")))
    assert "another picture: p00" in told("--images", str(pictures))
    assert "is not whole" in told("--action", "verify", "--images", str(pictures))
    assert grow(arguments, "--images", str(pictures), "--replace", "true") == 0
    assert len(Gallery.open("grown")) == 12


@pytest.mark.usefixtures("store")
def test_captions_are_encoded_when_images_come_and_when_they_change(
    arguments: list[str], pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[str] = []
    of_texts, of_images = OpenClipEncoder.encode_texts, OpenClipEncoder.encode_images

    def texts(self: OpenClipEncoder, given: list[str]) -> np.ndarray:
        encoded.extend(given)
        return of_texts(self, given)

    def images(self: OpenClipEncoder, batches: list[list[Path]]) -> Iterator[EncodedImages]:
        encoded.extend(path.stem for batch in batches for path in batch)
        return of_images(self, batches)

    monkeypatch.setattr(OpenClipEncoder, "encode_texts", texts)
    monkeypatch.setattr(OpenClipEncoder, "encode_images", images)

    def made(said: str, *extra: str) -> list[str]:
        encoded.clear()
        Path("said.csv").write_text(f"file,caption\n{said}")
        assert grow(arguments, "--images", str(pictures), "--table", "said.csv", *extra) == 0
        return list(encoded)

    said = "p00,A red square\np01,\np02,2026 - 7\n"
    assert sorted(made(said)) == ["A red square", "p00", "p01", "p02"]
    assert made("p00,A red square\n") == []
    replaced = made("p00,A blue square\np01,A green one\np03,\n", "--replace", "true")
    assert sorted(replaced) == ["A blue square", "A green one", "p03"]
    assert made("p04,A circle\n", "--captions", "none") == ["p04"]
    table = pa.Table.from_batches(Gallery.open("grown").rows(["image_id", "caption", "captions"]))
    rows = {row["image_id"]: row for row in table.to_pylist()}
    assert {key: row["captions"] is not None for key, row in rows.items()} == {
        "p00": True, "p01": True, "p02": False, "p03": False, "p04": False
    }  # fmt: skip
    assert rows["p04"]["caption"] == "A circle"
    assert Gallery.open("grown").verify().empty


def test_a_gallery_without_vectors_of_captions_says_so(tmp_path: Path) -> None:
    [run] = (each.on(("clip", "txv", "captions")) for each in choose_runs("captions_bank"))
    why = {}
    for name, towers in (("old", OLD), ("new", TOWERS)):
        Gallery.create(str(tmp_path / name), towers).add(rows(["a"]), TOWERS)
        why[name] = why_not_on(pointed_to(str(tmp_path / name)), run)
    assert "no vectors of the tower captions (make it anew to have them)" in why["old"]
    assert why["new"] == ""
