"""What is written is passed, and of broken ZIPs each fault is named."""

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from newsimages.errors import NewsImagesError
from newsimages.reports.handing_in.archive import write_archive
from newsimages.reports.handing_in.faults import Faults
from newsimages.reports.handing_in.picture import make_picture
from newsimages.reports.handing_in.stretched import Sources
from newsimages.reports.handing_in.validator import check_archive

ARTICLES = ("1", "2", "3")
FOLDER = "ITI_CLIP"
Files = dict[str, bytes]


def noise(seed: int, size: tuple[int, int] = (460, 260), mode: str = "RGB") -> Image.Image:
    """A picture of soft blots."""
    generator = np.random.default_rng(seed)
    blots = generator.integers(0, 256, (9, 16, 3), dtype=np.uint8)
    return Image.fromarray(blots).resize(size, Image.Resampling.BICUBIC).convert(mode)


def saved(image: Image.Image, form: str = "PNG", **how: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **how)
    return file.getvalue()


def name(article_id: str, folder: str = FOLDER) -> str:
    return f"{folder}/{article_id}_{folder}.png"


def good() -> Files:
    return {name(one): saved(noise(int(one))) for one in ARTICLES}


def written(tmp_path: Path, files: Files, called: str = "ITI_Submission.zip") -> Path:
    with zipfile.ZipFile(tmp_path / called, "w") as archive:
        for file, content in files.items():
            archive.writestr(file, content)
    return tmp_path / called


def faults_of(path: Path, **how: object) -> list[str]:
    return check_archive(path, **{"articles": ARTICLES, **how}).faults.lines  # type: ignore[arg-type]


def test_what_is_written_is_passed(tmp_path: Path) -> None:
    path = tmp_path / "ITI_Submission.zip"
    write_archive(path, good().items())
    report = check_archive(path, articles=ARTICLES)
    assert report.faults.lines == []
    assert report.pictures == {FOLDER: 3}
    assert report.lines[:2] == ["form of 2026, group ITI", "ITI_CLIP: 3 pictures"]
    assert report.lines[-1] == "nothing is wrong"


def test_what_is_not_known_is_said_to_be_unchecked(tmp_path: Path) -> None:
    said = " ".join(check_archive(written(tmp_path, good())).unchecked)
    assert "articles=TABLE" in said
    assert "pictures=FOLDER" in said


def of_2025(part: str, ids: tuple[str, ...] = ARTICLES, seed: int = 0) -> Files:
    folder = f"ITI/RET_CLIP_{part}"
    return {f"{folder}/{one}_ITI_CLIP.png": saved(noise(seed + int(one))) for one in ids}


def test_the_form_of_2025(tmp_path: Path) -> None:
    files = {**of_2025("LARGE"), **of_2025("SMALL", ("2",))}
    report = check_archive(written(tmp_path, files, "ITI.zip"), articles=ARTICLES, small=["2"])
    assert (report.form, report.group, report.faults.lines) == ("2025", "ITI", [])
    assert report.pictures == {"ITI/RET_CLIP_LARGE": 3, "ITI/RET_CLIP_SMALL": 1}


def test_in_2025_large_may_lack_articles_and_small_may_not(tmp_path: Path) -> None:
    files = {**of_2025("LARGE", ("1",)), **of_2025("SMALL", ("1",), seed=7)}
    report = check_archive(written(tmp_path, files, "ITI.zip"), articles=ARTICLES, small=["1", "2"])
    assert report.notices.lines == [
        "2 × articles without a picture in ITI/RET_CLIP_LARGE, which get the lowest rating: 2, 3"
    ]
    assert report.faults.lines == [
        "1 × articles without a picture in ITI/RET_CLIP_SMALL: 2",
        "1 × pictures that SMALL and LARGE of an approach have otherwise: "
        "ITI/RET_CLIP_SMALL/1_ITI_CLIP.png",
    ]


