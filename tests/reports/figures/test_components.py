"""Bars of what components add."""

from newsimages.reports.figures.components import component_bars
from tests.reports.test_components import TABLE


def test_a_bar_and_an_interval_per_component() -> None:
    figure, data = component_bars(TABLE)
    assert data is TABLE
    rss, rt = figure.axes
    assert [bar.get_width() for bar in rss.patches] == TABLE["added"].tolist()[:3]
    assert len({bar.get_facecolor() for bar in rss.patches[:2]}) == 2
    assert list(rss.get_lines()[0].get_xdata()) == [0.05, 0.2]
    assert [panel.get_title(loc="left") for panel in (rss, rt)] == [
        "RSS: 0.500 → 0.580",
        "RT: 0.250 → 0.500",
    ]
    assert rss.get_xlim() == rt.get_xlim()
    assert [label.get_text() for label in rss.get_yticklabels()] == [
        *("T×V", "query bank", "translation")
    ]
