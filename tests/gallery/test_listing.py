"""Images that are to be added: by a table, by their folder, and what their files say."""

import io
import struct
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image

from newsimages.corpora.picture_captions import said_in
from newsimages.errors import NewsImagesError
from newsimages.gallery.listing import listing, named_in


def jpeg(**fields: bytes) -> bytes:
    """A picture with IPTC's fields, by their numbers."""
    file = io.BytesIO()
    Image.new("RGB", (20, 20), "green").save(file, "JPEG")
    iptc = b"".join(
        b"\x1c\x02" + bytes([int(name[1:])]) + struct.pack(">H", len(value)) + value
        for name, value in fields.items()
    )
    block = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(iptc)) + iptc
    block += b"\0" * (len(iptc) % 2)
    segment = b"\xff\xed" + struct.pack(">H", len(block) + 2) + block
    content = file.getvalue()
    return content[:2] + segment + content[2:]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    below = tmp_path / "images" / "below"
    below.mkdir(parents=True)
    said = {"f120": "Flut in Köln".encode(), "f110": b"dpa", "f55": b"20260105"}
    (below / "one.jpg").write_bytes(jpeg(**said))
    (below / "two.jpg").write_bytes(jpeg(f120="Müller".encode("cp1252"), f80=b"AP / X", f55=b"?"))
    Image.new("RGB", (20, 20)).save(tmp_path / "images" / "three.png")
    return tmp_path / "images"


def test_what_files_say(folder: Path) -> None:
    said = {"caption": "Flut in Köln", "credit": "dpa", "date": datetime(2026, 1, 5)}
    assert said_in(folder / "below" / "one.jpg") == said
    assert said_in(folder / "below" / "two.jpg") == {"caption": "Müller", "credit": "AP / X"}
    assert said_in(folder / "three.png") == {}
    (folder / "cut.jpg").write_bytes(jpeg(f120=b"x" * 300)[:200])
    assert said_in(folder / "cut.jpg") == {}
    found = listing(folder)
    assert list(found.files) == ["below/one.jpg", "below/two.jpg", "cut.jpg", "three.png"]
    assert found.about["credit"].to_pylist() == ["dpa", "AP / X", None, None]


def test_what_a_table_says_comes_first(folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "said.csv"
    table.write_text(
        "image_id,file,caption,date,rights\n"
        "a,one,A flood,31.12.2025,free\nb,below/two.jpg,,yesterday,\nc,nowhere.jpg,,,\n"
    )
    found = listing(folder, table)
    assert found.about.drop_columns(["sha256"]).to_pylist() == [
        {
            "image_id": "a", "file": "below/one.jpg", "caption": "A flood", "credit": "dpa",
            "rights": "free", "date": datetime(2025, 12, 31),
        },
        {
            "image_id": "b", "file": "below/two.jpg", "caption": "Müller", "credit": "AP / X",
            "rights": None, "date": None,
        },
    ]  # fmt: skip
    assert set(found.problems) == {"b", "c"}
    assert "'yesterday' is no date" in found.problems["b"]
    assert named_in(table) == ["a", "b", "c"]
    table.write_text('image_id\n"a"\nit, too\n')
    assert named_in(table) == ["a", "it, too"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("name,x\na,b\n", "expected image_id or file"),
        ("image_id,caption\n,x\n", r"neither image_id nor file in the lines 2"),
        ("image_id\na\na\n", "more than once: a"),
        ("image_id\nnowhere\n", "holds no image files of .*nowhere"),
        ("file\n../../etc/passwd\n", "leaves the corpus folder"),
    ],
)
def test_tables_that_cannot_be(folder: Path, tmp_path: Path, rows: str, message: str) -> None:
    (tmp_path / "said.csv").write_text(rows)
    with pytest.raises(NewsImagesError, match=message):
        listing(folder, tmp_path / "said.csv")
