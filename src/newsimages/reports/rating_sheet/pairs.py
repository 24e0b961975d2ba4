"""Which pairs a rating sheet shows: two runs' lists in, a table of pictures on two sides out."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SAME = "same picture"
UNLISTED = "no list of one of the runs"
UNREADABLE = "a picture cannot be shown"


def candidates(
    article_ids: Sequence[str],
    rankings: Mapping[str, pd.DataFrame],
    image_paths: Mapping[str, Path | None],
) -> pd.DataFrame:
    """The first images of both runs for every article.

    Returns:
        Columns article_id, one, other (images) and note: why the article cannot be rated, ""
        where it can.
    """
    one, other = (
        ranking.loc[ranking["rank"] == 1]
        .set_index("article_id")["image_id"]
        .reindex(list(article_ids))
        for ranking in rankings.values()
    )
    table = pd.DataFrame(
        {"article_id": article_ids, "one": one.to_numpy(), "other": other.to_numpy(), "note": ""}
    )
    lost = {image for image, path in image_paths.items() if path is None}
    known = set(image_paths) - lost
    is_shown = table["one"].isin(known) & table["other"].isin(known)
    table.loc[~is_shown, "note"] = UNREADABLE
    table.loc[table["one"] == table["other"], "note"] = SAME
    table.loc[table[["one", "other"]].isna().any(axis=1), "note"] = UNLISTED
    return table


def drawn(table: pd.DataFrame, n_pairs: int, generator: np.random.Generator) -> pd.DataFrame:
    """Draws articles, their order, and the side of each run, which has either side equally often.

    Returns:
        The rows that are shown, with ``pair`` from 1, ``is_turned`` (whether ``other`` stands on
        the left), and ``left`` and ``right``, the images.
    """
    able = table[table["note"] == ""]
    rows = able.iloc[generator.permutation(len(able))[:n_pairs]].reset_index(drop=True)
    is_turned: NDArray[np.bool_] = generator.permutation(len(rows)) % 2 == 0
    return rows.assign(
        pair=np.arange(1, len(rows) + 1),
        is_turned=is_turned,
        left=np.where(is_turned, rows["other"], rows["one"]),
        right=np.where(is_turned, rows["one"], rows["other"]),
    )
