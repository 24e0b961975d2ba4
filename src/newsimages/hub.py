"""Files of models on the Hugging Face hub, fetched into the hub's cache on this machine.

In come a repository's name and names of files, out come paths in the cache, which other programs
read as well (``HF_HOME``). What broke off goes on where it stopped; what is there is not fetched
again, and is used where the hub is out of reach. What is fetched, from where to where and how far
it is shows on stderr.
"""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2
from filelock import FileLock, Timeout
from huggingface_hub import (
    _CACHED_NO_EXIST,
    HfFileMetadata,
    constants,
    get_hf_file_metadata,
    get_session,
    hf_hub_url,
    hf_raise_for_status,
    try_to_load_from_cache,
)
from huggingface_hub.errors import HfHubHTTPError, HFValidationError
from huggingface_hub.file_download import repo_folder_name
from huggingface_hub.utils._headers import build_hf_headers

from newsimages.checksums import file_sha256
from newsimages.errors import NewsImagesError, shortened
from newsimages.hub_failures import is_absent, may_pass, sentence_of
from newsimages.progress import progress

WAITS_S = (1.0, 3.0)  # before a request is made again; with the hub's time limits, within a minute
VOCABULARIES = (
    "tokenizer.json", "vocab.json", "vocab.txt", "sentencepiece.bpe.model", "spiece.model",
    "tokenizer.model", "source.spm", "spm.model", "sentencepiece.model",
)  # fmt: skip
TOKENIZER_FILES = (
    *VOCABULARIES, "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
    "config.json", "merges.txt", "target.spm", "target_vocab.json",
)  # fmt: skip

_SHA256_LENGTH = 64
_T = TypeVar("_T")


