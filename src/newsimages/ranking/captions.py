"""Captions as a tower: caption vectors in, one vector per image out, those without a caption too.

A text tower makes vectors of the images' captions and of the articles; their cosines are a view. An
image without a caption must be neither punished nor favoured by it, so its cosine with an article
is to be the mean cosine m · q that captions have. With one more dimension that is an inner product
of unit vectors like any other:

    image with the caption c    [c, 0]
    image without one           [m, √(1 − |m|²)]
    article q                   [q, 0]

m is the mean of caption vectors that were seen before; a gallery that grows keeps it.
"""

import numpy as np
from numpy.typing import NDArray

from newsimages.embeddings import Embeddings, rows_of
from newsimages.errors import NewsImagesError, first_ten


def neutral_vector(captions: NDArray[np.float32]) -> NDArray[np.float32]:
    """(E + 1,) the vector of images without a caption, of length 1.

    Args:
        captions: (N, E) unit vectors, at least one.
    """
    mean = captions.mean(axis=0, dtype=np.float64)
    rest = np.sqrt(max(0.0, 1 - float(mean @ mean)))
    return np.append(mean, rest).astype(np.float32)


def captions_tower(
    captions: Embeddings | None, image_ids: NDArray[np.str_], neutral: NDArray[np.float32]
) -> Embeddings:
    """D images as the tower has them, (D, E + 1).

    Args:
        captions: Those of them that have a caption; None: none has.
        image_ids: (D,) all images.
        neutral: As `neutral_vector`.

    Raises:
        NewsImagesError: A caption of an image that is none of these.
    """
    vectors = np.tile(neutral, (len(image_ids), 1))
    if captions is not None:
        rows, missing = rows_of(image_ids, captions.ids.tolist())
        if missing:
            raise NewsImagesError(f"Captions of images that are not there: {first_ten(missing)}.")
        vectors[rows] = with_zero(captions).vectors
    return Embeddings(image_ids, vectors)


def with_zero(texts: Embeddings) -> Embeddings:
    """The same vectors with a 0 behind each, (N, E + 1): captions and articles."""
    return Embeddings(texts.ids, np.pad(texts.vectors, ((0, 0), (0, 1))))


def n_captioned(images: Embeddings) -> int:
    """How many of a captions tower's images have a caption."""
    return int(np.count_nonzero(images.vectors[:, -1] == 0))
