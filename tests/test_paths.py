"""Names of files and folders, as users write them."""

from pathlib import Path

import pytest

from newsimages.paths import is_file, is_folder, looked_for

LONG = "x" * 5000


def test_a_name_too_long_for_the_system_is_neither_file_nor_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert (is_file(str(tmp_path / "file")), is_folder(str(tmp_path))) == (True, True)
    assert (is_file(LONG), is_folder(LONG)) == (False, False)


def test_where_a_relative_path_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    current = f", as the current folder is {tmp_path})"
    assert looked_for("a/../b") == f" (looked for at {tmp_path}/b{current}"
    assert looked_for(Path("b")) == f" (looked for at {tmp_path}/b{current}"
    assert looked_for("/b") == looked_for(tmp_path) == ""
    assert len(looked_for(LONG)) < 600
