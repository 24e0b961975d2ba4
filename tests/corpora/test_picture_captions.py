"""What picture files say: captions by IPTC or XMP, credits, days, and what is none."""

import io
import os
import struct
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from newsimages.corpora.picture_captions import MAX_CHARACTERS, as_caption, caption_in, said_in

XMP = (
    '<?xpacket begin="" id="W5M0"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt><rdf:li>A title</rdf:li>'
    "</rdf:Alt></dc:title>{}</rdf:Description></rdf:RDF></x:xmpmeta>"
)
ITEMS = (
    '<dc:description><rdf:Alt><rdf:li xml:lang="de">Eine Fähre.</rdf:li>'
    '<rdf:li xml:lang="x-default">A ferry &amp; a <b>tug</b>.</rdf:li></rdf:Alt></dc:description>'
)


def field(number: int, value: bytes, record: int = 2) -> bytes:
    return struct.pack(">BBBH", 0x1C, record, number, len(value)) + value


def jpeg(iptc: bytes = b"", xmp: bytes = b"") -> bytes:
    """A small JPEG with these data behind its start."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, "JPEG")
    segments = b""
    if iptc:
        block = b"8BIM\x04\x04\x00\x00" + struct.pack(">I", len(iptc)) + iptc + b"\0" * 2
        segments += segment(0xED, b"Photoshop 3.0\x00" + block)
    if xmp:
        segments += segment(0xE1, b"http://ns.adobe.com/xap/1.0/\x00" + xmp)
    content = file.getvalue()
    return content[:2] + segments + content[2:]


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "picture.jpg"


@pytest.mark.parametrize(
    ("iptc", "expected"),
    [
        (field(120, b"A ferry at dusk."), "A ferry at dusk."),
        (field(90, b"\x1b%G", 1) + field(120, "Fähre".encode()), "Fähre"),
        (field(120, "Fähre".encode("cp1252")), "Fähre"),
        (field(90, b"\x1b%G", 1) + field(120, "Fähre".encode("cp1252")), "Fähre"),
        (field(105, b"A headline") + field(120, b"One.") + field(120, b"Two."), "One."),
        (field(120, b"") + field(120, b" \n ") + field(120, b"Two."), "Two."),
        (field(120, b"  a\r\nb\t c &amp; d "), "a b c & d"),
        (field(120, "A \u202efer\u200bry\u202c.".encode()), "A ferry."),
        (field(120, b"A caption.") + b"\x1c\x02\x78\x7f\xff cut short", "A caption."),
        (b"\x1c\x02\x78\x80\x04" + struct.pack(">I", 7) + b"A ferry", "A ferry"),
        (b"\x1c\x02\x78\x80\x04\xff\xff\xff\xff" + b"too long", ""),
        (b"\x1c\x02\x78\xff\xff", ""),
        (field(120, bytes(range(256))), ""),
        (field(120, b"A\x00 ferry"), ""),
        (field(120, b"\x81\x8d\x8f"), ""),
        (field(120, b"20221126 - 17"), ""),
        (b"no IIM at all", ""),
    ],
)
def test_iptc(path: Path, iptc: bytes, expected: str) -> None:
    path.write_bytes(jpeg(iptc))
    assert caption_in(path) == expected


BOMB = "<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>"


@pytest.mark.parametrize(
    ("xmp", "expected"),
    [
        (XMP.format(ITEMS), "A ferry & a tug."),
        (XMP.format(ITEMS.replace("x-default", "en")), "Eine Fähre."),
        (XMP.format("<dc:description>A ferry.</dc:description>"), "A ferry."),
        (XMP.format(""), ""),
        (BOMB + XMP.format(ITEMS.replace("&amp;", "&b;")), ""),
        (BOMB + XMP.format(ITEMS), ""),
        (XMP.format(ITEMS)[:-20], ""),
        ("not XML", ""),
    ],
)
def test_xmp(path: Path, xmp: str, expected: str) -> None:
    path.write_bytes(jpeg(xmp=xmp.encode()))
    assert caption_in(path) == expected
    path.write_bytes(jpeg(xmp=xmp.encode("utf-16")))
    assert caption_in(path) == ""  # in a JPEG it is UTF-8
    about = PngImagePlugin.PngInfo()
    about.add_itxt("XML:com.adobe.xmp", xmp)
    Image.new("RGB", (8, 8)).save(path, "PNG", pnginfo=about)
    assert caption_in(path) == expected


def test_iptc_goes_before_xmp_where_it_is_text(path: Path) -> None:
    path.write_bytes(jpeg(field(120, b"By IPTC."), XMP.format(ITEMS).encode()))
    assert caption_in(path) == "By IPTC."
    path.write_bytes(jpeg(field(120, b"\x01\x02"), XMP.format(ITEMS).encode()))
    assert caption_in(path) == "A ferry & a tug."


@pytest.mark.parametrize("content", [b"", b"no picture", jpeg(field(120, b"Cut."))[:30]])
def test_what_is_no_picture_has_no_caption(path: Path, content: bytes) -> None:
    assert caption_in(path) == ""  # nor has what is not there
    path.write_bytes(content)
    assert caption_in(path) == ""


def test_long_captions_are_cut(path: Path) -> None:
    text = "A ferry. " * 7_000
    path.write_bytes(jpeg(field(120, text[:32_000].encode())))
    for caption in (caption_in(path), as_caption(text * 20)):
        assert MAX_CHARACTERS - 10 <= len(caption) <= MAX_CHARACTERS
        assert caption == text[: len(caption)]


@pytest.mark.parametrize(
    ("iptc", "expected"),
    [
        (field(110, b"dpa") + field(80, b"A. B."), {"credit": "dpa"}),
        (field(80, b"A. B.") + field(80, "Jos\u00e9".encode("cp1252")), {"credit": "A. B., José"}),
        (field(110, b"\x00\x01") + field(110, b" - ") + field(80, b"A. B."), {"credit": "A. B."}),
        (field(55, b"20260105"), {"date": datetime(2026, 1, 5)}),
        (field(55, b"00000000") + field(55, b"20260105"), {"date": datetime(2026, 1, 5)}),
        (field(55, b"2026015") + field(55, b"\xff" * 8) + field(55, b"20260132"), {}),
        (field(110, b"dpa", record=1), {}),
    ],
)
def test_credit_and_day(path: Path, iptc: bytes, expected: dict[str, object]) -> None:
    path.write_bytes(jpeg(iptc))
    assert said_in(path) == expected


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert said_in(tmp_path / "pipe.jpg") == {}
