"""A million images: the exact search and an index beside the search of small galleries.

The vectors are drawn like CLIP's of photographs and captions (ViT-B/16 on COCO, to which these
numbers were fitted): images and texts lie around two directions with a cosine of .31, at .73 of
their length; what is left of an image falls off over its directions so that about 43 of 512 matter;
a text has a third of its image's rest, and one of its own that is partly in the images' directions
and mostly in others. So a text's cosine with its image is about .31, with others .16 ± .04, and no
text lies among the images.

Every figure is measured in a process of its own, which maps the files. `make bench-large`.
"""

import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.timing import Row, best_of, cost, gain
from newsimages.devices import Compute
from newsimages.embeddings import Embeddings
from newsimages.ranking.bank import ImageOffsets
from newsimages.ranking.halves import Halves, rounded
from newsimages.ranking.index import ImageIndex, build_index, load_index, save_index, tuned
from newsimages.ranking.prepared import Prepared
from newsimages.ranking.ranking import Ranking, rank, rank_tiles
from newsimages.ranking.revisions import DualSoftmax
from newsimages.ranking.similarity import SimilarityTiles
from newsimages.ranking.spaces import Queries, Space, View

N_IMAGES = 1_000_000
DIMENSION = 512
LARGER = (10_000_000, 64)
"""Images and dimension of what is built and asked once."""
N_QUERIES = 300  # 100 to be asked, 200 to measure the index by
TITLE = View("clip", "title")
DUAL = DualSoftmax(scale=50.0)
REPEATS = 3
_STEP = 50_000
_T = TypeVar("_T")


def run(n_images: int = N_IMAGES, dimension: int = DIMENSION) -> list[Row]:
    """All rows; needs 5 GB of disk and 3 GB of memory for a million images."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        in_own_process(make, folder, n_images, dimension)
        rows = [_alone_and_together(folder, n) for n in (1, 100)]
        rows += [_memory_row(folder), _cold_row(folder)]
        rows += [_filtered_row(folder, share) for share in (0.05, 0.1, 0.3)]
        rows.append(_index_row(folder))
    return rows


def run_larger() -> list[Row]:
    """Ten times as many images of a smaller dimension, asked once."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        in_own_process(make, folder, *LARGER)
        seconds = in_own_process(_once, folder)
    return [
        cost(f"{LARGER[0]:,} × {LARGER[1]}: one headline, and a hundred", seconds, 1, "exact", True)
    ]


def make(folder: Path, n_images: int, dimension: int) -> None:
    """Draws images, texts and offsets into files."""
    generator = np.random.default_rng(0)
    middles = generator.normal(size=(2, dimension))
    bases = generator.normal(size=(2, dimension, dimension))
    first = middles[0] / np.linalg.norm(middles[0])
    other = middles[1] - middles[1] @ first * first
    second = 0.31 * first + np.sqrt(1 - 0.31**2) * other / np.linalg.norm(other)
    falling = 1 / (np.arange(dimension) + 1.5)
    spread = 0.68 * np.sqrt(falling / falling.sum())
    image_base, text_base = (spread[:, None] * np.linalg.qr(base)[0].T for base in bases)
    image_base, text_base = image_base.astype(np.float32), text_base.astype(np.float32)
    right = np.sort(generator.choice(n_images, N_QUERIES, replace=False))
    vectors = np.memmap(folder / "f32", np.float32, "w+", shape=(n_images, dimension))
    bits = np.memmap(folder / "bf16", np.uint16, "w+", shape=(n_images, dimension))
    error, rests = 0.0, []
    for start in range(0, n_images, _STEP):
        rows = slice(start, min(start + _STEP, n_images))
        drawn = generator.standard_normal((rows.stop - start, dimension), np.float32)
        rest = drawn @ image_base
        rests.append(rest[right[(right >= start) & (right < rows.stop)] - start])
        vectors[rows] = _unit(0.73 * first + rest)
        error = max(error, rounded(vectors[rows], Halves.mapped(bits[rows], 0.0).vectors))
    own = generator.normal(size=(2, N_QUERIES, dimension))
    texts = 0.33 * np.concatenate(rests) + 0.94 * (
        0.5 * own[0] @ image_base + np.sqrt(0.75) * own[1] @ text_base
    )
    np.save(folder / "texts.npy", _unit(0.73 * second + texts))
    np.save(folder / "offsets.npy", generator.normal(8, 0.8, n_images).astype(np.float32))
    np.save(folder / "ids.npy", np.array([f"i{i:08d}" for i in range(n_images)]))
    np.save(folder / "error.npy", np.array(error))
    vectors.flush()
    bits.flush()


