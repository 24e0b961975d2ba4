"""How well a T×V network matches the pairs of a validation part: network and pairs in, recalls out.

Recall@1, @5 and @10 of both directions, by cosine: over its images for each text, over its texts
for each image, which counts as found by any text of its own. The score by which the best epoch is
chosen is their sum.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from newsimages.devices import Compute
from newsimages.embeddings import Embeddings
from newsimages.errors import TooFewError
from newsimages.ranking.ranking import rank
from newsimages.ranking.revisions import PLAIN
from newsimages.ranking.spaces import Space
from newsimages.txv.network import TxVNetwork
from newsimages.txv.pairs import Pairs
from newsimages.txv.projection import embed_images, embed_texts

CUTS = (1, 5, 10)


def recalls(network: TxVNetwork, pairs: Pairs) -> dict[str, float]:
    """Recalls of both directions, each from 0 to 1.

    Returns:
        ``text_to_image_recall_at_1`` and so on for 5 and 10, then ``image_to_text_…``.

    Raises:
        NewsImagesError: There are no pairs, or their vectors do not fit the network.
    """
    check_not_empty(pairs)
    texts = embed_texts(network, [_chosen(feature, pairs.text_rows) for feature in pairs.texts])
    image_rows = np.unique(pairs.image_rows)
    images = embed_images(network, [_chosen(feature, image_rows) for feature in pairs.images])
    image_of = dict(zip(pairs.text_ids.tolist(), pairs.image_ids.tolist(), strict=True))
    compute = Compute(device=network.device)
    to_images, to_texts = Space.of(texts, images), Space.of(images, texts)
    nearest_images = rank(to_images, PLAIN, top_k=CUTS[-1], compute=compute).image_ids
    nearest_texts = rank(to_texts, PLAIN, top_k=CUTS[-1], compute=compute).image_ids
    found_images = nearest_images == pairs.image_ids[:, None]
    found_texts = _images_of(nearest_texts, image_of) == images.ids[:, None]
    return {
        **_recalls("text_to_image", found_images),
        **_recalls("image_to_text", found_texts),
    }


def check_not_empty(pairs: Pairs) -> None:
    """Raises: TooFewError where there is no pair to validate on."""
    if not len(pairs):
        raise TooFewError(
            "The validation part is empty, so no epoch can be chosen. Give more pairs, or hold out "
            "a greater share of them."
        )


def score(figures: Mapping[str, float]) -> float:
    """The sum of all recalls, from 0 to 6."""
    return sum(figures.values())


def _chosen(embeddings: Embeddings, rows: NDArray[np.int64]) -> Embeddings:
    return Embeddings(embeddings.ids[rows], embeddings.vectors[rows])


def _images_of(text_ids: NDArray[np.str_], image_of: Mapping[str, str]) -> NDArray[np.str_]:
    """(D, K) texts to the images that are theirs."""
    flat = [image_of[text_id] for text_id in text_ids.ravel().tolist()]
    return np.asarray(flat).reshape(text_ids.shape)


def _recalls(direction: str, found: NDArray[np.bool_]) -> dict[str, float]:
    """Recalls from (queries, K), True where the item at that rank is right."""
    return {f"{direction}_recall_at_{k}": float(found[:, :k].any(axis=1).mean()) for k in CUTS}
