"""Several stories: their headlines or a table in, a picture for each out, none of them twice."""

import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from newsimages.corpora.tables import TABLE_ENDINGS
from newsimages.desk.models import Row
from newsimages.errors import NewsImagesError, first_ten
from newsimages.retriever.scoring import read_articles

MAX_STORIES = 200
_UNLISTED = 1e6  # what an image costs that is not in a story's list: more than any score


def none_twice(answers: Sequence[Row]) -> list[int | None]:
    """The place in its list of the picture that each article gets.

    No image is given twice, and the sum of the scores is as great as it can be: as scores are
    logarithms of chances (`newsimages.ranking.confidence`), the likeliest choice of all together.

    Args:
        answers: Lists at least as long as there are articles, or as the gallery has images.

    Returns:
        One per article; None where there are more articles than images.
    """
    images = {
        name: column
        for column, name in enumerate(
            dict.fromkeys(name for row in answers for name in row["image_ids"])
        )
    }
    places = np.full((len(answers), len(images)), -1)
    scores = np.full(places.shape, -_UNLISTED)
    for row, answer in enumerate(answers):
        columns = [images[name] for name in answer["image_ids"]]
        places[row, columns] = np.arange(len(columns))
        scores[row, columns] = answer["scores"]
    given: list[int | None] = [None] * len(answers)
    for row, column in zip(*linear_sum_assignment(scores, maximize=True), strict=True):
        if places[row, column] >= 0:
            given[row] = int(places[row, column])
    return given


def first_of(answer: Row, without: Collection[str]) -> int | None:
    """The place of the best picture that is not among these; None where there is none."""
    left = (place for place, name in enumerate(answer["image_ids"]) if name not in without)
    return next(left, None)


def stories_in(content: bytes, name: str) -> dict[str, Any]:
    """The stories of a table that somebody sends, and what is left out of it with the reason.

    Raises:
        NewsImagesError: It cannot be read, has no column title, or too many rows.
    """
    ending = next((own for own in TABLE_ENDINGS[::-1] if name.lower().endswith(own)), "")
    if not ending:
        raise NewsImagesError(
            f"{Path(name).name[:100] or 'The file'} is no table: expected one of "
            f"{first_ten(sorted(TABLE_ENDINGS))}."
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"table{ending}"
        path.write_bytes(content)
        try:
            articles, refused = read_articles(path)
        except NewsImagesError as error:  # which names a file that nobody knows
            raise NewsImagesError(str(error).replace(str(path), Path(name).name)) from error
    check_number(len(articles))
    return {
        "stories": [article._asdict() for article in articles],
        "refused": [f"row {row + 1} ({why})" for _, row, why in refused],
    }


def check_number(n_stories: int) -> None:
    """Raises: NewsImagesError where that is none, or too many for a page."""
    if not 0 < n_stories <= MAX_STORIES:
        raise NewsImagesError(
            f"{n_stories} stories, expected 1 to {MAX_STORIES}. The entry point score takes more."
        )
