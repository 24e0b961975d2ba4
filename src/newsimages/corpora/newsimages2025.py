"""NewsImages 2025 and 2026: a table of articles with tags and image ids in, a part out.

The tags serve as the text. A table whose name says neither ``train`` nor ``test`` (the
published one is ``newsarticles.csv``) is a test set: its images are known, so it can be measured.
Image files are found by image id or by article id, as descriptions of the release say both. The
tables of 2026 have no tags, and ``N/A`` for urls and images that are not told.
"""

from newsimages.corpora.newsimages_tsv import readable_tags
from newsimages.corpora.parts import Part, part_of, require_columns
from newsimages.corpora.tables import Table

FORM = "article_id,article_url,article_title,article_tags,image_id,image_url (NewsImages 2025)"


def is_form(columns: frozenset[str]) -> bool:
    """Whether a table with these (lower-case) columns is meant to be of this form."""
    return not columns.isdisjoint({"article_title", "article_tags"})


def has_all(columns: frozenset[str]) -> bool:
    """Whether all columns are there that the form needs."""
    return {"article_id", "article_title", "image_id"} <= columns


def read(table: Table) -> Part:
    """Reads the table. Raises: NewsImagesError where a column is missing."""
    require_columns(table, FORM, "article_id", "article_title", "image_id")
    return part_of(
        table,
        article_id=table.column("article_id"),
        url="article_url",
        title="article_title",
        text=table.column("article_tags").map(readable_tags),
        image_id=table.column("image_id"),
        image_url=table.column("image_url"),
        image_names=(table.column("image_id"), table.column("article_id")),
    )
