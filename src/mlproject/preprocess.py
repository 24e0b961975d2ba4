"""Entry point ``preprocess``: a corpus folder to articles in English, a Parquet table per set."""

from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

import mlflow
import pandas as pd

from mlproject import tracking
from mlproject.options import DEMO, CorpusOptions, PreprocessingOptions
from newsimages.atomic import replacing, write_bytes
from newsimages.corpora import OUTPUT_MARKER, Corpus, DataSet, read_corpus
from newsimages.corpora.demo.corpus import build_demo
from newsimages.devices import Device
from newsimages.encoding.models import choose_translator
from newsimages.lists import names_in
from newsimages.preprocessing import articles as preprocessing
from newsimages.preprocessing.translation import Translator
from newsimages.protocols.embedded import label_of
from newsimages.runs.table import ALL

SAMPLE_SIZE = 20


@dataclass(frozen=True, kw_only=True)
class Preprocess:
    """Finds each article's language and turns German titles and texts into English."""

    source: CorpusOptions = field(default_factory=CorpusOptions)
    preprocessing: PreprocessingOptions = field(default_factory=PreprocessingOptions)
    device: Device = "auto"
    """auto, cpu or cuda; auto takes a GPU where there is one."""


@dataclass(frozen=True, kw_only=True)
class PreparedSet:
    """A data set whose articles are in English."""

    data_set: DataSet
    """As it was read."""
    articles: pd.DataFrame
    """Its articles with language, confidence, and title_en and text_en complete."""

    @property
    def label(self) -> str:
        """Name and split, fit for a file name."""
        return label_of(self.data_set.name, self.data_set.split)


@dataclass(frozen=True, kw_only=True)
class PreparedCorpus:
    """What preprocessing hands on."""

    corpus: Corpus
    sets: tuple[PreparedSet, ...]


def run(config: Preprocess) -> None:
    """The entry point."""
    with tracking.entry_point(config, doing=str(Preprocess.__doc__)):
        corpus = open_corpus(config.source)
        workdir = Path(config.source.workdir)
        preprocess(config.preprocessing, corpus, workdir=workdir, device=config.device)


def open_corpus(source: CorpusOptions) -> Corpus:
    """Reads the corpus; the demo corpus is drawn first, once.

    Raises:
        NewsImagesError: The folder or a table in it cannot be used; no such data set.
    """
    is_demo = source.corpus == DEMO
    for name in ("articles", "embeddings"):  # marks them as no part of a corpus; finds out, too,
        write_bytes(Path(source.workdir) / name / OUTPUT_MARKER, b"")  # if they can be written
    with tracking.step("corpus", doing=f"Reads {source.corpus}."):
        folder = build_demo(Path(source.workdir) / "demo-corpus") if is_demo else source.corpus
        only = None if source.dataset == ALL else names_in(source.dataset)
        corpus = read_corpus(Path(folder), only=only)
        for data_set in corpus.data_sets:
            tracking.log_data_set(data_set)
            n_articles, n_images = len(data_set.articles), len(data_set.images)
            print(f"  {data_set.name} {data_set.split}: {n_articles} articles, {n_images} images")
        if len(corpus.skipped):
            tracking.log_table(corpus.skipped, "skipped.csv")
            print(f"  {len(corpus.skipped)} articles or images skipped: see skipped.csv of the run")
    return corpus


def preprocess(
    options: PreprocessingOptions, corpus: Corpus, *, workdir: Path, device: Device
) -> PreparedCorpus:
    """Finds languages and translates; writes ``articles/SET-SPLIT.parquet`` into the workdir.

    Raises:
        NewsImagesError: A translator or workdir that cannot be used.
    """
    translator = choose_translator(corpus, options.translator)
    # Every set may need the translator, none has to: it is loaded once, when it is needed.
    load_translator = cache(partial(Translator, translator, device=device))
    prepared = []
    for data_set in corpus.data_sets:
        articles, counts = preprocessing.preprocess(
            data_set.articles,
            load_translator=load_translator,
            cache_path=workdir / "translations.sqlite",
            languages=names_in(options.languages.lower()),
        )
        prepared_set = PreparedSet(data_set=data_set, articles=articles)
        with replacing(workdir / "articles" / f"{prepared_set.label}.parquet") as path:
            articles.to_parquet(path, index=False)
        mlflow.log_metrics(_metrics(prepared_set.label, counts))
        print(f"  {prepared_set.label}: {_summary(counts)}")
        prepared.append(prepared_set)
    _log_sample(prepared)
    return PreparedCorpus(corpus=corpus, sets=tuple(prepared))


def _metrics(label: str, counts: preprocessing.PreprocessingCounts) -> dict[str, float]:
    languages = {
        f"{label}/articles_{language}": float(n)
        for language, n in counts.articles_per_language.items()
    }
    return {
        **languages,
        f"{label}/sentences_translated": float(counts.translation.n_translated),
        f"{label}/sentences_from_cache": float(counts.translation.n_cached),
    }


def _summary(counts: preprocessing.PreprocessingCounts) -> str:
    languages = ", ".join(f"{n} {code}" for code, n in counts.articles_per_language.items())
    translation = counts.translation
    if not translation.n_translated + translation.n_cached:
        return f"articles: {languages}"
    return (
        f"articles: {languages}; sentences: {translation.n_translated} translated, "
        f"{translation.n_cached} from the cache"
    )


def _log_sample(prepared: list[PreparedSet]) -> None:
    """Logs a sample of what came out, as a table that the MLflow UI shows."""
    columns = ["article_id", "language", "confidence", "title", "title_en", "text_en"]
    samples = [
        part.articles.head(SAMPLE_SIZE)[columns].assign(data_set=part.label) for part in prepared
    ]
    tracking.log_table(pd.concat(samples), "sample.json")
