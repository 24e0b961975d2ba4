"""Entry point ``preprocess``: a corpus folder to articles in English, a Parquet table per set."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path

import mlflow
import pandas as pd

from mlproject import tracking
from mlproject.options import (
    DEMO,
    CaptionOptions,
    CorpusOptions,
    EngineOptions,
    PreprocessingOptions,
)
from newsimages.atomic import replacing, write_bytes
from newsimages.corpora import OUTPUT_MARKER, Corpus, read_corpus
from newsimages.corpora.captions import with_captions
from newsimages.corpora.demo.corpus import build_demo
from newsimages.devices import Device
from newsimages.encoding.models import choose_translator
from newsimages.engine import LOCAL, Engine
from newsimages.errors import NewsImagesError, first_ten
from newsimages.lists import names_in
from newsimages.preprocessing import articles as preprocessing
from newsimages.preprocessing.language import detect, rare_languages
from newsimages.preprocessing.translation import MAX_SENTENCES, Translator
from newsimages.protocols.embedded import label_of
from newsimages.runs.table import ALL

SAMPLE_SIZE = 20
SAMPLE_COLUMNS = ["article_id", "language", "confidence", "title", "title_en", "text_en"]


@dataclass(frozen=True, kw_only=True)
class Preprocess:
    """Finds each article's language and turns German titles and texts into English."""

    source: CorpusOptions = field(default_factory=CorpusOptions)
    captioned: CaptionOptions = field(default_factory=CaptionOptions)
    preprocessing: PreprocessingOptions = field(default_factory=PreprocessingOptions)
    device: Device = "auto"
    """auto, cpu or cuda; auto takes a GPU where there is one."""
    engine: EngineOptions = field(default_factory=EngineOptions)


def run(config: Preprocess) -> None:
    """The entry point."""
    with tracking.entry_point(config):
        engine = config.engine.start()
        corpus = open_corpus(config.source, captions=config.captioned.captions == "auto")
        workdir = Path(config.source.workdir)
        preprocess(
            config.preprocessing, corpus, workdir=workdir, device=config.device, engine=engine
        )


def open_corpus(
    source: CorpusOptions, *, captions: bool = False, gallery: Path | None = None
) -> Corpus:
    """Reads the corpus, with its images' captions if asked; the demo is drawn first, once.

    ``gallery`` is a folder of images that take the place of those of test sets.

    Raises:
        NewsImagesError: The folder or a table in it cannot be used; no such data set.
    """
    for name in ("articles", "embeddings"):  # marks them as no part of a corpus; finds out, too,
        write_bytes(Path(source.workdir) / name / OUTPUT_MARKER, b"")  # if they can be written
    with tracking.step("corpus", doing=f"Reads {source.corpus}."):
        only = None if source.dataset == ALL else names_in(source.dataset)
        folder = corpus_folder(source)
        corpus = read_corpus(folder, only=only, encoding=source.said_encoding, gallery=gallery)
        corpus = with_captions(corpus) if captions else corpus
        counts = []
        for data_set in corpus.data_sets:
            tracking.log_data_set(data_set)
            n_articles, n_images = len(data_set.articles), len(data_set.images)
            n_captions = len(data_set.captions)
            shown = f", {n_captions} of them with captions" if n_captions else ""
            print(
                f"  {data_set.name} {data_set.split}: {n_articles} articles, {n_images} images"
                f"{shown}"
            )
            counts.append((data_set.name, data_set.split, n_articles, n_images))
        columns = ["data_set", "split", "articles", "images"]
        # Also finds out, before the work, whether MLflow's artifacts can be written.
        tracking.log_table(pd.DataFrame(counts, columns=columns), "data_sets.json")
        if len(corpus.skipped):
            tracking.log_table(corpus.skipped, "skipped.csv")
            print(f"  {len(corpus.skipped)} articles or images skipped: see skipped.csv of the run")
    return corpus


def corpus_folder(source: CorpusOptions) -> Path:
    """Where the corpus lies; the demo is drawn there first, once."""
    if source.corpus == DEMO:
        return build_demo(Path(source.workdir) / "demo-corpus")
    return Path(source.corpus)


