"""Entry point ``embed``: articles and image files to unit vectors on disk, with openCLIP."""

from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import mlflow
import pandas as pd

from mlproject import tracking
from mlproject.preprocess import (
    Bool,
    PreparedCorpus,
    PreparedSet,
    Preprocess,
    open_corpus,
    preprocess,
)
from newsimages.corpora import Corpus, DataSet
from newsimages.devices import Precision, resolve_device
from newsimages.embeddings import Embeddings
from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.encoding.long_text import LongText, embed_full_texts, full_texts
from newsimages.encoding.models import (
    AUTO,
    choose_backbone,
    choose_multilingual,
    speaking_of_multilingual,
)
from newsimages.encoding.store import EmbeddingStore, UnreadableImagesError
from newsimages.errors import NewsImagesError, first_ten
from newsimages.protocols.parts import EmbeddedSet, Space, TextField


@dataclass(frozen=True, kw_only=True)
class Embed(Preprocess):
    """Embeds the articles' titles and texts and the images with an openCLIP model."""

    backbone: str = AUTO
    """An openCLIP model, or local-dir:FOLDER; auto: what the corpus recommends, else ViT-H-14."""
    pretrained: str = AUTO
    """openCLIP's tag of the weights or a checkpoint file; auto: what the corpus recommends, else
    laion2b_s32b_b79k."""
    multilingual_backbone: str = AUTO
    """A multilingual openCLIP model for articles as they were written; auto: what the corpus
    recommends, else none."""
    multilingual_pretrained: str = AUTO
    """Its weights, as pretrained; auto with xlm-roberta-large-ViT-H-14: frozen_laion5b_s13b_b90k.
    """
    precision: Precision = "auto"
    """auto, fp32, bf16 or fp16; auto is bf16 where the hardware has it, else fp32."""
    batch_size: int = 64
    """Images or texts per step."""
    workers: int = 2
    """Processes that decode images; 0 decodes in the main process."""
    strict: Bool = False
    """true stops at images that cannot be read; false lists them and goes on."""
    long_text: LongText = "cut"
    """Texts beyond the model's context: cut, or mean (the mean of their sentences' vectors)."""


@dataclass(frozen=True, kw_only=True)
class EmbeddedCorpus:
    """What embedding hands on."""

    corpus: Corpus
    encoder: OpenClipEncoder
    """The model that was used."""
    sets: tuple[EmbeddedSet, ...]
    multilingual: OpenClipConfig | None = None
    """The model for articles as they were written, if one was used."""


def run(config: Embed) -> None:
    """The entry point."""
    with tracking.entry_point(config, doing=str(Embed.__doc__)):
        corpus = open_corpus(config)
        model, multilingual = encoder_config(config, corpus), multilingual_config(config, corpus)
        with tracking.step("preprocess", doing=str(Preprocess.__doc__)):
            prepared = preprocess(config, corpus)
        embedded = embed(config, OpenClipEncoder(model), prepared)
        embed_originals(config, multilingual, embedded)


def embed(config: Embed, encoder: OpenClipEncoder, prepared: PreparedCorpus) -> EmbeddedCorpus:
    """Embeds titles, texts and images of every data set, or finds them in the workdir.

    Raises:
        NewsImagesError: No readable image, in a test set or at all; with ``strict``, any image
            that cannot be read.
    """
    store = embedding_store(config, encoder)
    sets: list[EmbeddedSet] = []
    unreadable: list[tuple[str, str, str]] = []
    for part in prepared.sets:
        files, missing = _files(prepared.corpus.folder, part.data_set)
        if not files and part.data_set.split == "train":
            print(f"  {part.label}: left out, as none of its {len(missing)} images has a file")
            continue
        images, reasons = _images(store, part, files)
        reasons = missing | reasons
        unreadable += [(part.label, image_id, why) for image_id, why in reasons.items()]
        if images is None:
            print(f"  {part.label}: left out, as none of its {len(reasons)} images can be read")
            continue
        queries = _queries(store, part.articles, config, label=part.label, suffix="_en")
        sets.append(
            EmbeddedSet(
                name=part.data_set.name,
                split=part.data_set.split,
                articles=part.articles,
                queries=queries,
                images=images,
                files=files,
            )
        )
        mlflow.log_metric(f"{part.label}/images_embedded", len(images))
        print(f"  {part.label}: {len(part.articles)} titles and texts, {len(images)} images")
    print(f"  {_tally(store)}")
    _report(pd.DataFrame(unreadable, columns=["data_set", "image_id", "reason"]), config.strict)
    if not sets:
        raise NewsImagesError(
            f"No data set of {prepared.corpus.folder} has an image that can be read. Put the image "
            "files where the tables name them."
        )
    mlflow.log_params({f"used_{key}": value for key, value in asdict(encoder.used).items()})
    return EmbeddedCorpus(corpus=prepared.corpus, encoder=encoder, sets=tuple(sets))


