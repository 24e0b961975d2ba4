"""Finds the image files of a data set: a folder in, the path of each named image out.

A folder is listed once. A name is looked up as an exact path first (below the folder or its
``images/``), then as a file name anywhere below it, each with the ending and without; last as
downloads leave names (``Foto%20eins.jpg``, ``501.jpg?fit=thumb``). Nothing outside the corpus
folder is ever followed, and no folder of the project's own output is entered.
"""

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from newsimages.corpora.names import composed, is_text
from newsimages.errors import first_ten
from newsimages.plain_text import encodable

IMAGE_ENDINGS = frozenset(
    {".jpg", ".jpeg", ".jpe", ".pjpeg", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}
    | {".avif", ".avifs", ".heic", ".heif"}
)
OUTPUT_MARKER = ".newsimages"
"""An empty file of this name marks a folder of the project's own output, never read as input."""


class Found(NamedTuple):
    """An image's path below the corpus folder, or the reason why it has none."""

    path: str | None
    reason: str = ""


class _Index:
    """Paths by the names they may be asked by: a path below the folder, or a file's name."""

    def __init__(self) -> None:
        self._exact: dict[str, list[str]] = defaultdict(list)
        self._without_ending: dict[str, list[str]] = defaultdict(list)

    def add(self, rooted: str, path: str) -> None:
        """Adds a file by its path below the folder, with a leading slash."""
        for key in {rooted, rooted.rpartition("/")[2]}:
            self._exact[key].append(path)
            bare = _without_ending(key)
            if bare != key or not _ending(key):
                self._without_ending[bare].append(path)

    def lookup(self, name: str) -> list[str]:
        """The files of this name: exact before without ending, a path before a file's name."""
        bare = _without_ending(name)
        for key in (f"/{name}", f"/images/{name}", name):
            if paths := self._exact.get(key) or self._without_ending.get(key):
                return paths
        for key in (f"/{bare}", f"/images/{bare}", bare):
            if paths := self._without_ending.get(key):
                return paths
        return []


