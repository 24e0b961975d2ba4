"""Splits articles for training: a table of articles in, two tables out that share nothing.

Articles that share an image or a title (as `sameness` has it), directly or through other articles,
go to the same side, so that nothing learnt on one side is asked on the other. Both sides have the
data sets in the same proportions, as nearly as that allows.
"""

import warnings
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold

from newsimages.errors import NewsImagesError, TooFewError, first_ten
from newsimages.protocols.sameness import connected, title_keys

LARGEST_FOLDS = 20
"""Greatest denominator of the fraction that a share is rounded to."""


class Sides(NamedTuple):
    """The rows of a table on two sides, in their order: to train on, to validate or test on."""

    kept: pd.DataFrame
    held_out: pd.DataFrame


def split_articles(articles: pd.DataFrame, *, share: float = 0.2, seed: int = 0) -> Sides:
    """Holds out a share of every data set.

    Args:
        articles: Columns ``data_set``, ``title`` and ``image_id`` (NA where it is not known), and
            any others; titles in ``title_en`` count as well. Equal image ids of two data sets are
            taken for one image.
        share: Fraction held out, rounded to a denominator of at most 20, such as 1/5.
        seed: Seed of the random choice.

    Raises:
        TooFewError: There are not enough articles for both sides.
        NewsImagesError: A column is missing, or a share that is not between 0 and 1.
    """
    groups = _groups(articles, share)
    least = Fraction(1, LARGEST_FOLDS)
    fraction = min(max(Fraction(share).limit_denominator(LARGEST_FOLDS), least), 1 - least)
    n_groups = len(np.unique(groups))
    if n_groups < fraction.denominator:
        raise TooFewError(
            f"{len(articles)} articles in {n_groups} groups that share no image or title cannot "
            f"be split with share={share}: expected at least {fraction.denominator} groups. Give "
            "more articles."
        )
    folds = StratifiedGroupKFold(n_splits=fraction.denominator, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")
        parts = [test for _, test in folds.split(articles, _strata(articles, fraction), groups)]
    return _sides(articles, np.concatenate(parts[: fraction.numerator]))


def split_pairs(pairs: pd.DataFrame, *, share: float = 0.02, seed: int = 0) -> Sides:
    """Holds out a share of caption–image pairs, which may be hundreds of thousands.

    The columns are ``caption`` and ``image_id``, and any others; the share is one of the groups of
    pairs that share no image or caption.

    Raises:
        NewsImagesError: As `split_articles`.
    """
    groups = _groups(pairs.rename(columns={"caption": "title"}), share)
    if len(np.unique(groups)) < 2:
        raise TooFewError(
            f"{len(pairs)} pairs that all share images or captions cannot be split. Give more."
        )
    chosen = GroupShuffleSplit(n_splits=1, test_size=share, random_state=seed)
    _, held_out = next(chosen.split(pairs, groups=groups))
    return _sides(pairs, held_out)


def _groups(articles: pd.DataFrame, share: float) -> NDArray[np.int64]:
    """(articles,) the number of each article's group, connected by shared images and titles."""
    missing = [name for name in ("title", "image_id") if name not in articles.columns]
    if missing:
        raise NewsImagesError(
            f"The table to split lacks {first_ten(missing)}; it has {', '.join(articles.columns)}."
        )
    if not 0 < share < 1:
        raise NewsImagesError(f"share={share}, expected a number between 0 and 1.")
    images, _ = pd.factorize(articles["image_id"])  # −1 where there is no value
    keys = title_keys(articles)
    titles = pd.factorize(keys.to_numpy().ravel())[0].reshape(keys.shape)  # (articles, titles)
    rows, n_rows, n_images = np.arange(len(articles)), len(articles), images.max(initial=-1) + 1
    # A graph of rows, images and titles, in which a row is linked to its image and its titles.
    known, (named, column) = images >= 0, np.nonzero(titles >= 0)
    starts = np.concatenate([rows[known], named])
    ends = n_rows + np.concatenate([images[known], n_images + titles[named, column]])
    labels = connected(n_rows + n_images + titles.max(initial=-1) + 1, starts, ends)
    table = pd.DataFrame({"label": labels[:n_rows], "image": images, "row": rows})
    # Folds depend on the groups' numbers: each is a row of its own, found so that seeds keep
    # their splits.
    table["number"] = table.groupby("image")["row"].transform("min").where(known, table["row"])
    table["alone"] = ~keys.apply(lambda own: own.duplicated(keep=False)).any(axis=1).to_numpy()
    first = table.sort_values(["alone", "row"]).groupby("label")["number"].first()
    return table["label"].map(first).to_numpy(np.int64)


def _strata(articles: pd.DataFrame, fraction: Fraction) -> NDArray[np.int64]:
    """(articles,) the data set of each as a number."""
    if "data_set" not in articles.columns:
        raise NewsImagesError(
            f"The table to split lacks data_set; it has {', '.join(articles.columns)}."
        )
    codes, _ = pd.factorize(articles["data_set"])
    if np.bincount(codes).max() < fraction.denominator:
        return np.zeros(len(articles), dtype=np.int64)  # too few of each to be stratified
    return codes.astype(np.int64)


def _sides(table: pd.DataFrame, held_out: NDArray[np.int64]) -> Sides:
    is_held_out = np.zeros(len(table), dtype=bool)
    is_held_out[held_out] = True
    if is_held_out.all() or not is_held_out.any():
        raise TooFewError(
            f"Of {len(table)} rows, {is_held_out.sum()} would be held out: most share an image or "
            "a title. Give more articles."
        )
    return Sides(table[~is_held_out], table[is_held_out])
