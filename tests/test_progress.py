"""Progress in a log: lines, with rate and time left."""

import sys

import pytest

from newsimages import progress as module
from newsimages.progress import progress


def test_a_log_gets_lines_without_carriage_returns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SECONDS_BETWEEN_LINES", 0.0)
    with progress(total=30, unit="images", doing="RSS test: encode") as bar:
        for _ in range(3):
            bar.update(10)
    shown = capsys.readouterr().err
    assert "\r" not in shown
    lines = shown.splitlines()
    assert len(lines) >= 3
    assert all(line.startswith("RSS test: encode: ") for line in lines)
    assert "30/30" in lines[-1]
    assert "images/s" in lines[-1]


def test_a_log_is_not_flooded(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(total=5000, unit="texts", doing="encode") as bar:
        for _ in range(5000):
            bar.update(1)
    assert len(capsys.readouterr().err.splitlines()) <= 4


def test_a_terminal_gets_one_bar(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with progress(total=2, unit="texts", doing="encode") as bar:
        bar.update(2)
    shown = capsys.readouterr().err
    assert shown.startswith("\r")
    assert shown.count("\n") == 1


def test_hidden_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(total=2, unit="texts", doing="encode", hide=True) as bar:
        bar.update(2)
    assert capsys.readouterr().err == ""
