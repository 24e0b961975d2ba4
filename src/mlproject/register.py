"""Entry point ``register``: the retrievers that answer one article alone, into the registry."""

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.models.model import ModelInfo
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec
from mlflow.types.schema import Array, Map, Object, Property
from numpy.typing import NDArray

from mlproject import results, tracking
from mlproject.card import card, model_card, reads, searches
from mlproject.embed import Encoders, load_encoders, multilingual_config, prepare_and_embed
from mlproject.evaluate import Experiment, why_impossible
from mlproject.gallery import check_gallery, gallery_files, is_trial, served_gallery
from mlproject.options import (
    ArticleOptions,
    CaptionOptions,
    MultilingualOptions,
    RankingOptions,
    ServingOptions,
)
from mlproject.pointing import check_models, pointed_to, why_not_on
from mlproject.preprocess import open_corpus
from mlproject.promotion import ARTIFACT, MRR, settle, settling, tags_of
from mlproject.terms import corpus_terms, encoder_terms, images_term
from mlproject.train import (
    add_choices,
    check_start,
    check_trainable,
    divided,
    first_network,
    start_of,
    train,
)
from mlproject.training_options import LearningOptions
from newsimages.corpora import Corpus
from newsimages.devices import Compute
from newsimages.embeddings import Embeddings
from newsimages.encoding.encoders import OpenClipEncoder
from newsimages.encoding.models import choose_translator
from newsimages.encoding.tower_folder import save_tower
from newsimages.errors import NewsImagesError
from newsimages.gallery.snapshot import Snapshot
from newsimages.lists import names_in
from newsimages.metrics.metrics import figures_of, ranks_of_truth
from newsimages.preprocessing.language import rare_languages
from newsimages.preprocessing.served import Preprocessing
from newsimages.preprocessing.translation import Translator
from newsimages.protocols.embedded import EmbeddedSet
from newsimages.ranking.spaces import Gallery, Queries, Tower
from newsimages.reports.figures.intervals import mrr_intervals
from newsimages.retriever.folder import INDEX_FOLDER, TRANSLATOR, save_retriever
from newsimages.retriever.growing import on_snapshot
from newsimages.retriever.retriever import MINUS_WEIGHT, Provenance, Retriever
from newsimages.runs.choice import chooser_of
from newsimages.runs.table import RUNS, Run, choose_runs

ROOT = Path(__file__).resolve().parents[2]
SERVED: Mapping[str, tuple[Run, ...]] = {
    "newsimages-clip": choose_runs("clip_bank"),
    "newsimages-txv": choose_runs("txv_bank"),
    "newsimages-fused": tuple(run for run in RUNS if run.fuses_alone),
}
"""The runs of which each registered model answers as the best; all answer one article alone."""
MEGABYTE = 1_000_000
VALIDATION = "validation"
HELD, GROWING = "requirements.txt", "requirements-gallery.txt"
"""What a model needs that holds its images, and one that points to a gallery or has an index."""
SAMPLE = ("A storm closes the harbour", "Minister: „Drei Fähren“ laufen auf Grund – 3:2 für Köln")
"""Texts that a written text tower is tried on before the work."""


@dataclass(frozen=True, kw_only=True)
class Register:
    """Registers the retrievers: gallery, query bank and what wins on the validation part."""

    articles: ArticleOptions = field(default_factory=ArticleOptions)
    captioned: CaptionOptions = field(default_factory=CaptionOptions)
    multilingual: MultilingualOptions = field(default_factory=MultilingualOptions)
    learning: LearningOptions = field(default_factory=LearningOptions)
    ranking: RankingOptions = field(default_factory=RankingOptions)
    serving: ServingOptions = field(default_factory=ServingOptions)


class Served(NamedTuple):
    """What all registered models share."""

    gallery: Gallery
    """The images, in all towers."""
    asked: list[Queries]
    """The articles of the test sets that these are of, which are no part of a query bank."""
    preprocessing: Preprocessing
    terms: Mapping[str, str]
    """What the validation MRR of each rests on, as `corpus_terms`."""
    is_trial: bool
    """Whether the gallery is there to try things out."""
    snapshot: Snapshot | None
    """The version of a gallery that grows, to which they point; None: they hold the images."""


