"""How true stated probabilities are: what was said and what came of it in, a table and figures out.

The reliability diagram and the expected calibration error are those of Guo et al., "On Calibration
of Modern Neural Networks" (ICML 2017), section 2.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

BINS = 10


def reliability(probabilities: NDArray[np.floating], outcomes: NDArray[np.bool_]) -> pd.DataFrame:
    """The table behind a reliability diagram.

    Args:
        probabilities: (N,) from 0 to 1, as they were stated.
        outcomes: (N,) whether what they were stated of was so.

    Returns:
        A row per tenth that holds any: ``low`` and ``high``, its bounds (the upper one belongs to
        it); ``n``; ``stated``, the mean probability; ``observed``, the share that was so.
    """
    edges = np.linspace(0, 1, BINS + 1)
    bins = np.clip(np.ceil(probabilities * BINS).astype(int) - 1, 0, BINS - 1)
    table = pd.DataFrame({"bin": bins, "stated": probabilities, "observed": outcomes.astype(float)})
    means = table.groupby("bin").agg(
        n=("stated", "size"), stated=("stated", "mean"), observed=("observed", "mean")
    )
    means.insert(0, "low", edges[means.index])
    means.insert(1, "high", edges[means.index + 1])
    return means.reset_index(drop=True)


def calibration_error(probabilities: NDArray[np.floating], outcomes: NDArray[np.bool_]) -> float:
    """The expected calibration error, 0 to 1: Σ_bins n/N · |stated − observed|."""
    table = reliability(probabilities, outcomes)
    error = (table["n"] * (table["stated"] - table["observed"]).abs()).sum() / table["n"].sum()
    return float(error)


def auroc(scores: NDArray[np.floating], outcomes: NDArray[np.bool_]) -> float:
    """How well scores tell what was so from what was not: .5 for not at all, 1 for always.

    NaN where all outcomes are the same.
    """
    if outcomes.all() or not outcomes.any():
        return float("nan")
    return float(roc_auc_score(outcomes, scores))
