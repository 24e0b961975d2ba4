"""The entry point ``gallery``, and a model that points to what it has made."""

import shutil
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from PIL import Image

from mlproject import cli
from newsimages.gallery.table import Gallery

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
    arguments: list[str], training: list[str], pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
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