class ImageFiles:
    """The image files below ``folder``; links that leave the corpus folder ``root`` do not count.

    Attributes:
        dead_links: Paths below ``folder`` of links that lead nowhere, or to themselves.
        without_text_name: Paths of files and folders whose names are not UTF-8, as shown.
    """

    def __init__(self, folder: Path, root: Path) -> None:
        self._root = os.path.realpath(root)
        self._files: dict[str, str] = {}  # path below the corpus folder: path below the folder
        self._index = _Index()
        self._outside: set[str] = set()
        self.dead_links: list[str] = []
        self.without_text_name: list[str] = []
        for file, below in self._listed(os.path.realpath(folder), "", set()):
            path = file[len(self._root) :].lstrip(os.sep).replace(os.sep, "/")
            if path not in self._files:
                self._files[path] = composed(f"/{below}")
                if _is_image(below):
                    self._index.add(self._files[path], path)

    def find(self, names: tuple[str, ...]) -> Found:
        """The file of an image that may have any of ``names``; the first one found wins."""
        wanted = list(dict.fromkeys(_slashed(name) for name in names if name))
        for name in wanted:
            if reason := self._refused(name):
                return Found(None, reason)
            if paths := self._index.lookup(name):
                return _only(name, paths)
        for name in wanted:
            if paths := self._loose_index.lookup(unquote(name)):
                return _only(name, paths)
        reason = f"no image file found by the name {' or '.join(wanted)}"
        if others := self._others(wanted):
            reason += f"; there is {first_ten(sorted(others))}, which is not read as an image"
        if self._outside:
            links = first_ten(sorted(self._outside))
            reason += f"; links that leave the corpus folder are not followed: {links}"
        return Found(None, reason)

    def _others(self, wanted: list[str]) -> list[str]:
        starts = dict.fromkeys(map(_start, wanted))
        return [path for start in starts for path in self._of_other_kinds.get(start, ())]

    @cached_property
    def _loose_index(self) -> _Index:
        """The files by names that a download left otherwise than a table has them.

        ``Foto%20eins.jpg`` is also found as ``Foto eins.jpg``, ``502.2.jpg`` as ``502``.
        """
        index = _Index()
        for path, rooted in self._files.items():
            if _is_image(rooted):
                plain = unquote(rooted)
                more = _ENDING_AND_MORE.fullmatch(plain)
                folder, _, name = plain.rpartition("/")
                start, _, rest = name.partition(".")
                index.add(more[1] if more else plain, path)
                if not more and start and "." in rest:
                    index.add(f"{folder}/{start}", path)
        return index

    @cached_property
    def _of_other_kinds(self) -> dict[str, list[str]]:
        """The files that are no images, by their names up to the first point."""
        others: dict[str, list[str]] = defaultdict(list)
        for path, rooted in self._files.items():
            if not _is_image(rooted):
                others[_start(rooted)].append(path)
        return others

    def _refused(self, name: str) -> str:
        if "://" in name:
            return f"{name!r} is an address: images are read from files, not downloaded"
        if name.startswith("/") or ".." in name.split("/") or _DRIVE.match(name):
            return f"{name!r} leaves the corpus folder and is not followed"
        if self._outside and not self._outside.isdisjoint(_ways_to(name)):
            return f"{name!r} leads through a link out of the corpus folder, not followed"
        return ""

    def _listed(self, folder: str, below: str, seen: set[str]) -> Iterator[tuple[str, str]]:
        """Yields (real path, path below) of the files in ``folder``; enters no folder twice."""
        if folder in seen:
            return
        seen.add(folder)
        with os.scandir(folder) as entries:
            ordered = sorted(entries, key=lambda entry: (entry.is_symlink(), entry.name))
        if below and any(entry.name == OUTPUT_MARKER for entry in ordered):
            return
        for entry in ordered:
            path, here = entry.path, f"{below}{entry.name}"
            if not is_text(entry.name):
                self.without_text_name.append(encodable(here))
                continue
            if entry.is_symlink():
                path = os.path.realpath(path)
                if os.path.commonpath([path, self._root]) != self._root:
                    self._outside.add(here)
                    continue
                if not os.path.exists(path):  # noqa: PTH110 (as above)
                    if _ending(here) in _ENDINGS_OR_NONE:
                        self.dead_links.append(here)
                    continue
            if entry.is_dir():
                if not entry.name.startswith("."):
                    yield from self._listed(path, f"{here}/", seen)
            elif entry.is_file():
                yield path, here


_ENDING_AND_MORE = re.compile(  # photo.jpg?fit=thumb, photo.jpg_large, photo.JPG.1
    rf"(.+?)(?:{'|'.join(map(re.escape, sorted(IMAGE_ENDINGS)))})"
    r"(?:[^A-Za-z0-9./][^/]*|\.[0-9]+|\.(?:cr)?download)",
    re.IGNORECASE,
)
_ENDINGS_OR_NONE = IMAGE_ENDINGS | {""}
_DRIVE = re.compile("[A-Za-z]:/")


def _slashed(name: str) -> str:
    """``name`` with forward slashes and without a leading ``./``."""
    name = composed(name.replace("\\", "/"))
    while name.startswith("./"):
        name = name[2:].lstrip("/")
    return name


def _ending(path: str) -> str:
    return os.path.splitext(path)[1].lower()  # noqa: PTH122 (a path object per image is slow)


def _is_image(path: str) -> bool:
    """Whether a file's name has an image's ending, one with more behind it, or none."""
    ending = _ending(path)
    return ending in _ENDINGS_OR_NONE or bool(_ENDING_AND_MORE.fullmatch(path))


def _start(path: str) -> str:
    """A file's name up to its first point."""
    return path.rpartition("/")[2].partition(".")[0]


def _without_ending(name: str) -> str:
    ending = _ending(name)
    return name[: -len(ending)] if ending in IMAGE_ENDINGS else name


def _only(name: str, paths: list[str]) -> Found:
    """The one of ``paths``, or none with the reason."""
    if len(paths) == 1:
        return Found(paths[0])
    return Found(None, f"{name!r} is the name of several files: {first_ten(sorted(paths))}")


def _ways_to(name: str) -> set[str]:
    """``name`` and the folders above it, with and without ``images/`` before them."""
    paths = {name, f"images/{name}"}
    for path in tuple(paths):
        paths.update(path[:at] for at, letter in enumerate(path) if letter == "/")
    return paths
