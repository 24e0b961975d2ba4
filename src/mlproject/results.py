"""The tables of an evaluation: artifacts, the terminal and the run's description."""

from collections.abc import Mapping
from typing import NamedTuple

import mlflow
import pandas as pd

from mlproject import tracking
from newsimages.protocols.parts import Protocol
from newsimages.reports.tables import markdown

MAX_DESCRIPTION = 8000
"""Characters that MLflow keeps of a run's description; the tables are artifacts as well."""
TITLES: dict[Protocol, str] = {
    "official": "A. Official protocol: trained and selected on the training sets, measured on the "
    "test sets",
    "internal": "B. Internal protocol: trained and selected inside 80 % of the training sets, "
    "measured on the other 20 %",
    "time": "Internal protocol by time: as B, measured on the newest 20 %",
}


class Results(NamedTuple):
    """What an evaluation came to."""

    table: pd.DataFrame
    """One row per test set and run, as `newsimages.reports.tables.results_table`."""
    words: str
    """A picture of all runs, in Markdown."""


def log_tables(corpus: str, tables: Mapping[Protocol, Results]) -> None:
    """Logs each protocol's table, shows it on the terminal and in the run's description."""
    shown, described = [], [f"The paper's runs on {corpus}."]
    for protocol, (table, words) in tables.items():
        tracking.log_table(table, f"results_{protocol}.csv")
        mlflow.log_text(f"## {TITLES[protocol]}\n\n{markdown(table)}\n", f"results_{protocol}.md")
        shown.append(f"{TITLES[protocol]}\n\n{markdown(table)}")
        described += [words, shown[-1]]
    if {"internal", "time"} <= set(tables):
        shown.append(_optimism(tables["internal"].table, tables["time"].table))
        mlflow.log_text(shown[-1] + "\n", "results_optimism.md")
    print("\n" + "\n\n".join(shown) + "\n")
    tracking.describe("\n\n".join(described)[:MAX_DESCRIPTION])


def _optimism(random: pd.DataFrame, by_time: pd.DataFrame) -> str:
    """How much better the same runs look on a random split than on the newest articles."""
    keys = ["data set", "run", "variant"]
    both = random.merge(by_time, on=keys, suffixes=("", " (newest)"))[
        [*keys, "MRR", "MRR (newest)"]
    ]
    both["random − newest"] = both["MRR"] - both["MRR (newest)"]
    mean = both["random − newest"].mean()
    return (
        "How much more optimistic the random split is than measuring on the newest articles: MRR "
        f"{mean:+.4f} on average over runs and data sets.\n\n{markdown(both)}"
    )
