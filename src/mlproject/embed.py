"""Entry point ``embed``: a corpus in, unit vectors of its articles and images on disk out."""

from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import mlflow
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mlproject import tracking
from mlproject.opening import name_run
from mlproject.options import (
    ArticleOptions,
    CaptionOptions,
    EncoderOptions,
    MultilingualOptions,
)
from mlproject.preprocess import Preprocess, open_corpus, preprocess
from newsimages.corpora import Corpus, DataSet
from newsimages.corpora.parts import Split
from newsimages.devices import resolve_device
from newsimages.embeddings import Embeddings
from newsimages.encoding import models
from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.encoding.long_text import LongText, embed_full_texts, full_texts
from newsimages.encoding.miniature import MiniatureEncoder
from newsimages.encoding.store import EmbeddingStore, UnreadableImagesError
from newsimages.engine import LOCAL, Engine
from newsimages.errors import NewsImagesError, first_ten
from newsimages.protocols.embedded import EmbeddedSet, TowerVectors, label_of, with_captions
from newsimages.ranking.captions import neutral_vector
from newsimages.ranking.spaces import TextField, Tower


@dataclass(frozen=True, kw_only=True)
class Embed:
    """Embeds the articles' titles and texts and the images with an openCLIP model."""

    articles: ArticleOptions = field(default_factory=ArticleOptions)
    captioned: CaptionOptions = field(default_factory=CaptionOptions)
    multilingual: MultilingualOptions = field(default_factory=MultilingualOptions)


@dataclass(frozen=True, kw_only=True)
class EmbeddedCorpus:
    """A corpus with its vectors, for all steps that come after embedding."""

    corpus: Corpus
    workdir: Path
    """Where all that is made of the corpus is kept."""
    encoder: OpenClipEncoder
    sets: tuple[EmbeddedSet, ...]
    originals: OpenClipEncoder | None = None
    """The model for articles as they were written, if one was used."""
    engine: Engine = LOCAL
    """What vectors are made by."""
    neutral: NDArray[np.float32] | None = None
    """The vector of images without a caption, as `neutral_vector`; None where none has one."""

    @property
    def encoders(self) -> dict[Tower, OpenClipEncoder]:
        """What images were embedded by, by tower."""
        own: dict[Tower, OpenClipEncoder] = {"clip": self.encoder}
        return own if self.originals is None else {**own, "multilingual": self.originals}


class Encoders(NamedTuple):
    """The models, loaded."""

    clip: OpenClipEncoder
    """For the articles in English and the images."""
    originals: OpenClipEncoder | None = None
    """For articles as they were written, if one is used."""


def run(config: Embed) -> None:
    """The entry point."""
    articles = config.articles
    with tracking.entry_point(config):
        corpus = open_corpus(articles.source, captions=config.captioned.captions == "auto")
        originals = multilingual_config(config.multilingual, articles.encoder, corpus)
        encoders = load_encoders(articles, corpus, originals)
        prepare_and_embed(articles, corpus, encoders, is_step=False)


def load_encoders(
    options: ArticleOptions, corpus: Corpus, originals: OpenClipConfig | None = None
) -> Encoders:
    """Loads the models, before the work on the corpus begins, whose images are looked for first.

    Raises:
        NewsImagesError: As `encoder_config`; a model cannot be loaded; or a test set, with
            ``strict`` any image, or all sets together have no image files.
    """
    model = encoder_config(options.encoder, corpus)
    name_run(model.backbone)
    options.engine.start()  # Spark, which may refuse to, before the work
    models.choose_translator(corpus, options.preprocessing.translator)
    check_files(corpus, strict=options.strict)
    clip = OpenClipEncoder(model)
    if originals is None:
        return Encoders(clip)
    with models.speaking_of_multilingual():
        return Encoders(clip, OpenClipEncoder(originals))


def check_files(corpus: Corpus, *, strict: bool) -> None:
    """Raises: NewsImagesError where embedding is bound to fail for want of image files."""
    missing = []
    for data_set in corpus.data_sets:
        _, reasons = _files(corpus.folder, data_set)
        label = label_of(data_set.name, data_set.split)
        missing += [(label, image_id, why) for image_id, why in reasons.items()]
    if strict:
        _report(pd.DataFrame(missing, columns=["data_set", "image_id", "reason"]), strict)
    if not any(data_set.images["path"].notna().any() for data_set in corpus.data_sets):
        raise _no_image(corpus)


def prepare_and_embed(
    options: ArticleOptions, corpus: Corpus, encoders: Encoders, *, is_step: bool = True
) -> EmbeddedCorpus:
    """Turns the articles into English and embeds articles, images and, if read, captions.

    With a model for originals, the articles as they were written are embedded, too. As a step,
    embedding is a run of its own, nested in the active run.

    Raises:
        NewsImagesError: As the steps do.
    """
    workdir, engine = Path(options.source.workdir), options.engine.start()
    with tracking.step("preprocess", doing=str(Preprocess.__doc__)):
        device = options.encoder.device
        corpus = preprocess(
            options.preprocessing, corpus, workdir=workdir, device=device, engine=engine
        )
    with tracking.step("embed", doing=str(Embed.__doc__)) if is_step else nullcontext():
        embedded = embed_captions(embed(options, encoders.clip, corpus, engine))
    return (
        embed_originals(options, encoders.originals, embedded) if encoders.originals else embedded
    )


