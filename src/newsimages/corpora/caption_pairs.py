"""Pairs for pre-training: tables of ``caption,image`` in, captions and their image files out.

``image`` is a path or a file name below the table's folder or its ``images/``, with or without
ending. An optional column ``split`` (``train``, ``validation``, ``test``) is handed on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from newsimages.corpora.forms import captions_tables
from newsimages.corpora.image_files import OUTPUT_MARKER, ImageFiles
from newsimages.corpora.names import reason_not_to_follow
from newsimages.corpora.parts import known, require_columns
from newsimages.corpora.tables import TABLE_ENDINGS, first_columns, is_table, read_table
from newsimages.errors import NewsImagesError, first_ten
from newsimages.plain_text import encodable, readable

FORM = "caption,image"
PAIR_COLUMNS = ["pair_id", "caption", "image_id", "path", "split"]
PairRow = tuple[str, str, str, str, str | None]
SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    "test": "test",
}
"""Our name of a split by the names that sources give it, in lower case."""


@dataclass(frozen=True, kw_only=True)
class CaptionPairs:
    """Captions with their images.

    Attributes:
        folder: The folder that ``path`` is relative to.
        pairs: Columns ``pair_id`` (unique), ``caption`` (never blank), ``image_id`` (the same for
            the same file), ``path``, ``split`` (``train``, ``validation`` or ``test``; NA where
            the source has none).
        skipped: Columns ``pair_id``, ``reason``: every pair that was left out.
    """

    folder: Path
    pairs: pd.DataFrame
    skipped: pd.DataFrame


def read_caption_pairs(source: Path, encoding: str | None = None) -> CaptionPairs:
    """Reads one table, or all tables of pairs in a folder and in its sub-folders.

    ``encoding`` is that of tables that are not UTF-8, as for `newsimages.corpora.read_corpus`.

    Raises:
        NewsImagesError: There is no such table, a column is missing, or no pair has an image.
    """
    source = Path(source)
    skipped: list[tuple[str, str]] = []
    tables = list(_tables(source, skipped))
    if not tables:
        got = "holds none" if source.exists() else "does not exist"
        raise NewsImagesError(
            f"Looked for a table of pairs in {source}, which {got}. Expected a file ending in "
            f"{', '.join(TABLE_ENDINGS)} with the columns {FORM}."
        )
    folder = source if source.is_dir() else source.parent
    rows = [row for path in tables for row in _pairs(path, folder, encoding, skipped)]
    return checked(folder, pd.DataFrame(rows, columns=PAIR_COLUMNS, dtype="str"), skipped, source)


def has_pairs(folder: Path) -> bool:
    """Whether `read_caption_pairs` would find a table in the folder."""
    return next(_tables(folder, []), None) is not None


def checked(
    folder: Path, pairs: pd.DataFrame, skipped: list[tuple[str, str]], source: Path
) -> CaptionPairs:
    """The pairs and what was skipped. Raises: NewsImagesError where no pair is left."""
    if pairs.empty:
        reasons = [f"{pair_id} ({reason})" for pair_id, reason in skipped]
        raise NewsImagesError(
            f"{source} has no pair of a caption and an image file: {first_ten(reasons)}. Put the "
            "image files where the table names them."
        )
    left_out = pd.DataFrame(skipped, columns=["pair_id", "reason"], dtype="str")
    return CaptionPairs(folder=folder, pairs=pairs, skipped=left_out)


def _tables(source: Path, skipped: list[tuple[str, str]]) -> Iterator[Path]:
    """Yields the file itself or, of a folder, the tables that have both columns.

    What is a link out of the folder, or has a name that is no text, goes to ``skipped``. The
    captions of a data set's own images are no pairs.
    """
    if source.is_file():
        yield source
    elif source.is_dir():
        places = [source, *sorted(path for path in source.iterdir() if path.is_dir())]
        for folder in places:
            if reason := reason_not_to_follow(folder, source):
                skipped.append((encodable(folder.name), reason))
            elif folder == source or not (folder / OUTPUT_MARKER).exists():
                captions = captions_tables(folder, source)
                for path in sorted(folder.iterdir()):
                    if is_table(path) and path.is_file() and path not in captions:
                        if reason := reason_not_to_follow(path, source):
                            skipped.append((encodable(path.name), reason))
                        elif first_columns(path) >= {"caption", "image"}:
                            yield path


def _pairs(
    path: Path, folder: Path, encoding: str | None, skipped: list[tuple[str, str]]
) -> Iterator[PairRow]:
    """Yields the pairs of a table; unusable ones go to ``skipped``."""
    table = read_table(path, encoding)
    require_columns(table, FORM, "caption", "image")
    files = ImageFiles(path.parent, folder)
    name = path.relative_to(folder).as_posix()
    captions = table.column("caption").map(readable)
    columns = [captions, known(table.column("image")), table.column("split")]
    for line, caption, image, split in zip(table.rows.index, *columns, strict=True):
        pair_id = f"{name}:{line}"
        found = files.find((image,))
        if not caption:
            skipped.append((pair_id, "the caption is empty"))
        elif not image:
            skipped.append((pair_id, "no image"))
        elif found.path is None:
            skipped.append((pair_id, found.reason))
        elif split and split.lower() not in SPLITS:
            skipped.append((pair_id, f"split is {split!r}, expected train, validation or test"))
        else:
            yield pair_id, caption, found.path, found.path, SPLITS.get(split.lower())
