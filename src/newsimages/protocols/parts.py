"""Embedded data sets in, the parts to train on, to choose by and to measure on out.

The two protocols of the paper. ``official``: 80 % of the merged training sets to train on, the
other 20 % to select by, the test sets to measure on. ``internal``: 20 % of the training sets are
measured on, and the same is done inside the other 80 %; ``time`` is as internal, with the newest
20 % to measure on, as a test set comes from a later time. The parts share no article, title or
picture, and each keeps its data sets apart.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from newsimages.corpora import DataSet
from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError, first_ten
from newsimages.protocols.embedded import EmbeddedSet, with_txv
from newsimages.protocols.splits import same_title, split_articles
from newsimages.txv.towers import Networks

Protocol = Literal["official", "internal", "time"]
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

    ``share`` is the fraction held out for validation, and by `internal` and `time` for the tests.

    Raises:
        NewsImagesError: The internal protocol without training articles, or too few of them.
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
    training, validation = _split(training, share, seed) if training else ([], [])
    return Parts(
        protocol=protocol,
        training=tuple(training),
        validation=tuple(validation),
        tests=tuple(tests),
        n_left_out=n_given - n_kept,
    )


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
    sides = split_articles(_table(sets), share=share, seed=seed)
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
    table = _table(sets)
    titles = {title for part in measured for title in same_title(part.articles["title"])}
    pictures = {digest for part in measured for digest in _digests(part.images).values()}
    shared = same_title(table["title"]).isin(titles) | table["image_id"].isin(pictures)
    return _chosen(sets, table[~shared])


def _table(sets: Iterable[EmbeddedSet]) -> pd.DataFrame:
    """All articles under data_set; image_id is a digest that tells the picture, not its name."""
    frames = [
        part.articles[["article_id", "title"]].assign(
            data_set=part.name, image_id=part.articles["image_id"].map(_digests(part.images))
        )
        for part in sets
    ]
    return pd.concat(frames, ignore_index=True)


def _digests(images: Embeddings) -> dict[str, str]:
    """A digest of each image's vector: the same picture has the same one under any id."""
    return {
        str(image_id): hashlib.sha256(vector.tobytes()).hexdigest()
        for image_id, vector in zip(images.ids, images.vectors, strict=True)
    }


def _chosen(sets: Iterable[EmbeddedSet], rows: pd.DataFrame) -> list[EmbeddedSet]:
    """The articles of ``rows``; data sets without any are left out."""
    parts = [
        part.subset(rows.loc[rows["data_set"] == part.name, "article_id"].tolist()) for part in sets
    ]
    return [part for part in parts if len(part.articles)]
