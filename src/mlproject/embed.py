"""Entry point ``embed``, and the prologue of all that work on vectors: a corpus to its vectors."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from mlproject import tracking
from mlproject.embedding import (
    EmbeddedCorpus,
    embed,
    embed_originals,
    encoder_config,
    multilingual_config,
)
from mlproject.options import ArticleOptions, MultilingualOptions
from mlproject.preprocess import Preprocess, open_corpus, preprocess
from newsimages.corpora import Corpus
from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder


@dataclass(frozen=True, kw_only=True)
class Embed:
    """Embeds the articles' titles and texts and the images with an openCLIP model."""

    articles: ArticleOptions = field(default_factory=ArticleOptions)
    multilingual: MultilingualOptions = field(default_factory=MultilingualOptions)


def run(config: Embed) -> None:
    """The entry point."""
    with tracking.entry_point(config, doing=str(Embed.__doc__)):
        originals = partial(multilingual_config, config.multilingual, config.articles.encoder)
        prologue(config.articles, originals=originals, is_step=False)


def prologue(
    options: ArticleOptions,
    *,
    check: Callable[[Corpus], Corpus] = lambda corpus: corpus,
    originals: Callable[[Corpus], OpenClipConfig | None] = lambda corpus: None,
    is_step: bool = True,
) -> EmbeddedCorpus:
    """Reads the corpus, turns its articles into English and embeds articles and images.

    Args:
        options: What is wanted.
        check: Refuses a corpus that the entry point could not use, before any work is done that
            would else be lost; returns the part of the corpus that is worked on.
        originals: Chooses the model for the articles as they were written; None for no such model.
        is_step: Whether embedding is a run of its own, nested in the active run.

    Raises:
        NewsImagesError: As ``check`` and ``originals``, and as the steps do.
    """
    source, encoder = options.source, options.encoder
    corpus = check(open_corpus(source))
    model, multilingual = encoder_config(encoder, corpus), originals(corpus)
    with tracking.step("preprocess", doing=str(Preprocess.__doc__)):
        prepared = preprocess(
            options.preprocessing, corpus, workdir=Path(source.workdir), device=encoder.device
        )
    with tracking.step("embed", doing=str(Embed.__doc__)) if is_step else nullcontext():
        embedded = embed(options, OpenClipEncoder(model), prepared)
    return embed_originals(options, multilingual, embedded)
