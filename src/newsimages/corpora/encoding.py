"""Decodes a text file of a corpus: a path in, its text with plain line ends out."""

import gzip
import re
import zlib
from pathlib import Path
from typing import BinaryIO, cast

from newsimages.corpora.code_page import (
    doubtful_words,
    other_readings,
    words_beyond_ascii,
)
from newsimages.errors import NewsImagesError, first_ten

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_LINE_END = re.compile(b"\r\n|\r|\n")
_MAX_BYTES = 1 << 30  # of a table, unpacked
_END_OF_FILE = "\x1a"  # Ctrl-Z, as DOS ends a text
_RARE_LETTERS = re.compile("[\u0180-\u036f\u0530-\u05ff\u0700-\u08ff]")  # two bytes in UTF-8


def decoded(path: Path, encoding: str | None = None) -> str:
    """The text of a file in UTF-8 (with or without BOM), UTF-16 with BOM, or ``encoding``.

    Without ``encoding`` a file in neither is read as cp1252 (Windows), where that makes sense.

    Raises:
        NewsImagesError: It is in none of these, in a mixture of them, or there is no such encoding.
    """
    try:
        with _opened(path) as file:
            data = file.read(_MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise NewsImagesError(f"Cannot read {path}: {error}.") from error
    if len(data) > _MAX_BYTES:
        raise NewsImagesError(
            f"{path} holds more than {_MAX_BYTES >> 20} MB of text, expected less. Split it."
        )
    text = _decode(path, data, encoding).rstrip(_END_OF_FILE).replace("\r\n", "\n")
    return text if "\n" in text else text.replace("\r", "\n")


def check_encoding(encoding: str) -> str:
    """``encoding``. Raises: NewsImagesError where Python knows none of this name for text."""
    try:
        if encoding:
            "".encode(encoding)
    except (LookupError, ValueError) as error:
        raise NewsImagesError(
            f"encoding={encoding!r} is not known. Expected a name such as cp1252, mac_roman, "
            "cp1250 or gb18030 (Python's standard encodings)."
        ) from error
    return encoding


def _opened(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if is_gzip(path) else path.open("rb")


def is_gzip(path: Path) -> bool:
    """Whether a file is named as one that gzip has packed."""
    return path.suffix.lower() == ".gz"


def _decode(path: Path, data: bytes, encoding: str | None) -> str:
    if data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        raise _unknown_encoding(path, "it begins as UTF-32 does")
    if not data.startswith(_UTF16) and data[:4096].count(b"\0") * 4 > len(data[:4096]):
        raise _unknown_encoding(path, "it is full of zero bytes, as UTF-16 without BOM is")
    if data.startswith(_UTF16):
        return _strictly(path, data, "utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        if encoding:
            return _strictly(path, data, encoding)
    _reject_half_utf8(path, data)
    text = _strictly(path, data, "cp1252")
    _reject_other_code_pages(path, text)
    return text


def _strictly(path: Path, data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = 1 + len(_LINE_END.findall(data, 0, error.start))
        near = data[max(0, error.start - 20) : error.start + 20].decode(encoding, errors="replace")
        got = f"not {encoding}, line {line}: {error.reason}, near {near!r}"
        raise _unknown_encoding(path, got) from error


def _unknown_encoding(path: Path, got: str) -> NewsImagesError:
    return NewsImagesError(
        f"The encoding of {path} is not recognised: {got}. Expected UTF-8, UTF-16 with BOM or "
        "cp1252 (Windows). Save the file as UTF-8, or name its encoding (encoding=mac_roman)."
    )


def _reject_half_utf8(path: Path, data: bytes) -> None:
    """Raises where some lines are UTF-8 and some are not: cp1252 would garble the former.

    A line may be UTF-8 by chance (``É’``), which then spells letters that hardly occur.
    """
    bad, good = [], []
    for number, line in enumerate(_LINE_END.split(data), start=1):
        if not line.isascii():
            try:
                if not _RARE_LETTERS.search(line.decode()):
                    good.append(number)
            except UnicodeDecodeError:
                bad.append(number)
    if good:
        raise _unknown_encoding(
            path, f"the lines {first_ten(good)} are UTF-8, the lines {first_ten(bad)} are not"
        )


def _reject_other_code_pages(path: Path, text: str) -> None:
    """Raises where the words of a text in cp1252 look like those of another code page.

    Line ends of CR alone are the old Macintosh's, which had a code page of its own.
    """
    is_old_mac = "\r" in text and "\n" not in text
    doubtful = words_beyond_ascii(text) if is_old_mac else doubtful_words(text)
    if doubtful:
        could = [f"{reading!r} in {page}" for page, reading in other_readings(doubtful[0])]
        said = f" (the first would be {' or '.join(could)})" if could else ""
        shown = first_ten(doubtful)
        raise _unknown_encoding(path, f"in cp1252 it has words such as {shown}{said}")


def first_lines(path: Path) -> tuple[str, str]:
    """The first two lines that are not blank; bytes that cannot be decoded are replaced."""
    try:
        with _opened(path) as file:
            start = file.read(1 << 16)
    except (EOFError, zlib.error) as error:
        raise NewsImagesError(f"Cannot read {path}: {error}.") from error
    encoding = "utf-16" if start.startswith(_UTF16) else "utf-8-sig"
    text = start.decode(encoding, errors="replace")
    first, second, *_ = [*(line for line in text.splitlines() if line.strip()), "", ""]
    return first, second
