"""The caption that a picture's file holds: a JPEG or PNG file in, its text or "" out.

Agencies write it as IPTC's Caption/Abstract (2:120) or as XMP's ``dc:description``. Such data may
hold anything, so only the beginning of a file is looked at, and only what is text is taken.
"""

import io
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.parsers import expat

from PIL import Image

from newsimages.plain_text import readable

MAX_CHARACTERS = 2_000
"""Of a caption that are taken, the limit of IPTC; no text tower reads as many."""

_HEADER = 1 << 20  # bytes of a file in which its caption is looked for
_FORMATS = ("JPEG", "PNG")
_IPTC, _CAPTION = 0x0404, (2, 120)
_MAX_XMP = 1 << 18
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd]")  # no text has them
_DESCRIPTION = "http://purl.org/dc/elements/1.1/ description"
_ITEM = "http://www.w3.org/1999/02/22-rdf-syntax-ns# li"
_LANGUAGE = "http://www.w3.org/XML/1998/namespace lang"


def caption_in(path: Path) -> str:
    """The caption in a file, as people see it; "" where there is none that is text."""
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(file.read(_HEADER)), formats=_FORMATS) as image:
                about = dict(image.info)
    except Exception:  # noqa: BLE001 (each of Pillow's readers has its own; a report comes later)
        return ""
    return next(filter(None, map(as_caption, _found(about))), "")


def as_caption(text: str) -> str:
    """``text`` as a caption: as people see it, cut at `MAX_CHARACTERS`, "" where no letter is."""
    caption = readable(text[: 2 * MAX_CHARACTERS])[:MAX_CHARACTERS].rstrip()
    return caption if any(map(str.isalpha, caption)) else ""


def _found(about: dict[Any, Any]) -> Iterator[str]:
    """Yields what stands for a caption in a picture's data, IPTC before XMP."""
    blocks = about.get("photoshop")
    if isinstance(blocks, dict) and isinstance(blocks.get(_IPTC), bytes):
        for field, value in _fields(blocks[_IPTC]):
            if field == _CAPTION:
                yield _text(value)
    packet = about.get("xmp")
    if isinstance(packet, bytes) and len(packet) <= _MAX_XMP:
        yield _description(packet)


def _fields(content: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    """Yields record, number and value of the fields of IPTC's IIM, up to the first broken one."""
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
