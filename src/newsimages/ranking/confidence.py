"""How sure a ranking is: scores in, the probability that an image is the right one out.

    P(image j | article i) = exp(T·s_ij) / (Σ_j exp(T·s_ij) + D·exp(b))

The second summand stands for "the right image is not here": its share is the probability that
nothing among the D images fits. It grows with D as the first one does: where the right image is
among more, each is the right one with less probability beforehand. So what was fitted on one
gallery holds for another. T and b are fitted on a validation part (`newsimages.runs.certainty`),
for one revision against a query bank.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from newsimages.errors import NewsImagesError

ROWS = 16  # articles at a time
ROWS_BESIDE = 2 * ROWS  # numbers per image that are held meanwhile


@dataclass(frozen=True, kw_only=True)
class Confidence:
    """The two numbers of the formula above, for the scores of one revision."""

    temperature: float
    """T, the factor of a score; 0 or more."""
    nothing: float
    """b, such that exp(b) is what an image weighs that says neither yes nor no."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on numbers that cannot be."""
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise NewsImagesError(f"temperature is {self.temperature}, expected 0 or more.")
        if not math.isfinite(self.nothing):
            raise NewsImagesError(f"nothing is {self.nothing}, expected a finite number.")

    def of(self, scores: Tensor, best: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
        """The probabilities of the best images, and that none fits.

        Args:
            scores: (B, D) of all images.
            best: (B, K) the greatest of them.
            columns: (B, K) where they are.

        Returns:
            (B, K), and (B,).
        """
        # A softmax goes over each row alone, so an article gets the same bits in any company.
        parts = zip(scores.split(ROWS), columns.split(ROWS), strict=True)
        within = torch.cat(
            [(part * self.temperature).log_softmax(dim=1).gather(1, own) for part, own in parts]
        )  # (B, K)
        whole = best[:, 0] * self.temperature - within[:, 0]  # (B,) log Σ_j exp(T·s_ij)
        nothing = self.nothing + math.log(scores.shape[1])
        return within.exp() * (whole - nothing).sigmoid()[:, None], (nothing - whole).sigmoid()
