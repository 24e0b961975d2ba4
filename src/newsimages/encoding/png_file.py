"""A PNG file's chunks: those that show the picture, and whether all of its rows are there.

Texts and profiles larger than Pillow takes are no damage, and none of the reader's business. A
file whose data ends after the first rows is damaged, though Pillow passes it off as whole. (PNG
specification, third edition.)
"""

import io
import struct
import zlib
from collections.abc import Iterator
from typing import IO, NamedTuple

START = b"\x89PNG\r\n\x1a\n"
_SHOWN = (b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT", b"acTL", b"fcTL", b"fdAT", b"IEND")
_STEP = 16_384  # bytes that are inflated at a time, to 17 MB at most
_GREY, RGB = 0, 2  # colour types
_CHANNELS = {_GREY: 1, RGB: 3, 3: 1, 4: 2, 6: 4}  # by colour type
_AT_ONCE = ((0, 0, 1, 1),)  # x and y of the first pixel, steps in x and y
_INTERLACED = (
    (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)
)  # fmt: skip


class Chunk(NamedTuple):
    """A chunk of a PNG file."""

    kind: bytes
    data: bytes
    checksum: bytes


class Header(NamedTuple):
    """The content of IHDR."""

    width: int
    height: int
    depth: int  # bits per sample
    colour: int
    compression: int
    filters: int
    interlace: int

    @classmethod
    def of(cls, chunk: Chunk) -> "Header":
        """Raises: ValueError where ``chunk`` is no header."""
        if chunk.kind != b"IHDR" or len(chunk.data) != 13:
            raise ValueError("no header")
        return cls(*struct.unpack(">IIBBBBB", chunk.data))

    @classmethod
    def read(cls, content: bytes) -> "Header":
        """Of a whole file. Raises: ValueError where it does not begin with a header."""
        return cls.of(next(_chunks(io.BytesIO(content)), Chunk(b"", b"", b"")))

    @property
    def n_bytes(self) -> int:
        """Bytes of all rows, each with the byte of its filter, before compression."""
        n_bits = self.depth * _CHANNELS.get(self.colour, 1)
        n = 0
        for x, y, step_x, step_y in _INTERLACED if self.interlace else _AT_ONCE:
            width, height = -((x - self.width) // step_x), -((y - self.height) // step_y)
            n += height * (1 + -(-width * n_bits // 8)) if width > 0 else 0
        return n


def without_metadata(file: IO[bytes]) -> bytes:
    """The file with those chunks alone that show the picture.

    Raises:
        ValueError: It does not begin with a header.
    """
    chunks = _chunks(file)
    first = next(chunks, Chunk(b"", b"", b""))
    header = Header.of(first)
    orientation, rest = [], []
    for chunk in chunks:
        if chunk.kind == b"eXIf":  # may stand last, but is needed before the picture is decoded
            orientation.append(_bytes(chunk))
        elif chunk.kind == b"tRNS":
            rest.append(_bytes(chunk._replace(data=_in_8_bits(chunk.data, header))))
        else:
            rest.append(_bytes(chunk))
    return b"".join((START, _bytes(first), *orientation, *rest))


def check_rows(content: bytes) -> None:
    """Checks that all rows are there; of an animation, those of the first frame.

    Raises:
        ValueError: Some are not.
        zlib.error: The data is damaged.
    """
    chunks = _chunks(io.BytesIO(content))
    expected = Header.of(next(chunks)).n_bytes
    inflate = zlib.decompressobj()
    n = 0
    for chunk in chunks:
        data = chunk.data if chunk.kind == b"IDAT" else b""
        for start in range(0, len(data), _STEP):
            if n < expected:
                n += len(inflate.decompress(data[start : start + _STEP]))
    if n < expected:
        raise ValueError(f"cut short: {n:,} of {expected:,} bytes of its rows are there")


def _chunks(file: IO[bytes]) -> Iterator[Chunk]:
    """The chunks that show the picture, up to the end of the picture or of the file."""
    file.seek(len(START))
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind not in _SHOWN:
            file.seek(length + 4, io.SEEK_CUR)
            continue
        yield Chunk(kind, file.read(length), file.read(4))
        if kind == b"IEND":
            return


def _bytes(chunk: Chunk) -> bytes:
    """The chunk as it stands in a file; a wrong checksum damages only what has to be there."""
    checksum = chunk.checksum
    if chunk.kind[:1].islower():
        checksum = struct.pack(">I", zlib.crc32(chunk.kind + chunk.data))
    return struct.pack(">I4s", len(chunk.data), chunk.kind) + chunk.data + checksum


def _in_8_bits(transparent: bytes, header: Header) -> bytes:
    """The transparent grey or colour as Pillow decodes it: small greys spread, colours cut."""
    values = struct.unpack(f">{len(transparent) // 2}H", transparent[: len(transparent) // 2 * 2])
    if header.colour == _GREY and header.depth < 8:
        values = tuple(value * 255 // ((1 << header.depth) - 1) for value in values)
    elif header.colour == RGB and header.depth == 16:
        values = tuple(value >> 8 for value in values)
    else:
        return transparent
    return struct.pack(f">{len(values)}H", *(min(value, 255) for value in values))
