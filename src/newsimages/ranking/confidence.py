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
from torch import Tensor, nn

from newsimages.errors import NewsImagesError

GREATEST = 1e9  # of both numbers; far beyond it, float32 has none left
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
        if not 0 <= self.temperature <= GREATEST:
            raise NewsImagesError(f"temperature is {self.temperature}, expected 0 to {GREATEST:g}.")
        if not -GREATEST <= self.nothing <= GREATEST:
            raise NewsImagesError(
                f"nothing is {self.nothing}, expected {-GREATEST:g} to {GREATEST:g}."
            )

    def of(self, scores: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
        """The probabilities of some images, and that none fits.

        Args:
            scores: (B, D) of all images.
            columns: (B, K) where the images are whose probabilities are wanted.

        Returns:
            (B, K), and (B,).
        """
        nothing = self.nothing + math.log(scores.shape[1])
        some, none = [], []
        for part, own in zip(scores.split(ROWS), columns.split(ROWS), strict=True):
            logits = nn.functional.pad(part * self.temperature, (0, 1), value=nothing)
            # A softmax goes over each row alone, so an article gets the same bits in any company;
            # functions of single numbers, such as exp, differ at the end of a batch.
            shares = logits.softmax(dim=1)  # (rows, D + 1)
            some.append(shares.gather(1, own))
            none.append(shares[:, -1])
        return torch.cat(some), torch.cat(none)
