"""Encodings: known ones are read alike, unknown and mixed ones are refused."""

import codecs
from pathlib import Path

import pytest

from newsimages.corpora.encoding import decoded
from newsimages.errors import NewsImagesError

TEXT = "title\nGrüße aus Köln – „schön“\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_known_encodings_give_the_same_text(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(TEXT.encode(encoding))
    assert decoded(path) == TEXT


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
def test_line_ends_become_plain(tmp_path: Path, line_end: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(TEXT.replace("\n", line_end).encode())
    assert decoded(path) == TEXT


def test_utf16_without_bom_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes("article_id,title".encode("utf-16-le"))
    with pytest.raises(NewsImagesError, match=r"table\.csv is not recognised.*Save the file as"):
        decoded(path)


@pytest.mark.parametrize("encoding", ["utf-32-le", "utf-32-be"])
def test_utf32_is_refused(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(f"\ufeff{TEXT}".encode(encoding))
    with pytest.raises(NewsImagesError, match=r"it begins as UTF-32 does.*Save the file as UTF-8"):
        decoded(path)


def test_cut_utf16_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(codecs.BOM_UTF16_LE + b"a\0b")
    with pytest.raises(NewsImagesError, match="truncated data"):
        decoded(path)


def test_bytes_that_no_encoding_knows_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"title\n\x81\x8d\x8f\n")
    with pytest.raises(NewsImagesError, match="Expected UTF-8, UTF-16 with BOM or cp1252"):
        decoded(path)


def test_a_single_bad_line_does_not_garble_a_utf8_file(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes("title\nKöln\nMünchen\n".encode() + "Düren\n".encode("cp1252"))
    with pytest.raises(NewsImagesError, match="not the lines 4"):
        decoded(path)