def preprocess(
    options: PreprocessingOptions,
    corpus: Corpus,
    *,
    workdir: Path,
    device: Device,
    engine: Engine = LOCAL,
) -> Corpus:
    """Finds languages and translates; writes ``articles/SET-SPLIT.parquet`` into the workdir.

    Returns:
        The corpus; its articles have language, confidence, and title_en and text_en complete, and
        its images caption_en, where captions were read.

    Raises:
        NewsImagesError: A translator or workdir that cannot be used.
    """
    translator = choose_translator(corpus, options.translator)
    # Every set may need the translator, none has to: it is loaded once, when it is needed.
    load_translator = cache(partial(Translator, translator, device=device))
    codes = names_in(options.languages.lower())
    found = [
        detect(each.articles["title"].tolist(), each.articles["text"].tolist(), languages=codes)
        for each in corpus.data_sets
    ]
    rare = rare_languages([code for each in found for code in each.titles], codes)
    data_sets, samples, untranslated = [], [], []
    for data_set, own in zip(corpus.data_sets, found, strict=True):
        articles, counts = preprocessing.preprocess(
            data_set.articles,
            load_translator=load_translator,
            cache_path=workdir / "translations.sqlite",
            found=own,
            rare=rare,
            engine=engine,
        )
        label = label_of(data_set.name, data_set.split)
        with replacing(workdir / "articles" / f"{label}.parquet") as path:
            articles.to_parquet(path, index=False)
        _log_counts(label, counts)
        untranslated += [(label, sentence) for sentence in counts.translation.untranslated]
        data_sets.append(replace(data_set, articles=articles))
        samples.append(articles.head(SAMPLE_SIZE)[SAMPLE_COLUMNS].assign(data_set=label))
    tracking.log_table(pd.concat(samples), "sample.json")
    if untranslated:
        rows = pd.DataFrame(untranslated, columns=["data_set", "sentence"])
        tracking.log_table(rows, "untranslated.csv")
        print(
            f"  {len(rows)} sentences stay as they are, as the translator made nothing of them or "
            "found no end: see untranslated.csv of the run"
        )
    corpus = replace(corpus, data_sets=tuple(data_sets))
    return _with_english_captions(options, corpus, workdir=workdir, device=device)


def captions_in_english(
    options: PreprocessingOptions,
    corpus: Corpus,
    captions: Sequence[str],
    *,
    workdir: Path,
    device: Device,
    each_alone: bool = False,
) -> dict[str, str]:
    """Captions in English, by what they were, as titles are.

    Args:
        options: Which languages there are, and the translator.
        corpus: Which recommends a translator.
        captions: Any number of them.
        workdir: Where translations are kept.
        device: Where to translate.
        each_alone: Whether the others say nothing of a caption's language, as where they come in
            portions: then it is in English where it is not surely in another one.

    Raises:
        NewsImagesError: A translator or workdir that cannot be used.
    """
    distinct = sorted(set(captions))
    codes = names_in(options.languages.lower())
    found = detect(distinct, [""] * len(distinct), languages=codes)
    rare = rare_languages([] if each_alone else found.titles, codes)
    table = pd.DataFrame(
        {"title": distinct, "text": "", "title_en": pd.NA, "text_en": ""}, dtype="str"
    )
    try:
        table, counts = preprocessing.preprocess(
            table,
            load_translator=partial(
                Translator, choose_translator(corpus, options.translator), device=device
            ),
            cache_path=workdir / "translations.sqlite",
            found=found,
            rare=rare,
        )
    except NewsImagesError as error:
        raise NewsImagesError(
            f"The images' captions, which captions=none leaves out: {error}"
        ) from error
    languages = counts.articles_per_language
    print(f"  captions: {', '.join(f'{n} {code}' for code, n in languages.items())}")
    return dict(zip(distinct, table["title_en"], strict=True))


def _with_english_captions(
    options: PreprocessingOptions, corpus: Corpus, *, workdir: Path, device: Device
) -> Corpus:
    """The corpus with caption_en of its images, where their captions were read and one has some."""
    captions = [caption for each in corpus.data_sets for caption in each.captions]
    if not captions:
        return corpus
    english = captions_in_english(options, corpus, captions, workdir=workdir, device=device)
    data_sets = [
        replace(each, images=each.images.assign(caption_en=each.images["caption"].map(english)))
        for each in corpus.data_sets
    ]
    return replace(corpus, data_sets=tuple(data_sets))


def _log_counts(label: str, counts: preprocessing.PreprocessingCounts) -> None:
    languages = counts.articles_per_language
    n_made, n_cached = counts.translation.n_translated, counts.translation.n_cached
    mlflow.log_metrics(
        {
            **{f"{label}/articles_{language}": n for language, n in languages.items()},
            f"{label}/sentences_translated": n_made,
            f"{label}/sentences_from_cache": n_cached,
            f"{label}/sentences_untranslated": len(counts.translation.untranslated),
            f"{label}/texts_cut_for_translation": counts.translation.n_cut,
            f"{label}/articles_taken_for_english": len(counts.doubtful),
        }
    )
    shown = f"articles: {', '.join(f'{n} {code}' for code, n in languages.items())}"
    if n_made + n_cached:
        shown += f"; sentences: {n_made} translated, {n_cached} from the cache"
    print(f"  {label}: {shown}")
    if counts.translation.n_cut:
        print(
            f"  {label}: of {counts.translation.n_cut} titles or texts only the first "
            f"{MAX_SENTENCES} sentences are translated"
        )
    if counts.doubtful:
        print(
            f"  {label}: taken for English, as few articles are in another language and these not "
            f"surely: {first_ten(counts.doubtful)}. If all are in English, set languages=en."
        )