def test_in_2025_a_picture_twice_is_a_notice(tmp_path: Path) -> None:
    files = of_2025("LARGE")
    files["ITI/RET_CLIP_LARGE/2_ITI_CLIP.png"] = files["ITI/RET_CLIP_LARGE/1_ITI_CLIP.png"]
    report = check_archive(written(tmp_path, files, "ITI.zip"), articles=ARTICLES)
    assert not report.faults
    assert report.notices.lines[0].startswith("1 × pictures that are in a run twice")


def moved(new: str) -> Callable[[Files], None]:
    """Gives the picture of article 2 another name."""

    def change(files: Files) -> None:
        files[new] = files.pop(name("2"))

    return change


def put(content: Callable[[], bytes]) -> Callable[[Files], None]:
    """Gives article 2 another picture."""
    return lambda files: files.update({name("2"): content()})


def added(new: str, content: bytes = b"") -> Callable[[Files], None]:
    return lambda files: files.update({new: content})


def cut() -> bytes:
    whole = saved(noise(2))
    return whole[: len(whole) // 2]


def animated() -> bytes:
    return saved(noise(2), save_all=True, append_images=[noise(4)])


def again() -> bytes:
    """The pixels of article 1, in other bytes."""
    return saved(noise(1), compress_level=1)


def claiming() -> bytes:
    """A PNG that says to have 60,000 pixels each way."""
    whole = saved(noise(2))
    return whole[:16] + struct.pack(">II", 60_000, 60_000) + whole[24:]


MISSING = "articles without a picture in ITI_CLIP: 2"
BROKEN: dict[str, tuple[Callable[[Files], object], list[str]]] = {
    "wrong size": (put(lambda: saved(noise(2, (460, 261)))), ["of another size than 460 × 260"]),
    "upright": (put(lambda: saved(noise(2, (260, 460)))), ["of another size than 460 × 260"]),
    "absurd size": (put(claiming), ["another size"]),
    "grey": (put(lambda: saved(noise(2, mode="L"))), ["another mode than 8-bit RGB"]),
    "palette": (put(lambda: saved(noise(2, mode="P"))), ["another mode than 8-bit RGB"]),
    "alpha": (put(lambda: saved(noise(2, mode="RGBA"))), ["another mode than 8-bit RGB"]),
    "transparent colour": (
        put(lambda: saved(noise(2), transparency=(1, 2, 3))),
        ["with transparent parts"],
    ),
    "JPEG": (put(lambda: saved(noise(2), "JPEG")), ["no PNG but JPEG"]),
    "text": (put(lambda: b"<html>"), ["no PNG but something else"]),
    "empty": (put(lambda: b""), ["no PNG but empty"]),
    "cut short": (put(cut), ["cut short or damaged"]),
    "animated": (put(animated), ["animated pictures"]),
    "twice": (put(again), [f"in a run twice: {name('2')} as {name('1')}"]),
    "missing": (lambda files: files.pop(name("2")), [MISSING]),
    "unknown": (added(name("4"), saved(noise(4))), ["unknown articles in ITI_CLIP: 4"]),
    "wrong approach": (moved(f"{FOLDER}/2_ITI_TXV.png"), ["pictures of other names", MISSING]),
    "wrong ending": (moved(f"{FOLDER}/2_ITI_CLIP.PNG"), ["pictures of other names", MISSING]),
    "no id": (moved(f"{FOLDER}/_ITI_CLIP.png"), ["pictures of other names", MISSING]),
    "other group": (moved("EVA_CLIP/2_EVA_CLIP.png"), ["folders of other names", MISSING]),
    "too deep": (
        moved(f"ITI/{name('2')}"),
        ["lie too deep (expected in ITI_[approach]/)", MISSING],
    ),
    "too high": (moved("2_ITI_CLIP.png"), ["lie too high", MISSING]),
    "absolute": (moved(f"/{name('2')}"), ["absolute paths", MISSING]),
    "drive": (moved(f"C:/{name('2')}"), ["absolute paths", MISSING]),
    "out of the folder": (moved(f"../{name('2')}"), ["lead out of the folder", MISSING]),
    "backslash": (moved(name("2").replace("/", "\\")), ["names with \\", MISSING]),
    "a Mac's files": (added("__MACOSX/._x"), ["files of a file manager"]),
    "DS_Store": (added(f"{FOLDER}/.DS_Store"), ["files of a file manager"]),
    "a text beside": (added(f"{FOLDER}/readme.txt"), ["files that are no pictures"]),
    "large and small": (
        added(f"{FOLDER}/1_iti_clip.png", saved(noise(9))),
        ["one for Mac and Windows", "pictures of other names"],
    ),
    "nothing": (lambda files: files.clear(), ["no run"]),
}


@pytest.mark.parametrize("case", list(BROKEN))
def test_each_fault_is_named(case: str, tmp_path: Path) -> None:
    files, (change, expected) = good(), BROKEN[case]
    change(files)
    lines = faults_of(written(tmp_path, files))
    assert len(lines) == len(expected), lines
    for part in expected:
        assert any(part in line for line in lines), lines


def test_the_zip_has_the_groups_name(tmp_path: Path) -> None:
    lines = faults_of(written(tmp_path, good(), "mine.zip"))
    assert lines == ["1 × name of the ZIP that is not [group]_Submission.zip: mine.zip"]


def test_an_article_has_another_picture_in_each_run_of_2026(tmp_path: Path) -> None:
    files = good()
    files |= {name(one, "ITI_TXV"): files[name(one)] for one in ("1", "2")}
    files[name("3", "ITI_TXV")] = saved(noise(7))
    lines = faults_of(written(tmp_path, files))
    assert [line[:43] for line in lines] == ["2 × articles with one picture in two runs: "[:43]]


def test_links_are_no_pictures(tmp_path: Path) -> None:
    info = zipfile.ZipInfo(name("2"))
    info.external_attr = 0o120777 << 16
    files = good()
    del files[name("2")]
    path = written(tmp_path, files)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(info, "/etc/passwd")
    assert [line[4:] for line in faults_of(path)] == [
        f"links or devices, no files: {name('2')}",
        MISSING,
    ]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_are_there_twice(tmp_path: Path) -> None:
    path = written(tmp_path, good())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name("2"), saved(noise(8)))
    assert faults_of(path) == [f"1 × names of several files: {name('2')}"]


