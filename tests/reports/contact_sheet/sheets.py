"""A small data set whose right images stand where the tests want them."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from newsimages.explanations.answers import ExplainedImage, Explanation, Side
from newsimages.explanations.regions import HeatMap
from newsimages.explanations.words import Part

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


GONE = "i02.jpg cannot be read as an image (no such file), so there is no map over it."


def explanation(article: pd.Series, side: Side, *images: str) -> Explanation:
    """An explanation in which the n-th word of a title adds n hundredths, odd ones take them away.

    There is no map of i02; all others have their greatest value right above, the least left
    below.
    """
    parts: list[Part] = []
    for of, column in (("original", "title"), ("english", "title_en")):
        title = article[column]
        if pd.notna(title) and (of == "original" or title != article["title"]):
            parts += [
                Part(field="title", of=of, start=word.start(), end=word.end(), text=word.group())
                for word in re.finditer(r"[^\W_]+|<.+?>", title)
            ]
    parts.append(Part(field="text", of="original", start=0, end=9, text="A <b>text</b>. " * 20))
    numbers = np.arange(1, len(parts) + 1)
    heat = np.zeros((6, 9), np.float32)
    heat[0, 8], heat[5, 0] = 2, -1
    return Explanation(
        article_id=article["article_id"],
        side=side,
        parts=tuple(parts),
        images=tuple(
            ExplainedImage(
                image_id=image,
                values=np.where(numbers % 2, -numbers, numbers) / 100,
                heat=None if image == "i02" else HeatMap(heat, "gradient"),
                why_not=GONE if image == "i02" else "",
            )
            for image in images
        ),
    )
