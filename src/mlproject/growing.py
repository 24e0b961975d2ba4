"""Entry point ``gallery``: images into a gallery that grows, or out of it, each time a version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from mlproject import tracking
from mlproject.embed import embedding_store, encoder_config, multilingual_config
from mlproject.options import (
    DEMO,
    CaptionOptions,
    EncoderOptions,
    GrowingOptions,
    MultilingualOptions,
    PreprocessingOptions,
)
from mlproject.preprocess import captions_in_english
from newsimages.atomic import write_bytes
from newsimages.corpora import OUTPUT_MARKER, Corpus
from newsimages.corpora.corpus_file import read_corpus_file
from newsimages.corpora.demo.corpus import MODELS
from newsimages.corpora.picture_captions import as_caption
from newsimages.devices import Precision
from newsimages.embeddings import Embeddings
from newsimages.encoding.encoders import OpenClipEncoder
from newsimages.encoding.models import AUTO, NO_MODEL
from newsimages.encoding.store import UnreadableImagesError
from newsimages.engine import LOCAL
from newsimages.errors import NewsImagesError, first_ten
from newsimages.gallery.columns import CAPTIONS, Rows, TowerModel
from newsimages.gallery.listing import Listing, listing, named_in
from newsimages.gallery.storage import is_gallery
from newsimages.gallery.table import Change, placed
from newsimages.gallery.table import Gallery as Growing
from newsimages.lists import names_in

PORTION = 8_192  # images that are encoded before they are added, in a commit


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """Adds images to a gallery that grows, removes some, or looks whether it is whole."""

    growing: GrowingOptions = field(default_factory=GrowingOptions)
    corpus: str = DEMO
    """The corpus folder whose recommended models a new gallery's vectors are made by, or demo."""
    workdir: str = "work"
    """The folder that keeps what was encoded; made if it is not there."""
    captioned: CaptionOptions = field(default_factory=CaptionOptions)
    preprocessing: PreprocessingOptions = field(default_factory=PreprocessingOptions)
    encoder: EncoderOptions = field(default_factory=EncoderOptions)
    multilingual: MultilingualOptions = field(default_factory=MultilingualOptions)


def run(config: Gallery) -> None:
    """The entry point."""
    with tracking.entry_point(config):
        growing = config.growing
        growing.check_given()
        if growing.action == "verify":
            verify(growing)
            return
        change, gallery = add(config) if growing.action == "add" else remove(growing)
        numbers: dict[str, float] = {
            "images_added": change.added,
            "images_replaced": change.replaced,
            "images_removed": change.removed,
            "images_unchanged": change.unchanged,
            "gallery_images": len(gallery),
        }
        mlflow.log_metrics(numbers)
        mlflow.log_param("gallery_version", change.version)
        mlflow.set_tag("gallery", gallery.uri)
        print(
            f"  {change.added} added, {change.replaced} replaced, {change.removed} removed, "
            f"{change.unchanged} unchanged: {gallery.uri} has {len(gallery)} images in version "
            f"{change.version}"
        )


def add(config: Gallery) -> tuple[Change, Growing]:
    """Adds the images that are not there yet; only these are encoded.

    Raises:
        NewsImagesError: No images that can be read, vectors of another model, or as
            `newsimages.gallery.table.Gallery.add`.
    """
    growing = config.growing
    table = Path(growing.table) if growing.table else None
    found = listing(Path(growing.images), table)
    change, gallery, unread = add_listed(config, found, load_encoders(config))
    _report({**found.problems, **unread})
    if len(unread) == len(found.about):
        raise NewsImagesError(
            f"Not one image file of {growing.images} could be read: the run's table "
            "unreadable_images.json says why."
        )
    return change, gallery