def embed_originals(
    config: Embed, model: OpenClipConfig | None, embedded: EmbeddedCorpus
) -> EmbeddedCorpus:
    """Embeds titles and texts as they were written, and the same images, for the runs on them.

    Args:
        config: What is wanted.
        model: From `multilingual_config`; None leaves all as it is.
        embedded: What has been embedded in English.

    Raises:
        NewsImagesError: The model cannot be loaded, or reads other images than the first one did.
    """
    if model is None:
        return embedded
    with tracking.step("embed-originals", doing="Embeds the articles as they were written."):
        with speaking_of_multilingual():
            encoder = OpenClipEncoder(model)
        store = embedding_store(config, encoder)
        sets = [replace(part, multilingual=_space(store, part, config)) for part in embedded.sets]
        print(f"  {encoder.name}: {_tally(store)}")
        mlflow.log_params({f"used_{key}": value for key, value in asdict(encoder.used).items()})
    return replace(embedded, sets=tuple(sets), multilingual=encoder.used)


def _images(
    store: EmbeddingStore, part: PreparedSet, files: dict[str, Path]
) -> tuple[Embeddings | None, dict[str, str]]:
    """As `EmbeddingStore.images`; a training set without a readable image has no embeddings."""
    try:
        return store.images(files, label=f"{part.label}-images")
    except UnreadableImagesError as error:
        if part.data_set.split == "test":
            raise
        return None, error.reasons


def _space(store: EmbeddingStore, part: EmbeddedSet, config: Embed) -> Space:
    files = {image_id: part.files[image_id] for image_id in part.images.ids.tolist()}
    images, _ = store.images(files, label=f"{part.label}-images")
    queries = _queries(store, part.articles, config, label=f"{part.label}-original", suffix="")
    return Space(queries=queries, images=images)


def _tally(store: EmbeddingStore) -> str:
    return f"{store.tally['made']} vectors made, {store.tally['found']} found from an earlier run"


def embedding_store(config: Embed, encoder: OpenClipEncoder) -> EmbeddingStore:
    """Where the encoder's vectors are kept in the workdir."""
    return EmbeddingStore(
        folder=Path(config.workdir) / "embeddings", encoder=encoder, batch_size=config.batch_size
    )


def encoder_config(config: Embed, corpus: Corpus) -> OpenClipConfig:
    """Which model is used on the corpus, and how; checks the names before any work is done.

    Raises:
        NewsImagesError: No such model, tag or device, or a model made for another corpus alone.
    """
    resolve_device(config.device)
    return _encoder_config(config, choose_backbone(corpus, config.backbone, config.pretrained))


def multilingual_config(config: Embed, corpus: Corpus) -> OpenClipConfig | None:
    """As `encoder_config`, for the model that reads articles as they were written; None: no such.

    Raises:
        NewsImagesError: As `encoder_config`.
    """
    chosen = choose_multilingual(
        corpus, config.multilingual_backbone, config.multilingual_pretrained
    )
    return _encoder_config(config, chosen) if chosen else None


def _encoder_config(config: Embed, chosen: tuple[str, str]) -> OpenClipConfig:
    backbone, pretrained = chosen
    return OpenClipConfig(
        backbone=backbone,
        pretrained=pretrained,
        device=config.device,
        precision=config.precision,
        batch_size=config.batch_size,
        workers=config.workers,
    )


def _queries(
    store: EmbeddingStore, articles: pd.DataFrame, config: Embed, *, label: str, suffix: str
) -> dict[TextField, Embeddings]:
    """The vectors of an article's title and of its full text, each by its field.

    Args:
        store: Where they are kept.
        articles: Those of one data set.
        config: How long texts are dealt with.
        label: What the articles are called in the store.
        suffix: Of the columns title and text: ``_en``, or nothing for the originals.
    """
    ids = articles["article_id"]
    titles = dict(zip(ids, articles[f"title{suffix}"], strict=True))
    texts = full_texts(titles, dict(zip(ids, articles[f"text{suffix}"], strict=True)))
    return {
        "title": store.texts(titles, label=f"{label}-titles"),
        "text": embed_full_texts(
            texts, partial(store.texts, label=f"{label}-texts"), long_text=config.long_text
        ),
    }


def _files(folder: Path, data_set: DataSet) -> tuple[dict[str, Path], dict[str, str]]:
    """The file of every image, by rising id; and for those that have none, the reason.

    Raises:
        NewsImagesError: A test set without any image file.
    """
    images = data_set.images.sort_values("image_id")
    with_file, without = images.dropna(subset="path"), images[images["path"].isna()]
    paths = zip(with_file["image_id"], with_file["path"], strict=True)
    files = {str(image_id): folder / str(path) for image_id, path in paths}
    missing = {
        str(key): str(why) for key, why in zip(without["image_id"], without["reason"], strict=True)
    }
    if not files and data_set.split == "test":
        raise NewsImagesError(
            f"{data_set.name} test: none of its {len(images)} images has a "
            f"file in {folder}. Put the files below that folder, named as the table's image "
            "column (imgFile, iid, hashvalue or image_id) says."
        )
    return files, missing


def _report(unreadable: pd.DataFrame, strict: bool) -> None:
    """Logs the images that could not be read; with ``strict`` they are an error."""
    if unreadable.empty:
        return
    tracking.log_table(unreadable, "unreadable_images.json")
    shown = first_ten([f"{row.image_id} ({row.reason})" for row in unreadable.itertuples()])
    if strict:
        raise NewsImagesError(
            f"strict=true, and images cannot be read: {shown}. "
            "Mend or remove them, or set strict=false to go on without them."
        )
    print(f"  {len(unreadable)} images cannot be read and are left out: {shown}")
