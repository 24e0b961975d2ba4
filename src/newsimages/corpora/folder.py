"""Reads a corpus folder: files in, data sets of articles and images out."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from newsimages.corpora import own
from newsimages.corpora.assembly import SKIPPED_COLUMNS, Report, assemble, assemble_articles
from newsimages.corpora.corpus_file import read_corpus_file
from newsimages.corpora.encoding import check_encoding
from newsimages.corpora.forms import captions_tables, read_part, reason_to_pass_over
from newsimages.corpora.image_files import IMAGE_ENDINGS, OUTPUT_MARKER, ImageFiles
from newsimages.corpora.image_folder import gallery_images
from newsimages.corpora.names import (
    check_names,
    check_unique,
    check_wanted,
    composed,
    is_text,
    names_of,
    reason_not_to_follow,
)
from newsimages.corpora.parts import Part, Split
from newsimages.corpora.schema import check
from newsimages.corpora.tables import TABLE_ENDINGS, is_table
from newsimages.errors import NewsImagesError, first_ten
from newsimages.paths import looked_for
from newsimages.plain_text import encodable

_Skipped = tuple[str, str, str, str, str]  # a row of Corpus.skipped
_DEAD_LINK = "a link that leads nowhere or to itself; not followed"
_NO_TEXT_NAME = "its name is not UTF-8; rename it"
_NO_FILE = "a pipe or a device, no file"
_OTHER_KIND = "this kind of file is not read; save it as CSV"
_OTHER_TABLES = (".xls", ".xlsm", ".ods", ".jsonl", ".json.gz", ".zip", ".csv.bz2", ".csv.xz")


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """The articles and images of one data set and split.

    Attributes:
        articles: Columns ``article_id`` (unique), ``url``, ``title`` (never blank), ``text`` (""
            for none), ``title_en``, ``text_en`` (given English versions, or NA), ``image_id``
            (the right image, NA where it is not known; one that is absent from ``images`` is
            never found), ``date`` (UTC, or NaT).
        images: Columns ``image_id`` (unique), ``path`` (below the corpus folder, or whole for those
            of a gallery elsewhere; NA where no file is found), ``url``, ``reason`` (why ``path``
            is NA, else NA) and, where they were read, ``caption`` (NA for none).
    """

    name: str
    split: Split
    articles: pd.DataFrame
    images: pd.DataFrame

    @property
    def captions(self) -> list[str]:
        """The captions that its images have; none where they were not read."""
        return list(self.images["caption"].dropna()) if "caption" in self.images else []


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """A corpus folder as it was read.

    Attributes:
        name: Its name in ``corpus.json``, else the folder's name.
        data_sets: Ordered by name, train before test.
        models: Models that ``corpus.json`` recommends, by the keys of `read_corpus_file`.
        skipped: Columns ``data_set``, ``split``, ``kind`` (``article``, ``image`` or ``table``),
            ``id``, ``reason``: everything that was left out or kept with something missing.
        encoding: What its tables that are not UTF-8 are in; None where it was to be found out.
    """

    folder: Path
    name: str
    data_sets: tuple[DataSet, ...]
    models: dict[str, str]
    skipped: pd.DataFrame
    encoding: str | None = None


def read_corpus(
    folder: Path,
    only: Collection[str] | None = None,
    encoding: str | None = None,
    gallery: Path | None = None,
) -> Corpus:
    """Reads the data sets of ``folder``; its form is described in `newsimages.corpora`.

    Args:
        folder: The corpus folder.
        only: The data sets to read, None means all; the others' headers alone are read.
        encoding: Of the tables that are not UTF-8; None means cp1252 where that makes sense.
        gallery: A folder of images that take the place of those of the test sets, whose right
            images are then not known; None: each set has its own.

    Raises:
        NewsImagesError: The folder or a table in it cannot be used, there is no data set of a
            name in ``only``, or no such encoding.
    """
    folder = Path(folder)
    check_encoding(encoding or "")
    if not is_text(str(folder)):
        raise NewsImagesError(
            f"The name of the corpus folder {encodable(str(folder))} is not UTF-8. Rename it."
        )
    if not folder.is_dir():
        got = "is a file" if folder.exists() else "does not exist"
        raise NewsImagesError(
            f"The corpus folder {folder} {got}{looked_for(folder)}. Give a folder that holds "
            "tables of articles, best by its whole path."
        )
    try:
        return _read(folder, only, encoding, gallery)
    except OSError as error:
        raise NewsImagesError(
            f"Cannot read {encodable(str(error.filename or folder))}: {error.strerror or error}. "
            "Check the permissions of the corpus folder."
        ) from error


def _read(
    folder: Path, only: Collection[str] | None, encoding: str | None, gallery: Path | None
) -> Corpus:
    shared = None if gallery is None else gallery_images(gallery)
    corpus_name, models = read_corpus_file(folder)
    skipped: list[_Skipped] = []
    tables = {place: _named_tables(place, folder, skipped) for place in places(folder, skipped)}
    known = {name for names in tables.values() for name in names.values()}
    if not known:
        raise NewsImagesError(
            f"{folder} holds no tables of articles, neither directly nor in its sub-folders. "
            f"Expected files ending in {', '.join(TABLE_ENDINGS)} with the columns "
            f"{own.FORM} or those of a NewsImages release.{_passed_over(skipped)}"
        )
    wanted = known if only is None else set(map(composed, only))
    check_wanted(folder, sorted(wanted), known)
    check_names(folder, wanted)
    data_sets: list[DataSet] = []
    for place, names in tables.items():
        if chosen := {path: name for path, name in names.items() if name in wanted}:
            data_sets.extend(_data_sets(place, folder, chosen, encoding, skipped, gallery=shared))
    check_unique(folder, [(each.name, each.split) for each in data_sets])
    return Corpus(
        folder=folder,
        name=corpus_name,
        data_sets=tuple(sorted(data_sets, key=lambda each: (each.name, each.split == "test"))),
        models=models,
        skipped=pd.DataFrame(skipped, columns=SKIPPED_COLUMNS, dtype="str"),
        encoding=encoding,
    )


def places(root: Path, skipped: list[_Skipped]) -> Iterator[Path]:
    """Yields the corpus folder and the sub-folders that may hold data sets; others are reported."""
    yield root
    for place in sorted(path for path in root.iterdir() if path.is_dir()):
        if reason := reason_not_to_follow(place, root):
            skipped.append((encodable(place.name), "", "table", encodable(place.name), reason))
        elif not place.name.startswith(".") and not (place / OUTPUT_MARKER).exists():
            yield place


def _named_tables(place: Path, root: Path, skipped: list[_Skipped]) -> dict[Path, str]:
    """The tables of articles or images in ``place``, each with the name of its data set."""
    tables = []
    captions = captions_tables(place, root)
    for path in sorted(place.iterdir()):
        if path in captions:
            continue  # `newsimages.corpora.captions` reads it
        reason = _reason_to_skip(path, place, root)
        if reason:
            kind = "image" if path.suffix.lower() in IMAGE_ENDINGS else "table"
            skipped.append((composed(place.resolve().name), "", kind, encodable(path.name), reason))
        elif reason is None:
            tables.append(path)
    return dict(zip(tables, names_of(tables, place, root), strict=True))


def _reason_to_skip(path: Path, place: Path, root: Path) -> str | None:
    """Why a file is not read as a table; "" where nobody would expect it, None where it is read."""
    if path.name.startswith((".", "~")) or path.is_dir():
        return ""
    if is_table(path):
        if reason := reason_not_to_follow(path, root):
            return reason
        return reason_to_pass_over(path) if path.is_file() else _NO_FILE
    if path.name.lower().endswith(_OTHER_TABLES):
        return _OTHER_KIND
    return _DEAD_LINK if place == root and path.is_symlink() and not path.exists() else ""


def _data_sets(
    place: Path,
    root: Path,
    tables: Mapping[Path, str],
    encoding: str | None,
    skipped: list[_Skipped],
    *,
    gallery: pd.DataFrame | None,
) -> Iterator[DataSet]:
    """The data sets of the ``tables`` in ``place``; ``gallery`` are the images of its tests."""
    groups: dict[tuple[str, Split], list[Part]] = defaultdict(list)
    for path, name in tables.items():
        part = read_part(path, encoding)
        groups[name, part.split].append(part)
    files = ImageFiles(place, root)
    here = composed(place.resolve().name)
    passed_over = _passed_over([row for row in skipped if row[0] == here])
    for link in files.dead_links:
        if place != root or "/" in link:  # those directly in the corpus folder are reported
            skipped.append((here, "", "image", link, _DEAD_LINK))
    for name in files.without_text_name:
        skipped.append((here, "", "image", name, _NO_TEXT_NAME))
    for (name, split), members in groups.items():
        report = Report(name, split, passed_over)
        if gallery is None or split == "train":
            articles, images = assemble(members, files, report)
        else:
            articles, images = assemble_articles(members, report), gallery
        check(articles, images, report.where)
        skipped.extend(report.rows)
        yield DataSet(name=name, split=split, articles=articles, images=images)


def _passed_over(skipped: list[_Skipped]) -> str:
    """A sentence that names the files which might have been tables; "" where there are none."""
    shown = [f"{name} ({reason})" for _, _, kind, name, reason in skipped if kind == "table"]
    return f" Passed over: {first_ten(shown)}." if shown else ""
