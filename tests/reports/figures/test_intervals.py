"""MRR with intervals."""

import numpy as np
import pytest

from newsimages.metrics.reciprocal_rank import mrr_interval, reciprocal_ranks
from newsimages.reports.figures.intervals import mrr_intervals
from tests.reports.figures.ranks_by_variant import ranks


def test_data_and_bars() -> None:
    sets = {"RSS": ranks(), "RT": ranks(50), "TW": {"clip": ranks(20)["clip"]}}
    figure, data = mrr_intervals(sets)
    assert len(data) == 13
    for row in data.to_dict("records"):
        of = sets[row["data set"]][row["variant"]]
        assert row["mrr"] == pytest.approx(reciprocal_ranks(of).mean())
        assert (row["low"], row["high"]) == mrr_interval(of)
        assert row["articles"] == len(of)
    titles = [panel.get_title(loc="left") for panel in figure.axes]
    assert titles == ["RSS (80 articles)", "RT (50 articles)", "TW (20 articles)"]
    bars = figure.axes[1].get_lines()[::2]
    of_rt = data[data["data set"] == "RT"]
    assert np.allclose([bar.get_xdata() for bar in bars], of_rt[["low", "high"]])
    assert len({panel.get_xlim() for panel in figure.axes}) == 1  # one scale