def encoder_config(options: EncoderOptions, corpus: Corpus) -> OpenClipConfig:
    """The model for the corpus, by its full name; a wrong one is refused before any work is done.

    Raises:
        NewsImagesError: No such model, tag or device, or a model made for another corpus alone.
    """
    resolve_device(options.device)
    backbone, pretrained = models.choose_backbone(corpus, options.backbone, options.pretrained)
    return replace(options, backbone=backbone, pretrained=pretrained)


def multilingual_config(
    options: MultilingualOptions, encoder: EncoderOptions, corpus: Corpus
) -> OpenClipConfig | None:
    """The model that reads articles as they were written, or None where there is to be none.

    Raises:
        NewsImagesError: As `encoder_config`; or weights for a model that is not there.
    """
    weights = options.multilingual_pretrained
    chosen = models.choose_multilingual(corpus, options.multilingual_backbone, weights)
    if chosen:
        return replace(encoder, backbone=chosen[0], pretrained=chosen[1])
    if weights != models.AUTO:
        raise NewsImagesError(
            f"multilingual_pretrained={weights} has no effect, because there is no multilingual "
            "model. Set multilingual_backbone, or leave multilingual_pretrained out."
        )
    return None


def miniature_store(workdir: Path, engine: Engine) -> EmbeddingStore:
    """Where the miniatures of images are kept in the workdir."""
    return EmbeddingStore(folder=workdir / "embeddings", encoder=MiniatureEncoder(), engine=engine)


def embedding_store(workdir: Path, encoder: OpenClipEncoder, engine: Engine) -> EmbeddingStore:
    """Where the encoder's vectors are kept in the workdir."""
    return EmbeddingStore(
        folder=workdir / "embeddings",
        encoder=encoder,
        batch_size=encoder.config.batch_size,
        engine=engine,
    )


def embed(
    options: ArticleOptions, encoder: OpenClipEncoder, corpus: Corpus, engine: Engine = LOCAL
) -> EmbeddedCorpus:
    """Embeds titles, texts and images of every data set, or finds them in the workdir.

    Raises:
        NewsImagesError: No readable image, in a test set or at all; with ``strict``, any image
            that cannot be read.
    """
    workdir = Path(options.source.workdir)
    store = embedding_store(workdir, encoder, engine)
    miniatures = miniature_store(workdir, engine)
    sets: list[EmbeddedSet] = []
    unreadable: list[tuple[str, str, str]] = []
    for data_set in corpus.data_sets:
        articles, label = data_set.articles, label_of(data_set.name, data_set.split)
        files, reasons = _files(corpus.folder, data_set)
        if not files:
            print(f"  {label}: left out, as none of its {len(reasons)} images has a file")
            continue
        images, broken = _images(store, files, f"{label}-images", is_test=data_set.split == "test")
        reasons |= broken
        unreadable += [(label, image_id, why) for image_id, why in reasons.items()]
        if images is None:
            print(f"  {label}: left out, as none of its {len(reasons)} images can be read")
            continue
        queries = _queries(store, articles, options.long_text, label=label, suffix="_en")
        sets.append(
            EmbeddedSet(
                name=data_set.name,
                split=data_set.split,
                articles=articles,
                towers={"clip": TowerVectors(queries=queries, images=images)},
                miniatures=miniatures.images(
                    {key: files[key] for key in images.ids.tolist()}, label=f"{label}-miniatures"
                )[0],
                files=files,
            )
        )
        mlflow.log_metric(f"{label}/images_embedded", len(images))
        print(f"  {label}: {len(articles)} titles and texts, {len(images)} images")
    print(f"  {_tally(store)}")
    _report(pd.DataFrame(unreadable, columns=["data_set", "image_id", "reason"]), options.strict)
    if not sets:
        raise _no_image(corpus)
    mlflow.log_params({f"used_{key}": value for key, value in asdict(encoder.used).items()})
    return EmbeddedCorpus(
        corpus=corpus, workdir=workdir, encoder=encoder, sets=tuple(sets), engine=engine
    )


