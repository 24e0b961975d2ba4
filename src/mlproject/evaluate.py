"""Entry point ``evaluate``: the paper's runs on every test set, each an MLflow run."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import mlflow
import pandas as pd

from mlproject import tracking
from mlproject.embed import Embed, EmbeddedCorpus, EmbeddedSet, embed, encoder_config
from mlproject.preprocess import Preprocess, open_corpus, preprocess
from newsimages import submission
from newsimages.corpora import Corpus
from newsimages.devices import resolve_device
from newsimages.errors import NewsImagesError
from newsimages.metrics import measure
from newsimages.ranking import rank
from newsimages.report import markdown, results_table
from newsimages.revision import Revision, checked_scale
from newsimages.runs import RUNS, Run

TOP_K = 100


@dataclass(frozen=True, kw_only=True)
class Evaluate(Embed):
    """Ranks the images of every test set for its articles, in each of the runs, and measures."""

    scale: float = 1.0
    """The factor in front of the similarities in dual softmax (the paper: 1)."""
    memory_mb: int = 512
    """MiB that ranking may take beyond its inputs and outputs."""
    submission_form: submission.Form = "2023"
    """The year whose submission form is written: 2021 or 2023."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on a scale or budget that is not above 0."""
        checked_scale(self.scale)
        if self.memory_mb < 1:
            raise NewsImagesError(f"memory_mb is {self.memory_mb}, expected 1 MiB or more.")


Figures = dict[tuple[str, int, str], Mapping[str, float]]


def run(config: Evaluate) -> None:
    """The entry point."""
    with tracking.entry_point(config, doing=str(Evaluate.__doc__)):
        corpus = only_tests(open_corpus(config))
        model = encoder_config(config, corpus)
        with tracking.step("preprocess", doing=str(Preprocess.__doc__)):
            prepared = preprocess(config, corpus)
        with tracking.step("embed", doing=str(Embed.__doc__)):
            embedded = embed(config, model, prepared)
        print(f"\n{markdown(evaluate(config, embedded))}\n")


def only_tests(corpus: Corpus) -> Corpus:
    """The corpus without its training sets.

    Raises:
        NewsImagesError: It has no test set.
    """
    tests = tuple(data_set for data_set in corpus.data_sets if data_set.split == "test")
    if not tests:
        raise NewsImagesError(
            f"{corpus.folder} has no test set to measure on: name a table test.csv, or "
            "use a file of the NewsImages test release."
        )
    return replace(corpus, data_sets=tests)


def evaluate(config: Evaluate, embedded: EmbeddedCorpus) -> pd.DataFrame:
    """Makes each run of the paper a run nested in the active one, which gets the table of all.

    Returns:
        One row per test set and run, as `newsimages.report.results_table`.
    """
    tests = [part for part in embedded.sets if part.prepared.data_set.split == "test"]
    for part in tests:
        tracking.log_data_set(part.prepared.data_set, embedded.corpus.folder)
    figures: Figures = {}
    with tracking.announced("evaluate", doing=str(Evaluate.__doc__)):
        for paper_run in RUNS:
            with tracking.variant(
                paper_run.official_name,
                tags={"variant": paper_run.variant, "official_name": paper_run.official_name},
                params=_params(config, embedded, paper_run),
            ):
                for part in tests:
                    tracking.log_data_set(part.prepared.data_set, embedded.corpus.folder)
                    figures.update(_evaluate_run(config, paper_run, part))
                tracking.describe(_description(paper_run, figures))
    table = results_table(figures)
    tracking.log_table(table, "results.csv")
    mlflow.log_text(markdown(table) + "\n", "results.md")
    tracking.describe(f"The paper's runs on {embedded.corpus.name}.\n\n{markdown(table)}")
    return table


def _evaluate_run(config: Evaluate, paper_run: Run, part: EmbeddedSet) -> Figures:
    """Ranks a test set in one run and logs lists and metrics.

    Returns:
        The metrics under test set and run; nothing where no right image is known.
    """
    data_set = part.prepared.data_set
    ranking = rank(
        part.titles,
        part.images,
        revision=Revision(method=paper_run.revision, scale=config.scale),
        top_k=TOP_K,
        memory_mb=config.memory_mb,
        device=resolve_device(config.device),
    ).table()
    tracking.log_table(ranking, f"rankings/{data_set.name}.parquet")
    _log_submission(config, ranking, part)
    known = data_set.articles.dropna(subset="image_id")
    if known.empty:
        print(f"  {data_set.name}: no right images are known, so nothing is measured")
        return {}
    metrics = measure(ranking, dict(zip(known["article_id"], known["image_id"], strict=True)))
    mlflow.log_metrics({f"{data_set.name}/{metric}": v for metric, v in metrics.items()})
    return {(data_set.name, paper_run.number, paper_run.variant): metrics}


def _log_submission(config: Evaluate, ranking: pd.DataFrame, part: EmbeddedSet) -> None:
    """Logs the submission file; one that would be refused costs a notice, not the figures."""
    data_set = part.prepared.data_set
    try:
        tracking.log_submission(
            ranking,
            f"submissions/{data_set.name}.tsv",
            form=config.submission_form,
            urls=dict(zip(data_set.articles["article_id"], data_set.articles["url"], strict=True)),
            image_ids=part.images.ids.tolist(),
        )
    except NewsImagesError as error:
        print(f"  {data_set.name}: no submission file. {error}")


def _params(config: Evaluate, embedded: EmbeddedCorpus, paper_run: Run) -> dict[str, Any]:
    return {
        "run_number": paper_run.number,
        "retriever": paper_run.retriever,
        "text_field": paper_run.text_field,
        "revision": paper_run.revision,
        "scale": config.scale,
        "top_k": TOP_K,
        "corpus": embedded.corpus.name,
        "backbone": embedded.encoder.backbone,
        "pretrained": embedded.encoder.pretrained,
        "precision": embedded.encoder.precision,
    }


def _description(paper_run: Run, figures: Figures) -> str:
    own = {key: metrics for key, metrics in figures.items() if key[1] == paper_run.number}
    return (
        f"Run {paper_run.number} of the paper: {paper_run.retriever} on the "
        f"{paper_run.text_field}, revision {paper_run.revision}.\n\n{markdown(results_table(own))}"
    )
