"""A retriever on a gallery that grows: what follows from each image is kept beside its vectors.

In come a retriever, a version of a gallery and the query bank, out comes the same retriever on that
version. T×V's vectors, those of captions as a tower and the offsets over the bank are an image's
own, so they are worked out when the image comes, once on a machine, and those of the images before
it stay. A revision whose offsets depend on all images (`Revision.image_by_image`) is not offered.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError, first_ten
from newsimages.gallery.columns import CAPTIONS, CHECKSUM
from newsimages.gallery.snapshot import Snapshot
from newsimages.ranking.bank import ImageOffsets, bank_offsets
from newsimages.ranking.captions import captions_tower
from newsimages.ranking.halves import Halves
from newsimages.ranking.index import ImageIndex
from newsimages.ranking.prepared import Prepared
from newsimages.ranking.revisions import Revision
from newsimages.ranking.search import FEW
from newsimages.ranking.spaces import Queries, Tower
from newsimages.retriever.retriever import Retriever
from newsimages.txv.network import TxVNetwork
from newsimages.txv.projection import embed_images
from newsimages.weight_file import add_weights

ROUNDING = 2.0**-8 * 1.001  # of a unit vector to bfloat16: at most half of its last place
LEFT = 0.5  # share of an index's images below which what it finds is too often gone

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Pointer:
    """The gallery that a registered retriever points to, as it was measured."""

    uri: str
    uid: str
    version: int
    images: int
    """How many it had."""


def on_snapshot(retriever: Retriever, snapshot: Snapshot, bank: Queries) -> Retriever:
    """The retriever on a version of a gallery.

    Args:
        retriever: Its weights, networks and revisions are taken, those that go image by image, and
            what it has for images without a caption.
        snapshot: The version.
        bank: The query bank, in all views that have a weight.

    Raises:
        NewsImagesError: The gallery or the retriever lacks a tower; no revision can be offered; the
            cache cannot be written.
    """
    revisions = tuple(each for each in retriever.revisions if each.image_by_image)
    if not revisions:
        raise NewsImagesError(
            "None of the retriever's revisions can be offered on a gallery that grows: the offsets "
            f"of {first_ten([each.name for each in retriever.revisions])} depend on all images."
        )
    gallery: dict[Tower, Embeddings] = {}
    halves: dict[Tower, Halves] = {}
    by_network: dict[str, tuple[Embeddings, Halves]] = {}
    for tower in dict.fromkeys(view.tower for view, own in retriever.weights.items() if own > 0):
        if network := retriever.networks.get(tower):
            name = f"txv-{_digest(network)}"
            by_network[name] = by_network.get(name) or _projected(snapshot, network, name)
            gallery[tower], halves[tower] = by_network[name]
        elif tower == CAPTIONS and tower in snapshot.towers:
            gallery[tower], halves[tower] = _captioned(snapshot, retriever.neutral)
        elif tower in snapshot.towers:
            gallery[tower], halves[tower] = snapshot.towers[tower], snapshot.halves[tower]
        else:
            raise NewsImagesError(
                f"The gallery {snapshot.uri} has no vectors of the tower {tower}, only of "
                f"{first_ten(list(snapshot.towers))}. Make one that has them, or register without "
                "that tower."
            )
    prepared = Prepared(gallery=gallery, places=snapshot.places, alive=snapshot.live, halves=halves)
    offsets = [_offsets(snapshot, prepared, each, bank, of=retriever) for each in revisions]
    return replace(
        retriever,
        gallery=gallery,
        prepared=prepared,
        revisions=revisions,
        offsets=tuple(offsets),
        snapshot=snapshot,
    )


def known_by(index: ImageIndex, snapshot: Snapshot) -> NDArray[np.int64]:
    """(D,) the checksums of the rows that an index over a version was built of."""
    checksums: NDArray[np.int64] = np.asarray(snapshot.about[CHECKSUM])[index.rows]
    return checksums


def on_version(
    index: ImageIndex, checksums: NDArray[np.int64], snapshot: Snapshot
) -> ImageIndex | None:
    """An index on another version, or machine; None where it is too far from that version.

    Args:
        index: As it was read.
        checksums: (D,) of the rows that it was built of.
        snapshot: The version.
    """
    own = np.asarray(snapshot.about[CHECKSUM])
    order = np.argsort(own)
    rows = order[np.searchsorted(own, checksums, sorter=order).clip(max=len(own) - 1)]
    rows[own[rows] != checksums] = -1
    is_new = snapshot.live.copy()
    is_new[rows[rows >= 0]] = False
    others = np.flatnonzero(is_new)
    n_left = len(snapshot) - len(others)
    if len(others) > FEW * len(snapshot) or n_left < LEFT * index.n_images:
        logger.warning(
            "Of the %s images of the gallery's version %s, %s came after the index, of whose %s "
            "images %s are left: answers are exact, and slower. Register the model again.",
            len(snapshot),
            snapshot.version,
            len(others),
            index.n_images,
            n_left,
        )
        return None
    return replace(index, rows=rows, others=others)


def _projected(snapshot: Snapshot, network: TxVNetwork, name: str) -> tuple[Embeddings, Halves]:
    """The images in T×V's space."""
    images = snapshot.towers["clip"].vectors
    dimension = network.config.n_spaces * network.config.width

    def projected(part: slice) -> NDArray[np.float32]:
        return embed_images(network, [_renumbered(images[part])]).vectors

    return _derived(snapshot, name, dimension, projected)


