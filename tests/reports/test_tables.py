"""Tables of results, alone and beside the paper's."""

import numpy as np
import pandas as pd
import pytest

from newsimages.metrics.metrics import METRICS
from newsimages.reports.tables import Measured, markdown, results_table
from newsimages.runs.paper import published


def measured(data_set: str, run: int, mrr: float) -> Measured:
    return Measured(
        data_set=data_set,
        run=run,
        variant=f"v{run}",
        metrics={**dict.fromkeys(METRICS, 0.5), "mrr": mrr},
        mrr_interval=(mrr - 0.1, mrr + 0.1),
        ranks=np.array([1.0]),
    )


def test_rows_are_ordered_by_data_set_and_run() -> None:
    table = results_table(
        [measured("TW", 1, 0.3), measured("RSS", 2, 0.4), measured("RSS", 1, 0.2)]
    )
    assert table["data set"].tolist() == ["RSS", "RSS", "TW"]
    assert table["MRR"].tolist() == [0.2, 0.4, 0.3]
    assert table["MRR 95 %"][1] == "0.300–0.500"
    assert "figures" not in table.columns


def test_published_figures_stand_beside_ours_with_the_difference() -> None:
    table = results_table(
        [measured("RT", 4, 0.33), measured("other", 4, 0.33)], published("official")
    )
    assert table["figures"].tolist() == ["ours", "paper", "difference", "ours"]
    assert table["MRR"].tolist() == pytest.approx([0.33, 0.31039, 0.33 - 0.31039, 0.33])
    assert table["R@100"][1] == 0.82333


def test_markdown_is_aligned() -> None:
    lines = markdown(pd.DataFrame({"a": ["x", "long"], "b": [0.5, 0.25]})).splitlines()
    assert lines == [
        "| a    | b       |",
        "| ---- | ------- |",
        "| x    | 0.50000 |",
        "| long | 0.25000 |",
    ]


def test_the_papers_tables_are_complete() -> None:
    for protocol in ("official", "internal"):
        assert set(published(protocol)) == {
            (s, r) for s in ("RSS", "RT", "TW") for r in range(1, 6)
        }
    assert published("internal")["RSS", 4]["mrr"] == 0.8147