def test_names_that_no_terminal_can_show(tmp_path: Path) -> None:
    odd = "ITI_CLIP/\x1b[2J\u202e.png"
    path = written(tmp_path, {**good(), odd: b"", "x" * 1000: b""})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(odd, b"")
    found = faults_of(path)
    assert len(found) == 3
    assert all(line.isprintable() and len(line) < 500 for line in found)
    assert r"names of several files: ITI_CLIP/\x1b[2J\u202e.png" in found[0]


def flagged(path: Path, flag: int) -> None:
    """Sets a flag of the last file in the ZIP's list."""
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\1\2")
    content[at + 8] |= flag
    path.write_bytes(content)


def test_encrypted_files_are_not_read(tmp_path: Path) -> None:
    path = written(tmp_path, good())
    flagged(path, 1)
    assert faults_of(path)[0] == f"1 × encrypted files: {name('3')}"


def test_a_bomb_that_says_so(tmp_path: Path) -> None:
    path = tmp_path / "ITI_Submission.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, content in good().items():
            archive.writestr(file, content)
        archive.writestr(name("4"), b"\0" * 30_000_000)
    assert "more than 20,000,000 bytes, as a ZIP bomb has: ITI_CLIP/4" in faults_of(path)[0]


def test_a_bomb_that_says_to_be_small(tmp_path: Path) -> None:
    path = tmp_path / "ITI_Submission.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, content in good().items():
            archive.writestr(file, content)
        archive.writestr(name("4"), b"\0" * 90_000_000)
    content = path.read_bytes().replace(struct.pack("<I", 90_000_000), struct.pack("<I", 1000))
    path.write_bytes(content)
    assert "unpack to more than they say, as a ZIP bomb does" in faults_of(path)[-1]


