"""A folder of image files that no table names: their paths out, which are the images' ids."""

from pathlib import Path

import pandas as pd

from newsimages.corpora.image_files import IMAGE_ENDINGS
from newsimages.corpora.names import is_text
from newsimages.errors import NewsImagesError


def image_files(folder: Path) -> dict[str, Path]:
    """All image files below a folder, by their paths below it, which are the images' ids."""
    root = folder.resolve()
    return {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in IMAGE_ENDINGS
        and path.resolve().is_relative_to(root)
        and is_text(path.relative_to(folder).as_posix())
    }


def gallery_images(folder: Path) -> pd.DataFrame:
    """The files below a folder as the images of a data set, with whole paths.

    Raises:
        NewsImagesError: There are none.
    """
    files = image_files(folder)
    if not files:
        raise NewsImagesError(
            f"gallery={folder} holds no image files. Name a folder with some, or leave gallery out."
        )
    rows = [(key, str(path.resolve()), "", None) for key, path in files.items()]
    return pd.DataFrame(rows, columns=["image_id", "path", "url", "reason"], dtype="str")
