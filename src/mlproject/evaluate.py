"""Entry point ``evaluate``: the paper's runs under a protocol, each an MLflow run."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

import mlflow
import pandas as pd

from mlproject import results, tracking
from mlproject.components import log_components
from mlproject.embed import (
    EmbeddedCorpus,
    load_encoders,
    multilingual_config,
    prepare_and_embed,
)
from mlproject.explaining import explain
from mlproject.handing_in import check_handing_in, hand_in, to_hand_in
from mlproject.options import (
    CaptionOptions,
    GalleryOptions,
    MeasuringOptions,
    MultilingualOptions,
    RankingOptions,
    SubmissionOptions,
)
from mlproject.preprocess import open_corpus
from mlproject.train import (
    MORE_ARTICLES,
    Train,
    add_choices,
    check_start,
    divided,
    first_network,
    planned,
    start_of,
    train,
)
from newsimages.corpora import Corpus, DataSet
from newsimages.corpora.caption_pairs import CaptionPairs
from newsimages.devices import Compute
from newsimages.encoding.encoders import OpenClipConfig
from newsimages.encoding.models import MULTILINGUAL
from newsimages.errors import NewsImagesError
from newsimages.metrics.metrics import figures_of, ranks_of_truth
from newsimages.metrics.reciprocal_rank import mrr_interval
from newsimages.protocols.embedded import EmbeddedSet
from newsimages.protocols.parts import Parts, Protocol
from newsimages.ranking.captions import n_captioned
from newsimages.ranking.ranking import RANKING_COLUMNS
from newsimages.ranking.spaces import Queries
from newsimages.reports.submission import check_cells, write_submission
from newsimages.reports.tables import Measured, results_table
from newsimages.runs.choice import Chooser, chooser_of
from newsimages.runs.leading import leading
from newsimages.runs.paper import published
from newsimages.runs.table import Run
from newsimages.txv.towers import Networks

TOP_K = 100
NO_CAPTIONS = "no image has one (captions=auto reads captions.csv beside the tables, IPTC and XMP)"
"""Why a run on captions is not made."""


@dataclass(frozen=True, kw_only=True)
class Evaluate(Train):
    """Ranks images for articles in each of the runs, and measures."""

    captioned: CaptionOptions = field(default_factory=CaptionOptions)
    multilingual: MultilingualOptions = field(default_factory=MultilingualOptions)
    ranking: RankingOptions = field(default_factory=RankingOptions)
    measuring: MeasuringOptions = field(default_factory=MeasuringOptions)
    submission: SubmissionOptions = field(default_factory=SubmissionOptions)
    serving: GalleryOptions = field(default_factory=GalleryOptions)


class Experiment(NamedTuple):
    """A corpus as a protocol divides it, and what its runs go by."""

    embedded: EmbeddedCorpus
    parts: Parts
    chooser: Chooser


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What of an evaluation can be made of a corpus, as far as reading it tells."""

    corpus: Corpus
    """Without its training sets where nothing wanted needs them."""
    parts: Mapping[Protocol, Parts]
    """The parts under each protocol that can be measured, as `planned`."""
    pairs: CaptionPairs | None
    """What T×V is pre-trained on, if it is."""

    @property
    def is_trained(self) -> bool:
        """Whether there is something to train on and choose by under any protocol."""
        return any(parts.training for parts in self.parts.values())


def run(config: Evaluate) -> None:
    """The entry point."""
    with tracking.entry_point(config):
        gallery = config.serving.own_gallery(config.scope.protocols)
        captions = wants_captions(config)
        corpus = open_corpus(config.articles.source, captions=captions, gallery=gallery)
        corpus = add_choices(config.learning, corpus)
        plan = plan_of(config, corpus)
        encoders = load_encoders(config.articles, plan.corpus, original_model(config, plan))
        check_start(config.learning, encoders.clip)
        embedded = prepare_and_embed(config.articles, plan.corpus, encoders)
        _, unmade = train_and_evaluate(config, embedded, plan.pairs)
        check_made(config, unmade)


def wants_captions(config: Evaluate) -> bool:
    """Whether the images' captions are to be read: they may be, and a run asks for them."""
    asked = any(each.asks("captions") for each in config.measuring.runs)
    return asked and config.captioned.captions == "auto"


