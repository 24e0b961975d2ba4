"""Calibration: the definitions written out, and what perfect and useless statements come to."""

import numpy as np
import pytest

from newsimages.metrics.calibration import auroc, calibration_error, reliability


def test_the_table_is_the_definition_written_out() -> None:
    generator = np.random.default_rng(0)
    stated = np.concatenate([generator.random(200), [0.0, 0.1, 1.0]])
    observed = generator.random(203) < stated
    table = reliability(stated, observed)
    error = 0.0
    for number in range(10):
        low, high = number / 10, (number + 1) / 10
        own = (stated > low) & (stated <= high) if number else stated <= high
        [row] = table[np.isclose(table["low"], low)].itertuples(index=False)
        assert (row.n, row.high) == (own.sum(), pytest.approx(high))
        assert row.stated == pytest.approx(stated[own].mean())
        assert row.observed == pytest.approx(observed[own].mean())
        error += own.sum() / 203 * abs(stated[own].mean() - observed[own].mean())
    assert calibration_error(stated, observed) == pytest.approx(error)


def test_true_statements_have_no_error_and_boasts_all_of_it() -> None:
    right = np.array([True, False] * 50)
    assert calibration_error(np.full(100, 0.5), right) == 0
    assert calibration_error(np.ones(100), np.zeros(100, bool)) == 1
    assert len(reliability(np.ones(100), right)) == 1


def test_auroc_tells_what_is_told_apart() -> None:
    lost = np.array([True, True, False, False])
    assert auroc(np.array([0.9, 0.8, 0.3, 0.1]), lost) == 1
    assert auroc(np.array([0.1, 0.2, 0.3, 0.9]), lost) == 0
    assert auroc(np.full(4, 0.5), lost) == 0.5
    assert np.isnan(auroc(np.full(4, 0.5), np.ones(4, bool)))
