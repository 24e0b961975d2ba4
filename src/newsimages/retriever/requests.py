"""A served retriever's requests: a table of articles and parameters in, a table of answers out."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_scalar

from newsimages.errors import NewsImagesError, first_ten
from newsimages.gallery.filters import Filter
from newsimages.plain_text import encodable, readable
from newsimages.preprocessing.language import UNKNOWN
from newsimages.ranking.ranking import Ranking
from newsimages.retriever.articles import ArticleEncoder
from newsimages.retriever.batching import MAX_ITEMS, Batcher
from newsimages.retriever.parameters import MAX_CHARACTERS, Settings, beginning, settings_of
from newsimages.retriever.retriever import Retriever
from newsimages.retriever.words import MAX_PARTS, Added, added_to_scores

COLUMNS = ("title", "text", "article_id")
MAX_ROWS = 10_000
_NO_VALUE = str(pd.NA)
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
    added: Added | None
    """By the article's words, to the K images; None where that is not asked."""


class Answers:
    """Answers requests from many threads, those that come together in one go."""

    def __init__(self, retriever: Retriever) -> None:
        """Takes a retriever with a text encoder and a query bank."""
        self.retriever = retriever
        self._together = Batcher[_Article, _Answer](self._answers)
        self._apart = Batcher[_Article, _Answer](self._answers, max_items=0)

    def __call__(
        self, articles: pd.DataFrame, parameters: Mapping[str, Any] | None = None
    ) -> pd.DataFrame:
        """Ranks images for the articles of a request.

        Args:
            articles: The column title, and optionally text and article_id, in which values may be
                missing; 1 to `MAX_ROWS` rows.
            parameters: top_k, revision, against, minus and minus_weight, each optional, as
                `Retriever.retrieve` has them; explain, whether to say what a score is made of;
                words, whether to say what each word adds to it; filter, which images may be listed
                (`newsimages.gallery.filters`), where the gallery is one that grows; like, an image
                whose likes are listed for every article (`Retriever.like`).

        Returns:
            A row per article, under its own label: article_id (the row's number, counted from 0,
            where none is given), language, image_ids, scores, similarities and confidence, the
            latter four lists, best first; none_fits; with explain, contributions: a list as long
            for each view and for the revision, which add up to the scores; with words, words
            (`_words`). With ``against=batch``, whose scores depend on the request's other articles,
            with minus and with like, confidence and none_fits are None. Where the gallery is one
            that grows, gallery_version. Where the retriever has an index, approximate: whether it
            chose what was scored; such answers have no confidence and no none_fits.

        Raises:
            NewsImagesError: With a sentence for whoever sent the request.
            BusyError: Too many wait already.
        """
        titles, texts, ids = _read(articles)
        settings = settings_of(parameters or {})
        self._rows_of(settings.filter)  # told before anything is encoded, where it leaves none
        self._check_size(len(titles), settings)
        asked = [_Article(*each) for each in zip(titles, texts, strict=True)]
        shares = settings.against == "bank" and len(asked) <= MAX_ITEMS
        answers = (self._together if shares else self._apart)(settings, asked)
        table = _table(answers, ids, settings, articles.index)
        if self.retriever.has_had_index:
            table["approximate"] = [answer.ranking.approximate for answer in answers]
        if snapshot := self.retriever.snapshot:
            table["gallery_version"] = [snapshot.version] * len(table)
        return table

    def _answers(self, settings: Hashable, asked: Sequence[_Article]) -> list[_Answer]:
        """Encodes and ranks the articles together."""
        if not isinstance(settings, Settings):
            raise TypeError(f"settings are {settings!r}")
        retriever, within = self.retriever, self._rows_of(settings.filter)
        minus, weight = settings.minus, settings.minus_weight
        if settings.like:
            alike = retriever.like(
                settings.like,
                top_k=settings.top_k,
                within=within,
                minus=minus,
                minus_weight=weight,
            )
            return [_Answer(alike, 0, UNKNOWN, {}, None)] * len(asked)
        titles = {str(row): each.title for row, each in enumerate(asked)}
        texts = {str(row): each.text for row, each in enumerate(asked)}
        queries = retriever.queries(titles, texts)
        if minus:
            queries = retriever.less(queries, minus, weight)
        ranking = retriever.rank(
            queries,
            top_k=settings.top_k,
            revision=settings.revision,
            against=settings.against,
            within=within,
        )
        contributions: Mapping[str, NDArray[np.float64]] = {}
        if settings.explain:
            contributions = retriever.explain(queries, ranking, revision=settings.revision)
        added: list[Added | None] = [None] * len(asked)
        if settings.words:
            encoder = self._encoder
            added = [
                added_to_scores(
                    retriever,
                    encoder,
                    article,
                    ranking.rows[row],
                    revision=settings.revision,
                    minus=minus,
                    minus_weight=weight,
                )
                for row, article in enumerate(encoder.read(titles, texts).values())
            ]
        languages = [UNKNOWN] * len(asked) if queries.languages is None else queries.languages
        return [
            _Answer(ranking, row, str(language), contributions, added[row])
            for row, language in enumerate(languages)
        ]

    @property
    def _encoder(self) -> ArticleEncoder:
        """Raises: NewsImagesError where it is none that reads articles first."""
        encoder = self.retriever.encode
        if not isinstance(encoder, ArticleEncoder):
            raise NewsImagesError(
                "This retriever's encoder takes articles whole: leave words out, or give it an "
                "ArticleEncoder."
            )
        return encoder

    def _rows_of(self, wanted: Filter | None) -> NDArray[np.bool_] | None:
        """The images that may be listed; None: all."""
        if wanted is None:
            return None
        if self.retriever.snapshot is None:
            raise NewsImagesError(
                "This model's gallery has no dates, rights, credits or captions to filter by: "
                "leave filter out, or register the model on a gallery that grows."
            )
        return self.retriever.snapshot.rows_of(wanted)

    def _check_size(self, n_articles: int, settings: Settings) -> None:
        n_images = len(next(iter(self.retriever.gallery.values())))
        columns = 3 + (1 + len(self.retriever.weights) if settings.explain else 0)
        columns += 4 * MAX_PARTS if settings.words else 0  # of title and text, in two versions
        most = MAX_NUMBERS // (columns * min(settings.top_k, n_images))
        if n_articles > most:
            raise NewsImagesError(
                f"{n_articles} articles with top_k={settings.top_k} are too much for one answer: "
                f"ask for at most {most} articles at a time, or for a smaller top_k."
            )


