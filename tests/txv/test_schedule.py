"""The rules of the schedule against examples worked out by hand."""

import numpy as np
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
        ([2.0, 1.0], 0.99**2),  # epoch 2 without gain: among the first three
        ([2.0, 1.0, 1.0], 0.99**3 * 0.5),  # the fourth epoch's rate is halved
        ([2.0, 1.0, 1.0, 1.0, 1.0], 0.99**5 * 0.5),  # epochs 4 and 5: too soon after epoch 3
        ([2.0, 1.0, 1.0, 1.0, 1.0, 1.0], 0.99**6 * 0.25),  # epoch 6: three after epoch 3
        ([1.0, 2.0, 3.0, 3.0, 4.0], 0.99**5 * 0.5),  # epoch 4 is as good as 3, and no gain
    ],
)
def test_the_learning_rate_falls_as_worked_out_by_hand(scores: list[float], factor: float) -> None:
    assert learning_rate(CONFIG, scores) == pytest.approx(1e-4 * factor, rel=1e-12)


def rates_by_the_rule(scores: list[float]) -> list[float]:
    """The rate of every epoch, by the words of the authors' rule.

    Each epoch × .99; × .5 after an epoch without gain, at most every 3 epochs, and never in the
    first three.
    """
    rates, best, epochs_at_this_half = [1e-4], float("-inf"), 0
    for score in scores:
        rate = rates[-1] * 0.99
        epochs_at_this_half += 1
        if score > best:
            best = score
        elif epochs_at_this_half >= 3:
            rate *= 0.5
            epochs_at_this_half = 0
        rates.append(rate)
    return rates


def test_the_rates_are_those_of_the_authors_rule_whatever_the_scores() -> None:
    generator = np.random.default_rng(0)
    n_halved = 0
    for _ in range(5000):
        drawn = generator.uniform(0, 6, size=generator.integers(1, 20))
        drift = generator.choice([0, 0.2, -0.2]) * np.arange(len(drawn))
        scores = np.round(drawn + drift, generator.integers(0, 3)).tolist()  # some are equal
        rates = [learning_rate(CONFIG, scores[:n]) for n in range(len(scores) + 1)]
        assert rates == rates_by_the_rule(scores)
        n_halved += rates[-1] < 1e-4 * 0.99 ** len(scores) * 0.9
    assert n_halved > 2500  # else the rule was hardly tried


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
