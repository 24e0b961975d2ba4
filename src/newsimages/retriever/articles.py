"""Articles to queries, as they are served: titles and texts in, vectors per view out."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from newsimages.embeddings import Embeddings
from newsimages.encoding.long_text import LongText, embed_full_texts, full_texts
from newsimages.ranking.spaces import Queries, TextField, View, Weights
from newsimages.retriever.retriever import EncodeArticles
from newsimages.txv.towers import Networks, txv_queries


def article_encoder(
    encode: Callable[[Sequence[str]], NDArray[np.float32]],
    networks: Networks,
    weights: Weights,
    long_text: LongText = "cut",
) -> EncodeArticles:
    """The encoder of a request's articles: it gives the queries that were measured.

    Args:
        encode: A text tower: N texts to (N, E) unit vectors.
        networks: T×V, of those towers that are its.
        weights: Only the text fields of these views are encoded.
        long_text: What is done with long texts.
    """
    fields = {view.text_field for view in weights}

    def embedded(texts: Mapping[str, str]) -> Embeddings:
        return Embeddings(np.asarray(list(texts)), encode(list(texts.values())))

    def queries(titles: Mapping[str, str], texts: Mapping[str, str]) -> Queries:
        vectors: dict[TextField, Embeddings] = {}
        if "title" in fields:
            vectors["title"] = embedded(titles)
        if "text" in fields:
            whole = full_texts(titles, texts)
            vectors["text"] = embed_full_texts(whole, embedded, long_text=long_text)
        own = Queries(
            views={View("clip", field): each for field, each in vectors.items()},
            has_text=np.array([bool(texts[key].strip()) for key in titles], np.bool_),
        )
        return txv_queries(own, networks)

    return queries
