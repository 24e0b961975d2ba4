"""The pictures of a gallery as the page shows them: an image's id in, a small JPEG file out.

An id is looked up among the images that are known, never made part of a path, and a file is opened
only where it lies below the folder that it was listed from. Whatever is sent was decoded (within
the limits of `newsimages.encoding.images`) and written anew, without metadata.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow.compute as pc

from newsimages.checksums import file_sha256
from newsimages.corpora.picture_captions import said_in
from newsimages.encoding.images import UnreadableImageError, open_image
from newsimages.gallery.columns import TEXTS
from newsimages.gallery.snapshot import Snapshot

SIZES = {"tile": 480, "whole": 1600}
"""Pixels of the longer side, at most: two per CSS pixel of a tile, and of the open picture."""
_QUALITY = 85  # of JPEG, which is made in a third of the time that WebP takes
_KEPT = 3_000  # small pictures in memory, some 60 MB
_KEPT_SAID = 100_000
UNKNOWN = "no such image in the gallery"
FIELDS = ("date", "rights", "credit", "caption")
"""In the order in which the page asks for them."""
MAX_RIGHTS = 100  # that are offered to choose from


@dataclass(frozen=True, kw_only=True)
class Said:
    """What is said of an image; "" for nothing."""

    caption: str = ""
    credit: str = ""
    rights: str = ""
    date: str = ""
    """Year, month and day: 2026-01-31."""


@dataclass(frozen=True, kw_only=True)
class Fields:
    """What a gallery says of its images, by which they can be filtered."""

    names: tuple[str, ...] = ()
    """Of date, rights, credit and caption, those that at least one image has."""
    rights: tuple[str, ...] = ()
    """The most frequent ones."""


class Pictures(Protocol):
    """Where the pictures of a gallery are, and what is said of them."""

    @property
    def fields(self) -> Fields:
        """By what they can be filtered."""

    def path(self, image_id: str) -> Path:
        """The file, whether it is there or not.

        Raises:
            UnreadableImageError: None is known, or it may not be sent.
        """

    def check(self, image_id: str, path: Path) -> None:
        """Raises: UnreadableImageError where the file is not the picture that was indexed."""

    def said(self, image_id: str) -> Said:
        """What is said of it; nothing of an unknown one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ListedPictures:
    """Files that are known by their ids: those of a folder, or of a corpus."""

    root: Path = Path()
    files: Mapping[str, Path] = field(default_factory=dict)
    """By image id; each below ``root``."""
    captions: Mapping[str, str] = field(default_factory=dict)
    """Of tables; the others are looked for in the files."""
    why_none: str = UNKNOWN
    """What is said of an image that is not among them."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_said_in", lru_cache(_KEPT_SAID)(self._said_in))

    @property
    def fields(self) -> Fields:
        """None: a gallery that a model holds cannot be filtered."""
        return Fields()

    def path(self, image_id: str) -> Path:
        """As `Pictures` has it."""
        if image_id not in self.files:
            raise UnreadableImageError(self.why_none)
        return below(self.root, self.files[image_id])

    def check(self, image_id: str, path: Path) -> None:
        """Nothing is known of what such a file held."""

    def said(self, image_id: str) -> Said:
        """As `Pictures` has it."""
        path = self.files.get(image_id)
        own = self._said_in(path) if path else Said()
        caption = self.captions.get(image_id) or own.caption
        return Said(caption=caption, credit=own.credit, date=own.date)

    def _said_in(self, path: Path) -> Said:
        told = said_in(path)
        date = told["date"].date().isoformat() if "date" in told else ""
        return Said(caption=told.get("caption", ""), credit=told.get("credit", ""), date=date)


@dataclass(frozen=True, kw_only=True, eq=False)
class GalleryPictures:
    """The images of a version of a gallery that grows."""

    snapshot: Snapshot
    roots: Sequence[Path]
    """The folders below which its files may lie."""

    def __post_init__(self) -> None:
        # As (R,) rows by rising id: places are those of all rows that were ever fetched.
        object.__setattr__(self, "_order", np.argsort(self.snapshot.places))
        object.__setattr__(self, "fields", _fields(self.snapshot))
        object.__setattr__(self, "_is_same", lru_cache(_KEPT_SAID)(_is_same))

    fields: Fields = field(init=False)
    """By what they can be filtered."""

    def path(self, image_id: str) -> Path:
        """As `Pictures` has it; where several folders have such a file, the one that was added."""
        row = self._row(image_id)
        name = None if row is None else self.snapshot.about["file"][row].as_py()
        if row is None or name is None:
            raise UnreadableImageError(UNKNOWN if row is None else "no file is on record")
        if not self.roots:
            raise UnreadableImageError("where the picture files are is not known")
        found = [path for path in self._below(name) if _is_there(path)]
        sha256 = self.snapshot.about["sha256"][row].as_py()
        if len(found) > 1:
            found = [path for path in found if self._same(path, sha256)] or found
        return found[0] if found else below(self.roots[0], self.roots[0] / name)

    def _below(self, name: str) -> Iterator[Path]:
        for root in self.roots:
            yield below(root, root / name)

    def check(self, image_id: str, path: Path) -> None:
        """As `Pictures` has it."""
        row = self._row(image_id)
        if row is None or not self._same(path, self.snapshot.about["sha256"][row].as_py()):
            raise UnreadableImageError("the file has another content than when it was indexed")

    def _same(self, path: Path, sha256: str) -> bool:
        return self._is_same(path, tag_of(path), sha256)  # type: ignore[attr-defined,no-any-return]

    def said(self, image_id: str) -> Said:
        """As `Pictures` has it."""
        row = self._row(image_id)
        if row is None:
            return Said()
        about = self.snapshot.about
        date = about["date"][row].as_py()
        texts = {name: about[name][row].as_py() or "" for name in TEXTS}
        return Said(**texts, date=date.date().isoformat() if date else "")

    def _row(self, image_id: str) -> int | None:
        """The row of an image of this version."""
        ids, order = self.snapshot.ids, self._order  # type: ignore[attr-defined]
        start, end = (
            int(np.searchsorted(ids, image_id, side=side, sorter=order))
            for side in ("left", "right")
        )
        live = [int(row) for row in order[start:end] if self.snapshot.live[row]]
        return live[0] if live else None


def _fields(snapshot: Snapshot) -> Fields:
    """What at least one of the images has."""
    about = snapshot.about.filter(np.asarray(snapshot.live))
    has = [name for name in FIELDS if about[name].null_count < len(about)]
    counted = pc.value_counts(about["rights"].drop_null()).to_pylist()
    counted.sort(key=lambda each: (-each["counts"], each["values"]))
    return Fields(names=tuple(has), rights=tuple(each["values"] for each in counted[:MAX_RIGHTS]))


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # of a folder that may not be looked into
        return False


def below(root: Path, path: Path) -> Path:
    """The path. Raises: UnreadableImageError where it leads out of the folder."""
    try:
        is_below = path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError) as error:  # of links that lead to each other
        raise UnreadableImageError("its file is a link that leads nowhere") from error
    if not is_below:
        raise UnreadableImageError("its file lies outside of the gallery's folder")
    return path


def tag_of(path: Path) -> str:
    """What changes when a file does. Raises: UnreadableImageError where there is none."""
    try:
        found = path.stat()
    except OSError as error:
        gone = isinstance(error, FileNotFoundError)
        reason = "the file is gone" if gone else f"the file cannot be read: {error.strerror}"
        raise UnreadableImageError(reason) from error
    return f"{found.st_mtime_ns:x}-{found.st_size:x}"


class Thumbnails:
    """Makes small pictures, and keeps those that were asked for of late."""

    def __init__(self) -> None:
        self._tile = lru_cache(_KEPT)(lambda path, _: self._made(path, SIZES["tile"]))

    def __call__(self, pictures: Pictures, image_id: str, size: str) -> bytes:
        """A JPEG file of one of the `SIZES`.

        Raises:
            UnreadableImageError: There is no such picture, or it cannot be shown.
        """
        path = pictures.path(image_id)
        tag = tag_of(path)
        pictures.check(image_id, path)
        return self._tile(path, tag) if size == "tile" else self._made(path, SIZES[size])

    def _made(self, path: Path, longest_px: int) -> bytes:
        image = open_image(path, at_least=longest_px)
        image.thumbnail((longest_px, longest_px), reducing_gap=3.0)
        image.info.clear()
        file = io.BytesIO()
        image.save(file, "JPEG", quality=_QUALITY)
        return file.getvalue()


def _is_same(path: Path, _: str, sha256: str) -> bool:
    try:
        return file_sha256(path) == sha256
    except OSError:
        return False
