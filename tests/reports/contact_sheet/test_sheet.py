"""A sheet as a file: what it says of itself, its size, and what it refuses."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from newsimages.errors import NewsImagesError
from newsimages.reports.contact_sheet.sheet import SheetConfig, contact_sheet
from tests.reports.contact_sheet.sheets import ARTICLES, image_files, ranking, rankings


def values_of(path: Path) -> dict[str, Any]:
    (text,) = re.findall(r'id="values">(.*?)</script>', path.read_text("utf-8"))
    values: dict[str, Any] = json.loads(text)
    return values


def test_whole_data_set(tmp_path: Path) -> None:
    path = tmp_path / "new" / "sheet.html"
    paths = image_files(tmp_path)
    sheet = contact_sheet(
        path, name="RSS", articles=ARTICLES, rankings=rankings(), image_paths=paths
    )
    assert (sheet.n_articles, sheet.n_shown, sheet.thumbnail_px) == (6, 6, 192)
    assert sheet.n_bytes == path.stat().st_size
    assert dict(sheet.unreadable) == {"i05": "no such file", "i06": "not an image"}
    assert "2 of 11 pictures cannot be shown." in path.read_text("utf-8")
    assert "sample" not in re.sub(r"<script.*", "", path.read_text("utf-8"), flags=re.S)
    again = tmp_path / "again.html"
    contact_sheet(again, name="RSS", articles=ARTICLES, rankings=rankings(), image_paths=paths)
    assert again.read_bytes() == path.read_bytes()


def test_sample_is_seeded_stated_and_in_the_articles_order(tmp_path: Path) -> None:
    def sampled(seed: int, n: int = 3) -> list[str]:
        path = tmp_path / "sheet.html"
        config = SheetConfig(max_articles=n, seed=seed)
        sheet = contact_sheet(
            path,
            name="RSS",
            articles=ARTICLES,
            rankings=rankings(),
            image_paths={},
            config=config,
        )
        assert (sheet.n_articles, sheet.n_shown) == (6, n)
        said = f"A random sample of {n} of 6 articles (seed {seed})"
        assert said in path.read_text("utf-8")
        values = values_of(path)
        assert values["variants"][0]["found"] == 3 / 5  # of all articles, not of those shown
        return [row[0] for row in values["articles"]]

    assert sampled(0) == sampled(0) == sorted(sampled(0))
    assert len({tuple(sampled(seed)) for seed in range(5)}) > 1
    assert set(sampled(0, 2)) < set(sampled(0, 4))


def noise(folder: Path, n_images: int) -> dict[str, Path | None]:
    """Pictures that hardly compress: about 10 kB each as a thumbnail of 192 pixels."""
    generator = np.random.default_rng(0)
    paths: dict[str, Path | None] = {}
    for number in range(n_images):
        pixels = generator.integers(0, 256, (48, 48, 3), np.uint8)
        paths[f"i{number:03d}"] = folder / f"{number}.png"
        Image.fromarray(pixels).resize((192, 192)).save(folder / f"{number}.png", compress_level=1)
    return paths


@pytest.mark.parametrize(("n_images", "is_cut"), [(14, False), (40, True)])
def test_budget_takes_smaller_pictures_then_fewer_articles(
    tmp_path: Path, n_images: int, is_cut: bool
) -> None:
    paths = noise(tmp_path, n_images)
    ids = list(paths)
    articles = pd.DataFrame(
        {
            "article_id": ids,
            "title": "x",
            "title_en": pd.NA,
            "language": "en",
            "image_id": ids,
        }
    )
    lists = pd.DataFrame(
        {"article_id": ids, "rank": 1, "image_id": ids, "score": 0.5, "similarity": 0.5}
    )
    sheet = contact_sheet(
        tmp_path / "sheet.html",
        name="RSS",
        articles=articles,
        rankings={"clip": lists},
        image_paths=paths,
        config=SheetConfig(max_mb=0.15),
    )
    assert 90_000 < sheet.n_bytes <= 150_000
    assert sheet.thumbnail_px < 192
    assert (sheet.n_shown < n_images) == is_cut
    text = (tmp_path / "sheet.html").read_text("utf-8")
    assert f"reduced to {sheet.thumbnail_px} pixels to fit into 0.15 MB" in text
    assert ("More would not fit into 0.15 MB." in text) == is_cut


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"articles": ARTICLES.drop(columns="language")}, "articles lack the columns language"),
        ({"articles": ARTICLES.iloc[:0]}, "0 articles, 3 variants"),
        ({"rankings": {}}, "6 articles, 0 variants"),
        ({"leading": ["clip", "mine"]}, "leading=mine: expected some of clip, clip_ds, txv"),
        ({"articles": pd.concat([ARTICLES, ARTICLES[:1]])}, "more than once: a0"),
        (
            {"rankings": {"x": pd.DataFrame({"rank": [1]})}},
            "lists of x lack the columns article_id",
        ),
        (
            {"rankings": {"x": pd.concat([ranking([1, 1, 1, 1, 1, None])] * 2)}},
            "list an image twice: a0",
        ),
    ],
)
def test_refused(tmp_path: Path, changed: dict[str, Any], match: str) -> None:
    inputs = {"articles": ARTICLES, "rankings": rankings(), "image_paths": {}} | changed
    with pytest.raises(NewsImagesError, match=match):
        contact_sheet(tmp_path / "sheet.html", name="RSS", **inputs)
    assert not list(tmp_path.iterdir())


def test_config_that_could_hold_nothing() -> None:
    with pytest.raises(NewsImagesError, match="max_articles=0"):
        SheetConfig(max_articles=0)
    for wrong in (float("nan"), float("inf")):
        with pytest.raises(NewsImagesError, match=f"max_mb={wrong}"):
            SheetConfig(max_mb=wrong)
