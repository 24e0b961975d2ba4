"""Step 3, full texts: articles' English texts in, one unit vector each out.

A text that is longer than the backbone's context is cut as openCLIP cuts it, or embedded as the
mean of its sentences. An article without a text is embedded by its title.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError, first_ten
from newsimages.preprocessing.sentences import split

LongText = Literal["cut", "mean"]
EncodeTexts = Callable[[Mapping[str, str]], Embeddings]
"""Maps texts by id to one vector each, in their order."""
PART_SIZE = 512  # articles whose sentences are in memory at a time


def full_texts(titles: Mapping[str, str], texts: Mapping[str, str]) -> dict[str, str]:
    """Each article's text, or its title where the text is blank."""
    return {key: texts[key] if texts[key].strip() else title for key, title in titles.items()}


def embed_full_texts(
    texts: Mapping[str, str], encode: EncodeTexts, *, long_text: LongText = "cut"
) -> Embeddings:
    """Embeds full texts, by article id.

    ``cut`` leaves it to ``encode`` to cut a text; ``mean`` takes the mean of its sentences'
    vectors, at length 1.

    Raises:
        NewsImagesError: An unknown ``long_text``, or what ``encode`` raises.
    """
    if long_text not in get_args(LongText):
        expected = first_ten(get_args(LongText))
        raise NewsImagesError(f"long_text is {long_text!r}, expected {expected}.")
    if long_text == "cut":
        return encode(texts)
    whole = list(texts.values())
    starts = range(0, len(whole), PART_SIZE)
    means = [_means(whole[start : start + PART_SIZE], encode) for start in starts]
    return Embeddings(np.asarray(list(texts)), np.concatenate(means))


def _means(texts: Sequence[str], encode: EncodeTexts) -> NDArray[np.float32]:
    """(N, E) the mean vector of each text's sentences, at length 1."""
    sentences = [split(text) or [text] for text in texts]
    found = encode({_digest(s): s for of_text in sentences for s in of_text})
    vector_of = dict(zip(found.ids.tolist(), found.vectors, strict=True))
    means = [np.mean([vector_of[_digest(s)] for s in of_text], axis=0) for of_text in sentences]
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    unit: NDArray[np.float32] = np.divide(means, lengths, dtype=np.float32)
    return unit


def _digest(sentence: str) -> str:
    return hashlib.sha256(sentence.encode(errors="surrogatepass")).hexdigest()[:32]
