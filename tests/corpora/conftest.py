"""Fixtures of the tests of corpora: small corpora written on the spot."""

from collections.abc import Callable
from pathlib import Path

import pytest

Files = dict[str, str | bytes]
MakeCorpus = Callable[[Files], Path]


@pytest.fixture
def make_corpus(tmp_path: Path) -> MakeCorpus:
    """Writes files, by their paths below a new corpus folder, and returns that folder."""

    def make(files: Files) -> Path:
        folder = tmp_path / "corpus"
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return folder

    return make
