"""The weights of a run's views: a listwise logistic model, fitted on the validation part.

In come the validation articles, their images and the right image of each, out comes a weight per
view. The model takes an article's right image for the outcome of a softmax over the gallery,

    P(image j | article i) ∝ exp(Σ_k θ_k · cos_k(i, j) − c · o_j),  θ_k ≥ 0,  c ≥ 0

where o_j is the image's offset of the revision that is in place, in units of the cosine; without
one there is no such term. Its likelihood has one maximum, which is found in a moment whatever the
number of views. Only the proportions of θ order images: w_k = θ_k / Σ θ.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor

from newsimages.devices import ON_CPU, Compute
from newsimages.ranking.similarity import MEGABYTE
from newsimages.ranking.spaces import Gallery, Queries, View, vectors_of

START = 10.0
"""θ and c at first: the order of magnitude of CLIP's own logit scale."""
RIDGE = 1e-6
"""Weight of the squares of θ and c, which keeps them finite where few articles are told apart."""


def fit_weights(
    queries: Queries,
    gallery: Gallery,
    truth: Mapping[str, str],
    views: Sequence[View],
    *,
    offsets: Mapping[str, float] | None = None,
    compute: Compute = ON_CPU,
) -> dict[View, float]:
    """Fits the weights of several views.

    Args:
        queries: Validation articles, never of a test set; those without a text are left aside.
        gallery: Their images.
        truth: The right image of each article that has one.
        views: Which views; at least one.
        offsets: By image id, a revision's offset divided by its slope.
        compute: Where its memory does not hold the similarities of all views, articles are left
            out at even steps.

    Returns:
        Weights of 0 or more with the sum 1, in the order of the views; equal ones where no view
        tells the right image from others.

    Raises:
        NewsImagesError: A view or a tower is missing.
    """
    articles, images = _sample(queries, gallery, truth, views, compute)
    chosen, own = queries.select(articles), {t: g.select(images) for t, g in gallery.items()}
    pairs = [vectors_of(view, chosen, own) for view in views]
    products = [torch.from_numpy(asked.vectors @ seen.vectors.T) for seen, asked in pairs]
    cosines = torch.stack(products)  # (K, C, D)
    column = {image: number for number, image in enumerate(images)}
    right = torch.tensor([column[truth[article]] for article in articles])  # (C,)
    held_back = torch.tensor([offsets[image] for image in images]) if offsets else None
    theta = _most_likely(cosines, right, held_back)[: len(views)]
    total = float(theta.sum())
    if not total > 0:
        return dict.fromkeys(views, 1 / len(views))
    return {view: float(weight) / total for view, weight in zip(views, theta, strict=True)}


def _most_likely(cosines: Tensor, right: Tensor, offsets: Tensor | None) -> NDArray[np.float64]:
    """θ (K,), and c behind it where there are offsets (D,), at the maximum of the likelihood.

    ``cosines`` are (K, C, D), ``right`` (C,) is the column of each article's right image.
    """
    rows = torch.arange(len(right))
    seen = cosines[:, rows, right].mean(dim=1)  # (K,)

    def loss(numbers: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        theta = torch.from_numpy(numbers).float()
        logits = torch.tensordot(theta[: len(cosines)], cosines, 1)  # (C, D)
        if offsets is not None:
            logits -= theta[-1] * offsets
        logarithms = logits.log_softmax(dim=1)
        value = -logarithms[rows, right].mean()
        shares = logarithms.exp_()
        gradient = torch.einsum("cd,kcd->k", shares, cosines) / len(right) - seen
        if offsets is not None:
            of_offset = offsets[right].mean() - shares.mean(dim=0) @ offsets
            gradient = torch.cat([gradient, of_offset[None]])
        ridge = RIDGE * numbers
        return float(value) + float(ridge @ numbers), gradient.double().numpy() + 2 * ridge

    n_numbers = len(cosines) + (offsets is not None)
    found = minimize(
        loss, np.full(n_numbers, START), jac=True, method="L-BFGS-B", bounds=[(0, None)] * n_numbers
    )
    numbers: NDArray[np.float64] = found.x
    return numbers


def _sample(
    queries: Queries,
    gallery: Gallery,
    truth: Mapping[str, str],
    views: Sequence[View],
    compute: Compute,
) -> tuple[list[str], list[str]]:
    """The articles and the images to fit on, as many as the memory holds."""
    all_images = next(iter(gallery.values())).ids.tolist()
    there = set(all_images)
    known = [truth.get(article) in there for article in queries.ids.tolist()]
    is_whole = queries.has_text | all(view.text_field == "title" for view in views)
    usable = np.array(known) & (is_whole if (is_whole & known).any() else True)
    articles = queries.ids[usable].tolist()
    most = int((compute.memory_mb * MEGABYTE / (4 * (len(views) + 3))) ** 0.5)
    if max(len(articles), len(all_images)) <= most:
        return articles, all_images
    articles = articles[:: -(-len(articles) // most)]
    return articles, list(dict.fromkeys(truth[article] for article in articles))