def test_a_bomb_of_files_that_share_their_bytes(tmp_path: Path) -> None:
    path = written(tmp_path, good())
    content = path.read_bytes()
    first = content.index(b"PK\1\2")
    end = content.rindex(b"PK\5\6")
    n = 50
    listed = content[first : content.index(b"PK\1\2", first + 4)] * n
    tail = bytearray(content[end:])
    struct.pack_into("<HHII", tail, 8, n, n, len(listed), first)
    path.write_bytes(content[:first] + listed + tail)
    lines = faults_of(path)
    assert any("say to be larger than the ZIP" in line for line in lines)


@pytest.mark.parametrize("content", [b"", b"PK", b"\x89PNG", good()[name("1")]])
def test_what_is_no_zip(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(NewsImagesError, match="cannot be read as a ZIP"):
        check_archive(tmp_path / "a.zip")


def test_a_zip_that_is_cut_short_or_damaged(tmp_path: Path) -> None:
    path = written(tmp_path, good())
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(NewsImagesError, match="cannot be read as a ZIP"):
        check_archive(path)
    middle = content.index(b"IDAT", len(content) // 2) + 100
    path.write_bytes(content[:middle] + b"12345678" + content[middle + 8 :])
    assert "damaged files of the ZIP" in faults_of(path)[0]


def test_a_list_of_files_that_is_absurdly_long(tmp_path: Path) -> None:
    path = written(tmp_path, good())
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.rindex(b"PK\5\6") + 12, 2_000_000_000)
    path.write_bytes(content)
    with pytest.raises(NewsImagesError, match="2,000,000,000 bytes to name its files"):
        check_archive(path)


def test_stretched_pictures_are_found_beside_what_they_were_made_of(tmp_path: Path) -> None:
    sizes = {"1": (600, 600), "2": (500, 900), "3": (460, 260)}
    for one, size in sizes.items():
        noise(int(one), size).save(tmp_path / f"{one}.png")
    files = {name(one): make_picture(tmp_path / f"{one}.png").content or b"" for one in ARTICLES}
    sources = Sources.of([tmp_path / f"{one}.png" for one in ARTICLES])
    path = written(tmp_path, files)
    assert faults_of(path, sources=sources) == []
    files[name("2")] = saved(noise(2, (500, 900)).resize((460, 260)))
    path = written(tmp_path, files)
    assert faults_of(path) == []
    assert faults_of(path, sources=sources) == [f"1 × stretched pictures: {name('2')} from 2.png"]


def test_many_faults_are_counted_and_ten_are_shown() -> None:
    faults = Faults()
    faults.add("pictures that are odd", *(str(i) for i in range(25)))
    assert faults.lines == ["25 × pictures that are odd: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …"]
    assert len(faults) == 25


def test_a_png_without_an_end_is_cut_short(tmp_path: Path) -> None:
    files = good()
    files[name("2")] = files[name("2")][:-12]  # all rows are there
    found = faults_of(written(tmp_path, files))
    assert found == [f"1 × pictures that are cut short or damaged: {name('2')}"]


def test_in_2025_found_and_made_pictures_of_an_approach_are_two_runs(tmp_path: Path) -> None:
    made = {key.replace("RET_", "GEN_"): file for key, file in of_2025("LARGE", seed=9).items()}
    path = written(tmp_path, {**of_2025("LARGE"), **made}, "ITI.zip")
    assert faults_of(path) == []


def test_a_zip_of_no_group_is_named_wrongly(tmp_path: Path) -> None:
    found = faults_of(written(tmp_path, good(), "_Submission.zip"))
    assert found == ["1 × name of the ZIP that is not [group]_Submission.zip: _Submission.zip"]
