"""What a rating sheet shows and what its key says; the file tells nobody which run is which."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from newsimages.errors import NewsImagesError
from newsimages.reports.rating_sheet.sheet import RatingSheet, RatingSheetConfig, rating_sheet
from tests.reports.rating_sheet.rated import ARTICLES, RUNS, N, image_files, ranking, rankings


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path | None]:
    return image_files(tmp_path_factory.mktemp("images"))


def written(
    path: Path,
    files: dict[str, Path | None],
    lists: dict[str, pd.DataFrame] | None = None,
    **config: float,
) -> RatingSheet:
    return rating_sheet(
        path / "sheet.html",
        name="RSS",
        articles=ARTICLES,
        rankings=lists or rankings(),
        image_paths=files,
        config=RatingSheetConfig(**config),  # type: ignore[arg-type]
    )


def values(path: Path) -> dict[str, object]:
    text = (path / "sheet.html").read_text()
    [found] = re.findall(r'id="values">(.*?)</script>', text)
    return dict(json.loads(found))


def test_pairs_are_those_of_different_pictures(
    tmp_path: Path, files: dict[str, Path | None]
) -> None:
    sheet = written(tmp_path, files)
    assert (sheet.n_pairs, sheet.n_same, len(sheet.key)) == (N - 1, 1, N)
    shown = sheet.key[sheet.key["pair"] > 0]
    assert shown["pair"].tolist() == list(range(1, N))
    for row in shown.itertuples():
        for run, image in ((row.left, row.left_image), (row.right, row.right_image)):
            assert image == f"{run}{str(row.article_id).removeprefix('id')}"
    assert sheet.key.set_index("article_id").loc["id7", "note"] == "same picture"
    assert sheet.n_bytes == (tmp_path / "sheet.html").stat().st_size


def test_sides_and_order_are_drawn_and_even(tmp_path: Path, files: dict[str, Path | None]) -> None:
    keys = [
        written(tmp_path, files, rankings(same=()), seed=seed).key for seed in (0, 0, *range(8))
    ]
    assert keys[0].equals(keys[1])
    for key in keys:
        assert (key["left"] == "green").sum() == N / 2
    assert len({tuple(key["article_id"]) for key in keys}) > 5
    assert len({tuple(key.sort_values("article_id")["left"]) for key in keys}) > 5


def test_the_file_tells_neither_runs_nor_ids(tmp_path: Path, files: dict[str, Path | None]) -> None:
    written(tmp_path, files)
    text = (tmp_path / "sheet.html").read_text()
    data = text[text.index('id="values"') : text.index("<script>(")]
    for secret in (*RUNS, "shared", "id1", "id7"):
        assert secret not in data
    assert set(values(tmp_path)) == {"pairs", "articles", "same", "id"}
    assert values(tmp_path)["articles"] == N


def test_the_id_is_of_what_is_shown(tmp_path: Path, files: dict[str, Path | None]) -> None:
    first, again = written(tmp_path, files).sheet, written(tmp_path, files).sheet
    assert first == again == values(tmp_path)["id"]
    others = [
        written(tmp_path, files, seed=1),
        written(tmp_path, files, pairs=3),
        written(tmp_path, files, {"x": ranking("green"), "red": ranking("red")}),
    ]
    assert len({first, *(other.sheet for other in others)}) == 4


def test_pictures_that_cannot_be_shown_are_left_out_and_noted(tmp_path: Path) -> None:
    files = image_files(tmp_path)
    (tmp_path / "red3.png").write_text("no picture")
    (tmp_path / "green4.png").unlink()
    lost: dict[str, Path | None] = {"red5": None}
    lists = rankings()
    lists["red"] = lists["red"][lists["red"]["article_id"] != "id6"]
    key = written(tmp_path, {**files, **lost}, lists).key.set_index("article_id")
    assert key.loc[["id3", "id4", "id5"], "note"].tolist() == ["a picture cannot be shown"] * 3
    assert key.loc["id6", "note"] == "no list of one of the runs"
    assert key.loc[key["pair"] > 0].index.sort_values().tolist() == ["id0", "id1", "id2"]


def test_a_sheet_stays_below_its_size(tmp_path: Path) -> None:
    files = image_files(tmp_path)
    for run in RUNS:
        for n in range(N):
            noise = Image.effect_noise((280, 200), 90).convert("RGB")
            noise.save(tmp_path / f"{run}{n}.png")
    sheet = written(tmp_path, files, max_mb=0.15)
    assert sheet.n_bytes <= 150_000
    assert 0 < sheet.n_pairs < N - 1
    assert "no room in the file, or not drawn" in sheet.key["note"].tolist()


def test_nothing_to_rate(tmp_path: Path, files: dict[str, Path | None]) -> None:
    with pytest.raises(NewsImagesError, match="nothing to rate, as of 8 articles not one has"):
        written(tmp_path, files, rankings(same=tuple(range(N))))
    with pytest.raises(NewsImagesError, match="compares two runs, got 1: green"):
        written(tmp_path, files, {"green": ranking("green")})
    with pytest.raises(NewsImagesError, match="pairs=0"):
        RatingSheetConfig(pairs=0)
    for wrong in (float("nan"), float("inf")):
        with pytest.raises(NewsImagesError, match=f"max_mb={wrong}"):
            RatingSheetConfig(max_mb=wrong)
    assert not (tmp_path / "sheet.html").exists()
