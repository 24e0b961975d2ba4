"""Step 3, store: texts or image files with ids in, `Embeddings` out, kept on disk.

The work is done in shards of `SHARD_SIZE` items, each a `newsimages.checked_file` whose name holds
a fingerprint of encoder, ids and contents. So a killed run loses at most a shard, the next one ends
with the same bits, and a damaged file is made anew. Whoever makes a shard writes it: with an engine
of many machines, their workers do, each shard for itself, into a folder that all of them see.
"""

import hashlib
import itertools
import json
import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch

from newsimages.checked_file import FileKind, read_tensors, write_tensors
from newsimages.checksums import file_sha256
from newsimages.embeddings import Embeddings
from newsimages.encoding import heif_file
from newsimages.encoding.encoders import Encoder
from newsimages.engine import LOCAL, Engine, in_parts, singly
from newsimages.errors import NewsImagesError, first_ten
from newsimages.progress import progress

FORMAT = 3  # raise it when what a shard holds, or how it is computed, changes
SHARD_SIZE = 512
_KIND = FileKind(
    noun="shard of embeddings",
    remedy="embed again",
    key="shard",
    format=None,  # it is part of the name
    head=lambda _, tensor: f" {str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}",
)

logger = logging.getLogger(__name__)


Outcome = tuple[Embeddings, dict[str, str]]
"""The vectors of the readable items of a shard, and the reason by id for each of the others."""
Shard = tuple[Path, Mapping[str, Any]]
"""The file of a shard, and its items by their ids."""
Make = Callable[[Sequence[Shard]], Iterator[int]]
"""Makes and writes one shard after the other; yields the numbers of items as they are done."""
Item = TypeVar("Item")


class UnreadableImagesError(NewsImagesError):
    """No image can be read; ``reasons`` says why, by image id."""

    def __init__(self, label: str, reasons: dict[str, str]) -> None:
        shown = first_ten([f"{image_id} ({why})" for image_id, why in reasons.items()])
        super().__init__(f"{label}: not one image could be read: {shown}.")
        self.reasons = reasons


