"""Recall@K over K."""

import numpy as np

from newsimages.reports.figures.recall import recall_curves
from newsimages.reports.figures.variants import variant_styles
from tests.reports.figures.ranks_by_variant import ranks


def test_data_by_hand() -> None:
    data = recall_curves({"clip": np.array([1, 3, 100, np.inf])}, name="RSS").data
    recall = data.set_index("k")["recall"]
    assert recall.loc[[1, 2, 3, 99, 100]].tolist() == [0.25, 0.25, 0.5, 0.5, 0.75]
    assert len(data) == 100


def test_lines_are_the_data_in_the_variants_looks() -> None:
    figure, data = recall_curves(ranks(), name="RSS")
    (panel,) = figure.axes
    styles = variant_styles(ranks())
    lines = {line.get_label(): line for line in panel.get_lines()}
    assert set(lines) == set(ranks())
    for variant, part in data.groupby("variant"):
        line = lines[variant]
        assert np.array_equal(line.get_xdata(), part["k"])
        assert np.array_equal(line.get_ydata(), part["recall"])
        assert (line.get_color(), line.get_marker()) == (
            styles[str(variant)].colour,
            styles[str(variant)].marker,
        )
    assert panel.get_xlabel()
    assert panel.get_ylabel()
    bottom, top = panel.get_ylim()
    assert bottom <= data["recall"].min()
    assert top >= data["recall"].max()
