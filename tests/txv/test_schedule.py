"""The rules of the schedule against examples worked out by hand."""

import pytest

from newsimages.errors import NewsImagesError
from newsimages.txv.schedule import TrainingConfig, best_epoch, is_over, learning_rate

CONFIG = TrainingConfig()


def test_the_defaults_are_those_of_the_published_network() -> None:
    assert (CONFIG.learning_rate, CONFIG.epoch_decay, CONFIG.plateau_decay) == (1e-4, 0.99, 0.5)
    assert (CONFIG.batch_size, CONFIG.epochs, CONFIG.patience) == (196, 20, 10)
    assert (CONFIG.max_gradient_norm, CONFIG.margin, CONFIG.negatives) == (2.0, 0.2, "hardest")


def test_the_best_epoch_is_the_first_with_the_greatest_score() -> None:
    assert best_epoch([]) == 0
    assert best_epoch([1.0, 3.0, 2.0, 3.0]) == 2


@pytest.mark.parametrize(
    ("scores", "factor"),
    [
        ([], 1),
        ([1.0], 0.99),
        ([1.0, 2.0, 3.0], 0.99**3),
        ([2.0, 1.0], 0.99**2 * 0.5),  # epoch 2 without gain: halved
        ([2.0, 1.0, 1.0, 1.0], 0.99**4 * 0.5),  # epochs 3 and 4: too soon after epoch 2
        ([2.0, 1.0, 1.0, 1.0, 1.0], 0.99**5 * 0.25),  # epoch 5: three after epoch 2
        ([2.0, 1.0, 3.0, 1.0, 4.0], 0.99**5 * 0.5),  # epoch 4 too soon, epoch 5 a gain
    ],
)
def test_the_learning_rate_falls_as_worked_out_by_hand(scores: list[float], factor: float) -> None:
    assert learning_rate(CONFIG, scores) == pytest.approx(1e-4 * factor, rel=1e-12)


def test_it_is_over_after_the_last_epoch_or_more_than_ten_without_gain() -> None:
    assert not is_over(CONFIG, [])
    assert is_over(CONFIG, list(range(20)))
    assert not is_over(CONFIG, list(range(19)))
    assert not is_over(CONFIG, [1.0, 2.0] + [1.0] * 10)
    assert is_over(CONFIG, [1.0, 2.0] + [1.0] * 11)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rate": 0.0}, "learning_rate=0.0"),
        ({"learning_rate": float("nan")}, "learning_rate=nan"),
        ({"epochs": 0}, "epochs=0"),
        ({"patience": -1}, "patience=-1"),
        ({"margin": -0.1}, "margin=-0.1"),
        ({"batch_size": 1}, "batch_size=1: batch norm and negatives need at least 2"),
        ({"negatives": "few"}, "negatives='few', expected 'hardest' or 'all'"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(NewsImagesError, match=message):
        TrainingConfig(**settings)
