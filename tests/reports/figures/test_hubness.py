"""Hubness: against loops and by hand."""

import numpy as np
import pandas as pd
import pytest

from newsimages.errors import NewsImagesError
from newsimages.reports.figures.hubness import hubness, occurrences, skewness

GALLERY = [f"i{n}" for n in range(40)]


def lists(seed: int, n_articles: int = 60) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    odds = np.arange(1, 41) ** 2.0 if seed else np.ones(40)
    rows = [
        (f"a{article}", rank, image)
        for article in range(n_articles)
        for rank, image in enumerate(
            generator.choice(GALLERY, 20, replace=False, p=odds / odds.sum()), start=1
        )
    ]
    return pd.DataFrame(rows, columns=["article_id", "rank", "image_id"])


def test_occurrences_and_skewness() -> None:
    table = lists(1)
    counts = occurrences(table, GALLERY)
    for image, count in zip(GALLERY, counts, strict=True):
        listed = [r for _, r, i in table.itertuples(index=False) if i == image and r <= 10]
        assert count == len(listed)
    assert counts.sum() == 60 * 10
    mean = sum(counts) / len(counts)
    second, third = (sum((n - mean) ** power for n in counts) / len(counts) for power in (2, 3))
    assert skewness(counts) == pytest.approx(third / second**1.5)
    assert skewness(np.array([3, 3, 3])) == 0


def test_a_panel_per_retriever_and_each_image_in_a_bin() -> None:
    rankings = {"clip": lists(1), "clip_ds": lists(0), "txv": lists(2), "x_ds": lists(3)}
    figure, data = hubness(rankings, GALLERY, name="RSS")
    titles = [panel.get_title(loc="left") for panel in figure.axes]
    assert titles == ["clip", "txv", "x_ds"]
    legend = figure.axes[0].get_legend()
    assert legend is not None
    words = [text.get_text() for text in legend.get_texts()]
    assert words[0] == f"clip: skewness {skewness(occurrences(lists(1), GALLERY)):.2f}"
    assert words[1].startswith("clip_ds: skewness")
    for variant, part in data.groupby("variant"):
        counts = occurrences(rankings[str(variant)], GALLERY)
        assert part["images"].sum() == len(GALLERY)
        for row in part.itertuples():
            assert row.images == ((counts >= part["from"][row.Index]) & (counts <= row.to)).sum()
        assert (part["most"] == counts.max()).all()


def test_an_empty_gallery_is_refused() -> None:
    with pytest.raises(NewsImagesError, match="RSS: the gallery is empty"):
        hubness({"clip": lists(1)}, [], name="RSS")
