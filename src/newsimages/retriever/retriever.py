"""The retriever: an article's text in, ranked images out. Evaluation and serving go through it.

texts ─ encode ─> vectors ─ (T×V) ─> joint space ─ similarity ─ revision ─ top k ─> rankings
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch

from newsimages.embeddings import Embeddings
from newsimages.encoding.long_text import EncodeTexts
from newsimages.errors import NewsImagesError, first_ten
from newsimages.ranking.bank import ImageOffsets
from newsimages.ranking.ranking import Ranking, rank
from newsimages.ranking.revision import Revision
from newsimages.txv import TxVNetwork, embed_images, embed_texts

Against = Literal["bank", "batch"]
PLAIN = Revision(method="none")


@dataclass(frozen=True, kw_only=True, eq=False)
class Retriever:
    """Finds images for articles in one gallery."""

    gallery: Embeddings
    """D images, in the space that queries are mapped into."""
    head: TxVNetwork | None = None
    """T×V, whose text side queries go through; None: they are compared as they are."""
    revisions: tuple[Revision, ...] = (Revision(),)
    """What can be done to the similarities, a method each; the first one where none is named."""
    offsets: tuple[ImageOffsets, ...] = ()
    """The images' offsets over a query bank, per revision; empty: there is no bank."""
    encode: EncodeTexts | None = None
    """The text encoder; None: only vectors can be ranked."""
    about: Mapping[str, Any] | None = None
    """What it was made of, for people: corpus, backbone, bank, …, as JSON knows it."""
    memory_mb: int = 512
    """MiB that ranking may take beyond its inputs and outputs."""
    device: torch.device | str = "cpu"
    """Where to rank."""

    def retrieve(
        self,
        texts: Mapping[str, str],
        *,
        top_k: int = 100,
        revision: str | None = None,
        against: Against = "bank",
    ) -> Ranking:
        """Ranks the gallery for texts.

        Args:
            texts: Text by article id, none of them blank.
            top_k: Length of the lists; the whole gallery where it holds fewer images.
            revision: The method of one of ``revisions``, or ``none`` for plain cosine; None
                takes the first.
            against: ``bank`` takes the images' offsets over the query bank, so that an article's
                answer is the same in any company; ``batch`` over these same texts (the paper's
                form).

        Returns:
            min(top_k, D) images per article, in the order of the texts.

        Raises:
            NewsImagesError: No texts, blank ones, or as `rank`.
        """
        if self.encode is None:
            raise NewsImagesError("This retriever has no text encoder: rank vectors instead.")
        if not texts:
            raise NewsImagesError("No articles: give at least one.")
        blank = [key for key, text in texts.items() if not text.strip()]
        if blank:
            raise NewsImagesError(f"Articles with a blank text: {first_ten(blank)}. Fill it in.")
        return self.rank(self.encode(texts), top_k=top_k, revision=revision, against=against)

    def rank(
        self,
        queries: Embeddings,
        *,
        top_k: int = 100,
        revision: str | None = None,
        against: Against = "bank",
    ) -> Ranking:
        """Ranks the gallery for texts that the backbone has encoded; all else as `retrieve`.

        Raises:
            NewsImagesError: Vectors of another dimension, a top_k below 1, no bank where one is
                asked for, or an unknown ``revision`` or ``against``.
        """
        if against not in get_args(Against):
            expected = first_ten(get_args(Against))
            raise NewsImagesError(f"against is {against!r}, expected {expected}.")
        chosen = self._chosen(revision)
        offsets = self._offsets(chosen) if against == "bank" else None
        if self.head is not None:
            queries = embed_texts(self.head, [queries])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # one article in batch form: documented
            return rank(
                queries,
                self.gallery,
                revision=chosen,
                offsets=offsets,
                top_k=top_k,
                memory_mb=self.memory_mb,
                device=self.device,
            )

    def _chosen(self, method: str | None) -> Revision:
        by_method: dict[str, Revision] = {each.method: each for each in (*self.revisions, PLAIN)}
        if method is None:
            return self.revisions[0]
        if method not in by_method:
            expected = first_ten(list(by_method))
            raise NewsImagesError(f"revision is {method!r}, expected one of {expected}.")
        return by_method[method]

    def _offsets(self, revision: Revision) -> ImageOffsets | None:
        if revision.method == "none":
            return None
        for offsets in self.offsets:
            if offsets.revision == revision:
                return offsets
        raise NewsImagesError(
            "This retriever has no query bank: rank with against=batch, or give it offsets."
        )


def retriever_of(gallery: Embeddings, network: TxVNetwork | None, **settings: Any) -> Retriever:
    """A retriever on images that the backbone has encoded; through T×V where there is one."""
    mapped = gallery if network is None else embed_images(network, [gallery])
    return Retriever(gallery=mapped, head=network, **settings)