def plan_of(config: Evaluate, corpus: Corpus) -> Plan:
    """Finds out what can be made, before any of the work, and says what cannot.

    Raises:
        NewsImagesError: There is no test set, where one is to be measured on; or too few training
            articles for the protocol, or for a run that is asked for by its name.
    """
    protocols, runs = config.scope.protocols, config.measuring.runs
    tests = tuple(data_set for data_set in corpus.data_sets if data_set.split == "test")
    if not tests and "official" in protocols:
        raise NewsImagesError(
            f"{corpus.folder} has no test set to measure on: name a table test.csv, use a file of "
            "the NewsImages test release, or set protocol=internal."
        )
    resting = [each for each in runs if each.needs_training]
    if protocols == ("official",) and not resting:
        corpus = replace(corpus, data_sets=tests)
    _check_captions(config, corpus)
    parts, left_out = _by_protocol(config, partial(planned, config.learning, corpus))
    for protocol, why in left_out.items():
        print(f"  protocol {protocol} is left out, as {why}")
    for protocol, own in parts.items():
        if resting and not own.training:
            unmade = {each.variant: own.why_untrained for each in resting}
            check_made(config, {protocol: unmade})
            print(f"\n  under protocol {protocol}:")
            _say_left_out(unmade)
    _check_submission(config, tests)
    plan = Plan(corpus=corpus, parts=parts, pairs=None)
    if plan.is_trained and any(each.txv_towers for each in runs):
        return replace(plan, pairs=start_of(config.learning, corpus))
    return plan


def _check_captions(config: Evaluate, corpus: Corpus) -> None:
    """Says which runs are left out for want of captions.

    Raises:
        NewsImagesError: One of them is asked for by its name.
    """
    asking = [each.variant for each in config.measuring.runs if each.asks("captions")]
    if not asking or any(each.captions for each in corpus.data_sets):
        return
    if any(each.variant in asking for each in config.measuring.named):
        raise NewsImagesError(
            f"variants={config.measuring.variants} needs captions of the images, but {NO_CAPTIONS}."
        )
    print(f"  left out: {', '.join(asking)}, as {NO_CAPTIONS}")


def _by_protocol(
    config: Evaluate, divided_by: Callable[[Protocol], Parts]
) -> tuple[dict[Protocol, Parts], dict[Protocol, str]]:
    """The parts under each protocol; and why internal, of both, is left out where it is."""
    parts: dict[Protocol, Parts] = {}
    left_out: dict[Protocol, str] = {}
    for protocol in config.scope.protocols:
        try:
            parts[protocol] = divided_by(protocol)
        except NewsImagesError as error:
            if protocol != "internal" or config.scope.protocol != "both":
                raise
            left_out[protocol] = str(error)
    return parts, left_out


def _say_left_out(unmade: Mapping[str, str]) -> None:
    """Says which runs are left out, and why."""
    for reason, variants in results.by_reason(unmade).items():
        print(f"  left out: {variants}, as {reason}")


def check_made(config: Evaluate, unmade: Mapping[Protocol, Mapping[str, str]]) -> None:
    """Raises: NewsImagesError where a run that was asked for by its name is not made.

    Args:
        config: Which runs are wanted.
        unmade: By protocol the reason why a variant is not made.
    """
    named = {each.variant for each in config.measuring.named}
    for protocol, reasons in unmade.items():
        missing = {variant: why for variant, why in reasons.items() if variant in named}
        for reason, variants in results.by_reason(missing).items():
            raise NewsImagesError(
                f"variants={config.measuring.variants}: {variants} cannot be made under "
                f"protocol={protocol}, as {reason}. {MORE_ARTICLES} Or leave these runs out; of "
                "variants=all or paper, what can be made is made."
            )


def original_model(config: Evaluate, plan: Plan) -> OpenClipConfig | None:
    """The model for articles as they were written, where a run asks for it and there is one.

    Raises:
        NewsImagesError: There is none, and a run is asked for by its name that cannot do without;
            as `multilingual_config`.
    """
    measuring = config.measuring
    asked = [each for each in measuring.runs if each.asks("multilingual")]
    if not asked or not plan.is_trained:
        return None  # all that ask for it choose by training articles
    asking = [each.variant for each in asked if "multilingual" not in each.may_lack]
    model = multilingual_config(config.multilingual, config.articles.encoder, plan.corpus)
    if model is None and asking:
        example = f"e.g. multilingual_backbone={MULTILINGUAL[0]}"
        if any(each.variant in asking for each in measuring.named):
            raise NewsImagesError(
                f"variants={measuring.variants} needs a multilingual model, but none is named. "
                f"Set multilingual_backbone, {example}."
            )
        print(f"  no multilingual_backbone ({example}): {', '.join(asking)} are left out")
    return model