def run(config: Register) -> None:
    """The entry point."""
    with tracking.entry_point(config):
        captions = config.captioned.captions == "auto"
        corpus = open_corpus(config.articles.source, captions=captions)
        corpus = add_choices(config.learning, corpus)
        check_trainable(config.learning, corpus, ["official"])
        check_gallery(config.serving.gallery, corpus, "official")
        check_registry()
        start = start_of(config.learning, corpus)
        originals = multilingual_config(config.multilingual, config.articles.encoder, corpus)
        encoders = load_encoders(config.articles, corpus, originals)
        check_start(config.learning, encoders.clip)
        check_models(config.serving.gallery, encoders)
        if why := why_unservable(encoders):
            raise NewsImagesError(f"No model can be registered: {why}.")
        embedded = prepare_and_embed(config.articles, corpus, encoders)
        first = first_network(config.learning, embedded, start)
        parts = divided(config.learning, embedded, "official")
        trained_on = config.learning.trained_on
        networks = train(config.learning.training, embedded, parts, first, trained_on)
        parts = parts.with_txv(networks)
        compute = Compute(device=embedded.encoder.device, memory_mb=config.ranking.memory_mb)
        chooser = chooser_of(parts, networks, compute=compute)
        if not register(config, Experiment(embedded, parts, chooser)):
            raise NewsImagesError("No model could be registered; the lines above say why.")


def check_registry() -> None:
    """Raises: MlflowException where the registry does not answer."""
    mlflow.MlflowClient().search_registered_models(max_results=1)


def why_unservable(encoders: Encoders) -> str:
    """Why a backbone's text tower cannot be written and read back; "" where all can."""
    for encoder in filter(None, encoders):
        with tempfile.TemporaryDirectory() as folder:
            try:
                save_tower(Path(folder), encoder, SAMPLE)
            except NewsImagesError as error:
                return str(error).rstrip(".")
    return ""


def _preprocessing(config: Register, corpus: Corpus) -> Preprocessing:
    """What registered models turn articles into English by: what the corpus was preprocessed by.

    A corpus that is all in English was preprocessed without a translator.

    Raises:
        NewsImagesError: The translator cannot be loaded.
    """
    options = config.articles.preprocessing
    languages = tuple(names_in(options.languages.lower()))
    found = pd.concat([part.articles[["language", "text_language"]] for part in corpus.data_sets])
    rare = rare_languages(found["language"].tolist(), languages)
    if not config.serving.serving_translator or (found == "en").all(axis=None):
        return Preprocessing(languages=languages, rare=rare)
    translator = Translator(choose_translator(corpus, options.translator), device="cpu")
    return Preprocessing(languages=languages, rare=rare, translator=translator)


def register(config: Register, experiment: Experiment) -> list[str]:
    """Builds, saves and registers the retrievers whose towers are there, and says what is not.

    Returns:
        The models that got a version, as NAME@ALIAS, newsimages-fused last.

    Raises:
        NewsImagesError: There is no gallery.
    """
    parts, chooser = experiment.parts, experiment.chooser
    registered = []
    with tracking.step("register", doing=str(Register.__doc__)):
        preprocessing = _preprocessing(config, experiment.embedded.corpus)
        snapshot = pointed_to(config.serving.gallery)
        if snapshot:
            chooser = replace(chooser, image_by_image=True)
            experiment = experiment._replace(chooser=chooser)
        served = _served(config, experiment, preprocessing, snapshot)
        print(f"  gallery: {len(snapshot or served.gallery['clip'])} images")
        for name, runs in SERVED.items():
            known = [each.on(parts.towers) for each in runs]
            why = [
                why_impossible(each, parts, chooser) or why_not_on(snapshot, each) for each in known
            ]
            possible = [each for each, reason in zip(known, why, strict=True) if not reason]
            if not possible:
                tracking.not_made(name, why[0])
                continue
            each = max(possible, key=lambda run: chooser.choose(run).mrr)
            try:
                bank = chooser.bank_of(each, served.asked)
            except NewsImagesError as error:
                tracking.not_made(name, str(error))
                continue
            step = f"register-{name.removeprefix('newsimages-')}"
            with tracking.step(step, doing=f"Registers {name}, as {each.variant}."):
                alias = _register_one(config, experiment, served, name, each, bank=bank)
            registered.append(f"{name}@{alias}")
    return registered


def _served(
    config: Register,
    experiment: Experiment,
    preprocessing: Preprocessing,
    snapshot: Snapshot | None,
) -> Served:
    """What all models share. Raises: NewsImagesError as `served_gallery`."""
    given, parts = config.serving.gallery, experiment.parts
    gallery, asked = served_gallery(given, config.articles, experiment)
    if snapshot:  # the same gallery in whatever version: figures are those of the validation part
        images = f"{snapshot.uri}, {snapshot.uid[:16]}"
    else:
        files = gallery_files(given, parts.tests)
        images = images_term({key: files[key] for key in gallery["clip"].ids.tolist()})
    long_text = config.articles.long_text
    return Served(
        gallery=gallery,
        asked=asked,
        preprocessing=preprocessing,
        terms=corpus_terms(preprocessing, long_text, parts.validation, images),
        is_trial=is_trial(given, parts.tests, len(snapshot or gallery["clip"])),
        snapshot=snapshot,
    )


