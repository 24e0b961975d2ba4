"""Entry point ``preprocess``: a corpus folder to articles in English, a Parquet table per set."""

from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Annotated, TypeAlias

import mlflow
import pandas as pd
import tyro

from mlproject import tracking
from newsimages.atomic import replacing, write_bytes
from newsimages.corpora import OUTPUT_MARKER, Corpus, DataSet, read_corpus
from newsimages.corpora.demo.corpus import build_demo
from newsimages.devices import Device
from newsimages.encoding.models import AUTO, choose_translator
from newsimages.lists import names_in
from newsimages.preprocessing import articles as preprocessing
from newsimages.preprocessing.translation import Translator
from newsimages.protocols.parts import label_of

DEMO = "demo"
ALL = "all"
SAMPLE_SIZE = 20


def _parse_bool(words: list[str]) -> bool:
    word = words[0].lower()
    if word not in ("true", "false"):
        raise ValueError(f"got {words[0]!r}, expected true or false")
    return word == "true"


# MLproject passes every parameter with a value, so a flag is written as true or false.
Bool: TypeAlias = Annotated[
    bool,
    tyro.constructors.PrimitiveConstructorSpec[bool](
        nargs=1,
        metavar="{true,false}",
        instance_from_str=_parse_bool,
        is_instance=lambda value: isinstance(value, bool),
        str_from_instance=lambda value: [str(value).lower()],
    ),
    tyro.conf.FlagConversionOff,
]


@dataclass(frozen=True, kw_only=True)
class Preprocess:
    """Finds each article's language and turns German titles and texts into English."""

    corpus: str = DEMO
    """The corpus folder (README: Your own corpus), or demo for the one the project draws itself."""
    workdir: str = "work"
    """The folder for tables, caches and embeddings; made if it is not there."""
    dataset: str = ALL
    """Names of the data sets to work on, separated by commas, or all."""
    languages: str = "en,de"
    """ISO 639-1 codes of the languages that articles may be in, separated by commas."""
    translator: str = AUTO
    """A Hugging Face sequence-to-sequence model or a local folder; auto: what the corpus
    recommends, else Helsinki-NLP/opus-mt-de-en."""
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
        preprocess(config, open_corpus(config))


def open_corpus(config: Preprocess) -> Corpus:
    """Reads the corpus; the demo corpus is drawn first, once.

    Raises:
        NewsImagesError: The folder or a table in it cannot be used; no such data set.
    """
    is_demo = config.corpus == DEMO
    for name in ("articles", "embeddings"):  # marks them as no part of a corpus; finds out, too,
        write_bytes(Path(config.workdir) / name / OUTPUT_MARKER, b"")  # if they can be written
    with tracking.step("corpus", doing=f"Reads {config.corpus}."):
        folder = build_demo(Path(config.workdir) / "demo-corpus") if is_demo else config.corpus
        only = None if config.dataset == ALL else names_in(config.dataset)
        corpus = read_corpus(Path(folder), only=only)
        for data_set in corpus.data_sets:
            tracking.log_data_set(data_set)
            n_articles, n_images = len(data_set.articles), len(data_set.images)
            print(f"  {data_set.name} {data_set.split}: {n_articles} articles, {n_images} images")
        if len(corpus.skipped):
            tracking.log_table(corpus.skipped, "skipped.csv")
            print(f"  {len(corpus.skipped)} articles or images skipped: see skipped.csv of the run")
    return corpus


def preprocess(config: Preprocess, corpus: Corpus) -> PreparedCorpus:
    """Finds languages and translates; writes ``articles/SET-SPLIT.parquet`` into the workdir.

    Raises:
        NewsImagesError: A translator or workdir that cannot be used.
    """
    workdir = Path(config.workdir)
    translator = choose_translator(corpus, config.translator)
    # Every set may need the translator, none has to: it is loaded once, when it is needed.
    load_translator = cache(partial(Translator, translator, device=config.device))
    prepared = []
    for data_set in corpus.data_sets:
        articles, counts = preprocessing.preprocess(
            data_set.articles,
            load_translator=load_translator,
            cache_path=workdir / "translations.sqlite",
            languages=names_in(config.languages.lower()),
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
