"""Writes the tables of results in README.md and docs/ from the newest run of the demo.

`PYTHONPATH=src python tools/results.py`, in a folder with a store in which `main` has run on the
demo corpus (`make results` runs it first).
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import mlflow
import pandas as pd
from mlflow.entities import Run

from newsimages.reports.components import readable_components
from newsimages.reports.tables import markdown
from newsimages.runs.table import RUNS
from tools.pages import replace_block

ROOT = Path(__file__).resolve().parents[1]
PROTOCOLS = {
    "official": "A. Official protocol: trained and selected on the training sets, measured on the "
    "test sets",
    "internal": "B. Internal protocol: trained and selected inside 80 % of the training sets, "
    "measured on the other 20 %",
}
CERTAINTY = {
    "calibration_error": "calibration error",
    "none_fits_auroc": "AUROC of none_fits",
    "greatest_cosine_auroc": "AUROC of the greatest cosine",
}
COMMIT = "mlflow.source.git.commit"


def main() -> None:
    """Takes the newest finished run of `main` and writes both pages."""
    run = newest_main()
    tables = {protocol: table_of(run, protocol) for protocol in PROTOCOLS}
    about = (
        f"Written by `make results` at commit `{run.data.tags.get(COMMIT, 'unknown')[:7]}`: the "
        "demo corpus, 300 articles and 300 drawn pictures per test set."
    )
    told = "written by `make results`, not by hand"
    short = f"{about} MRR and, in brackets, Recall@10.\n\n{overview(tables['official'])}"
    replace_block(ROOT / "README.md", "results", told=told, content=short)
    full = [f"{heading}\n\n{markdown(tables[name])}" for name, heading in PROTOCOLS.items()]
    page = ROOT / "docs" / "runs-and-results.md"
    replace_block(page, "results", told=told, content="\n\n".join([about, *full]))
    sure = f"{about}\n\n{markdown(certainty(run))}"
    replace_block(page, "certainty", told=told, content=sure)
    brought = f"{about}\n\n{markdown(readable_components(components(run)))}"
    page = ROOT / "docs" / "explanations.md"
    replace_block(page, "components", told=told, content=brought)


def certainty(run: Run) -> pd.DataFrame:
    """How true the probabilities are of the runs against the bank, on the test sets."""
    own = f"tags.`mlflow.parentRunId` = '{run.info.run_id}'"
    children = mlflow.search_runs(
        search_all_experiments=True, filter_string=own, output_format="list"
    )
    variants = {child.data.tags.get("variant"): child.data.metrics for child in children}
    rows = []
    for each in RUNS:
        metrics = variants.get(each.variant, {})
        names = [name.split("/")[0] for name in metrics if name.endswith("/none_fits_auroc")]
        for name in sorted(names):
            figures = [metrics[f"{name}/{key}"] for key in CERTAINTY]
            rows.append((name, each.number, each.variant, *(f"{f:.3f}" for f in figures)))
    table = pd.DataFrame(rows, columns=["data set", "run", "variant", *CERTAINTY.values()])
    return table.sort_values(["data set", "run"], kind="stable")


def components(run: Run) -> pd.DataFrame:
    """What each component adds on the test sets, as the run has logged it."""
    return pd.read_csv(
        mlflow.artifacts.download_artifacts(
            run_id=run.info.run_id, artifact_path="figures/components.csv"
        )
    )


def newest_main() -> Run:
    """The newest finished run of the entry point `main` on the demo corpus.

    Raises:
        SystemExit: There is none.
    """
    runs: list[Run] = mlflow.search_runs(
        search_all_experiments=True,
        filter_string="tags.entry_point = 'main' and params.corpus = 'demo' "
        "and attributes.status = 'FINISHED'",
        output_format="list",
    )
    if not runs:
        raise SystemExit("No finished run of `main` on the demo: run `mlflow run .` here first.")
    return runs[0]  # the newest comes first


def table_of(run: Run, protocol: str) -> pd.DataFrame:
    """The table that the run has logged."""
    path = mlflow.artifacts.download_artifacts(
        run_id=run.info.run_id, artifact_path=f"results_{protocol}.csv"
    )
    return pd.read_csv(path)


def overview(table: pd.DataFrame) -> str:
    """A row per run, a column per test set."""
    cells = table.assign(
        figures=[
            f"{row['MRR']:.3f} ({row['R@10']:.3f})".replace("0.", ".")
            for _, row in table.iterrows()
        ]
    ).pivot_table(index="run", columns="data set", values="figures", aggfunc="first", sort=False)
    runs = {run.number: run for run in RUNS}
    rows = pd.DataFrame(
        {
            "run": [str(number) for number in cells.index],
            "variant": [f"`{runs[number].variant}`" for number in cells.index],
            "what ranks": [runs[number].words for number in cells.index],
            **{name: cells[name].tolist() for name in cells.columns},
        }
    )
    return markdown(rows)


if __name__ == "__main__":
    main()
