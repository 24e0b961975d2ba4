"""Decodes a text file of a corpus: a path in, its text with plain line ends out."""

from pathlib import Path

from newsimages.errors import NewsImagesError, first_ten

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def decoded(path: Path) -> str:
    """The text of a file in UTF-8 (with or without BOM), UTF-16 with BOM, or cp1252.

    Raises:
        NewsImagesError: It is in none of these, or in a mixture of them.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise NewsImagesError(f"Cannot read {path}: {error.strerror or error}.") from error
    if data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        raise _unknown_encoding(path, "it begins as UTF-32 does")
    if not data.startswith(_UTF16) and data[:4096].count(b"\0") * 4 > len(data[:4096]):
        raise _unknown_encoding(path, "it is full of zero bytes, as UTF-16 without BOM is")
    try:
        text = _decode(path, data)
    except UnicodeDecodeError as error:
        raise _unknown_encoding(path, str(error)) from error
    text = text.replace("\r\n", "\n")
    return text if "\n" in text else text.replace("\r", "\n")


def _decode(path: Path, data: bytes) -> str:
    if data.startswith(_UTF16):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        _reject_half_utf8(path, data)
        return data.decode("cp1252")


def _unknown_encoding(path: Path, got: str) -> NewsImagesError:
    return NewsImagesError(
        f"The encoding of {path} is not recognised: {got}. Expected UTF-8, UTF-16 with BOM or "
        "cp1252 (Windows). Save the file as UTF-8."
    )


def _reject_half_utf8(path: Path, data: bytes) -> None:
    """Raises if most lines with non-ASCII bytes are UTF-8: cp1252 would silently garble them."""
    bad, good = [], 0
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.isascii():
            try:
                line.decode()
                good += 1
            except UnicodeDecodeError:
                bad.append(number)
    if good >= len(bad):
        raise _unknown_encoding(path, f"most lines are UTF-8, but not the lines {first_ten(bad)}")


def first_line(path: Path) -> str:
    """The first line that is not blank; bytes that cannot be decoded are replaced."""
    with path.open("rb") as file:
        start = file.read(1 << 16)
    encoding = "utf-16" if start.startswith(_UTF16) else "utf-8-sig"
    text = start.decode(encoding, errors="replace")
    return next((line for line in text.splitlines() if line.strip()), "")
