"""How far a mean over articles may be off: values in, the bounds of the percentile bootstrap out.

Source: Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7, 1979.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import stats

RESAMPLES = 2000
CELLS = 2_000_000  # of a batch of resamples: 16 MB


def mean_interval(
    values: NDArray[np.float64], *, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95 % bounds of the means (…) over other such articles, of values (…, C).

    All rows share their draws. Both bounds are the value itself where one article is all.
    """
    if values.shape[-1] == 1:  # of which scipy makes no interval
        return values[..., 0], values[..., 0]
    low, high = stats.bootstrap(
        (values,),
        np.mean,
        axis=-1,
        n_resamples=RESAMPLES,
        batch=max(1, CELLS // values.size),
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return low, high
