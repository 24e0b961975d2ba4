"""What the runs show to people who would rather look than read, as artifacts of the active run."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import mlflow
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mlproject import tracking
from newsimages.errors import first_ten
from newsimages.metrics.comparison import compare
from newsimages.protocols.embedded import EmbeddedSet
from newsimages.reports.comparison import (
    comparison_html,
    comparison_markdown,
    comparison_sentences,
)
from newsimages.reports.contact_sheet.sheet import contact_sheet
from newsimages.reports.figures.canvas import Drawing
from newsimages.reports.figures.hubness import hubness
from newsimages.reports.figures.intervals import mrr_intervals
from newsimages.reports.figures.ranks import rank_histogram
from newsimages.reports.figures.recall import recall_curves
from newsimages.reports.tables import Measured


@dataclass(frozen=True, kw_only=True)
class Shown:
    """All variants on one test set."""

    test: EmbeddedSet
    rankings: dict[str, pd.DataFrame]
    """Lists by variant."""


def log_pictures(
    shown: Sequence[Shown], measured: Sequence[Measured], *, sheet_articles: int
) -> str:
    """Logs a contact sheet and figures per test set, and the comparison of all variants.

    Args:
        shown: The test sets.
        measured: The figures of every run that was measured, in the runs' order.
        sheet_articles: Articles on a contact sheet, at most; 0 makes none.

    Returns:
        A picture of the MRR in Markdown, for the run's description; "" where nothing was measured.
    """
    ranks: dict[str, dict[str, NDArray[np.float64]]] = {}
    for item in measured:
        ranks.setdefault(item.data_set, {})[item.variant] = item.ranks
    for each in shown:
        if sheet_articles:
            _log_sheet(each, sheet_articles)
        name = each.test.name
        log_drawing(hubness(each.rankings, each.test.images.ids, name=name), f"{name}/hubness")
        if name in ranks:
            log_drawing(recall_curves(ranks[name], name=name), f"{name}/recall")
            log_drawing(rank_histogram(ranks[name], name=name), f"{name}/ranks")
    if not ranks:
        return ""
    log_drawing(mrr_intervals(ranks), "mrr")
    _log_comparison(ranks)
    return _picture("figures/mrr.png", "MRR of all variants")


def log_drawing(drawing: Drawing, name: str) -> None:
    """Logs a figure as ``figures/NAME.png`` and what it shows as ``figures/NAME.csv``."""
    mlflow.log_figure(drawing.figure, f"figures/{name}.png")
    tracking.log_table(drawing.data, f"figures/{name}.csv")


def _log_sheet(each: Shown, max_articles: int) -> None:
    test = each.test
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{test.name}.html"
        sheet = contact_sheet(
            path,
            name=test.name,
            articles=test.articles,
            rankings=each.rankings,
            image_paths=test.files,
            max_articles=max_articles,
        )
        mlflow.log_artifact(str(path), "contact_sheets")
    left_out = f" of {sheet.n_articles}" if sheet.n_shown < sheet.n_articles else ""
    print(
        f"  contact sheet of {test.name}: {sheet.n_shown}{left_out} articles, "
        f"{sheet.n_bytes / 1e6:.1f} MB"
    )
    if sheet.unreadable:
        print(f"  without a picture: {first_ten(list(sheet.unreadable))}")


def _log_comparison(ranks: Mapping[str, Mapping[str, NDArray[np.float64]]]) -> None:
    several = {name: own for name, own in ranks.items() if len(own) > 1}
    if not several:
        return
    table = compare(several)
    sentences = "\n".join(f"- {sentence}" for sentence in comparison_sentences(table))
    tracking.log_table(table, "comparison.csv")
    mlflow.log_text(comparison_html(table), "comparison.html")
    mlflow.log_text(f"{sentences}\n\n{comparison_markdown(table)}\n", "comparison.md")


def _picture(artifact: str, title: str) -> str:
    """An artifact of the active run as a picture in its description."""
    run = mlflow.active_run()
    run_id = run.info.run_id if run else ""
    return f"![{title}](get-artifact?path={quote(artifact, safe='')}&run_uuid={run_id})"
