"""The files of a snapshot: rows of a gallery, appended as they come, memory-mapped to be read.

The pool's folder holds ``pool.json`` and a sub-folder with ``TOWER.f32`` (R, E) and ``TOWER.bf16``,
the same rounded to bfloat16 (but for captions, which nothing searches as they are); ``ids.utf32``,
ids of equal width; ``COLUMN.tokens`` and ``COLUMN.ends`` (see `tokens`); ``about-*.arrow``, all of
the rows but their vectors. ``pool.json`` says how many rows count. It is written last and replaces
what was there at once, so what a killed process has written beyond it is overwritten by the next.
"""

import json
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from newsimages.atomic import replacing
from newsimages.gallery.columns import ABOUT, CAPTIONS, CHECKSUM, TEXTS, Kind, TowerModel, matrix
from newsimages.gallery.tokens import Tokens, hashed_rows
from newsimages.ranking.halves import Halves, rounded

FORMAT = 1  # raise it when what the files hold changes its meaning
STATE = "pool.json"
MAX_PARTS = 32  # files of ``about``; more are made one
_KEPT = pa.schema([*ABOUT, pa.field(CHECKSUM, pa.int64())])
INSTEAD = "set NEWSIMAGES_CACHE to another folder"


@dataclass(kw_only=True)
class Pool:
    """Rows that were fetched, and where the next ones go."""

    folder: Path
    uid: str
    """The gallery's."""
    towers: dict[str, TowerModel]
    generation: str = "0001"
    """The sub-folder."""
    rows: int = 0
    """R."""
    about: list[str] = field(default_factory=list)
    """The names of the Arrow files, in the order of their rows."""
    n_tokens: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TEXTS, 0))
    id_width: int = 1
    """Letters of the longest id."""
    errors: dict[str, float] = field(default_factory=dict)
    """What rounding to bfloat16 took off a vector, at most, by tower."""

    @classmethod
    def read(cls, folder: Path) -> "Pool | None":
        """The one in a folder; None where there is none that can be read."""
        told = read_json(folder / STATE)
        if told.pop("format", None) != FORMAT:
            return None
        towers = {name: TowerModel(**of) for name, of in told.pop("towers").items()}
        return cls(folder=folder, towers=towers, **told)

    @classmethod
    def new(cls, folder: Path, kind: Kind, *, after: "Pool | None" = None) -> "Pool":
        """An empty one, in a sub-folder of its own; it is not written down yet."""
        number = int(after.generation) + 1 if after else 1
        pool = cls(
            folder=folder, uid=kind.uid, towers=dict(kind.towers), generation=f"{number:04d}"
        )
        shutil.rmtree(pool.inner, ignore_errors=True)
        pool.inner.mkdir(parents=True)
        return pool

    def write(self) -> None:
        """Says that the rows count."""
        told = {name: value for name, value in vars(self).items() if name not in ("folder",)}
        told["towers"] = {name: asdict(model) for name, model in self.towers.items()}
        write_json(self.folder / STATE, {"format": FORMAT, **told})

    def discard(self) -> None:
        """Removes it; who reads from its files keeps their pages."""
        shutil.rmtree(self.inner, ignore_errors=True)

    @property
    def inner(self) -> Path:
        """The sub-folder with its files."""
        return self.folder / self.generation

    def append(self, tables: Iterable[pa.Table]) -> None:
        """Writes rows behind the others. Raises: OSError, NewsImagesError."""
        start = self.rows
        parts: list[pa.Table] = []
        for table in tables:
            for name, model in self.towers.items():
                vectors = np.array(matrix(table[name], model.dimension))
                put(self.inner / f"{name}.f32", self.rows, vectors)
                if name == CAPTIONS:
                    continue
                half = torch.empty(vectors.shape, dtype=torch.bfloat16)
                error = rounded(vectors, half)
                self.errors[name] = max(self.errors.get(name, 0.0), error)
                put(self.inner / f"{name}.bf16", self.rows, half.view(torch.int16).numpy())
            for name in TEXTS:
                tokens, counts = hashed_rows(name, table[name].to_pylist())
                put(self.inner / f"{name}.tokens", self.n_tokens[name], tokens)
                put(self.inner / f"{name}.ends", self.rows, counts.cumsum() + self.n_tokens[name])
                self.n_tokens[name] += len(tokens)
            self._put_ids(table["image_id"].to_pylist(), parts)
            parts.append(table.select(_KEPT.names).cast(_KEPT))
            self.rows += len(table)
        name = f"about-{start:09d}-{self.rows:09d}.arrow"
        if len(self.about) >= MAX_PARTS:
            parts.insert(0, self.table())
            self.about, name = [], f"about-{0:09d}-{self.rows:09d}.arrow"
        _write_about(self.inner / name, pa.concat_tables(parts).combine_chunks())
        self.about.append(name)

    def _put_ids(self, ids: Sequence[str], parts: Sequence[pa.Table]) -> None:
        """Writes ids behind the others, all of them anew where one is longer than any before."""
        width = max(map(len, ids), default=1)
        if width > self.id_width:
            tables = [self.table(), *parts]
            before = [each for table in tables for each in table["image_id"].to_pylist()]
            self.id_width = width
            put(self._ids_path, 0, np.array(before, f"<U{width}"))
        put(self._ids_path, self.rows, np.array(ids, f"<U{self.id_width}"))

    @property
    def _ids_path(self) -> Path:
        return self.inner / f"ids-{self.id_width}.utf32"

    def table(self) -> pa.Table:
        """All of the rows but their vectors, memory-mapped."""
        paths = [str(self.inner / name) for name in self.about]
        tables = [pa.ipc.open_file(pa.memory_map(path)).read_all() for path in paths]
        return pa.concat_tables(tables) if tables else _KEPT.empty_table()

    def ids(self) -> NDArray[np.str_]:
        """(R,) the images."""
        return mapped(self._ids_path, (self.rows,), f"<U{self.id_width}")

    def vectors(self, tower: str) -> NDArray[np.float32]:
        """(R, E) unit vectors."""
        return mapped(self.inner / f"{tower}.f32", self._shape(tower), np.float32)

    def halves(self, tower: str, n_rows: int) -> Halves:
        """The first rows in bfloat16."""
        bits = mapped(self.inner / f"{tower}.bf16", self._shape(tower), np.uint16)
        return Halves.mapped(bits[:n_rows], self.errors[tower])

    def tokens(self, column: str, n_rows: int) -> Tokens:
        """Those of the first rows' texts in a column."""
        ends = mapped(self.inner / f"{column}.ends", (self.rows,), np.int64)[:n_rows]
        hashes = mapped(self.inner / f"{column}.tokens", (self.n_tokens[column],), np.uint64)
        return Tokens(hashes=hashes[: ends[-1]], ends=ends)

    def _shape(self, tower: str) -> tuple[int, int]:
        return self.rows, self.towers[tower].dimension


