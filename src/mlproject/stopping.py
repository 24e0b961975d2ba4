"""Ctrl-C, SIGTERM and SIGHUP end this process by an exception, so that its runs can be closed.

This module loads in a moment: it is there before the libraries, whose loading takes long.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Literal

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP
_received: list[int] = []
_answer: Literal["leave", "note", "raise"] = "leave"


class StoppedError(KeyboardInterrupt):
    """Somebody asks this process to end; libraries take it for Ctrl-C."""


def is_stopped() -> bool:
    """Whether a signal has asked this process to end."""
    return bool(_received)


@contextmanager
def heeding_signals() -> Iterator[None]:
    """Within the block, the signals end the process with a line; one that is ignored stays so.

    They do so at once, as libraries that are being loaded could swallow an exception. If `mlflow
    run` has opened a run, they are noted until it can be closed. A second Ctrl-C never waits.
    """
    process, is_run_open = os.getpid(), "MLFLOW_RUN_ID" in os.environ

    def stop(number: int, _: FrameType | None) -> None:
        if os.getpid() != process:  # a forked process that draws the demo: this one ends it
            if number != signal.SIGINT:
                signal.signal(number, signal.SIG_DFL)
                os.kill(os.getpid(), number)
            return
        _received.append(number)
        if _received.count(signal.SIGINT) > 1 or (_answer == "leave" and not is_run_open):
            os._exit(said_goodbye())
        if _answer == "raise" and len(_received) == 1:
            raise StoppedError

    numbers = [signal.Signals[name] for name in NAMES if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    heeded = [number for number in numbers if before[number] != signal.SIG_IGN]  # as under nohup
    for number in heeded:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in heeded:
            signal.signal(number, before[number])
        _received.clear()


@contextmanager
def answering(answer: Literal["note", "raise"]) -> Iterator[None]:
    """Within the block, the first signal raises `StoppedError`, or is only noted."""
    global _answer  # noqa: PLW0603 - a signal's handler has no other way to know
    before, _answer = _answer, answer
    try:
        yield
    finally:
        _answer = before


@contextmanager
def ended_by_signal() -> Iterator[None]:
    """Within the block, a signal is how the work ends, as that of a server: it was not stopped."""
    try:
        yield
    except StoppedError:
        _received.clear()


def raise_noted() -> None:
    """Raises: StoppedError where a signal was noted."""
    if _received:
        raise StoppedError


def said_goodbye() -> int:
    """Says by what this process was stopped; returns the exit status that shells give to that."""
    number = signal.Signals(_received[0] if _received else signal.SIGINT)
    name = "Ctrl-C" if number == signal.SIGINT else number.name
    with suppress(OSError):  # the terminal may be gone
        print(f"Stopped by {name}. What is done is found again by the next run.", file=sys.stderr)
        sys.stderr.flush()
    return 128 + number
