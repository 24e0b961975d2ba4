"""A JPEG file's scans: how many there are, where they end, and whether rows of the picture lack.

libjpeg reads a file that ends too early as whole once it carries an end marker, and paints what
lacks in middle grey; and it goes over the whole picture for each scan, of which a small file can
hold hundreds. (ITU-T T.81, Annex B.)
"""

import io
import re
import zlib
from typing import NamedTuple

from PIL import Image

START = b"\xff\xd8\xff"
MAX_MARKERS = 100_000  # so many segments take a tenth of a second to go through
_END = b"\xff\xd9"
_SCAN, _LAST = 0xDA, 0xD9
_BARE = (0x01, *range(0xD0, 0xD9))  # markers without a segment
_IN_SCAN = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # the marker that ends a scan's data
_MORE = bytes(range(1, 251)) * 8  # what stands after a scan's last bits is never looked at
_GREY = range(124, 133)  # 128, and what rounding and neighbours make of it


class Scans(NamedTuple):
    """The scans of a JPEG file."""

    n: int
    first_end: int  # position of the first byte after the first scan's data
    end: int  # the same of the last scan
    has_end: bool  # whether the end marker stands there


def scans(content: bytes) -> Scans:
    """Goes through the markers up to the picture's end; of several pictures, the first's.

    Raises:
        ValueError: There are more than `MAX_MARKERS`.
    """
    n, at, first_end = 0, 2, 0
    for _ in range(MAX_MARKERS):
        found = _IN_SCAN.search(content, at)
        end = len(content) if found is None else found.start()
        if n == 1:
            first_end = first_end or end
        if found is None:
            return Scans(n, first_end, end, has_end=False)
        at, marker = found.end(), content[found.end() - 1]
        if marker == _LAST:
            return Scans(n, first_end, end, has_end=True)
        if marker not in _BARE:
            at += int.from_bytes(content[at : at + 2])
        n += marker == _SCAN
    raise ValueError(f"more than {MAX_MARKERS:,} markers")


def ended(content: bytes, scans: Scans, more: bytes = b"") -> bytes:
    """The picture with an end marker, and with ``more`` data in its first and its last scan."""
    first, rest = content[: scans.first_end], content[scans.first_end : scans.end]
    return b"".join((first.rstrip(b"\xff"), more, rest.rstrip(b"\xff"), more, _END))


def ends_grey(image: Image.Image) -> bool:
    """Whether a decoded JPEG ends in the grey that libjpeg paints where there is no data."""
    last = image.getpixel((image.width - 1, image.height - 1))
    return all(value in _GREY for value in (last if isinstance(last, tuple) else (last,)))


def lacks_rows(content: bytes, scans: Scans) -> bool:
    """Whether the scans' data does not suffice: then more data gives another picture."""
    return _checksum(ended(content, scans)) != _checksum(ended(content, scans, _MORE))


def _checksum(content: bytes) -> int:
    """A checksum of the picture's pixels at half its size, which takes a quarter of the memory."""
    with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
        image.draft(None, (image.width // 2, image.height // 2))
        return zlib.crc32(image.tobytes())
