"""Rows of images for tests: small vectors, and what is said of them."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from newsimages.gallery.columns import ABOUT, SAID, Rows, TowerModel

DIMENSION = 16
MODEL = TowerModel(
    backbone="tiny", pretrained="tag", precision="fp32", key="k" * 16, dimension=DIMENSION
)
TOWERS = {"clip": MODEL}


def rows(
    ids: Sequence[str], *, picture: str = "", said: Mapping[str, Sequence[Any]] | None = None
) -> Rows:
    """Images whose vectors and checksums follow from their ids and ``picture``."""
    digests = [hashlib.sha256(f"{each}{picture}".encode()) for each in ids]
    drawn = [
        np.random.default_rng(int.from_bytes(each.digest()[:8])).normal(size=DIMENSION)
        for each in digests
    ]
    about = {
        "image_id": list(ids),
        "file": [f"{each}.jpg" for each in ids],
        "sha256": [each.hexdigest() for each in digests],
        **{name: (said or {}).get(name, [None] * len(ids)) for name in SAID},
    }
    vectors = np.array([each / np.linalg.norm(each) for each in drawn], np.float32)
    return Rows(
        about=pa.table(about, schema=ABOUT), vectors={"clip": vectors.reshape(-1, DIMENSION)}
    )


def numbered(start: int, stop: int) -> list[str]:
    """Ids."""
    return [f"i{number:04d}" for number in range(start, stop)]
