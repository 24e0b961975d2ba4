"""What a picture's file says of it in IPTC's fields: caption, credit and day, where it does.

Agencies write them into their JPEGs. XMP, which is XML, is not read.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

from PIL import Image, IptcImagePlugin

from newsimages.plain_text import readable

FORMATS = ("JPEG", "TIFF")
MAX_LETTERS = 10_000
_CAPTION, _CREDIT, _BYLINE, _DAY, _CHARACTERS = (2, 120), (2, 110), (2, 80), (2, 55), (1, 90)
_UTF_8 = b"\x1b%G"


def said_in(path: Path) -> dict[str, Any]:
    """``caption``, ``credit`` and ``date`` (a datetime), those that the file says; no errors."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            fields = IptcImagePlugin.getiptcinfo(image) or {}
    except Exception:  # noqa: BLE001 - each of Pillow's readers has its own; encoding tells of them
        return {}
    is_utf_8 = fields.get(_CHARACTERS) == _UTF_8
    said = {
        "caption": _text(fields.get(_CAPTION), is_utf_8=is_utf_8),
        "credit": _text(fields.get(_CREDIT) or fields.get(_BYLINE), is_utf_8=is_utf_8),
        "date": _day(fields.get(_DAY)),
    }
    return {name: value for name, value in said.items() if value}


def _text(value: Any, *, is_utf_8: bool) -> str:
    """A field's text; of a field that occurs several times, all, separated by commas."""
    parts = value if isinstance(value, list) else [value]
    return ", ".join(_decoded(each, is_utf_8) for each in parts if isinstance(each, bytes))


def _decoded(value: bytes, is_utf_8: bool) -> str:
    cut = value[: 4 * MAX_LETTERS]
    try:
        text = cut.decode("utf-8")
    except UnicodeDecodeError:
        text = cut.decode("utf-8" if is_utf_8 else "cp1252", "replace")
    return readable(text)[:MAX_LETTERS]


def _day(value: Any) -> datetime | None:
    try:
        return datetime.strptime(value.decode("ascii"), "%Y%m%d")
    except (AttributeError, ValueError):
        return None
