"""A retriever on disk: saved when it is registered, loaded where it is served.

The folder holds ``retriever.json`` (format, settings, size and SHA-256 of every other file),
``gallery.npy`` (D, E) float32, ``gallery.parquet`` (image_id, and offsets by their method),
``txv.safetensors`` where there is a T×V network, and ``tower/`` (see `tower_folder`). Nothing in it
is pickled or executed, and nothing is read that ``retriever.json`` does not list.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, get_args

import numpy as np
import pandas as pd
import safetensors

from newsimages.embeddings import Embeddings
from newsimages.encoding.encoders import OpenClipEncoder
from newsimages.encoding.long_text import LongText, embed_full_texts
from newsimages.encoding.text_tower import TextTower
from newsimages.encoding.tower_folder import TOWER_FILES, load_tower, save_tower
from newsimages.errors import NewsImagesError, first_ten
from newsimages.ranking.bank import ImageOffsets
from newsimages.ranking.revision import Revision
from newsimages.retriever.retriever import Retriever
from newsimages.txv import load_network, save_network

FORMAT = 1  # raise it when the folder's content, or its meaning, changes
MANIFEST, VECTORS, IMAGES, HEAD, TOWER = (
    "retriever.json",
    "gallery.npy",
    "gallery.parquet",
    "txv.safetensors",
    "tower",
)
_SAMPLE = 64


def save_retriever(
    folder: Path,
    retriever: Retriever,
    encoder: OpenClipEncoder,
    *,
    sample: list[str],
    long_text: LongText = "cut",
) -> dict[str, Any]:
    """Writes a retriever and the text tower that it is asked through.

    Args:
        folder: Empty or not there, so that nothing of an earlier model is taken for a part of it.
        retriever: With the offsets of a query bank.
        encoder: Its text tower is written.
        sample: Texts by which the written tower is checked.
        long_text: What is done with long texts.

    Returns:
        What ``retriever.json`` says of it.

    Raises:
        NewsImagesError: There is no query bank, a text tower that cannot be served or does not fit
            the gallery, or a folder that is not empty or cannot be written.
    """
    if not retriever.offsets:
        raise NewsImagesError("A retriever without a query bank cannot be served: give it one.")
    _check_fit(retriever, encoder.text_tower)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise NewsImagesError(f"{folder} is not empty: save the retriever to another folder.")
        return _save(folder, retriever, encoder, sample=sample, long_text=long_text)
    except (OSError, safetensors.SafetensorError) as error:
        raise NewsImagesError(
            f"Cannot write {folder}: {error}. Choose another folder, or free some space."
        ) from error


def _save(
    folder: Path,
    retriever: Retriever,
    encoder: OpenClipEncoder,
    *,
    sample: list[str],
    long_text: LongText,
) -> dict[str, Any]:
    """Writes the files, the manifest last: without it the folder cannot be loaded."""
    gallery = retriever.gallery.sorted_by_id()
    cosine = save_tower(folder / TOWER, encoder, sample[:_SAMPLE])
    np.save(folder / VECTORS, gallery.vectors, allow_pickle=False)
    table = pd.DataFrame({"image_id": gallery.ids.astype(object)})
    for each in retriever.offsets:
        table[each.revision.method] = each.of(gallery.ids)
    table.to_parquet(folder / IMAGES, index=False)
    if retriever.head is not None:
        save_network(folder / HEAD, retriever.head)
    about = {
        **(retriever.about or {}),
        "gallery_size": len(gallery),
        "dimension": gallery.dimension,
        "precision": encoder.precision,
        "tower_cosine": round(cosine, 6),
        "long_text": long_text,
    }
    manifest = {
        "format": FORMAT,
        "revisions": [asdict(revision) for revision in retriever.revisions],
        "about": about,
        "files": {
            path.relative_to(folder).as_posix(): {
                "bytes": path.stat().st_size,
                "sha256": _sha256(path),
            }
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        },
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2))
    return about


def load_retriever(folder: Path) -> Retriever:
    """Reads and checks what `save_retriever` has written.

    Raises:
        NewsImagesError: The folder is absent, of a newer format, or a file in it is absent, cut
            short, altered, one too many or does not fit the others.
    """
    manifest = _manifest(folder)
    _check_files(folder, manifest["files"])
    try:
        table = pd.read_parquet(folder / IMAGES)
        ids = table["image_id"].to_numpy(dtype=np.str_)
        gallery = Embeddings(ids, np.load(folder / VECTORS, allow_pickle=False))
        revisions = tuple(Revision(**settings) for settings in manifest["revisions"])
        offsets = tuple(
            ImageOffsets(ids, table[each.method].to_numpy(np.float32), each) for each in revisions
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise NewsImagesError(
            f"The gallery of {folder} cannot be used: {error}. Register the model again."
        ) from error
    tower = load_tower(folder / TOWER)
    about = manifest["about"]
    encode = partial(_encode, tower)
    retriever = Retriever(
        gallery=gallery,
        head=load_network(folder / HEAD) if HEAD in manifest["files"] else None,
        revisions=revisions,
        offsets=offsets,
        encode=partial(embed_full_texts, encode=encode, long_text=about["long_text"]),
        about=about,
    )
    _check_fit(retriever, tower)
    return retriever


def _check_fit(retriever: Retriever, tower: TextTower) -> None:
    """Raises: NewsImagesError where text tower, T×V and gallery do not fit each other."""
    gives, has, head = tower.dimension, retriever.gallery.dimension, retriever.head
    takes = (has,) if head is None else head.config.text_dimensions
    maps_to = has if head is None else head.config.n_spaces * head.config.width
    if takes != (gives,) or maps_to != has:
        txv = "" if head is None else f", T×V maps vectors of {first_ten(takes)} to {maps_to}"
        raise NewsImagesError(
            f"The text tower gives vectors of the dimension {gives}{txv}, the gallery's have "
            f"{has}. Encode texts and images with the same models, and register again."
        )


def _encode(tower: TextTower, texts: Mapping[str, str]) -> Embeddings:
    return Embeddings(np.asarray(list(texts)), tower.encode(list(texts.values())))


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found = manifest["format"]
        is_ours = type(found) is int and found == FORMAT  # a True is no 1
        if is_ours and not _is_whole(manifest):
            raise ValueError("settings or files are missing or of another type")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise NewsImagesError(
            f"{path} cannot be read as a retriever's: {type(error).__name__}: {error}. Expected a "
            "folder as `register` writes it."
        ) from error
    if not is_ours:
        raise NewsImagesError(
            f"{path} is of format {found!r}, but this code reads format {FORMAT}. Load it with the "
            "version of the project that wrote it, or register the model again."
        )
    return manifest


def _is_whole(manifest: Mapping[str, Any]) -> bool:
    """Whether it holds what a manifest of this format does."""
    files, about, revisions = (manifest.get(key) for key in ("files", "about", "revisions"))
    return (
        isinstance(about, dict)
        and about.get("long_text") in get_args(LongText)
        and isinstance(revisions, list)
        and len(revisions) > 0
        and isinstance(files, dict)
        and all(
            isinstance(each, dict) and {"bytes", "sha256"} <= {*each} for each in files.values()
        )
    )


def _check_files(folder: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises: NewsImagesError where a file is not what the manifest says, or is not in it."""
    there = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if not path.is_dir() and path != folder / MANIFEST
    }
    unlisted = {*there, VECTORS, IMAGES, *(f"{TOWER}/{name}" for name in TOWER_FILES)} - {*files}
    wrong = [f"{_shown(name)} (not in {MANIFEST})" for name in sorted(unlisted)]
    for name, expected in files.items():
        reason = _reason(folder, name, there.get(name), expected)
        wrong += [f"{_shown(name)} ({reason})"] if reason else []
    if wrong:
        raise NewsImagesError(
            f"{folder} is damaged: {first_ten(wrong)}. Fetch the model anew, or register it again."
        )


def _reason(folder: Path, name: str, path: Path | None, expected: Mapping[str, Any]) -> str | None:
    """What is wrong with a file of the manifest; None where nothing is.

    Args:
        folder: The retriever's.
        name: As the manifest has it; it is never made a path of.
        path: The file of that name which was found in the folder.
        expected: Its size and checksum.
    """
    leads = PurePosixPath(name)
    is_link_out = path is not None and not path.resolve().is_relative_to(folder.resolve())
    if leads.is_absolute() or ".." in leads.parts or is_link_out:
        return "outside the folder"
    if path is None or not path.is_file():
        return "absent"
    if path.stat().st_size != expected["bytes"]:
        return f"{path.stat().st_size} bytes, expected {expected['bytes']}"
    return None if _sha256(path) == expected["sha256"] else "altered"


def _shown(name: str) -> str:
    return name if name.isprintable() else ascii(name)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