def _table(
    answers: Sequence[_Answer], article_ids: Sequence[str], settings: Settings, index: pd.Index
) -> pd.DataFrame:
    """A row per article, under the labels of ``index``, in lists as JSON has them."""
    rankings = [(answer.ranking, answer.row) for answer in answers]
    columns: dict[str, list[Any]] = {
        "article_id": list(article_ids),
        "language": [answer.language for answer in answers],
        "image_ids": [ranking.image_ids[row].tolist() for ranking, row in rankings],
        "scores": [ranking.scores[row].tolist() for ranking, row in rankings],
        "similarities": [ranking.similarities[row].tolist() for ranking, row in rankings],
        "confidence": [_of_row(ranking.confidences, row) for ranking, row in rankings],
        "none_fits": [_of_row(ranking.none_fits, row) for ranking, row in rankings],
    }
    if settings.explain:
        columns["contributions"] = [
            {name: own[answer.row].tolist() for name, own in answer.contributions.items()}
            for answer in answers
        ]
    if settings.words:
        columns["words"] = [answer.added and _words(answer.added) for answer in answers]
    return pd.DataFrame(columns, index=index, dtype=object)


def _words(added: Added) -> dict[str, Any]:
    """What parts add, as JSON has it: the title and the text in both versions, and the parts.

    Of a part: ``field`` (title or text), ``of`` (original or english), ``start``, ``end``, ``text``
    and ``adds``, a number for each listed image; ``left`` parts were not looked at.
    """
    article = added.article
    versions = {name: getattr(article, name) for name in ("title", "text", "title_en", "text_en")}
    parts = [
        {**asdict(part), "adds": own}
        for part, own in zip(added.parts, added.values.tolist(), strict=True)
    ]
    return {**versions, "parts": parts, "left": added.n_left}


def _of_row(values: NDArray[np.float32] | None, row: int) -> Any:
    """One article's, as JSON has it; null where there are none."""
    return None if values is None else values[row].tolist()


def _read(articles: pd.DataFrame) -> tuple[list[str], list[str], list[str]]:
    """Titles, texts ("" where one is missing) and ids (the row's number where one is missing).

    Raises: NewsImagesError where the table is none of articles. Columns are read as lists: a table
    of one row is most of what is asked, and pandas would take longer over it than the ranking.
    """
    names = articles.columns.tolist()
    if "title" not in names or len(set(names)) < len(names) or any(n not in COLUMNS for n in names):
        raise NewsImagesError(
            f"The columns are {first_ten(names) or 'none'}; expected title, and optionally text "
            "and article_id."
        )
    n_articles = len(articles)
    if not 0 < n_articles <= MAX_ROWS:
        raise NewsImagesError(
            f"The request has {n_articles} articles, expected 1 to {MAX_ROWS:,}. Send more in "
            "several requests."
        )
    columns = {name: articles[name].tolist() for name in names}
    missing = {"text": [""] * n_articles, "article_id": [str(row) for row in range(n_articles)]}
    for name, instead in missing.items():
        given = zip(columns.get(name, instead), instead, strict=True)
        columns[name] = [other if _is_null(value) else value for value, other in given]
    for name, values in columns.items():
        _check_texts(name, values)
    blank = [row for row, title in enumerate(columns["title"]) if not readable(title)]
    if blank:
        raise NewsImagesError(
            f"The title is blank in the rows {first_ten(blank)} (counted from 0). Fill it in, or "
            "leave these articles out."
        )
    return columns["title"], columns["text"], [encodable(each) for each in columns["article_id"]]


def _check_texts(name: str, values: Sequence[Any]) -> None:
    wrong = [
        row for row, value in enumerate(values) if not isinstance(value, str) or _is_null(value)
    ]
    if wrong:
        first = values[wrong[0]]
        shown = "null" if _is_null(first) else f"{type(first).__name__} {beginning(first, str)!r}"
        raise NewsImagesError(
            f"{name} is no text in the rows {first_ten(wrong)}: got {shown}, expected a string."
        )
    long = [row for row, value in enumerate(values) if len(value) > MAX_CHARACTERS]
    if long:
        raise NewsImagesError(
            f"{name} has more than {MAX_CHARACTERS:,} characters in the rows {first_ten(long)}."
        )


def _is_null(value: Any) -> bool:
    """Whether a value is one of the ways in which pandas says that there is none.

    The text ``<NA>`` is one: MLflow makes it of what is missing in a column of pyarrow's.
    """
    if isinstance(value, str):
        return value == _NO_VALUE
    return bool(is_scalar(value) and pd.isna(value))
