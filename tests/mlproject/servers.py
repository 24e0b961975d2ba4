"""Servers that a test starts on a free port of 127.0.0.1, and ends by their ids."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

PATIENCE_S = 60
"""How long a busy machine may take for one thing to appear."""


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def serving(
    command: Sequence[str], *, port: int, log: Path, env: Mapping[str, str], cwd: Path | None = None
) -> Iterator[str]:
    """The address of a server of MLflow's that answers; killed at the end, with its workers."""
    with log.open("wb") as file:
        server = subprocess.Popen(
            command, stdout=file, stderr=file, env=env, cwd=cwd, start_new_session=True
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(address, server, log)
        yield address
    finally:
        os.killpg(server.pid, signal.SIGKILL)  # its workers too, which have a group with it
        server.wait()


def _wait_for(address: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    """Returns when the server answers."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):
                return
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the MLflow server does not answer:\n{log.read_text()[-2000:]}")
            time.sleep(0.1)
