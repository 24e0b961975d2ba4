"""Several stories: their headlines or a table in, a picture for each out, none of them twice."""

import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from newsimages.desk.models import Row
from newsimages.errors import NewsImagesError, first_ten
from newsimages.ranking.assignment import best_places
from newsimages.retriever.scoring import read_articles

MAX_STORIES = 200
MAX_LINES = 100_000  # of a text file, in whose cells there may be several
_TEXTS = (".csv", ".tsv", ".txt")
ENDINGS = (*_TEXTS, ".xlsx")
"""Of tables that are sent: no .gz and no .parquet, which can unpack to any size."""
_NOTHING = 1e6  # by how much no image is worse than one


def none_twice(answers: Sequence[Row]) -> list[int | None]:
    """The place in its list of the picture that each article gets, as `best_places`.

    Args:
        answers: Lists of one length: as many images as there are articles, or all that there are.

    Returns:
        One per article; None where there are fewer images than articles.
    """
    n_articles, n_images = len(answers), len(answers[0]["image_ids"])
    # Each may also get nothing, which is worse than any image.
    nothing = [f"nothing {row}" for row in range(n_articles)]
    scores = np.array([row["scores"] for row in answers], np.float64).reshape(n_articles, n_images)
    least = np.full((n_articles, n_articles), scores.min(initial=0) - _NOTHING)
    places = best_places(
        np.array([f"{row:06d}" for row in range(n_articles)]),
        np.array([[*(f"image {name}" for name in row["image_ids"]), *nothing] for row in answers]),
        np.hstack([scores, least]),
    )
    if places is None:
        raise ValueError("each can get nothing, and some get not even that")
    return [int(place) if place < n_images else None for place in places]


def first_of(answer: Row, without: Collection[str]) -> int | None:
    """The place of the best picture that is not among these; None where there is none."""
    left = (place for place, name in enumerate(answer["image_ids"]) if name not in without)
    return next(left, None)


def stories_in(content: bytes, name: str) -> dict[str, Any]:
    """The stories of a table that somebody sends, and what is left out of it with the reason.

    Raises:
        NewsImagesError: It cannot be read, has no column title, or too many rows.
    """
    ending = next((own for own in ENDINGS if name.lower().endswith(own)), "")
    if not ending:
        raise NewsImagesError(
            f"{Path(name).name[:100] or 'The file'} is no table: expected one of "
            f"{first_ten(ENDINGS)}."
        )
    n_lines = content.count(b"\n") if ending in _TEXTS else 0
    if n_lines > MAX_LINES:  # told before they are read, which takes minutes
        raise NewsImagesError(
            f"The table has {n_lines:,} lines, expected up to {MAX_STORIES} stories. The entry "
            "point score takes more."
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"table{ending}"
        path.write_bytes(content)
        try:
            articles, refused = read_articles(path)
        except NewsImagesError as error:  # which names a file that nobody knows
            raise NewsImagesError(str(error).replace(str(path), Path(name).name)) from error
    left_out = [f"row {row + 1} ({why})" for _, row, why in refused]
    if not articles:
        raise NewsImagesError(f"No story of the table can be asked for: {first_ten(left_out)}.")
    check_number(len(articles))
    return {"stories": [article._asdict() for article in articles], "refused": left_out}


def check_number(n_stories: int) -> None:
    """Raises: NewsImagesError where that is none, or too many for a page."""
    if not 0 < n_stories <= MAX_STORIES:
        raise NewsImagesError(
            f"{n_stories} stories, expected 1 to {MAX_STORIES}. The entry point score takes more."
        )
