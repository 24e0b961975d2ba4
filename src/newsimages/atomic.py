"""Files that are either whole or absent: written beside their place, synced, then moved into it."""

import errno
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from newsimages.errors import NewsImagesError, shortened

_TEMPORARY = re.compile(r"\.(?P<of>.+)\.\d+-[0-9a-f]{8}\.tmp(-journal|-wal|-shm)?")  # SQLite's too


@contextmanager
def replacing(
    path: Path,
    *,
    instead: str = "choose another folder with the parameter workdir (TMPDIR for temporary files)",
) -> Iterator[Path]:
    """Yields a temporary sibling of ``path``; on success it takes the place of ``path``.

    A reader sees the old file or the new one, never a part; after ``kill -9`` a stale
    temporary file may be left, which nothing reads: `remove_leftovers`.

    Args:
        path: The file to write.
        instead: What to do where that is impossible, for the error.

    Raises:
        NewsImagesError: The folder cannot be written or the disk is full.
    """
    temporary = temporary_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        advice = f"Free some space or {instead}" if is_full else instead[0].upper() + instead[1:]
        raise NewsImagesError(
            f"Cannot write {shortened(path)}: {error.strerror or error}. {advice}."
        ) from error
    finally:
        with suppress(OSError):  # above all where the folder itself could not be made
            temporary.unlink()


def temporary_of(path: Path) -> Path:
    """A name beside ``path`` that nothing else has."""
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")


def remove_leftovers(folder: Path, *, of: str | None = None) -> None:
    """Removes temporary files of killed processes; no other process may be writing there.

    Args:
        folder: Where they lie.
        of: The name of the file they were to become, in that folder itself; all, and below, if
            not given.
    """
    for path in folder.glob(".*.tmp*" if of else "**/.*.tmp*"):
        found = _TEMPORARY.fullmatch(path.name)
        if found and of in (None, found["of"]):
            with suppress(OSError):
                path.unlink()


def write_bytes(path: Path, data: bytes) -> None:
    """Writes ``data`` to ``path`` atomically. Raises: NewsImagesError as in `replacing`."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)
