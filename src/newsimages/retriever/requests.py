"""A served retriever's requests: a table of articles and parameters in, a table of answers out."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from newsimages.errors import NewsImagesError, first_ten
from newsimages.retriever.retriever import Retriever

COLUMNS = ("title", "text", "article_id")
PARAMETERS = ("top_k", "revision", "against")
MAX_ROWS = 10_000
MAX_CHARACTERS = 100_000


def answer(
    retriever: Retriever, articles: pd.DataFrame, parameters: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """Ranks images for the articles of a request.

    Args:
        retriever: With a text encoder and a query bank.
        articles: The column title, and optionally text and article_id; 1 to `MAX_ROWS` rows.
        parameters: top_k, revision and against, each optional, as `Retriever.retrieve` has them.

    Returns:
        A row per article, in order: article_id (the row's number where none is given), image_ids,
        scores and similarities; the latter three lists, best first.

    Raises:
        NewsImagesError: With a sentence for whoever sent the request.
    """
    articles = articles.reset_index(drop=True).astype(object)  # a column of nulls is of floats
    _check(articles)
    given = {key: value for key, value in (parameters or {}).items() if value is not None}
    unknown = sorted(set(given) - set(PARAMETERS))
    if unknown:
        raise NewsImagesError(
            f"Unknown parameters: {first_ten(unknown)}; expected {first_ten(PARAMETERS)}."
        )
    top_k = given.get("top_k", 100)
    if isinstance(top_k, bool) or int(top_k) != top_k or top_k < 1:
        raise NewsImagesError(f"top_k is {top_k}, expected a whole number of at least 1.")
    rows = [str(row) for row in articles.index]
    texts = articles.get("text", pd.Series("", index=articles.index)).fillna("")
    ranking = retriever.retrieve(
        dict(zip(rows, articles["title"], strict=True)),
        dict(zip(rows, texts, strict=True)),
        **{**given, "top_k": int(top_k)},
    )
    return pd.DataFrame(
        {
            "article_id": articles.get("article_id", rows),
            "image_ids": ranking.image_ids.tolist(),
            "scores": ranking.scores.astype(float).tolist(),
            "similarities": ranking.similarities.astype(float).tolist(),
        }
    )


def _check(articles: pd.DataFrame) -> None:
    if "title" not in articles or any(name not in COLUMNS for name in articles.columns):
        raise NewsImagesError(
            f"The columns are {first_ten(list(articles.columns)) or 'none'}; expected title, and "
            "optionally text and article_id."
        )
    if not 0 < len(articles) <= MAX_ROWS:
        raise NewsImagesError(
            f"The request has {len(articles)} articles, expected 1 to {MAX_ROWS:,}. Send more in "
            "several requests."
        )
    for name in articles.columns:
        values = articles[name]
        is_text = values.map(lambda value: isinstance(value, str))
        optional = values.isna() if name == "text" else is_text
        wrong = articles.index[~(is_text | optional)].tolist()
        if wrong:
            first = values[wrong[0]]
            is_null = first is None or first != first  # noqa: PLR0124 - NaN alone differs
            shown = "null" if is_null else f"{type(first).__name__} {str(first)[:40]!r}"
            raise NewsImagesError(
                f"{name} is no text in the rows {first_ten(wrong)}: got {shown}, expected a string."
            )
        long = articles.index[values.fillna("").str.len() > MAX_CHARACTERS].tolist()
        if long:
            raise NewsImagesError(
                f"{name} has more than {MAX_CHARACTERS:,} characters in the rows {first_ten(long)}."
            )
    blank = articles.index[~articles["title"].map(_says_something)].tolist()
    if blank:
        raise NewsImagesError(
            f"The title is blank in the rows {first_ten(blank)} (counted from 0). Fill it in, or "
            "leave these articles out."
        )


def _says_something(title: str) -> bool:
    return any(character.isprintable() and not character.isspace() for character in title)
