"""A version of a gallery on this machine: memory-mapped files that processes share.

A gallery and a version in, its rows out. What was fetched once stays in a pool of rows: new ones
are appended, and a version is a choice of them, its live rows (``version-N.live``, a byte per row,
and ``version-N.places``, each row's place by its id). So going to a newer version fetches the new
rows alone, and models that are served from two versions share what these have in common. Where
more than a quarter of the pool is live in no version of late, it is made anew. All of it can be
deleted at any time.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from filelock import FileLock
from numpy.typing import NDArray

from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from newsimages.gallery.columns import CAPTIONS, CHECKSUM, TEXTS
from newsimages.gallery.filters import Filter, NothingLeftError
from newsimages.gallery.pool import (
    Pool,
    mapped,
    put,
    read_json,
    write_array,
    write_json,
)
from newsimages.gallery.storage import ROW_ID
from newsimages.gallery.table import Gallery, placed
from newsimages.gallery.tokens import Tokens
from newsimages.ranking.halves import Halves

CACHE_VARIABLE = "NEWSIMAGES_CACHE"
ROWS_AT_A_TIME = 16_384
MANY = 1 / 8  # of a version's rows are new: then all are read in a row, else the new ones alone
DEAD = 1 / 4  # of the pool's rows are live in no version of late: then it is made anew
OF_LATE = 2  # versions
KEPT_VERSIONS = 8
KEPT_FILTERS = 16  # whose rows are remembered


@dataclass(frozen=True, kw_only=True, eq=False)
class Snapshot:
    """The rows of one version, among the R of the pool."""

    uri: str
    version: int
    pool: Pool
    ids: NDArray[np.str_]
    """(R,)"""
    about: pa.Table
    """R rows: all but their vectors."""
    towers: dict[str, Embeddings]
    """(R, E) by tower; of `CAPTIONS` the captions' own, 0s for images without one."""
    halves: dict[str, Halves]
    """The same in bfloat16, but for `CAPTIONS`."""
    tokens: dict[str, Tokens]
    """Of the texts that are said of the images."""
    live: NDArray[np.bool_]
    """(R,) which rows are images of the version."""
    places: NDArray[np.int64]
    """(R,) a row's place by its id, among all rows."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_mask", lru_cache(KEPT_FILTERS)(self._mask))

    def __len__(self) -> int:
        return int(np.count_nonzero(self.live))

    @property
    def uid(self) -> str:
        """The gallery's."""
        return self.pool.uid

    def rows_of(self, wanted: Filter) -> NDArray[np.bool_]:
        """(R,) the images that a filter leaves.

        Raises:
            NothingLeftError: There is none.
        """
        return self._mask(wanted)

    def _mask(self, wanted: Filter) -> NDArray[np.bool_]:
        mask = wanted.mask(self.about["date"], self.tokens) & self.live
        if not mask.any():
            raise NothingLeftError(
                f"The filter leaves none of the gallery's {len(self)} images. Ask for less, or "
                "look at how dates, rights, credits and captions are written there."
            )
        return mask

    def derived(
        self,
        name: str,
        dimension: int,
        make: Callable[[slice], NDArray[Any]],
        *,
        dtype: type = np.float32,
    ) -> NDArray[Any]:
        """(R, dimension) what follows from each row by itself, kept beside the vectors.

        Args:
            name: Says all that it depends on, besides the row.
            dimension: Numbers per row.
            make: Rows to their numbers, called for those that were not made before.
            dtype: Of the numbers.

        Raises:
            NewsImagesError: The folder cannot be written.
        """
        path, state = self.pool.inner / f"{name}.derived", self.pool.inner / f"{name}.json"
        n_rows = len(self.live)
        if read_json(state).get("rows", 0) < n_rows:
            with _writing(self.pool.folder):
                for start in range(read_json(state).get("rows", 0), n_rows, ROWS_AT_A_TIME):
                    part = slice(start, min(start + ROWS_AT_A_TIME, n_rows))
                    put(path, start, np.asarray(make(part), dtype).reshape(-1, dimension))
                    write_json(state, {"rows": part.stop})
        return mapped(path, (n_rows, dimension), dtype)


def open_snapshot(
    uri: str, version: int | None = None, *, uid: str | None = None, cache: Path | None = None
) -> Snapshot:
    """The snapshot of a version, which is fetched as far as it is not on this machine.

    Args:
        uri: The gallery.
        version: Its number; None is the newest.
        uid: The gallery's, where it is known: then the gallery itself need not be there, if the
            version is here.
        cache: The folder of all pools; by default ``NEWSIMAGES_CACHE``, or one in the user's
            folder for caches.

    Raises:
        NewsImagesError: There is no such gallery or version, another gallery is at this place by
            now, or the cache cannot be written.
    """
    uri, root = placed(uri), cache or cache_folder()
    if version is not None and uid is not None:
        folder = _pool_folder(root, uri, uid)
        with suppress(OSError), _reading(folder):
            if found := _found(folder, uri, version):
                return found
    gallery = Gallery.open(uri, version)
    if uid not in (None, gallery.kind.uid):
        raise NewsImagesError(
            f"{uri} is another gallery than the one that is asked for: it was made anew. Register "
            "the model again."
        )
    folder, version = _pool_folder(root, uri, gallery.kind.uid), gallery.version
    with _writing(folder):
        found = _found(folder, uri, version)
        if not found:
            _fetch(folder, gallery)
            found = _found(folder, uri, version)
    if not found:
        raise NewsImagesError(f"The files in {folder} were altered: remove it, and run it again.")
    return found


def cache_folder() -> Path:
    """Where pools are kept."""
    if given := os.environ.get(CACHE_VARIABLE):
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "newsimages"


