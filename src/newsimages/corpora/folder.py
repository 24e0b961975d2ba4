"""Reads a corpus folder: files in, data sets of articles and images out."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pandas as pd

from newsimages.corpora import newsimages2025, newsimages_tsv, own
from newsimages.corpora.assembly import SKIPPED_COLUMNS, Report, assemble
from newsimages.corpora.corpus_file import read_corpus_file
from newsimages.corpora.image_files import ImageFiles
from newsimages.corpora.parts import Part, Split
from newsimages.corpora.schema import check
from newsimages.corpora.tables import TABLE_ENDINGS, first_columns, read_table
from newsimages.errors import NewsImagesError, first_ten

_FORMS: tuple[ModuleType, ...] = (newsimages2025, newsimages_tsv, own)
_CAPTION_PAIRS = {"caption", "image"}
_TXT_COLUMNS = 3
_NAME = re.compile(r"\w[\w .\-/]*")
_NAME_AND_SPLIT = re.compile(
    r"(.+?)[-_. ](?:train(?:ing)?|test)(?:[-_. ](?:text|img|images|articles))?", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """The articles and images of one data set and split.

    Attributes:
        name: The data set's name, such as RSS.
        split: ``train`` or ``test``.
        articles: Columns ``article_id`` (unique), ``url``, ``title`` (never blank), ``text`` (""
            for none), ``title_en``, ``text_en`` (given English versions, or NA), ``image_id``
            (the right image, NA where it is not known), ``date`` (UTC, or NaT).
        images: Columns ``image_id`` (unique), ``path`` (below the corpus folder, NA where no file
            is found), ``url``.
    """

    name: str
    split: Split
    articles: pd.DataFrame
    images: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """A corpus.

    Attributes:
        folder: Where it lies.
        name: What ``corpus.json`` calls it, else the folder's name.
        data_sets: Ordered by name, train before test.
        models: Models that ``corpus.json`` recommends: ``backbone``, ``pretrained``,
            ``translator``; may be empty.
        skipped: Columns ``data_set``, ``split``, ``kind`` (``article`` or ``image``), ``id``,
            ``reason``: everything that was left out or kept with something missing.
    """

    folder: Path
    name: str
    data_sets: tuple[DataSet, ...]
    models: dict[str, str]
    skipped: pd.DataFrame


def read_corpus(folder: Path) -> Corpus:
    """Reads all data sets of ``folder``; its form is described in `newsimages.corpora`.

    Raises:
        NewsImagesError: The folder or a table in it cannot be used; the message says what was
            got and expected, where, and what to do.
    """
    folder = Path(folder)
    if not folder.is_dir():
        got = "is a file" if folder.exists() else "does not exist"
        raise NewsImagesError(
            f"The corpus folder {folder} {got}. Give a folder that holds tables of articles."
        )
    try:
        return _read(folder)
    except OSError as error:
        raise NewsImagesError(
            f"Cannot read {error.filename or folder}: {error.strerror or error}. "
            "Check the permissions of the corpus folder."
        ) from error


def _read(folder: Path) -> Corpus:
    about = read_corpus_file(folder)
    data_sets: list[DataSet] = []
    skipped: list[tuple[str, str, str, str, str]] = []
    for place in (folder, *sorted(path for path in folder.iterdir() if path.is_dir())):
        if not place.resolve().is_relative_to(folder.resolve()):
            reason = "the folder is a link that leaves the corpus folder and is not followed"
            skipped.append((place.name, "", "article", place.name, reason))
        elif place == folder or not place.name.startswith("."):
            for data_set, report in _data_sets(place, folder):
                data_sets.append(data_set)
                skipped.extend(report.rows)
    _check_names(folder, data_sets)
    return Corpus(
        folder=folder,
        name=about.name,
        data_sets=tuple(sorted(data_sets, key=lambda each: (each.name, each.split == "test"))),
        models=about.models,
        skipped=pd.DataFrame(skipped, columns=SKIPPED_COLUMNS, dtype="str"),
    )


def _data_sets(place: Path, root: Path) -> Iterator[tuple[DataSet, Report]]:
    """The data sets whose tables lie in ``place``."""
    groups: dict[tuple[str, Split], list[Part]] = defaultdict(list)
    parts = [_read_part(path) for path in _table_files(place)]
    names = _names(parts, place, root)
    for part, name in zip(parts, names, strict=True):
        groups[name, part.split].append(part)
    files = ImageFiles(place, root) if groups else None
    for (name, split), members in groups.items():
        report = Report(name, split)
        if files is not None:
            articles, images = assemble(members, files, report)
            check(articles, images, report.where)
            yield DataSet(name=name, split=split, articles=articles, images=images), report


def _table_files(place: Path) -> list[Path]:
    """Tables of articles or images in ``place``, by their headers.

    Caption pairs belong to pre-training; a text file may be anything, such as a note.
    """
    files = sorted(
        path
        for path in place.iterdir()
        if path.suffix.lower() in TABLE_ENDINGS
        and not path.name.startswith((".", "~"))
        and path.is_file()
    )
    return [path for path in files if _is_table_of_articles(path)]


def _is_table_of_articles(path: Path) -> bool:
    columns = first_columns(path)
    if path.suffix.lower() == ".txt":
        return len(columns & newsimages_tsv.COLUMNS) >= _TXT_COLUMNS
    is_known = any(form.is_form(columns) for form in _FORMS)
    return is_known or not columns >= _CAPTION_PAIRS


def _read_part(path: Path) -> Part:
    table = read_table(path)
    for form in _FORMS:
        if form.is_form(table.columns):
            part: Part = form.read(table)
            return part
    expected = "; ".join(form.FORM for form in _FORMS)
    raise NewsImagesError(
        f"{path} is of no known form: got the columns {', '.join(table.rows.columns)}, expected "
        f"one of: {expected}. Rename its columns or move the file out of the corpus."
    )


def _names(parts: list[Part], place: Path, root: Path) -> list[str]:
    """The data set of each part: the folder's name, unless the file names tell several apart.

    Tables directly in the corpus folder go by their file names even where these tell one only.
    """
    told = [_NAME_AND_SPLIT.fullmatch(part.path.stem) for part in parts]
    names = [match.group(1) if match else "" for match in told]
    spelling: dict[str, str] = {}
    for name in names:
        spelling.setdefault(name.casefold(), name)
    several = len(spelling) > 1 or (place == root and len(spelling) == 1)
    if several and "" not in spelling:
        return [spelling[name.casefold()] for name in names]
    return [place.resolve().name] * len(parts)


def _check_names(folder: Path, data_sets: list[DataSet]) -> None:
    if not data_sets:
        raise NewsImagesError(
            f"{folder} holds no tables of articles, neither directly nor in its sub-folders. "
            f"Expected files ending in {', '.join(TABLE_ENDINGS)} with the columns "
            f"{own.FORM} or those of a NewsImages release."
        )
    odd = sorted({each.name for each in data_sets if not _NAME.fullmatch(each.name)})
    if odd:
        raise NewsImagesError(
            f"{folder}: data set names become names of metrics and may hold letters, digits and "
            f"_ - . / and blanks only; got {first_ten([repr(name) for name in odd])}. "
            "Rename the folder."
        )
    keys = [(each.name.casefold(), each.split) for each in data_sets]
    twice = sorted(
        {each.name for each in data_sets if keys.count((each.name.casefold(), each.split)) > 1}
    )
    if twice:
        raise NewsImagesError(
            f"{folder} holds more than one data set of the same name: {first_ten(twice)}. "
            "Rename one of the folders."
        )
