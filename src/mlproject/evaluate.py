"""Entry point ``evaluate``: the paper's runs under a protocol, each an MLflow run."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import mlflow
import pandas as pd

from mlproject import results, tracking
from mlproject.embed import EmbeddedCorpus, multilingual_config, prepare_and_embed
from mlproject.options import MeasuringOptions, MultilingualOptions, RankingOptions
from mlproject.preprocess import open_corpus
from mlproject.train import Train, divided, first_network, train, why_untrained
from newsimages.corpora import Corpus
from newsimages.devices import Compute
from newsimages.encoding.encoders import OpenClipConfig
from newsimages.encoding.models import MULTILINGUAL
from newsimages.errors import NewsImagesError
from newsimages.metrics.metrics import figures_of, ranks_of_truth
from newsimages.metrics.reciprocal_rank import mrr_interval
from newsimages.protocols.embedded import EmbeddedSet
from newsimages.protocols.parts import Parts, Protocol, check_dates, check_training
from newsimages.ranking.ranking import RANKING_COLUMNS
from newsimages.reports.submission import write_submission
from newsimages.reports.tables import Measured, results_table
from newsimages.runs.choice import Chooser, chooser_of
from newsimages.runs.paper import published
from newsimages.runs.table import Run
from newsimages.txv.towers import Networks

TOP_K = 100


@dataclass(frozen=True, kw_only=True)
class Evaluate(Train):
    """Ranks images for articles in each of the runs, and measures."""

    multilingual: MultilingualOptions = field(default_factory=MultilingualOptions)
    ranking: RankingOptions = field(default_factory=RankingOptions)
    measuring: MeasuringOptions = field(default_factory=MeasuringOptions)


class Experiment(NamedTuple):
    """A corpus as a protocol divides it, and what its runs go by."""

    embedded: EmbeddedCorpus
    parts: Parts
    chooser: Chooser


def run(config: Evaluate) -> None:
    """The entry point."""
    with tracking.entry_point(config):
        corpus = measurable(config, open_corpus(config.articles.source))
        embedded = prepare_and_embed(config.articles, corpus, original_model(config, corpus))
        train_and_evaluate(config, embedded)


def measurable(config: Evaluate, corpus: Corpus) -> Corpus:
    """The corpus; without its training sets where the protocol and the runs need none.

    Raises:
        NewsImagesError: It has no test set, where one is to be measured on; or no training set,
            where the protocol or all runs need one.
    """
    protocols, runs = config.scope.protocols, config.measuring.runs
    tests = tuple(data_set for data_set in corpus.data_sets if data_set.split == "test")
    if not tests and "official" in protocols:
        raise NewsImagesError(
            f"{corpus.folder} has no test set to measure on: name a table test.csv, use a file of "
            "the NewsImages test release, or set protocol=internal."
        )
    check_training(corpus.data_sets, protocols)
    untrained = [each for each in runs if each.revision is not None and not each.txv_towers]
    if len(tests) == len(corpus.data_sets):
        _check_any(config, untrained, f"{corpus.folder} has no training set")
    if "time" in protocols:
        check_dates(each for each in corpus.data_sets if each.split == "train")
    needs_training = protocols != ("official",) or len(untrained) < len(runs)
    return corpus if needs_training else replace(corpus, data_sets=tests)


def _check_any(config: Evaluate, possible: Sequence[Run], why: str) -> None:
    """Raises: NewsImagesError where no run is possible without training articles."""
    if not possible:
        raise NewsImagesError(
            f"variants={config.measuring.variants}: none of these runs can be made without "
            f"training articles, and {why}. Give a training set, or choose clip or clip_ds."
        )


def original_model(config: Evaluate, corpus: Corpus) -> OpenClipConfig | None:
    """The model for articles as they were written, where a run asks for it and there is one.

    Raises:
        NewsImagesError: There is none, and no run can do without; as `multilingual_config`.
    """
    runs, encoder = config.measuring.runs, config.articles.encoder
    asking = [each.variant for each in runs if each.asks("multilingual")]
    if not any(data_set.split == "train" for data_set in corpus.data_sets):
        return None  # there is nothing to choose by, and `evaluate` says what is left out
    model = multilingual_config(config.multilingual, encoder, corpus) if asking else None
    if asking and model is None:
        example = f"e.g. multilingual_backbone={MULTILINGUAL[0]}"
        if len(asking) == len(runs):
            raise NewsImagesError(
                f"variants={config.measuring.variants} needs a multilingual model, but none is "
                f"named. Set multilingual_backbone, {example}."
            )
        print(f"  no multilingual_backbone ({example}): {', '.join(asking)} are left out")
    return model


def train_and_evaluate(config: Evaluate, embedded: EmbeddedCorpus) -> Experiment:
    """Divides, trains and measures under each protocol; the active run gets the tables.

    The runs of the first protocol are nested in the active run, those of a second one in a run of
    its own below it.

    Returns:
        What the first protocol's runs went by.

    Raises:
        NewsImagesError: A protocol measures on training articles, but there are none.
    """
    scope = config.scope
    check_training(embedded.sets, scope.protocols)
    towers = {tower for each in config.measuring.runs for tower in each.txv_towers}
    trained_on = {t: learnt for t, learnt in config.learning.trained_on.items() if t in towers}
    has_training = any(part.split == "train" for part in embedded.sets)
    first = first_network(config.learning, embedded) if trained_on and has_training else None
    compute = Compute(device=embedded.encoder.device, memory_mb=config.ranking.memory_mb)
    tables: dict[Protocol, results.Results] = {}
    experiments: list[Experiment] = []
    for protocol in scope.protocols:
        own_run = (
            nullcontext() if not tables else tracking.step(protocol, doing=results.TITLES[protocol])
        )
        parts = divided(config.learning, embedded, protocol)
        with own_run:
            networks: Networks = {}
            if first is not None and parts.training:
                networks = train(config.learning.training, embedded, parts, first, trained_on)
            parts = parts.with_txv(networks)
            chooser = chooser_of(parts, networks, scale=config.measuring.scale, compute=compute)
            experiments.append(Experiment(embedded, parts, chooser))
            tables[protocol] = evaluate(config, experiments[-1])
    results.log_tables(embedded.corpus.name, tables)
    return experiments[0]


def evaluate(config: Evaluate, experiment: Experiment) -> results.Results:
    """Makes each of the runs an MLflow run nested in the active one.

    A run that nothing can be chosen for is left out, and a line says why.
    """
    measuring, (_, parts, chooser) = config.measuring, experiment
    runs = [each for each in measuring.runs if is_possible(each, parts, chooser)]
    _check_any(config, runs, why_untrained(parts))
    left_out = [each.variant for each in measuring.runs if each not in runs]
    if left_out and not parts.training:
        print(f"  left out: {', '.join(left_out)}, as {why_untrained(parts)}")
    measured: list[Measured] = []
    rankings: dict[str, dict[str, pd.DataFrame]] = {test.name: {} for test in parts.tests}
    with tracking.announced(f"evaluate-{parts.protocol}", doing=str(Evaluate.__doc__)):
        for each in runs:
            try:
                chooser.choose(each)
            except NewsImagesError as error:
                print(f"  run {each.number} {each.variant} is left out: {error}")
                continue
            measured += _evaluate_run(config, experiment, each, rankings)
    with tracking.announced(f"pictures-{parts.protocol}", doing="Draws contact sheets, figures."):
        picture = results.log_pictures(
            parts.tests, rankings, measured, sheet_articles=measuring.sheet_articles
        )
    table = results_table(measured, published(parts.protocol) if measuring.paper_corpus else None)
    return results.Results(table, picture)


def _evaluate_run(
    config: Evaluate,
    experiment: Experiment,
    each: Run,
    rankings: Mapping[str, dict[str, pd.DataFrame]],
) -> list[Measured]:
    """Ranks every test set in one run, and tracks what came out.

    Returns:
        The figures by test set; the lists are added to ``rankings``.
    """
    embedded, parts, chooser = experiment
    choice = chooser.choose(each)
    tags = {
        "variant": each.variant,
        "official_name": each.official_name,
        "protocol": parts.protocol,
        "family": each.family,
    }
    params = {
        **results.run_params(config.learning, embedded, each, choice),
        "top_k": TOP_K,
        "protocol": parts.protocol,
    }
    measured = []
    with tracking.nested(each.official_name, tags=tags, params=params):
        if len(choice.curve):
            tracking.log_table(choice.curve, "choice.csv")
        for test in parts.tests:
            retriever = chooser.retriever(each, test.gallery, chooser.bank_of(each, [test.queries]))
            ranking = retriever.rank(test.queries, top_k=TOP_K, against=each.against).table()
            rankings[test.name][each.variant] = ranking
            measured += _measure(config, each, test, ranking)
            if each.against == "bank":
                figures = results.certainty(retriever, test, name=test.name)
                mlflow.log_metrics({f"{test.name}/{key}": v for key, v in figures.items()})
        mlflow.set_tag(tracking.DESCRIPTION_TAG, results.run_description(each, measured))
        shown_mrr = ", ".join(f"{m.data_set} {m.metrics['mrr']:.3f}" for m in measured)
        print(f"  run {each.number} {each.variant}: MRR {shown_mrr or '-'}", flush=True)
    return measured


def _measure(
    config: Evaluate, each: Run, test: EmbeddedSet, ranking: pd.DataFrame
) -> list[Measured]:
    """Logs lists and metrics of one run on a test set; none where no right image is known."""
    tracking.log_data_set(test)
    tracking.log_table(ranking[list(RANKING_COLUMNS)], f"rankings/{test.name}.parquet")
    _log_submission(config, ranking, test)
    truth = test.truth()
    if not truth:
        print(f"  {test.name}: no right images are known, so nothing is measured")
        return []
    ranks = ranks_of_truth(ranking, truth)
    metrics = figures_of(ranks)
    mlflow.log_metrics({f"{test.name}/{metric}": v for metric, v in metrics.items()})
    return [
        Measured(
            data_set=test.name,
            run=each.number,
            variant=each.variant,
            metrics=metrics,
            mrr_interval=mrr_interval(ranks),
            ranks=ranks,
        )
    ]


def is_possible(each: Run, parts: Parts, chooser: Chooser) -> bool:
    """Whether all that the run rests on is there."""
    everything = (*parts.training, *parts.validation, *parts.tests)
    return (
        all(tower in chooser.networks for tower in each.txv_towers)
        and (not each.asks("multilingual") or all("multilingual" in p.towers for p in everything))
        and (each.revision is not None or bool(parts.validation))
    )


def _log_submission(config: Evaluate, ranking: pd.DataFrame, test: EmbeddedSet) -> None:
    """Logs the submission file; one that would be refused costs a notice, not the figures."""
    ids, articles = test.articles["article_id"], test.articles
    given = articles["scrambled_id"].fillna("") if "scrambled_id" in articles else [""] * len(ids)
    try:
        with tracking.artifact(f"submissions/{test.name}.tsv") as path:
            write_submission(
                path,
                ranking,
                form=config.measuring.submission_form,
                urls=dict(zip(ids, articles["url"], strict=True)),
                image_ids=test.images.ids.tolist(),
                scrambled_ids=dict(zip(ids, given, strict=True)),
            )
    except NewsImagesError as error:
        print(f"  {test.name}: no submission file. {error}")
