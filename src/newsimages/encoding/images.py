"""Image files in, RGB pictures out, or the reason why one cannot be read.

A news crawl holds files that are empty, cut short, mislabelled or absurdly large; each is a
reported skip, never a crash, and none is decoded before its pixels are counted.
"""

import warnings
from pathlib import Path

from PIL import Image, ImageFile, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")  # none that starts a program
MAX_ASPECT = 100  # a strip of 1 × 3,000,000 pixels would be blown up to the model's size squared
MAX_PIXELS = 100_000_000  # a 10,000 × 10,000 picture; its decoded form takes 300 MB


class UnreadableImageError(Exception):
    """A file that cannot be used as a picture; its text is the reason."""


def open_image(path: Path, *, at_least: int | None = None) -> Image.Image:
    """Decodes a picture as RGB; of an animation, the first frame.

    Args:
        path: A file of one of the `FORMATS`.
        at_least: If given, a JPEG may be decoded at a half, quarter or eighth of its size, as
            long as both sides keep this many pixels.

    Raises:
        UnreadableImageError: Missing, empty, cut short, not an image, over `MAX_PIXELS` or beyond
            `MAX_ASPECT`.
    """
    if ImageFile.LOAD_TRUNCATED_IMAGES:
        raise UnreadableImageError("Pillow is set to pass off cut files as whole ones")
    try:
        if path.stat().st_size == 0:
            raise UnreadableImageError("empty file")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own pixel limit warns, ours decides
            with Image.open(path, formats=FORMATS) as image:
                size = f"{image.width} × {image.height} pixels"
                if image.width * image.height > MAX_PIXELS:
                    raise UnreadableImageError(f"{size}, more than {MAX_PIXELS:,}")
                if max(image.size) > MAX_ASPECT * min(image.size):
                    raise UnreadableImageError(f"{size}, a strip of more than {MAX_ASPECT} to 1")
                if at_least is not None:
                    image.draft("RGB", (at_least, at_least))
                if image.mode.startswith("I"):  # 16 bits, of which Pillow would make plain white
                    return image.convert("I").point(lambda value: value / 256).convert("RGB")
                return image.convert("RGB")
    except UnreadableImageError:
        raise
    except FileNotFoundError:
        raise UnreadableImageError("no such file") from None
    except Image.DecompressionBombError:
        raise UnreadableImageError(f"more than {MAX_PIXELS:,} pixels") from None
    except UnidentifiedImageError:
        raise UnreadableImageError("not an image") from None
    except Exception as error:  # each of Pillow's decoders has its own
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise UnreadableImageError(f"damaged: {reason}") from error
