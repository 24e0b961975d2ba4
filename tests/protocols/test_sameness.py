"""Which titles and which pictures are the same, against comparisons one by one."""

import tracemalloc
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from newsimages.errors import NewsImagesError
from newsimages.protocols import sameness
from newsimages.protocols.sameness import (
    Pictures,
    is_among,
    picture_groups,
    same_title,
    title_keys,
)
from tests.fakes import unit


def key(title: str) -> str | None:
    [found] = same_title(pd.Series([title]))
    return None if pd.isna(found) else found


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Fire in Lyon", "FIRE   in lyon "),
        ("Fire in Lyon", "“Fire” – in Lyon!"),
        ("Fire in Lyon", "Fire\u00a0in\nLyon…"),
        ("Fire in Lyon", "Fi\u00adre in Ly\u200bon"),  # signs that do not show
        ("Fire in Lyon", "\u200eFire in Lyon\u200f | +++"),
        ("Straße gesperrt", "STRASSE GESPERRT"),
        ("Zürich", unicodedata.normalize("NFD", "ZÜRICH")),
        ("ﬁre at №5", "fire at no5"),  # ligature and sign of form KC
        ("Ｆｉｒｅ", "fire"),
        ("don't", "don’t"),
    ],
)
def test_titles_that_differ_in_writing_alone_are_the_same(one: str, other: str) -> None:
    assert key(one) == key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Fire in Lyon", "Fires in Lyon"),
        ("3.5 million", "35 million"),
        ("Lyon 1", "Lyon 2"),
        ("???", "!!!"),
        ("कि", "का"),  # a vowel sign is no punctuation
        ("Müller", "Muller"),
        ("🔥", "🌊"),
    ],
)
def test_titles_of_other_words_are_not(one: str, other: str) -> None:
    assert key(one) != key(other)


def test_titles_of_nothing_are_no_titles() -> None:
    titles = pd.Series(["", "  ", "\u200b", None], dtype="str")
    assert same_title(titles).isna().all()
    assert key("???") is not None


def test_titles_are_compared_as_written_and_in_english_where_they_are_there() -> None:
    table = pd.DataFrame({"title": ["Brand!"], "title_en": ["Fire!"], "text": ["x"]})
    assert title_keys(table).iloc[0].tolist() == ["brand", "fire"]
    assert list(title_keys(table[["title"]])) == ["title"]


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sameness, "_ROWS", 7)
    monkeypatch.setattr(sameness, "_COLUMNS", 11)


def pictures(vectors: NDArray[np.floating], files: dict[int, Path] | None = None) -> Pictures:
    paths = [(files or {}).get(row) for row in range(len(vectors))]
    return Pictures(miniatures=unit(vectors), files=paths)


def near_copies(n: int, seed: int) -> NDArray[np.float64]:
    """Vectors of which many are near others, at products around .997."""
    generator = np.random.default_rng(seed)
    own = generator.normal(size=(n, 16))
    copied = generator.integers(0, n, size=n)
    is_copy = generator.uniform(size=n) < 0.4
    noise = generator.choice([1e-3, 0.05, 0.1], size=(n, 1)) * generator.normal(size=(n, 16))
    return np.where(is_copy[:, None], own[copied] + noise, own)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("seed", range(10))
def test_groups_are_those_of_all_links_one_by_one(seed: int) -> None:
    own = pictures(near_copies(60, seed))
    groups = picture_groups(own)
    near = own.miniatures @ own.miniatures.T >= 0.997
    expected = np.arange(60)
    for _ in range(60):  # the least number among all that are near, until nothing changes
        expected = np.where(near, expected, 60).min(axis=1)
    assert len(np.unique(expected)) < 60
    np.testing.assert_array_equal(groups[:, None] == groups, expected[:, None] == expected)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("seed", range(5))
def test_among_others_is_the_greatest_cosine(seed: int) -> None:
    both = near_copies(70, seed)
    own, others = pictures(both[:40]), pictures(both[40:])
    expected = (own.miniatures @ others.miniatures.T).max(axis=1) >= 0.997
    assert expected.any()
    np.testing.assert_array_equal(is_among(own, others), expected)
    assert not is_among(own, pictures(np.empty((0, 16)))).any()


def test_equal_files_are_the_same_picture_whatever_their_vectors(tmp_path: Path) -> None:
    contents = [b"one", b"two", b"one", b"three", b"onf", None, b"one"]
    files = {row: tmp_path / f"{row}.jpg" for row in range(len(contents))}
    for row, content in enumerate(contents):
        if content is not None:
            files[row].write_bytes(content)
    own = pictures(np.eye(8)[:7], files)
    groups = picture_groups(own).tolist()
    assert groups[0] == groups[2] == groups[6]
    assert len(set(groups)) == 5
    others = pictures(np.eye(8)[7:], {0: files[2]})
    assert is_among(own, others).tolist() == [True, False, True, False, False, False, True]


def test_only_files_of_a_size_that_occurs_twice_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {row: tmp_path / f"{row}.jpg" for row in range(5)}
    for row, path in files.items():
        path.write_bytes(b"x" * (1 + row // 2))
    read: list[str] = []
    monkeypatch.setattr(sameness, "file_sha256", lambda path: read.append(path.name) or path.name)
    picture_groups(pictures(np.eye(5), files))
    assert sorted(read) == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]


def test_a_file_that_is_gone_leaves_the_vectors(tmp_path: Path) -> None:
    there = tmp_path / "there.jpg"
    there.write_bytes(b"x")
    own = pictures(np.array([[1, 0], [1, 0], [0, 1]]), {0: tmp_path / "gone.jpg", 1: there})
    groups = picture_groups(own)
    assert groups[0] == groups[1] != groups[2]


def test_vectors_and_files_belong_together() -> None:
    with pytest.raises(NewsImagesError, match="2 miniatures for 1 picture files"):
        Pictures(miniatures=np.eye(2, dtype=np.float32), files=[None])


def test_the_memory_is_that_of_a_block_even_where_all_pictures_are_the_same() -> None:
    own = pictures(np.ones((6000, 4)))
    tracemalloc.start()
    assert len(np.unique(picture_groups(own))) == 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300e6  # all links would take 576 MB