def _pool_folder(root: Path, uri: str, uid: str) -> Path:
    key = hashlib.sha256(f"{uri}\n{uid}".encode()).hexdigest()
    return root / f"gallery-{key[:16]}"


@contextmanager
def _reading(folder: Path) -> Iterator[None]:
    """Nobody changes the pool meanwhile. Raises: OSError where there is none."""
    if not folder.is_dir():
        raise FileNotFoundError(folder)
    if not os.access(folder, os.W_OK):  # as in the image of a container: nobody writes there
        yield
        return
    with FileLock(folder / "lock"):
        yield


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Alone in the pool. Raises: NewsImagesError where that cannot be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "lock"):
            yield
    except OSError as error:
        raise NewsImagesError(
            f"The copy of a gallery in {folder} cannot be written: {error.strerror or error}. Free "
            f"some space, or set {CACHE_VARIABLE} to another folder."
        ) from error


def _found(folder: Path, uri: str, version: int) -> Snapshot | None:
    """The version where the pool has it; None where not, or where a file was cut short."""
    pool = Pool.read(folder)
    told = read_json(pool.inner / f"version-{version}.json") if pool else None
    if not pool or not told:
        return None
    n_rows = told["rows"]
    try:
        ids = pool.ids()[:n_rows]
        snapshot = Snapshot(
            uri=uri,
            version=version,
            pool=pool,
            ids=ids,
            about=pool.table().slice(0, n_rows),
            towers={
                name: Embeddings.known(ids, pool.vectors(name)[:n_rows]) for name in pool.towers
            },
            halves={name: pool.halves(name, n_rows) for name in pool.towers if name != CAPTIONS},
            tokens={name: pool.tokens(name, n_rows) for name in TEXTS},
            live=mapped(pool.inner / f"version-{version}.live", (n_rows,), np.bool_),
            places=mapped(pool.inner / f"version-{version}.places", (n_rows,), np.int64),
        )
    except (OSError, ValueError):  # Arrow's own are of these
        pool.discard()
        return None
    return snapshot


def _fetch(folder: Path, gallery: Gallery) -> None:
    """Gets what the pool lacks of a gallery's version, and writes the version down."""
    row_ids, checksums = _keys(gallery)
    pool = Pool.read(folder)
    if pool is None or not pool.inner.is_dir():
        pool = Pool.new(folder, gallery.kind, after=pool)
    before, own = None, _checksums(pool)
    n_dead = np.count_nonzero(~(np.isin(own, checksums) | _live_of_late(pool)))
    if n_dead > DEAD * len(own):
        before, own = pool, own[:0]
        pool = Pool.new(folder, gallery.kind, after=pool)
    is_new = ~np.isin(checksums, own)
    if is_new.any():
        pool.append(_rows(gallery, row_ids[is_new], checksums[is_new], n_all=len(checksums)))
    live = np.isin(_checksums(pool), checksums)
    if np.count_nonzero(live) != len(checksums):
        raise NewsImagesError(
            f"{gallery.uri} has an image more than once. Look at it with action=verify."
        )
    places = _places(pool)
    name = f"version-{gallery.version}"
    write_array(pool.inner / f"{name}.live", live)
    write_array(pool.inner / f"{name}.places", places)
    pool.write()
    write_json(pool.inner / f"{name}.json", {"rows": pool.rows})
    for old in _versions(pool)[:-KEPT_VERSIONS]:
        for path in pool.inner.glob(f"{old}.*"):
            path.unlink(missing_ok=True)
    if before:
        before.discard()


def _places(pool: Pool) -> NDArray[np.int64]:
    """(R,) each row's place by its id; as they are written down where no row has come since."""
    for name in _versions(pool):
        written = np.fromfile(pool.inner / f"{name}.places", np.int64)
        if len(written) == pool.rows:
            return written
    order = np.asarray(pc.sort_indices(pool.table()["image_id"]))
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    return places


def _keys(gallery: Gallery) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Lance's number and the checksum of every row."""
    found = [
        (batch[ROW_ID].to_numpy(), batch[CHECKSUM].to_numpy()) for batch in gallery.rows([CHECKSUM])
    ]
    if not sum(len(numbers) for numbers, _ in found):
        raise NewsImagesError(
            f"{gallery.uri} has no images in version {gallery.version}: add some."
        )
    row_ids, checksums = (np.concatenate(each) for each in zip(*found, strict=True))
    return row_ids.astype(np.int64), checksums


def _checksums(pool: Pool) -> NDArray[np.int64]:
    return np.asarray(pool.table()[CHECKSUM])


def _versions(pool: Pool) -> list[str]:
    """The names of the versions that are written down, the latest last."""
    paths = sorted(pool.inner.glob("version-*.json"), key=lambda path: path.stat().st_mtime_ns)
    return [path.stem for path in paths]


def _live_of_late(pool: Pool) -> NDArray[np.bool_]:
    """(R,) the rows that are live in one of the last versions that were written down."""
    live = np.zeros(pool.rows, np.bool_)
    for name in _versions(pool)[-(OF_LATE - 1) :]:
        own = np.fromfile(pool.inner / f"{name}.live", np.bool_)
        live[: len(own)] |= own
    return live


def _rows(
    gallery: Gallery, row_ids: NDArray[np.int64], checksums: NDArray[np.int64], *, n_all: int
) -> Iterator[pa.Table]:
    """Yields these rows of a gallery, each as it was written."""
    if len(row_ids) > MANY * n_all:
        yield from gallery.whole(only=checksums)
        return
    for start in range(0, len(row_ids), ROWS_AT_A_TIME):
        yield gallery.take(row_ids[start : start + ROWS_AT_A_TIME].tolist())
