"""Colours of a file's profile in, those of sRGB out, as screens show them."""

import io
from pathlib import Path

from PIL import Image, ImageCms

from newsimages.encoding.as_seen import turn_of
from newsimages.encoding.images import FORMATS

_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}


class ColourProfileError(Exception):
    """A colour profile that cannot be used; its text is the reason."""


def in_srgb(seen: Image.Image, path: Path) -> Image.Image:
    """A picture with the colours that the profile in its file means.

    Args:
        seen: The picture as `open_image` reads it.
        path: Its file.

    Raises:
        ColourProfileError: The profile is damaged, or of other colours than the picture has.
    """
    try:
        with Image.open(path, formats=FORMATS) as file:
            if not (profile := file.info.get("icc_profile")):
                return seen
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            mode = _mode_of(own.profile.xcolor_space.strip())
            picture = _inks(file) if mode == "CMYK" else seen.convert(mode)
            srgb = ImageCms.createProfile("sRGB")
            return ImageCms.profileToProfile(picture, own, srgb, outputMode="RGB") or seen
    except Exception as error:  # the libraries below have many a kind for damaged profiles
        reason = str(error).strip().rstrip(".") or type(error).__name__
        raise ColourProfileError(f"its colour profile cannot be used ({reason})") from error


def _mode_of(space: str) -> str:
    """Pillow's name for the colours of a profile. Raises: ValueError on others."""
    if space not in _MODES:
        raise ValueError(f"it is of {space}, expected {', '.join(_MODES)}")
    return _MODES[space]


def _inks(file: Image.Image) -> Image.Image:
    """A picture of four inks, upright."""
    if file.mode != "CMYK":
        raise ValueError(f"it is of inks, the picture of {file.mode}")
    file.load()
    turn = turn_of(file)
    return file if turn is None else file.transpose(turn)
