"""PNG files: metadata of any size is skipped, rows that lack are noticed, keys are on one scale."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from newsimages.encoding.images import UnreadableImageError, open_image
from newsimages.encoding.png_file import START, check_rows, without_metadata

INTERLACED = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
              (0, 1, 1, 2))  # fmt: skip


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    width: int, height: int, *, depth: int = 8, colour: int = 2, rows: bytes, extra: bytes = b"",
    interlace: int = 0,
) -> bytes:  # fmt: skip
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    data = chunk(b"IDAT", zlib.compress(rows))
    return START + chunk(b"IHDR", header) + extra + data + chunk(b"IEND", b"")


def noise(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def rows_of(pixels: np.ndarray) -> bytes:
    return b"".join(b"\0" + row.tobytes() for row in pixels)


@pytest.mark.parametrize("kind", ["zTXt", "iTXt", "tEXt", "iCCP", "many", "unknown"])
def test_metadata_of_any_size_is_skipped(kind: str, tmp_path: Path) -> None:
    bomb = zlib.compress(bytes(30_000_000))
    metadata = {
        "zTXt": chunk(b"zTXt", b"a\0\0" + bomb),
        "iTXt": chunk(b"iTXt", b"a\0\1\0\0\0" + bomb),
        "tEXt": chunk(b"tEXt", b"a\0" + bytes(80_000_000)),
        "iCCP": chunk(b"iCCP", b"a\0\0" + bomb),
        "many": chunk(b"tEXt", b"a\0" + bytes(900_000)) * 80,
        "unknown": chunk(b"meTa", bytes(2_000_000)),
    }[kind]
    pixels = noise(20, 10)
    path = tmp_path / "a.png"
    path.write_bytes(png(20, 10, rows=rows_of(pixels), extra=metadata))
    np.testing.assert_array_equal(np.asarray(open_image(path)), pixels)
    assert len(without_metadata(io.BytesIO(path.read_bytes()))) < 1500


def test_damaged_metadata_damages_nothing(tmp_path: Path) -> None:
    wrong = chunk(b"eXIf", b"MM\0*nonsense")[:-4] + b"\1\2\3\4"
    pixels = noise(20, 10)
    (tmp_path / "a.png").write_bytes(png(20, 10, rows=rows_of(pixels), extra=wrong))
    np.testing.assert_array_equal(np.asarray(open_image(tmp_path / "a.png")), pixels)


@pytest.mark.parametrize(("n_rows", "n_bytes"), [(10, 0), (0, 1), (199, 60), (1, 0)])
def test_rows_that_lack_are_damage(n_rows: int, n_bytes: int, tmp_path: Path) -> None:
    """The data is whole as far as it goes: nothing but its length tells."""
    rows = rows_of(noise(20, 200))
    for interlace in (0, 1):
        short = rows[: n_rows * 61 + n_bytes]
        (tmp_path / "a.png").write_bytes(png(20, 200, rows=short, interlace=interlace))
        with pytest.raises(UnreadableImageError, match="damaged: cut short"):
            open_image(tmp_path / "a.png")


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 5), (9, 7), (64, 33), (3, 200)])
def test_the_rows_of_interlaced_pictures_are_counted_pass_by_pass(
    size: tuple[int, int], tmp_path: Path
) -> None:
    pixels = noise(*size)
    rows = b"".join(rows_of(pixels[y::dy, x::dx]) for x, y, dx, dy in INTERLACED
                    if pixels[y::dy, x::dx].size)  # fmt: skip
    (tmp_path / "a.png").write_bytes(png(*size, rows=rows, interlace=1))
    np.testing.assert_array_equal(np.asarray(open_image(tmp_path / "a.png")), pixels)
    with pytest.raises(ValueError, match=f"cut short: {len(rows) - 1:,} of {len(rows):,} bytes"):
        check_rows(png(*size, rows=rows[:-1], interlace=1))


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("width", [1, 7, 8, 9])
def test_whole_files_of_every_mode_pass(mode: str, width: int) -> None:
    file = io.BytesIO()
    Image.new(mode, (width, 5)).save(file, "PNG")
    check_rows(file.getvalue())


def test_a_file_that_lacks_its_end_alone_is_used(tmp_path: Path) -> None:
    pixels = noise(20, 10)
    (tmp_path / "a.png").write_bytes(png(20, 10, rows=rows_of(pixels))[:-12])
    np.testing.assert_array_equal(np.asarray(open_image(tmp_path / "a.png")), pixels)


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_the_transparent_grey_counts_at_every_depth(depth: int, tmp_path: Path) -> None:
    largest = (1 << depth) - 1
    for key in (0, largest):
        values, bits = [key] * 8 + [largest - key] * 8, 0
        for value in values:
            bits = bits << depth | value
        rows = (b"\0" + bits.to_bytes(16 * depth // 8)) * 16
        extra = chunk(b"tRNS", struct.pack(">H", key))
        (tmp_path / "a.png").write_bytes(png(16, 16, depth=depth, colour=0, rows=rows, extra=extra))
        seen = np.asarray(open_image(tmp_path / "a.png"))
        assert (seen[:, :8] == 255).all()
        assert (seen[:, 8:] == (255 if key == 0 else 0)).all()


@pytest.mark.parametrize("depth", [8, 16])
def test_the_transparent_colour_counts_at_every_depth(depth: int, tmp_path: Path) -> None:
    key, other = ((254, 18, 0), (200, 100, 50)), ((0xFE37, 0x12FF, 0x0080), (51200, 25600, 12800))
    form = ">3B" if depth == 8 else ">3H"
    transparent, opaque = key if depth == 8 else other
    rows = (b"\0" + struct.pack(form, *transparent) * 8 + struct.pack(form, *opaque) * 8) * 16
    extra = chunk(b"tRNS", struct.pack(">3H", *transparent))
    (tmp_path / "a.png").write_bytes(png(16, 16, depth=depth, rows=rows, extra=extra))
    seen = np.asarray(open_image(tmp_path / "a.png"))
    assert (seen[:, :8] == 255).all()
    assert seen[4, 12].tolist() == [200, 100, 50]


def test_what_has_no_header_is_damaged(tmp_path: Path) -> None:
    for content in (START, START + chunk(b"IDAT", b""), START + chunk(b"IHDR", b"short")):
        (tmp_path / "a.png").write_bytes(content)
        with pytest.raises(UnreadableImageError, match="damaged: no header"):
            open_image(tmp_path / "a.png")


def test_text_that_pillow_itself_refuses_is_no_damage(tmp_path: Path) -> None:
    about = PngImagePlugin.PngInfo()
    about.add_text("XML:com.adobe.xmp", "x" * 5_000_000, zip=True)
    Image.fromarray(noise(9, 9)).save(tmp_path / "a.png", pnginfo=about)
    with pytest.raises(ValueError, match="too large"):
        Image.open(tmp_path / "a.png").load()
    np.testing.assert_array_equal(np.asarray(open_image(tmp_path / "a.png")), noise(9, 9))