class Repository:
    """A model's repository; all that is asked of one object comes from one commit.

    The cache's ``main`` is set to that commit at the end of a ``with`` block without an error, so
    that whoever works without the hub finds all files of a commit or those of the one before.
    """

    def __init__(self, name: str) -> None:
        """Raises: NewsImagesError where there can be no repository of this name."""
        self.name = name
        self._commit: str | None = None
        try:
            self._url("config.json")
            try_to_load_from_cache(name, "config.json")
        except HFValidationError as error:
            raise NewsImagesError(
                f"{shortened(name)} is neither a folder here nor the name of a repository on the "
                "hub (owner/name)."
            ) from error
        cache = Path(constants.HF_HUB_CACHE)
        self._folder = cache / repo_folder_name(repo_id=name, repo_type="model")
        self._out_of_reach: str | None = None
        if constants.HF_HUB_OFFLINE:
            self._out_of_reach = (
                f"HF_HUB_OFFLINE=1 forbids to ask the hub, and the cache {cache} lacks it. Unset "
                "HF_HUB_OFFLINE, or set HF_HOME to a cache that has it."
            )
        self._is_announced = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Makes the commit that was read the cache's ``main``."""
        main = self._folder / "refs" / "main"
        if error is None and self._commit and _text_of(main) != self._commit:
            with suppress(OSError):  # a cache that is only read
                main.parent.mkdir(parents=True, exist_ok=True)
                main.write_text(self._commit)

    def fetch(self, *names: str) -> Path:
        """The first of these files that the repository has.

        Raises: NewsImagesError where it has none, or the hub does not give it.
        """
        path = self.find(*names)
        if path is not None:
            return path
        wanted = " or ".join(names)
        if self._out_of_reach:
            raise NewsImagesError(f"{wanted} of {self.name}: {self._out_of_reach}")
        raise NewsImagesError(
            f"{constants.ENDPOINT} has no {wanted} of {self.name} (404): there is no such "
            "repository, or it holds another kind of model. Correct the name."
        )

    def find(self, *names: str) -> Path | None:
        """As `fetch`, but None where the repository has none of them."""
        paths = (self._found(name) for name in names)
        return next((path for path in paths if path is not None), None)

    def _found(self, name: str) -> Path | None:
        if self._commit or self._out_of_reach:
            kept = try_to_load_from_cache(self.name, name, revision=self._commit)
            if isinstance(kept, str):
                return Path(kept)
            if kept is _CACHED_NO_EXIST or self._out_of_reach:
                return None
        is_kept = (self._folder / "refs" / "main").is_file()
        url = self._url(name)
        try:
            about = _persistently(
                lambda: get_hf_file_metadata(url, timeout=constants.HF_HUB_ETAG_TIMEOUT),
                waits=() if is_kept else WAITS_S,
            )
        except (httpx2.HTTPError, HfHubHTTPError) as error:
            if is_absent(error):
                self._note_absent(name, error)
                return None
            self._out_of_reach = sentence_of(error, self.name)
            if is_kept and self._commit is None:
                return self._found(name)
            raise NewsImagesError(f"{name} of {self.name}: {self._out_of_reach}") from error
        return self._fetched(name, about)

    def _url(self, name: str) -> str:
        return hf_hub_url(self.name, name, revision=self._commit)

    def _note_absent(self, name: str, error: Any) -> None:
        """Keeps that a commit has no such file, as the hub's own programs do."""
        self._commit = self._commit or error.response.headers.get("X-Repo-Commit")
        if self._commit:
            with suppress(OSError):
                note = self._folder / ".no_exist" / self._commit / name
                note.parent.mkdir(parents=True, exist_ok=True)
                note.touch()

    def _fetched(self, name: str, about: HfFileMetadata) -> Path:
        """The file in the cache, linked to its content, which is fetched if it is not there."""
        if not (about.commit_hash and about.etag and Path(about.etag).name == about.etag):
            raise NewsImagesError(
                f"{constants.ENDPOINT} answers, but not as a hub does (without commit or ETag). "
                "See that HF_ENDPOINT is right and that no proxy answers in its place."
            )
        self._commit = self._commit or about.commit_hash
        pointer = self._folder / "snapshots" / self._commit / name
        blob = self._folder / "blobs" / about.etag
        if pointer.exists():
            return pointer
        if not blob.exists():
            locks = Path(constants.HF_HUB_CACHE) / ".locks" / self._folder.name
            for folder in (blob.parent, locks):
                folder.mkdir(parents=True, exist_ok=True)
            with _locked(locks / f"{about.etag}.lock", name):
                if not blob.exists():  # another process may have fetched it while this one waited
                    self._download(name, about, blob)
        pointer.parent.mkdir(parents=True, exist_ok=True)
        pointer.unlink(missing_ok=True)  # of a link whose content was deleted
        try:
            pointer.symlink_to(os.path.relpath(blob, pointer.parent))
        except OSError:  # a file system without links
            shutil.move(blob, pointer)
        return pointer

    def _download(self, name: str, about: HfFileMetadata, blob: Path) -> None:
        """Raises: NewsImagesError where the hub does not give the file, or another one."""
        if not self._is_announced:
            self._is_announced = True
            where = f"{constants.ENDPOINT} to {constants.HF_HUB_CACHE}"
            print(f"fetching {self.name} from {where}", file=sys.stderr)
        part, size = blob.with_name(f"{blob.name}.incomplete"), about.size or 0
        _check_room(part, size)
        with progress(total=size, unit="B", doing=f"fetch {name}", in_bytes=True) as bar:
            try:
                _persistently(
                    lambda: _pour(self._url(name), part, size, bar),
                    waits=WAITS_S,
                    done=lambda: _size(part),
                )
            except (httpx2.HTTPError, HfHubHTTPError) as error:
                kept = f"{_size(part):,} of {size:,} bytes are kept: the next run goes on there."
                raise NewsImagesError(
                    f"{name} of {self.name}: {sentence_of(error, self.name)} {kept}"
                ) from error
        if len(blob.name) == _SHA256_LENGTH and (digest := file_sha256(part)) != blob.name:
            part.unlink()
            raise NewsImagesError(
                f"{name} of {self.name} came damaged: its SHA-256 is {digest}, and the hub says "
                f"{blob.name}. Start again; if that does not help, see to the proxy or mirror "
                f"({constants.ENDPOINT})."
            )
        part.replace(blob)