def _register_one(
    config: Register,
    experiment: Experiment,
    served: Served,
    name: str,
    each: Run,
    *,
    bank: Queries | None,
) -> str:
    """Saves the retriever of a run as a model of the active run, and registers it.

    Returns:
        The alias of its version.
    """
    images, preprocessing, snapshot = served.gallery, served.preprocessing, served.snapshot
    embedded, parts, chooser = experiment
    choice, used = chooser.choose(each), embedded.encoder.used
    tracking.log_table(choice.curve, "choice.csv")
    if bank is None:
        raise NewsImagesError(f"{each.variant} does not answer one article alone.")
    retriever = chooser.retriever(each, images, bank, all_revisions=True)
    neutral = embedded.neutral if "captions" in retriever.gallery else None
    retriever = replace(retriever, neutral=neutral)
    gallery, digest = config.serving.gallery, _digest(dict(retriever.gallery))
    if snapshot:
        retriever = on_snapshot(retriever, snapshot, bank)
        gallery = f"{snapshot.uri}, version {snapshot.version}"
        digest = hashlib.sha256(f"{snapshot.uid} {snapshot.version}".encode()).hexdigest()
        mlflow.log_param("pinned_gallery_version", snapshot.version)
    if config.serving.index != "none":
        _, validation = chooser.on_validation(retriever)
        retriever = retriever.with_index(validation.queries)
    about = Provenance(
        variant=each.variant,
        corpus=embedded.corpus.name,
        backbone=used.backbone,
        pretrained=used.pretrained,
        precision=used.precision,
        gallery=gallery,
        gallery_size=len(snapshot or images["clip"]),
        gallery_sha256=digest,
        bank_sets=tuple(part.name for part in parts.training),
        bank_size=len(bank),
        bank_sha256=_digest({view: bank.of(view) for view in each.views}),
        validation_articles=sum(len(part.articles) for part in parts.validation),
        index=retriever.index_record,
    )
    retriever = replace(retriever, provenance=about)
    articles = pd.concat([part.articles for part in parts.training])
    encoders: dict[Tower, OpenClipEncoder] = {"clip": embedded.encoder}
    if embedded.originals and each.asks("multilingual"):
        encoders["multilingual"] = embedded.originals
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "retriever"
        save_retriever(
            folder,
            retriever,
            encoders,
            sample=[*articles["title_en"][:32], *articles["title"][:32]],
            preprocessing=preprocessing,
            long_text=config.articles.long_text,
            bank=bank,
        )
        translator_mb = _megabytes(folder / TRANSLATOR)
        index_mb = _megabytes(folder / INDEX_FOLDER)
        needed = GROWING if snapshot or retriever.index else HELD
        info = mlflow.pyfunc.log_model(
            name=name,
            python_model=str(ROOT / "registry" / "retriever.py"),
            artifacts={ARTIFACT: str(folder)},
            code_paths=[str(_code(Path(temporary)))],
            pip_requirements=str(ROOT / "registry" / needed),
            model_config={"gallery": "", "gallery_version": ""} if snapshot else None,
            signature=_signature(retriever),
            input_example=articles[["title", "text"]].head(2).reset_index(drop=True),
            registered_model_name=name,
        )
    terms = {**encoder_terms(list(encoders.values())), **served.terms}
    version = str(info.registered_model_version)
    with settling(name, version):
        tags = tags_of(about, choice.mrr, terms, config.serving.promote)
        described = card(
            retriever,
            about,
            terms,
            mrr=choice.mrr,
            languages=reads(preprocessing, retriever, translator_mb),
            search=searches(about.index, index_mb),
            pictures=_log_figures(info, experiment, each, retriever),
        )
        _describe(name, version, described, tags)
        alias, reason = settle(name, version, tags, is_trial=served.is_trial)
    print(f"  {name} version {version}: {alias}, as {reason}")
    return alias


def _describe(name: str, version: str, described: str, tags: Mapping[str, str]) -> None:
    """Gives a version its card and tags, and its model a description where it has none."""
    client = mlflow.MlflowClient()
    if not client.get_registered_model(name).description:  # somebody's own stays
        client.update_registered_model(name, model_card(name, SERVED[name]))
    client.update_model_version(name, version, described)
    for key, value in tags.items():
        client.set_model_version_tag(name, version, key, value)


