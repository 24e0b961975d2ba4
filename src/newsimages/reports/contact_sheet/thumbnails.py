"""Paths in, thumbnails for the sheet out: small WebP pictures in base64, or why there is none.

At any time only ``workers`` pictures are decoded; what is kept of each is a few kilobytes.
"""

import base64
import io
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from newsimages.encoding.images import UnreadableImageError, open_image
from newsimages.progress import progress

QUALITIES = {640: 72, 480: 70, 384: 68, 288: 65, 192: 62, 160: 60, 128: 56, 112: 53, 96: 50}
"""Of WebP, by the pixels of the longer side."""
SIZES = (192, 160, 128, 112, 96)  # of a contact sheet: two per CSS pixel down to one
SAMPLE = 64  # thumbnails from which the bytes are estimated
MARGIN = 0.95  # share of the room that is filled, as it is an estimate
FEW = 300  # so few take about a second and need no bar


@dataclass(frozen=True, kw_only=True)
class Thumbnails:
    """Pictures of one size."""

    longest_px: int  # of the longer side, at most
    pictures: tuple[str | None, ...]  # WebP files in base64; None where a file cannot be shown
    reasons: tuple[str | None, ...]  # why it cannot; None where it can

    @property
    def n_bytes(self) -> int:
        """Bytes of the pictures in the page, with quotes and comma."""
        return sum(len(picture or "") + 3 for picture in self.pictures)


def estimated_bytes(paths: Sequence[Path | None], *, size: int, workers: int) -> int:
    """Bytes of thumbnails of ``size`` in the page, estimated from an evenly spaced sample."""
    sample = paths[:: max(1, len(paths) // SAMPLE)]
    made = make_thumbnails(sample, size=size, workers=workers)
    return made.n_bytes * len(paths) // max(1, len(sample))


def make_thumbnails(paths: Sequence[Path | None], *, size: int, workers: int) -> Thumbnails:
    """A thumbnail of every file as people see it, without metadata; ``size`` as in `QUALITIES`."""
    made: list[tuple[str | None, str | None]] = []
    is_hidden = len(paths) < FEW  # as a sample always is
    # Pillow warns of damaged metadata, which is not read. Filters are global and the threads (in
    # open_image) undo theirs in any order, so this one is set before they start.
    with (
        warnings.catch_warnings(action="ignore"),
        ThreadPoolExecutor(workers) as pool,
        progress(total=len(paths), unit="thumbnails", doing="contact sheet", hide=is_hidden) as bar,
    ):
        for one in pool.map(lambda path: _thumbnail(path, size), paths):
            made.append(one)
            bar.update()
    pictures, reasons = zip(*made, strict=True) if made else ((), ())
    return Thumbnails(longest_px=size, pictures=pictures, reasons=reasons)


def fit(
    paths: Sequence[Path | None], room: int, workers: int, sizes: Sequence[int] = SIZES
) -> tuple[Thumbnails | None, float]:
    """The largest thumbnails that fit into ``room`` bytes, or None and a share of the articles.

    The share is what to try next: at least a half, as the size is an estimate.
    """
    needed = 0
    for size in sizes:
        needed = estimated_bytes(paths, size=size, workers=workers)
        if needed <= room * MARGIN:
            made = make_thumbnails(paths, size=size, workers=workers)
            needed = made.n_bytes
            if needed <= room:
                return made, 1.0
    return None, max(0.5, room * MARGIN / max(1, needed))


def _thumbnail(path: Path | None, size: int) -> tuple[str | None, str | None]:
    if path is None:
        return None, "no image file"
    try:
        image = open_image(path, at_least=size)
        image.thumbnail((size, size), reducing_gap=3.0)
        image.info.clear()  # neither a profile as large as the picture nor where it was taken
        file = io.BytesIO()
        image.save(file, "WEBP", quality=QUALITIES[size], method=4)
    except UnreadableImageError as error:
        return None, str(error)
    return base64.b64encode(file.getvalue()).decode("ascii"), None
