"""Step 3, full texts: articles' English texts in, one unit vector each out.

A text that is longer than the backbone's context is cut as openCLIP cuts it, or embedded as the
mean of its sentences. An article without a text is embedded by its title.
"""

import hashlib
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Literal, get_args

import numpy as np

from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError, first_ten
from newsimages.preprocessing.sentences import split

LongText = Literal["cut", "mean"]
EncodeTexts = Callable[[Mapping[str, str]], Embeddings]
"""Maps texts by id to one vector each, in their order."""
PART_SIZE = 512
"""Articles whose sentences are in memory at a time."""


def full_texts(titles: Mapping[str, str], texts: Mapping[str, str]) -> dict[str, str]:
    """Each article's text, or its title where the text is blank."""
    return {key: texts[key] if texts[key].strip() else title for key, title in titles.items()}


def embed_full_texts(
    texts: Mapping[str, str], encode: EncodeTexts, *, long_text: LongText = "cut"
) -> Embeddings:
    """Embeds full texts.

    Args:
        texts: Text by article id.
        encode: Turns texts into vectors; cuts them at its context length.
        long_text: ``cut`` encodes a text as it is; ``mean`` takes the mean of its sentences'
            vectors, at length 1.

    Raises:
        NewsImagesError: An unknown ``long_text``, or what ``encode`` raises.
    """
    if long_text not in get_args(LongText):
        expected = first_ten(get_args(LongText))
        raise NewsImagesError(f"long_text is {long_text!r}, expected {expected}.")
    if long_text == "cut":
        return encode(texts)
    rest = iter(texts.items())
    parts = []
    while part := dict(islice(rest, PART_SIZE)):
        parts.append(_means(part, encode))
    ids = np.concatenate([part.ids for part in parts])
    return Embeddings(ids, np.concatenate([part.vectors for part in parts]))


def _means(texts: Mapping[str, str], encode: EncodeTexts) -> Embeddings:
    """The mean vector of each text's sentences, at length 1."""
    sentences = {key: split(text) or [text] for key, text in texts.items()}
    distinct = {_digest(s): s for of_text in sentences.values() for s in of_text}
    vectors = encode(distinct)
    row_of = {key: row for row, key in enumerate(vectors.ids.tolist())}
    means = np.stack(
        [
            vectors.vectors[[row_of[_digest(s)] for s in of_text]].mean(axis=0)
            for of_text in sentences.values()
        ]
    )
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    return Embeddings(np.asarray(list(texts)), (means / lengths).astype(np.float32))


def _digest(sentence: str) -> str:
    return hashlib.sha256(sentence.encode(errors="surrogatepass")).hexdigest()[:32]
