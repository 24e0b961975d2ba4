"""The loss of T×V: joint-space vectors of matching texts and images in, one number out."""

from typing import Literal

import torch
from torch import Tensor

from newsimages.errors import NewsImagesError

Negatives = Literal["hardest", "all"]


def margin_loss(
    texts: Tensor,
    images: Tensor,
    *,
    margin: float = 0.2,
    negatives: Negatives = "hardest",
    image_ids: Tensor,
) -> Tensor:
    """The sum over spaces, directions and pairs of max(0, margin + s_negative − s_positive).

    With the hardest negative of the batch (F. Faghri et al., "VSE++", BMVC 2018, equation 6), as in
    the papers of T×V's authors, or summed over all of them (equation 5), as their code has it by
    default.

    Args:
        texts: (S, B, W) of length 1 along W.
        images: (S, B, W) of length 1 along W; row i is the image of text i.
        margin: In units of the cosine.
        negatives: ``hardest`` or ``all``.
        image_ids: (B,) integers; pairs with the same one are no negatives of each other. (To the
            authors they are, which pushes several texts of one image away from it.)

    Raises:
        NewsImagesError: Unequal shapes, or an unknown kind of negatives.
    """
    if texts.shape != images.shape or texts.ndim != 3:
        raise NewsImagesError(
            f"Texts of shape {tuple(texts.shape)} and images of shape {tuple(images.shape)}: "
            "expected (spaces, batch, width) for both."
        )
    if negatives not in ("hardest", "all"):
        raise NewsImagesError(f"negatives={negatives!r}, expected 'hardest' or 'all'.")
    similarities = texts @ images.mT  # (S, B, B), texts × images
    positives = similarities.diagonal(dim1=1, dim2=2)  # (S, B)
    same = image_ids[:, None] == image_ids  # (B, B)
    others = similarities.masked_fill(same, -torch.inf)  # never above a margin
    losses = []
    for queries in (others, others.mT):  # (S, B, B), queries × their negatives
        candidates = queries.amax(dim=2, keepdim=True) if negatives == "hardest" else queries
        losses.append((margin + candidates - positives[:, :, None]).clamp(min=0).sum())
    return losses[0] + losses[1]
