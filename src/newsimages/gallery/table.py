"""A gallery that grows: a table in a folder or an object storage, to which images come and go.

Rows in, a version out. Each change is one commit with a version of its own: whoever reads sees the
one before or the one after, also where the writer was killed. An image that is there with the same
picture is not added again, so a run that was broken off is simply run once more.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from newsimages.checksums import file_sha256
from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError, first_ten
from newsimages.gallery.columns import (
    ABOUT,
    CAPTIONS,
    CHECKSUM,
    SAID,
    Kind,
    Rows,
    TowerModel,
    checksums,
    matrix,
    not_unit,
)
from newsimages.gallery.storage import ROW_ID, Storage, is_gallery, is_remote

ATTEMPTS = 5  # to add rows while others add the same ones


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a change came to."""

    version: int
    added: int = 0
    replaced: int = 0
    removed: int = 0
    unchanged: int = 0
    """Given, and there already as given (or, to be removed, not there)."""


class Todo(NamedTuple):
    """What is to be added."""

    about: pa.Table
    """What is said of all that are given, filled up by what is said there."""
    rows: NDArray[np.int64]
    """Those that are to be written."""
    n_there: int
    """How many of them are there as something else."""


class Gallery:
    """A gallery at its newest version, or at the one that it was opened at."""

    def __init__(self, storage: Storage, kind: Kind) -> None:
        self._storage, self.kind, self.uri = storage, kind, storage.uri

    @classmethod
    def create(cls, uri: str, towers: Mapping[str, TowerModel]) -> "Gallery":
        """A new gallery, or the one that is there, if it is of the same models.

        Raises:
            NewsImagesError: The place cannot be written, holds something else, or a gallery whose
                vectors are by other models.
        """
        uri = placed(uri)
        if is_remote(uri) or not is_gallery(uri):
            _check_free(uri)
            kind = Kind.new(towers)
            storage = Storage.create(uri, kind.schema)
            if storage:
                return cls(storage, kind)
        gallery = cls.open(uri)
        gallery.kind.check_towers(towers, gallery.uri)
        return gallery

    @classmethod
    def open(cls, uri: str, version: int | None = None) -> "Gallery":
        """A gallery that is there, at its newest version or at another.

        Raises:
            NewsImagesError: There is none, no such version, or it cannot be read.
        """
        uri = placed(uri)
        storage = Storage.open(uri, version)
        return cls(storage, Kind.of(storage.schema, uri))

    @property
    def version(self) -> int:
        """The number of the version that is read."""
        return self._storage.version

    def __len__(self) -> int:
        return len(self._storage)

    def versions(self) -> pd.DataFrame:
        """``version`` and ``timestamp`` of every version that is kept, the oldest first."""
        return pd.DataFrame(self._storage.versions(), columns=["version", "timestamp"])

    def keep(self) -> None:
        """Sees to it that the version is not cleaned up, because something rests on it."""
        self._storage.keep(self.version)

    def add(self, rows: Rows, towers: Mapping[str, TowerModel], *, replace: bool = False) -> Change:
        """Adds images in one commit; those that are there with the same picture are left.

        What is said of an image (`SAID`) counts as well where it is given; what is not given stays
        as it is.

        Args:
            rows: The images.
            towers: By which models their vectors were made.
            replace: Whether an image that is there with another picture, or of which something
                else is said, takes its place; it is an error otherwise, and nothing is added.

        Raises:
            NewsImagesError: Vectors of other models; an id that is there with another picture;
                the storage cannot be written, or is being written to by too many.
        """
        self.kind.check_towers(towers, self.uri)
        added = replaced = 0
        for _ in range(ATTEMPTS):
            about, wanted, n_there = self.todo(rows.about, replace=replace)
            todo = Rows(about=about, vectors=rows.vectors).take(wanted)
            if not len(todo):
                break
            done = self._storage.insert(todo.table(self.kind), replace=replace)
            replaced += min(n_there, done)
            added += max(done - n_there, 0)
            if done == len(todo):
                break
        else:
            raise NewsImagesError(
                f"Others add the same images to {self.uri} at the same time: run it again."
            )
        self._storage.refresh()
        unchanged = len(rows) - added - replaced
        return Change(version=self.version, added=added, replaced=replaced, unchanged=unchanged)

    def remove(self, ids: Collection[str]) -> Change:
        """Removes images in one commit; ids that are not there are no error.

        Raises:
            NewsImagesError: The storage cannot be written.
        """
        self._storage.refresh()
        wanted = list(dict.fromkeys(ids))
        known = {*self._ids().to_pylist()}
        there = [image_id for image_id in wanted if image_id in known]
        removed = self._storage.delete(there) if there else 0
        self._storage.refresh()
        return Change(version=self.version, removed=removed, unchanged=len(wanted) - removed)

    def rows(self, columns: Collection[str]) -> Iterator[pa.RecordBatch]:
        """Yields all rows, in these columns and Lance's number of the row."""
        return self._storage.scan(list(columns))

    def take(self, row_ids: Collection[int]) -> pa.Table:
        """All columns of some rows, by Lance's numbers of them, each row as it was written.

        Raises:
            NewsImagesError: A row was altered, or cannot be read.
        """
        return self._checked(self._storage.take(list(row_ids), self.kind.schema.names))

    def whole(self, *, only: NDArray[np.int64]) -> Iterator[pa.Table]:
        """Yields all columns of the rows with these checksums, each row as it was written.

        Raises:
            NewsImagesError: As `take`.
        """
        wanted = pa.array(only)
        for batch in self.rows(self.kind.schema.names):
            table = pa.Table.from_batches([batch]).select(self.kind.schema.names)
            asked = pc.is_in(table[CHECKSUM], value_set=wanted)
            own = table if pc.all(asked).as_py() else table.filter(asked)
            if len(own):
                yield self._checked(own)

    def _checked(self, table: pa.Table) -> pa.Table:
        if altered := self._altered(table):
            raise NewsImagesError(
                f"The gallery {self.uri} holds rows that were altered after they were written: "
                f"{first_ten(altered)}. Remove these images and add them again."
            )
        return table

    def verify(self, files: Path | None = None) -> pd.DataFrame:
        """Looks for all that can be wrong.

        Args:
            files: The folder of the images; where a file is in it, its content is compared. None
                looks at none.

        Returns:
            A row per fault: ``image_id`` ("" where it is one of the whole) and ``problem``.
        """
        problems: list[tuple[str, str]] = []
        seen: Counter[str] = Counter()
        try:
            for batch in self.rows(self.kind.schema.names):
                table = pa.Table.from_batches([batch])
                ids = table["image_id"].to_pylist()
                seen.update(ids)
                for tower, model in self.kind.towers.items():
                    wrong = not_unit(tower, matrix(table[tower], model.dimension))
                    problems += [
                        (ids[row], f"its {tower} vector is not of length 1") for row in wrong
                    ]
                altered = self._altered(table)
                problems += [(image_id, "altered after it was written") for image_id in altered]
                if files is not None:
                    problems += _of_files(table, files)
        except NewsImagesError as error:
            problems.append(("", str(error)))
        problems += [(name, f"there {n} times") for name, n in seen.items() if n > 1]
        return pd.DataFrame(problems, columns=["image_id", "problem"])

    def _altered(self, table: pa.Table) -> list[str]:
        vectors = {
            tower: matrix(table[tower], model.dimension)
            for tower, model in self.kind.towers.items()
        }
        wrong = np.flatnonzero(checksums(table, vectors) != table[CHECKSUM].to_numpy())
        return list(table["image_id"].take(wrong).to_pylist())

    def _ids(self) -> pa.ChunkedArray:
        batches = list(self.rows(["image_id"]))
        return pa.chunked_array([batch["image_id"] for batch in batches], pa.string())

    def todo(self, about: pa.Table, *, replace: bool = False) -> Todo:
        """What `add` would do to the newest version.

        Raises:
            NewsImagesError: As `add`.
        """
        self._storage.refresh()
        ids = about["image_id"].combine_chunks()
        parts = [
            found
            for batch in self.rows(ABOUT.names)
            if (found := batch.filter(pc.is_in(batch["image_id"], value_set=ids))).num_rows
        ]
        about = about.select(ABOUT.names)
        if not parts:
            return Todo(about, np.arange(len(about)), 0)
        there = pa.Table.from_batches(parts).select(ABOUT.names)
        at = pc.index_in(ids, value_set=there["image_id"].combine_chunks())
        is_there = np.asarray(pc.is_valid(at))
        kept = there.take(at)  # null where it is new
        for name in (*SAID, "file"):
            filled = pc.coalesce(about[name], kept[name])
            about = about.set_column(about.schema.get_field_index(name), about.field(name), filled)
        differs = {name: is_there & ~_same(about[name], kept[name]) for name in ("sha256", *SAID)}
        other = np.any(list(differs.values()), axis=0)
        if other.any() and not replace:
            self._refuse(ids, differs)
        return Todo(about, np.flatnonzero(~is_there | other), int(other.sum()))

    def same_pictures(self, about: pa.Table) -> dict[str, Embeddings]:
        """By tower the vectors of those images that are there with the same picture; not captions'.

        Raises:
            NewsImagesError: As `take`.
        """
        given = about.select(["image_id", "sha256"])
        row_ids: list[int] = []
        self._storage.refresh()
        for batch in self.rows(given.column_names):
            at = pc.index_in(batch["image_id"], value_set=given["image_id"].combine_chunks())
            same = pc.equal(batch["sha256"], given["sha256"].combine_chunks().take(at))
            row_ids += batch.filter(pc.fill_null(same, False))[ROW_ID].to_pylist()
        if not row_ids:
            return {}
        table = self.take(row_ids)
        ids = np.array(table["image_id"].to_pylist(), np.str_)
        return {
            tower: Embeddings(ids, matrix(table[tower], model.dimension))
            for tower, model in self.kind.towers.items()
            if tower != CAPTIONS
        }

    def _refuse(self, ids: pa.StringArray, differs: Mapping[str, NDArray[np.bool_]]) -> None:
        pictures = np.flatnonzero(differs["sha256"])
        if len(pictures):
            raise NewsImagesError(
                f"{self.uri} has these images with another picture: "
                f"{first_ten(ids.take(pictures).to_pylist())}. Nothing was added. Give the new "
                "ones other ids, leave them out, or set replace=true to have them take the "
                "places."
            )
        said = [
            f"{ids[row].as_py()} ({name})"
            for name in SAID
            for row in np.flatnonzero(differs[name]).tolist()
        ]
        raise NewsImagesError(
            f"{self.uri} has these images, but something else is said of them there: "
            f"{first_ten(said)}. Nothing was added. Leave them out, or set replace=true to take "
            "what is said now."
        )


