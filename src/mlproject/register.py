"""Entry point ``register``: the retrievers that answer one article alone, into the registry."""

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import mlflow
import numpy as np
import pandas as pd
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.models.model import ModelInfo
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec
from mlflow.types.schema import Array, Map
from mlflow.utils.git_utils import get_git_commit
from numpy.typing import NDArray

from mlproject import tracking
from mlproject.embed import multilingual_config, prepare_and_embed
from mlproject.evaluate import Experiment, is_possible
from mlproject.gallery import check_gallery, served_gallery
from mlproject.options import ArticleOptions, MultilingualOptions, RankingOptions, ServingOptions
from mlproject.preprocess import open_corpus
from mlproject.train import check_trainable, divided, first_network, train, why_untrained
from mlproject.training_options import LearningOptions
from newsimages.corpora import Corpus
from newsimages.devices import Compute
from newsimages.embeddings import Embeddings
from newsimages.encoding.encoders import OpenClipEncoder
from newsimages.encoding.models import choose_translator
from newsimages.errors import NewsImagesError
from newsimages.lists import names_in
from newsimages.metrics.metrics import figures_of, ranks_of_truth
from newsimages.preprocessing.served import Preprocessing
from newsimages.preprocessing.translation import Translator
from newsimages.protocols.embedded import EmbeddedSet
from newsimages.protocols.parts import Parts
from newsimages.ranking.spaces import Gallery, Queries, Tower
from newsimages.reports.figures.intervals import mrr_intervals
from newsimages.reports.figures.reliability import reliability_diagram
from newsimages.retriever.folder import TRANSLATOR, load_retriever, save_retriever
from newsimages.retriever.retriever import Provenance, Retriever
from newsimages.runs.certainty import certainty_figures, half_lost
from newsimages.runs.choice import Chooser, chooser_of
from newsimages.runs.table import RUNS, TOWERS, Run

ROOT = Path(__file__).resolve().parents[2]
ALONE = tuple(run for run in RUNS if run.against == "bank")
SERVED: Mapping[str, tuple[Run, ...]] = {
    "newsimages-clip": tuple(run for run in ALONE if run.variant == "clip_bank"),
    "newsimages-txv": tuple(run for run in ALONE if run.variant == "txv_bank"),
    "newsimages-fused": tuple(run for run in ALONE if len(run.views) > 1),
}
"""The runs of which each registered model answers as the best; all answer one article alone."""
CHAMPION, CHALLENGER = "champion", "challenger"
ARTIFACT = "retriever"
MEGABYTE = 1_000_000
_MRR, _PART, _GALLERY = "validation_mrr", "validation_part", "gallery_digest"


@dataclass(frozen=True, kw_only=True)
class Register:
    """Registers the retrievers: gallery, query bank and what wins on the validation part."""

    articles: ArticleOptions = field(default_factory=ArticleOptions)
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


def run(config: Register) -> None:
    """The entry point."""
    with tracking.entry_point(config):
        corpus = open_corpus(config.articles.source)
        check_trainable(corpus, ["official"])
        check_gallery(config.serving.gallery, corpus, "official")
        originals = multilingual_config(config.multilingual, config.articles.encoder, corpus)
        embedded = prepare_and_embed(config.articles, corpus, originals)
        first = first_network(config.learning, embedded)
        parts = divided(config.learning, embedded, "official")
        trained_on = config.learning.trained_on
        networks = train(config.learning.training, embedded, parts, first, trained_on)
        parts = parts.with_txv(networks)
        compute = Compute(device=embedded.encoder.device, memory_mb=config.ranking.memory_mb)
        chooser = chooser_of(parts, networks, compute=compute)
        register(config, Experiment(embedded, parts, chooser))


