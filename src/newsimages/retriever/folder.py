"""A retriever on disk: saved when it is registered, loaded where it is served.

The folder holds ``retriever.json`` (format, settings, size and SHA-256 of every other file),
``gallery/TOWER.npy`` (D, E) float32 of each tower, ``gallery/neutral.npy`` (E,) where captions are
one, ``images.parquet`` (image_id, and offsets by their revision) or, where it points to a gallery
that grows, the query bank: ``bank/VIEW.npy`` and ``bank.parquet`` (article_id, has_text,
in_english); ``index/index.faiss`` and ``index.json`` where it answers by an index, and beside them
``checksums.npy`` (of the rows that it was built of) where the gallery grows;
``txv/TOWER.safetensors`` where a tower is T×V's, ``text_towers/TOWER/`` (see `tower_folder`) and
``translator/``, as transformers saves one, unless it was left out. Nothing in it is pickled or
executed, and nothing is read that ``retriever.json`` does not list.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import safetensors
from numpy.typing import NDArray

from newsimages.embeddings import Embeddings
from newsimages.encoding.encoders import OpenClipEncoder
from newsimages.encoding.long_text import LongText
from newsimages.encoding.text_tower import TextTower
from newsimages.encoding.tower_folder import TOWER_FILES, load_tower, save_tower
from newsimages.errors import NewsImagesError, first_ten
from newsimages.gallery.snapshot import Snapshot, open_snapshot
from newsimages.preprocessing.served import Preprocessing
from newsimages.preprocessing.translation import Translator
from newsimages.ranking.bank import ImageOffsets
from newsimages.ranking.contributions import name_of
from newsimages.ranking.index import ABOUT, INDEX, ImageIndex, load_index, save_index
from newsimages.ranking.revisions import PLAIN
from newsimages.ranking.spaces import Gallery, Queries, Tower, View, Weights, ground_of
from newsimages.retriever.articles import ArticleEncoder
from newsimages.retriever.growing import Pointer, known_by, on_snapshot, on_version
from newsimages.retriever.manifest import Manifest, check_files, read_manifest, write_manifest
from newsimages.retriever.retriever import Retriever
from newsimages.txv.network import load_network, save_network

IMAGES, BANK = "images.parquet", "bank"
LATEST = "latest"
"""The version of a gallery that is the newest one when a retriever is loaded."""
GALLERY, NETWORKS, TEXT_TOWERS, TRANSLATOR = "gallery", "txv", "text_towers", "translator"
NEUTRAL = f"{GALLERY}/neutral.npy"
INDEX_FOLDER = "index"
CHECKSUMS = f"{INDEX_FOLDER}/checksums.npy"
_SAMPLE = 64

logger = logging.getLogger(__name__)


def save_retriever(
    folder: Path,
    retriever: Retriever,
    encoders: Mapping[Tower, OpenClipEncoder],
    *,
    sample: Sequence[str],
    preprocessing: Preprocessing | None = None,
    long_text: LongText = "cut",
    bank: Queries | None = None,
) -> None:
    """Writes a retriever and all that it is asked through.

    Args:
        folder: Empty or not there, so that nothing of an earlier model is taken for a part of it.
        retriever: With a query bank.
        encoders: Whose text towers read its articles; ``clip`` (English) and ``multilingual``.
        sample: Texts by which the written towers are checked.
        preprocessing: From any language to English; None: articles are in English.
        long_text: As the texts were embedded.
        bank: The query bank; for a retriever on a gallery that grows, which is not written.

    Raises:
        NewsImagesError: There is no query bank, a text tower that is missing or does not fit the
            gallery, or a folder that is not empty or cannot be written.
    """
    preprocessing = preprocessing or Preprocessing()
    if not retriever.offsets:
        raise NewsImagesError("A retriever without a query bank cannot be served: give it one.")
    asked = text_towers(retriever.weights)
    if missing := [tower for tower in asked if tower not in encoders]:
        raise NewsImagesError(
            f"A retriever that asks {first_ten(missing)} cannot be served without the text tower "
            "of it: give its encoder."
        )
    _check_fit(retriever, {tower: encoders[tower].text_tower for tower in asked})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise NewsImagesError(f"{folder} is not empty: save the retriever to another folder.")
        for tower in asked:
            save_tower(folder / TEXT_TOWERS / tower, encoders[tower], sample[:_SAMPLE])
        if preprocessing.translator:
            preprocessing.translator.save(folder / TRANSLATOR)
        pointer = None
        if snapshot := retriever.snapshot:
            if bank is None:
                raise NewsImagesError("A gallery that grows, and no query bank: give it.")
            _save_bank(folder, bank, retriever.weights)
            pointer = Pointer(
                uri=snapshot.uri,
                uid=snapshot.uid,
                version=snapshot.version,
                images=len(snapshot),
            )
        else:
            _save_gallery(folder, retriever)
        if retriever.neutral is not None:
            (folder / GALLERY).mkdir(exist_ok=True)
            np.save(folder / NEUTRAL, retriever.neutral, allow_pickle=False)
        if retriever.index:
            _save_index(folder, retriever.index, retriever.snapshot)
        for name, network in retriever.networks.items():
            save_network(folder / _network(name), network)
        # The manifest last: without it the folder cannot be loaded.
        write_manifest(
            folder,
            retriever,
            long_text=long_text,
            languages=preprocessing.languages,
            rare=preprocessing.rare,
            pointer=pointer,
        )
    except (OSError, safetensors.SafetensorError) as error:
        raise NewsImagesError(
            f"Cannot write {folder}: {error}. Choose another folder, or free some space."
        ) from error


def text_towers(weights: Weights) -> tuple[Tower, ...]:
    """The towers that read the articles of these views: T×V's and captions stand on CLIP's."""
    asked: dict[Tower, None] = {}
    for view in weights:
        asked[ground_of(view.tower)] = None
    return tuple(asked)


def _save_gallery(folder: Path, retriever: Retriever) -> None:
    """Writes the images in each tower, and their ids and offsets."""
    (folder / GALLERY).mkdir()
    galleries = {tower: images.sorted_by_id() for tower, images in retriever.gallery.items()}
    for tower, images in galleries.items():
        np.save(folder / GALLERY / f"{tower}.npy", images.vectors, allow_pickle=False)
    ids = next(iter(galleries.values())).ids
    table = pd.DataFrame({"image_id": ids.astype(object)})
    for each in retriever.offsets:
        table[each.revision.name] = each.of(ids)
    table.to_parquet(folder / IMAGES, index=False)


def _save_bank(folder: Path, bank: Queries, weights: Weights) -> None:
    """Writes the articles of a query bank, in the views that have a weight."""
    (folder / BANK).mkdir()
    for view in weights:
        np.save(folder / _view_file(view), bank.of(view).vectors, allow_pickle=False)
    in_english = np.ones(len(bank), np.bool_) if bank.in_english is None else bank.in_english
    table = pd.DataFrame({"article_id": bank.ids.astype(object), "has_text": bank.has_text})
    table.assign(in_english=in_english).to_parquet(folder / f"{BANK}.parquet", index=False)


def _save_index(folder: Path, index: ImageIndex, snapshot: Snapshot | None) -> None:
    (folder / INDEX_FOLDER).mkdir()
    save_index(folder / INDEX_FOLDER, index)
    if snapshot:
        np.save(folder / CHECKSUMS, known_by(index, snapshot), allow_pickle=False)


def _load_index(folder: Path, snapshot: Snapshot | None) -> ImageIndex | None:
    """The index on the images that are served. Raises: NewsImagesError where it is none."""
    index = load_index(folder / INDEX_FOLDER)
    if snapshot is None:
        return index
    try:
        checksums = np.load(folder / CHECKSUMS, allow_pickle=False)
        if checksums.shape != (index.n_images,) or checksums.dtype != np.int64:
            raise ValueError(
                f"{checksums.dtype} of the shape {checksums.shape}, expected int64 for each of the "
                f"index's {index.n_images} images"
            )
    except (OSError, ValueError, EOFError) as error:
        raise NewsImagesError(
            f"{folder / CHECKSUMS} cannot be used: {error}. Register the model again."
        ) from error
    return on_version(index, checksums, snapshot)


def _load_bank(folder: Path, weights: Weights) -> Queries:
    table = pd.read_parquet(folder / f"{BANK}.parquet")
    ids = table["article_id"].to_numpy(dtype=np.str_)
    return Queries(
        views={
            view: Embeddings(ids, np.load(folder / _view_file(view), allow_pickle=False))
            for view in weights
        },
        has_text=table["has_text"].to_numpy(np.bool_),
        in_english=table["in_english"].to_numpy(np.bool_),
    )


def _view_file(view: View) -> str:
    return f"{BANK}/{name_of(view)}.npy"


def load_retriever(folder: Path, *, place: str = "", version: str = "") -> Retriever:
    """Reads and checks what `save_retriever` has written.

    Args:
        folder: Its folder.
        place: Where the gallery that it points to lies by now; "": where it did.
        version: The gallery's that is asked for, a number or ``latest``; "": the one that it was
            registered with.

    Raises:
        NewsImagesError: The folder is absent, of a newer format, or a file in it is absent, cut
            short, altered, one too many or does not fit the others.
    """
    manifest = read_manifest(folder)
    weights, revisions = manifest.weights, manifest.revisions
    towers: tuple[Tower, ...] = tuple(dict.fromkeys(view.tower for view in weights))
    asked = text_towers(weights)
    own = [IMAGES, *(f"{GALLERY}/{tower}.npy" for tower in towers)]
    if manifest.pointer:
        own = [f"{BANK}.parquet", *map(_view_file, weights)]
    has_index = any(name.startswith(f"{INDEX_FOLDER}/") for name in manifest.files)
    if has_index:
        own += [f"{INDEX_FOLDER}/{name}" for name in (INDEX, ABOUT)]
        own += [CHECKSUMS] if manifest.pointer else []
    needed = [
        *own,
        *(f"{TEXT_TOWERS}/{tower}/{name}" for tower in asked for name in TOWER_FILES),
    ]
    check_files(folder, manifest.files, needed)
    try:
        gallery: Gallery = {}
        offsets: tuple[ImageOffsets, ...] = ()
        bank = _load_bank(folder, weights) if manifest.pointer else None
        if bank is None:
            table = pd.read_parquet(folder / IMAGES)
            ids = table["image_id"].to_numpy(dtype=np.str_)
            gallery = _load_gallery(folder, manifest, towers, ids)
            offsets = tuple(
                ImageOffsets(ids, table[each.name].to_numpy(np.float32), each) for each in revisions
            )
        has_neutral = NEUTRAL in manifest.files
        neutral = np.load(folder / NEUTRAL, allow_pickle=False) if has_neutral else None
    except (
        OSError, KeyError, TypeError, ValueError, EOFError, AttributeError, MemoryError
    ) as error:  # fmt: skip
        raise NewsImagesError(
            f"The gallery of {folder} cannot be used: {error}. Register the model again."
        ) from error
    networks = {
        tower: load_network(folder / _network(tower))
        for tower in towers
        if _network(tower) in manifest.files
    }
    read = {tower: load_tower(folder / TEXT_TOWERS / tower) for tower in asked}
    has_translator = any(name.startswith(f"{TRANSLATOR}/") for name in manifest.files)
    translator = _load_translator(folder / TRANSLATOR) if has_translator else None
    encode = ArticleEncoder(
        towers=read,
        weights=weights,
        networks=networks,
        preprocessing=Preprocessing(
            languages=manifest.languages, rare=manifest.rare, translator=translator
        ),
        long_text=manifest.long_text,
    )
    retriever = Retriever(
        gallery=gallery,
        weights=weights,
        revisions=revisions,
        offsets=offsets,
        confidences=manifest.confidences,
        networks=networks,
        encode=encode,
        provenance=manifest.provenance,
        neutral=neutral,
    )
    if manifest.pointer and bank is not None:
        snapshot = _snapshot(manifest.pointer, place=place, version=version)
        retriever = on_snapshot(retriever, snapshot, bank)
    elif place or version:
        raise NewsImagesError(
            f"The model in {folder} holds its own gallery: leave the gallery's place and version "
            "out."
        )
    if has_index:
        retriever = replace(retriever, index=_load_index(folder, retriever.snapshot))
    _check_fit(retriever, read)
    _try_out(folder, retriever, encode.preprocessing)
    return retriever


def on_newest(folder: Path, retriever: Retriever) -> Retriever:
    """A retriever on the newest version of the gallery that grows which its folder points to.

    Only the images that it does not have yet are fetched and worked on.

    Args:
        folder: Its folder.
        retriever: As it was loaded from there.

    Raises:
        NewsImagesError: It holds its own gallery; the gallery is gone, or another one by now.
    """
    manifest = read_manifest(folder)
    if manifest.pointer is None or retriever.snapshot is None:
        raise NewsImagesError(f"The model in {folder} holds its own gallery, which does not grow.")
    snapshot = open_snapshot(retriever.snapshot.uri, uid=manifest.pointer.uid)
    newest = on_snapshot(retriever, snapshot, _load_bank(folder, manifest.weights))
    if any(name.startswith(f"{INDEX_FOLDER}/") for name in manifest.files):
        return replace(newest, index=_load_index(folder, snapshot))
    return newest


def _snapshot(pointer: Pointer, *, place: str, version: str) -> Snapshot:
    """The version of a gallery that is to be served, which is told where it is not as measured."""
    number: int | None = pointer.version
    if version and version != LATEST:
        if not (version.isascii() and version.isdigit()):
            raise NewsImagesError(
                f"The gallery's version is {version!r}, expected a number or {LATEST}."
            )
        number = int(version)
    elif version:
        number = None
    snapshot = open_snapshot(place or pointer.uri, number, uid=pointer.uid)
    logger.info("Serves %s, version %s (%s images).", snapshot.uri, snapshot.version, len(snapshot))
    if snapshot.version != pointer.version:
        logger.warning(
            "The gallery is served in version %s (%s images); the model was measured on version %s "
            "(%s images).",
            snapshot.version,
            len(snapshot),
            pointer.version,
            pointer.images,
        )
    return snapshot


def _try_out(folder: Path, retriever: Retriever, preprocessing: Preprocessing) -> None:
    """Asks it for an article in each language, so that what cannot answer is not served.

    And so that what is only made when it is needed is there for the first request.

    Raises: NewsImagesError where there is no answer, or one with numbers that are not finite.
    """
    titles = ["A storm reached the coast this morning"]
    if preprocessing.translator:
        titles.append("Am Morgen hat ein Sturm die Küste erreicht")
    try:
        for each in (*retriever.revisions, PLAIN):
            asked = {str(row): title for row, title in enumerate(titles)}
            answer = retriever.retrieve(asked, asked, top_k=1, revision=each.name)
            sure = [answer.confidences, answer.none_fits]
            numbers = [answer.scores, *(own for own in sure if own is not None)]
            if not all(np.isfinite(own).all() for own in numbers):
                raise NewsImagesError("its numbers are not finite")
    except Exception as error:  # what is wrong inside of a translator, for one, says so as it likes
        raise NewsImagesError(
            f"The retriever in {folder} does not answer: {type(error).__name__}: {error} Register "
            "the model again."
        ) from error


def _load_translator(folder: Path) -> Translator:
    """Raises: NewsImagesError where the folder holds none."""
    try:
        return Translator(str(folder), device="cpu")
    except NewsImagesError:
        raise
    except Exception as error:  # transformers has many of its own
        raise NewsImagesError(
            f"{folder} holds no translator that can be read: {type(error).__name__}: {error}. "
            "Register the model again."
        ) from error


def _load_gallery(
    folder: Path, manifest: Manifest, towers: Sequence[Tower], ids: NDArray[np.str_]
) -> Gallery:
    """The images in each tower; towers of one network share theirs, as before they were saved."""
    gallery: dict[Tower, Embeddings] = {}
    by_content: dict[str, Embeddings] = {}
    for tower in towers:
        name = f"{GALLERY}/{tower}.npy"
        content = manifest.files[name]["sha256"]
        if content not in by_content:
            by_content[content] = Embeddings(ids, np.load(folder / name, allow_pickle=False))
        gallery[tower] = by_content[content]
    return gallery


def _check_fit(retriever: Retriever, read: Mapping[Tower, TextTower]) -> None:
    """Raises: NewsImagesError where text towers, T×V and gallery do not fit each other."""
    dimensions = {tower: each.dimension for tower, each in read.items()}
    for name, images in retriever.gallery.items():
        network = retriever.networks.get(name)
        gives, has = dimensions[ground_of(name)], images.dimension
        if name == "captions":
            gives += 1  # as `with_zero`
        takes = (has,) if network is None else network.config.text_dimensions
        maps_to = has if network is None else network.config.n_spaces * network.config.width
        if takes != (gives,) or maps_to != has:
            txv = (
                "" if network is None else f", T×V maps vectors of {first_ten(takes)} to {maps_to}"
            )
            raise NewsImagesError(
                f"The text tower of {name} gives vectors of the dimension {gives}{txv}, the "
                f"gallery's have {has}. Encode texts and images with the same models, and register "
                "again."
            )


def _network(tower: Tower) -> str:
    return f"{NETWORKS}/{tower}.safetensors"
