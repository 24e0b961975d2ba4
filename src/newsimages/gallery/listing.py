"""Images that are to be added: a folder of files and a table in, what is said of each out.

The table has a column ``image_id``, or ``file`` or ``image`` (a path or a name below the folder,
with or without ending), or both; and any of ``caption``, ``credit``, ``rights`` and ``date``.
Without a table, all image files below the folder are meant, and an image's id is its path. What the
table does not say of caption, credit and date is read from the file, where that says it.
"""

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from newsimages.checksums import file_sha256
from newsimages.corpora.assembly import dates_of
from newsimages.corpora.encoding import decoded, first_lines
from newsimages.corpora.image_files import ImageFiles
from newsimages.corpora.image_folder import image_files
from newsimages.corpora.picture_captions import said_in
from newsimages.corpora.tables import Table, clean, read_table
from newsimages.errors import NewsImagesError, first_ten
from newsimages.gallery.columns import ABOUT, TEXTS
from newsimages.plain_text import readable

ID, FILES = "image_id", ("file", "image")


@dataclass(frozen=True, kw_only=True, eq=False)
class Listing:
    """N images that have a file."""

    about: pa.Table
    """(N) what is said of them, with the columns of `ABOUT`."""
    files: dict[str, Path]
    """The file of each, by its id, in the same order."""
    problems: dict[str, str]
    """The images that have no file that can be read, and what is odd with others, by id."""


def listing(
    folder: Path, table: Path | None = None, *, only: Collection[str] | None = None
) -> Listing:
    """The images of a folder, those of them that a table names, or ``only`` some by their ids.

    Raises:
        NewsImagesError: The folder is not there, or no image has a file; the table cannot be read,
            names no images, or one twice.
    """
    if not folder.is_dir():
        raise NewsImagesError(f"images={folder} is no folder. Name the folder of the image files.")
    problems: dict[str, str] = {}
    if table is None:
        files = image_files(folder)
        files = {key: path for key, path in files.items() if only is None or key in only}
        said = pd.DataFrame(dict.fromkeys((*TEXTS, "date"), ""), index=pd.Index(files))
    else:
        said, files = _of_table(folder, _read(table), problems)
    if not files:
        shown = first_ten([f"{key} ({why})" for key, why in problems.items()])
        raise NewsImagesError(
            f"images={folder} holds no image files{f' of {table}: {shown}' if table else ''}. Name "
            "the folder that holds them."
        )
    return _listed(folder, files, said.loc[list(files)], problems)


def named_in(table: Path) -> list[str]:
    """The ids in a table. Raises: NewsImagesError where it cannot be read, or has none."""
    return list(_ids(_read(table)))


def _read(path: Path) -> Table:
    """A table, which may be one of ids alone: a single column has no delimiter to know it by."""
    if not path.is_file():
        raise NewsImagesError(f"table={path} is no file. Name a table of images.")
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        name = clean(first_lines(path)[0]).strip('"').lower()
        if name in (ID, *FILES):
            lines = [clean(line).strip('"') for line in decoded(path, None).splitlines()[1:]]
            rows = pd.DataFrame({name: lines}, index=range(2, len(lines) + 2), dtype="str")
            return Table(path=path, rows=rows[rows[name] != ""])
    return read_table(path)


def _ids(table: Table) -> pd.Series:
    """By row; the id, else the file."""
    if table.columns.isdisjoint({ID, *FILES}):
        raise NewsImagesError(
            f"{table.path} has the columns {first_ten(sorted(table.columns))}; expected image_id "
            "or file (or both), and any of caption, credit, rights and date."
        )
    ids = table.column(ID)
    ids = ids.where(ids != "", table.column(*FILES).str.replace("\\", "/", regex=False))
    if (blank := ids == "").any():
        raise NewsImagesError(
            f"{table.path} has neither image_id nor file in the lines "
            f"{first_ten(ids.index[blank].tolist())}. Fill them in, or remove these lines."
        )
    twice = ids[ids.duplicated()].unique().tolist()
    if twice:
        raise NewsImagesError(
            f"{table.path} names images more than once: {first_ten(twice)}. Keep one line of each."
        )
    return ids


def _of_table(
    folder: Path, table: Table, problems: dict[str, str]
) -> tuple[pd.DataFrame, dict[str, Path]]:
    ids, names = _ids(table), table.column(*FILES)
    said = pd.DataFrame({name: table.column(name) for name in (*TEXTS, "date")})
    said.index = pd.Index(ids)
    found = ImageFiles(folder, folder)
    files = {}
    for image_id, name in zip(ids.tolist(), names.tolist(), strict=True):
        at = found.find((name, image_id))
        if at.path is None:
            problems[image_id] = at.reason
        else:
            files[image_id] = folder / at.path
    return said, files


def _listed(
    folder: Path, files: dict[str, Path], said: pd.DataFrame, problems: dict[str, str]
) -> Listing:
    with ThreadPoolExecutor() as pool:
        digests = dict(zip(files, pool.map(_digest, files.values()), strict=True))
    for image_id in [image_id for image_id, digest in digests.items() if not digest]:
        problems[image_id] = "its file cannot be read"
        del files[image_id]
    if not files:
        raise NewsImagesError(f"Not one image file below {folder} can be read.")
    said = said.loc[list(files)]
    dates = dates_of(said["date"])
    odd = dates.isna() & (said["date"] != "")
    for key, cell in said["date"][odd].items():
        problems[str(key)] = f"{cell!r} is no date such as 2026-03-31; added without"
    texts = {name: [readable(text) or None for text in said[name]] for name in TEXTS}
    moments = [None if pd.isna(date) else date.to_pydatetime() for date in dates]
    for row, path in enumerate(files.values()):
        if texts["caption"][row] and texts["credit"][row] and moments[row]:
            continue
        own = said_in(path)
        for name in ("caption", "credit"):
            texts[name][row] = texts[name][row] or own.get(name)
        moments[row] = moments[row] or own.get("date")
    about = pa.table(
        {
            "image_id": list(files),
            "file": [path.relative_to(folder).as_posix() for path in files.values()],
            "sha256": [digests[image_id] for image_id in files],
            **texts,
            "date": moments,
        },
        schema=ABOUT,
    )
    return Listing(about=about, files=files, problems=problems)


def _digest(path: Path) -> str:
    try:
        return file_sha256(path)
    except OSError:
        return ""
