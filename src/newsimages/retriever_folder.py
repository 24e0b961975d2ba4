"""A retriever on disk: saved when it is registered, loaded where it is served.

The folder holds ``retriever.json`` (format, settings, size and SHA-256 of every other file),
``gallery.npy`` (D, E) float32, ``gallery.parquet`` (image_id, and offsets by their method),
``txv.safetensors`` where there is a T×V network, and ``tower/`` (see `tower_folder`). Nothing in it
is pickled or executed.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from newsimages.bank import ImageOffsets
from newsimages.embeddings import Embeddings
from newsimages.encoders import OpenClipEncoder
from newsimages.errors import NewsImagesError, first_ten
from newsimages.long_text import LongText, embed_full_texts
from newsimages.retriever import Retriever
from newsimages.revision import Revision
from newsimages.text_tower import TextTower
from newsimages.tower_folder import load_tower, save_tower
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
        folder: Empty or not there.
        retriever: With the offsets of a query bank.
        encoder: Its text tower is written.
        sample: Texts by which the written tower is checked.
        long_text: What is done with long texts.

    Returns:
        What ``retriever.json`` says of it.

    Raises:
        NewsImagesError: There is no query bank, or a text tower that cannot be served.
    """
    if not retriever.offsets:
        raise NewsImagesError("A retriever without a query bank cannot be served: give it one.")
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
            short, altered or does not fit the others.
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
        long_text = manifest["about"]["long_text"]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise NewsImagesError(
            f"The gallery of {folder} cannot be used: {error}. Register the model again."
        ) from error
    tower = load_tower(folder / TOWER)
    return Retriever(
        gallery=gallery,
        head=load_network(folder / HEAD) if HEAD in manifest["files"] else None,
        revisions=revisions,
        offsets=offsets,
        encode=partial(embed_full_texts, encode=partial(_encode, tower), long_text=long_text),
        about=manifest["about"],
    )


def _encode(tower: TextTower, texts: Mapping[str, str]) -> Embeddings:
    return Embeddings(np.asarray(list(texts)), tower.encode(list(texts.values())))


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found, files = manifest["format"], manifest["files"]
        whole = isinstance(manifest["revisions"], list) and {**files, **manifest["about"]}
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise NewsImagesError(
            f"{path} cannot be read as a retriever's: {type(error).__name__}: {error}. Expected a "
            "folder as `register` writes it."
        ) from error
    if found != FORMAT or not whole:
        raise NewsImagesError(
            f"{path} is of format {found}, but this code reads format {FORMAT}. Load it with the "
            "version of the project that wrote it, or register the model again."
        )
    return manifest


def _check_files(folder: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises: NewsImagesError where a file is not what the manifest says of it."""
    root = folder.resolve()
    wrong = []
    for name, expected in files.items():
        path = (folder / name).resolve()
        if not path.is_relative_to(root):
            wrong.append(f"{name} (outside the folder)")
        elif not path.is_file():
            wrong.append(f"{name} (absent)")
        elif path.stat().st_size != expected["bytes"]:
            wrong.append(f"{name} ({path.stat().st_size} bytes, expected {expected['bytes']})")
        elif _sha256(path) != expected["sha256"]:
            wrong.append(f"{name} (altered)")
    needed = {VECTORS, IMAGES}
    wrong += [f"{name} (not in {MANIFEST})" for name in sorted(needed - set(files))]
    if wrong:
        raise NewsImagesError(
            f"{folder} is damaged: {first_ten(wrong)}. Fetch the model anew, or register it again."
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