def embed_captions(embedded: EmbeddedCorpus) -> EmbeddedCorpus:
    """Embeds the images' captions, where they were read and an image has one, as a tower.

    Images without a caption get one vector in all data sets: that of the captions of training
    sets, or of all where these have none.
    """
    images = {(each.name, each.split): each.images for each in embedded.corpus.data_sets}
    store = embedding_store(embedded.workdir, embedded.encoder, embedded.engine)
    found: list[Embeddings | None] = []
    for part in embedded.sets:
        own = images[part.name, part.split].set_index("image_id").reindex(part.images.ids)
        known = own["caption_en"].dropna() if "caption_en" in own else pd.Series(dtype="str")
        texts = dict(zip(known.index.astype("str"), known, strict=True))
        found.append(store.texts(texts, label=f"{part.label}-captions") if texts else None)
        if "caption_en" in own:
            mlflow.log_metric(f"{part.label}/captions_embedded", len(texts))
    pairs = list(zip(embedded.sets, found, strict=True))
    some = [own.vectors for _, own in pairs if own is not None]
    training = [own.vectors for part, own in pairs if own is not None and part.split == "train"]
    if not some:
        return embedded
    neutral = neutral_vector(np.concatenate(training or some))
    sets = [with_captions(part, own, neutral) for part, own in pairs]
    print(f"  captions: {_tally(store)}")
    return replace(embedded, sets=tuple(sets), neutral=neutral)


def embed_originals(
    options: ArticleOptions, encoder: OpenClipEncoder, embedded: EmbeddedCorpus
) -> EmbeddedCorpus:
    """Embeds titles and texts as they were written, and the same images, for the runs on them.

    Raises:
        NewsImagesError: The model reads other images than the first one did.
    """
    with tracking.step("embed-originals", doing="Embeds the articles as they were written."):
        store = embedding_store(embedded.workdir, encoder, embedded.engine)
        sets = []
        for part in embedded.sets:
            files = {image_id: part.files[image_id] for image_id in part.images.ids.tolist()}
            images, _ = store.images(files, label=f"{part.label}-images")
            label = f"{part.label}-original"
            queries = _queries(store, part.articles, options.long_text, label=label, suffix="")
            tower = TowerVectors(queries=queries, images=images)
            sets.append(replace(part, towers={**part.towers, "multilingual": tower}))
        print(f"  {encoder.name}: {_tally(store)}")
        mlflow.log_params({f"used_{key}": value for key, value in asdict(encoder.used).items()})
    return replace(embedded, sets=tuple(sets), originals=encoder)


def embed_untranslated(
    options: ArticleOptions, embedded: EmbeddedCorpus
) -> dict[tuple[str, Split], dict[TextField, Embeddings]]:
    """Titles and texts of all articles as CLIP reads them untranslated, by name and split.

    Only what was translated is embedded; where a data set has no such article, it is not here.
    """
    store = embedding_store(embedded.workdir, embedded.encoder, embedded.engine)
    found: dict[tuple[str, Split], dict[TextField, Embeddings]] = {}
    for part in embedded.sets:
        own = part.articles
        is_other = (own["title"] != own["title_en"]) | (own["text"] != own["text_en"])
        if not is_other.any():
            continue
        label = f"{part.label}-untranslated"
        made = _queries(store, own[is_other], options.long_text, label=label, suffix="")
        known = part.towers["clip"].queries
        found[part.name, part.split] = {f: known[f].replaced(made[f]) for f in known}
    if found:
        print(f"  articles as they were written: {_tally(store)}")
    return found


def _files(folder: Path, data_set: DataSet) -> tuple[dict[str, Path], dict[str, str]]:
    """The file of every image, by rising id; and for those that have none, the reason."""
    images = data_set.images.sort_values("image_id")
    has_file = images["path"].notna()
    files = {str(row.image_id): folder / str(row.path) for row in images[has_file].itertuples()}
    missing = {str(row.image_id): str(row.reason) for row in images[~has_file].itertuples()}
    if not files and data_set.split == "test":
        raise NewsImagesError(
            f"{data_set.name} test: none of its {len(missing)} images has a "
            f"file in {folder}. Put the files below that folder, named as the table's image "
            "column (imgFile, iid, hashvalue or image_id) says."
        )
    return files, missing


def _no_image(corpus: Corpus) -> NewsImagesError:
    return NewsImagesError(
        f"No data set of {corpus.folder} has an image that can be read. Put the image files where "
        "the tables name them."
    )


def _images(
    store: EmbeddingStore, files: dict[str, Path], label: str, *, is_test: bool
) -> tuple[Embeddings | None, dict[str, str]]:
    """As `EmbeddingStore.images`; a training set without a readable image has no embeddings."""
    try:
        return store.images(files, label=label)
    except UnreadableImagesError as error:
        if is_test:
            raise
        return None, error.reasons


def _queries(
    store: EmbeddingStore, articles: pd.DataFrame, long_text: LongText, *, label: str, suffix: str
) -> dict[TextField, Embeddings]:
    """The vectors of titles and of full texts, from the columns that end in ``suffix``."""
    ids = articles["article_id"]
    titles = dict(zip(ids, articles[f"title{suffix}"], strict=True))
    texts = full_texts(titles, dict(zip(ids, articles[f"text{suffix}"], strict=True)))
    embed_texts = partial(store.texts, label=f"{label}-texts")
    return {
        "title": store.texts(titles, label=f"{label}-titles"),
        "text": embed_full_texts(texts, embed_texts, long_text=long_text),
    }


def _tally(store: EmbeddingStore) -> str:
    return f"{store.tally['made']} vectors made, {store.tally['found']} found from an earlier run"


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
