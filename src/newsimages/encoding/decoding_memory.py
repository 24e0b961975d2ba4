"""How much memory the decoding of a picture takes, told from its headers alone."""

from typing import Any

from PIL import ExifTags

from newsimages.encoding.as_seen import is_plain, turn_of

SAMPLES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
"""Bytes in which Pillow keeps a pixel, by mode; in all others it takes four."""
LOADING = {"WEBP": 17, "AVIF": 16, "HEIF": 16, "GIF": 17}
"""Bytes that a pixel takes while Pillow and its libraries decode these formats, as measured."""
_FOUR = 4
_COEFFICIENT = 2  # bytes


def bytes_needed(image: Any, n_bytes: int, *, coefficients: int = 0) -> int:
    """Bytes that a picture takes at most from its opening to what `as_seen` returns.

    Args:
        image: A picture that Pillow has opened, but not loaded.
        n_bytes: The size of its file, which decoders may hold as a whole.
        coefficients: What a JPEG keeps between its scans, as `jpeg_coefficients` tells.
    """
    sample = SAMPLES.get(image.mode, _FOUR)
    tags = getattr(image, "tag_v2", {})
    n_pixels = image.width * image.height
    loading = LOADING.get(image.format, sample)
    if image.format == "PNG" and image.is_animated:
        loading += 2 * _FOUR  # the frame before this one, and what is pasted on it
    if image.format == "BMP" or image.info.get("compression") == "raw":
        n_bytes = 0  # the file is read in parts
    elif image.format == "TIFF":
        bits = tags.get(ExifTags.Base.BitsPerSample, (8,))
        loading += -(-sum(bits) // 8)  # a strip or tile, which may hold the whole picture
        tile = tags.get(ExifTags.Base.TileWidth, 0), tags.get(ExifTags.Base.TileLength, 0)
        n_pixels = max(n_pixels, tile[0] * tile[1])
    is_turned = turn_of(image) is not None or tags.get(ExifTags.Base.Orientation, 1) != 1
    turned = sample if is_turned else 0
    seen = 0 if is_plain(image) else _FOUR
    return int(n_bytes + coefficients + n_pixels * (loading + turned + seen))


def jpeg_coefficients(image: Any, n_scans: int) -> int:
    """Bytes that libjpeg keeps until the last of several scans; it needs none for a single one."""
    if n_scans < 2:
        return 0
    blocks = [(across, down) for _, across, down, _ in image.layer]
    most = max(across for across, _ in blocks) * max(down for _, down in blocks)
    share = sum(across * down for across, down in blocks) / most
    return int(_COEFFICIENT * share * image.width * image.height)