def _captioned(
    snapshot: Snapshot, neutral: NDArray[np.float32] | None
) -> tuple[Embeddings, Halves]:
    """The images by their captions, as `captions_tower`."""
    if neutral is None:
        raise NewsImagesError(
            "This retriever has no vector for images without a caption: register it again, on a "
            "corpus with captions."
        )
    captions = snapshot.towers[CAPTIONS].vectors

    def captioned(part: slice) -> NDArray[np.float32]:
        own = _renumbered(captions[part])
        has_one = own.vectors.any(axis=1)
        some = Embeddings.known(own.ids[has_one], own.vectors[has_one]) if has_one.any() else None
        return captions_tower(some, own.ids, neutral).vectors

    digest = hashlib.sha256(np.ascontiguousarray(neutral).data).hexdigest()
    return _derived(snapshot, f"captions-{digest[:16]}", len(neutral), captioned)


def _derived(
    snapshot: Snapshot, name: str, dimension: int, make: Callable[[slice], NDArray[np.float32]]
) -> tuple[Embeddings, Halves]:
    """Unit vectors that follow from each image by itself, kept under a name."""
    vectors = snapshot.derived(name, dimension, make)

    def halved(part: slice) -> NDArray[np.int16]:
        own = torch.from_numpy(vectors[part]).bfloat16().view(torch.int16)
        bits: NDArray[np.int16] = own.numpy()
        return bits

    bits = snapshot.derived(f"{name}-bf16", dimension, halved, dtype=np.int16)
    return Embeddings.known(snapshot.ids, vectors), Halves.mapped(bits.view(np.uint16), ROUNDING)


def _offsets(
    snapshot: Snapshot,
    prepared: Prepared,
    revision: Revision,
    bank: Queries,
    *,
    of: Retriever,
) -> ImageOffsets:
    """All images' over the bank."""
    weights = of.weights
    towers = {id(images): images.vectors for images in prepared.gallery.values()}

    def offsets(part: slice) -> NDArray[np.float32]:
        own = {key: _renumbered(vectors[part]) for key, vectors in towers.items()}
        few = Prepared(
            gallery={tower: own[id(images)] for tower, images in prepared.gallery.items()},
            places=np.arange(part.stop - part.start),
        )
        return bank_offsets(few.space(bank, weights), revision, compute=of.compute).values

    views = {
        "revision": [revision.name, revision.settings],
        "weights": [[*view, own] for view, own in weights.items()],
        "towers": {tower: _file_of(images) for tower, images in prepared.gallery.items()},
    }
    digest = hashlib.sha256(json.dumps(views, sort_keys=True).encode())
    digest.update(bank.has_text.tobytes())
    if bank.in_english is not None:
        digest.update(bank.in_english.tobytes())
    for view in weights:
        digest.update(np.ascontiguousarray(bank.of(view).vectors).data)
    values = snapshot.derived(f"offsets-{digest.hexdigest()[:16]}", 1, offsets)
    return ImageOffsets.known(snapshot.ids, values.reshape(-1), revision)


def _file_of(images: Embeddings) -> str:
    """The name of the file in which a tower's vectors lie, which says what they are."""
    return Path(str(getattr(images.vectors, "filename", ""))).name


def _renumbered(vectors: NDArray[np.float32]) -> Embeddings:
    """Vectors under numbers: ids that were taken away may be there a second time."""
    return Embeddings.known(np.arange(len(vectors)).astype(np.str_), np.asarray(vectors))


def _digest(network: TxVNetwork) -> str:
    digest = hashlib.sha256(json.dumps(vars(network.config)).encode())
    weights: Mapping[str, torch.Tensor] = network.state_dict()
    add_weights(digest, weights)
    return digest.hexdigest()[:16]