@contextmanager
def offline() -> Iterator[None]:
    """Lets openCLIP and transformers read what was fetched, and ask the hub for nothing."""
    before, constants.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE, True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def fetch_tokenizer(repository: Repository) -> list[Path]:
    """The files that transformers makes a tokenizer of. Raises: As `check_tokenizer`."""
    files = [file for name in TOKENIZER_FILES if (file := repository.find(name))]
    check_tokenizer(repository.name, files)
    return files


def check_tokenizer(name: str, files: Iterable[Path]) -> None:
    """Raises: NewsImagesError where none of the files of a folder or repository is a vocabulary."""
    if not any(file.name in VOCABULARIES for file in files):
        raise NewsImagesError(
            f"{name} has no tokenizer: none of {', '.join(VOCABULARIES)}. Put the tokenizer's "
            "files into the model's folder, or name a model that has them."
        )


@contextmanager
def _locked(lock: Path, name: str) -> Iterator[None]:
    """Keeps other processes from fetching the same file; says so where it has to wait for one."""
    held = FileLock(lock)
    try:
        held.acquire(timeout=0)
    except Timeout:
        print(f"fetch {name}: waiting for another process that fetches it", file=sys.stderr)
        held.acquire()
    try:
        yield
    finally:
        held.release()


def _pour(url: str, part: Path, size: int, bar: Any) -> None:
    """Fetches what the file lacks.

    Raises: httpx2.HTTPError, HfHubHTTPError where it breaks off.
    """
    done = _size(part)
    if size and done > size:
        part.unlink()
        done = 0
    if size and done == size:
        return
    headers = build_hf_headers() | {"Accept-Encoding": "identity"}
    if done:
        headers["Range"] = f"bytes={done}-"
    with get_session().stream(
        "GET", url, headers=headers, timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT,
        follow_redirects=True,
    ) as response:  # fmt: skip
        hf_raise_for_status(response)
        goes_on = response.status_code == httpx2.codes.PARTIAL_CONTENT
        bar.update((done if goes_on else 0) - bar.n)
        with part.open("ab" if goes_on else "wb") as file:
            for chunk in response.iter_bytes():
                file.write(chunk)
                bar.update(len(chunk))
    if size and _size(part) < size:
        raise httpx2.RemoteProtocolError("the connection was closed before the end")


def _persistently(
    attempt: Callable[[], _T], *, waits: tuple[float, ...], done: Callable[[], int] = lambda: 0
) -> _T:
    """What ``attempt`` returns, in as many tries as there are waits, and one more.

    Args:
        attempt: A request.
        waits: Seconds before each further try.
        done: How far it is; the tries count anew after one that came further.

    Raises:
        Exception: The first error of the last tries.
    """
    first: Exception | None = None
    left, before = iter(waits), done()
    while True:
        try:
            return attempt()
        except (httpx2.HTTPError, HfHubHTTPError) as error:
            if done() > before:
                first, left, before = None, iter(waits), done()
            first = first or error
            wait = next(left, None)
            if wait is None or not may_pass(first):
                raise first from None
            if before:
                broke = f"the connection broke at {before:,} bytes ({type(error).__name__})"
                print(f"fetch: {broke}, going on from there", file=sys.stderr)
            time.sleep(wait)


def _check_room(part: Path, size: int) -> None:
    """Raises: NewsImagesError where the disk has no room for the file."""
    lacking, free = size - _size(part), shutil.disk_usage(part.parent).free
    if lacking > free:
        raise NewsImagesError(
            f"{lacking:,} bytes are to be fetched to {part.parent}, and {free:,} are free there. "
            "Free some space, or set HF_HOME to a folder that has some."
        )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _text_of(path: Path) -> str:
    return path.read_text() if path.is_file() else ""
