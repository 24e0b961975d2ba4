"""Batches for training: pairs in, tensors on the device out, loaded ahead of their use.

The vectors may be memory-mapped files larger than memory. So an epoch's order mixes pairs only
within windows of blocks: a window stays in the system's page cache, and a block is read in one go.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from newsimages.embeddings import release
from newsimages.errors import TooFewError
from newsimages.txv.pairs import Pairs

BLOCK = 64  # pairs that lie side by side and are read together
WINDOW = 256 * BLOCK  # pairs among which the order is wholly random; 128 MiB of 1024-d vectors
AHEAD = 3  # batches that are loaded while one is worked on
LEAST_PAIRS = 4
"""Pairs of a training, at least: with fewer, the hardest negative is hardly one of several, and a
batch norm goes over next to nothing."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """B pairs on the device."""

    texts: tuple[Tensor, ...]  # per text feature (B, its dimension) float32
    images: tuple[Tensor, ...]  # per image feature the same; row i belongs to text i
    image_ids: Tensor  # (B,) int64, the same number for the same image

    def __len__(self) -> int:
        return len(self.image_ids)


def epoch_order(n: int, *, seed: int, epoch: int) -> NDArray[np.int64]:
    """(n,) a permutation of n pairs: blocks in random order, then pairs within windows of them.

    Up to `WINDOW` pairs, every order is as likely as any other.
    """
    generator = np.random.default_rng([seed, epoch])
    blocks = [np.arange(start, min(start + BLOCK, n)) for start in range(0, n, BLOCK)]
    order = np.concatenate([blocks[i] for i in generator.permutation(len(blocks))])
    for start in range(0, n, WINDOW):
        generator.shuffle(order[start : start + WINDOW])
    return order


def check_enough(n: int) -> None:
    """Raises: TooFewError where n pairs are too few to train on."""
    if n < LEAST_PAIRS:
        raise TooFewError(
            f"{n} pairs are too few to train on: expected {LEAST_PAIRS} or more. Give more pairs."
        )


def count_batches(n: int, batch_size: int) -> int:
    """The batches that n pairs make; where they do not fill one, they are a single batch."""
    # Never a batch of one pair: with batches of 2 and an odd number of pairs, one batch has 3.
    return min(-(-n // batch_size), n // 2)


def epoch_batches(n: int, batch_size: int, *, seed: int, epoch: int) -> list[NDArray[np.int64]]:
    """Cuts an epoch's order into batches that differ by at most one pair.

    No small batch is left over (as the authors have it), whose batch norm would be noisy and, for
    a single pair, undefined.
    Raises: As `count_batches`.
    """
    return np.array_split(epoch_order(n, seed=seed, epoch=epoch), count_batches(n, batch_size))


def load_batches(
    pairs: Pairs, batches: Sequence[NDArray[np.int64]], device: torch.device
) -> Iterator[Batch]:
    """Yields the batches; a thread reads the next ones while the caller works on one."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        ahead: deque[Future[Batch]] = deque()
        try:
            for positions in batches:
                ahead.append(pool.submit(_load, pairs, positions, device))
                if len(ahead) > AHEAD:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for future in ahead:
                future.cancel()


def _load(pairs: Pairs, positions: NDArray[np.int64], device: torch.device) -> Batch:
    text_rows, image_rows = pairs.text_rows[positions], pairs.image_rows[positions]
    texts = tuple(_moved(each.vectors.take(text_rows, axis=0), device) for each in pairs.texts)
    images = tuple(_moved(each.vectors.take(image_rows, axis=0), device) for each in pairs.images)
    for feature in (*pairs.texts, *pairs.images):
        release(feature.vectors)  # the system maps far more than is read
    return Batch(texts=texts, images=images, image_ids=_moved(image_rows, device))


def _moved(rows: NDArray[Any], device: torch.device) -> Tensor:
    tensor = torch.from_numpy(rows)
    if device.type != "cuda":
        return tensor
    return tensor.pin_memory().to(device, non_blocking=True)