def put(path: Path, start: int, rows: NDArray[Any]) -> None:
    """Writes rows to their place in a file, and cuts off what lay behind it."""
    row_bytes = rows.dtype.itemsize * int(np.prod(rows.shape[1:]))
    with path.open("r+b" if path.exists() else "w+b") as file:
        file.seek(start * row_bytes)
        file.write(np.ascontiguousarray(rows).data if rows.dtype.kind != "U" else rows.tobytes())
        file.truncate()


def mapped(path: Path, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """A file's beginning as an array. Raises: OSError or ValueError where it is too short."""
    if not shape[0]:
        return np.empty(shape, dtype)
    # Copied where it is written to, which nobody does: torch warns of arrays that cannot be.
    return np.memmap(path, dtype, mode="c", shape=shape)


def _write_about(path: Path, table: pa.Table) -> None:
    with (
        replacing(path, instead=INSTEAD) as temporary,
        pa.OSFile(str(temporary), "wb") as sink,
        pa.ipc.new_file(sink, _KEPT) as writer,
    ):
        writer.write_table(table)


def write_array(path: Path, values: NDArray[Any]) -> None:
    """Writes an array's bytes, whole or not at all."""
    with replacing(path, instead=INSTEAD) as temporary:
        values.tofile(temporary)


def write_json(path: Path, told: dict[str, Any]) -> None:
    """Writes JSON, whole or not at all."""
    with replacing(path, instead=INSTEAD) as temporary:
        temporary.write_text(json.dumps(told))


def read_json(path: Path) -> dict[str, Any]:
    """What it says; nothing where it is not there, or no JSON."""
    with suppress(OSError, ValueError):
        read = json.loads(path.read_text())
        if isinstance(read, dict):
            return read
    return {}