def _unit(vectors: NDArray[Any]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(
        np.float32
    )
    return unit


class Opened:
    """The files, mapped."""

    def __init__(self, folder: Path) -> None:
        """As a gallery's local copy is opened."""
        self.ids = np.load(folder / "ids.npy", mmap_mode="c")
        self.texts = np.load(folder / "texts.npy")
        shape = (len(self.ids), self.texts.shape[1])
        vectors = np.memmap(folder / "f32", np.float32, "c", shape=shape)
        halves = Halves.mapped(
            np.memmap(folder / "bf16", np.uint16, "c", shape=shape),
            float(np.load(folder / "error.npy")),
        )
        self.images = Prepared(
            gallery={"clip": Embeddings.known(self.ids, vectors)}, halves={"clip": halves}
        )
        values = np.load(folder / "offsets.npy", mmap_mode="c")
        self.offsets = ImageOffsets.known(self.ids, values, DUAL)

    def space(self, rows: slice) -> Space:
        """Some of the texts and all images."""
        ids = np.array([f"a{i}" for i in range(N_QUERIES)])[rows]
        asked = Queries(
            views={TITLE: Embeddings(ids, self.texts[rows])}, has_text=np.zeros(len(ids), np.bool_)
        )
        return self.images.space(asked, {TITLE: 1.0})

    def ask(
        self,
        n: int,
        *,
        within: NDArray[np.bool_] | None = None,
        index: ImageIndex | None = None,
    ) -> Ranking:
        """The first texts."""
        return rank(self.space(slice(n)), DUAL, offsets=self.offsets, within=within, index=index)

    def ask_by_tiles(self, n: int) -> Ranking:
        """The same, as small galleries are ranked; copies are looked for each time."""
        space = self.space(slice(n))
        tiles = SimilarityTiles.of(space, Compute(memory_mb=512))
        offsets = torch.from_numpy(self.offsets.of(self.ids))
        return rank_tiles(tiles, space, offsets, DUAL.slope, top_k=100)


def _alone_and_together(folder: Path, n: int) -> Row:
    ours_s, tiles_s, same = in_own_process(_exact, folder, n)
    what = "one headline" if n == 1 else f"{n} headlines"
    return gain(
        f"exact search of {_size(folder)}, {what}, and by tiles",
        (ours_s, tiles_s),
        3 if n == 1 else 1.5,
        "the same bits" if same else "other bits",
        same,
    )


def _exact(folder: Path, n: int) -> tuple[float, float, bool]:
    opened = Opened(folder)
    answers = [opened.ask(n), opened.ask_by_tiles(n)]
    same = all(
        np.array_equal(getattr(answers[0], name), getattr(answers[1], name))
        for name in ("image_ids", "scores", "similarities")
    )
    seconds = best_of(REPEATS, lambda: opened.ask(n), lambda: opened.ask_by_tiles(n))
    return seconds[0], seconds[1], same


def _filtered_row(folder: Path, share: float) -> Row:
    part_s, all_s, full = in_own_process(_filtered, folder, share)
    return cost(
        f"one headline, {share:.0%} of {_size(folder)} asked, and all",
        (part_s, all_s),
        1.2,
        "full lists" if full else "short lists",
        full,
    )


def _filtered(folder: Path, share: float) -> tuple[float, float, bool]:
    opened = Opened(folder)
    within = np.random.default_rng(1).random(len(opened.ids)) < share
    full = opened.ask(1, within=within).rows.shape == (1, 100)
    opened.ask(1)
    seconds = best_of(REPEATS, lambda: opened.ask(1, within=within), lambda: opened.ask(1))
    return seconds[0], seconds[1], full


def _memory_row(folder: Path) -> Row:
    seconds, private_mb = in_own_process(_private, folder)
    whole_mb = (folder / "f32").stat().st_size / (1 << 20)
    share = private_mb / whole_mb
    return cost(
        f"100 headlines among {_size(folder)}, twice, private memory",
        seconds,
        2,
        f"{private_mb:.0f} MB, {share:.2f} of the vectors (≤ .6)",
        share <= 0.6,
    )


def _private(folder: Path) -> tuple[tuple[float, float], float]:
    opened = Opened(folder)
    seconds = [best_of(1, lambda: opened.ask(100))[0] for _ in range(2)]
    lines = Path("/proc/self/status").read_text().splitlines()
    [line] = [line for line in lines if line.startswith("RssAnon:")]
    return (seconds[1], seconds[0]), int(line.split()[1]) / 1024


def _cold_row(folder: Path) -> Row:
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    opened_s, first_s = in_own_process(_cold, folder)
    return cost(
        f"opening {_size(folder)} cold, and the first headline",
        (opened_s, first_s),
        1,
        f"opened in {opened_s:.2f} s (≤ 5)",
        opened_s <= 5,
    )


def _cold(folder: Path) -> tuple[float, float]:
    start = time.perf_counter()
    opened = Opened(folder)
    opened_s = time.perf_counter() - start
    opened.ask(1)
    return opened_s, time.perf_counter() - start


def _index_row(folder: Path) -> Row:
    index_s, tiles_s, recall, told = in_own_process(_indexed, folder)
    return gain(
        f"index over {_size(folder)}, one headline, and by tiles",
        (index_s, tiles_s),
        20,
        f"recall@100 {recall:.4f} (≥ .99); {told}",
        recall >= 0.99,
    )


def _indexed(folder: Path) -> tuple[float, float, float, str]:
    opened = Opened(folder)
    validation, asked = slice(100, N_QUERIES), slice(100)
    start = time.perf_counter()
    space, values = opened.space(validation), opened.offsets.values
    built = build_index(space, values, DUAL)
    exact = rank(space, DUAL, offsets=opened.offsets)
    save_index(folder, tuned(built, space, values, exact.rows))
    built_s = time.perf_counter() - start
    index = load_index(folder)
    one = opened.ask(100, index=index).rows
    right = rank(opened.space(asked), DUAL, offsets=opened.offsets).rows
    recall = float(np.mean([np.isin(a, b).mean() for a, b in zip(right, one, strict=True)]))
    index_s, tiles_s = best_of(
        REPEATS, lambda: opened.ask(1, index=index), lambda: opened.ask_by_tiles(1)
    )
    told = f"{index.n_probed} of {index.n_cells} cells, built and measured in {built_s:.0f} s"
    return index_s, tiles_s, recall, told


def _once(folder: Path) -> tuple[float, float]:
    opened = Opened(folder)
    one_s, many_s = best_of(1, lambda: opened.ask(1), lambda: opened.ask(100))
    return one_s, many_s


def _size(folder: Path) -> str:
    n_images = len(np.load(folder / "ids.npy", mmap_mode="r"))
    dimension = np.load(folder / "texts.npy", mmap_mode="r").shape[1]
    return f"{n_images:,} × {dimension}"


def in_own_process(function: Callable[..., _T], *arguments: object) -> _T:
    """What a function gives in a fresh process."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as pool:
        return pool.submit(function, *arguments).result()
