"""Rows of images for tests: small vectors, and what is said of them."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from newsimages.gallery.columns import ABOUT, SAID, Rows, TowerModel

DIMENSION = 16
MODEL = TowerModel(
    backbone="tiny", pretrained="tag", precision="fp32", key="k" * 16, dimension=DIMENSION
)
TOWERS = {"clip": MODEL, "captions": MODEL}
OLD = {"clip": MODEL}
"""Of a gallery that was made before captions had vectors."""


def rows(
    ids: Sequence[str], *, picture: str = "", said: Mapping[str, Sequence[Any]] | None = None
) -> Rows:
    """Images whose vectors and checksums follow from ids and ``picture``, and from captions."""
    digests = [hashlib.sha256(f"{each}{picture}".encode()) for each in ids]
    about = {
        "image_id": list(ids),
        "file": [f"{each}.jpg" for each in ids],
        "sha256": [each.hexdigest() for each in digests],
        **{name: (said or {}).get(name, [None] * len(ids)) for name in SAID},
    }
    captions = np.zeros((len(ids), DIMENSION), np.float32)
    for row, caption in enumerate(about["caption"]):
        if caption:
            captions[row] = _drawn(hashlib.sha256(caption.encode()).digest())
    vectors = np.array([_drawn(each.digest()) for each in digests], np.float32)
    return Rows(
        about=pa.table(about, schema=ABOUT),
        vectors={"clip": vectors.reshape(-1, DIMENSION), "captions": captions},
    )


def _drawn(digest: bytes) -> NDArray[np.float64]:
    vector = np.random.default_rng(int.from_bytes(digest[:8])).normal(size=DIMENSION)
    return vector / np.linalg.norm(vector)


def numbered(start: int, stop: int) -> list[str]:
    """Ids."""
    return [f"i{number:04d}" for number in range(start, stop)]
