"""Encodings: known ones are read alike, unknown and mixed ones are refused."""

import codecs
import gzip
from pathlib import Path

import pytest

from newsimages.corpora.encoding import check_encoding, decoded
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
    with pytest.raises(NewsImagesError, match="lines 2, 3 are UTF-8, the lines 4 are not"):
        decoded(path)


def test_a_single_utf8_line_is_not_garbled_among_others(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes("title\nKöln\nMünchen\n".encode("cp1252") + "Düren\n".encode())
    with pytest.raises(NewsImagesError, match="lines 4 are UTF-8, the lines 2, 3 are not"):
        decoded(path)


def test_a_line_of_cp1252_that_is_utf8_by_chance_is_no_mixture(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    text = "title\nLE CAFÉ’S\nKöln\n"  # É and ’ are two bytes of ɒ
    path.write_bytes(text.encode("cp1252"))
    assert decoded(path) == text


def test_another_code_page_is_refused_with_its_words_and_read_where_it_is_named(
    tmp_path: Path,
) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes("title\nGrüße\n".encode("mac_roman"))
    with pytest.raises(NewsImagesError, match="such as GrŸ§e .*'Grüße' in mac_roman.*encoding="):
        decoded(path)
    assert decoded(path, "mac_roman") == "title\nGrüße\n"


def test_line_ends_of_the_old_macintosh_are_doubtful_where_letters_are(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes("title\rschön\r".encode("mac_roman"))  # š is a letter of words in cp1252
    with pytest.raises(NewsImagesError, match="'schön' in mac_roman"):
        decoded(path)


def test_utf8_is_read_as_such_whatever_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(TEXT.encode())
    assert decoded(path, "cp1251") == TEXT


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(NewsImagesError, match=r"encoding='klingon' is not known. Expected"):
        check_encoding("klingon")
    with pytest.raises(NewsImagesError, match=r"encoding='base64' is not known. Expected"):
        check_encoding("base64")


def test_gzip_is_unpacked_and_a_cut_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(TEXT.encode()))
    assert decoded(path) == TEXT
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(NewsImagesError, match=r"Cannot read .*table\.csv\.gz"):
        decoded(path)


def test_a_bomb_is_not_unpacked_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsimages.corpora.encoding._MAX_BYTES", 1 << 20)
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(bytes(2 << 20)))
    with pytest.raises(NewsImagesError, match="holds more than 1 MB of text, expected less"):
        decoded(path)


def test_the_sign_that_ends_a_text_of_dos_is_no_line(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"title\r\none\r\n\x1a")
    assert decoded(path) == "title\none\n"