def _preprocessing(config: Register, corpus: Corpus) -> Preprocessing:
    """What registered models turn articles into English by: what the corpus was preprocessed by.

    A corpus that is all in English was preprocessed without a translator.

    Raises:
        NewsImagesError: The translator cannot be loaded.
    """
    options = config.articles.preprocessing
    languages = tuple(names_in(options.languages.lower()))
    found = {language for part in corpus.data_sets for language in part.articles["language"]}
    if not config.serving.serving_translator or found <= {"en"}:
        return Preprocessing(languages=languages)
    translator = Translator(choose_translator(corpus, options.translator), device="cpu")
    return Preprocessing(languages=languages, translator=translator)


def register(config: Register, experiment: Experiment) -> None:
    """Builds, saves and registers the retrievers whose towers are there.

    Raises:
        NewsImagesError: There is no training article for the query bank, or no gallery.
    """
    parts, chooser = experiment.parts, experiment.chooser
    if not parts.training:
        raise NewsImagesError(
            "There is neither a query bank nor a validation part to register a model with: "
            f"{why_untrained(parts)}. Give a training set of other articles, and its images."
        )
    with tracking.step("register", doing=str(Register.__doc__)):
        preprocessing = _preprocessing(config, experiment.embedded.corpus)
        served = Served(*served_gallery(config.serving.gallery, experiment), preprocessing)
        print(f"  gallery: {len(served.gallery['clip'])} images")
        for name, runs in SERVED.items():
            possible = [each for each in runs if is_possible(each, parts, chooser)]
            if possible:
                each = max(possible, key=lambda run: chooser.choose(run).mrr)
                step = f"register-{name.removeprefix('newsimages-')}"
                with tracking.step(step, doing=f"Registers {name}, as {each.variant}."):
                    _register_one(config, experiment, served, name, each)


def _register_one(
    config: Register,
    experiment: Experiment,
    served: Served,
    name: str,
    each: Run,
) -> None:
    """Saves the retriever of a run as a model of the active run, and registers it."""
    images, asked, preprocessing = served
    embedded, parts, chooser = experiment
    choice, used = chooser.choose(each), embedded.encoder.used
    tracking.log_table(choice.curve, "choice.csv")
    bank = chooser.bank_of(each, asked)
    if bank is None:
        raise NewsImagesError(f"{each.variant} does not answer one article alone.")
    retriever = chooser.retriever(each, images, bank, all_revisions=True)
    about = Provenance(
        variant=each.variant,
        corpus=embedded.corpus.name,
        backbone=used.backbone,
        pretrained=used.pretrained,
        precision=used.precision,
        gallery=config.serving.gallery,
        gallery_size=len(images["clip"]),
        gallery_sha256=_digest(dict(retriever.gallery)),
        bank_sets=tuple(part.name for part in parts.training),
        bank_size=len(bank),
        bank_sha256=_digest({view: bank.of(view) for view in each.views}),
        validation_articles=sum(len(part.articles) for part in parts.validation),
    )
    retriever = replace(retriever, provenance=about)
    articles = pd.concat([part.articles for part in parts.training])
    encoders: dict[Tower, OpenClipEncoder] = {"clip": embedded.encoder}
    if embedded.originals:
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
        )
        translator_mb = _megabytes(folder / TRANSLATOR)
        info = mlflow.pyfunc.log_model(
            name=name,
            python_model=str(ROOT / "registry" / "retriever.py"),
            artifacts={ARTIFACT: str(folder)},
            code_paths=[str(_code(Path(temporary)))],
            pip_requirements=str(ROOT / "registry" / "requirements.txt"),
            signature=_signature(retriever),
            input_example=articles[["title", "text"]].head(2).reset_index(drop=True),
            registered_model_name=name,
        )
    _log_figures(info, experiment, each, retriever)
    client, version = mlflow.MlflowClient(), str(info.registered_model_version)
    part = _fingerprint(parts)
    tags = _tags(about, choice.mrr, part)
    for key, value in tags.items():
        client.set_model_version_tag(name, version, key, value)
    reads = _reads(preprocessing, retriever, translator_mb)
    client.update_model_version(name, version, _card(name, retriever, about, choice.mrr, reads))
    alias, reason = _alias(name, tags, chooser)
    client.set_registered_model_alias(name, alias, version)
    print(f"  {name} version {version}: {alias}, as {reason}")


