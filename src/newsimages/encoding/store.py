"""Step 3, store: texts or image files with ids in, `Embeddings` out, kept on disk.

The work is done in shards of `SHARD_SIZE` items. A shard is a `newsimages.checked_file` whose name
holds a fingerprint of the encoder, the ids and the contents. So a run that is killed loses at most
a shard, the next one resumes behind the last whole shard and ends with the same bits, and a damaged
file is detected and made anew.
"""

import hashlib
import itertools
import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from newsimages.checked_file import FileKind, read_tensors, write_tensors
from newsimages.checksums import file_sha256
from newsimages.embeddings import Embeddings
from newsimages.encoding.encoders import Encoder
from newsimages.errors import NewsImagesError, first_ten
from newsimages.progress import progress

FORMAT = 2  # raise it when what a shard holds, or how it is computed, changes
SHARD_SIZE = 512
_KIND = FileKind(
    noun="shard of embeddings",
    remedy="embed again",
    key="shard",
    format=None,  # it is part of the name
    head=lambda _, tensor: f" {str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}",
)

logger = logging.getLogger(__name__)


class UnreadableImagesError(NewsImagesError):
    """No image can be read; ``reasons`` says why, by image id."""

    def __init__(self, label: str, reasons: dict[str, str]) -> None:
        shown = first_ten([f"{image_id} ({why})" for image_id, why in reasons.items()])
        super().__init__(f"{label}: not one image could be read: {shown}.")
        self.reasons = reasons


@dataclass(frozen=True, kw_only=True)
class _Shard:
    """A slice of the items, and the file of its outcome."""

    path: Path
    ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    """The content of a shard's file."""

    ids: tuple[str, ...]
    """(readable,)"""
    vectors: NDArray[np.float32]
    """(readable, E)"""
    unreadable: dict[str, str]
    """Reason by id."""


@dataclass(frozen=True, kw_only=True)
class EmbeddingStore:
    """A folder of shards, for one encoder."""

    folder: Path
    encoder: Encoder
    batch_size: int = 64
    tally: Counter[str] = field(default_factory=Counter, compare=False)
    """How many items were ``found`` on disk and how many ``made``, so far."""

    def texts(self, texts: Mapping[str, str], *, label: str) -> Embeddings:
        """Embeds texts.

        Args:
            texts: Text by id, in the order of the answer.
            label: The sub-folder of their shards, e.g. ``RSS-test-title``.

        Returns:
            One vector per id.

        Raises:
            NewsImagesError: There is no text, or the folder cannot be written.
        """
        digests = [hashlib.sha256(text.encode()).hexdigest() for text in texts.values()]
        shards = self._shards(list(texts), digests, label)
        done = _read_all(shards)
        missing = [shard for shard in shards if shard.path not in done]
        self._count(shards, missing)
        with progress(total=_count(missing), unit="texts", doing=label, hide=not missing) as bar:
            for shard in missing:
                vectors = self.encoder.encode_texts([texts[key] for key in shard.ids])
                outcome = _Outcome(ids=shard.ids, vectors=vectors, unreadable={})
                done[shard.path] = _write(shard, outcome)
                bar.update(len(shard.ids))
        return _gathered((done[shard.path] for shard in shards), label)[0]

    def images(self, files: Mapping[str, Path], *, label: str) -> tuple[Embeddings, dict[str, str]]:
        """Embeds image files.

        Args:
            files: File by image id, in the order of the answer.
            label: The sub-folder of their shards, e.g. ``RSS-test-images``.

        Returns:
            One vector per readable image, and the reason by id for each of the others.

        Raises:
            UnreadableImagesError: No image at all is readable.
            NewsImagesError: The folder cannot be written.
        """
        with ThreadPoolExecutor() as pool:
            digests = list(pool.map(_file_digest, files.values()))
        shards = self._shards(list(files), digests, label)
        done = _read_all(shards)
        missing = [shard for shard in shards if shard.path not in done]
        self._count(shards, missing)
        with progress(total=_count(missing), unit="images", doing=label, hide=not missing) as bar:
            batches = [list(self._batches(shard)) for shard in missing]
            encoded = self.encoder.encode_images(
                [[files[key] for key in batch] for batch in itertools.chain(*batches)]
            )
            for shard, shard_batches in zip(missing, batches, strict=True):
                vectors: list[NDArray[np.float32]] = []
                reasons: list[str | None] = []
                for batch, answer in zip(shard_batches, encoded, strict=False):
                    vectors.append(answer.vectors)
                    reasons.extend(answer.reasons)
                    bar.update(len(batch))
                done[shard.path] = _write(shard, _outcome(shard.ids, vectors, reasons))
        return _gathered((done[shard.path] for shard in shards), label)

    def _shards(self, ids: Sequence[str], digests: Sequence[str], label: str) -> list[_Shard]:
        """Cuts the work into shards and names their files by what their vectors depend on."""
        if not ids:
            raise NewsImagesError(f"{label}: nothing to embed.")
        folder = self.folder / f"{self.encoder.name}-{self.encoder.key[:8]}" / label
        shards = []
        for start in range(0, len(ids), SHARD_SIZE):
            part = slice(start, start + SHARD_SIZE)
            depends_on = [FORMAT, self.encoder.key, list(ids[part]), list(digests[part])]
            key = hashlib.sha256(json.dumps(depends_on).encode()).hexdigest()
            path = folder / f"{start // SHARD_SIZE:05d}-{key[:16]}.safetensors"
            shards.append(_Shard(path=path, ids=tuple(ids[part])))
        return shards

    def _count(self, shards: Sequence[_Shard], missing: Sequence[_Shard]) -> None:
        n_made = _count(missing)
        self.tally.update(found=_count(shards) - n_made, made=n_made)

    def _batches(self, shard: _Shard) -> Iterator[tuple[str, ...]]:
        for start in range(0, len(shard.ids), self.batch_size):
            yield shard.ids[start : start + self.batch_size]