def add_listed(
    config: Gallery, found: Listing, encoders: Mapping[str, OpenClipEncoder]
) -> tuple[Change, Growing, dict[str, str]]:
    """As `add`, of images that were listed, with models that were loaded.

    Returns:
        What has changed, the gallery, and why images could not be read, by id.
    """
    growing = config.growing
    write_bytes(Path(config.workdir) / "embeddings" / OUTPUT_MARKER, b"")
    towers = {name: tower_model(encoder) for name, encoder in encoders.items()}
    towers[CAPTIONS] = towers["clip"]
    gallery = Growing.create(growing.gallery, towers)
    todo = gallery.todo(found.about, replace=growing.replace)
    not_read: dict[str, str] = {}
    added = replaced = 0
    for start in range(0, len(todo.rows), PORTION):
        about = todo.about.take(todo.rows[start : start + PORTION])
        known = gallery.same_pictures(about) if todo.n_there else {}
        rows, unread = _encoded(config, encoders, about, found.files, known)
        not_read |= unread
        if rows is not None:
            if CAPTIONS in gallery.kind.towers:  # not where it was made before there were any
                own = _of_captions(config, encoders["clip"], rows.about)
                rows = replace(rows, vectors={**rows.vectors, CAPTIONS: own})
            change = gallery.add(rows, towers, replace=growing.replace)
            added, replaced = added + change.added, replaced + change.replaced
    unchanged = len(found.about) - len(not_read) - added - replaced
    change = Change(version=gallery.version, added=added, replaced=replaced, unchanged=unchanged)
    return change, gallery, not_read


def remove(growing: GrowingOptions) -> tuple[Change, Growing]:
    """Removes the images that the table or ``ids`` name. Raises: NewsImagesError."""
    ids = list(names_in(growing.ids))
    if growing.table:
        ids += named_in(Path(growing.table))
    gallery = Growing.open(growing.gallery)
    return gallery.remove(ids), gallery


def verify(growing: GrowingOptions) -> None:
    """Looks for faults. Raises: NewsImagesError where there is one."""
    gallery = Growing.open(growing.gallery)
    problems = gallery.verify(Path(growing.images) if growing.images else None)
    mlflow.log_metrics({"gallery_images": len(gallery), "problems": len(problems)})
    mlflow.log_param("gallery_version", gallery.version)
    if problems.empty:
        print(f"  {gallery.uri} is whole: {len(gallery)} images in version {gallery.version}")
        return
    tracking.log_table(problems, "problems.json")
    shown = first_ten([f"{row.image_id}: {row.problem}" for row in problems.itertuples()])
    raise NewsImagesError(
        f"{gallery.uri} is not whole in version {gallery.version}: {shown}. Remove these images "
        "and add them again (problems.json of the run has all)."
    )


def load_encoders(config: Gallery) -> dict[str, OpenClipEncoder]:
    """The models by tower: those of the gallery, where it is there and no others are named.

    Raises:
        NewsImagesError: A model cannot be loaded.
    """
    corpus = corpus_named(config.corpus)
    encoder, multilingual = config.encoder, config.multilingual
    if is_gallery(placed(config.growing.gallery)) and encoder.backbone == AUTO:
        towers = Growing.open(config.growing.gallery).kind.towers
        encoder, multilingual = _as_there(towers, encoder, multilingual)
    first = encoder_config(encoder, corpus)
    second = multilingual_config(multilingual, encoder, corpus)
    loaded = {"clip": OpenClipEncoder(first)}
    return loaded if second is None else {**loaded, "multilingual": OpenClipEncoder(second)}


def _as_there(
    towers: Mapping[str, TowerModel], encoder: EncoderOptions, multilingual: MultilingualOptions
) -> tuple[EncoderOptions, MultilingualOptions]:
    """The options with the names of a gallery's models where they say auto."""
    clip, other = towers.get("clip"), towers.get("multilingual")
    if clip:
        encoder = replace(encoder, backbone=clip.backbone, pretrained=clip.pretrained)
        if encoder.precision == AUTO:
            encoder = replace(encoder, precision=cast("Precision", clip.precision))
    if multilingual.multilingual_backbone == AUTO:
        multilingual = replace(
            multilingual,
            multilingual_backbone=other.backbone if other else NO_MODEL,
            multilingual_pretrained=other.pretrained if other else AUTO,
        )
    return encoder, multilingual


