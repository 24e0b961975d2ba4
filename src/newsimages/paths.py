"""Whether a user's text names a file or a folder; one too long for the system names neither."""

import os.path


def is_file(name: str) -> bool:
    """Whether there is a file of this name."""
    return os.path.isfile(name)  # noqa: PTH113 - Path.is_file raises where a name is too long


def is_folder(name: str) -> bool:
    """Whether there is a folder of this name."""
    return os.path.isdir(name)  # noqa: PTH112 - as above
