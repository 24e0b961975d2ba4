"""Image files in, pictures as people see them out, or the reason why one cannot be read.

A news crawl holds files that are empty, cut short, mislabelled, absurdly large or made to hold up
whoever opens them; each is a reported skip, never a crash. None is decoded before its header has
told how much memory and work that takes.
"""

import io
import warnings
from pathlib import Path
from typing import Any

from PIL import Image, ImageFile, UnidentifiedImageError

from newsimages.encoding import heif_file, jpeg_file, png_file
from newsimages.encoding.as_seen import as_seen, contrast
from newsimages.encoding.decoding_memory import bytes_needed, jpeg_coefficients

# None of them starts a program.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", *heif_file.FORMATS)
ANIMATED = ("GIF", "PNG", "WEBP", "AVIF")
MAX_ASPECT = 100  # a strip of 1 × 3,000,000 pixels would be blown up to the model's size squared
MAX_PIXELS = 100_000_000  # a 10,000 × 10,000 picture
MAX_BYTES = 300_000_000  # of memory for one picture
MAX_PASSED = 1_000_000_000  # pixels that a JPEG's scans pass over: seconds
MAX_FRAMES = 10  # of an animation, among which one is chosen
SHOWS = 64  # levels of contrast in a frame that is neither empty nor faded


class UnreadableImageError(Exception):
    """A file that cannot be used as a picture; its text is the reason."""


def open_image(path: Path, *, at_least: int | None = None) -> Image.Image:
    """Decodes a picture as people see it (`as_seen`), in RGB.

    Of an animation it is the first frame that shows something.

    Args:
        path: A file of one of the `FORMATS`; HEIF, as phones write it, needs pillow-heif.
        at_least: If given, a JPEG may be decoded at a half, quarter or eighth of its size, as
            long as both sides keep this many pixels.

    Raises:
        UnreadableImageError: Missing, empty, cut short, not an image, or beyond `MAX_PIXELS`,
            `MAX_ASPECT`, `MAX_BYTES` or `MAX_PASSED`. A JPEG that lacks nothing but its end
            marker is not cut short.
    """
    if ImageFile.LOAD_TRUNCATED_IMAGES:
        raise UnreadableImageError("Pillow is set to pass off cut files as whole ones")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own pixel limit warns, ours decides
            return _decoded(path, at_least)
    except UnreadableImageError:
        raise
    except FileNotFoundError:
        raise UnreadableImageError("no such file") from None
    except Image.DecompressionBombError:
        raise UnreadableImageError(f"more than {MAX_PIXELS:,} pixels") from None
    except UnidentifiedImageError:
        is_heif = heif_file.lacks_reader(path)
        raise UnreadableImageError(heif_file.ADVICE if is_heif else "not an image") from None
    except Exception as error:  # each of Pillow's decoders has its own
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise UnreadableImageError(f"damaged: {reason}") from error


def _decoded(path: Path, at_least: int | None) -> Image.Image:
    n_bytes = path.stat().st_size
    if n_bytes == 0:
        raise UnreadableImageError("empty file")
    if n_bytes > MAX_BYTES:
        raise UnreadableImageError(f"{n_bytes:,} bytes, more than {MAX_BYTES:,}")
    with path.open("rb") as file:
        start = file.read(len(png_file.START))
        if start.startswith(jpeg_file.START):
            return _decoded_jpeg(start + file.read(), at_least)
        if start == png_file.START:
            return _decoded_png(png_file.without_metadata(file))
    with Image.open(path, formats=FORMATS) as image:
        _check_shape(image)
        _check_memory(bytes_needed(image, n_bytes))
        if image.format == "TIFF":
            _check_tiles(image)
        return _first_that_shows(image)


def _decoded_jpeg(content: bytes, at_least: int | None) -> Image.Image:
    scans = jpeg_file.scans(content)
    whole = content if scans.has_end else jpeg_file.ended(content, scans)
    with Image.open(io.BytesIO(whole), formats=FORMATS) as image:
        _check_shape(image)
        if scans.n * image.width * image.height > MAX_PASSED:
            raise UnreadableImageError(
                f"{scans.n} scans of {image.width} × {image.height} pixels, which pass over more "
                f"than {MAX_PASSED:,}"
            )
        coefficients = jpeg_coefficients(image, scans.n)
        if at_least is not None:
            image.draft("RGB", (at_least, at_least))
        _check_memory(bytes_needed(image, len(content), coefficients=coefficients))
        seen = as_seen(image)
        is_doubtful = not scans.has_end or jpeg_file.ends_grey(image)
        if is_doubtful and jpeg_file.lacks_rows(content, scans):
            raise UnreadableImageError("damaged: cut short")
        return seen


def _decoded_png(content: bytes) -> Image.Image:
    with Image.open(io.BytesIO(content), formats=FORMATS) as image:
        _check_shape(image)
        _check_memory(bytes_needed(image, 2 * len(content)))  # and its chunks
        png_file.check_rows(content)
        return _first_that_shows(image)


def _check_shape(image: Image.Image) -> None:
    size = f"{image.width} × {image.height} pixels"
    if image.width * image.height > MAX_PIXELS:
        raise UnreadableImageError(f"{size}, more than {MAX_PIXELS:,}")
    if max(image.size) > MAX_ASPECT * min(image.size):
        raise UnreadableImageError(f"{size}, a strip of more than {MAX_ASPECT} to 1")


def _check_memory(needed: int) -> None:
    if needed > MAX_BYTES:
        raise UnreadableImageError(
            f"decoding it takes {needed:,} bytes of memory, more than {MAX_BYTES:,}"
        )


def _check_tiles(image: Any) -> None:
    """Checks that the parts of a TIFF, which Pillow counts no more, cover the picture."""
    covered = sum((right - left) * (low - top) for _, (left, top, right, low), *_ in image.tile)
    if covered < image.width * image.height:
        raise UnreadableImageError("damaged: cut short")


def _first_that_shows(image: Image.Image) -> Image.Image:
    """The picture, or of an animation the first frame that shows something, if one does."""
    seen = as_seen(image)
    if image.format not in ANIMATED:
        return seen
    most = contrast(seen)
    for frame in range(1, MAX_FRAMES):
        if most >= SHOWS:
            break
        try:
            image.seek(frame)
        except EOFError:
            break
        other = as_seen(image)
        if contrast(other) > most:
            most, seen = contrast(other), other
    return seen