def tower_model(encoder: OpenClipEncoder) -> TowerModel:
    """What a gallery says of the model that made its vectors."""
    used = encoder.used
    return TowerModel(
        backbone=used.backbone,
        pretrained=used.pretrained,
        precision=used.precision,
        key=encoder.key,
        dimension=encoder.text_tower.dimension,
    )


def corpus_named(name: str) -> Corpus:
    """A corpus of which only the name and the models are known."""
    called, models = (DEMO, MODELS) if name == DEMO else read_corpus_file(Path(name))
    return Corpus(
        folder=Path(name), name=called, data_sets=(), models=dict(models), skipped=pd.DataFrame()
    )


def _encoded(
    config: Gallery,
    encoders: Mapping[str, OpenClipEncoder],
    about: pa.Table,
    files: Mapping[str, Path],
    known: Mapping[str, Embeddings],
) -> tuple[Rows | None, dict[str, str]]:
    """The images that can be read with their vectors by each model, and the reasons by id.

    Of those that are known by each model, the vectors are taken from there.
    """
    ids = about["image_id"].to_pylist()
    to_read = {*ids} - {key for each in known.values() for key in each.ids.tolist()}
    found: dict[str, list[Embeddings]] = {}
    unread: dict[str, str] = {}
    for tower, encoder in encoders.items():
        found[tower] = [known[tower]] if known else []
        left = {key: files[key] for key in ids if key in to_read and key not in unread}
        if left:
            store = embedding_store(Path(config.workdir), encoder, LOCAL)
            try:
                images, reasons = store.images(left, label="growing-gallery")
            except UnreadableImagesError as error:
                unread |= error.reasons
            else:
                found[tower].append(images)
                unread |= reasons
    readable = [key for key in ids if key not in unread]
    if not readable:
        return None, unread
    vectors = {tower: _joined(parts).select(readable).vectors for tower, parts in found.items()}
    is_read = pa.array([key not in unread for key in ids])
    return Rows(about=about.filter(is_read), vectors=vectors), unread


def _joined(parts: Sequence[Embeddings]) -> Embeddings:
    ids = np.concatenate([each.ids for each in parts])
    return Embeddings(ids, np.concatenate([each.vectors for each in parts]))


def _of_captions(config: Gallery, encoder: OpenClipEncoder, about: pa.Table) -> NDArray[np.float32]:
    """(N, E) the vectors of the images' captions, in English; 0s for those without one."""
    vectors = np.zeros((len(about), encoder.text_tower.dimension), np.float32)
    captions = [as_caption(caption or "") for caption in about["caption"].to_pylist()]
    rows = [row for row, caption in enumerate(captions) if caption]
    if not rows or config.captioned.captions == "none":
        return vectors
    english = captions_in_english(
        config.preprocessing,
        corpus_named(config.corpus),
        [captions[row] for row in rows],
        workdir=Path(config.workdir),
        device=config.encoder.device,
        each_alone=True,
    )
    store = embedding_store(Path(config.workdir), encoder, LOCAL)
    texts = {str(row): english[captions[row]] for row in rows}
    vectors[rows] = store.texts(texts, label="growing-gallery-captions").vectors
    return vectors


def _report(problems: Mapping[str, str]) -> None:
    """Logs what is wrong with images."""
    mlflow.log_metric("images_with_problems", len(problems))
    if problems:
        rows = pd.DataFrame(list(problems.items()), columns=["image_id", "reason"])
        tracking.log_table(rows, "unreadable_images.json")
        shown = first_ten([f"{key} ({why})" for key, why in problems.items()])
        print(f"  {len(problems)} images with problems: {shown}")
