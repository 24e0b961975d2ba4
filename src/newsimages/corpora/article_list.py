"""A list of articles in, their ids out: such as the subsets of NewsImages 2025.

Those are CSVs without a header, whose first column holds the ids. A table that has the column
``article_id`` will do as well, and so will a file of an id per line.
"""

from collections import Counter
from pathlib import Path

from newsimages.corpora.encoding import decoded
from newsimages.corpora.rows import cut_rows
from newsimages.corpora.tables import clean, first_columns, is_table, read_table
from newsimages.errors import NewsImagesError, first_ten
from newsimages.paths import looked_for

_ID_COLUMNS = ("article_id", "articleid", "article")


def article_list(path: Path) -> list[str]:
    """The ids in a list of articles, in its order.

    Raises:
        NewsImagesError: There is no such file, it cannot be read, or has an id twice or none.
    """
    if not (path.is_file() and is_table(path)):
        raise NewsImagesError(
            f"{path} is no list of articles{looked_for(path)}. Expected a CSV or another table, "
            "with the column article_id or with the ids in the first column."
        )
    ids = _ids(path)
    if "" in ids or not ids:
        raise NewsImagesError(
            f"{path}: the row {ids.index('') + 1 if ids else 1} of the list of articles has no id. "
            "Fill it in, or remove the row."
        )
    if twice := [one for one, n in Counter(ids).items() if n > 1]:
        raise NewsImagesError(
            f"{path} lists articles more than once: {first_ten(twice)}. Keep one row of each."
        )
    return ids


def _ids(path: Path) -> list[str]:
    is_plain = not path.name.lower().endswith((".xlsx", ".parquet"))
    if not is_plain or not first_columns(path).isdisjoint(_ID_COLUMNS):
        return [str(one) for one in read_table(path).column(*_ID_COLUMNS)]
    first, rows = cut_rows(path, decoded(path))
    ids = [clean(cells[0]) for cells in (first, *(cells for _, cells in rows))]
    return ids[1:] if ids[0].lower() in _ID_COLUMNS else ids
