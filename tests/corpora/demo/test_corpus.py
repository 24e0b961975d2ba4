"""Files of the demo corpus: whole, repeatable, resumed."""

import csv
import json
from pathlib import Path

import pytest
from PIL import Image

from newsimages.corpora.demo.corpus import build_demo
from newsimages.corpora.demo.plan import Sizes
from newsimages.errors import NewsImagesError

SMALL = Sizes(train=12, test=6, pairs=10)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return build_demo(tmp_path / "demo", sizes=SMALL, workers=1)


def _content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_every_row_has_its_picture(folder: Path) -> None:
    for table in folder.glob("*/*.csv"):
        with table.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                with Image.open(table.parent / "images" / row["image"]) as image:
                    image.load()
                    assert image.size == (256, 256)


def test_the_description_recommends_the_demo_models(folder: Path) -> None:
    found = json.loads((folder / "corpus.json").read_text())
    wanted = dict.fromkeys(("name", "backbone", "pretrained", "translator"), "demo")
    assert wanted.items() <= found.items()
    assert found["seed"] == 2022


def test_the_same_seed_gives_the_same_bytes_with_any_number_of_workers(
    folder: Path, tmp_path: Path
) -> None:
    other = build_demo(tmp_path / "other", sizes=Sizes(train=12, test=6, pairs=10), workers=2)
    assert _content(other) == _content(folder)


def test_without_shared_memory_it_is_drawn_by_one_process(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(38, "Function not implemented")  # as without /dev/shm

    monkeypatch.setattr("multiprocessing.synchronize._multiprocessing.SemLock", refused)
    assert _content(build_demo(tmp_path / "other", sizes=SMALL, workers=2)) == _content(folder)


@pytest.mark.parametrize("damage", ["absent", "cut", "empty"])
def test_only_what_is_missing_is_drawn_again(folder: Path, damage: str) -> None:
    before = _content(folder)
    times = {path: path.stat().st_mtime_ns for path in folder.rglob("*.jpg")}
    hurt = sorted(times)[3]
    whole = hurt.read_bytes()
    hurt.unlink()
    if damage != "absent":
        hurt.write_bytes(whole[: len(whole) // 2] if damage == "cut" else b"")
    build_demo(folder, sizes=SMALL, workers=1)
    assert _content(folder) == before
    changed = [path for path, then in times.items() if path.stat().st_mtime_ns != then]
    assert changed == [hurt]


@pytest.mark.parametrize("damage", ["absent", "altered"])
def test_a_damaged_table_is_written_again(folder: Path, damage: str) -> None:
    before = _content(folder)
    table = folder / "RSS" / "train.csv"
    if damage == "absent":
        table.unlink()
    else:
        table.write_bytes(table.read_bytes().replace(b"a", b"b", 1))
    build_demo(folder, sizes=SMALL, workers=1)
    assert _content(folder) == before


def test_a_complete_corpus_is_left_alone(folder: Path) -> None:
    times = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    build_demo(folder, sizes=SMALL)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == times


def test_another_corpus_is_not_overwritten(folder: Path) -> None:
    with pytest.raises(NewsImagesError, match=r"describes another corpus: got .*2022"):
        build_demo(folder, seed=7, sizes=SMALL)