@dataclass(frozen=True, kw_only=True)
class EmbeddingStore:
    """A folder of shards, for one encoder."""

    folder: Path
    encoder: Encoder
    batch_size: int = 64
    engine: Engine = LOCAL
    # How many items were ``found`` on disk and how many ``made``, so far.
    tally: Counter[str] = field(default_factory=Counter, compare=False)

    def texts(self, texts: Mapping[str, str], *, label: str) -> Embeddings:
        """One vector per text, in their order; ``label`` names the sub-folder of their shards.

        Raises:
            NewsImagesError: There is no text, or the folder cannot be written.
        """
        digests = [hashlib.sha256(text.encode()).hexdigest() for text in texts.values()]
        shards = self._shards(texts, digests, label)
        return self._gathered(shards, label, "texts", self._for_workers._make_of_texts)[0]

    def images(self, files: Mapping[str, Path], *, label: str) -> tuple[Embeddings, dict[str, str]]:
        """One vector per readable image, in their order, and the reason by id for the others.

        Raises:
            UnreadableImagesError: No image at all is readable.
            NewsImagesError: There is no image, or the folder cannot be written.
        """
        paths = list(files.values())
        digest_of = dict(self.engine.run(_file_digests, paths, cut=in_parts(SHARD_SIZE)))
        shards = self._shards(files, [digest_of[path] for path in paths], label)
        return self._gathered(shards, label, "images", self._for_workers._make_of_images)

    @property
    def _for_workers(self) -> "EmbeddingStore":
        """The same without its engine, which stays where it is."""
        return replace(self, engine=LOCAL)

    def _shards(
        self, items: Mapping[str, Item], digests: Sequence[str], label: str
    ) -> dict[Path, dict[str, Item]]:
        """The items of each shard, by its file, whose name says what the vectors depend on."""
        if not items:
            raise NewsImagesError(f"{label}: nothing to embed.")
        folder = self.folder / f"{self.encoder.name}-{self.encoder.key[:8]}" / label
        ids, shards = list(items), {}
        for start in range(0, len(ids), SHARD_SIZE):
            part = slice(start, start + SHARD_SIZE)
            depends_on = [FORMAT, self.encoder.key, ids[part], digests[part]]
            key = hashlib.sha256(json.dumps(depends_on).encode()).hexdigest()
            path = folder / f"{start // SHARD_SIZE:05d}-{key[:16]}.safetensors"
            shards[path] = {each: items[each] for each in ids[part]}
        return shards

    def _gathered(
        self, shards: Mapping[Path, Mapping[str, Any]], label: str, unit: str, make: Make
    ) -> Outcome:
        """What all shards hold, in one; those that are not on disk, or were altered, are made."""
        found = {path: _read(path, part) for path, part in shards.items() if path.exists()}
        done = {path: outcome for path, outcome in found.items() if outcome is not None}
        missing = [(path, part) for path, part in shards.items() if path not in done]
        n_missing = sum(len(part) for _, part in missing)
        n_found = sum(map(len, shards.values())) - n_missing
        self.tally.update(found=n_found, made=n_missing)
        with progress(total=n_missing, unit=unit, doing=label, hide=not missing) as bar:
            for n_made in self.engine.run(make, missing, cut=singly):
                bar.update(n_made)
        done |= {path: _made(path, part) for path, part in missing}
        outcomes = [done[path] for path in shards]
        unreadable = {key: why for _, reasons in outcomes for key, why in reasons.items()}
        parts = [part for part, _ in outcomes if len(part)]
        if not parts:
            raise UnreadableImagesError(label, unreadable)
        ids = np.concatenate([part.ids for part in parts])
        return Embeddings(ids, np.concatenate([part.vectors for part in parts])), unreadable

    def _make_of_texts(self, shards: Sequence[Shard]) -> Iterator[int]:
        for path, texts in shards:
            vectors = np.ascontiguousarray(self.encoder.encode_texts(list(texts.values())))
            _write(path, (Embeddings(np.asarray(list(texts), np.str_), vectors), {}))
            yield len(texts)

    def _make_of_images(self, shards: Sequence[Shard]) -> Iterator[int]:
        batches = [self._batches(list(files.values())) for _, files in shards]
        encoded = self.encoder.encode_images(list(itertools.chain(*batches)))
        for (path, files), of_shard in zip(shards, batches, strict=True):
            answers = []
            for answer in itertools.islice(encoded, len(of_shard)):
                answers.append(answer)
                yield len(answer.reasons)
            reasons = [reason for answer in answers for reason in answer.reasons]
            by_id = dict(zip(files, reasons, strict=True))
            readable = [key for key, reason in by_id.items() if reason is None]
            unreadable = {key: reason for key, reason in by_id.items() if reason is not None}
            vectors = [answer.vectors for answer in answers if len(answer.vectors)]
            table = np.concatenate(vectors) if vectors else np.empty((0, 0), np.float32)
            _write(path, (Embeddings(np.asarray(readable, np.str_), table), unreadable))

    def _batches(self, files: Sequence[Path]) -> list[Sequence[Path]]:
        starts = range(0, len(files), self.batch_size)
        return [files[start : start + self.batch_size] for start in starts]


def _file_digests(paths: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Each file with the SHA-256 of its content, read in threads."""
    with ThreadPoolExecutor() as pool:
        yield from zip(paths, pool.map(_file_digest, paths), strict=True)


def _file_digest(path: Path) -> str:
    """SHA-256 of a file's content; a fixed word where there is none to read.

    A HEIF file has another one with its reader than without: it is tried again once that is there.
    """
    try:
        return f"{file_sha256(path)}{heif_file.ADVICE if heif_file.lacks_reader(path) else ''}"
    except OSError:
        return "unreadable"


def _write(path: Path, outcome: Outcome) -> None:
    embeddings, unreadable = outcome
    about = {"ids": embeddings.ids.tolist(), "unreadable": unreadable}
    write_tensors(path, {"vectors": torch.from_numpy(embeddings.vectors)}, about, _KIND)


def _made(path: Path, ids: Collection[str]) -> Outcome:
    """The content of a shard that was just written. Raises: NewsImagesError where it is not."""
    outcome = _read(path, ids) if path.exists() else None
    if outcome is None:
        raise NewsImagesError(
            f"{path} was made, but is not whole, or not to be seen from here. Name a workdir that "
            "all machines see, on a disk that keeps what is written, and start again."
        )
    return outcome


def _read(path: Path, ids: Collection[str]) -> Outcome | None:
    """The content of a shard's file; None where it was cut short or altered."""
    try:
        tensors, about = read_tensors(path, _KIND)
        if {*about["ids"], *about["unreadable"]} != {*ids}:
            raise ValueError("ids")
        vectors = tensors["vectors"].numpy().copy()  # the tensor's memory is the file's
        return Embeddings(np.asarray(about["ids"], np.str_), vectors), about["unreadable"]
    except (TypeError, KeyError, ValueError):  # a NewsImagesError is a ValueError
        logger.warning("%s was cut short or altered: it is made anew.", path)
        return None
