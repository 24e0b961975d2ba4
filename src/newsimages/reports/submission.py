"""Rankings in, submission files in the forms of MediaEval NewsImages out.

2021: TSV with the header ``articleID iid1 iid2 …``. The organisers' evaluator skips a line whose
first cell is no number, unscrambles the number of any other, and stops with an error where the
ground truth lacks it. It goes through a list up to the right image or the 100th cell, so that of a
whole gallery below 100 will do; where even that lacks the right image, it stops with an error, too.

2023: no header, urls in place of ids.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal

import pandas as pd

from newsimages.atomic import write_bytes
from newsimages.errors import NewsImagesError, first_ten
from newsimages.metrics.reciprocal_rank import DEPTH

Form = Literal["2021", "2023"]


def check(ranking: pd.DataFrame, article_ids: Collection[str], image_ids: Collection[str]) -> None:
    """Checks that every article is listed once, with exactly min(100, gallery) images, none twice.

    Raises:
        NewsImagesError: Says which articles break which rule.
    """

    def articles(rows: "pd.Series[bool]") -> Collection[str]:
        return ranking.loc[rows, "article_id"].unique().tolist()

    length = min(DEPTH, len(set(image_ids)))
    outside = ~ranking["image_id"].isin(set(image_ids))
    counts = ranking.groupby("article_id", sort=False).size()
    broken: dict[str, Collection[str]] = {
        "articles without a list": sorted(set(article_ids) - set(counts.index)),
        "lists of unknown articles": sorted(set(counts.index) - set(article_ids)),
        f"lists that do not hold exactly {length} images": counts.index[counts != length].tolist(),
        "lists that hold an image twice": articles(ranking.duplicated(["article_id", "image_id"])),
        "lists that hold a rank twice": articles(ranking.duplicated(["article_id", "rank"])),
        "lists that hold images outside the gallery": articles(outside),
    }
    found = [f"{what}: {first_ten(ids)}" for what, ids in broken.items() if len(ids)]
    if found:
        raise NewsImagesError("The submission would be refused; " + "; ".join(found) + ".")


def write_submission(
    path: Path,
    ranking: pd.DataFrame,
    *,
    form: Form,
    urls: Mapping[str, str],
    image_ids: Collection[str],
    scrambled_ids: Mapping[str, str] | None = None,
) -> None:
    """Writes a submission file, checked and atomically.

    Args:
        path: The TSV file.
        ranking: Columns article_id, rank, image_id.
        form: Which year's.
        urls: By id of every article of the test set, in its order; "" where it has none.
        image_ids: All images of the gallery.
        scrambled_ids: What 2021's form calls articles by, where that is not their id.

    Raises:
        NewsImagesError: As `check`; no article; in 2023's form, urls that are not one per article;
            cells that break the table.
    """
    if not urls:
        raise NewsImagesError("A submission of 0 articles: the test set is empty.")
    check(ranking, list(urls), image_ids)
    lists = ranking.sort_values("rank").groupby("article_id")["image_id"].agg(list)
    names = check_cells(form, urls, image_ids, scrambled_ids)
    lines = ["\t".join([names[key], *lists[key]]) for key in urls]
    if form == "2021":
        n_images = len(lists.iloc[0])
        lines.insert(0, "\t".join(["articleID", *(f"iid{i}" for i in range(1, n_images + 1))]))
    write_bytes(path, ("\n".join(lines) + "\n").encode())


def check_cells(
    form: Form,
    urls: Mapping[str, str],
    image_ids: Collection[str],
    scrambled_ids: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """What the form calls each article, by its id; the arguments are those of `write_submission`.

    Raises:
        NewsImagesError: The file would be read as another table than was written.
    """
    called = urls if form == "2023" else scrambled_ids or {}
    name_of = {key: called.get(key) or key for key in urls}
    names = list(name_of.values())
    twice = [name for name, count in Counter(names).items() if count > 1]
    if broken := [*filter(_breaks, names), *twice]:
        raise NewsImagesError(
            "The submission's first column must name each article once, without tabs, line ends "
            f"or a quote at the beginning, but got {first_ten(broken)}. Set submission_form=2021 "
            "to name articles by their ids."
        )
    if broken := list(filter(_breaks, image_ids)):
        raise NewsImagesError(
            "A submission cannot hold image ids with tabs, line ends or a quote at the beginning, "
            f"but got {first_ten(broken)}. Rename these images."
        )
    return name_of


def _breaks(cell: str) -> bool:
    """Whether a reader of tables takes the cell for several, or for a quoted one."""
    return cell.startswith('"') or not {"\t", "\n", "\r"}.isdisjoint(cell)
