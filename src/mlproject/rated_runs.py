"""The runs whose pictures people rate: names in, runs of MLflow's store and their lists out."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from newsimages.corpora import Corpus
from newsimages.encoding.models import AUTO
from newsimages.errors import NewsImagesError, first_ten, reason_of, shortened
from newsimages.lists import names_in
from newsimages.protocols.parts import Protocol

KEYS = "rating_keys"
"""The artifacts of a run that has made sheets that say what is on them."""
SHEET_TAG = "rating_sheet/{}"
"""The tag of such a run for the sheet of this id: its data set."""
RUN_ID = re.compile(r"[0-9a-f]{32}")
_MOST_RUNS = 500  # that are looked at for the newest of a corpus


def two_runs(variants: str, protocol: Protocol, corpus: Corpus) -> list[Run]:
    """The runs to compare.

    Args:
        variants: Two variants, names or ids of runs, separated by a comma; auto: the paper's best
            and the champion of the newest evaluation.
        protocol: Of runs that are named by their variant or name.
        corpus: Which they have ranked.

    Raises:
        NewsImagesError: There are no two such runs.
    """
    if variants == AUTO:
        runs = _leading(protocol, corpus)
    else:
        runs = [_run_named(name, protocol, corpus) for name in names_in(variants)]
    if runs[0].info.run_id == runs[1].info.run_id:
        raise NewsImagesError(
            f"variants={variants}: both are the run {runs[0].info.run_name}. Name two "
            "different runs."
        )
    return runs


def _leading(protocol: Protocol, corpus: Corpus) -> list[Run]:
    """The paper's best and the champion of the newest evaluation."""
    newest = next(_evaluated(protocol, corpus), None)
    if newest is None:
        raise NewsImagesError(_no_run("evaluation", protocol, corpus))
    parent = newest.data.tags.get("mlflow.parentRunId", "")
    tags = mlflow.get_run(parent).data.tags if parent else {}
    wanted = [tags.get(f"leading/{role}") for role in ("paper", "champion")]
    siblings = {
        each.data.tags["variant"]: each
        for each in _evaluated(protocol, corpus)
        if each.data.tags.get("mlflow.parentRunId") == parent
    }
    found = [siblings[variant] for variant in wanted if variant in siblings]
    if len(found) < 2:
        raise NewsImagesError(
            "variants=auto: the newest evaluation has not both a leading run of the paper and a "
            f"champion. Name two of its variants: {first_ten(sorted(siblings))}."
        )
    return found


def _run_named(name: str, protocol: Protocol, corpus: Corpus) -> Run:
    """The run of this id; else the newest of this variant or name."""
    if RUN_ID.fullmatch(name):
        try:
            return mlflow.get_run(name)
        except MlflowException as error:
            raise NewsImagesError(
                f"variants: there is no run {name}: {reason_of(error)}."
            ) from error
    for each in _evaluated(protocol, corpus):
        if name in (each.data.tags["variant"], each.info.run_name):
            return each
    raise NewsImagesError(_no_run(f"run {shortened(name)}", protocol, corpus))


def _no_run(what: str, protocol: Protocol, corpus: Corpus) -> str:
    return (
        f"The store has no finished {what} of the corpus {corpus.name} under protocol={protocol}. "
        "Run the entry point evaluate first, or set variants to ids of runs."
    )


def _evaluated(protocol: Protocol, corpus: Corpus) -> Iterator[Run]:
    """Yields the finished runs of variants on a corpus, the newest first."""
    found = mlflow.search_runs(
        search_all_experiments=True,
        filter_string=f"tags.protocol = '{protocol}' AND attributes.status = 'FINISHED'",
        order_by=["attributes.start_time DESC"],
        max_results=_MOST_RUNS,
        output_format="list",
    )
    for each in found:
        is_of = isinstance(each, Run) and each.data.params.get("corpus") == corpus.name
        if is_of and "variant" in each.data.tags:
            yield each


def rankings_of(run: Run) -> dict[str, pd.DataFrame]:
    """The lists of a run by data set. Raises: NewsImagesError where it has none."""
    try:
        return tables_in(run.info.run_id, "rankings")
    except (MlflowException, OSError) as error:
        raise NewsImagesError(
            f"{run.info.run_name} ({run.info.run_id}) has no rankings that can be read: "
            f"{reason_of(error)}. Name a run of a variant, as the entry point evaluate makes them."
        ) from error


def tables_in(run_id: str, folder: str) -> dict[str, pd.DataFrame]:
    """The Parquet files in a folder of a run's artifacts, by their names without ending."""
    with tempfile.TemporaryDirectory() as temporary:
        found = mlflow.artifacts.download_artifacts(
            run_id=run_id, artifact_path=folder, dst_path=temporary
        )
        return {path.stem: pd.read_parquet(path) for path in Path(found).glob("*.parquet")}
