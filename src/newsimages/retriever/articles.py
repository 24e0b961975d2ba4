"""Articles to queries, as they are served: titles and texts in, vectors per view out.

title, text ─ language ─ translation ─> English ─ CLIP ─> (T×V) ─> queries
           ─ as they were written ─ multilingual CLIP ────────────>
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from newsimages.embeddings import Embeddings
from newsimages.encoding.long_text import LongText, embed_full_texts, full_texts
from newsimages.plain_text import readable
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
        keys = list(titles)
        titles, texts = ({key: readable(each[key]) for key in keys} for each in (titles, texts))
        english = self.preprocessing(
            list(titles.values()), [texts[key] for key in keys], is_enough=self._is_enough
        )
        views: dict[View, Embeddings] = {}
        if "clip" in self.towers:
            own = (dict(zip(keys, each, strict=True)) for each in (english.titles, english.texts))
            views |= self._views("clip", *own)
            views |= {
                view: with_zero(views[View("clip", view.text_field)])
                for view in self.weights
                if view.tower == "captions"
            }
        if "multilingual" in self.towers:
            views |= self._views("multilingual", titles, texts)
        queries = Queries(
            views=views,
            has_text=np.array([bool(text.strip()) for text in english.texts], np.bool_),
            languages=np.array(english.languages),
            in_english=np.array(english.in_english, np.bool_),
        )
        return txv_queries(queries, self.networks)

    def _views(
        self, tower: Tower, titles: Mapping[str, str], texts: Mapping[str, str]
    ) -> dict[View, Embeddings]:
        """The articles in the views of one text tower that are asked."""

        def embedded(texts: Mapping[str, str]) -> Embeddings:
            encoded = self.towers[tower].encode(list(texts.values()))
            return Embeddings(np.asarray(list(texts)), encoded)

        fields = self._fields(tower)
        views: dict[View, Embeddings] = {}
        if "title" in fields:
            views[View(tower, "title")] = embedded(titles)
        if "text" in fields:
            whole = full_texts(titles, texts)
            views[View(tower, "text")] = embed_full_texts(whole, embedded, long_text=self.long_text)
        return views

    def _fields(self, tower: Tower) -> set[TextField]:
        """What a text tower is asked with, by views of its own or on top of it."""
        on_top = ON_CLIP if tower == "clip" else ()
        return {view.text_field for view in self.weights if view.tower in {tower, *on_top}}

    @property
    def _is_enough(self) -> Callable[[str], bool] | None:
        """Whether the beginning of an English text is all that is read of it."""
        if self.long_text == "cut" and "clip" in self.towers:
            return self.towers["clip"].fills_context
        return None
