"""An index over very many images: the likely ones are looked at only, so an answer may miss some.

In come the images of a space and a revision's offsets over a query bank, out comes an `ImageIndex`,
which gives an article some hundreds of images that are scored again exactly: their scores and order
are those of the exact search, and what can be wrong is that an image is missing. How many are
(`recall_at_100`) is measured on validation articles, and an index that misses too many is refused.

The images stand in cells around centres (faiss's IVF), with a byte for each of the dimensions in
which they differ most, and an article's nearest cells are gone through. An image's offset stands as
one more dimension: the score slope · q·g − o is slope times the inner product of [q, −1] and
[g, o / slope].
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from newsimages.atomic import replacing
from newsimages.checksums import file_sha256
from newsimages.errors import NewsImagesError
from newsimages.ranking.revisions import REVISIONS, Revision
from newsimages.ranking.search import in_order, scored, search
from newsimages.ranking.spaces import Space

LEAST_RECALL = 0.99
AIMED_RECALL = 0.992  # on validation articles, so that others come to the least
CANDIDATES = 20  # times the length of a list, so many images are scored again
WIDTH = 256  # dimensions that the cells hold, in which images differ most; a multiple of 16
FORMAT = 1
INDEX, ABOUT = "index.faiss", "index.json"
_ROWS_AT_A_TIME = 65_536
_TRAINED_ON = 40  # images per cell
_GROUP = 16
_ROUNDS = 8  # of k-means


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageIndex:
    """The images of a space for one revision against a query bank."""

    cells: Any
    """faiss's index over D vectors."""
    n_images: int
    """D, the images that it knows."""
    scales: tuple[float, ...]
    """Per block, by what its vectors were multiplied, so that a greater weight counts for more."""
    revision: Revision
    n_probed: int = 16
    """Cells that are gone through for an article."""
    recall_at_100: float | None = None
    """The share of the exact search's first 100 that it found; None: not measured."""
    rows: NDArray[np.int64] | None = None
    """(D,) where its images are in the space, −1 of those that are not there; None: they are its
    first D."""
    others: NDArray[np.int64] | None = None
    """(N,) the space's images that it does not know, which are searched exactly; None: those
    behind the first D."""

    @property
    def n_cells(self) -> int:
        """How many there are."""
        return int(_faiss().extract_index_ivf(self.cells).nlist)

    def candidates(self, queries: Sequence[NDArray[np.float32]], k: int) -> NDArray[np.int64]:
        """(C, k) likely images, −1 where the cells hold fewer; (C, E) queries per block."""
        faiss = _faiss()
        parts = [q / scale for q, scale in zip(queries, self.scales, strict=True)]
        asked = np.concatenate([*parts, -np.ones((len(parts[0]), 1))], axis=1, dtype=np.float32)
        probed = faiss.SearchParametersPreTransform(
            index_params=faiss.SearchParametersIVF(nprobe=self.n_probed)
        )
        # By groups of the same few, as faiss compares 20 articles or more with the centres in
        # another way: an answer must not depend on the company.
        groups = [asked[start : start + _GROUP] for start in range(0, len(asked), _GROUP)]
        found = np.concatenate([self.cells.search(each, k, params=probed)[1] for each in groups])
        if self.rows is None:
            return found
        placed: NDArray[np.int64] = np.where(found < 0, found, self.rows[found])
        return placed


