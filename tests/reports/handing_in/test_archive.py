"""A ZIP to the byte, and what happens where it cannot be written."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsimages.errors import NewsImagesError
from newsimages.reports.handing_in.archive import write_archive
from newsimages.reports.handing_in.forms import Naming, check_approaches, check_article_ids


def test_names_of_2025() -> None:
    naming = Naming(form="2025", group="CERTH-ITI")
    assert naming.zip_name == "CERTH-ITI.zip"
    assert naming.folder("RUN_3") == "CERTH-ITI/RET_RUN_3_LARGE"
    assert naming.folder("RUN_3", "SMALL") == "CERTH-ITI/RET_RUN_3_SMALL"
    assert naming.file("117", "RUN_3") == "117_CERTH-ITI_RUN_3.png"


def test_names_of_2026() -> None:
    naming = Naming(form="2026", group="TEAM-A++")
    assert naming.zip_name == "TEAM-A++_Submission.zip"
    assert naming.folder("CLIP") == "TEAM-A++_CLIP"
    assert naming.file("117", "CLIP") == "117_TEAM-A++_CLIP.png"


@pytest.mark.parametrize("group", ["", "two words", "a/b", "a_b", "..", "-a", "a.", "ü", "a" * 61])
def test_a_group_that_cannot_stand_in_names_is_refused(group: str) -> None:
    with pytest.raises(NewsImagesError, match=r"^group='.*Allowed are up to 60 letters"):
        Naming(form="2025", group=group)


@pytest.mark.parametrize("approach", ["", "a b", "a\\b", "_a", "a_", "a\n"])
def test_an_approach_that_cannot_stand_in_names_is_refused(approach: str) -> None:
    with pytest.raises(NewsImagesError, match=r"^approach='.*Allowed are up to 80 letters"):
        check_approaches(["CLIP", approach])


def test_runs_of_one_name_are_refused() -> None:
    with pytest.raises(NewsImagesError, match="same approach: CLIP, clip"):
        check_approaches(["CLIP", "txv", "clip"])


@pytest.mark.parametrize(
    "one", ["", "a/b", "a\\b", "../a", ".a", " a", "a:b", "a\0", "\u202ea", "a\ud800", "é" * 51]
)
def test_an_id_that_is_no_files_name_is_refused(one: str) -> None:
    with pytest.raises(NewsImagesError, match="become the names of files"):
        check_article_ids(["117", one])


def test_ids_that_would_be_one_file_are_refused() -> None:
    check_article_ids(["117", "a b", "c_d", "é"])
    with pytest.raises(NewsImagesError, match="there are Ab, aB"):
        check_article_ids(["Ab", "117", "aB"])


def test_equal_contents_make_an_equal_file(tmp_path: Path) -> None:
    entries = [("g_a/1_g_a.png", b"one"), ("g_a/2_g_a.png", b"two" * 1000)]
    n = [write_archive(tmp_path / name, iter(entries)) for name in ("a.zip", "b.zip")]
    assert n == [2, 2]
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as read:
        assert read.testzip() is None
        assert {info.filename: read.read(info) for info in read.infolist()} == dict(entries)


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="this system knows no limits of files")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        with pytest.raises(NewsImagesError, match=r"Cannot write .*a\.zip: File too large.*Free"):
            write_archive(tmp_path / "a.zip", ((f"{i}.png", b"1" * 9_000) for i in range(20)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_what_fails_meanwhile_leaves_what_was_there(tmp_path: Path) -> None:
    write_archive(tmp_path / "a.zip", [("1.png", b"old")])
    before = (tmp_path / "a.zip").read_bytes()

    def entries() -> Iterator[tuple[str, bytes]]:
        yield "1.png", b"new"
        raise NewsImagesError("a process was killed")

    with pytest.raises(NewsImagesError, match="a process was killed"):
        write_archive(tmp_path / "a.zip", entries())
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [before]
