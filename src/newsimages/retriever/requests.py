"""A served retriever's requests: a table of articles and parameters in, a table of answers out."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from newsimages.errors import NewsImagesError, first_ten
from newsimages.ranking.ranking import Ranking
from newsimages.retriever.batching import Batcher
from newsimages.retriever.retriever import Against, Retriever

COLUMNS = ("title", "text", "article_id")
PARAMETERS = ("top_k", "revision", "against", "explain")
MAX_ROWS = 10_000
MAX_CHARACTERS = 100_000
MAX_NUMBERS = 20_000_000  # of an answer; in JSON some 400 MB


class _Article(NamedTuple):
    title: str
    text: str


class _Answer(NamedTuple):
    """One article's, as a part of a ranking of several."""

    ranking: Ranking
    row: int
    language: str
    contributions: Mapping[str, NDArray[np.float64]]
    """Per view and revision (C, K), as the ranking; empty where that is not asked."""


@dataclass(frozen=True, kw_only=True)
class _Settings:
    """The parameters of a request, checked."""

    top_k: int = 100
    revision: str | None = None
    against: Against = "bank"
    explain: bool = False


class Answers:
    """Answers requests from many threads, those that come together in one go."""

    def __init__(self, retriever: Retriever) -> None:
        """Takes a retriever with a text encoder and a query bank."""
        self.retriever = retriever
        self._batcher = Batcher[_Article, _Answer](self._answers)

    def __call__(
        self, articles: pd.DataFrame, parameters: Mapping[str, Any] | None = None
    ) -> pd.DataFrame:
        """Ranks images for the articles of a request.

        Args:
            articles: The column title, and optionally text and article_id; 1 to `MAX_ROWS` rows.
            parameters: top_k, revision and against, each optional, as `Retriever.retrieve` has
                them; explain, whether to say what a score is made of.

        Returns:
            A row per article, in order: article_id (the row's number where none is given),
            language, image_ids, scores, similarities and confidence, the latter four lists, best
            first; none_fits; with explain, contributions: a list as long for each view and for the
            revision, which add up to the scores. With ``against=batch``, whose scores depend on
            the request's other articles, confidence and none_fits are None.

        Raises:
            NewsImagesError: With a sentence for whoever sent the request.
            BusyError: Too many wait already.
        """
        articles = articles.reset_index(drop=True).astype(object)  # a column of nulls is of floats
        _check(articles)
        settings = _settings(parameters or {})
        self._check_size(len(articles), settings)
        texts = articles.get("text", pd.Series("", index=articles.index)).fillna("")
        asked = [_Article(*each) for each in zip(articles["title"], texts, strict=True)]
        together = settings.against == "bank" and len(asked) <= self._batcher.max_items
        answers = (self._batcher if together else self._answers)(settings, asked)
        ids = articles.get("article_id", pd.Series(articles.index.map(str)))
        return _table(answers, ids.tolist(), settings)

    def _answers(self, settings: Hashable, asked: Sequence[_Article]) -> list[_Answer]:
        """Encodes and ranks the articles together."""
        if not isinstance(settings, _Settings):
            raise TypeError(f"settings are {settings!r}")
        retriever = self.retriever
        queries = retriever.queries(
            {str(row): each.title for row, each in enumerate(asked)},
            {str(row): each.text for row, each in enumerate(asked)},
        )
        ranking = retriever.rank(
            queries,
            top_k=settings.top_k,
            revision=settings.revision,
            against=settings.against,
        )
        contributions: Mapping[str, NDArray[np.float64]] = {}
        if settings.explain:
            contributions = retriever.explain(queries, ranking, revision=settings.revision)
        languages = ["und"] * len(asked) if queries.languages is None else queries.languages
        return [
            _Answer(ranking, row, str(language), contributions)
            for row, language in enumerate(languages)
        ]

    def _check_size(self, n_articles: int, settings: _Settings) -> None:
        n_images = len(next(iter(self.retriever.gallery.values())))
        columns = 3 + (1 + len(self.retriever.weights) if settings.explain else 0)
        most = MAX_NUMBERS // (columns * min(settings.top_k, n_images))
        if n_articles > most:
            raise NewsImagesError(
                f"{n_articles} articles with top_k={settings.top_k} are too much for one answer: "
                f"ask for at most {most} articles at a time, or for a smaller top_k."
            )


def _settings(parameters: Mapping[str, Any]) -> _Settings:
    """Raises: NewsImagesError where a parameter is unknown or cannot be."""
    given = {key: value for key, value in parameters.items() if value is not None}
    unknown = sorted(set(given) - set(PARAMETERS))
    if unknown:
        raise NewsImagesError(
            f"Unknown parameters: {first_ten(unknown)}; expected {first_ten(PARAMETERS)}."
        )
    top_k = given.get("top_k", 100)
    if isinstance(top_k, bool) or int(top_k) != top_k or top_k < 1:
        raise NewsImagesError(f"top_k is {top_k}, expected a whole number of at least 1.")
    explain = given.get("explain", False)
    if not isinstance(explain, bool | np.bool_):
        raise NewsImagesError(f"explain is {explain!r}, expected true or false.")
    if explain and given.get("against") == "batch":
        raise NewsImagesError(
            "explain=true says what scores against the bank are made of: leave against=batch out."
        )
    return _Settings(**{**given, "top_k": int(top_k)})


def _table(
    answers: Sequence[_Answer], article_ids: Sequence[str], settings: _Settings
) -> pd.DataFrame:
    """A row per article, in lists as JSON has them."""
    rows = []
    for ranking, row, language, contributions in answers:
        sure, none_fits = ranking.confidences, ranking.none_fits
        rows.append(
            {
                "language": language,
                "image_ids": ranking.image_ids[row].tolist(),
                "scores": ranking.scores[row].tolist(),
                "similarities": ranking.similarities[row].tolist(),
                "confidence": None if sure is None else sure[row].tolist(),
                "none_fits": None if none_fits is None else float(none_fits[row]),
            }
        )
        if settings.explain:
            rows[-1]["contributions"] = {k: own[row].tolist() for k, own in contributions.items()}
    table = pd.DataFrame(rows)
    table.insert(0, "article_id", list(article_ids))
    return table


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