def _code(folder: Path) -> Path:
    """A copy of the library in ``folder`` without the bundled models, which no version needs."""
    library, bundled = ROOT / "src" / "newsimages", ROOT / "src" / "newsimages" / "demo_models"

    def left_out(parent: str, names: list[str]) -> list[str]:
        is_bundled = Path(parent) == bundled
        return [n for n in names if n == "__pycache__" or (is_bundled and not n.endswith(".py"))]

    return Path(shutil.copytree(library, folder / "newsimages", ignore=left_out))


def _log_figures(info: ModelInfo, experiment: Experiment, each: Run, retriever: Retriever) -> None:
    """Logs what the run came to on the validation part and the test sets, with the model's id.

    And the pictures of the card: MRR, and how true its probabilities are.
    """
    chooser, tests = experiment.chooser, experiment.parts.tests
    own, validation = chooser.on_validation(retriever)
    asked = half_lost(own, validation)
    _log_linked(
        info,
        {
            _MRR: chooser.choose(each).mrr,
            **{f"validation_{key}": value for key, value in certainty_figures(asked).items()},
        },
        validation,
    )
    tracking.log_drawing(reliability_diagram(asked, name="validation part"), "reliability")
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


def _log_linked(info: ModelInfo, metrics: Mapping[str, float], part: EmbeddedSet) -> None:
    """Logs metrics of the active run, linked to its model and to the articles they are of."""
    finite = {key: value for key, value in metrics.items() if np.isfinite(value)}
    mlflow.log_metrics(finite, model_id=info.model_id, dataset=tracking.mlflow_data_set(part))


def _digest(vectors: Mapping[Any, Embeddings]) -> str:
    """SHA-256 of ids and vectors."""
    digest = hashlib.sha256()
    for name, each in vectors.items():
        digest.update("\n".join([str(name), *each.ids.tolist()]).encode())
        digest.update(np.ascontiguousarray(each.vectors).data)
    return digest.hexdigest()


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.glob("*")) / MEGABYTE


def _fingerprint(parts: Parts) -> str:
    """Tells validation parts apart by their articles."""
    ids = [f"{part.name}/{key}" for part in parts.validation for key in part.articles["article_id"]]
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()[:16]


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
    ]
    params = [
        ParamSpec("top_k", "long", 100),
        ParamSpec("revision", "string", retriever.revisions[0].name),
        ParamSpec("against", "string", "bank"),
        ParamSpec("explain", "boolean", False),
    ]
    return ModelSignature(Schema(inputs), Schema(outputs), ParamSchema(params))


def _alias(name: str, tags: Mapping[str, str], chooser: Chooser) -> tuple[str, str]:
    """The alias that a new version gets by its tags, and why.

    It becomes champion if its validation MRR is not below the present champion's on the same
    articles, else challenger. Their galleries may differ, which is said.
    """
    try:
        champion = mlflow.MlflowClient().get_model_version_by_alias(name, CHAMPION)
    except MlflowException:
        return CHAMPION, "there was none"
    before = _champion_mrr(champion, tags[_PART], chooser)
    if before is None:
        return CHALLENGER, (
            f"the champion (version {champion.version}) cannot be measured on this validation "
            "part: another backbone, or its files are gone"
        )
    mrr = float(tags[_MRR])
    is_below = mrr < float(f"{before:.6f}")  # as the tags have it
    gallery = ""
    if any(champion.tags.get(key, tags[key]) != tags[key] for key in (_GALLERY, "gallery")):
        gallery = (
            f"; its gallery, {tags['gallery']}, is not the champion's, "
            f"{champion.tags.get('gallery', 'unknown')}"
        )
    return (CHALLENGER if is_below else CHAMPION), (
        f"its validation MRR of {mrr:.5f} is {'' if is_below else 'not '}below the "
        f"champion's {before:.5f} (version {champion.version}){gallery}"
    )


