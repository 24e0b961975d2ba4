"""Words, for people: an article and named images in, what its words and sentences add out.

Served answers say the same (`newsimages.retriever.words`, where it is worked out). Here articles
also come from a test set, whose languages and translations are known already.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from newsimages.preprocessing.language import UNKNOWN
from newsimages.retriever.articles import ArticleEncoder, ReadArticle
from newsimages.retriever.retriever import Retriever
from newsimages.retriever.words import Added, Part, added_to_scores, in_article

__all__ = ["Added", "Part", "added_by_parts", "added_to_scores", "in_article", "read_of"]


def added_by_parts(
    retriever: Retriever,
    encoder: ArticleEncoder,
    title: str,
    text: str,
    images: Sequence[str] | NDArray[np.int64],
    *,
    revision: str | None = None,
) -> Added:
    """What each word of the title and each sentence of the text adds to images' scores.

    Args:
        retriever: What ranks.
        encoder: Its encoder.
        title: In any language that the encoder reads.
        text: Blank where there is none.
        images: Their ids, or where they are, as a `Ranking` has it.
        revision: As `Retriever.retrieve`.

    Raises:
        NewsImagesError: An unknown image, or as `Retriever.rank`.
    """
    article = encoder.read({"": title}, {"": text})[""]
    rows = images if isinstance(images, np.ndarray) else retriever.rows_of(images)
    return added_to_scores(retriever, encoder, article, rows, revision=revision)


def read_of(articles: pd.DataFrame) -> dict[str, ReadArticle]:
    """A test set's articles as towers read them, by id.

    Args:
        articles: As `newsimages.preprocessing.articles.preprocess` gives them.
    """
    columns = ["article_id", "title", "text", "title_en", "text_en"]
    languages = articles["language"] if "language" in articles else [UNKNOWN] * len(articles)
    rows = zip(*(articles[name] for name in columns), languages, strict=True)
    return {
        key: ReadArticle(
            title=title,
            text=text,
            title_en=title_en,
            text_en=text_en,
            has_text=bool(text_en.strip()),
            language=own,
        )
        for key, title, text, title_en, text_en, own in rows
    }
