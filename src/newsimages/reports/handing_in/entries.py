"""The files in a ZIP that anybody may have made: names and contents out, in bounded memory.

A ZIP can say one size and unpack to another, point twice at the same bytes, or name files outside
the folder that it is unpacked in. Nothing is ever unpacked to the disk here.
"""

import copy
import re
import stat
import struct
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from newsimages.errors import NewsImagesError, told_as
from newsimages.reports.handing_in.faults import Faults
from newsimages.reports.handing_in.forms import alike

MAX_BYTES = 20_000_000  # of one picture: forty times what its pixels take
MAX_DIRECTORY = 100_000_000  # bytes that name the files: some 700,000 of them
_DRIVE = re.compile("[A-Za-z]:")
_END, _END_64, _LOCATOR = b"PK\5\6", b"PK\6\6", b"PK\6\7"
_ENCRYPTED = 0x1
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_STEP = 1 << 16


class UnreadableEntryError(Exception):
    """A file in a ZIP that cannot be read; its text is the fault."""


@contextmanager
def opened_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """A ZIP to read. Raises: NewsImagesError where it is none, is damaged, or names too much."""
    if not path.is_file():
        raise NewsImagesError(f"file={path} is no file. Give the ZIP that is to be handed in.")
    with told_as(path, "a ZIP", "Write or fetch it again."):
        with path.open("rb") as file:
            n_bytes = _directory_bytes(file)
        if n_bytes > MAX_DIRECTORY:
            raise NewsImagesError(
                f"{path} takes {n_bytes:,} bytes to name its files, expected {MAX_DIRECTORY:,} at "
                "most: no submission."
            )
        archive = zipfile.ZipFile(path)
    with archive:
        yield archive


def _directory_bytes(file: IO[bytes]) -> int:
    """Bytes of the list of files at a ZIP's end, as it says itself."""
    n = file.seek(0, 2)
    start = file.seek(max(0, n - (1 << 16) - 100))
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        raise ValueError("it has no end of a ZIP; it is cut short, or none")
    (size,) = struct.unpack_from("<I", tail, at + 12)
    if at >= 20 and tail[at - 20 : at - 16] == _LOCATOR:
        (place,) = struct.unpack_from("<Q", tail, at - 12)
        file.seek(min(place, start + at))
        head = file.read(56)
        if head.startswith(_END_64) and len(head) == 56:
            (size,) = struct.unpack_from("<Q", head, 40)
    return int(size)


def checked_entries(
    archive: zipfile.ZipFile, n_bytes: int, faults: Faults
) -> list[zipfile.ZipInfo]:
    """The files that may be read; what is wrong with the others, and with names, is added.

    Args:
        archive: The ZIP.
        n_bytes: Its size.
        faults: What is found.
    """
    infos = archive.infolist()
    counts = Counter(info.filename for info in infos)
    faults.add("names of several files", *(name for name, n in counts.items() if n > 1))
    faults.add("names that are one for Mac and Windows", *alike(counts))
    if sum(info.compress_size for info in infos) > n_bytes:
        faults.add("a ZIP bomb: its files say to be larger than the ZIP", f"{n_bytes:,} bytes")
        return []
    good, seen = [], set()
    for info in infos:
        if why := _why_not(info):
            faults.add(why, info.orig_filename)
        elif not info.is_dir() and info.filename not in seen:
            seen.add(info.filename)
            good.append(info)
    return good


def _why_not(info: zipfile.ZipInfo) -> str:
    """Why a file is not to be read; "" where it may be."""
    name, kind = info.orig_filename, stat.S_IFMT(info.external_attr >> 16)
    is_absolute = name.startswith(("/", "\\")) or _DRIVE.match(name)
    reasons = {
        "absolute paths": is_absolute,
        "paths that lead out of the folder (..)": ".." in re.split(r"[/\\]", name),
        "names with \\ or control characters": "\\" in name or not name.isprintable(),
        "links or devices, no files": kind not in (0, stat.S_IFREG, stat.S_IFDIR),
        "encrypted files": info.flag_bits & _ENCRYPTED,
        "files packed in a way that few programs know": info.compress_type not in _PACKED,
        f"files of more than {MAX_BYTES:,} bytes, as a ZIP bomb has": info.file_size > MAX_BYTES,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def content_of(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """What a file holds.

    Raises:
        UnreadableEntryError: It is damaged, or unpacks to more than it says.
    """
    whole = copy.copy(info)
    whole.file_size = MAX_BYTES + 1  # so that all is unpacked that is there, not what it says
    content = bytearray()
    try:
        with archive.open(whole) as file:
            while len(content) <= info.file_size and (part := file.read(_STEP)):
                content += part
    except Exception as error:
        if len(content) <= info.file_size:
            raise UnreadableEntryError("damaged files of the ZIP") from error
    if len(content) > info.file_size:
        raise UnreadableEntryError("files that unpack to more than they say, as a ZIP bomb does")
    if len(content) < info.file_size:
        raise UnreadableEntryError("damaged files of the ZIP")
    return bytes(content)
