"""Training curves."""

import numpy as np
import pandas as pd
import pytest

from newsimages.errors import NewsImagesError
from newsimages.reports.figures.training import training_curves

EPOCHS = pd.DataFrame(
    {
        "epoch": [1, 2, 3, 4],
        "loss": [9.0, 5.0, 4.0, 3.5],
        "learning_rate": [1e-4, 9.9e-5, 9.8e-5, 4.9e-5],
        "score": [1.0, 2.5, 2.5, 2.0],
        "text_to_image_recall_at_1": [0.1, 0.2, 0.2, 0.2],
        "image_to_text_recall_at_10": [0.3, 0.6, 0.7, 0.6],
    }
)


def test_curves_and_the_epoch_that_is_kept() -> None:
    figure, data = training_curves(EPOCHS)
    loss, score, recalls, rate = figure.axes
    for panel, column in ((loss, "loss"), (score, "score"), (rate, "learning_rate")):
        assert np.array_equal(panel.get_lines()[0].get_ydata(), EPOCHS[column])
    labels = [line.get_label() for line in recalls.get_lines()[:2]]
    assert labels == ["R@1 text to image", "R@10 image to text"]
    for panel in figure.axes:
        assert list(panel.get_lines()[-1].get_xdata()) == [2, 2]  # of equal scores the first
        assert panel.get_xlabel() == "Epoch"
    assert score.texts[0].get_text() == "kept: epoch 2, 2.500"
    assert data.equals(EPOCHS)


def test_one_epoch_is_drawn_and_none_or_half_a_table_is_refused() -> None:
    assert len(training_curves(EPOCHS[:1]).data) == 1
    with pytest.raises(NewsImagesError, match="0 epochs"):
        training_curves(EPOCHS[:0])
    with pytest.raises(NewsImagesError, match=r"without the columns \['loss'\]"):
        training_curves(EPOCHS.drop(columns="loss"))
