"""A small data set whose right images stand where the tests want them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

IMAGES = [f"i{n:02d}" for n in range(30)]
LISTED = 20  # images in a list
ARTICLES = pd.DataFrame(
    [
        ("a0", "Überschwemmung in Köln: Straßen gesperrt", "Flood in Cologne", "de", "i00"),
        ("a1", "Central bank raises rates", pd.NA, "en", "i01"),
        ("a2", "Brücke eingestürzt", "Bridge collapsed", "de", "i02"),
        ("a3", "Élection présidentielle", "Presidential election", "fr", "i03"),
        ("a4", "Bridge opened", "Bridge opened", "en", "i04"),
        ("a5", "Nobody knows this picture", pd.NA, pd.NA, pd.NA),
    ],
    columns=["article_id", "title", "title_en", "language", "image_id"],
)
RANKS: dict[str, list[int | None]] = {  # of the right image, by article; None: not listed
    "clip": [1, 12, 5, None, 7, None],
    "clip_ds": [1, 4, 11, 18, None, None],
    "txv": [3, 1, 20, 2, None, None],
}


def ranking(ranks: Sequence[int | None], *, is_revised: bool = False) -> pd.DataFrame:
    """Lists of `LISTED` images in which the right one of each article has the rank given."""
    rows = []
    for (article, right), rank in zip(
        ARTICLES[["article_id", "image_id"]].itertuples(index=False), ranks, strict=True
    ):
        listed = [image for image in IMAGES if pd.isna(right) or image != right]
        if rank is not None:
            listed.insert(rank - 1, right)
        for place, image in enumerate(listed[:LISTED], start=1):
            cosine = np.float32(0.5 - place / 100)
            score = 2 * cosine - np.float32(6) if is_revised else cosine
            rows.append((article, place, image, score, cosine))
    return pd.DataFrame(rows, columns=["article_id", "rank", "image_id", "score", "similarity"])


def rankings() -> dict[str, pd.DataFrame]:
    made = {name: ranking(ranks, is_revised=name == "clip_ds") for name, ranks in RANKS.items()}
    txv = made["txv"]  # the one that says how sure it is
    return {**made, "txv": txv.assign(confidence=0.5 / txv["rank"] ** 4, none_fits=0.404)}


def image_files(folder: Path) -> dict[str, Path | None]:
    """A picture per image, but for one that has no file, one that is lost and one that is none."""
    paths: dict[str, Path | None] = {}
    for number, image in enumerate(IMAGES):
        path = folder / f"{image}.jpg"
        Image.new("RGB", (240, 160), (number * 8, 90, 120)).save(path)
        paths[image] = path
    paths["i20"] = None
    paths["i05"] = folder / "lost.jpg"
    (folder / "i06.jpg").write_text("no picture")
    return paths
