"""Ranks that the figures' tests draw."""

import numpy as np
from numpy.typing import NDArray

VARIANTS = ("clip", "clip_ds", "txv", "txv_ds", "txv_text_ds", "mine")


def ranks(n: int = 80) -> dict[str, NDArray[np.float64]]:
    """Of six variants, some right images beyond 100 or nowhere."""
    generator = np.random.default_rng(0)
    drawn = {name: np.floor(np.exp(generator.uniform(0, 6, n))) for name in VARIANTS}
    return {name: np.where(one > 300, np.inf, one) for name, one in drawn.items()}
