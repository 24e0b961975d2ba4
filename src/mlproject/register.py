"""Entry point ``register``: the CLIP and the T×V retriever into the MLflow model registry."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from mlproject import registry, tracking
from mlproject.embed import prologue
from mlproject.evaluate import Experiment, compute_of
from mlproject.gallery import ServedGallery, check_gallery, served_gallery
from mlproject.options import ArticleOptions, RankingOptions, ServingOptions
from mlproject.train import divided, first_network, train, trainable, why_untrained
from mlproject.training_options import LearningOptions
from newsimages.corpora import Corpus
from newsimages.errors import NewsImagesError
from newsimages.protocols.embedded import EmbeddedSet
from newsimages.retriever.retriever import Provenance
from newsimages.runs.choice import chooser_of
from newsimages.runs.table import Run, choose_runs

SERVED = {"newsimages-clip": "clip_bank", "newsimages-txv": "txv_bank"}
"""The run that each registered model answers as."""


@dataclass(frozen=True, kw_only=True)
class Register:
    """Registers both retrievers: gallery, query bank and the revision that wins on validation."""

    articles: ArticleOptions = field(default_factory=ArticleOptions)
    learning: LearningOptions = field(default_factory=LearningOptions)
    ranking: RankingOptions = field(default_factory=RankingOptions)
    serving: ServingOptions = field(default_factory=ServingOptions)


def run(config: Register) -> None:
    """The entry point."""
    with tracking.entry_point(config, doing=str(Register.__doc__)):
        embedded = prologue(config.articles, check=partial(_servable, config.serving))
        first = first_network(config.learning, embedded)
        parts = divided(config.learning, embedded, "official")
        networks = train(config.learning.training, embedded, parts, first, {"txv": "title"})
        parts = parts.with_txv(networks)
        compute = compute_of(config.articles, config.ranking)
        chooser = chooser_of(parts, networks, compute=compute)
        register(config, Experiment(embedded, parts, chooser))


def _servable(serving: ServingOptions, corpus: Corpus) -> Corpus:
    """The corpus. Raises: NewsImagesError where it has no training set or not the gallery."""
    check_gallery(serving.gallery, trainable(corpus), "official")
    return corpus


def register(config: Register, experiment: Experiment) -> None:
    """Builds, saves and registers the retrievers; T×V's where there is a network.

    Raises:
        NewsImagesError: There is no training article for the query bank, or no gallery.
    """
    embedded, parts, chooser = experiment
    if not parts.training:
        raise NewsImagesError(
            "There is neither a query bank nor a validation part to register a model with: "
            f"{why_untrained(parts)}. Give a training set of other articles, and its images."
        )
    with tracking.step("register", doing=str(Register.__doc__)):
        gallery = served_gallery(config.serving.gallery, embedded, parts, chooser.networks)
        print(f"  gallery: {len(gallery.images['clip'])} images")
        for name, variant in SERVED.items():
            [each] = choose_runs(variant)
            if all(tower in chooser.networks for tower in each.txv_towers):
                with tracking.step(f"register-{each.retriever}", doing=f"Registers {name}."):
                    _register_one(config, experiment, gallery, name, each)


def _register_one(
    config: Register,
    experiment: Experiment,
    gallery: ServedGallery,
    name: str,
    each: Run,
) -> None:
    """Saves the retriever of a run and registers it."""
    embedded, parts, chooser = experiment
    choice = chooser.choose(each)
    tracking.log_table(choice.curve, "choice.csv")
    retriever = chooser.retriever(each, gallery.images, gallery.asked, all_revisions=True)
    used = embedded.encoder.used
    provenance = Provenance(
        variant=each.variant,
        corpus=embedded.corpus.name,
        backbone=used.backbone,
        pretrained=used.pretrained,
        precision=used.precision,
        gallery=config.serving.gallery,
        gallery_size=len(gallery.images["clip"]),
        bank_sets=tuple(part.name for part in parts.training),
        bank_size=len(chooser.bank_without(gallery.asked, each.views)),
        validation_articles=sum(len(part.articles) for part in parts.validation),
    )
    with tempfile.TemporaryDirectory() as folder:
        registry.log_version(
            name,
            replace(retriever, provenance=provenance),
            embedded.encoder,
            folder=Path(folder) / "retriever",
            sample=[str(title) for part in parts.training for title in part.articles["title_en"]],
            long_text=config.articles.long_text,
            validation=registry.Validation(
                mrr=choice.mrr,
                part=_fingerprint(parts.validation),
                again=chooser.validation_mrr,
            ),
        )


def _fingerprint(sets: Sequence[EmbeddedSet]) -> str:
    ids = [f"{part.name}/{article}" for part in sets for article in part.articles["article_id"]]
    return registry.digest("\n".join(sorted(ids)))
