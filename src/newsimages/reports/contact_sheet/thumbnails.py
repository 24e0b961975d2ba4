"""Image files to thumbnails for the sheet: as large as the bytes allow, each made once.

In come paths, out come small WebP pictures in base64, or the reason where there is none. At any
time only ``workers`` pictures are decoded; what is kept of each is a few kilobytes.
"""

import base64
import io
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import ImageOps

from newsimages.encoding.images import UnreadableImageError, open_image
from newsimages.progress import progress

QUALITIES = {192: 62, 160: 60, 128: 56, 112: 53, 96: 50}  # of WebP, by size
SIZES = tuple(QUALITIES)  # pixels of the longer side: two per CSS pixel down to one
SAMPLE = 64  # thumbnails from which the bytes are estimated
BATCH = 512
FEW = 300  # so few take about a second and need no bar


@dataclass(frozen=True, kw_only=True)
class Thumbnails:
    """Pictures of one size."""

    longest_px: int
    """Pixels of the longer side, at most."""
    pictures: tuple[str | None, ...]
    """WebP files in base64; None where a file cannot be shown."""
    reasons: tuple[str | None, ...]
    """Why it cannot; None where it can."""


def estimated_bytes(paths: Sequence[Path | None], *, size: int, workers: int) -> int:
    """Bytes of thumbnails of ``size`` in the page, estimated from an evenly spaced sample."""
    sample = paths[:: max(1, len(paths) // SAMPLE)]
    made = make_thumbnails(sample, size=size, workers=workers, hide_progress=True)
    return n_bytes(made) * len(paths) // max(1, len(sample))


def make_thumbnails(
    paths: Sequence[Path | None], *, size: int, workers: int, hide_progress: bool = False
) -> Thumbnails:
    """A thumbnail of every file, turned upright, without metadata.

    Args:
        paths: Image files; None where an image has none.
        size: One of `SIZES`.
        workers: Threads.
        hide_progress: Show no bar.
    """
    made: list[tuple[str | None, str | None]] = []
    # Pillow warns of damaged metadata, which is not read. Filters are global and the threads (in
    # open_image) undo theirs in any order, so this one is set before they start.
    with (
        warnings.catch_warnings(action="ignore"),
        ThreadPoolExecutor(workers) as pool,
        progress(
            total=len(paths),
            unit="thumbnails",
            doing="contact sheet",
            hide=hide_progress or len(paths) < FEW,
        ) as bar,
    ):
        for batch in _batches(paths):
            made += pool.map(lambda path: _thumbnail(path, size), batch)
            bar.update(len(batch))
    return Thumbnails(
        longest_px=size,
        pictures=tuple(picture for picture, _ in made),
        reasons=tuple(reason for _, reason in made),
    )


def n_bytes(thumbnails: Thumbnails) -> int:
    """Bytes of the pictures in the page, with quotes and comma."""
    return sum(len(picture or "") + 3 for picture in thumbnails.pictures)


def _batches(paths: Sequence[Path | None]) -> Iterator[Sequence[Path | None]]:
    for start in range(0, len(paths), BATCH):
        yield paths[start : start + BATCH]


def _thumbnail(path: Path | None, size: int) -> tuple[str | None, str | None]:
    if path is None:
        return None, "no image file"
    try:
        image = open_image(path, at_least=size)
        image.thumbnail((size, size), reducing_gap=3.0)
        image = ImageOps.exif_transpose(image)
        image.info.clear()  # neither a profile as large as the picture nor where it was taken
        file = io.BytesIO()
        image.save(file, "WEBP", quality=QUALITIES[size], method=4)
    except UnreadableImageError as error:
        return None, str(error)
    except (OSError, ValueError) as error:  # a damaged EXIF block, for one
        return None, f"damaged: {error}"
    return base64.b64encode(file.getvalue()).decode("ascii"), None