def build_index(
    space: Space, offsets: NDArray[np.float32], revision: Revision, *, seed: int = 0
) -> ImageIndex:
    """Puts the images of a space that are alive into an index.

    Args:
        space: The images, and articles by which the blocks' weights are told.
        offsets: (D,) the revision's over a query bank.
        revision: What they belong to.
        seed: Of the choice of images by which the centres are found.

    Raises:
        NewsImagesError: faiss is not installed.
    """
    faiss = _faiss()
    alive = None if space.alive is None else np.flatnonzero(space.alive)
    n_images = len(space.image_ids if alive is None else alive)
    # A block's queries are as long as its weight: its root on both sides leaves the product.
    lengths = [float(np.linalg.norm(q, axis=1).mean()) for q in space.queries]
    scales = tuple(math.sqrt(length) if length > 0 else 1.0 for length in lengths)
    n_cells = max(1, min(round(4 * math.sqrt(n_images)), n_images // 39 or 1))
    chosen = np.random.default_rng(seed).choice(
        n_images, min(n_images, _TRAINED_ON * n_cells), replace=False
    )
    drawn = np.sort(chosen) if alive is None else alive[np.sort(chosen)]
    middle = [np.mean(_taken(block, drawn), axis=0) for block in space.gallery]
    level = float(np.mean(offsets))

    def images(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        # What all images share says nothing about which of them are near to an article.
        parts = [
            scale * (_taken(block, rows) - mean)
            for block, scale, mean in zip(space.gallery, scales, middle, strict=True)
        ]
        offset = (offsets[rows, None] - level) / revision.slope
        return np.concatenate([*parts, offset], axis=1, dtype=np.float32)

    sample = images(drawn)
    axes = _main_axes(sample)
    narrowed = faiss.LinearTransform(axes.shape[1], axes.shape[0])
    faiss.copy_array_to_vector(axes.ravel(), narrowed.A)
    narrowed.is_trained = True
    centres = faiss.IndexFlatIP(len(axes))
    cells = faiss.IndexIVFScalarQuantizer(
        centres, len(axes), n_cells, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    cells.cp.niter, cells.cp.seed, cells.cp.min_points_per_centroid = _ROUNDS, seed + 1, 1
    whole = faiss.IndexPreTransform(narrowed, cells)
    whole.train(sample)
    for start in range(0, n_images, _ROWS_AT_A_TIME):
        stop = min(start + _ROWS_AT_A_TIME, n_images)
        whole.add(images(np.arange(start, stop) if alive is None else alive[start:stop]))
    return ImageIndex(
        cells=whole,
        n_images=n_images,
        scales=scales,
        revision=revision,
        rows=alive,
        others=None if alive is None else np.empty(0, np.int64),
    )


def by_index(
    index: ImageIndex, space: Space, offsets: NDArray[np.float32], *, top_k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """(C, K) rows, scores and similarities of the first images that the index knows of, in order.

    Images that are not alive are left out; those that the index does not know are searched exactly.

    Args:
        index: Of images of the space.
        space: C articles and D images.
        offsets: (D,) the revision's.
        top_k: K.
    """
    lowered = torch.from_numpy(np.negative(offsets))
    found = index.candidates(space.queries, max(CANDIDATES * top_k, 100))
    newer = _first_of_the_others(index, space, offsets, top_k)
    rows = np.zeros((len(found), top_k), np.int64)
    scores = np.zeros(rows.shape, np.float32)
    similarities = np.zeros(rows.shape, np.float32)
    for article, likely in enumerate(found):
        own = likely[likely >= 0]
        if space.alive is not None:
            own = own[space.alive[own]]
        own = np.sort(np.concatenate([own, newer[article]]))
        query = [torch.from_numpy(q[article]) for q in space.queries]
        final, cosines = scored(query, space, own, lowered, index.revision.slope)
        first = in_order(final, own, space)[:top_k]
        if len(first) < top_k:
            raise TooFewFoundError(f"{len(first)} images were found, expected {top_k}.")
        rows[article], scores[article] = own[first], final[first]
        similarities[article] = cosines[first]
    return rows, scores, similarities


def _first_of_the_others(
    index: ImageIndex, space: Space, offsets: NDArray[np.float32], top_k: int
) -> NDArray[np.int64]:
    """(C, K) the first images, by the exact search, that the index does not know; all if fewer."""
    asked = np.zeros(len(space.image_ids), np.bool_)
    asked[slice(index.n_images, None) if index.others is None else index.others] = True
    if space.alive is not None:
        asked &= space.alive
    n_asked = int(np.count_nonzero(asked))
    if not n_asked:
        return np.empty((len(space.article_ids), 0), np.int64)
    slope = index.revision.slope
    return search(space, offsets, slope, top_k=min(top_k, n_asked), asked=asked).rows


class TooFewFoundError(NewsImagesError):
    """The cells that were gone through hold fewer images than are asked for."""


def _recall(
    index: ImageIndex, space: Space, offsets: NDArray[np.float32], exact: NDArray[np.int64]
) -> float:
    """The share of exact lists' rows (C, K) that it finds."""
    try:
        found, _, _ = by_index(index, space, offsets, top_k=exact.shape[1])
    except TooFewFoundError:
        return 0.0
    return float(np.mean([np.isin(a, b).mean() for a, b in zip(exact, found, strict=True)]))


def tuned(
    index: ImageIndex,
    space: Space,
    offsets: NDArray[np.float32],
    exact: NDArray[np.int64],
    *,
    least: float = AIMED_RECALL,
) -> ImageIndex:
    """The index with as few probed cells as its recall on validation articles lets it.

    Args:
        index: To be measured.
        space: Validation articles and the index's images.
        offsets: (D,) the revision's.
        exact: (C, K) the rows of the articles' exact lists, K at most 100.
        least: Recall that it must reach.

    Raises:
        NewsImagesError: It does not even where all cells are gone through.
    """
    too_few, n_probed, best = 0, min(index.n_probed, index.n_cells), 0.0
    enough: ImageIndex | None = None
    while n_probed > too_few:
        tried = replace(index, n_probed=n_probed)
        recall = _recall(tried, space, offsets, exact)
        best = max(best, recall)
        if recall >= least:
            enough = replace(tried, recall_at_100=recall)
        else:
            too_few = n_probed
        if enough is None:
            n_probed = min(2 * n_probed, index.n_cells)
        elif enough.n_probed - too_few > enough.n_probed // 10:
            n_probed = (too_few + enough.n_probed) // 2
        else:
            break
    if enough is not None:
        return enough
    raise NewsImagesError(
        f"The index finds {best:.3f} of the first {exact.shape[1]} images of {len(exact)} "
        f"validation articles, expected at least {least}: search without an index (index=none)."
    )


def save_index(folder: Path, index: ImageIndex) -> None:
    """Writes an index that was measured.

    Raises:
        NewsImagesError: It was not, or as `newsimages.atomic.replacing`.
    """
    faiss = _faiss()
    if index.recall_at_100 is None:
        raise NewsImagesError("The index was not measured: see `tuned`.")
    with replacing(folder / INDEX) as temporary:
        faiss.write_index(index.cells, str(temporary))
        sha256 = file_sha256(temporary)
    about = {
        "format": FORMAT,
        "sha256": sha256,
        "n_images": index.n_images,
        "scales": index.scales,
        "revision": {"name": index.revision.name, **index.revision.settings},
        "n_probed": index.n_probed,
        "recall_at_100": index.recall_at_100,
    }
    with replacing(folder / ABOUT) as temporary:
        temporary.write_text(json.dumps(about, indent=2))


def load_index(folder: Path) -> ImageIndex:
    """Reads and checks what `save_index` has written; the cells stay in their file.

    Raises:
        NewsImagesError: A file is absent, altered, or of another format; the recall is too low.
    """
    faiss = _faiss()
    try:
        about = json.loads((folder / ABOUT).read_text())
        if about["format"] != FORMAT:
            raise ValueError(f"format {about['format']}, expected {FORMAT}")
        # faiss trusts a file: one that was altered can end the process.
        if file_sha256(folder / INDEX) != about["sha256"]:
            raise ValueError("the checksum is not that of the content")
        cells = faiss.read_index(str(folder / INDEX), faiss.IO_FLAG_MMAP)
        lists = faiss.downcast_InvertedLists(faiss.extract_index_ivf(cells).invlists)
        lists.prefetch_nthread = 0  # threads that read ahead take longer than the reading
        settings = dict(about["revision"])
        index = ImageIndex(
            cells=cells,
            n_images=int(about["n_images"]),
            scales=tuple(map(float, about["scales"])),
            revision=REVISIONS[settings.pop("name")](**settings),
            n_probed=int(about["n_probed"]),
            recall_at_100=float(about["recall_at_100"]),
        )
        if cells.ntotal != index.n_images:
            raise ValueError(f"{cells.ntotal} images, expected {index.n_images}")
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        raise NewsImagesError(
            f"{folder} holds no index that can be used: {type(error).__name__}: {error}. Build it "
            "again, or search without (index=none)."
        ) from error
    if not LEAST_RECALL <= (index.recall_at_100 or 0.0) <= 1:
        raise NewsImagesError(
            f"The index in {folder} has a recall_at_100 of {index.recall_at_100}, expected at "
            f"least {LEAST_RECALL}: search without (index=none)."
        )
    return index


def _main_axes(sample: NDArray[np.float32]) -> NDArray[np.float32]:
    """(`WIDTH`, W) the directions in which images (N, W) differ most, and the offset's, the last.

    Rows of zeros fill it up where the images have fewer dimensions.
    """
    axes = np.zeros((WIDTH, sample.shape[1]), np.float32)
    axes[0, -1] = 1
    spread = np.cov(sample[:, :-1], rowvar=False, bias=True)
    _, vectors = np.linalg.eigh(np.atleast_2d(spread))  # by rising spread
    first = vectors[:, ::-1][:, : WIDTH - 1].T
    axes[1 : 1 + len(first), :-1] = first
    return axes


def _taken(block: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    taken: NDArray[np.float32] = np.take(block, rows, axis=0)
    return taken


def check_installed() -> None:
    """Raises: NewsImagesError where an index can be neither built nor read."""
    _faiss()


def _faiss() -> Any:
    """Raises: NewsImagesError where it is not installed."""
    try:
        import faiss  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise NewsImagesError(
            "An index needs faiss-cpu: pip install -r registry/requirements-gallery.txt, or search "
            "without (index=none)."
        ) from error
    return faiss
