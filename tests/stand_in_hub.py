"""A stand-in for the Hugging Face hub on this machine: as much of it as fetching a model needs."""

import hashlib
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from newsimages import hub as hub_module

_RESOLVE = re.compile(r"/(?P<cdn>cdn/)?(?P<repository>.+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)")
_LARGE = (".safetensors", ".bin")


class StandInHub(ThreadingHTTPServer):
    """Repositories by name, each a folder; large files are redirected to another path."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories: dict[str, Path] = {}
        self.asked: list[tuple[str, str, str | None]] = []
        """Method, file and range of each request."""
        self.status = 0
        """Answers everything with it, unless 0."""
        self.hangs = False
        """Never answers."""
        self.breaks: list[tuple[str, int]] = []
        """How each following answer with content ends: ``reset`` or ``stall`` after n bytes."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""

    def fetched(self) -> list[str]:
        """The files whose content was asked for."""
        return [file for method, file, _ in self.asked if method == "GET"]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: StandInHub

    def do_HEAD(self) -> None:
        self._answer(with_content=False)

    def do_GET(self) -> None:
        self._answer(with_content=True)

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    def _answer(self, *, with_content: bool) -> None:
        named = _RESOLVE.fullmatch(self.path)
        file = named["file"] if named else self.path
        is_at_hub = named is None or not named["cdn"]
        if named and (not with_content or not is_at_hub or not file.endswith(_LARGE)):
            self.server.asked.append((self.command, file, self.headers.get("Range")))
        if self.server.hangs:
            time.sleep(30)
            return None
        folder = self.server.repositories.get(named["repository"]) if named else None
        if self.server.status:
            return self._send(self.server.status, {})
        if folder is None:
            return self._send(404, {"X-Error-Code": "RepoNotFound"})
        commit = {"X-Repo-Commit": commit_of(folder)}
        if not (folder / file).is_file():
            return self._send(404, {"X-Error-Code": "EntryNotFound", **commit})
        content = (folder / file).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        if file.endswith(_LARGE) and is_at_hub:
            linked = {"X-Linked-Etag": f'"{digest}"', "X-Linked-Size": str(len(content))}
            return self._send(
                302, {"Location": f"/cdn{self.path}", "ETag": "x", **linked, **commit}
            )
        headers = {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', **commit}
        if file.endswith(_LARGE):  # the hub's own host follows the redirect, and finds it again
            headers |= {"X-Linked-Etag": f'"{digest}"', "X-Linked-Size": str(len(content))}
        begin = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(begin[1]) if begin else 0
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return self._send(206 if start else 200, headers, content[start:], with_content)

    def _send(
        self, status: int, headers: dict[str, str], content: bytes = b"", with_content: bool = False
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if not with_content:
            return
        how, n_bytes = self.server.breaks.pop(0) if self.server.breaks else ("", len(content))
        self.wfile.write(content[:n_bytes])
        self.wfile.flush()
        if how == "stall":
            time.sleep(5)
        if how:
            self.close_connection = True
            linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # close with a reset
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()


def commit_of(folder: Path) -> str:
    """A commit's name, which follows the content."""
    digest = hashlib.sha1(usedforsecurity=False)
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            digest.update(json.dumps(file.name).encode() + file.read_bytes())
    return digest.hexdigest()


@contextmanager
def stand_in_hub(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInHub]:
    """A hub that this process asks instead of the real one, with an own cache and short times."""
    server = StandInHub()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    ask(server.url, cache, monkeypatch)
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def ask(url: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets this process ask the hub at ``url``."""
    constants = "huggingface_hub.constants."
    monkeypatch.setattr(f"{constants}ENDPOINT", url)
    template = url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(f"{constants}HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(f"{constants}HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(f"{constants}HF_HUB_ETAG_TIMEOUT", 0.5)
    monkeypatch.setattr(f"{constants}HF_HUB_DOWNLOAD_TIMEOUT", 0.5)
    monkeypatch.setattr(hub_module, "WAITS_S", (0.05, 0.05))
