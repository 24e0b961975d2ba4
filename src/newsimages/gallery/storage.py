"""All that knows Lance: a table in a folder or an object storage, in versions.

Every change is one commit: it is there as a whole, under a new version number, or not at all. Of
two that come at the same time, the second is done again on top of the first. Lance has threads of
its own, which a forked process has not: processes that use it are to be spawned.
"""

import errno
import os
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from newsimages.errors import NewsImagesError, shortened

TABLE = "images"
REQUIREMENTS = "registry/requirements-gallery.txt"
ROW_ID = "_rowid"
REMOTE_OPTIONS = {
    "connect_timeout": "5s",
    "timeout": "60s",
    "client_max_retries": "5",
    "client_retry_timeout": "30",
}
"""How long an object storage is waited for; Lance's own patience is three minutes a request."""


def is_remote(uri: str) -> bool:
    """Whether a gallery lies in an object storage."""
    return "://" in uri


def is_gallery(name: str) -> bool:
    """Whether a user's text names a gallery of this kind: an address, or a folder with its table.

    A gallery's folder that has lost its table is none, but a folder.
    """
    return is_remote(name) or os.path.isdir(Path(name) / f"{TABLE}.lance")  # noqa: PTH112 - as paths


class Storage:
    """A table at a place, at one version."""

    def __init__(self, uri: str, table: Any) -> None:
        self.uri, self._table = uri, table

    @classmethod
    def create(cls, uri: str, schema: pa.Schema) -> "Storage | None":
        """Makes an empty table, or None where one is there already.

        Raises:
            NewsImagesError: There is no such place, or it cannot be written to.
        """
        with told(uri, "made"):
            try:
                return cls(uri, _connect(uri).create_table(TABLE, schema=schema))
            except ValueError as error:
                if "already exists" in str(error):
                    return None
                raise

    @classmethod
    def open(cls, uri: str, version: int | None = None) -> "Storage":
        """The table at a version, or at the newest.

        Raises:
            NewsImagesError: There is none, no such version, or it cannot be read.
        """
        if not is_gallery(uri):
            raise NewsImagesError(
                f"{shortened(uri)} holds no gallery (no {TABLE}.lance). Make one with the entry "
                "point gallery, or name another folder."
            )
        with told(uri, "opened"):
            table = _connect(uri).open_table(TABLE)
            if version is not None:
                try:
                    table.checkout(version)
                except ValueError as error:
                    raise NewsImagesError(
                        f"The gallery {uri} has no version {version} (any more); its newest is "
                        f"{_newest(uri)}. Ask for a version that is there, or register the model "
                        "again."
                    ) from error
            return cls(uri, table)

    @property
    def version(self) -> int:
        """Its number."""
        with told(self.uri, "read"):
            return int(self._table.version)

    @property
    def schema(self) -> pa.Schema:
        """Its columns."""
        with told(self.uri, "read"):
            return self._table.schema

    def __len__(self) -> int:
        with told(self.uri, "read"):
            return int(self._table.count_rows())

    def versions(self) -> list[dict[str, Any]]:
        """``version`` and ``timestamp`` of each that is there, the oldest first."""
        with told(self.uri, "read"):
            return [
                {"version": each["version"], "timestamp": each["timestamp"]}
                for each in self._table.list_versions()
            ]

    def refresh(self) -> None:
        """Goes to the newest version."""
        with told(self.uri, "read"):
            self._table.checkout_latest()

    def scan(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yields all rows, some of their columns and `ROW_ID`."""
        with told(self.uri, "read"):
            query = self._table.search().select(list(columns)).with_row_id(True)
            yield from query.to_batches()

    def take(self, row_ids: Sequence[int], columns: Sequence[str]) -> pa.Table:
        """The rows of these `ROW_ID`, in their order."""
        with told(self.uri, "read"):
            query = self._table.take_row_ids(list(row_ids)).select([*columns])
            return query.to_arrow().select([*columns])

    def insert(self, rows: pa.Table, *, replace: bool) -> int:
        """Adds the rows whose id is not there; with ``replace``, the others take their places.

        Returns:
            How many were added or replaced.
        """
        with told(self.uri, "written to"):
            merge = self._table.merge_insert("image_id").when_not_matched_insert_all()
            if replace:
                merge = merge.when_matched_update_all()
            # What is null stays so; vectors that are wrong do not come here, as `Rows` checks them.
            result = merge.execute(rows, on_bad_vectors="null")
            return int(result.num_inserted_rows + result.num_updated_rows)

    def delete(self, ids: Collection[str]) -> int:
        """Removes the rows of these ids, and says how many there were."""
        from lancedb.expr import col  # noqa: PLC0415 - an extra, and slow to load

        with told(self.uri, "written to"):
            return int(self._table.delete(col("image_id").isin(list(ids))).num_deleted_rows)

    def keep(self, version: int) -> None:
        """Tags a version, so that no clean-up takes it away."""
        with told(self.uri, "written to"):
            name = f"kept-{version}"
            if name not in self._table.tags.list():
                self._table.tags.create(name, version)


def _connect(uri: str) -> Any:
    try:
        import lancedb  # noqa: PLC0415 - an extra, and slow to load
    except ImportError as error:
        raise NewsImagesError(
            f"A gallery that grows needs lancedb, which is not installed ({error}). Install it: "
            f"pip install -r {REQUIREMENTS}"
        ) from error
    return lancedb.connect(uri, storage_options=REMOTE_OPTIONS if is_remote(uri) else None)


def _newest(uri: str) -> int:
    return int(_connect(uri).open_table(TABLE).version)


@contextmanager
def told(uri: str, doing: str) -> Iterator[None]:
    """Turns what Lance raises over a gallery into a sentence that names it."""
    try:
        yield
    except NewsImagesError:
        raise
    except Exception as error:  # Lance has ValueError, RuntimeError and OSError for all there is
        raise NewsImagesError(
            f"The gallery {shortened(uri)} cannot be {doing}: {_reason(error)}. {_advice(error)}"
        ) from error


def _reason(error: Exception) -> str:
    """What Lance says, without the places in its source."""
    said = _SOURCE.split(" ".join(str(error).split()))[0]
    return shortened(said.removeprefix("lance error: ").rstrip(". "), 300)


_SOURCE = re.compile(r", \S+\.rs:\d+")
_FULL = ("No space left", "os error 28", "Disk quota", "os error 122", "File too large")
_AWAY = ("RetryError", "error sending request", "ConnectError", "timed out", "Connect,")
_DENIED = ("Permission denied", "os error 13", "Read-only file system", "403", "AccessDenied")
_BUSY = ("onflict", "concurrent")


def _advice(error: Exception) -> str:
    said = str(error)
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or _any(_FULL, said):
        return "Nothing of this was added. Free some space, and run it again."
    if _any(_AWAY, said):
        return (
            "The storage does not answer; what was committed before is there. See to it (for S3: "
            "the AWS_… variables), and run it again."
        )
    if _any(_DENIED, said):
        return "See to the rights, or name another place."
    if _any(_BUSY, said):
        return "Others are writing to it: run it again."
    return (
        "A file of it is absent, cut short or altered, or the place is wrong. Fetch the file anew "
        "from a copy, or make the gallery again."
    )


def _any(signs: Collection[str], said: str) -> bool:
    return any(sign in said for sign in signs)
