"""Pictures and those they were made of in, whether one is stretched out.

A whole picture that was squeezed into 460 × 260 pixels is found: it is like the squeezed source,
and like no part of it that is not stretched. A stretched part of a picture is not told.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from newsimages.encoding.images import UnreadableImageError, open_image
from newsimages.progress import progress
from newsimages.reports.handing_in.crop import HEIGHT, WIDTH, crop

_SMALL, _LARGE = (23, 13), (92, 52)
_ODD = 0.05  # how far a picture's ratio is from 460 to 260, so that squeezing shows
_ALIKE, _SAME = 0.9, 0.97  # correlations of small pictures, and of large ones
_CLEARLY = 4  # times nearer the squeezed source than any part of it
_NEAREST = 3  # sources that a picture is compared with
_ZOOMS = (1.0, 0.9, 0.8, 0.7)  # parts of the largest that fits
_PLACES = 9
FEW = 200  # sources that are read without a bar


@dataclass(frozen=True, kw_only=True, eq=False)
class Sources:
    """Pictures of other ratios than 460 to 260, from which others were made."""

    paths: tuple[Path, ...]
    squeezed: NDArray[np.float32]
    """(N, D) unit vectors of them, each squeezed."""

    @classmethod
    def of(cls, paths: Sequence[Path]) -> "Sources":
        """Reads the files; those that cannot be read, or have the ratio, are left out."""
        kept, vectors = [], []
        doing, is_few = "pictures to compare with", len(paths) < FEW
        with progress(total=len(paths), unit="images", doing=doing, hide=is_few) as bar:
            for path in paths:
                source = _read(path)
                if source is not None:
                    kept.append(path)
                    vectors.append(_vector(source, _SMALL))
                bar.update()
        n = _SMALL[0] * _SMALL[1]
        squeezed = np.stack(vectors) if vectors else np.empty((0, n), np.float32)
        return cls(paths=tuple(kept), squeezed=squeezed)

    def stretched(self, picture: Image.Image) -> Path | None:
        """The file that the picture is stretched from; None where it is from none of these."""
        if not self.paths:
            return None
        likeness = self.squeezed @ _vector(picture.convert("L"), _SMALL)
        nearest: list[int] = np.argsort(-likeness, kind="stable")[:_NEAREST].tolist()
        for at in nearest:
            if likeness[at] > _ALIKE and _is_squeezed(picture, self.paths[at]):
                return self.paths[at]
        return None


def _read(path: Path) -> Image.Image | None:
    """The greys of a file; None where it cannot be read, or squeezing would not show."""
    try:
        source = open_image(path, at_least=_LARGE[0])
    except UnreadableImageError:
        return None
    ratio = source.width * HEIGHT / (source.height * WIDTH)
    return source.convert("L") if abs(np.log(ratio)) > _ODD else None


def _is_squeezed(picture: Image.Image, path: Path) -> bool:
    source = _read(path)
    if source is None:
        return False
    own = _vector(picture.convert("L"), _LARGE)
    whole = float(own @ _vector(source, _LARGE))
    parts = max(float(own @ part) for part in _parts(source))
    return whole > _SAME and (1 - parts) > _CLEARLY * (1 - whole)


def _parts(source: Image.Image) -> Iterator[NDArray[np.float32]]:
    """Parts of the source that are not stretched, of several sizes and places."""
    left, top, right, bottom = crop(source.size)
    for zoom in _ZOOMS:
        width, height = (right - left) * zoom, (bottom - top) * zoom
        for x in _starts(source.width - width):
            for y in _starts(source.height - height):
                yield _vector(source, _LARGE, (x, y, x + width, y + height))


def _starts(room: float) -> list[float]:
    n = _PLACES if room >= 1 else 1
    return [room * at / max(1, n - 1) for at in range(n)]


def _vector(
    picture: Image.Image,
    size: tuple[int, int],
    box: tuple[float, float, float, float] | None = None,
) -> NDArray[np.float32]:
    """A unit vector of a picture of greys, without their mean; zeros where it is of one grey."""
    greys = picture.resize(size, Image.Resampling.BOX, box=box)
    values = np.asarray(greys, np.float32).ravel()
    values = values - values.mean()
    norm = float(np.linalg.norm(values))
    return values / norm if norm > 1 else np.zeros_like(values)
