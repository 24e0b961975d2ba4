"""NYTimes800k for pre-training: documents as JSON lines in, captions and their image files out.

Each line is a document of the collection ``articles`` (mongoexport's form): ``headline.main``,
``parsed_section[]`` with ``type``, ``text`` and ``hash``, ``image_positions`` (which sections are
images) and ``split``, by date. The file of an image is ``{hash}.jpg``. (A. Tran et al.,
"Transform and Tell", CVPR 2020.)
"""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from newsimages.corpora.caption_pairs import PAIR_COLUMNS, SPLITS, CaptionPairs, PairRow, checked
from newsimages.corpora.names import reason_not_to_follow
from newsimages.errors import NewsImagesError
from newsimages.plain_text import encodable, readable

TextOf = Literal["caption", "headline"]

_ROWS_AT_A_TIME = 50_000


def read_nytimes800k(
    documents_path: Path, images_folder: Path, *, text: TextOf = "caption"
) -> CaptionPairs:
    """Reads the documents line by line, with the data set's own split.

    Args:
        documents_path: A file of JSON lines, or a folder of ``.jsonl`` or ``.json`` files.
        images_folder: What the pairs' paths are below.
        text: ``caption`` pairs every image with its caption; ``headline`` pairs an article's
            first image with its headline.

    Raises:
        NewsImagesError: A file or folder is missing or not of this form, or no image is found.
    """
    if text not in ("caption", "headline"):
        raise NewsImagesError(f"text={text!r}, expected 'caption' or 'headline'.")
    if not images_folder.is_dir():
        raise NewsImagesError(f"There is no folder of images {images_folder}.")
    skipped: list[tuple[str, str]] = []
    present = {path.name for path in _usable(images_folder, skipped)}
    rows = (
        row
        for path in _files(documents_path, skipped)
        for where, document in _documents(path, skipped)
        for row in _pairs(where, document, text, present, skipped)
    )
    # Part by part, since a row of Python texts takes several times the memory of a table's.
    parts = iter(lambda: list(islice(rows, _ROWS_AT_A_TIME)), [])
    frames = [pd.DataFrame(part, columns=PAIR_COLUMNS, dtype="str") for part in parts]
    pairs = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=PAIR_COLUMNS)
    return checked(images_folder, pairs, skipped, documents_path)


def _usable(folder: Path, skipped: list[tuple[str, str]]) -> Iterator[Path]:
    """Yields the files in a folder; links that leave it and names that are no text are skipped."""
    for path in folder.iterdir():
        if reason := reason_not_to_follow(path, folder):
            skipped.append((encodable(path.name), reason))
        elif path.is_file():
            yield path


def _files(path: Path, skipped: list[tuple[str, str]]) -> list[Path]:
    if path.is_file():
        return [path]
    folder = _usable(path, skipped) if path.is_dir() else ()
    files = sorted(each for each in folder if each.suffix.lower() in (".jsonl", ".json"))
    if not files:
        raise NewsImagesError(
            f"There are no documents in {path}: expected a file of JSON lines, or a folder of "
            "files ending in .jsonl or .json."
        )
    return files


def _documents(
    path: Path, skipped: list[tuple[str, str]]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields (where, document) for every line that holds one."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            where = f"{encodable(path.name)}:{number}"
            if number == 1 and line.lstrip(b"\xef\xbb\xbf \t").startswith(b"["):
                raise NewsImagesError(
                    f"{path} is one JSON array, expected a document per line. Export it with "
                    "mongoexport without --jsonArray."
                )
            if not line.strip():
                continue
            try:
                document = json.loads(line.decode("utf-8-sig", errors="replace"))
            except (ValueError, RecursionError) as error:
                skipped.append((where, f"not JSON: {error}"))
            else:
                if isinstance(document, dict):
                    yield where, document
                else:
                    skipped.append((where, f"a {type(document).__name__}, expected an object"))


def _pairs(
    where: str,
    document: Mapping[str, Any],
    text: TextOf,
    present: set[str],
    skipped: list[tuple[str, str]],
) -> Iterator[PairRow]:
    """Yields the pairs of a document; unusable ones go to ``skipped``."""
    said_split = str(document.get("split", "")).lower()
    if said_split not in SPLITS:
        got = document.get("split")
        skipped.append((where, f"split is {got!r}, expected train, valid or test"))
        return
    images = _image_sections(document)
    if not images:
        skipped.append((where, "no image among its sections"))
    headline = document.get("headline")
    title = headline.get("main") if isinstance(headline, dict) else None
    for position, section in images[: 1 if text == "headline" else None]:
        pair_id = f"{where}:{position}"
        words = readable(str((title if text == "headline" else section.get("text")) or ""))
        image_id = encodable(str(section.get("hash") or ""))
        file = f"{image_id}.jpg"
        if not words:
            skipped.append((pair_id, f"the {text} is empty"))
        elif file not in present:
            skipped.append((pair_id, f"no image file {file}"))
        else:
            yield pair_id, words, image_id, file, SPLITS[said_split]


def _image_sections(document: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any]]]:
    """(position, section) of a document's images, as ``image_positions`` or their type says."""
    sections = document.get("parsed_section")
    if not isinstance(sections, list):
        return []
    named = document.get("image_positions")
    positions = named if isinstance(named, list) else range(len(sections))
    return [
        (position, sections[position])
        for position in dict.fromkeys(p for p in positions if isinstance(p, int))
        if 0 <= position < len(sections)
        and isinstance(sections[position], dict)
        and sections[position].get("type", "caption") == "caption"
    ]
