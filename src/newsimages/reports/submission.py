"""Rankings in, submission files in the forms of MediaEval NewsImages out.

2021: TSV with the header ``articleID iid1 iid2 …``. 2023: TSV without a header, the article's
url, then its image ids. A file is checked before it is written.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
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
) -> None:
    """Writes a checked submission file.

    Args:
        path: The TSV file.
        ranking: Columns article_id, rank, image_id.
        form: Which year's.
        urls: By id of every article of the test set, in its order; "" where it has none.
        image_ids: All images of the gallery.

    Raises:
        NewsImagesError: As `check`; no article; in 2023's form, urls that are not one per article
            or break the table.
    """
    if not urls:
        raise NewsImagesError("A submission of 0 articles: the test set is empty.")
    check(ranking, list(urls), image_ids)
    lists = ranking.sort_values("rank").groupby("article_id")["image_id"].agg(list)
    names = {key: key if form == "2021" else url or key for key, url in urls.items()}
    _check_names(list(names.values()))
    lines = ["\t".join([names[key], *lists[key]]) for key in urls]
    if form == "2021":
        n_images = len(lists.iloc[0])
        lines.insert(0, "\t".join(["articleID", *(f"iid{i}" for i in range(1, n_images + 1))]))
    write_bytes(path, ("\n".join(lines) + "\n").encode())


def _check_names(names: Sequence[str]) -> None:
    broken = [name for name in names if {"\t", "\n", "\r"} & set(name)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if broken or twice:
        raise NewsImagesError(
            "The submission's first column must name each article once, without tabs or line "
            f"ends, but got {first_ten(broken + twice)}. Set submission_form=2021 to name articles "
            "by their ids."
        )
