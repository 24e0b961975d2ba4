"""Entry point ``rate``: sheets on which people rate two runs' pictures, and what they rated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.entities import Run

from mlproject import tracking
from mlproject.options import CorpusOptions, GalleryOptions
from mlproject.preprocess import open_corpus
from mlproject.rated_runs import KEYS, SHEET_TAG, rankings_of, two_runs
from mlproject.ratings import log_ratings, read
from newsimages.corpora import Corpus, DataSet
from newsimages.encoding.models import AUTO
from newsimages.errors import NewsImagesError, first_ten
from newsimages.lists import names_in
from newsimages.protocols.embedded import label_of
from newsimages.protocols.parts import Protocol
from newsimages.reports.rating_sheet.sheet import MIN_MB, RatingSheetConfig, rating_sheet

NO_RATINGS = "none"
SHEETS = "rating_sheets"
"""A folder of the workdir and of the run's artifacts."""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Makes sheets on which people rate two runs' pictures, blind, or reads what they rated."""

    source: CorpusOptions = field(default_factory=CorpusOptions)
    variants: str = AUTO
    """The two runs on a sheet, separated by a comma: variants (the newest runs of them), or names
    or ids of MLflow runs; auto: those that lead the newest evaluation."""
    protocol: Protocol = "official"
    """The protocol of runs that are named by their variant: official, internal or time."""
    serving: GalleryOptions = field(default_factory=GalleryOptions)
    ratings: str = NO_RATINGS
    """none makes a sheet per test set; the folder of the CSV files that people have sent, or of a
    survey's tables, reads them."""
    sheet_pairs: int = 50
    """Pairs on a sheet, at most; articles that are drawn."""
    sheet_mb: float = 15.0
    """Size of a sheet, in MB."""
    seed: int = 0
    """Of the draw of articles, their order and the runs' sides."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on settings that no sheet could have."""
        if self.sheet_pairs < 1 or self.sheet_mb < MIN_MB:
            raise NewsImagesError(
                f"sheet_pairs={self.sheet_pairs}, sheet_mb={self.sheet_mb}: expected at least 1 "
                f"pair and {MIN_MB} MB."
            )
        if self.variants != AUTO and len(set(names_in(self.variants))) != 2:
            raise NewsImagesError(
                f"variants={self.variants}: expected two different runs, separated by a comma, as "
                "a sheet shows the pictures of two."
            )

    @property
    def sheet(self) -> RatingSheetConfig:
        """How sheets are made."""
        return RatingSheetConfig(pairs=self.sheet_pairs, max_mb=self.sheet_mb, seed=self.seed)


def run(config: Rate) -> None:
    """The entry point."""
    with tracking.entry_point(config):
        if config.ratings == NO_RATINGS:
            gallery = config.serving.own_gallery([config.protocol])
            corpus = open_corpus(config.source, gallery=gallery)
            with tracking.announced("rating-sheets", doing="Draws pairs of two runs' pictures."):
                make_sheets(config, corpus)
        else:
            with tracking.announced("ratings", doing=f"Reads {config.ratings}."):
                log_ratings(*read(Path(config.ratings)))


def make_sheets(config: Rate, corpus: Corpus) -> None:
    """Makes a sheet for each data set that both runs have ranked.

    Raises:
        NewsImagesError: There are no two such runs, or nothing to rate in any data set.
    """
    runs = two_runs(config.variants, config.protocol, corpus)
    print("  " + " and ".join(f"{each.info.run_name} ({each.info.run_id})" for each in runs))
    rankings = {each.info.run_id: rankings_of(each) for each in runs}
    split = "test" if _protocol_of(runs) == "official" else "train"
    made, unmade = 0, []
    for data_set in corpus.data_sets:
        lists = {key: own[data_set.name] for key, own in rankings.items() if data_set.name in own}
        if data_set.split != split or len(lists) < len(runs):
            continue
        try:
            _make_sheet(config, corpus, data_set, lists)
            made += 1
        except NewsImagesError as error:
            unmade.append(str(error))
            tracking.not_made(f"{SHEETS}/{data_set.name}", str(error))
    if not made:
        ranked = sorted({name for own in rankings.values() for name in own})
        raise NewsImagesError(
            " ".join(unmade)
            or f"The runs have ranked {first_ten(ranked)}, but dataset={config.source.dataset} "
            f"names no {split} set of these in {corpus.name}. Give the corpus that they ranked."
        )


def _protocol_of(runs: Sequence[Run]) -> str:
    """Raises: NewsImagesError where the runs were measured under different ones."""
    protocols = {each.info.run_name: each.data.tags.get("protocol", "") for each in runs}
    if len(set(protocols.values())) > 1:
        said = ", ".join(f"{name}: {protocol}" for name, protocol in protocols.items())
        raise NewsImagesError(
            f"The runs have ranked different articles, as their protocols differ ({said}). Name "
            "two runs of one protocol."
        )
    return next(iter(protocols.values()))


def _make_sheet(
    config: Rate, corpus: Corpus, data_set: DataSet, lists: Mapping[str, pd.DataFrame]
) -> None:
    name = data_set.name
    folder = Path(config.source.workdir) / SHEETS
    images = data_set.images.set_index("image_id")["path"]
    sheet = rating_sheet(
        folder / f"{name}.html",
        name=name,
        articles=_in_english(data_set, Path(config.source.workdir)),
        rankings=lists,
        image_paths={
            str(image): None if pd.isna(path) else corpus.folder / path
            for image, path in images.items()
        },
        config=config.sheet,
    )
    path = (folder / f"{name}.html").rename(folder / f"{name}-{sheet.sheet}.html")
    mlflow.log_artifact(str(path), SHEETS)
    tracking.log_table(sheet.key, f"{KEYS}/{name}.parquet")
    mlflow.set_tag(SHEET_TAG.format(sheet.sheet), name)
    numbers = {"pairs_to_rate": sheet.n_pairs, "same_picture": sheet.n_same}
    mlflow.log_metrics({f"{name}/{key}": value for key, value in numbers.items()})
    print(
        f"  {name}: {sheet.n_pairs} pairs, {sheet.n_bytes / 1e6:.1f} MB: {path}\n"
        f"  {name}: both runs chose the same picture for {sheet.n_same} of {len(sheet.key)} "
        "articles, which are not shown"
    )


def _in_english(data_set: DataSet, workdir: Path) -> pd.DataFrame:
    """The articles with languages and English titles, as far as a run has found them out here."""
    articles = data_set.articles.assign(language="")
    path = workdir / "articles" / f"{label_of(data_set.name, data_set.split)}.parquet"
    if not path.is_file():
        return articles
    there = pd.read_parquet(path, columns=["article_id", "title", "title_en", "language"])
    known = articles[["article_id", "title"]].merge(there, on=["article_id", "title"], how="left")
    english = known["title_en"].set_axis(articles.index).fillna(articles["title_en"])
    return articles.assign(title_en=english, language=known["language"].to_numpy())
