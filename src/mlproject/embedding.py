"""Step ``embed``: English articles and image files in, unit vectors on disk out, with openCLIP."""

from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import mlflow
import pandas as pd

from mlproject import tracking
from mlproject.options import ArticleOptions, EncoderOptions, MultilingualOptions
from mlproject.preprocess import PreparedCorpus, PreparedSet
from newsimages.corpora import Corpus, DataSet
from newsimages.devices import resolve_device
from newsimages.embeddings import Embeddings
from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.encoding.long_text import embed_full_texts, full_texts
from newsimages.encoding.models import (
    AUTO,
    choose_backbone,
    choose_multilingual,
    speaking_of_multilingual,
)
from newsimages.encoding.store import EmbeddingStore, UnreadableImagesError
from newsimages.errors import NewsImagesError, first_ten
from newsimages.protocols.embedded import EmbeddedSet, TowerVectors
from newsimages.ranking.spaces import TextField


@dataclass(frozen=True, kw_only=True)
class EmbeddedCorpus:
    """A corpus with its vectors, for all steps that come after embedding."""

    corpus: Corpus
    workdir: Path
    """Where all that is made of the corpus is kept."""
    encoder: OpenClipEncoder
    """The model that was used."""
    sets: tuple[EmbeddedSet, ...]
    multilingual: OpenClipConfig | None = None
    """The model for articles as they were written, if one was used."""


def embed(
    options: ArticleOptions, encoder: OpenClipEncoder, prepared: PreparedCorpus
) -> EmbeddedCorpus:
    """Embeds titles, texts and images of every data set, or finds them in the workdir.

    Raises:
        NewsImagesError: No readable image, in a test set or at all; with ``strict``, any image
            that cannot be read.
    """
    workdir = Path(options.source.workdir)
    store = embedding_store(workdir, encoder)
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
        queries = _queries(store, part.articles, options, label=part.label, suffix="_en")
        sets.append(
            EmbeddedSet(
                name=part.data_set.name,
                split=part.data_set.split,
                articles=part.articles,
                towers={"clip": TowerVectors(queries=queries, images=images)},
                files=files,
            )
        )
        mlflow.log_metric(f"{part.label}/images_embedded", len(images))
        print(f"  {part.label}: {len(part.articles)} titles and texts, {len(images)} images")
    print(f"  {_tally(store)}")
    _report(pd.DataFrame(unreadable, columns=["data_set", "image_id", "reason"]), options.strict)
    if not sets:
        raise NewsImagesError(
            f"No data set of {prepared.corpus.folder} has an image that can be read. Put the image "
            "files where the tables name them."
        )
    mlflow.log_params({f"used_{key}": value for key, value in asdict(encoder.used).items()})
    return EmbeddedCorpus(
        corpus=prepared.corpus, workdir=workdir, encoder=encoder, sets=tuple(sets)
    )


def embed_originals(
    options: ArticleOptions, model: OpenClipConfig | None, embedded: EmbeddedCorpus
) -> EmbeddedCorpus:
    """Embeds titles and texts as they were written, and the same images, for the runs on them.

    Args:
        options: What is wanted.
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
        store = embedding_store(embedded.workdir, encoder)
        sets = [
            replace(part, towers={**part.towers, "multilingual": _originals(store, part, options)})
            for part in embedded.sets
        ]
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


def _originals(store: EmbeddingStore, part: EmbeddedSet, options: ArticleOptions) -> TowerVectors:
    files = {image_id: part.files[image_id] for image_id in part.images.ids.tolist()}
    images, _ = store.images(files, label=f"{part.label}-images")
    queries = _queries(store, part.articles, options, label=f"{part.label}-original", suffix="")
    return TowerVectors(queries=queries, images=images)


def _tally(store: EmbeddingStore) -> str:
    return f"{store.tally['made']} vectors made, {store.tally['found']} found from an earlier run"


def embedding_store(workdir: Path, encoder: OpenClipEncoder) -> EmbeddingStore:
    """Where the encoder's vectors are kept in the workdir."""
    return EmbeddingStore(
        folder=workdir / "embeddings", encoder=encoder, batch_size=encoder.config.batch_size
    )


def encoder_config(options: EncoderOptions, corpus: Corpus) -> OpenClipConfig:
    """The model for the corpus, by its full name; a wrong one is refused before any work is done.

    Raises:
        NewsImagesError: No such model, tag or device, or a model made for another corpus alone.
    """
    resolve_device(options.device)
    return _with_model(options, choose_backbone(corpus, options.backbone, options.pretrained))


def multilingual_config(
    options: MultilingualOptions, encoder: EncoderOptions, corpus: Corpus
) -> OpenClipConfig | None:
    """The model that reads articles as they were written, or None where there is to be none.

    Raises:
        NewsImagesError: As `encoder_config`; or weights for a model that is not there.
    """
    weights = options.multilingual_pretrained
    chosen = choose_multilingual(corpus, options.multilingual_backbone, weights)
    if chosen is None and weights != AUTO:
        raise NewsImagesError(
            f"multilingual_pretrained={weights} has no effect, because there is no multilingual "
            "model. Set multilingual_backbone, or leave multilingual_pretrained out."
        )
    return _with_model(encoder, chosen) if chosen else None


def _with_model(options: EncoderOptions, chosen: tuple[str, str]) -> OpenClipConfig:
    """The encoder's configuration with backbone and tag as they were chosen."""
    backbone, pretrained = chosen
    return OpenClipConfig(**asdict(options) | {"backbone": backbone, "pretrained": pretrained})


def _queries(
    store: EmbeddingStore,
    articles: pd.DataFrame,
    options: ArticleOptions,
    *,
    label: str,
    suffix: str,
) -> dict[TextField, Embeddings]:
    """The vectors of an article's title and of its full text, each by its field.

    Args:
        store: Where they are kept.
        articles: Those of one data set.
        options: How long texts are dealt with.
        label: What the articles are called in the store.
        suffix: How the columns of titles and texts end: ``_en``, or nothing for the originals.
    """
    ids = articles["article_id"]
    titles = dict(zip(ids, articles[f"title{suffix}"], strict=True))
    texts = full_texts(titles, dict(zip(ids, articles[f"text{suffix}"], strict=True)))
    return {
        "title": store.texts(titles, label=f"{label}-titles"),
        "text": embed_full_texts(
            texts, partial(store.texts, label=f"{label}-texts"), long_text=options.long_text
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
