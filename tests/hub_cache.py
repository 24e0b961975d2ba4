"""The hub's cache on disk, with files of our own in it, as if they had been fetched."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

COMMIT = "0" * 40


def into_cache(cache: Path, repository: str, file: Path, name: str) -> None:
    """Puts a file into a repository (``owner/name``) of the cache, under ``name``."""
    folder = cache / f"models--{repository.replace('/', '--')}"
    (folder / "snapshots" / COMMIT).mkdir(parents=True, exist_ok=True)
    (folder / "refs").mkdir(exist_ok=True)
    (folder / "refs" / "main").write_text(COMMIT)
    shutil.copy(file, folder / "snapshots" / COMMIT / name)


@contextmanager
def only_the_cache(cache: Path) -> Iterator[None]:
    """Within it, the hub is out of reach and this is its cache."""
    with (
        patch("huggingface_hub.constants.HF_HUB_CACHE", str(cache)),
        patch("huggingface_hub.constants.HF_HUB_OFFLINE", True),
    ):
        yield
