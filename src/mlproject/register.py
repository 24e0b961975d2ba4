"""Entry point ``register``: the CLIP and the T×V retriever into the MLflow model registry."""

import hashlib
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec
from mlflow.types.schema import Array
from mlflow.utils.git_utils import get_git_commit

from mlproject import tracking
from mlproject.embed import prepare_and_embed
from mlproject.evaluate import Experiment
from mlproject.gallery import check_gallery, served_gallery
from mlproject.options import ArticleOptions, RankingOptions, ServingOptions
from mlproject.preprocess import open_corpus
from mlproject.train import check_trainable, divided, first_network, train, why_untrained
from mlproject.training_options import LearningOptions
from newsimages.devices import Compute
from newsimages.errors import NewsImagesError
from newsimages.protocols.parts import Parts
from newsimages.ranking.spaces import Gallery, Queries
from newsimages.retriever.folder import load_retriever, save_retriever
from newsimages.retriever.retriever import Provenance, Retriever
from newsimages.runs.choice import Chooser, chooser_of
from newsimages.runs.table import TOWERS, Run, choose_runs

ROOT = Path(__file__).resolve().parents[2]
SERVED = {"newsimages-clip": "clip_bank", "newsimages-txv": "txv_bank"}
"""The run that each registered model answers as."""
CHAMPION, CHALLENGER = "champion", "challenger"
ARTIFACT = "retriever"
_MRR, _PART = "validation_mrr", "validation_part"


@dataclass(frozen=True, kw_only=True)
class Register:
    """Registers both retrievers: gallery, query bank and the revision that wins on validation."""

    articles: ArticleOptions = field(default_factory=ArticleOptions)
    learning: LearningOptions = field(default_factory=LearningOptions)
    ranking: RankingOptions = field(default_factory=RankingOptions)
    serving: ServingOptions = field(default_factory=ServingOptions)


def run(config: Register) -> None:
    """The entry point."""
    with tracking.entry_point(config):
        corpus = open_corpus(config.articles.source)
        check_trainable(corpus, ["official"])
        check_gallery(config.serving.gallery, corpus, "official")
        embedded = prepare_and_embed(config.articles, corpus)
        first = first_network(config.learning, embedded)
        parts = divided(config.learning, embedded, "official")
        networks = train(config.learning.training, embedded, parts, first, {"txv": "title"})
        parts = parts.with_txv(networks)
        compute = Compute(device=embedded.encoder.device, memory_mb=config.ranking.memory_mb)
        chooser = chooser_of(parts, networks, compute=compute)
        register(config, Experiment(embedded, parts, chooser))


def register(config: Register, experiment: Experiment) -> None:
    """Builds, saves and registers the retrievers; T×V's where there is a network.

    Raises:
        NewsImagesError: There is no training article for the query bank, or no gallery.
    """
    parts, networks = experiment.parts, experiment.chooser.networks
    if not parts.training:
        raise NewsImagesError(
            "There is neither a query bank nor a validation part to register a model with: "
            f"{why_untrained(parts)}. Give a training set of other articles, and its images."
        )
    with tracking.step("register", doing=str(Register.__doc__)):
        served = served_gallery(config.serving.gallery, experiment)
        print(f"  gallery: {len(served[0]['clip'])} images")
        for name, variant in SERVED.items():
            [each] = choose_runs(variant)
            if all(tower in networks for tower in each.txv_towers):
                with tracking.step(f"register-{each.retriever}", doing=f"Registers {name}."):
                    _register_one(config, experiment, served, name, each)