def _champion_mrr(champion: ModelVersion, part: str, chooser: Chooser) -> float | None:
    """Its tag where the validation part is the same, else it is measured anew, if it can be."""
    if champion.tags.get(_PART) == part and _MRR in champion.tags:
        return float(champion.tags[_MRR])
    try:
        uri = f"models:/{champion.name}/{champion.version}"
        folder = Path(mlflow.artifacts.download_artifacts(uri))
        return chooser.validation_mrr(load_retriever(folder / "artifacts" / ARTIFACT))
    except (MlflowException, NewsImagesError, OSError):
        return None


def _tags(about: Provenance, mrr: float, part: str) -> dict[str, str]:
    run = mlflow.active_run()
    return {
        "git_commit": get_git_commit(__file__) or "unknown",
        "corpus": about.corpus,
        "variant": about.variant,
        "backbone": f"{about.backbone} {about.pretrained}",
        "gallery": f"{about.gallery} ({about.gallery_size} images)",
        _GALLERY: about.gallery_sha256[:16],
        "bank_digest": about.bank_sha256[:16],
        _MRR: f"{mrr:.6f}",
        _PART: part,
        "run_id": run.info.run_id if run else "",
    }


def _reads(preprocessing: Preprocessing, retriever: Retriever, translator_mb: float) -> str:
    """What languages a model reads, and how, for its card."""
    languages = ", ".join(preprocessing.languages)
    others = len(preprocessing.languages) > 1
    multilingual = any(view.tower == "multilingual" for view in retriever.weights)
    beside = "; its multilingual view reads articles as they were written" if multilingual else ""
    if not others:
        return f"{languages}{beside}"
    if preprocessing.translator:
        return (
            f"{languages}, found by lingua; what is not English is translated, by a model of "
            f"{translator_mb:.0f} MB in here{beside}"
        )
    alone = "are read by the multilingual view alone" if multilingual else "are refused"
    return (
        f"{languages}, found by lingua; there is no translator in here: others than English {alone}"
    )


def _pictures(names: Mapping[str, str]) -> str:
    """Figures of the active run, in Markdown."""
    run = mlflow.active_run()
    run_id = run.info.run_id if run else ""
    return "\n\n".join(
        f"![{words}](get-artifact?path={quote(f'figures/{name}.png', safe='')}&run_uuid={run_id})"
        for name, words in names.items()
    )


def _card(name: str, retriever: Retriever, about: Provenance, mrr: float, reads: str) -> str:
    """The model card, in Markdown."""
    [run] = [run for run in RUNS if run.variant == about.variant]
    first = retriever.revisions[0]
    settings = ", ".join(f"{key} {value:g}" for key, value in first.settings.items())
    others = ", ".join(each.name for each in retriever.revisions[1:])
    views = ", ".join(
        f"{TOWERS[view.tower]} on {view.text_field}s {weight:.3f}"
        for view, weight in retriever.weights.items()
    )
    pictures = _pictures(
        {
            "mrr": "MRR on the test sets, with 95 % intervals",
            "reliability": "How true its probabilities are, on the validation part",
        }
    )
    return f"""# {name}

Ranks the images of its gallery for a news article as run {run.number}, `{run.variant}`, does: \
{run.words}.

- **Corpus**: {about.corpus}
- **Backbone**: {about.backbone}, {about.pretrained}, in {about.precision}; text towers only
- **Languages**: {reads}
- **Views and weights**: {views}
- **Gallery**: {about.gallery_size} images ({about.gallery})
- **Revision**: {first.name}{f" ({settings})" if settings else ""} against a bank of \
{about.bank_size} training articles{f"; on request also {others}" if others else ""}
- **Validation**: MRR {mrr:.5f} on {about.validation_articles} articles, one at a time

{pictures}

**Limits**: no image outside the gallery; chosen on a validation part of the same corpus, never on \
its test articles. A request names its text `title` and, where there is more, `text`; `top_k`, \
`revision`, `against` (`bank` or `batch`) and `explain` are its parameters. `confidence` and \
`none_fits` are probabilities where every second article's picture is in the gallery.
"""
