"""T×V training: its steps beside their bare matrix products, and pairs on disk beside memory.

The size is the paper's: 1024-d vectors, joint spaces of 2048, batches of 196. The pairs on disk
are as many as NYTimes800k has; a process of its own trains on them, so that its peak memory is
its own.
"""

import multiprocessing
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.ranking import peak_mb
from benchmarks.timing import Row, best_of, cost, gain
from newsimages.embeddings import Embeddings, release
from newsimages.encoding.vector_file import memory_mapped
from newsimages.txv.batches import Batch, epoch_batches, load_batches
from newsimages.txv.loss import margin_loss
from newsimages.txv.network import NetworkConfig, TxVNetwork
from newsimages.txv.pairs import Pairs
from newsimages.txv.schedule import TrainingConfig

DIMENSION, BATCH = 1024, 196
N_MEMORY, N_DISK = 20_000, 800_000
STEPS = 60
MEMORY_MB = 2048
PART = 20_000
CPU = torch.device("cpu")


@dataclass(frozen=True, kw_only=True)
class _Figures:
    """The figures of the process that trained from disk."""

    disk_s: float
    memory_s: float
    peak_mb: float


def run() -> list[Row]:
    """Measures the steps, then dropout, then the loading."""
    return [_steps(), _dropout(), _loading()]


def _steps() -> Row:
    """Times training steps beside their bare matrix products."""
    pairs = _in_memory()
    network = TxVNetwork(NetworkConfig())
    optimiser = torch.optim.Adam(network.parameters(), fused=True)
    batches = list(_batches(pairs))
    ours_s, bare_s = best_of(
        3, lambda: _train(network, optimiser, iter(batches)), lambda: _products(network, batches)
    )
    return gain(
        f"{STEPS} training steps of {BATCH} pairs, and their bare matrix products",
        (ours_s, bare_s),
        0.6,
        f"{STEPS * BATCH / ours_s:,.0f} pairs a second",
        True,
    )


def _dropout() -> Row:
    """Times training steps with the project's dropout and with torch's."""
    batches = list(_batches(_in_memory()))
    ours, theirs = TxVNetwork(NetworkConfig()), TxVNetwork(NetworkConfig())
    for module in theirs.modules():
        if isinstance(module, torch.nn.Sequential):
            module[-1] = torch.nn.Dropout(theirs.config.dropout)
    optimisers = [torch.optim.Adam(each.parameters(), fused=True) for each in (ours, theirs)]
    ours_s, theirs_s = best_of(
        3,
        lambda: _train(ours, optimisers[0], iter(batches)),
        lambda: _train(theirs, optimisers[1], iter(batches)),
    )
    name = f"{STEPS} training steps, and with torch's dropout"
    return gain(name, (ours_s, theirs_s), 1.05, "", True)


def _loading() -> Row:
    """Times training steps on pairs on disk and in memory."""
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as pool:
            pool.submit(_write, Path(folder)).result()
        with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as pool:
            figures = pool.submit(_from_disk, Path(folder)).result()
    return cost(
        f"{STEPS} training steps on {N_DISK:,} pairs on disk, and on pairs in memory",
        (figures.disk_s, figures.memory_s),
        1.1,
        f"peak {figures.peak_mb:.0f} MB (≤ {MEMORY_MB})",
        figures.peak_mb <= MEMORY_MB,
    )


def _from_disk(folder: Path) -> _Figures:
    """Opens the files as `pretrain` does and goes through a part of an epoch."""
    sides = [memory_mapped(folder / f"{side}.npy", _again(folder, side)) for side in "ti"]
    rows = np.arange(N_DISK)
    on_disk = Pairs(texts=(sides[0],), images=(sides[1],), text_rows=rows, image_rows=rows)
    network = TxVNetwork(NetworkConfig())
    optimiser = torch.optim.Adam(network.parameters(), fused=True)
    _train(network, optimiser, _batches(on_disk))
    for _ in load_batches(on_disk, _positions(on_disk), CPU):  # a whole epoch's reading
        pass
    peak = peak_mb()
    in_memory = _in_memory()
    disk_s, memory_s = best_of(
        3,
        lambda: _train(network, optimiser, _batches(on_disk)),
        lambda: _train(network, optimiser, _batches(in_memory)),
    )
    return _Figures(disk_s=disk_s, memory_s=memory_s, peak_mb=peak)


def _positions(pairs: Pairs) -> list[np.ndarray]:
    return epoch_batches(len(pairs), BATCH, seed=0, epoch=1)


def _batches(pairs: Pairs) -> Iterator[Batch]:
    return load_batches(pairs, _positions(pairs)[:STEPS], CPU)


def _train(network: TxVNetwork, optimiser: torch.optim.Adam, batches: Iterator[Batch]) -> None:
    """The steps of `newsimages.txv.training`."""
    network.train()
    for batch in batches:
        loss = margin_loss(
            network.texts(batch.texts), network.images(batch.images), image_ids=batch.image_ids
        )
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), TrainingConfig.max_gradient_norm)
        optimiser.step()


@torch.inference_mode()
def _products(network: TxVNetwork, batches: list[Batch]) -> None:
    """Each layer's product forward, and backward for weights and inputs, and nothing else.

    As in training, no gradient of the vectors themselves is computed.
    """
    layers = [module for module in network.modules() if isinstance(module, torch.nn.Linear)]
    inputs = {layer.in_features: torch.randn(BATCH, layer.in_features) for layer in layers}
    out = torch.randn(BATCH, network.config.width)
    for _ in batches:
        for layer in layers:
            functional.linear(inputs[layer.in_features], layer.weight)
            out.T @ inputs[layer.in_features]
            if layer.in_features == network.config.width:
                out @ layer.weight
        similarities: Tensor = out @ out.T
        similarities @ out
        similarities.T @ out


def _in_memory() -> Pairs:
    texts, images = (_random(side, 0, N_MEMORY) for side in "ti")
    rows = np.arange(N_MEMORY)
    return Pairs(texts=(texts,), images=(images,), text_rows=rows, image_rows=rows)


def _write(folder: Path) -> None:
    for side in "ti":
        memory_mapped(folder / f"{side}-parts.npy", _parts(side))


def _parts(side: str) -> Iterator[Embeddings]:
    for start in range(0, N_DISK, PART):
        yield _random(side, start, PART)


def _again(folder: Path, side: str) -> Iterator[Embeddings]:
    """The written vectors part by part, as a store hands them on."""
    vectors = np.load(folder / f"{side}-parts.npy", mmap_mode="r")
    for start in range(0, N_DISK, PART):
        ids = np.array([f"{side}{i:06d}" for i in range(start, start + PART)])
        yield Embeddings(ids, np.array(vectors[start : start + PART]))
        release(vectors)


def _random(side: str, start: int, n: int) -> Embeddings:
    generator = torch.Generator().manual_seed(start)
    vectors = torch.empty(n, DIMENSION).normal_(generator=generator)
    functional.normalize(vectors, dim=1, out=vectors)
    return Embeddings(
        np.array([f"{side}{i:06d}" for i in range(start, start + n)]), vectors.numpy()
    )
