"""Step 2, caches: translations by model and sentence, on disk (SQLite) or in bounded memory."""

import hashlib
import logging
import os
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Protocol, Self

from newsimages.errors import NewsImagesError

logger = logging.getLogger(__name__)

_TABLE = """
    CREATE TABLE translations (
        model TEXT NOT NULL,
        sentence TEXT NOT NULL,
        translation TEXT NOT NULL,
        checksum BLOB NOT NULL,
        PRIMARY KEY (model, sentence)
    ) WITHOUT ROWID
""".strip()
_FIND = "SELECT translation, checksum FROM translations WHERE model = ? AND sentence = ?"
_BUSY_TIMEOUT_S = 60
_OUTER_CODES = {
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY,
}  # fmt: skip


class Translations(Protocol):
    """What keeps translations."""

    def find(self, model: str, sentences: Sequence[str]) -> dict[str, str]:
        """The known translations by ``model``, by sentence."""

    def add(self, model: str, translations: Mapping[str, str]) -> None:
        """Keeps ``translations`` (sentence -> translation) by ``model``."""


class TranslationMemory:
    """The translations that were asked for last, for any number of threads.

    ``size`` is how many sentences it holds, ``n_characters`` how many characters.
    """

    def __init__(self, *, size: int = 10_000, n_characters: int = 4_000_000) -> None:
        self.size, self.n_characters = size, n_characters
        self._held: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._held_characters = 0
        self._lock = Lock()

    def find(self, model: str, sentences: Sequence[str]) -> dict[str, str]:
        """As `Translations` has it."""
        found = {}
        with self._lock:
            for sentence in sentences:
                key = (model, sentence)
                if key in self._held:
                    self._held.move_to_end(key)
                    found[sentence] = self._held[key]
        return found

    def add(self, model: str, translations: Mapping[str, str]) -> None:
        """As `Translations` has it; what was not asked for the longest makes room."""
        with self._lock:
            for sentence, translation in translations.items():
                self._drop((model, sentence))
                self._held[model, sentence] = translation
                self._held_characters += len(sentence) + len(translation)
            while len(self._held) > self.size or self._held_characters > self.n_characters:
                self._drop(next(iter(self._held)))

    def _drop(self, key: tuple[str, str]) -> None:
        if key in self._held:
            self._held_characters -= len(key[1]) + len(self._held.pop(key))


class TranslationCache:
    """Translations of sentences on disk; a context manager that closes the file.

    A file that was cut short or altered fails SQLite's own check when it is opened, and is moved
    aside; a row that was altered fails its checksum when it is read, and is left out. Both warn.
    The file and its folder are made where they are absent.

    Raises:
        NewsImagesError: The file cannot be opened or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._file_errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._database = _open(path)
            except sqlite3.DatabaseError as error:
                if _is_about_the_place(error, path):
                    raise
                _set_aside(path)
                self._database = _open(path)

    def find(self, model: str, sentences: Sequence[str]) -> dict[str, str]:
        """The known translations by ``model``, by sentence."""
        found, n_damaged = {}, 0
        with self._file_errors():
            for sentence in sentences:
                row = self._database.execute(_FIND, (model, sentence)).fetchone()
                if row and row[1] == _checksum(model, sentence, str(row[0])):
                    found[sentence] = row[0]
                elif row:
                    n_damaged += 1
        if n_damaged:
            logger.warning(
                "%s: %d translations were altered; they are made anew.", self.path, n_damaged
            )
        return found

    def add(self, model: str, translations: Mapping[str, str]) -> None:
        """Keeps ``translations`` (sentence -> translation) by ``model``, in one transaction."""
        rows = [(model, *pair, _checksum(model, *pair)) for pair in translations.items()]
        with self._file_errors(), self._database:
            self._database.executemany(
                "INSERT OR REPLACE INTO translations VALUES (?, ?, ?, ?)", rows
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    @contextmanager
    def _file_errors(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise NewsImagesError(
                f"Cannot use the translation cache {self.path}: {error}. Free some space, end "
                "other runs that use it, or choose another folder with the parameter workdir."
            ) from error


def _open(path: Path) -> sqlite3.Connection:
    """An open database whose pages and table have been checked."""
    if path.exists() and path.stat().st_size == 0:
        raise sqlite3.DatabaseError("the file is empty")
    database = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S)
    # Altered bytes need not be UTF-8: the checksum, not the decoder, is to find them.
    database.text_factory = lambda raw: raw.decode("utf-8", errors="replace")
    try:
        database.execute("PRAGMA journal_mode = WAL")
        verdict = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        stored = database.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'translations'"
        ).fetchone()
        if stored is None:
            database.execute(_TABLE)
        elif stored[0] != _TABLE:
            raise sqlite3.DatabaseError("its table has another form")
        database.execute("DELETE FROM translations WHERE 0")  # whether it can be written
        database.rollback()
    except BaseException:
        database.close()
        raise
    return database


def _is_about_the_place(error: sqlite3.Error, path: Path) -> bool:
    """Whether the disk, the rights or another process is to blame, not the file."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    may_write = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    if code == sqlite3.SQLITE_READONLY and may_write:
        return False  # its header says that a newer SQLite wrote it
    return code & 0xFF in _OUTER_CODES and code != sqlite3.SQLITE_IOERR_SHORT_READ


def _set_aside(path: Path) -> None:
    """Renames a damaged database and what SQLite keeps beside it."""
    aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.replace(aside.with_name(aside.name + suffix))
    logger.warning(
        "The translation cache %s is damaged: moved to %s and made anew.", path, aside.name
    )


def _checksum(model: str, sentence: str, translation: str) -> bytes:
    parts = "\x00".join((model, sentence, translation))
    return hashlib.blake2b(parts.encode(), digest_size=16).digest()
