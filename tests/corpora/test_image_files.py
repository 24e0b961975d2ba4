"""Image files: by path, by name, with and without ending, and never outside the corpus."""

import os
from pathlib import Path

import pytest

from newsimages.corpora.image_files import ImageFiles


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    names = ["a.jpg", "images/a.jpg", "images/b.PNG", "deep/er/c.jpeg", "hash123", "notes.csv"]
    for name in [*names, "deep/d.jpg", "images/d.jpg", "other/d.jpg", ".cache/hidden.jpg"]:
        path = tmp_path / "corpus" / "RSS" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return tmp_path / "corpus"


@pytest.mark.parametrize(
    ("names", "path"),
    [
        (("a.jpg",), "RSS/a.jpg"),
        (("./images/a.jpg",), "RSS/images/a.jpg"),
        (("images\\a.jpg",), "RSS/images/a.jpg"),
        (("b.PNG",), "RSS/images/b.PNG"),
        (("b",), "RSS/images/b.PNG"),
        (("b.jpg",), "RSS/images/b.PNG"),
        (("c",), "RSS/deep/er/c.jpeg"),
        (("deep/er/c",), "RSS/deep/er/c.jpeg"),
        (("hash123.jpg",), "RSS/hash123"),
        (("d",), "RSS/images/d.jpg"),
        (("absent", "", "c"), "RSS/deep/er/c.jpeg"),
    ],
)
def test_found(corpus: Path, names: tuple[str, ...], path: str) -> None:
    assert ImageFiles(corpus / "RSS", corpus).find(names).path == path


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (("absent.jpg", "77"), "no image file found by the name absent.jpg or 77"),
        (("notes.csv",), "there is RSS/notes.csv, which is not read as an image"),
        (("hidden.jpg",), "no image file found"),
        (("er/c.jpeg",), "no image file found"),
        (("../RSS/a.jpg",), "leaves the corpus folder"),
        (("images\\..\\a.jpg",), "leaves the corpus folder"),
        (("/etc/passwd", "c"), "leaves the corpus folder"),
        (("C:\\a.jpg",), "leaves the corpus folder"),
        (("https://example.org/a.jpg",), "is an address"),
    ],
)
def test_not_found(corpus: Path, names: tuple[str, ...], reason: str) -> None:
    found = ImageFiles(corpus / "RSS", corpus).find(names)
    assert found.path is None
    assert reason in found.reason


@pytest.mark.parametrize("ending", ["avif", "heic", "jfif", "jpe"])
def test_rarer_endings_are_images_too(tmp_path: Path, ending: str) -> None:
    (tmp_path / f"a.{ending}").write_bytes(b"")
    assert ImageFiles(tmp_path, tmp_path).find(("a",)).path == f"a.{ending}"


def test_links_to_themselves_are_listed_and_not_followed(corpus: Path) -> None:
    loop = corpus / "RSS" / "images" / "loop.jpg"
    loop.symlink_to(loop)
    files = ImageFiles(corpus / "RSS", corpus)
    assert files.dead_links == ["images/loop.jpg"]
    assert files.find(("loop.jpg",)).path is None
    assert files.find(("b",)).path == "RSS/images/b.PNG"


def test_one_name_in_several_places_is_ambiguous(corpus: Path) -> None:
    (corpus / "RSS" / "images" / "d.jpg").unlink()
    found = ImageFiles(corpus / "RSS", corpus).find(("d.jpg",))
    assert found.path is None
    assert "several files: RSS/deep/d.jpg, RSS/other/d.jpg" in found.reason


def test_links_inside_the_corpus_are_followed(corpus: Path) -> None:
    (corpus / "pool").mkdir()
    (corpus / "pool" / "p.jpg").write_bytes(b"")
    (corpus / "RSS" / "linked").symlink_to(corpus / "pool")
    (corpus / "RSS" / "loop").symlink_to(corpus / "RSS")
    files = ImageFiles(corpus / "RSS", corpus)
    assert files.find(("p.jpg",)).path == "pool/p.jpg"
    assert files.find(("linked/p",)).path == "pool/p.jpg"
    assert files.find(("c.jpeg",)).path == "RSS/deep/er/c.jpeg"


def test_links_out_of_the_corpus_are_not_followed(corpus: Path, tmp_path: Path) -> None:
    secret = tmp_path / "outside" / "s.jpg"
    secret.parent.mkdir()
    secret.write_bytes(b"")
    (corpus / "RSS" / "s.jpg").symlink_to(secret)
    (corpus / "RSS" / "out").symlink_to(secret.parent)
    files = ImageFiles(corpus / "RSS", corpus)
    for name in ("s.jpg", "out/s.jpg"):
        assert files.find((name,)).path is None
        assert "out of the corpus folder" in files.find((name,)).reason
    assert "not followed: out, s.jpg" in files.find(("other.jpg",)).reason


def test_composed_and_decomposed_names_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "Ko\u0308ln.jpg").write_bytes(b"")
    assert ImageFiles(tmp_path, tmp_path).find(("Köln",)).path == "Ko\u0308ln.jpg"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("77.jpg?w=600&h=400", "77"),
        ("77.png_large", "77.png"),
        ("77.JPG.2", "77"),
        ("77.webp!thumb", "77.webp!thumb"),
        ("77.jpeg.crdownload", "77.jpg"),
        ("77.3.jpg", "77"),
        ("Sch%C3%B6n.jpg", "Schön.jpg"),
        ("Schön.jpg", "Sch%C3%B6n"),
        ("two words.png", "images/two%20words.png"),
        ("two%20words.png", "two words"),
        ("50% off.gif", "50% off.gif"),
        ("a%2Fb.jpg", "a%2Fb.jpg"),
    ],
)
def test_names_as_downloads_leave_them(tmp_path: Path, file: str, name: str) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / file).write_bytes(b"")
    assert ImageFiles(tmp_path, tmp_path).find((name,)).path == f"images/{file}"


def test_the_plain_name_wins_over_those_that_downloads_leave(tmp_path: Path) -> None:
    for file in ("7.jpg", "7.jpg?w=1", "7.1.jpg", "7.jpg.json", "7%20.jpg"):
        (tmp_path / file).write_bytes(b"")
    assert ImageFiles(tmp_path, tmp_path).find(("7",)).path == "7.jpg"


def test_two_downloads_of_one_name_are_not_chosen_between(tmp_path: Path) -> None:
    for file in ("7.jpg?w=1", "7.jpg?w=2"):
        (tmp_path / file).write_bytes(b"")
    assert "'7' is the name of several files" in ImageFiles(tmp_path, tmp_path).find(("7",)).reason


@pytest.mark.parametrize("name", ["%2e%2e/outside.jpg", "%2Fetc%2Fpasswd", "..%2foutside"])
def test_percent_signs_do_not_lead_out_of_the_corpus(tmp_path: Path, name: str) -> None:
    (tmp_path / "outside.jpg").write_bytes(b"")
    (tmp_path / "corpus").mkdir()
    assert ImageFiles(tmp_path / "corpus", tmp_path / "corpus").find((name,)).path is None


def test_files_and_folders_whose_names_are_no_text_are_named(tmp_path: Path) -> None:
    for name in (b"caf\xe9.jpg", b"r\xe9p/a.jpg"):
        path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    files = ImageFiles(tmp_path, tmp_path)
    assert sorted(files.without_text_name) == ["caf\ufffd.jpg", "r\ufffdp"]
    assert files.find(("a.jpg",)).path is None
