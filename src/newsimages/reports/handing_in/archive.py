"""Names and contents in, a ZIP out: written as they come, whole or not at all.

Each content is written and forgotten; what stays in memory is an entry's name and place, less than
a kilobyte. Equal contents make an equal file, as it holds no times.
"""

import stat
import zipfile
from collections.abc import Iterable
from pathlib import Path

from newsimages.atomic import replacing

_DATE = (1980, 1, 1, 0, 0, 0)  # the first that a ZIP can hold
_MODE = (stat.S_IFREG | 0o644) << 16
_UNIX = 3


def write_archive(path: Path, entries: Iterable[tuple[str, bytes]]) -> int:
    """Writes a ZIP of any size (ZIP64) atomically; PNGs are stored, as they are packed already.

    Args:
        path: The ZIP.
        entries: The name of each file and what it holds.

    Returns:
        How many files are in it.

    Raises:
        NewsImagesError: The disk is full, or the folder cannot be written; nothing is left behind.
    """
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, content in entries:
            info = zipfile.ZipInfo(name, _DATE)
            info.external_attr, info.create_system = _MODE, _UNIX
            archive.writestr(info, content)
        return len(archive.filelist)
