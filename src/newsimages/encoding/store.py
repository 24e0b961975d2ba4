"""Step 3, store: texts or image files with ids in, `Embeddings` out, kept on disk.

The work is done in shards of `SHARD_SIZE` items, each a `newsimages.checked_file` whose name holds
a fingerprint of encoder, ids and contents. So a killed run loses at most a shard, the next one ends
with the same bits, and a damaged file is made anew.
"""

import hashlib
import itertools
import json
import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from tqdm import tqdm

from newsimages.checked_file import FileKind, read_tensors, write_tensors
from newsimages.checksums import file_sha256
from newsimages.embeddings import Embeddings
from newsimages.encoding import heif_file
from newsimages.encoding.encoders import Encoder
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
Encode = Callable[[Sequence[Mapping[str, Any]], "tqdm[Any]"], Iterator[Outcome]]
"""Makes the outcome of one shard of items after the other, and moves the bar on."""
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
    # How many items were ``found`` on disk and how many ``made``, so far.
    tally: Counter[str] = field(default_factory=Counter, compare=False)

    def texts(self, texts: Mapping[str, str], *, label: str) -> Embeddings:
        """One vector per text, in their order; ``label`` names the sub-folder of their shards.

        Raises:
            NewsImagesError: There is no text, or the folder cannot be written.
        """
        digests = [hashlib.sha256(text.encode()).hexdigest() for text in texts.values()]
        shards = self._shards(texts, digests, label)
        return self._gathered(shards, label, "texts", self._encoded_texts)[0]

    def images(self, files: Mapping[str, Path], *, label: str) -> tuple[Embeddings, dict[str, str]]:
        """One vector per readable image, in their order, and the reason by id for the others.

        Raises:
            UnreadableImagesError: No image at all is readable.
            NewsImagesError: There is no image, or the folder cannot be written.
        """
        with ThreadPoolExecutor() as pool:
            digests = list(pool.map(_file_digest, files.values()))
        shards = self._shards(files, digests, label)
        return self._gathered(shards, label, "images", self._encoded_images)

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
        self, shards: Mapping[Path, Mapping[str, Any]], label: str, unit: str, encode: Encode
    ) -> Outcome:
        """What all shards hold, in one; those that are not on disk, or were altered, are made."""
        found = {path: _read(path, part) for path, part in shards.items() if path.exists()}
        done = {path: outcome for path, outcome in found.items() if outcome is not None}
        missing = {path: part for path, part in shards.items() if path not in done}
        n_missing = sum(map(len, missing.values()))
        n_found = sum(map(len, shards.values())) - n_missing
        self.tally.update(found=n_found, made=n_missing)
        with progress(total=n_missing, unit=unit, doing=label, hide=not missing) as bar:
            made = encode(list(missing.values()), bar)
            for path, outcome in zip(missing, made, strict=True):
                _write(path, outcome)
                done[path] = outcome
        outcomes = [done[path] for path in shards]
        unreadable = {key: why for _, reasons in outcomes for key, why in reasons.items()}
        parts = [part for part, _ in outcomes if len(part)]
        if not parts:
            raise UnreadableImagesError(label, unreadable)
        ids = np.concatenate([part.ids for part in parts])
        return Embeddings(ids, np.concatenate([part.vectors for part in parts])), unreadable

    def _encoded_texts(
        self, shards: Sequence[Mapping[str, str]], bar: "tqdm[Any]"
    ) -> Iterator[Outcome]:
        for texts in shards:
            vectors = np.ascontiguousarray(self.encoder.encode_texts(list(texts.values())))
            yield Embeddings(np.asarray(list(texts), np.str_), vectors), {}
            bar.update(len(texts))

    def _encoded_images(
        self, shards: Sequence[Mapping[str, Path]], bar: "tqdm[Any]"
    ) -> Iterator[Outcome]:
        batches = [self._batches(list(files.values())) for files in shards]
        encoded = self.encoder.encode_images(list(itertools.chain(*batches)))
        for files, of_shard in zip(shards, batches, strict=True):
            answers = []
            for answer in itertools.islice(encoded, len(of_shard)):
                answers.append(answer)
                bar.update(len(answer.reasons))
            reasons = [reason for answer in answers for reason in answer.reasons]
            by_id = dict(zip(files, reasons, strict=True))
            readable = [key for key, reason in by_id.items() if reason is None]
            unreadable = {key: reason for key, reason in by_id.items() if reason is not None}
            vectors = [answer.vectors for answer in answers if len(answer.vectors)]
            table = np.concatenate(vectors) if vectors else np.empty((0, 0), np.float32)
            yield Embeddings(np.asarray(readable, np.str_), table), unreadable

    def _batches(self, files: Sequence[Path]) -> list[Sequence[Path]]:
        starts = range(0, len(files), self.batch_size)
        return [files[start : start + self.batch_size] for start in starts]


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
