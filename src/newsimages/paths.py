"""What a user has named: a file, a folder, or neither, as a name too long for either is."""

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
