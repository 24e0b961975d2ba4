"""What people have rated: their tables in, mean ratings, strengths and tests with the runs out."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.entities import LifecycleStage, Run
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode

from mlproject import tracking
from mlproject.rated_runs import KEYS, RUN_ID, SHEET_TAG, tables_in
from newsimages.metrics.rating_tables import Ratings, SheetKey, read_ratings
from newsimages.metrics.ratings import mean_ratings, pairs_table, strengths, strengths_table
from newsimages.reports.figures.strengths import run_strengths
from newsimages.reports.rated import rated_markdown, rated_sentences
from newsimages.reports.rating_sheet.pairs import SAME
from newsimages.reports.spreadsheet import spreadsheet_csv

MEANS = ["run", "articles", "ratings", "mean", "low", "high"]
STRENGTHS = ["run", "strength", "low", "high", "group"]


def read(folder: Path) -> tuple[Ratings, dict[str, Run]]:
    """What was rated, with the names of runs in place of their ids; and the runs by these names.

    Raises:
        NewsImagesError: As `read_ratings`.
    """
    ratings = read_ratings(folder, key_of)
    preferences, scores = ratings.preferences, ratings.scores
    named = {*preferences["run"], *preferences["against"], *scores["run"]}
    ids = sorted(name for name in named if RUN_ID.fullmatch(name))
    runs = _named(list(filter(None, map(_run_there, ids))))
    names = {run_id: f"run {run_id[:6]}" for run_id in ids}
    names |= {each.info.run_id: name for name, each in runs.items()}
    columns = ["run", "against"]
    renamed = replace(
        ratings,
        scores=scores.assign(run=scores["run"].replace(names)),
        preferences=preferences.assign(**{c: preferences[c].replace(names) for c in columns}),
    )
    return renamed, runs


def _run_there(run_id: str) -> Run | None:
    """The run; None, with a word on it, where it was deleted since its pictures were shown."""
    try:
        run = mlflow.get_run(run_id)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
            raise
    else:
        if run.info.lifecycle_stage == LifecycleStage.ACTIVE:
            return run
    print(f"  the run {run_id} is gone: what was rated of it is logged with this run alone")
    return None


def _named(runs: Sequence[Run]) -> dict[str, Run]:
    """Runs by their variants; by the beginning of their ids, too, where several are of one."""
    variants = [each.data.tags.get("variant", each.info.run_name or "") for each in runs]
    return {
        name if variants.count(name) == 1 else f"{name} {each.info.run_id[:6]}": each
        for name, each in zip(variants, runs, strict=True)
    }


def key_of(sheet: str) -> SheetKey | None:
    """The key of a sheet that a run of this store has made; None where there is none."""
    tag = SHEET_TAG.format(sheet)
    found = mlflow.search_runs(
        search_all_experiments=True,
        filter_string=f"tags.`{tag}` LIKE '%'",
        order_by=["attributes.start_time DESC"],
        max_results=1,
        output_format="list",
    )
    if not found or not isinstance(found[0], Run):
        return None
    name = found[0].data.tags[tag]
    key = tables_in(found[0].info.run_id, KEYS)[name]
    n_same = int((key["note"] == SAME).sum())
    print(
        f"  sheet {sheet}: {name}; both runs chose the same picture for {n_same} of {len(key)} "
        "articles, which were not rated"
    )
    return SheetKey(sheet=sheet, data_set=name, pairs=key[key["pair"] > 0])


def log_ratings(ratings: Ratings, runs: Mapping[str, Run]) -> None:
    """Logs mean ratings, strengths and tests to the active run and to the runs that were rated.

    Args:
        ratings: Of named runs.
        runs: Those of the store, by these names.
    """
    if ratings.n_replaced:
        print(f"  {ratings.n_replaced} ratings are left out, as the raters gave them anew later")
    described: list[str] = []
    fitted: dict[str, pd.DataFrame] = {}
    tables: dict[str, list[pd.DataFrame]] = {}
    for name in sorted({*ratings.scores["data_set"], *ratings.preferences["data_set"]}):
        scores, preferences = (
            table[table["data_set"] == name] for table in (ratings.scores, ratings.preferences)
        )
        own = tables_of(scores, preferences)
        if len(preferences):
            fitted[name] = own["strengths"]
        for key, table in own.items():
            tables.setdefault(key, []).append(table.assign(**{"data set": name}))
        _log_counts(name, scores, preferences)
        for label, each in runs.items():
            _log_to(each, name, label, own)
        said = "\n".join(f"- {each}" for each in rated_sentences(own["pairs"]))
        described.append(f"## {name}\n\n{said}\n\n{rated_markdown(**own)}")
    for key, parts in tables.items():
        tracking.log_table(pd.concat(parts, ignore_index=True), f"ratings/{key}.csv")
    picture = ""
    if fitted:
        tracking.log_drawing(run_strengths(fitted), "strengths")
        picture = tracking.picture("strengths", "Strengths of the runs")
    text = "\n\n".join(described)
    mlflow.log_text(text + "\n", "ratings/ratings.md")
    tracking.describe(f"What people have rated.\n\n{picture}\n\n{text}")
    print("\n" + text + "\n")


def tables_of(scores: pd.DataFrame, preferences: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The tables of a data set: means, strengths and pairs; without rows where nothing is rated."""
    means = mean_ratings(scores) if len(scores) else pd.DataFrame(columns=MEANS)
    if preferences.empty:
        return {
            "means": means,
            "strengths": pd.DataFrame(columns=STRENGTHS),
            "pairs": pd.DataFrame(columns=["run", "against"]),
        }
    return {
        "means": means,
        "strengths": strengths_table(strengths(preferences)),
        "pairs": pairs_table(scores, preferences),
    }


def _log_counts(name: str, scores: pd.DataFrame, preferences: pd.DataFrame) -> None:
    both = pd.concat([scores[["rater", "article_id"]], preferences[["rater", "article_id"]]])
    numbers = {
        "raters": both["rater"].nunique(),
        "articles_rated": both["article_id"].nunique(),
        "scores": len(scores),
        "preferences": len(preferences),
    }
    mlflow.log_metrics({f"{_in_metrics(name)}/{key}": value for key, value in numbers.items()})


def _in_metrics(name: str) -> str:
    """A name as far as those of metrics may hold it; that of a survey may be anything."""
    return re.sub(r"[^\w. :-]", "_", name)[:60]


def _log_to(each: Run, name: str, label: str, tables: Mapping[str, pd.DataFrame]) -> None:
    """Logs to a run what was rated of it: ``RSS/rating``, ``RSS/strength``, ``RSS/p_against/X``."""
    client, run_id = mlflow.MlflowClient(), each.info.run_id
    metrics: dict[str, float] = {}
    for key, table, column in (
        ("rating", tables["means"], "mean"),
        ("strength", tables["strengths"], "strength"),
    ):
        for _, row in table[table["run"] == label].iterrows():
            metrics |= {key: row[column], f"{key}_low": row["low"], f"{key}_high": row["high"]}
    pairs = tables["pairs"]
    pairs = pairs[(pairs["run"] == label) | (pairs["against"] == label)]
    for _, row in pairs.iterrows():
        other = row["against"] if row["run"] == label else row["run"]
        metrics[f"p_against/{_in_metrics(other)}"] = row["p corrected"]
    for key, value in metrics.items():
        client.log_metric(run_id, f"{_in_metrics(name)}/{key}", float(value))
    if metrics:
        client.log_text(run_id, spreadsheet_csv(pairs), f"ratings/{_in_metrics(name)}.csv")
