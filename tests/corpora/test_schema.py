"""The schema at the readers' boundary."""

import pandas as pd
import pytest

from newsimages.corpora.schema import check
from newsimages.errors import NewsImagesError


def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    text = dict.fromkeys(("url", "title", "text", "title_en", "text_en"), "x")
    articles = pd.DataFrame([{"article_id": str(n), **text, "image_id": "1"} for n in range(30)])
    articles["date"] = pd.Series(pd.NaT, index=articles.index, dtype="datetime64[us]")
    return articles, pd.DataFrame(
        {
            "image_id": ["1"],
            "path": ["a.jpg"],
            "url": [""],
            "reason": pd.Series([None], dtype="str"),
        }
    )


def test_good_tables_pass() -> None:
    articles, images = tables()
    check(articles, images, "RSS (test)")
    articles[["title_en", "text_en", "image_id"]] = None
    check(articles.astype({"title_en": "str", "text_en": "str", "image_id": "str"}), images, "RSS")


def test_blank_titles_are_refused_with_the_first_ten() -> None:
    articles, images = tables()
    with pytest.raises(NewsImagesError, match=r"RSS \(test\).*title ' ' .*\(30 in all\)"):
        check(articles.assign(title=" "), images, "RSS (test)")


def test_repeated_ids_are_refused() -> None:
    articles, images = tables()
    with pytest.raises(NewsImagesError, match="article_id '7' fails field_uniqueness"):
        check(articles.assign(article_id="7"), images, "RSS")


def test_a_missing_column_is_refused() -> None:
    articles, images = tables()
    with pytest.raises(NewsImagesError, match="url"):
        check(articles, images.drop(columns="url"), "RSS")


def test_images_of_articles_may_be_absent_from_the_images() -> None:
    articles, images = tables()
    check(articles.assign(image_id="9"), images, "RSS")
