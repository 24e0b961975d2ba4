"""A file of a ZIP in, its pixels out, and all that is wrong with it as a picture."""

import hashlib
import io
from typing import NamedTuple

from PIL import Image

from newsimages.encoding import jpeg_file, png_file
from newsimages.encoding.as_seen import as_seen
from newsimages.reports.handing_in.crop import HEIGHT, WIDTH

MAX_PIXELS = 4_000_000  # of a picture of a wrong size that is looked at all the same
_END = b"\0\0\0\0IEND\xaeB`\x82"  # the last chunk of a PNG
_KINDS = {b"GIF8": "GIF", b"BM": "BMP", b"RIFF": "WebP", b"II*\0": "TIFF", b"MM\0*": "TIFF"}


class Seen(NamedTuple):
    """A picture of a ZIP."""

    faults: list[str]
    picture: Image.Image | None
    """As people see it; None where it cannot be seen."""

    @property
    def digest(self) -> bytes:
        """What pictures of the same pixels share; b"" where there are none."""
        if self.picture is None:
            return b""
        size = repr(self.picture.size).encode()
        return hashlib.sha256(size + self.picture.tobytes()).digest()[:16]


def seen(content: bytes) -> Seen:
    """Looks at a file that is handed in as a picture."""
    if not content.startswith(png_file.START):
        return Seen([f"pictures that are no PNG but {_kind(content)}"], None)
    try:
        return _seen(content)
    except _DamagedError:
        return Seen(["pictures that are cut short or damaged"], None)


class _DamagedError(Exception):
    """A PNG that is cut short or damaged otherwise."""


def _seen(content: bytes) -> Seen:
    faults = []
    try:
        header = png_file.Header.read(content)
        size = (header.width, header.height)
        if size != (WIDTH, HEIGHT):
            faults.append(f"pictures of another size than {WIDTH} × {HEIGHT}")
        if (header.depth, header.colour) != (8, png_file.RGB):
            faults.append("pictures of another mode than 8-bit RGB")
        if header.width * header.height > MAX_PIXELS:
            return Seen(faults, None)
        if _END not in content:
            raise _DamagedError
        shown = png_file.without_metadata(io.BytesIO(content))
        with Image.open(io.BytesIO(shown), formats=("PNG",)) as image:
            if getattr(image, "n_frames", 1) > 1:
                faults.append("animated pictures")
            if "transparency" in image.info:
                faults.append("pictures with transparent parts")
            png_file.check_rows(shown)
            return Seen(faults, as_seen(image))
    except Exception as error:  # each of Pillow's decoders has its own
        raise _DamagedError from error


def _kind(content: bytes) -> str:
    if content.startswith(jpeg_file.START):
        return "JPEG"
    kinds = [kind for start, kind in _KINDS.items() if content.startswith(start)]
    return kinds[0] if kinds else "something else" if content else "empty"
