"""Splits that share no article, image or title."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsimages.corpora import read_corpus
from newsimages.errors import NewsImagesError
from newsimages.protocols.sameness import same_title
from newsimages.protocols.splits import Sides, split_articles, split_pairs

SETS = {"RSS": 50, "RT": 100, "TW": 250}


@pytest.fixture
def articles() -> pd.DataFrame:
    """Three data sets of different sizes, nothing shared; an index that says nothing."""
    rows = [
        {"data_set": name, "article_id": f"{i}", "title": f"{name} {i}", "image_id": f"{name}-{i}"}
        for name, n in SETS.items()
        for i in range(n)
    ]
    return pd.DataFrame(rows, index=np.arange(sum(SETS.values()))[::-1])


def assert_nothing_shared(split: Sides, table: pd.DataFrame, title: str = "title") -> None:
    assert len(split.kept) + len(split.held_out) == len(table)
    assert set(split.kept.index).isdisjoint(split.held_out.index)
    images = [set(side["image_id"].dropna()) for side in split]
    titles = [set(same_title(side[title])) for side in split]
    assert images[0].isdisjoint(images[1])
    assert titles[0].isdisjoint(titles[1])


def test_every_data_set_gives_its_share(articles: pd.DataFrame) -> None:
    split = split_articles(articles, seed=3)
    assert_nothing_shared(split, articles)
    assert split.held_out["data_set"].value_counts().to_dict() == {"TW": 50, "RT": 20, "RSS": 10}


@pytest.mark.parametrize("share", [0.05, 0.1, 0.25, 0.3, 0.5])
def test_other_shares(articles: pd.DataFrame, share: float) -> None:
    held_out = split_articles(articles, share=share).held_out
    for name, n in SETS.items():
        assert (held_out["data_set"] == name).sum() == pytest.approx(share * n, abs=2)


def test_the_seed_alone_decides_and_the_order_of_rows_is_kept(articles: pd.DataFrame) -> None:
    one, again, other = (split_articles(articles, seed=seed) for seed in (1, 1, 2))
    assert one.held_out.equals(again.held_out)
    assert not one.held_out.index.equals(other.held_out.index)
    for side in one:
        assert side.equals(articles.loc[articles.index.isin(side.index)])


def test_a_chain_of_shared_images_and_titles_stays_together(articles: pd.DataFrame) -> None:
    chain = articles.index[::20]  # 20 articles of all sets; each shares something with the next
    for i, (one, next_) in enumerate(pairwise(chain)):
        if i % 2:
            articles.loc[next_, "image_id"] = articles.loc[one, "image_id"]
        else:
            articles.loc[next_, "title"] = f"  {articles.loc[one, 'title']}".upper()
    for seed in range(4):
        split = split_articles(articles, seed=seed)
        assert_nothing_shared(split, articles)
        assert chain.isin(split.held_out.index).sum() in (0, len(chain))
        assert len(split.held_out) == pytest.approx(80, abs=12)


def test_unknown_images_tie_nothing_together(articles: pd.DataFrame) -> None:
    split = split_articles(articles.assign(image_id=pd.NA))
    assert len(split.held_out) == 80


@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["RSS", "RT", "TW"]),
            st.sampled_from(["a", "A ", " a  b", "A b", "c", "ß", "SS"])
            | st.text("xyzäÄ ", min_size=4),
            st.none() | st.integers(0, 60).map(str),
        ),
        min_size=30,
        max_size=60,
    ),
    seed=st.integers(0, 1000),
)
@settings(max_examples=40, deadline=None)
def test_nothing_is_ever_shared(rows: list[tuple[str, str, str | None]], seed: int) -> None:
    table = pd.DataFrame(rows, columns=["data_set", "title", "image_id"])
    table["title"] = table["title"].where(
        table.index % 3 == 0, table["title"] + table.index.astype(str)
    )
    split = split_articles(table, seed=seed)
    assert_nothing_shared(split, table)
    assert len(split.kept)
    assert len(split.held_out)


def test_a_release_with_repeated_titles_is_split_without_sharing(shared_data: Path) -> None:
    (data_set,) = read_corpus(shared_data / "newsimages2025").data_sets
    articles = data_set.articles.assign(data_set=data_set.name)
    assert same_title(articles["title"]).duplicated(keep=False).sum() > 342
    split = split_articles(articles)
    assert_nothing_shared(split, articles)
    assert len(split.held_out) / len(articles) == pytest.approx(0.2, abs=0.001)
    inner = split_articles(split.kept, seed=1)
    assert_nothing_shared(inner, split.kept)
    assert set(inner.held_out["article_id"]).isdisjoint(split.held_out["article_id"])


def test_pairs_of_one_image_or_caption_stay_together() -> None:
    pairs = pd.DataFrame(
        {
            "caption": [f"caption {i // 2 if i < 100 else i}" for i in range(1000)],
            "image_id": [f"image {i // 5}" for i in range(1000)],
        }
    )
    split = split_pairs(pairs, share=0.1, seed=1)
    assert_nothing_shared(split, pairs, title="caption")
    assert len(split.held_out) == pytest.approx(100, abs=15)
    assert split.held_out.equals(split_pairs(pairs, share=0.1, seed=1).held_out)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.2, float("nan")])
def test_shares_that_cannot_be_are_refused(articles: pd.DataFrame, share: float) -> None:
    with pytest.raises(NewsImagesError, match="expected a number between 0 and 1"):
        split_articles(articles, share=share)


def test_too_few_articles_are_refused(articles: pd.DataFrame) -> None:
    with pytest.raises(NewsImagesError, match="4 articles in 4 groups .* at least 5 groups"):
        split_articles(articles.head(4))
    with pytest.raises(NewsImagesError, match="400 articles in 1 groups"):
        split_articles(articles.assign(title="the same"))
    with pytest.raises(NewsImagesError, match="share images or captions"):
        split_pairs(pd.DataFrame({"caption": ["a", "b"], "image_id": ["i", "i"]}))


@pytest.mark.parametrize("column", ["title", "image_id", "data_set"])
def test_missing_columns_are_named(articles: pd.DataFrame, column: str) -> None:
    with pytest.raises(NewsImagesError, match=f"to split lacks {column}"):
        split_articles(articles.drop(columns=column))
