"""The schema of the tables of articles and images that the readers return."""

import pandas as pd
import pandera.pandas as pa

from newsimages.errors import NewsImagesError, first_ten

ARTICLES = pa.DataFrameSchema(
    {
        "article_id": pa.Column(str, pa.Check.str_length(min_value=1), unique=True),
        "url": pa.Column(str),
        "title": pa.Column(str, pa.Check.str_matches(r"\S")),
        "text": pa.Column(str),
        "title_en": pa.Column(str, nullable=True),
        "text_en": pa.Column(str, nullable=True),
        "image_id": pa.Column(str, nullable=True),
        "date": pa.Column("datetime64[us]", nullable=True),
        "scrambled_id": pa.Column(str, nullable=True, required=False),
    },
    strict=True,
    ordered=True,
)

IMAGES = pa.DataFrameSchema(
    {
        "image_id": pa.Column(str, pa.Check.str_length(min_value=1), unique=True),
        "path": pa.Column(str, nullable=True),
        "url": pa.Column(str),
        "reason": pa.Column(str, nullable=True),
        "caption": pa.Column(str, pa.Check.str_length(min_value=1), nullable=True, required=False),
    },
    strict=True,
    ordered=True,
)


def check(articles: pd.DataFrame, images: pd.DataFrame, where: str) -> None:
    """Checks both tables. An article's image may be absent from the images.

    Raises:
        NewsImagesError: With the first ten of the rows that do not fit.
    """
    for schema, table in ((ARTICLES, articles), (IMAGES, images)):
        try:
            schema.validate(table, lazy=True)
        except pa.errors.SchemaErrors as error:
            cases = error.failure_cases.itertuples(index=False)
            shown = first_ten([f"{c.column} {c.failure_case!r} fails {c.check}" for c in cases])
            raise NewsImagesError(
                f"{where}: the table does not fit its schema: {shown}. Correct these cells."
            ) from error
