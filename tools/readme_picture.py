"""Draws the README's picture: articles of a test set and the images that a run ranks first.

`PYTHONPATH=src python tools/readme_picture.py CORPUS NAME RANKINGS.parquet OUT.png`, where
RANKINGS is the artifact `rankings/NAME.parquet` of a run. The right image has a green frame.
"""

import sys
from pathlib import Path

import pandas as pd
from PIL import Image, ImageDraw, ImageFont

from newsimages.corpora import read_corpus

N_ARTICLES, N_IMAGES = 3, 6
SIDE, GAP, TITLE = 180, 12, 40
GREEN, GREY, INK, PAPER = "#1a7f37", "#d0d7de", "#1f2328", "#ffffff"


def main(corpus: Path, name: str, rankings: Path, out: Path) -> None:
    """Draws the first articles whose right image is among the first, but not always the first."""
    read = read_corpus(corpus)
    [data_set] = [part for part in read.data_sets if (part.name, part.split) == (name, "test")]
    titles = data_set.articles.set_index("article_id")
    paths = data_set.images.set_index("image_id")["path"]
    ranking = pd.read_parquet(rankings)
    right = ranking.merge(data_set.articles[["article_id", "image_id"]])
    shown = [right.loc[right["rank"] == rank].iloc[1] for rank in range(1, N_ARTICLES + 1)]

    row_height = TITLE + SIDE + 2 * GAP
    size = (GAP + N_IMAGES * (SIDE + GAP), N_ARTICLES * row_height)
    picture = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(picture)
    for row, article in enumerate(shown):
        top = row * row_height
        title = titles.loc[article["article_id"], "title"]
        draw.text((GAP, top + GAP), title, fill=INK, font=ImageFont.load_default(20))
        first = ranking.loc[ranking["article_id"] == article["article_id"]].nsmallest(
            N_IMAGES, "rank"
        )
        for column, image_id in enumerate(first["image_id"]):
            with Image.open(corpus / paths[image_id]) as image:
                corner = (GAP + column * (SIDE + GAP), top + TITLE + GAP)
                picture.paste(image.convert("RGB").resize((SIDE, SIDE)), corner)
            is_right = image_id == article["image_id"]
            box = (corner[0] - 4, corner[1] - 4, corner[0] + SIDE + 3, corner[1] + SIDE + 3)
            draw.rectangle(box, outline=GREEN if is_right else GREY, width=5 if is_right else 1)
    picture.quantize(256).save(out, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
