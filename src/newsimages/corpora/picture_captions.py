"""What a picture's file says of it: a JPEG or PNG file in, its caption, credit and day out.

Agencies write the caption as IPTC's Caption/Abstract (2:120) or as XMP's ``dc:description``, credit
and day as IPTC's 2:110 (else the byline, 2:80) and 2:55. Such data may hold anything, so only the
beginning of a file is looked at, and only what is text is taken.
"""

import io
import re
import warnings
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.parsers import expat

from PIL import Image

from newsimages.plain_text import readable

MAX_CHARACTERS = 2_000
"""Of a caption that are taken, the limit of IPTC; no text tower reads as many."""

Field = tuple[tuple[int, int], bytes]
"""Record, number and value of a field of IPTC's IIM."""

_HEADER = 1 << 20  # bytes of a file in which its caption is looked for
_FORMATS = ("JPEG", "PNG")
_IPTC, _CAPTION, _CREDIT, _BYLINE, _DAY = 0x0404, (2, 120), (2, 110), (2, 80), (2, 55)
_MAX_XMP = 1 << 18
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd]")  # no text has them
_DESCRIPTION = "http://purl.org/dc/elements/1.1/ description"
_ITEM = "http://www.w3.org/1999/02/22-rdf-syntax-ns# li"
_LANGUAGE = "http://www.w3.org/XML/1998/namespace lang"


def caption_in(path: Path) -> str:
    """The caption in a file, as people see it; "" where there is none that is text."""
    return str(said_in(path).get("caption", ""))


def said_in(path: Path) -> dict[str, Any]:
    """``caption``, ``credit`` and ``date`` (a datetime), those that the file says; no errors."""
    try:
        if not path.is_file():  # a pipe would be waited for
            return {}
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(file.read(_HEADER)), formats=_FORMATS) as image:
                about = dict(image.info)
    except Exception:  # noqa: BLE001 (each of Pillow's readers has its own; a report comes later)
        return {}
    fields = _iptc(about)
    captions = map(as_caption, _captions(about, fields))
    credits_ = (_credit(fields, number) for number in (_CREDIT, _BYLINE))
    days = (_day(value) for field, value in fields if field == _DAY)
    said = {
        name: next(filter(None, found), None)
        for name, found in (("caption", captions), ("credit", credits_), ("date", days))
    }
    return {name: value for name, value in said.items() if value}


def as_caption(text: str) -> str:
    """``text`` as a caption: as people see it, cut at `MAX_CHARACTERS`, "" where no letter is."""
    caption = readable(text[: 2 * MAX_CHARACTERS])[:MAX_CHARACTERS].rstrip()
    return caption if any(map(str.isalpha, caption)) else ""


def _captions(about: dict[Any, Any], fields: list[Field]) -> Iterator[str]:
    """Yields what stands for a caption in a picture's data, IPTC before XMP."""
    yield from (_text(value) for field, value in fields if field == _CAPTION)
    packet = about.get("xmp")
    if isinstance(packet, bytes) and len(packet) <= _MAX_XMP:
        yield _description(packet)


def _credit(fields: list[Field], number: tuple[int, int]) -> str:
    """All that a field says, which may occur several times, separated by commas."""
    texts = (as_caption(_text(value)) for field, value in fields if field == number)
    return as_caption(", ".join(filter(None, texts)))


def _day(value: bytes) -> datetime | None:
    """A day as IPTC writes it, 20260105."""
    try:
        return datetime.strptime(value.decode("ascii"), "%Y%m%d") if len(value) == 8 else None
    except ValueError:
        return None


def _iptc(about: dict[Any, Any]) -> list[Field]:
    """The fields of IPTC in a picture's data."""
    blocks = about.get("photoshop")
    content = blocks.get(_IPTC) if isinstance(blocks, dict) else None
    return list(_fields(content)) if isinstance(content, bytes) else []


def _fields(content: bytes) -> Iterator[Field]:
    """Yields the fields of IPTC's IIM, up to the first broken one."""
    at = 0
    while content[at : at + 1] == b"\x1c" and at + 5 <= len(content):
        size = int.from_bytes(content[at + 3 : at + 5])
        start = at + 5
        if size > 0x7FFF:  # an extended field: the length of its length
            start += size - 0x8000
            size = int.from_bytes(content[at + 5 : start][:8])
        if start + size > len(content):
            return
        yield (content[at + 1], content[at + 2]), content[start : start + size]
        at = start + size


def _text(value: bytes) -> str:
    """UTF-8, else cp1252, whatever the charset (1:90) says, which is often wrong; "" for bytes."""
    for encoding in ("utf-8", "cp1252"):
        try:
            text = value.decode(encoding)
        except UnicodeDecodeError:
            continue
        return "" if _CONTROLS.search(text) else text
    return ""


def _description(packet: bytes) -> str:
    """The text of ``dc:description`` in an XMP packet: that of the default language, or the first.

    XML that declares a document type, the one way to entities, is not read any further.
    """
    items: list[tuple[bool, list[str]]] = []
    inside: list[str] = []

    def starts(name: str, attributes: dict[str, str]) -> None:
        inside.append(name)
        if name in (_DESCRIPTION, _ITEM) and _DESCRIPTION in inside:
            items.append((attributes.get(_LANGUAGE) == "x-default", []))

    def reads(text: str) -> None:
        if _DESCRIPTION in inside:
            items[-1][1].append(text)

    def refuses(*_: object) -> None:
        raise ValueError("a document type")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = starts
    parser.EndElementHandler = lambda _: inside.pop()
    parser.CharacterDataHandler = reads
    parser.StartDoctypeDeclHandler = refuses
    try:
        parser.Parse(packet.strip(b"\x00 \r\n\t"), True)
    except (expat.ExpatError, ValueError):
        return ""
    texts = sorted(((not first, "".join(parts)) for first, parts in items), key=lambda own: own[0])
    return next((text for _, text in texts if text.strip() and not _CONTROLS.search(text)), "")
