"""Articles for which one run chooses green pictures, the other red ones."""

from pathlib import Path

import pandas as pd
from PIL import Image

N = 8
RUNS = ("green", "red")
ARTICLES = pd.DataFrame(
    {
        "article_id": [f"id{n}" for n in range(N)],
        "title": [f"Überschrift {n}" if n % 2 else f"Headline {n}" for n in range(N)],
        "title_en": [f"Headline {n}" if n % 2 else None for n in range(N)],
        "language": ["de" if n % 2 else "en" for n in range(N)],
    }
)


def ranking(run: str, same: tuple[int, ...] = (7,)) -> pd.DataFrame:
    """Two images per article; some first ones are the same in both runs."""
    rows = []
    for n in range(N):
        first = f"shared{n}" if n in same else f"{run}{n}"
        rows += [(f"id{n}", 1, first), (f"id{n}", 2, "second")]
    return pd.DataFrame(rows, columns=["article_id", "rank", "image_id"])


def rankings(same: tuple[int, ...] = (7,)) -> dict[str, pd.DataFrame]:
    return {run: ranking(run, same) for run in RUNS}


def image_files(folder: Path) -> dict[str, Path | None]:
    paths: dict[str, Path | None] = {}
    for run, colour in zip((*RUNS, "shared"), ((20, 160, 40), (200, 30, 30), "blue"), strict=True):
        for n in range(N):
            path = folder / f"{run}{n}.png"
            Image.new("RGB", (120 + n, 90), colour).save(path)
            paths[f"{run}{n}"] = path
    return {**paths, "second": None}
