"""The histogram of ranks."""

import numpy as np

from newsimages.reports.figures.ranks import BINS, rank_histogram
from newsimages.reports.figures.variants import variant_styles
from tests.reports.figures.ranks_by_variant import ranks


def test_every_rank_is_in_its_bin() -> None:
    edges = np.array([1, 2, 3, 5, 6, 10, 11, 20, 21, 50, 51, 100, 101, np.inf])
    data = rank_histogram({"clip": edges}, name="RSS").data
    assert data["rank"].tolist() == list(BINS)
    assert data["articles"].tolist() == [1, 1, 2, 2, 2, 2, 2, 2]
    assert data["share"].sum() == 1


def test_bars_are_the_data_in_the_variants_colours() -> None:
    figure, data = rank_histogram(ranks(), name="RSS")
    styles = variant_styles(ranks())
    assert len(figure.axes) == len(ranks())
    for panel, (variant, part) in zip(
        figure.axes, data.groupby("variant", sort=False), strict=True
    ):
        assert panel.get_title(loc="left") == variant
        assert np.allclose([bar.get_height() for bar in panel.patches], part["share"])
        assert panel.patches[0].get_facecolor()[:3] == tuple(
            int(styles[str(variant)].colour[at : at + 2], 16) / 255 for at in (1, 3, 5)
        )
    assert len({panel.get_ylim() for panel in figure.axes}) == 1
