"""Puts the parts of one data set and split together: parts in, articles and images out.

Batches are merged, answers from a ground truth are matched by article id, image files are looked
up. Unusable rows are left out and reported; contradictions raise.
"""

from collections.abc import Sequence

import pandas as pd

from newsimages.corpora.image_files import ImageFiles
from newsimages.corpora.parts import NOTHING, Part, Split
from newsimages.errors import NewsImagesError, first_ten

SKIPPED_COLUMNS = ["data_set", "split", "kind", "id", "reason"]

_GERMAN_FORMATS = ("%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S")
_OPTIONAL = ["title_en", "text_en", "image_id"]


class Report:
    """The rows that were left out of one data set and split.

    ``passed_over`` is a sentence that names the files beside its tables that are none.
    """

    def __init__(self, data_set: str, split: Split, passed_over: str) -> None:
        self.where = f"{data_set} ({split})"
        self.passed_over = passed_over
        self._head = (data_set, split)
        self.rows: list[tuple[str, str, str, str, str]] = []

    def add(self, kind: str, item_id: str, reason: str) -> None:
        """Adds an article or image and why it, or a part of it, is not used."""
        self.rows.append((*self._head, kind, item_id, reason))


def assemble(
    parts: Sequence[Part], files: ImageFiles, report: Report
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The articles and images of one data set and split, as the schema wants them.

    Raises:
        NewsImagesError: Articles or images are missing altogether, an id occurs twice, or the
            ground truth belongs to other articles.
    """
    given = [part for part in parts if part.role in ("pairs", "articles")]
    truth = [part for part in parts if part.role == "truth"]
    articles = _usable_articles(given or truth, report)
    if truth and any(part.role == "articles" for part in given):
        articles = _with_truth(articles, truth, report)
    images = _gallery([part for part in parts if part.role == "images"] or parts, report)
    _report_unknown_images(articles, images, report)
    return _finished_articles(articles, report), _finished_images(images, files, report)


def assemble_articles(parts: Sequence[Part], report: Report) -> pd.DataFrame:
    """The articles of one data set and split, whose right images are not known.

    Raises:
        NewsImagesError: There are none, or an id occurs twice.
    """
    given = [part for part in parts if part.role in ("pairs", "articles")]
    return _finished_articles(_usable_articles(given, report).assign(image_id=""), report)


def _usable_articles(parts: Sequence[Part], report: Report) -> pd.DataFrame:
    if not parts:
        raise NewsImagesError(
            f"{report.where} has a table of images and none of articles. "
            "Add the table of articles (NewsImages 2023: …-Test-Text) or remove the images'."
            f"{report.passed_over}"
        )
    articles = pd.concat([part.articles for part in parts], ignore_index=True)
    articles["article_id"] = _without_shared_nothing(articles["article_id"])
    for column, reason in (("article_id", "no article id"), ("title", "the title is empty")):
        for row in articles[articles[column] == ""].itertuples():
            report.add("article", str(row.article_id), f"{row.where}: {reason}; left out")
    articles = articles[(articles["article_id"] != "") & (articles["title"] != "")]
    if articles.empty:
        raise NewsImagesError(
            f"{report.where} has no article with an id and a title. Fill these columns in "
            f"{', '.join(str(part.path) for part in parts)}."
        )
    articles = _without_repeats(articles, parts, report)
    problem = f"{report.where}: article ids occur more than once"
    advice = "Expected one row per article; remove the others or give them ids of their own."
    _reject_repeated(articles, "article_id", problem, advice)
    return articles


def _without_repeats(articles: pd.DataFrame, parts: Sequence[Part], report: Report) -> pd.DataFrame:
    """The articles without rows that another table has, too: same id and title, and no image.

    A release may have its evaluation articles among those of a larger table.
    """
    table = articles["where"].str.rpartition(":")[0]
    key = ["article_id", "title"]
    is_known = articles.duplicated(key) & (articles["image_id"] == "")
    is_again = is_known & ~articles.assign(table=table).duplicated([*key, "table"])
    if len(parts) < 2 or not is_again.any():
        return articles
    for name, n in table[is_again].value_counts(sort=False).items():
        report.add("table", str(name), f"{n} of its articles are in another table, too; kept once")
    return articles[~is_again]


def _without_shared_nothing(ids: pd.Series) -> pd.Series:
    """``ids`` without words such as ``N/A`` that several rows share; one alone may be an id."""
    is_nothing = ids.str.casefold().isin(NOTHING) & ids.duplicated(keep=False)
    return ids.mask(is_nothing, "")


def _reject_repeated(rows: pd.DataFrame, column: str, problem: str, advice: str) -> None:
    twice = rows[rows[column].duplicated(keep=False)].sort_values(column, kind="stable")
    if len(twice):
        places = zip(twice[column], twice["where"], strict=True)
        shown = first_ten([f"{item} in {where}" for item, where in places])
        raise NewsImagesError(f"{problem}: {shown}. {advice}")


def _with_truth(articles: pd.DataFrame, truth: Sequence[Part], report: Report) -> pd.DataFrame:
    """Fills in the right images from the ground truth, by article id."""
    answers = pd.concat([part.articles for part in truth], ignore_index=True)
    answers = answers[answers["article_id"] != ""].drop_duplicates(["article_id", "image_id"])
    problem = f"{report.where}: the ground truth has several images for one article"
    _reject_repeated(answers, "article_id", problem, "Expected one; remove the others.")
    right = answers.set_index("article_id")["image_id"]
    known = articles["article_id"].isin(right.index)
    if not known.any():
        raise NewsImagesError(
            f"{report.where}: no article id of the test set is in the ground truth: got "
            f"{first_ten(list(articles['article_id'][:3]))}, expected ids such as "
            f"{first_ten(list(right.index[:3]))}. The two files belong to different sets."
        )
    for article_id in articles["article_id"][~known]:
        report.add("article", article_id, "not in the ground truth; kept, right image unknown")
    for article_id in right.index[~right.index.isin(articles["article_id"])]:
        report.add("article", article_id, "in the ground truth but not among the test articles")
    found = articles["article_id"].map(right).fillna("")
    return articles.assign(image_id=articles["image_id"].where(articles["image_id"] != "", found))


def _gallery(parts: Sequence[Part], report: Report) -> pd.DataFrame:
    """The images of image tables or, without such tables, those that the articles name."""
    images = pd.concat([part.images for part in parts], ignore_index=True)
    if images.empty:
        raise NewsImagesError(
            f"{report.where} has articles and no images. Fill the image column, add the table of "
            "images (NewsImages 2023: …-Test-Img), or let evaluate rank a folder of others "
            f"(gallery=FOLDER).{report.passed_over}"
        )
    images["file"] = images["names"].str[0]
    distinct = images.drop_duplicates(["image_id", "url", "file"])
    problem = f"{report.where}: image ids stand for different files or addresses"
    _reject_repeated(distinct, "image_id", problem, "Give each image an id of its own.")
    return distinct


def _report_unknown_images(articles: pd.DataFrame, images: pd.DataFrame, report: Report) -> None:
    """Reports articles without an image, and those whose image is in no table.

    The latter keep the image id: no ranking can hold it, so it counts as not found.
    """
    blank = articles["image_id"] == ""
    known = articles["image_id"].isin(images["image_id"])
    for row in articles[~known & ~blank].itertuples():
        reason = f"its image {row.image_id} is not in the image table; kept, never found"
        report.add("article", str(row.article_id), reason)
    if not blank.all():
        for row in articles[blank].itertuples():
            report.add("article", str(row.article_id), f"{row.where}: no image; kept without one")


def _finished_articles(articles: pd.DataFrame, report: Report) -> pd.DataFrame:
    columns = ["article_id", "url", "title", "text", *_OPTIONAL]
    finished = articles[columns].astype("str").reset_index(drop=True)
    for name in _OPTIONAL:
        finished[name] = finished[name].mask(finished[name] == "")
    cells = articles["date"].reset_index(drop=True)
    finished["date"] = dates_of(cells)
    if "scrambled_id" in articles:
        finished["scrambled_id"] = articles["scrambled_id"].reset_index(drop=True)
    odd = finished["date"].isna() & (cells != "")
    for article_id, cell in zip(finished["article_id"][odd], cells[odd], strict=True):
        report.add("article", article_id, f"{cell!r} is no date such as 2022-03-31; kept without")
    return finished


def dates_of(cells: pd.Series) -> pd.Series:
    """ISO dates and German ones (31.03.2022), in UTC without a zone; NaT for all others.

    Cells of other forms never reach pandas, which parses ``now`` and ``today`` as dates.
    """
    iso_cells = cells.where(cells.str.match("[0-9]{4}-[0-9]{2}-[0-9]{2}"))
    dates = pd.to_datetime(iso_cells, format="ISO8601", errors="coerce", utc=True)
    german_cells = cells.where(cells.str.match(r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}"))
    for form in _GERMAN_FORMATS:
        dates = dates.fillna(pd.to_datetime(german_cells, format=form, errors="coerce", utc=True))
    dates = dates.where(dates.dt.year.between(1, 9999))  # a time zone can lead out of these
    return dates.dt.tz_localize(None).astype("datetime64[us]")


def _finished_images(images: pd.DataFrame, files: ImageFiles, report: Report) -> pd.DataFrame:
    rows = []
    owners: dict[str, str] = {}
    for image_id, url, names in images[["image_id", "url", "names"]].itertuples(index=False):
        found = files.find(names)
        rows.append((image_id, found.path, url, found.reason or None))
        if found.path is None:
            report.add("image", image_id, found.reason)
        elif owners.setdefault(found.path, image_id) != image_id:
            reason = f"its file is also that of image {owners[found.path]}; both are kept"
            report.add("image", image_id, reason)
    return pd.DataFrame(rows, columns=["image_id", "path", "url", "reason"], dtype="str")
