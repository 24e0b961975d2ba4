"""Articles to queries, as they are served: titles and texts in, vectors per view out.

title, text ─ language ─ translation ─> English ─ CLIP ─> (T×V) ─> queries
           ─ as they were written ─ multilingual CLIP ────────────>

`ArticleEncoder.read` is the first half of it, up to the texts; `ArticleEncoder.encode` the second.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from newsimages.embeddings import Embeddings
from newsimages.encoding.long_text import LongText, embed_full_texts, full_texts
from newsimages.plain_text import readable
from newsimages.preprocessing.language import UNKNOWN
from newsimages.preprocessing.served import Preprocessing
from newsimages.ranking.captions import with_zero
from newsimages.ranking.spaces import ON_CLIP, Queries, TextField, Tower, View, Weights
from newsimages.txv.towers import Networks, txv_queries


class ReadsTexts(Protocol):
    """A text tower, as `TextTower` is one."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(N,) texts to (N, E) vectors of length 1."""

    def fills_context(self, text: str) -> bool:
        """Whether nothing that follows such a text would be read."""


@dataclass(frozen=True, kw_only=True)
class ReadArticle:
    """An article as text towers read it: as it was written, and in English."""

    title: str
    text: str
    """Blank where there is none."""
    title_en: str
    text_en: str
    """As much of it as was translated."""
    has_text: bool
    """Where it has none, its title is asked with in the place of the text."""
    language: str = UNKNOWN
    """ISO 639-1 code; ``und`` where nothing speaks for a language."""
    in_english: bool = True
    """False: it is not in English and was not translated; only multilingual views are asked."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ArticleEncoder:
    """The encoder of a request's articles: it gives the queries that were measured."""

    towers: Mapping[Tower, ReadsTexts]
    """``clip``, which reads English and is the ground of T×V's towers and of captions, and
    ``multilingual``, which reads articles as they were written; those that the weights ask."""
    weights: Weights
    """Only the text fields of the views in it are encoded."""
    networks: Networks = field(default_factory=dict)
    """T×V's."""
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    """From any language to English."""
    long_text: LongText = "cut"
    """What is done to texts beyond a tower's context."""

    def __call__(self, titles: Mapping[str, str], texts: Mapping[str, str]) -> Queries:
        """Titles and texts by article id, a blank text where there is none, to vectors.

        Raises:
            NewsImagesError: As `Preprocessing`.
        """
        return self.encode(self.read(titles, texts))

    def read(self, titles: Mapping[str, str], texts: Mapping[str, str]) -> dict[str, ReadArticle]:
        """The articles as the towers read them, by id; all else as `__call__`."""
        keys = list(titles)
        titles, texts = ({key: readable(each[key]) for key in keys} for each in (titles, texts))
        english = self.preprocessing(
            list(titles.values()), [texts[key] for key in keys], is_enough=self._is_enough
        )
        return {
            key: ReadArticle(
                title=titles[key],
                text=texts[key],
                title_en=english.titles[row],
                text_en=english.texts[row],
                has_text=bool(english.texts[row].strip()),
                language=english.languages[row],
                in_english=english.in_english[row],
            )
            for row, key in enumerate(keys)
        }

    def encode(self, articles: Mapping[str, ReadArticle]) -> Queries:
        """Articles by id, in one batch, to vectors in the views that have a weight."""
        views: dict[View, Embeddings] = {}
        if "clip" in self.towers:
            titles = {key: each.title_en for key, each in articles.items()}
            views |= self._views(
                "clip", titles, {key: each.text_en for key, each in articles.items()}
            )
            views |= {
                view: with_zero(views[View("clip", view.text_field)])
                for view in self.weights
                if view.tower == "captions"
            }
        if "multilingual" in self.towers:
            titles = {key: each.title for key, each in articles.items()}
            views |= self._views(
                "multilingual", titles, {key: each.text for key, each in articles.items()}
            )
        own = articles.values()
        queries = Queries(
            views=views,
            has_text=np.array([each.has_text for each in own], np.bool_),
            languages=np.array([each.language for each in own]),
            in_english=np.array([each.in_english for each in own], np.bool_),
        )
        return txv_queries(queries, self.networks)

    def fields(self, tower: Tower) -> set[TextField]:
        """What a text tower is asked with, by views of its own or on top of it."""
        if tower not in self.towers:
            return set()
        on_top = ON_CLIP if tower == "clip" else ()
        return {view.text_field for view in self.weights if view.tower in {tower, *on_top}}

    def _views(
        self, tower: Tower, titles: Mapping[str, str], texts: Mapping[str, str]
    ) -> dict[View, Embeddings]:
        """The articles in the views of one text tower that are asked."""

        def embedded(texts: Mapping[str, str]) -> Embeddings:
            encoded = self.towers[tower].encode(list(texts.values()))
            return Embeddings(np.asarray(list(texts)), encoded)

        fields = self.fields(tower)
        views: dict[View, Embeddings] = {}
        if "title" in fields:
            views[View(tower, "title")] = embedded(titles)
        if "text" in fields:
            whole = full_texts(titles, texts)
            views[View(tower, "text")] = embed_full_texts(whole, embedded, long_text=self.long_text)
        return views

    @property
    def _is_enough(self) -> Callable[[str], bool] | None:
        """Whether the beginning of an English text is all that is read of it."""
        if self.long_text == "cut" and "clip" in self.towers:
            return self.towers["clip"].fills_context
        return None
