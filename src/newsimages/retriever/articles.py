"""Articles to queries, as they are served: titles and texts in, vectors per view out."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from newsimages.embeddings import Embeddings
from newsimages.encoding.long_text import LongText, embed_full_texts, full_texts
from newsimages.ranking.spaces import Queries, View, Weights
from newsimages.retriever.retriever import EncodeArticles
from newsimages.txv.towers import Networks, txv_queries


def article_encoder(
    encode: Callable[[Sequence[str]], NDArray[np.float32]],
    networks: Networks,
    weights: Weights,
    long_text: LongText = "cut",
) -> EncodeArticles:
    """The encoder of a request's articles: it gives the queries that were measured.

    ``encode`` is a text tower, N texts to (N, E) unit vectors. Only the text fields of the views
    in ``weights`` are encoded.
    """
    fields = {view.text_field for view in weights}

    def embedded(texts: Mapping[str, str]) -> Embeddings:
        return Embeddings(np.asarray(list(texts)), encode(list(texts.values())))

    def queries(titles: Mapping[str, str], texts: Mapping[str, str]) -> Queries:
        views: dict[View, Embeddings] = {}
        if "title" in fields:
            views[View("clip", "title")] = embedded(titles)
        if "text" in fields:
            whole = full_texts(titles, texts)
            views[View("clip", "text")] = embed_full_texts(whole, embedded, long_text=long_text)
        has_text = np.array([bool(texts[key].strip()) for key in titles], np.bool_)
        return txv_queries(Queries(views=views, has_text=has_text), networks)

    return queries
