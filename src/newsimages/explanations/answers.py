"""A run's answers on a test set, and why they came out so.

In come its lists and what it goes by, out come `Explanation`s of the articles that it was most
wrong and most right about: what words and regions add to the score of the right image, and to that
of the image that was ranked first.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from newsimages.encoding.encoders import OpenClipEncoder
from newsimages.encoding.long_text import LongText
from newsimages.errors import NewsImagesError
from newsimages.explanations.regions import HeatMap, Regions
from newsimages.explanations.words import Part, added_to_scores, read_of
from newsimages.metrics.metrics import ranks_of_truth
from newsimages.progress import progress
from newsimages.protocols.embedded import EmbeddedSet
from newsimages.ranking.spaces import Queries, Tower, whole
from newsimages.retriever.articles import ArticleEncoder
from newsimages.retriever.folder import text_towers
from newsimages.retriever.retriever import Retriever

Side = Literal["wrong", "right"]
"""Whether a run was most wrong about an article, or most right."""
CELLS = 24
"""Of a heat map's longer side, where it is kept; towers see hardly finer."""
DIGITS = 6
"""Behind the point, of what is kept."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ExplainedImage:
    """What adds to the score of one image."""

    image_id: str
    values: NDArray[np.float64]
    """(P,) what each part of the article adds."""
    heat: HeatMap | None
    """What each region of the picture adds; None: there is no heat map."""
    why_not: str = ""
    """Why there is none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Explanation:
    """Why an article got what it got."""

    article_id: str
    side: Side
    parts: tuple[Part, ...]
    """The words of its title and the sentences of its text."""
    images: tuple[ExplainedImage, ...]
    """The right image and the first one; a single one where they are the same."""


def explanations(
    retriever: Retriever,
    encoders: Mapping[Tower, OpenClipEncoder],
    part: EmbeddedSet,
    ranking: pd.DataFrame,
    *,
    n: int,
    long_text: LongText = "cut",
) -> list[Explanation]:
    """Explains the answers that a run was most wrong and most right about.

    Where there can be no heat map, as a file is gone or has changed, it is said why.

    Args:
        retriever: What made the lists.
        encoders: ``clip`` and, where there is one, ``multilingual``.
        part: The articles that were ranked for, in the views that have a weight.
        ranking: Their lists: article_id, rank, image_id.
        n: Of how many articles, at most; those whose right image is known and in the gallery.
        long_text: As the articles were encoded.

    Raises:
        NewsImagesError: As `Retriever.rank`.
    """
    here = set(part.images.ids.tolist())
    truth = {article: image for article, image in part.truth().items() if image in here}
    if not truth:
        return []
    ranks = dict(zip(truth, ranks_of_truth(ranking, truth).tolist(), strict=True))
    sides = most(ranks, n)
    firsts = ranking[ranking["rank"] == 1].set_index("article_id")["image_id"]
    read = read_of(part.articles[part.articles["article_id"].isin(list(sides))])
    encoder, regions = _encoder(retriever, encoders, long_text), Regions(encoders, retriever)
    made = []
    with progress(total=len(sides), unit="articles", doing=f"{part.name}: explain") as bar:
        for article, side in sides.items():
            shown = list(dict.fromkeys([truth[article], firsts.get(article, truth[article])]))
            rows = retriever.rows_of(shown)
            added = added_to_scores(retriever, encoder, read[article], rows)
            queries = part.queries.select([article])
            heats = [_heat(regions, queries, part, image) for image in shown]
            images = [
                ExplainedImage(image_id=image, values=values, heat=heat, why_not=why_not)
                for image, values, (heat, why_not) in zip(shown, added.values.T, heats, strict=True)
            ]
            made.append(
                Explanation(article_id=article, side=side, parts=added.parts, images=tuple(images))
            )
            bar.update()
    return made


def most(ranks: Mapping[str, float], n: int) -> dict[str, Side]:
    """The articles to explain: half of them most wrong, half of them most right, ties by id.

    Right are those whose right image is ranked first, wrong are all others, the farthest first.
    Where one side has too few, the other has more.

    Args:
        ranks: Of the right image, by article; infinity where it is not listed.
        n: How many articles, at most.
    """
    right = sorted(article for article, rank in ranks.items() if rank == 1)
    wrong = sorted(ranks.keys() - set(right), key=lambda article: (-ranks[article], article))
    n_wrong = max(n - n // 2, n - len(right))
    sides: dict[str, Side] = dict.fromkeys(wrong[:n_wrong], "wrong")
    return sides | dict.fromkeys(right[: n - len(sides)], "right")


def record(explanation: Explanation) -> dict[str, Any]:
    """An explanation as JSON values, for who wants the numbers.

    Heat maps are on cells, row by row: what each adds per share of the picture's area.
    """
    return {
        "article_id": explanation.article_id,
        "most": explanation.side,
        "parts": [asdict(part) for part in explanation.parts],
        "images": [
            {
                "image_id": image.image_id,
                "added": [round(value, DIGITS) for value in image.values.tolist()],
                "heat": None if image.heat is None else _rounded(on_cells(image.heat)),
                "method": None if image.heat is None else image.heat.method,
                "why_not": image.why_not,
            }
            for image in explanation.images
        ],
    }


def on_cells(heat: HeatMap) -> NDArray[np.float32]:
    """(h, w) a heat map's means on at most `CELLS` × `CELLS` cells."""
    height, width = heat.values.shape
    scale = min(1.0, CELLS / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    image = Image.fromarray(heat.values.astype(np.float32))
    return np.asarray(image.resize(size, Image.Resampling.BOX), np.float32)


def _rounded(cells: NDArray[np.float32]) -> list[list[float]]:
    return [[round(value, DIGITS) for value in row] for row in cells.tolist()]


def _encoder(
    retriever: Retriever, encoders: Mapping[Tower, OpenClipEncoder], long_text: LongText
) -> ArticleEncoder:
    """What reads articles with the towers that have a weight."""
    weights = whole(retriever.weights)
    return ArticleEncoder(
        towers={name: encoders[name].text_tower for name in text_towers(weights)},
        weights=weights,
        networks=retriever.networks,
        long_text=long_text,
    )


def _heat(
    regions: Regions, queries: Queries, part: EmbeddedSet, image_id: str
) -> tuple[HeatMap | None, str]:
    """A heat map, or why there is none, in words that name no folder."""
    path = part.files[image_id]
    try:
        return regions.heat_map(queries, path, image_id=image_id), ""
    except NewsImagesError as error:
        return None, str(error).replace(str(path), path.name)
