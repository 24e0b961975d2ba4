"""Embedded data sets in, the parts to train on, to choose by and to measure on out.

The two protocols of the paper. ``official``: 80 % of the merged training sets to train on, the
other 20 % to select by, the test sets to measure on. ``internal``: 20 % of the training sets are
measured on, and the same is done inside the other 80 %; ``time`` is as internal, with the newest
20 % to measure on, as a test set comes from a later time. The parts share no article, title or
picture (`sameness`), and each keeps its data sets apart.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from newsimages.corpora import DataSet
from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError, TooFewError, first_ten
from newsimages.protocols.embedded import EmbeddedSet, TowerVectors, with_txv
from newsimages.protocols.sameness import TITLES, Pictures, is_among, picture_groups, title_keys
from newsimages.protocols.splits import split_articles
from newsimages.ranking.spaces import Tower
from newsimages.txv.batches import LEAST_PAIRS
from newsimages.txv.towers import Networks

Protocol = Literal["official", "internal", "time"]
LEAST_IMAGES = 2
"""Images of the articles that are chosen by, at least: a single one is found by every candidate."""
_BITS = 48  # of an image's number; images that differ in one have a product of 1 − 2/48
_Sides = tuple[list[EmbeddedSet], list[EmbeddedSet]]


@dataclass(frozen=True, kw_only=True)
class Parts:
    """A corpus as a protocol divides it."""

    protocol: Protocol
    training: tuple[EmbeddedSet, ...]
    """To train on, and the headlines of the query bank; empty where there is nothing to train."""
    validation: tuple[EmbeddedSet, ...]
    """To choose an epoch, a scale or a model by."""
    tests: tuple[EmbeddedSet, ...]
    """To measure on."""
    n_left_out: int
    """Training articles that are in no part, as their title or picture is measured on."""
    why_untrained: str = ""
    """Why there is nothing to train on, where that is so."""

    @property
    def everything(self) -> tuple[EmbeddedSet, ...]:
        """All parts."""
        return (*self.training, *self.validation, *self.tests)

    @property
    def towers(self) -> frozenset[Tower]:
        """The towers that all parts have."""
        first, *others = (frozenset(part.towers) for part in self.everything)
        return first.intersection(*others)

    def with_txv(self, networks: Networks) -> "Parts":
        """The parts that are chosen by and measured on with T×V's towers beside their own."""
        return replace(
            self,
            validation=tuple(with_txv(part, networks) for part in self.validation),
            tests=tuple(with_txv(part, networks) for part in self.tests),
        )


def divide(
    sets: Sequence[EmbeddedSet], protocol: Protocol, *, share: float = 0.2, seed: int = 0
) -> Parts:
    """Divides a corpus; without training sets, only the official protocol is possible.

    With too few articles to train on and to choose by, there are only tests, and the reason.
    ``share`` is the fraction held out for validation, and by `internal` and `time` for the tests.

    Raises:
        NewsImagesError: The internal protocol without training articles, or too few of them for
            a test part.
    """
    training = [_with_pictures(part) for part in sets if part.split == "train"]
    training = [part for part in training if len(part.articles)]
    tests = [part for part in sets if part.split == "test"]
    check_training(training, [protocol])
    if protocol != "official":
        by_time = protocol == "time"
        training, tests = _by_time(training, share) if by_time else _split(training, share, seed)
    n_given = sum(len(part.articles) for part in training)
    training = _without(training, tests) if training else []
    n_kept = sum(len(part.articles) for part in training)
    whole = Parts(
        protocol=protocol, training=(), validation=(), tests=tuple(tests),
        n_left_out=n_given - n_kept,
    )  # fmt: skip
    if not training:
        return replace(whole, why_untrained=_why_none(whole.n_left_out))
    try:
        training, validation = _split(training, share, seed)
    except TooFewError as error:
        return replace(whole, why_untrained=_said(error))
    n_training = sum(len(part.articles) for part in training)
    n_seen = sum(len(part.images) for part in validation)
    if n_training < LEAST_PAIRS or n_seen < LEAST_IMAGES:
        why = (
            f"there are too few training articles: {n_training} would be left to train on, and "
            f"{n_seen} images to choose by, expected {LEAST_PAIRS} and {LEAST_IMAGES} or more"
        )
        return replace(whole, why_untrained=why)
    return replace(whole, training=tuple(training), validation=tuple(validation))


def undivided(data_set: DataSet, number: int) -> EmbeddedSet:
    """A data set before it is embedded, on which `divide` can be tried.

    Its images are those that have a file; their vectors say nothing, and no two images, also of
    data sets of other numbers, are taken for the same picture.
    """
    with_file = data_set.images["path"].notna()
    ids = data_set.images.loc[with_file, "image_id"].sort_values().to_numpy(np.str_)
    codes = np.arange(len(ids), dtype=np.int64) + (number << 32)
    bits = (codes[:, None] >> np.arange(_BITS)) & 1  # any two images differ in one at least
    apart = Embeddings(ids, ((2 * bits - 1) / _BITS**0.5).astype(np.float32))
    return EmbeddedSet(
        name=data_set.name,
        split=data_set.split,
        articles=data_set.articles,
        towers={"clip": TowerVectors(queries={}, images=apart)},
        miniatures=apart,
        files={},
    )


