"""Explanations for the sheet's script: what the first variant's answers rest on.

``explained`` holds, by the number of an article, [side, parts, images]:

- side: ``wrong`` or ``right``, what the variant was most of;
- parts: [line, start, end] of a word of the title as published (line 0) or in English (1), counted
  in UTF-16 as scripts do; [line, sentence] of a text;
- images: [image, what each part adds, heat map or 0, why there is none]. A heat map is [width,
  height, cells]: the cells row by row, each a signed byte, in base64; 127 is the greatest that any
  adds or takes away.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from newsimages.explanations.answers import DIGITS, ExplainedImage, Explanation, on_cells
from newsimages.explanations.regions import HeatMap
from newsimages.explanations.words import Part

MAX_SENTENCE = 160  # characters of a sentence that are shown
_LINES = {"original": 0, "english": 1}


def in_two(explanations: Sequence[Explanation]) -> set[str]:
    """The articles of which words of both are explained: as published, and in English."""
    return {
        each.article_id
        for each in explanations
        if any(part.of == "english" and part.field == "title" for part in each.parts)
    }


def explained(
    explanations: Sequence[Explanation], articles: pd.DataFrame, number: Mapping[str, int]
) -> dict[int, Any]:
    """The values of the explanations of ``articles``, whose images are numbered."""
    rows = {article: row for row, article in enumerate(articles["article_id"])}
    titles = [articles[column].fillna("").tolist() for column in ("title", "title_en")]
    return {
        row: [
            each.side,
            [_part(part, titles[_LINES[part.of]][row]) for part in each.parts],
            [[number[own.image_id], *_image(own)] for own in each.images if own.image_id in number],
        ]
        for each in explanations
        if (row := rows.get(each.article_id)) is not None
    }


def _part(part: Part, title: str) -> list[int | str]:
    line = _LINES[part.of]
    if part.field == "title":
        return [line, *(_utf16_length(title[:place]) for place in (part.start, part.end))]
    long = len(part.text) > MAX_SENTENCE
    return [line, part.text[: MAX_SENTENCE - 1] + "…" if long else part.text]


def _utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _image(own: ExplainedImage) -> tuple[list[float], Any, str]:
    values = [round(value, DIGITS) for value in own.values.tolist()]
    return values, 0 if own.heat is None else _heat(own.heat), own.why_not


def _heat(heat: HeatMap) -> list[int | str]:
    cells = on_cells(heat)
    greatest = float(np.abs(cells).max()) or 1.0
    scaled = np.rint(cells / greatest * 127).astype(np.int8)
    height, width = cells.shape
    return [width, height, base64.b64encode(scaled.tobytes()).decode("ascii")]
