"""Scenes -> drawn pictures at the size that the demo's CLIP model sees, in one memory-mapped file.

The pictures are made as a corpus picture is: drawn at full size and reduced by openCLIP's own
preprocessing, so that training and use see the same.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from newsimages.atomic import replacing
from newsimages.corpora.demo.drawing import draw
from newsimages.corpora.demo.scenes import Scene


def small_picture(scene: Scene, size: int) -> NDArray[np.uint8]:
    """One drawn picture as (size, size, 3)."""
    return np.asarray(draw(scene).resize((size, size), Image.Resampling.BICUBIC), dtype=np.uint8)


def draw_pictures(
    path: Path, scenes: Sequence[Scene], *, size: int, workers: int
) -> NDArray[np.uint8]:
    """Draws all ``scenes`` into ``path`` unless that was done, and maps it.

    Returns:
        (N, size, size, 3), in the order of ``scenes``, read from disk as needed.
    """
    shape = (len(scenes), size, size, 3)
    if not path.exists():
        with replacing(path) as temporary, ProcessPoolExecutor(workers) as pool:
            file = np.memmap(temporary, np.uint8, "w+", shape=shape)
            drawn = pool.map(small_picture, scenes, [size] * len(scenes), chunksize=64)
            for row, picture in enumerate(tqdm(drawn, total=len(scenes), mininterval=10)):
                file[row] = picture
            file.flush()
    return np.memmap(path, np.uint8, "r", shape=shape)


def shifted(
    pictures: NDArray[np.uint8], rng: np.random.Generator, *, by: int = 4
) -> NDArray[np.uint8]:
    """Each picture moved by up to ``by`` pixels, its edge repeated; never mirrored."""
    size = pictures.shape[1]
    padded = np.pad(pictures, ((0, 0), (by, by), (by, by), (0, 0)), mode="edge")
    corners = rng.integers(0, 2 * by + 1, size=(len(pictures), 2))
    crops: Iterator[NDArray[np.uint8]] = (
        picture[top : top + size, left : left + size]
        for picture, (top, left) in zip(padded, corners, strict=True)
    )
    return np.stack(list(crops))
