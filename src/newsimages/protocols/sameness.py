"""What counts as the same title and as the same picture: one rule for all that is to be kept apart.

In come titles, or pictures with their miniatures and files, out comes which of them are the same.
Nothing here holds a product of all pictures with all others: it is gone through in blocks.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from newsimages.checksums import file_sha256
from newsimages.embeddings import release
from newsimages.encoding.miniature import SAME
from newsimages.errors import NewsImagesError

TITLES = ("title", "title_en")
"""An article's titles: as written and in English."""
_ROWS, _COLUMNS = 512, 4096  # of a block of cosines: 8 MiB, and 200 MiB where all are the same
Links = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Rows and columns, side by side: picture ``rows[k]`` and other ``columns[k]`` are the same."""


class _Letters(dict[int, str]):
    """What becomes of a character: letters, marks and numbers stay, all that shows is a blank."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        kept = character if category[0] in "LMN" else "" if category == "Cf" else " "
        return self.setdefault(code, kept)


_LETTERS = _Letters()


def same_title(titles: pd.Series) -> pd.Series:
    """Titles as they are compared; NA for those in which there is nothing.

    In Unicode's form NFKC, without case, punctuation and signs that do not show, with single
    blanks. Where only punctuation is left, it is what is compared.
    """
    return titles.map(_compared, na_action="ignore").astype("str")


def title_keys(table: pd.DataFrame) -> pd.DataFrame:
    """The titles of a table's rows as `same_title`, in the columns of `TITLES` that it has."""
    return table[[name for name in TITLES if name in table.columns]].apply(same_title)


def _compared(title: str) -> str | None:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", title).casefold())
    letters = " ".join(folded.translate(_LETTERS).split())
    return letters or "".join(each for each in folded if _shows(each)) or None


def _shows(character: str) -> bool:
    """Whether it is a sign: no blank, control or format character."""
    return unicodedata.category(character)[0] not in "ZC"


@dataclass(frozen=True, kw_only=True, eq=False)
class Pictures:
    """N pictures."""

    miniatures: NDArray[np.float32]
    """(N, E) as `newsimages.encoding.miniature` gives them; they may be memory-mapped."""
    files: Sequence[Path | None]
    """The file of each that has one."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError where miniatures and files are not of the same number."""
        if len(self.miniatures) != len(self.files):
            raise NewsImagesError(
                f"{len(self.miniatures)} miniatures for {len(self.files)} picture files: expected "
                "one file, or None, per miniature."
            )


def same_pictures(pictures: Pictures, others: Pictures) -> Iterator[Links]:
    """Which pictures are the same: equal files, or miniatures with a product of `SAME` or more.

    This is the one place that decides it. A picture that was saved again is found by its miniature;
    CLIP's vectors, of which copies keep a cosine of .9999 in 9 to 36 % of cases, do not tell it.

    Yields:
        Links by files, then by block; all links follow from these, where ``others`` are the
        pictures themselves also from their reverse.
    """
    yield _same_files(pictures, others)
    for start in range(0, len(pictures.miniatures), _ROWS):
        rows = pictures.miniatures[start : start + _ROWS]
        for first in range(0, len(others.miniatures), _COLUMNS):
            last = first + _COLUMNS
            if others is pictures and last <= start:
                continue  # the reverse of a block that was seen
            near = rows @ others.miniatures[first:last].T >= SAME
            found_rows, found_columns = near.nonzero()
            yield found_rows + start, found_columns + first
        release(pictures.miniatures)


def picture_groups(pictures: Pictures) -> NDArray[np.int64]:
    """(N,) a number per picture: the same for the same picture, also through other pictures."""
    groups = np.arange(len(pictures.files))
    for rows, columns in same_pictures(pictures, pictures):
        ends = groups[rows], groups[columns]
        is_new = ends[0] != ends[1]
        if is_new.any():
            groups = connected(len(groups), ends[0][is_new], ends[1][is_new])[groups]
    return groups


def is_among(pictures: Pictures, others: Pictures) -> NDArray[np.bool_]:
    """(N,) whether a picture is among others."""
    found = np.zeros(len(pictures.files), np.bool_)
    if len(others.files):
        for rows, _ in same_pictures(pictures, others):
            found[rows] = True
    return found


def connected(n: int, starts: NDArray[np.integer], ends: NDArray[np.integer]) -> NDArray[np.int64]:
    """(n,) the number of each node's part of the graph with these edges."""
    links = coo_array((np.ones(len(starts), np.int8), (starts, ends)), shape=(n, n))
    labels: NDArray[np.int64] = connected_components(links, directed=False)[1].astype(np.int64)
    return labels


def _same_files(pictures: Pictures, others: Pictures) -> Links:
    """Each picture and the first other of the same content; only files of equal size are read."""
    own, theirs = _by_size(pictures.files), _by_size(others.files)
    least = 2 if others is pictures else 1
    shared = [size for size in own.keys() & theirs.keys() if len(theirs[size]) >= least]
    paths = {path for size in shared for path in (*own[size].values(), *theirs[size].values())}
    with ThreadPoolExecutor() as pool:
        digests = dict(zip(paths, pool.map(_digest, paths), strict=True))
    first: dict[str | None, int] = {}
    for size in shared:
        for column, path in theirs[size].items():
            first.setdefault(digests[path], column)
    first.pop(None, None)
    rows = {
        row: first[digests[path]]
        for size in shared
        for row, path in own[size].items()
        if digests[path] in first
    }
    return np.array(list(rows), np.int64), np.array(list(rows.values()), np.int64)


def _by_size(files: Iterable[Path | None]) -> dict[int, dict[int, Path]]:
    """The files that are there by their place, for each size."""
    found: dict[int, dict[int, Path]] = {}
    for place, path in enumerate(files):
        if path is not None and path.is_file():
            found.setdefault(path.stat().st_size, {})[place] = path
    return found


def _digest(path: Path) -> str | None:
    """None for a file that is gone or locked since it was embedded: its miniature still tells."""
    try:
        return file_sha256(path)
    except OSError:
        return None
