"""HEIF files (.heic), as phones write them: read where pillow-heif is installed.

It is no dependency of the project, as its wheels carry a codec under the GPL.
"""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

ADVICE = "HEIF, which needs `pip install pillow-heif`"
IS_READ = find_spec("pillow_heif") is not None
FORMATS = ("HEIF",) if IS_READ else ()
"""Pillow's names for what is read here."""
_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")

if IS_READ:
    import_module("pillow_heif").register_heif_opener()


def lacks_reader(path: Path) -> bool:
    """Whether a file begins as HEIF does, and there is nothing that reads it.

    Raises:
        OSError: The file cannot be read.
    """
    if IS_READ:
        return False
    with path.open("rb") as file:
        start = file.read(12)
    return start[4:8] == b"ftyp" and start[8:] in _BRANDS
