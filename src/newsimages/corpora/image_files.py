"""Finds the image files of a data set: a folder in, the path of each named image out.

A folder is listed once. A name is looked up as an exact path first (below the folder or its
``images/``), then as a file name anywhere below it, each with the ending and without. Nothing
outside the corpus folder is ever followed, and no folder of the project's own output is entered.
"""

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from newsimages.errors import first_ten

IMAGE_ENDINGS = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".avif", ".gif", ".bmp", ".tif", ".tiff"}
)
OUTPUT_MARKER = ".newsimages"
"""An empty file of this name marks a folder of the project's own output, never read as input."""


class Found(NamedTuple):
    """An image's path below the corpus folder, or the reason why it has none."""

    path: str | None
    reason: str = ""


class ImageFiles:
    """The image files below ``folder``; links that leave the corpus folder ``root`` do not count.

    Attributes:
        dead_links: Paths below ``folder`` of links that lead nowhere, or to themselves.
    """

    def __init__(self, folder: Path, root: Path) -> None:
        self._root = os.path.realpath(root)
        self._exact: dict[str, list[str]] = defaultdict(list)
        self._without_ending: dict[str, list[str]] = defaultdict(list)
        self._outside: set[str] = set()
        self.dead_links: list[str] = []
        listed: set[str] = set()
        for file, below in self._files(os.path.realpath(folder), "", set()):
            if file not in listed and _ending(below) in _ENDINGS_OR_NONE:
                listed.add(file)
                self._add(below, file[len(self._root) :].lstrip(os.sep).replace(os.sep, "/"))

    def find(self, names: tuple[str, ...]) -> Found:
        """The file of an image that may have any of ``names``; the first one found wins."""
        wanted = [_slashed(name) for name in names if name]
        for name in wanted:
            if reason := self._refused(name):
                return Found(None, reason)
            paths = self._lookup(name)
            if len(paths) == 1:
                return Found(paths[0])
            if paths:
                shown = first_ten(sorted(paths))
                return Found(None, f"{name!r} is the name of several files: {shown}")
        reason = f"no image file found by the name {' or '.join(wanted)}"
        if self._outside:
            links = first_ten(sorted(self._outside))
            reason += f"; links that leave the corpus folder are not followed: {links}"
        return Found(None, reason)

    def _lookup(self, name: str) -> list[str]:
        bare = _without_ending(name)
        for key in (f"/{name}", f"/images/{name}", name):
            if paths := self._exact.get(key) or self._without_ending.get(key):
                return paths
        for key in (f"/{bare}", f"/images/{bare}", bare):
            if paths := self._without_ending.get(key):
                return paths
        return []

    def _refused(self, name: str) -> str:
        if "://" in name:
            return f"{name!r} is an address: images are read from files, not downloaded"
        if name.startswith("/") or ".." in name.split("/") or _DRIVE.match(name):
            return f"{name!r} leaves the corpus folder and is not followed"
        if self._outside and not self._outside.isdisjoint(_ways_to(name)):
            return f"{name!r} leads through a link out of the corpus folder, not followed"
        return ""

    def _add(self, below: str, path: str) -> None:
        """Indexes a file by its path below the folder (with a leading slash) and by its name."""
        rooted = unicodedata.normalize("NFC", f"/{below}")
        for key in (rooted, rooted.rpartition("/")[2]):
            self._exact[key].append(path)
            self._without_ending[_without_ending(key)].append(path)

    def _files(self, folder: str, below: str, seen: set[str]) -> Iterator[tuple[str, str]]:
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
                    yield from self._files(path, f"{here}/", seen)
            elif entry.is_file():
                yield path, here


_ENDINGS_OR_NONE = IMAGE_ENDINGS | {""}
_DRIVE = re.compile("[A-Za-z]:/")


def _slashed(name: str) -> str:
    """``name`` with forward slashes and without a leading ``./``."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/"))
    while name.startswith("./"):
        name = name[2:].lstrip("/")
    return name


def _ending(path: str) -> str:
    return os.path.splitext(path)[1].lower()  # noqa: PTH122 (a path object per image is slow)


def _without_ending(name: str) -> str:
    ending = _ending(name)
    return name[: -len(ending)] if ending in IMAGE_ENDINGS else name


def _ways_to(name: str) -> set[str]:
    """``name`` and the folders above it, with and without ``images/`` before them."""
    paths = {name, f"images/{name}"}
    for path in tuple(paths):
        paths.update(path[:at] for at, letter in enumerate(path) if letter == "/")
    return paths