def _code(folder: Path) -> Path:
    """A copy of the library in ``folder`` without the bundled models, which no version needs."""
    library, bundled = ROOT / "src" / "newsimages", ROOT / "src" / "newsimages" / "demo_models"

    def left_out(parent: str, names: list[str]) -> list[str]:
        is_bundled = Path(parent) == bundled
        return [n for n in names if n == "__pycache__" or (is_bundled and not n.endswith(".py"))]

    return Path(shutil.copytree(library, folder / "newsimages", ignore=left_out))


def _log_figures(info: ModelInfo, experiment: Experiment, each: Run, retriever: Retriever) -> str:
    """Logs what the run came to on the validation part and the test sets, with the model's id.

    Returns:
        Pictures of it, in Markdown.
    """
    pictures = []
    chooser, tests = experiment.chooser, experiment.parts.tests
    own, validation = chooser.on_validation(retriever)
    sure = results.certainty(own, validation, name=VALIDATION)
    figures = {MRR: chooser.choose(each).mrr}
    figures |= {f"{VALIDATION}_{key}": value for key, value in sure.items()}
    _log_linked(info, figures, validation)
    if sure:
        words = "How true its probabilities are, on the validation part"
        pictures.append(tracking.picture(f"{VALIDATION}/reliability", words))
    ranks: dict[str, dict[str, NDArray[np.float64]]] = {}
    for test in tests:
        if truth := test.truth():
            bank = chooser.bank_of(each, [test.queries])
            ranking = chooser.retriever(each, test.gallery, bank).rank(test.queries).table()
            ranks[test.name] = {each.variant: ranks_of_truth(ranking, truth)}
            figures = figures_of(ranks[test.name][each.variant])
            _log_linked(info, {f"{test.name}/{key}": v for key, v in figures.items()}, test)
    if ranks:
        tracking.log_drawing(mrr_intervals(ranks), "mrr")
        words = "MRR on the test sets, with 95 % intervals"
        pictures.insert(0, tracking.picture("mrr", words))
    return "\n\n".join(pictures)


def _log_linked(info: ModelInfo, metrics: Mapping[str, float], part: EmbeddedSet) -> None:
    """Logs metrics of the active run, linked to its model and to the articles they are of."""
    mlflow.log_metrics(
        dict(metrics), model_id=info.model_id, dataset=tracking.mlflow_data_set(part)
    )


def _digest(vectors: Mapping[Any, Embeddings]) -> str:
    """SHA-256 of ids and vectors."""
    digest = hashlib.sha256()
    for name, each in vectors.items():
        digest.update("\n".join([str(name), *each.ids.tolist()]).encode())
        digest.update(np.ascontiguousarray(each.vectors).data)
    return digest.hexdigest()


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.glob("*")) / MEGABYTE


def _signature(retriever: Retriever) -> ModelSignature:
    """What a request and an answer hold."""
    strings, numbers = Array(DataType.string), Array(DataType.double)
    inputs: list[ColSpec | TensorSpec] = [
        ColSpec("string", "title"),
        ColSpec("string", "text", required=False),
        ColSpec("string", "article_id", required=False),
    ]
    outputs: list[ColSpec | TensorSpec] = [
        ColSpec("string", "article_id"),
        ColSpec("string", "language"),
        ColSpec(strings, "image_ids"),
        ColSpec(numbers, "scores"),
        ColSpec(numbers, "similarities"),
        ColSpec(numbers, "confidence", required=False),
        ColSpec("double", "none_fits", required=False),
        ColSpec(Map(numbers), "contributions", required=False),
        ColSpec(_words(), "words", required=False),
    ]
    if retriever.index:
        outputs.append(ColSpec("boolean", "approximate"))
    if retriever.snapshot:
        outputs.append(ColSpec("long", "gallery_version"))
    params = [
        ParamSpec("top_k", "long", 100),
        ParamSpec("revision", "string", retriever.revisions[0].name),
        ParamSpec("against", "string", "bank"),
        ParamSpec("explain", "boolean", False),
        ParamSpec("words", "boolean", False),
        ParamSpec("like", "string", ""),
        ParamSpec("minus", "string", ""),
        ParamSpec("minus_weight", "double", MINUS_WEIGHT),
        # Of a gallery without anything to filter by, too: MLflow would drop it without a word.
        ParamSpec("filter", "string", ""),
    ]
    return ModelSignature(Schema(inputs), Schema(outputs), ParamSchema(params))


def _words() -> Object:
    """What an answer says of an article's words."""
    strings = [Property(name, DataType.string) for name in ("title", "text", "title_en", "text_en")]
    part = Object(
        [
            *(Property(name, DataType.string) for name in ("field", "of", "text")),
            *(Property(name, DataType.long) for name in ("start", "end")),
            Property("adds", Array(DataType.double)),
        ]
    )
    return Object([*strings, Property("parts", Array(part)), Property("left", DataType.long)])
