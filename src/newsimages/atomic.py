"""Files that are either whole or absent: written beside their place, synced, then moved into it."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from newsimages.errors import NewsImagesError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a temporary sibling of ``path``; on success it takes the place of ``path``.

    A reader sees the old file or the new one, never a part; after ``kill -9`` a stale
    temporary file may be left, which nothing reads.

    Raises:
        NewsImagesError: The folder cannot be written or the disk is full.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        raise NewsImagesError(
            f"Cannot write {path}: {error.strerror or error}. "
            f"{'Free some space or choose' if is_full else 'Choose'} another folder with the "
            "parameter workdir."
        ) from error
    finally:
        with suppress(OSError):  # above all where the folder itself could not be made
            temporary.unlink()


def write_bytes(path: Path, data: bytes) -> None:
    """Writes ``data`` to ``path`` atomically. Raises: NewsImagesError as in `replacing`."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)
