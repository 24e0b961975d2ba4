"""Snapshots: a version's rows on this machine, whatever was fetched before."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from newsimages.errors import NewsImagesError
from newsimages.gallery import snapshot as snapshots
from newsimages.gallery.filters import Filter, NothingLeftError
from newsimages.gallery.pool import Pool
from newsimages.gallery.snapshot import Snapshot, open_snapshot
from newsimages.gallery.table import Gallery
from tests.gallery.rows import TOWERS, numbered, rows


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    gallery = Gallery.create(str(tmp_path / "gallery"), TOWERS)
    gallery.add(rows(numbered(0, 30)), TOWERS)
    return gallery


def content(snapshot: Snapshot) -> dict[str, bytes]:
    """The vectors of the images of a version, by id."""
    live = np.flatnonzero(snapshot.live)
    vectors = snapshot.towers["clip"].vectors
    return {str(snapshot.ids[row]): vectors[row].tobytes() for row in live}


def as_made(ids: list[str], picture: str = "") -> dict[str, bytes]:
    vectors = rows(ids, picture=picture).vectors["clip"]
    return {each: vectors[row].tobytes() for row, each in enumerate(ids)}


def test_each_version_has_its_own_images_bit_for_bit(gallery: Gallery, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    expected = {gallery.version: as_made(numbered(0, 30))}
    gallery.add(rows(["a much longer id", "i0003b"]), TOWERS)
    expected[gallery.version] = as_made([*numbered(0, 30), "a much longer id", "i0003b"])
    gallery.remove(numbered(0, 3))
    expected[gallery.version] = as_made([*numbered(3, 30), "a much longer id", "i0003b"])
    gallery.add(rows(numbered(2, 4), picture="new"), TOWERS, replace=True)
    newest = as_made([*numbered(4, 30), "a much longer id", "i0003b"])
    expected[gallery.version] = newest | as_made(numbered(2, 4), "new")
    first, *others = expected
    for version in (first, others[-1], others[0], others[1], first):
        snapshot = open_snapshot(gallery.uri, version, cache=cache)
        assert content(snapshot) == expected[version]
        assert snapshot.version == version
        assert np.array_equal(np.argsort(snapshot.places), np.argsort(snapshot.ids, kind="stable"))
    assert open_snapshot(gallery.uri, cache=cache).version == others[-1]


def test_a_version_that_is_here_needs_no_gallery(gallery: Gallery, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    there = open_snapshot(gallery.uri, cache=cache)
    Path(gallery.uri).rename(tmp_path / "away")
    again = open_snapshot(gallery.uri, there.version, uid=there.uid, cache=cache)
    assert content(again) == content(there)
    with pytest.raises(NewsImagesError, match="holds no gallery"):
        open_snapshot(gallery.uri, cache=cache)
    Gallery.create(gallery.uri, TOWERS).add(rows(["x"]), TOWERS)
    with pytest.raises(NewsImagesError, match="another gallery"):
        open_snapshot(gallery.uri, uid=there.uid, cache=cache)


def test_what_a_kill_left_is_overwritten(
    gallery: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    open_snapshot(gallery.uri, cache=cache)
    gallery.add(rows(numbered(30, 40)), TOWERS)

    def killed(_: Pool) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Pool, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            open_snapshot(gallery.uri, cache=cache)
    gallery.remove(numbered(30, 35))
    assert content(open_snapshot(gallery.uri, cache=cache)) == as_made(
        [*numbered(0, 30), *numbered(35, 40)]
    )


def test_files_that_were_cut_short_are_fetched_anew(gallery: Gallery, tmp_path: Path) -> None:
    before = content(open_snapshot(gallery.uri, cache=tmp_path / "cache"))
    for name in ("clip.f32", "clip.bf16", "caption.ends", "version-2.live", "about-*.arrow"):
        [path] = (tmp_path / "cache").glob(f"*/*/{name}")
        path.write_bytes(path.read_bytes()[:-1])
        assert content(open_snapshot(gallery.uri, cache=tmp_path / "cache")) == before


def test_what_is_long_gone_is_given_up(gallery: Gallery, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for start in range(30, 330, 30):
        gallery.add(rows(numbered(start, start + 30)), TOWERS)
        gallery.remove(numbered(start - 30, start))
        snapshot = open_snapshot(gallery.uri, cache=cache)
        assert content(snapshot) == as_made(numbered(start, start + 30))
        assert len(snapshot.live) <= 120
    assert len(list(cache.glob("*/*/"))) == 1


def test_many_small_additions_stay_few_files(gallery: Gallery, tmp_path: Path) -> None:
    for number in range(34):
        gallery.add(rows([f"x{number}"]), TOWERS)
        snapshot = open_snapshot(gallery.uri, cache=tmp_path / "cache")
    assert len(snapshot) == 64
    assert snapshot.about["image_id"].num_chunks <= 33
    assert len(list(snapshot.pool.inner.glob("version-*.json"))) == snapshots.KEPT_VERSIONS


def test_what_is_derived_is_made_once_for_each_row(gallery: Gallery, tmp_path: Path) -> None:
    made: list[int] = []

    def doubled(part: slice) -> np.ndarray:
        made.extend(range(part.start, part.stop))
        return snapshot.towers["clip"].vectors[part, :2] * 2

    for stop in (30, 40):
        gallery.add(rows(numbered(0, stop)), TOWERS)
        snapshot = open_snapshot(gallery.uri, cache=tmp_path / "cache")
        for _ in range(2):
            values = snapshot.derived("doubled", 2, doubled)
            assert np.array_equal(values, snapshot.towers["clip"].vectors[:, :2] * 2)
    assert made == list(range(40))


def test_filters_on_a_gallery_that_has_grown(gallery: Gallery, tmp_path: Path) -> None:
    dated = {"date": [datetime(2026, 1, day) for day in (1, 2)], "caption": ["a flood", "a fire"]}
    gallery.add(rows(["a", "b"], said=dated), TOWERS)
    gallery.add(rows(["c"], said={"caption": ["Flood again"]}), TOWERS)
    gallery.remove(["a"])
    snapshot = open_snapshot(gallery.uri, cache=tmp_path / "cache")
    wanted = Filter.of('{"caption": "flood"}')
    assert snapshot.ids[snapshot.rows_of(wanted)].tolist() == ["c"]
    with pytest.raises(NothingLeftError, match="none of the gallery's 32 images"):
        snapshot.rows_of(Filter.of('{"date_to": "2026-01-01"}'))


def test_an_empty_gallery_is_told(tmp_path: Path) -> None:
    gallery = Gallery.create(str(tmp_path / "gallery"), TOWERS)
    with pytest.raises(NewsImagesError, match="no images in version 1"):
        open_snapshot(gallery.uri, cache=tmp_path / "cache")