def _said(error: TooFewError) -> str:
    """What is too few, without the advice."""
    said = str(error).removesuffix(" Give more articles.").rstrip(".")
    return f"there are too few training articles: {said}"


def _why_none(n_left_out: int) -> str:
    """Why there are no training articles, where so many were left out."""
    if n_left_out:
        return (
            f"all {n_left_out} training articles are left out, because what is measured on has "
            "the same title or picture"
        )
    return "there is no training article with a readable image"


def check_training(sets: Iterable[EmbeddedSet | DataSet], protocols: Iterable[Protocol]) -> None:
    """Raises: NewsImagesError where a training set is to be measured on, but there is none."""
    is_needed = any(protocol != "official" for protocol in protocols)
    if is_needed and not any(part.split == "train" for part in sets):
        raise NewsImagesError(
            "protocol=internal measures on a part of the training sets (so does split=time), but "
            "no training article has a readable image. Give a training set, or set "
            "protocol=official and split=random."
        )


def check_dates(sets: Iterable[EmbeddedSet | DataSet]) -> None:
    """Raises: NewsImagesError where a data set has no dates to be split by."""
    undated = [part.name for part in sets if part.articles["date"].isna().all()]
    if undated:
        raise NewsImagesError(
            f"split=time, but the articles of {first_ten(undated)} have no dates. Fill the column "
            "date (such as 2022-03-31), or set split=random."
        )


def _with_pictures(part: EmbeddedSet) -> EmbeddedSet:
    """The articles whose image has a vector."""
    with_vector = part.articles["image_id"].isin(set(part.images.ids.tolist()))
    return part.subset(part.articles["article_id"][with_vector].tolist())


def _split(sets: Sequence[EmbeddedSet], share: float, seed: int) -> _Sides:
    """Both sides with the data sets in the same proportions, as `split_articles`."""
    table = _table(sets, picture_groups(pictures_of(sets)))
    sides = split_articles(table, share=share, seed=seed)
    return _chosen(sets, sides.kept), _chosen(sets, sides.held_out)


def _by_time(sets: Sequence[EmbeddedSet], share: float) -> _Sides:
    """The older articles of each data set and the newest; undated ones count as the oldest."""
    check_dates(sets)
    older, newest = [], []
    for part in sets:
        articles = part.articles.sort_values("date", kind="stable", na_position="first")
        n_newest = max(1, round(share * len(articles)))
        newest.append(part.subset(articles["article_id"].tail(n_newest).tolist()))
        older.append(part.subset(articles["article_id"].head(len(articles) - n_newest).tolist()))
    return older, newest


def _without(sets: Sequence[EmbeddedSet], measured: Sequence[EmbeddedSet]) -> list[EmbeddedSet]:
    """The articles that share neither title nor picture with any that is measured on."""
    table = _table(sets, is_among(pictures_of(sets), pictures_of(measured)))
    return _chosen(sets, table[~(share_title(table, measured) | table["image_id"])])


def share_title(table: pd.DataFrame, sets: Iterable[EmbeddedSet]) -> pd.Series:
    """Whether a row's title or English title is an article's, as it was written or in English."""
    known = [title_keys(part.articles).stack().dropna() for part in sets]
    return title_keys(table).isin({title for titles in known for title in titles}).any(axis=1)


def pictures_of(sets: Sequence[EmbeddedSet]) -> Pictures:
    """The images of all sets, one after the other."""
    miniatures = [part.miniatures.vectors for part in sets]
    none = np.empty((0, 0), np.float32)
    return Pictures(
        miniatures=np.concatenate(miniatures) if miniatures else none,
        files=[part.files.get(key) for part in sets for key in part.images.ids.tolist()],
    )


def _table(sets: Sequence[EmbeddedSet], of_picture: NDArray[Any]) -> pd.DataFrame:
    """All articles under data_set; in place of an image's id what is said of its picture.

    ``of_picture`` has an item for each of `pictures_of`.
    """
    frames, start = [], 0
    for part in sets:
        said = dict(zip(part.images.ids.tolist(), of_picture[start:], strict=False))
        start += len(said)
        pictures = part.articles["image_id"].map(said)
        columns = part.articles.filter(items=["article_id", *TITLES])
        frames.append(columns.assign(data_set=part.name, image_id=pictures))
    return pd.concat(frames, ignore_index=True)


def _chosen(sets: Iterable[EmbeddedSet], rows: pd.DataFrame) -> list[EmbeddedSet]:
    """The articles of ``rows``; data sets without any are left out."""
    parts = [
        part.subset(rows.loc[rows["data_set"] == part.name, "article_id"].tolist()) for part in sets
    ]
    return [part for part in parts if len(part.articles)]
