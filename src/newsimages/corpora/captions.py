"""Captions of a corpus's images: the corpus in, the same with a column ``caption`` out.

A table ``captions.csv`` (or another form of table) beside a data set's tables has the columns
``image,caption``; ``image`` is a path or a file name as in own data. An image that is in no such
table has the caption that its file holds, if there is one.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from newsimages.corpora.assembly import SKIPPED_COLUMNS
from newsimages.corpora.folder import Corpus, places
from newsimages.corpora.forms import CAPTIONS, captions_tables
from newsimages.corpora.image_files import ImageFiles
from newsimages.corpora.names import composed
from newsimages.corpora.parts import known, require_columns, stem_of
from newsimages.corpora.picture_captions import as_caption, caption_in
from newsimages.corpora.schema import check
from newsimages.corpora.tables import is_table, read_table
from newsimages.errors import NewsImagesError, first_ten

FORM = "image,caption"


def with_captions(corpus: Corpus) -> Corpus:
    """Reads the captions of a corpus's images; NA for those without one.

    Raises:
        NewsImagesError: A table of captions cannot be used, or gives an image two captions.
    """
    try:
        return _with_captions(corpus)
    except OSError as error:
        raise NewsImagesError(
            f"Cannot read {error.filename or corpus.folder}: {error.strerror or error}. Check the "
            "permissions of the corpus folder, or leave captions out by captions=none."
        ) from error


def _with_captions(corpus: Corpus) -> Corpus:
    skipped: list[tuple[str, str, str, str, str]] = []
    told: dict[str, str] = {}
    for place in places(corpus.folder, []):
        for table in captions_tables(place, corpus.folder):
            captions, unknown = _read(table, corpus.folder, corpus.encoding)
            told |= captions
            if unknown:
                reason = f"{len(unknown)} captions of images without a file: {first_ten(unknown)}"
                name = composed(place.resolve().name)
                skipped.append((name, "", "table", table.name, reason))
    data_sets = []
    for data_set in corpus.data_sets:
        paths = data_set.images["path"]
        told |= {path: caption_in(corpus.folder / path) for path in set(paths.dropna()) - {*told}}
        own = paths.map({path: caption for path, caption in told.items() if caption})
        images = data_set.images.assign(caption=own.astype("str"))
        check(data_set.articles, images, f"{data_set.name} ({data_set.split})")
        data_sets.append(replace(data_set, images=images))
    rows = pd.DataFrame(skipped, columns=SKIPPED_COLUMNS, dtype="str")
    return replace(
        corpus,
        data_sets=tuple(data_sets),
        skipped=pd.concat([corpus.skipped, rows], ignore_index=True),
    )


def captions_of(files: Mapping[str, Path], folder: Path) -> dict[str, str]:
    """The captions of image files below a folder, by their ids; those without one are left out.

    Raises:
        NewsImagesError: As `with_captions`.
    """
    told = captions_told(folder)
    captions = {key: told.get(key) or caption_in(path) for key, path in files.items()}
    return {key: caption for key, caption in captions.items() if caption}


def captions_told(folder: Path) -> dict[str, str]:
    """What a folder's table of captions says of the image files below it, by their paths.

    Raises:
        NewsImagesError: As `with_captions`.
    """
    told: dict[str, str] = {}
    for path in sorted(folder.iterdir()):
        if is_table(path) and path.is_file() and stem_of(path).lower() == CAPTIONS:
            told |= _read(path, folder)[0]
    return told


def _read(
    table_path: Path, root: Path, encoding: str | None = None
) -> tuple[dict[str, str], list[str]]:
    """Reads a table of captions of the image files below its folder.

    Returns:
        The captions by the path of their image below ``root``, and the images without a file.

    Raises:
        NewsImagesError: A column is missing, an image has two captions, or as `read_table`.
    """
    table = read_table(table_path, encoding)
    require_columns(table, FORM, "image", "caption")
    files = ImageFiles(table_path.parent, root)
    captions: dict[str, str] = {}
    unknown: list[str] = []
    contradicting: list[str] = []
    cells = [known(table.column("image")), known(table.column("caption")).map(as_caption)]
    for line, image, caption in zip(table.rows.index, *cells, strict=True):
        found = files.find((image,)).path if image else None
        if found is None:
            unknown.append(image or f"line {line}")
        elif caption and captions.setdefault(found, caption) != caption:
            contradicting.append(f"{image} (line {line})")
    if contradicting:
        raise NewsImagesError(
            f"{table_path} has more than one caption for an image: {first_ten(contradicting)}. "
            "Expected one; remove the others or put them together."
        )
    return captions, unknown
