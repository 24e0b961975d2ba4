"""What an article's score owes to an image, as a function of the image's vector in torch.

A score is slope · Σ_k w_k · cos_k − offset. CLIP's vector of an image goes into CLIP's views and,
through T×V's network, into T×V's; the multilingual tower's goes into its own. The image's caption
and its offset over the query bank do not come from its pixels in front of us: both are constants.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from newsimages.errors import NewsImagesError
from newsimages.ranking.spaces import Gallery, Queries, Tower, ground_of, shares, vectors_of
from newsimages.retriever.retriever import Retriever
from newsimages.txv.network import TxVNetwork
from newsimages.txv.projection import side_by_side

SAME = 0.999
"""The least cosine of a file's vector with its image's in the gallery. Another precision or device
leaves it above .9999."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Asked:
    """One view: what an article asks an image in one space."""

    tower: Tower
    network: TxVNetwork | None
    """What leads from the image tower's vectors to this space; None: they are in it."""
    query: Tensor
    """(E,) float32: the article's vector times the view's share and the revision's slope."""

    def images(self, vectors: Tensor) -> Tensor:
        """(B, image tower's dimension) vectors of length 1 to (B, E) in this space."""
        if self.network is None:
            return vectors
        return side_by_side(self.network.images([vectors.to(self.network.device)]))


Target = tuple[Asked, ...]
"""All that an article asks of one image tower."""


def targets(retriever: Retriever, queries: Queries, revision: str | None) -> dict[Tower, Target]:
    """What an article asks of each image tower, ``clip`` and ``multilingual``.

    Args:
        retriever: Whose score it is.
        queries: One article.
        revision: As `Retriever.rank`.

    Raises:
        NewsImagesError: Another number of articles, or as `Retriever.rank`.
    """
    if len(queries) != 1:
        raise NewsImagesError(f"Got {len(queries)} articles, expected one: a map is of one score.")
    slope = retriever.slope(revision)
    found: dict[Tower, Target] = {}
    for view, share in shares(queries, retriever.weights).items():
        if view.tower == "captions" or not share[0]:
            continue
        _, asked = vectors_of(view, queries, retriever.gallery)
        own = Asked(
            tower=view.tower,
            network=retriever.networks.get(view.tower),
            query=torch.from_numpy(slope * float(share[0]) * asked.vectors[0]),
        )
        tower = ground_of(view.tower)
        found[tower] = (*found.get(tower, ()), own)
    return found


def value(target: Target, vectors: Tensor) -> Tensor:
    """(B, E) vectors of length 1 of an image tower to (B,) what the score owes them."""
    parts = []
    for asked in target:
        images = asked.images(vectors)
        parts.append((images @ asked.query.to(images.device)).to(vectors.device))
    return torch.stack(parts).sum(dim=0)


def check_unchanged(target: Target, vector: Tensor, gallery: Gallery, image_id: str) -> None:
    """Checks that a file is the one that was embedded.

    Args:
        target: What is asked of its tower.
        vector: (1, E) its vector in that tower.
        gallery: With the vectors as they were embedded.
        image_id: The image that it should be.

    Raises:
        NewsImagesError: The gallery has no such image, or one that looked otherwise.
    """
    for asked in target:
        images = gallery[asked.tower]
        rows = np.flatnonzero(images.ids == image_id)
        if not len(rows):
            raise NewsImagesError(f"The gallery has no image {image_id}. Give one of its ids.")
        with torch.inference_mode():
            now = asked.images(vector)[0].float().cpu().numpy()
        cosine = float(now @ images.vectors[rows[0]])
        if not cosine >= SAME:
            raise NewsImagesError(
                f"The file of the image {image_id} has changed since it was embedded (the cosine "
                f"of its vector then and now is {cosine:.4f}, expected at least {SAME}). Embed the "
                "gallery again, or bring the file back."
            )