def _register_one(
    config: Register,
    experiment: Experiment,
    served: tuple[Gallery, list[Queries]],
    name: str,
    each: Run,
) -> None:
    """Saves the retriever of a run as a model of the active run, and registers it."""
    images, asked = served
    embedded, parts, chooser = experiment
    choice, used = chooser.choose(each), embedded.encoder.used
    tracking.log_table(choice.curve, "choice.csv")
    retriever = chooser.retriever(each, images, asked, all_revisions=True)
    about = Provenance(
        variant=each.variant,
        corpus=embedded.corpus.name,
        backbone=used.backbone,
        pretrained=used.pretrained,
        precision=used.precision,
        gallery=config.serving.gallery,
        gallery_size=len(images["clip"]),
        bank_sets=tuple(part.name for part in parts.training),
        bank_size=len(chooser.bank_without(asked, each.views)),
        validation_articles=sum(len(part.articles) for part in parts.validation),
    )
    retriever = replace(retriever, provenance=about)
    titles = [str(title) for part in parts.training for title in part.articles["title_en"]]
    with tempfile.TemporaryDirectory() as temporary:
        folder, long_text = Path(temporary) / "retriever", config.articles.long_text
        save_retriever(folder, retriever, embedded.encoder, sample=titles, long_text=long_text)
        info = mlflow.pyfunc.log_model(
            name=name,
            python_model=str(ROOT / "registry" / "retriever.py"),
            artifacts={ARTIFACT: str(folder)},
            code_paths=[str(ROOT / "src" / "newsimages")],
            pip_requirements=str(ROOT / "registry" / "requirements.txt"),
            signature=_signature(retriever),
            input_example=pd.DataFrame({"title": titles[:2]}),
            registered_model_name=name,
        )
    client, version = mlflow.MlflowClient(), str(info.registered_model_version)
    part = _fingerprint(parts)
    for key, value in _tags(about, choice.mrr, part).items():
        client.set_model_version_tag(name, version, key, value)
    client.update_model_version(name, version, _card(name, retriever, about, choice.mrr))
    alias, reason = _alias(name, choice.mrr, part, chooser)
    client.set_registered_model_alias(name, alias, version)
    mlflow.log_metric(_MRR, choice.mrr)
    print(f"  {name} version {version}: {alias}, as {reason}")


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
        ColSpec(strings, "image_ids"),
        ColSpec(numbers, "scores"),
        ColSpec(numbers, "similarities"),
    ]
    params = [
        ParamSpec("top_k", "long", 100),
        ParamSpec("revision", "string", retriever.revisions[0].name),
        ParamSpec("against", "string", "bank"),
    ]
    return ModelSignature(Schema(inputs), Schema(outputs), ParamSchema(params))


def _alias(name: str, mrr: float, part: str, chooser: Chooser) -> tuple[str, str]:
    """The alias that a new version gets, and why.

    It becomes champion if its validation MRR is not below the present champion's on the same
    articles, else challenger.
    """
    try:
        champion = mlflow.MlflowClient().get_model_version_by_alias(name, CHAMPION)
    except MlflowException:
        return CHAMPION, "there was none"
    before = _champion_mrr(champion, part, chooser)
    if before is None:
        return CHALLENGER, (
            f"the champion (version {champion.version}) cannot be measured on this validation "
            "part: another backbone, or its files are gone"
        )
    is_below = f"{mrr:.6f}" < f"{before:.6f}"  # as the tags have it
    return (CHALLENGER if is_below else CHAMPION), (
        f"its validation MRR of {mrr:.5f} is {'' if is_below else 'not '}below the "
        f"champion's {before:.5f} (version {champion.version})"
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
        _MRR: f"{mrr:.6f}",
        _PART: part,
        "run_id": run.info.run_id if run else "",
    }


def _card(name: str, retriever: Retriever, about: Provenance, mrr: float) -> str:
    """The model card, in Markdown."""
    [run] = choose_runs(about.variant)
    first = retriever.revisions[0]
    settings = ", ".join(f"{key} {value:g}" for key, value in first.settings.items())
    others = ", ".join(each.name for each in retriever.revisions[1:])
    views = ", ".join(
        f"{TOWERS[view.tower]} on {view.text_field}s {weight:.3f}"
        for view, weight in retriever.weights.items()
    )
    return f"""# {name}

Ranks the images of its gallery for a news article as run {run.number}, `{run.variant}`, does: \
{run.words}.

- **Corpus**: {about.corpus}
- **Backbone**: {about.backbone}, {about.pretrained}, in {about.precision}; text tower only
- **Views and weights**: {views}
- **Gallery**: {about.gallery_size} images ({about.gallery})
- **Revision**: {first.name}{f" ({settings})" if settings else ""} against a bank of \
{about.bank_size} training articles{f"; on request also {others}" if others else ""}
- **Validation**: MRR {mrr:.5f} on {about.validation_articles} articles, one at a time

**Limits**: headlines in English (translate others first); no image outside the gallery; chosen on \
a validation part of the same corpus, never on its test articles. A request names its text
`title`; `top_k`, `revision` and `against` (`bank` or `batch`) are its parameters.
"""
