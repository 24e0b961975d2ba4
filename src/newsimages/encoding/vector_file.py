"""Many embeddings in one memory-mapped file: parts of them in, `Embeddings` on the file out.

Vectors that do not fit into memory: each part is embedded and appended, and the result reads the
file on access.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np

from newsimages.atomic import replacing
from newsimages.embeddings import Embeddings
from newsimages.encoding.store import SHARD_SIZE, EmbeddingStore
from newsimages.errors import NewsImagesError

PART_SIZE = 32 * SHARD_SIZE  # items that are in memory at a time; 64 MiB of 1024-d vectors

Item = TypeVar("Item")


def memory_mapped(path: Path, parts: Iterable[Embeddings]) -> Embeddings:
    """Writes parts into one ``.npy`` file, whole or not at all.

    Returns:
        All ids in memory, and the vectors as a read-only memory map of the file.

    Raises:
        NewsImagesError: No vectors, unequal dimensions, an id twice, or no room for the file.
    """
    ids: list[str] = []
    dimension = 0
    with replacing(path) as temporary, temporary.open("wb") as file:
        _write_header(file, 0, 0)
        for part in parts:
            dimension = dimension or part.dimension
            if part.dimension != dimension:
                raise NewsImagesError(
                    f"{path}: a part of {part.dimension}-d vectors after one of {dimension}-d. "
                    "Embed all of them with the same backbone."
                )
            file.write(np.ascontiguousarray(part.vectors).data)
            ids.extend(part.ids.tolist())
        if not ids:
            raise NewsImagesError(f"{path}: no vectors to write.")
        file.seek(0)
        _write_header(file, len(ids), dimension)
    return Embeddings(np.asarray(ids), np.load(path, mmap_mode="r"))


def text_parts(
    store: EmbeddingStore, texts: Mapping[str, str], *, label: str
) -> Iterator[Embeddings]:
    """Embeds texts `PART_SIZE` at a time; each part as `EmbeddingStore.texts`."""
    for number, part in enumerate(_cut(texts)):
        yield store.texts(part, label=f"{label}-{number:03d}")


def image_parts(
    store: EmbeddingStore, files: Mapping[str, Path], *, label: str, unreadable: dict[str, str]
) -> Iterator[Embeddings]:
    """Embeds image files `PART_SIZE` at a time; each part as `EmbeddingStore.images`.

    ``unreadable`` receives the reason by id of each image that cannot be read.
    """
    for number, part in enumerate(_cut(files)):
        embeddings, reasons = store.images(part, label=f"{label}-{number:03d}")
        unreadable.update(reasons)
        yield embeddings


def _cut(items: Mapping[str, Item]) -> Iterator[dict[str, Item]]:
    rest = iter(items.items())
    while part := dict(islice(rest, PART_SIZE)):
        yield part


def _write_header(file: BinaryIO, n: int, dimension: int) -> None:
    """The header of a .npy file; numpy leaves it room, so that its length does not depend on n."""
    about = {"descr": "<f4", "fortran_order": False, "shape": (n, dimension)}
    np.lib.format.write_array_header_1_0(file, about)