def train_and_evaluate(
    config: Evaluate, embedded: EmbeddedCorpus, pairs: CaptionPairs | None
) -> tuple[Experiment, dict[Protocol, dict[str, str]]]:
    """Divides, trains and measures under each protocol; the active run gets the tables.

    The runs of the first protocol are nested in the active run, those of a second one in a run of
    its own below it.

    Returns:
        What the first protocol's runs went by; and by protocol, why variants were not made.

    Raises:
        NewsImagesError: A protocol measures on training articles, but there are too few.
    """
    parts_of, left_out = _by_protocol(config, partial(divided, config.learning, embedded))
    towers = {tower for each in config.measuring.runs for tower in each.txv_towers}
    trained_on = {t: learnt for t, learnt in config.learning.trained_on.items() if t in towers}
    has_training = any(parts.training for parts in parts_of.values())
    is_trained = trained_on and has_training
    first = first_network(config.learning, embedded, pairs) if is_trained else None
    compute = Compute(device=embedded.encoder.device, memory_mb=config.ranking.memory_mb)
    tables: dict[Protocol, results.Results] = {}
    experiments: list[Experiment] = []
    for protocol, parts in parts_of.items():
        own_run = (
            nullcontext() if not tables else tracking.step(protocol, doing=results.TITLES[protocol])
        )
        with own_run:
            networks: Networks = {}
            if first is not None and parts.training:
                networks = train(config.learning.training, embedded, parts, first, trained_on)
            own = parts.with_txv(networks)
            chooser = chooser_of(own, networks, scale=config.measuring.scale, compute=compute)
            experiments.append(Experiment(embedded, own, chooser))
            tables[protocol] = evaluate(config, experiments[-1])
    if config.measuring.components:
        _add_components(config, experiments[0], tables)
    results.log_tables(embedded.corpus.name, tables, left_out)
    return experiments[0], {protocol: dict(own.unmade) for protocol, own in tables.items()}


def _add_components(
    config: Evaluate, experiment: Experiment, tables: dict[Protocol, results.Results]
) -> None:
    """Adds what components bring to the results of an experiment's protocol."""
    embedded, parts, chooser = experiment
    own = tables[parts.protocol]
    runs = [each.on(parts.towers) for each in config.measuring.runs]
    made = [each for each in runs if each.variant not in own.unmade]
    said = log_components(config.articles, embedded, parts, chooser, made)
    tables[parts.protocol] = own._replace(picture="\n\n".join(filter(None, [own.picture, said])))


def evaluate(config: Evaluate, experiment: Experiment) -> results.Results:
    """Makes each of the runs an MLflow run nested in the active one.

    A run that nothing can be chosen for is left out, and a line says why.
    """
    measuring, (embedded, parts, chooser) = config.measuring, experiment
    measured: list[Measured] = []
    rankings: dict[str, dict[str, pd.DataFrame]] = {test.name: {} for test in parts.tests}
    unmade: dict[str, str] = {}
    runs = [each.on(parts.towers) for each in measuring.runs]
    with tracking.announced(f"evaluate-{parts.protocol}", doing=str(Evaluate.__doc__)):
        for each in runs:
            if reason := why_impossible(each, parts, chooser):
                unmade[each.variant] = reason
                continue
            try:
                banks = {t.name: chooser.bank_of(each, [t.queries]) for t in parts.tests}
            except NewsImagesError as error:
                unmade[each.variant] = str(error).rstrip(".")
                continue
            measured += _evaluate_run(config, experiment, each, banks, rankings)
        _say_left_out(unmade)
    ahead = leading(chooser, [each for each in runs if each.variant not in unmade])
    explained = explain(config.articles, measuring, *experiment, ahead=ahead, rankings=rankings)
    with tracking.announced(f"pictures-{parts.protocol}", doing="Draws contact sheets, figures."):
        picture = results.log_pictures(
            parts.tests,
            rankings,
            measured,
            ahead=ahead,
            explained=explained,
            sheet_articles=measuring.sheet_articles,
        )
    if parts.protocol == "official":
        made = [each for each in runs if each.variant not in unmade]
        handed = to_hand_in(measuring.named, ahead, made)
        encoders = embedded.encoders
        hand_in(config.submission, parts.tests, chooser, handed, rankings, encoders=encoders)
    table = results_table(measured, published(parts.protocol) if measuring.paper_corpus else None)
    results.log_headline(ahead, measured)
    return results.Results(table, picture, unmade, ahead)


