"""Strengths of runs with intervals."""

import numpy as np
import pandas as pd

from newsimages.reports.figures.strengths import MOST, run_strengths


def table(n: int) -> pd.DataFrame:
    strength = np.linspace(1, -1, n)
    return pd.DataFrame(
        {
            "run": [f"run $x_{i}$" for i in range(n)],
            "strength": strength,
            "low": strength - 0.5,
            "high": strength + 0.25,
            "group": 1,
        }
    )


def test_data_and_bars() -> None:
    figure, data = run_strengths({"RSS": table(3), "survey": table(MOST + 5)})
    assert data.groupby("data set").size().to_dict() == {"RSS": 3, "survey": MOST}
    first, second = figure.axes
    assert [panel.get_title(loc="left") for panel in (first, second)] == ["RSS", "survey"]
    bars = [line for line in first.get_lines() if line.get_linewidth() == 2.2]
    assert np.allclose([bar.get_xdata() for bar in bars], table(3)[["low", "high"]])
    assert first.get_xlim() == second.get_xlim()
    assert first.get_ylim()[0] > first.get_ylim()[1]  # the strongest on top