def _count(shards: Sequence[_Shard]) -> int:
    return sum(len(shard.ids) for shard in shards)


def _file_digest(path: Path) -> str:
    """SHA-256 of a file's content; a fixed word where there is none to read."""
    try:
        return file_sha256(path)
    except OSError:
        return "unreadable"


def _outcome(
    ids: Sequence[str], vectors: Sequence[NDArray[np.float32]], reasons: Sequence[str | None]
) -> _Outcome:
    by_id = dict(zip(ids, reasons, strict=True))
    readable = [batch for batch in vectors if len(batch)]
    return _Outcome(
        ids=tuple(key for key, reason in by_id.items() if reason is None),
        vectors=np.concatenate(readable) if readable else np.empty((0, 0), np.float32),
        unreadable={key: reason for key, reason in by_id.items() if reason is not None},
    )


def _gathered(outcomes: Iterable[_Outcome], label: str) -> tuple[Embeddings, dict[str, str]]:
    """The shards' vectors in one table, and the reasons of all unreadable files."""
    parts = list(outcomes)
    unreadable = {key: why for part in parts for key, why in part.unreadable.items()}
    ids = [key for part in parts for key in part.ids]
    if not ids:
        raise UnreadableImagesError(label, unreadable)
    vectors = np.concatenate([part.vectors for part in parts if part.ids])
    return Embeddings(np.asarray(ids, np.str_), vectors), unreadable


def _write(shard: _Shard, outcome: _Outcome) -> _Outcome:
    """Writes the file of a shard, and returns the outcome.

    Raises:
        NewsImagesError: The encoder gave anything but a unit vector per item.
    """
    vectors = np.ascontiguousarray(outcome.vectors)
    if outcome.ids:
        Embeddings(np.asarray(outcome.ids, np.str_), vectors)
    about = {"ids": outcome.ids, "unreadable": outcome.unreadable}
    write_tensors(shard.path, {"vectors": torch.from_numpy(vectors)}, about, _KIND)
    return outcome


def _read_all(shards: Sequence[_Shard]) -> dict[Path, _Outcome]:
    """The shards that are on disk, whole and unaltered, by their file."""
    found = {shard.path: _read(shard) for shard in shards if shard.path.exists()}
    return {path: outcome for path, outcome in found.items() if outcome is not None}


def _read(shard: _Shard) -> _Outcome | None:
    """The content of a shard's file; None where it was cut short or altered."""
    try:
        tensors, about = read_tensors(shard.path, _KIND)
        if {*about["ids"], *about["unreadable"]} != {*shard.ids}:
            raise ValueError("ids")
        vectors = tensors["vectors"].numpy().copy()  # the tensor's memory is the file's
    except (TypeError, KeyError, ValueError):  # a NewsImagesError is a ValueError
        logger.warning("%s was cut short or altered: it is made anew.", shard.path)
        return None
    return _Outcome(ids=tuple(about["ids"]), vectors=vectors, unreadable=about["unreadable"])