def placed(uri: str) -> str:
    """A gallery's place: an address as it is, a folder as its whole path."""
    return uri.rstrip("/") if is_remote(uri) else str(Path(uri).expanduser().resolve())


def _check_free(uri: str) -> None:
    """Raises: NewsImagesError where a folder holds something that is no gallery."""
    if not is_remote(uri) and Path(uri).exists():
        if not Path(uri).is_dir():
            raise NewsImagesError(f"{uri} is a file, expected a folder for the gallery.")
        if others := sorted(path.name for path in Path(uri).iterdir()):
            raise NewsImagesError(
                f"{uri} holds something else than a gallery: {first_ten(others)}. Name a folder "
                "that is empty or not there, or a gallery."
            )


def _same(one: pa.ChunkedArray, other: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Where two columns have the same value, or both none."""
    equal = pc.fill_null(pc.equal(one, other), False)
    both_null = pc.and_(pc.is_null(one), pc.is_null(other))
    same: NDArray[np.bool_] = pc.or_(equal, both_null).to_numpy()
    return same


def _of_files(table: pa.Table, folder: Path) -> Iterator[tuple[str, str]]:
    """What is wrong with the files of the rows that lie below a folder."""
    for image_id, file, sha256 in zip(
        *(table[name].to_pylist() for name in ("image_id", "file", "sha256")), strict=True
    ):
        if file is None or not (path := folder / file).is_file():
            continue
        try:
            if file_sha256(path) != sha256:
                yield image_id, f"its file {file} has another content than when it was added"
        except OSError as error:
            yield image_id, f"its file {file} cannot be read: {error.strerror}"
