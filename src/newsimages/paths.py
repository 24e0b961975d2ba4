"""Whether a user's text names a file or a folder; one too long for the system names neither."""

import os

from newsimages.errors import shortened


def is_file(name: str) -> bool:
    """Whether there is a file of this name."""
    return os.path.isfile(name)  # noqa: PTH113 - Path.is_file raises where a name is too long


def is_folder(name: str) -> bool:
    """Whether there is a folder of this name."""
    return os.path.isdir(name)  # noqa: PTH112 - as above


def looked_for(name: object) -> str:
    """Where a relative path was looked for, in brackets behind an error's words; "" for others."""
    if os.path.isabs(str(name)):  # noqa: PTH117 - as above
        return ""
    current = os.getcwd()  # noqa: PTH109
    place = shortened(os.path.normpath(f"{current}/{name}"))
    return f" (looked for at {place}, as the current folder is {current})"
