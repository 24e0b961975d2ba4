"""How sure a run may be: fitted where half of the right images are gone, and measured so.

In come the scores of the validation articles, out comes the `Confidence` under which what was seen
is most likely. Each article counts twice: with its right image, and as one that has lost it. So
half of the articles have lost theirs, and no draw of lots decides which.
"""

import math

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor

from newsimages.errors import NewsImagesError
from newsimages.metrics.calibration import auroc, calibration_error
from newsimages.protocols.embedded import EmbeddedSet
from newsimages.ranking.confidence import Confidence
from newsimages.ranking.revisions import PLAIN
from newsimages.retriever.retriever import Retriever

START = 10.0  # T times the revision's slope at first: the order of magnitude of CLIP's own scale
RIDGE = 1e-6  # weight of the squares, which keeps the numbers finite where all is told apart


def fit_confidence(scores: Tensor, right: Tensor, *, slope: float) -> Confidence:
    """The most likely temperature and weight of "nothing fits"; the likelihood has one maximum.

    Args:
        scores: (C, D) of the validation articles and their images, as a revision makes them.
        right: (C,) the column of each article's right image.
        slope: The revision's, which says how large the scores are.
    """
    is_right = torch.zeros_like(scores, dtype=torch.bool)
    is_right[torch.arange(len(right)), right] = True
    own_scores = scores[is_right][:, None]  # (C, 1)
    others = scores[~is_right].view(len(right), -1)  # (C, D − 1)

    def loss(numbers: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        theta = torch.tensor(numbers, dtype=torch.float32, requires_grad=True)
        temperature, nothing = theta[0] / slope, theta[1].expand(len(right), 1)
        rest = (temperature * others).logsumexp(dim=1, keepdim=True)  # (C, 1)
        own = temperature * own_scores
        there = torch.cat([own, rest, nothing], dim=1).log_softmax(dim=1)[:, 0]
        lost = torch.cat([rest, nothing], dim=1).log_softmax(dim=1)[:, 1]
        value = -(there.mean() + lost.mean()) / 2 + RIDGE * theta.square().sum()
        (gradient,) = torch.autograd.grad(value, theta)
        return float(value.detach()), gradient.double().numpy()

    bounds = [(0, None), (None, None)]
    found = minimize(loss, np.array([START, START]), jac=True, method="L-BFGS-B", bounds=bounds)
    per_image = float(found.x[1]) - math.log(scores.shape[1])
    return Confidence(temperature=float(found.x[0]) / slope, nothing=per_image)


def half_lost(retriever: Retriever, test: EmbeddedSet, *, seed: int = 0) -> pd.DataFrame:
    """Asks a retriever where half of the articles' right images have been taken out.

    Args:
        retriever: With a confidence for its first revision, and ``test``'s images as its gallery.
        test: Articles whose right images are known.
        seed: Of the lot that decides which half.

    Returns:
        A row per article: article_id, ``confidence`` of the first image, ``is_right`` whether that
        is the right one, ``none_fits``, ``is_lost`` whether the right image was taken out, and
        ``greatest_cosine``.

    Raises:
        NewsImagesError: Fewer than two right images are known, or none is left.
    """
    known = test.images.ids.tolist()
    truth = {article: image for article, image in test.truth().items() if image in set(known)}
    images = sorted(set(truth.values()))
    if len(images) < 2:
        raise NewsImagesError(f"{test.name} has {len(images)} known images: expected 2 or more.")
    lots = np.random.default_rng(seed).permutation(len(images))[: len(images) // 2]
    lost = {images[number] for number in lots}
    asked = test.queries.select(list(truth))
    left = retriever.on_images([image for image in known if image not in lost])
    first = left.rank(asked, top_k=1)
    if first.confidences is None or first.none_fits is None:
        raise NewsImagesError("This retriever has no confidence: fit one on the validation part.")
    return pd.DataFrame(
        {
            "article_id": list(truth),
            "confidence": first.confidences[:, 0],
            "is_right": first.image_ids[:, 0] == np.array(list(truth.values())),
            "none_fits": first.none_fits,
            "is_lost": [image in lost for image in truth.values()],
            "greatest_cosine": left.rank(asked, top_k=1, revision=PLAIN.name).similarities[:, 0],
        }
    )


def certainty_figures(asked: pd.DataFrame) -> dict[str, float]:
    """What `half_lost` came to.

    Returns:
        ``calibration_error`` of the first images' confidence; ``none_fits_auroc``, how well
        none_fits tells lost images from present ones; ``greatest_cosine_auroc``, how well a cut on
        the greatest cosine does.
    """
    is_lost = asked["is_lost"].to_numpy(np.bool_)
    stated = asked["confidence"].to_numpy(np.float64)
    return {
        "calibration_error": calibration_error(stated, asked["is_right"].to_numpy(np.bool_)),
        "none_fits_auroc": auroc(asked["none_fits"].to_numpy(np.float64), is_lost),
        "greatest_cosine_auroc": auroc(-asked["greatest_cosine"].to_numpy(np.float64), is_lost),
    }
