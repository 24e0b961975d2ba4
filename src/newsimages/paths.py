"""Whether a user's text names a file or a folder; one too long for the system names neither."""

from pathlib import Path


def is_file(name: str) -> bool:
    """Whether there is a file of this name."""
    try:
        return Path(name).is_file()
    except OSError:
        return False


def is_folder(name: str) -> bool:
    """Whether there is a folder of this name."""
    try:
        return Path(name).is_dir()
    except OSError:
        return False
