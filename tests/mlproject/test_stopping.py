"""Signals close the runs and give the exit status that a shell expects."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlproject import cli, preprocess, stopping
from mlproject.stopping import StoppedError, answering, heeding_signals, raise_noted
from newsimages.corpora import Corpus
from tests.mlproject.servers import PATIENCE_S
from tests.mlproject.squares import runs

SOURCE = Path(__file__).parents[2] / "src" / "mlproject"


def stopped_in(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    """Lets something happen in the middle of a step."""

    def read(*_: object, **__: object) -> Corpus:
        happens()
        raise AssertionError("nothing has happened")

    monkeypatch.setattr(preprocess, "read_corpus", read)


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """The signals as a terminal leaves them: what runs in the background ignores some."""
    numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        is_ctrl_c = number == signal.SIGINT
        signal.signal(number, signal.default_int_handler if is_ctrl_c else signal.SIG_DFL)
    yield
    for number in numbers:
        signal.signal(number, before[number])


@pytest.fixture
def heeded(heard: None) -> Iterator[None]:
    with heeding_signals():
        yield


@pytest.mark.usefixtures("store", "heeded")
@pytest.mark.parametrize(
    ("number", "status", "word"),
    [(signal.SIGINT, 130, "Ctrl-C"), (signal.SIGTERM, 143, "SIGTERM"), (signal.SIGHUP, 129, "HUP")],
)
def test_a_signal_gives_a_line_and_kills_all_open_runs(
    number: signal.Signals,
    status: int,
    word: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stopped_in(monkeypatch, lambda: signal.raise_signal(number))
    assert cli.run(["embed", "--corpus", "."]) == status
    [line] = capsys.readouterr().err.splitlines()
    assert word in line
    assert [run.info.status for run in runs()] == ["KILLED"] * 2


@pytest.mark.usefixtures("store", "heeded")
def test_what_breaks_on_the_way_out_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def break_down() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            raise RuntimeError("a worker was killed by a signal, too")

    stopped_in(monkeypatch, break_down)
    assert cli.run(["embed", "--corpus", "."]) == 143
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert {run.info.status for run in runs()} == {"KILLED"}


@pytest.mark.usefixtures("heeded")
def test_a_noted_signal_is_raised_later_and_only_once() -> None:
    with answering("raise"):
        with answering("note"):
            signal.raise_signal(signal.SIGTERM)
        with pytest.raises(StoppedError):
            raise_noted()
        signal.raise_signal(signal.SIGTERM)  # this process is on its way already


def test_a_signal_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as under nohup
    try:
        with heeding_signals():
            signal.raise_signal(signal.SIGHUP)
            assert not stopping.is_stopped()
    finally:
        signal.signal(signal.SIGHUP, before)


def test_handlers_are_those_of_before_when_the_block_ends() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with heeding_signals():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


def test_libraries_that_are_being_loaded_hold_up_nobody(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if "MLFLOW" not in name}
    process = subprocess.Popen(
        [sys.executable, str(SOURCE), "embed"],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for_handler(process.pid)
    process.send_signal(signal.SIGTERM)
    _, shown = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 143
    assert shown == "Stopped by SIGTERM. What is done is found again by the next run.\n"
    assert list(tmp_path.iterdir()) == []


def wait_for_handler(pid: int) -> None:
    """Returns when the process heeds SIGTERM."""
    status, deadline = Path(f"/proc/{pid}/status"), time.monotonic() + PATIENCE_S
    if not status.exists():
        pytest.skip("there is no /proc that says what a process heeds")
    while time.monotonic() < deadline:
        caught = dict(line.split(":\t", 1) for line in status.read_text().splitlines())["SigCgt"]
        if int(caught, 16) >> (signal.SIGHUP - 1) & 1:  # the last to be set
            return
        time.sleep(0.02)
    pytest.fail("it heeds no signal")