def _evaluate_run(
    config: Evaluate,
    experiment: Experiment,
    each: Run,
    banks: Mapping[str, Queries | None],
    rankings: Mapping[str, dict[str, pd.DataFrame]],
) -> list[Measured]:
    """Ranks every test set in one run, by its query bank if it has one, and tracks what came out.

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
    with tracking.nested(each.short_name, tags=tags, params=params):
        if len(choice.curve):
            tracking.log_table(choice.curve, "choice.csv")
        for test in parts.tests:
            retriever = chooser.retriever(each, test.gallery, banks[test.name])
            ranking = retriever.rank(test.queries, top_k=TOP_K, against=each.against).table()
            rankings[test.name][each.variant] = ranking
            measured += _measure(config, each, test, ranking)
            if each.against == "bank":
                figures = results.certainty(retriever, test, name=test.name)
                mlflow.log_metrics({f"{test.name}/{key}": v for key, v in figures.items()})
        tracking.describe(results.run_description(each, measured))
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


def why_impossible(each: Run, parts: Parts, chooser: Chooser) -> str:
    """Why a run cannot be made, as something that it rests on is not there; "" where it can."""
    if each.needs_training and not parts.training:
        return parts.why_untrained
    if reason := _why_no_view(each, parts):
        return reason
    if not all(tower in chooser.networks for tower in each.txv_towers):
        return "its T×V network is not trained"
    try:
        chooser.choose(each)
    except NewsImagesError as error:
        return str(error).rstrip(".")
    return ""


def _why_no_view(each: Run, parts: Parts) -> str:
    """Why the corpus has not all views of a run, T×V's aside; "" where it has."""
    if each.asks("multilingual") and "multilingual" not in parts.towers:
        return "no multilingual_backbone is named"
    if not each.asks("captions"):
        return ""
    if "captions" not in parts.towers:
        return NO_CAPTIONS
    n_seen = sum(n_captioned(part.gallery["captions"]) for part in parts.validation)
    return "" if n_seen else "no image that runs are chosen by has a caption"


def _log_submission(config: Evaluate, ranking: pd.DataFrame, test: EmbeddedSet) -> None:
    """Logs the submission file; one that would be refused costs a notice, not the figures."""
    if config.submission.lists is None:
        return
    urls, scrambled_ids = _addresses(test.articles)
    try:
        with tracking.artifact(f"submissions/{test.name}.tsv") as path:
            write_submission(
                path,
                ranking,
                form=config.submission.lists,
                urls=urls,
                image_ids=test.images.ids.tolist(),
                scrambled_ids=scrambled_ids,
            )
    except NewsImagesError as error:
        print(f"  {test.name}: no submission file. {error}")


def _check_submission(config: Evaluate, tests: Sequence[DataSet]) -> None:
    """Says of which test sets no submission file can be written.

    Raises:
        NewsImagesError: As `check_handing_in`, where pictures are handed in.
    """
    form = config.submission.lists
    if form is None:
        handed = tests if "official" in config.scope.protocols else ()
        check_handing_in(config.submission, handed, len(config.measuring.named) or 1)
        return
    for test in tests:
        urls, scrambled_ids = _addresses(test.articles)
        try:
            check_cells(form, urls, test.images["image_id"].tolist(), scrambled_ids)
        except NewsImagesError as error:
            tracking.not_made(f"submissions/{test.name}", str(error))


def _addresses(articles: pd.DataFrame) -> tuple[dict[str, str], dict[str, str]]:
    """The urls of articles and their scrambled ids, by id; "" where there is none."""
    ids = articles["article_id"]
    given = articles["scrambled_id"].fillna("") if "scrambled_id" in articles else [""] * len(ids)
    return dict(zip(ids, articles["url"], strict=True)), dict(zip(ids, given, strict=True))
