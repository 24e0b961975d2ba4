"""Image files in, the pixels that an image tower takes out; decoded ahead, in threads.

Pillow decodes and resizes beside Python, so threads are as fast as processes, and need neither
shared memory nor copies. Pixels have 8 bits until they are where the tower computes.
"""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from newsimages.encoding.images import UnreadableImageError, open_image
from newsimages.encoding.window import WHOLE, Window, after_step

Decoded = NDArray[np.uint8] | str
"""(H, W, 3) pixels of a file, or why it cannot be read."""
MOST_THREADS = 16  # more wait for Python's lock
_AHEAD = 2  # batches


def auto_workers() -> int:
    """Threads that decode: one for each core that this process may use."""
    has_affinity = hasattr(os, "sched_getaffinity")  # neither macOS nor Windows has
    n_cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    return min(n_cores, MOST_THREADS)


class Preparation:
    """An openCLIP image transform in two: of a picture, and of a batch of its pixels."""

    def __init__(self, transform: Any, device: torch.device, *, at_least: int) -> None:
        """``at_least``: pixels that both sides of a JPEG decoded at reduced size keep."""
        *self._steps, _, normalize = transform.transforms  # the last but one divides by 255
        self._at_least = at_least
        # tensors, as a GPU multiplies by the reciprocal of a number, which gives other bits
        self._white = torch.full((1,), 255.0, device=device)
        self._mean, self._std = (
            torch.tensor(each, dtype=torch.float32, device=device).view(3, 1, 1)
            for each in (normalize.mean, normalize.std)
        )

    def decoded(self, path: Path) -> Decoded:
        """The file's pixels in the tower's size."""
        try:
            picture = open_image(path, at_least=self._at_least)
        except UnreadableImageError as error:
            return str(error)
        return self._prepared(picture)[0]

    def placed(self, path: Path) -> tuple[NDArray[np.uint8], Window, float]:
        """The file's pixels in the tower's size, where they lie in it, and its width by height.

        Raises:
            UnreadableImageError: As `open_image`.
        """
        picture = open_image(path, at_least=self._at_least)
        return *self._prepared(picture), picture.width / picture.height

    def _prepared(self, picture: Image.Image) -> tuple[NDArray[np.uint8], Window]:
        window = WHOLE
        for step in self._steps:
            before, picture = picture.size, step(picture)
            window = after_step(window, step, before, picture.size)
        return np.array(picture), window

    def normalised(self, pixels: Sequence[NDArray[np.uint8]]) -> Tensor:
        """B times (H, W, 3) to (B, 3, H, W) float32 on the device, with the transform's bits."""
        batch = torch.from_numpy(np.stack(pixels)).to(self._white.device).permute(0, 3, 1, 2)
        values = batch.to(torch.float32, memory_format=torch.contiguous_format)
        return values.div_(self._white).sub_(self._mean).div_(self._std)

    def decoded_batches(
        self, batches: Sequence[Sequence[Path]], workers: int
    ) -> Iterator[list[Decoded]]:
        """Decodes batch after batch, in order; with ``workers`` threads, some batches ahead."""
        if not workers:
            yield from ([self.decoded(path) for path in batch] for batch in batches)
            return
        pool = ThreadPoolExecutor(workers)
        ahead: deque[list[Future[Decoded]]] = deque()
        try:
            for batch in batches:
                ahead.append([pool.submit(self.decoded, path) for path in batch])
                if len(ahead) > _AHEAD:
                    yield [each.result() for each in ahead.popleft()]
            while ahead:
                yield [each.result() for each in ahead.popleft()]
        finally:
            pool.shutdown(cancel_futures=True)
