"""Many articles at once: a table of articles and a retriever's folder in, ranked images out.

Every article is answered alone, against the query bank, as a served model answers it. The work is
done in parts of `PART_SIZE` articles, each a Parquet file whose name holds a fingerprint of the
retriever, of what it is asked and of the articles: what is there is not done again. An article that
cannot be answered is reported with the reason, and holds up no other.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from newsimages.atomic import replacing
from newsimages.corpora.tables import Table, read_table
from newsimages.encoding.stable_products import keep_threads
from newsimages.engine import LOCAL, Engine, in_parts, singly
from newsimages.errors import NewsImagesError, first_ten
from newsimages.plain_text import readable
from newsimages.progress import progress
from newsimages.retriever.folder import load_retriever
from newsimages.retriever.manifest import MANIFEST
from newsimages.retriever.parameters import MAX_CHARACTERS
from newsimages.retriever.requests import MAX_NUMBERS
from newsimages.retriever.retriever import Retriever

FORMAT = 1  # raise it when what a part holds, or how it is computed, changes
PART_SIZE = 256
_ID_COLUMNS = ("article_id", "articleid")
UNANSWERED = ("article_id", "row", "reason")
"""The columns of the report on articles that have no answer; rows are counted from 0."""
SCHEMA = pa.schema(
    [
        ("article_id", pa.string()),
        ("rank", pa.int32()),
        ("image_id", pa.string()),
        ("score", pa.float32()),
        ("similarity", pa.float32()),
        ("confidence", pa.float32()),
        ("none_fits", pa.float32()),
    ]
)
"""One row per article and rank, as `Ranking.table` has them; rank from 1."""

_SAMPLE = "A storm reached the coast this morning"
_REASONS = b"unanswered"


class Article(NamedTuple):
    """A row of the table."""

    article_id: str
    title: str
    text: str


Unanswered = tuple[str, int, str]
"""An article's id, its row and the reason: `UNANSWERED`."""
Part = tuple[Path, Sequence[Article]]
"""The file of a part, and its articles."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked, and of which retriever."""

    folder: Path
    """Where `newsimages.retriever.folder.save_retriever` has written it."""
    top_k: int = 100
    """Length of the lists; the whole gallery where it holds fewer images."""
    revision: str | None = None
    """As `Retriever.retrieve` has it."""

    @property
    def key(self) -> str:
        """A fingerprint of all that answers depend on, except the articles."""
        manifest = (self.folder / MANIFEST).read_bytes()  # it holds the hashes of all files
        depends_on = [FORMAT, hashlib.sha256(manifest).hexdigest(), self.top_k, self.revision]
        return hashlib.sha256(json.dumps(depends_on).encode()).hexdigest()


def read_articles(path: Path) -> tuple[list[Article], list[Unanswered]]:
    """The articles of a table with the columns title, and optionally text and article_id.

    Without article_id, an article is called by its row, counted from 0.

    Returns:
        The articles that can be asked for, and the others with the reason: a title that is blank,
        a title or text that is too long, an id that is blank or was there before.

    Raises:
        NewsImagesError: The table cannot be read, or has no column title.
    """
    table = read_table(path, keep_empty=True)
    if "title" not in table.columns:
        raise NewsImagesError(
            f"{path} has the columns {first_ten(sorted(table.columns))}; expected title, and "
            "optionally text and article_id."
        )
    articles: list[Article] = []
    unanswered: list[Unanswered] = []
    known: set[str] = set()
    for row, article in enumerate(_rows(table)):
        reason = _why_not_asked(article, known)
        known.add(article.article_id)
        if reason:
            unanswered.append((article.article_id, row, reason))
        else:
            articles.append(article)
    return articles, unanswered


def _rows(table: Table) -> Iterator[Article]:
    has_ids = not table.columns.isdisjoint(_ID_COLUMNS)
    ids = table.column(*_ID_COLUMNS).tolist() if has_ids else map(str, range(len(table.rows)))
    columns = (table.column(name).tolist() for name in ("title", "text"))
    return map(Article, ids, *columns)


def _why_not_asked(article: Article, known: set[str]) -> str:
    """The reason why an article cannot be asked for; "" where it can."""
    if not article.article_id:
        return "it has no article_id"
    if article.article_id in known:
        return "its article_id was there before"
    if not readable(article.title):
        return "its title is blank"
    for name in ("title", "text"):
        if len(getattr(article, name)) > MAX_CHARACTERS:
            return f"its {name} has more than {MAX_CHARACTERS:,} characters"
    return ""


def score(
    articles: Sequence[Article], asked: Asked, folder: Path, *, engine: Engine = LOCAL
) -> tuple[list[Path], int]:
    """Ranks the images for each article, or finds that done in the folder.

    Returns:
        The files of the parts, in order, and how many articles were found done.

    Raises:
        NewsImagesError: The retriever cannot be loaded or refuses what is asked, or the folder
            cannot be written.
    """
    key, parts = asked.key, list[Part]()
    for number, part in enumerate(in_parts(PART_SIZE)(articles)):
        digest = hashlib.sha256(json.dumps([key, part]).encode()).hexdigest()
        parts.append((folder / f"{number:05d}-{digest[:16]}.parquet", part))
    missing = [part for part in parts if _read(part[0]) is None]
    n_missing = sum(len(part) for _, part in missing)
    with progress(total=n_missing, unit="articles", doing="score", hide=not missing) as bar:
        for n_done in engine.run(
            partial(_make, asked, torch.get_num_threads()), missing, cut=singly
        ):
            bar.update(n_done)
    return [path for path, _ in parts], len(articles) - n_missing


def gather(parts: Sequence[Path], path: Path) -> dict[str, str]:
    """Writes the rankings of all parts into one Parquet file, whole or not at all.

    Returns:
        The reason by id for each article that the retriever refused.

    Raises:
        NewsImagesError: A part is not whole, or the file cannot be written.
    """
    refused: dict[str, str] = {}
    with (
        replacing(path, instead="name another file") as temporary,
        pq.ParquetWriter(temporary, SCHEMA) as writer,
    ):
        for part in parts:
            read = _read(part)
            if read is None:
                raise NewsImagesError(
                    f"{part} was made, but is not whole, or not to be seen from here. Name a "
                    "workdir that all machines see, on a disk that keeps what is written, and "
                    "start again."
                )
            table, reasons = read
            writer.write_table(table)
            refused |= reasons
    return refused


def _make(asked: Asked, n_threads: int, parts: Sequence[Part]) -> Iterator[int]:
    """Makes and writes one part after the other; yields the numbers of articles as it goes."""
    retriever = _loaded(asked)
    if retriever.provenance:
        keep_threads(retriever.provenance.precision, n_threads)
    n_images = len(next(iter(retriever.gallery.values())))
    at_once = max(1, MAX_NUMBERS // (3 * min(asked.top_k, n_images)))
    for path, articles in parts:
        refused: dict[str, str] = {}
        with (
            replacing(path) as temporary,
            pq.ParquetWriter(temporary, SCHEMA, write_page_checksum=True) as writer,
        ):
            for some in in_parts(at_once)(articles):
                for table in _answers(retriever, asked, some, refused):
                    writer.write_table(table)
                yield len(some)
            writer.add_key_value_metadata({_REASONS: _sealed(refused)})


@lru_cache(maxsize=1)
def _loaded(asked: Asked) -> Retriever:
    """The retriever, which does not refuse what is asked of it."""
    retriever = load_retriever(asked.folder)
    retriever.retrieve({"0": _SAMPLE}, top_k=1, revision=asked.revision)
    return retriever


def _answers(
    retriever: Retriever, asked: Asked, articles: Sequence[Article], refused: dict[str, str]
) -> Iterator[pa.Table]:
    """The lists of the articles; of what is refused together, each half is asked for apart."""
    try:
        table = retriever.retrieve(
            {each.article_id: each.title for each in articles},
            {each.article_id: each.text for each in articles},
            top_k=asked.top_k,
            revision=asked.revision,
        ).table()
    except NewsImagesError as error:
        if len(articles) == 1:
            refused[articles[0].article_id] = str(error)
            return
        for half in in_parts((len(articles) + 1) // 2)(articles):
            yield from _answers(retriever, asked, half, refused)
    else:
        columns = table.reindex(columns=SCHEMA.names)
        yield pa.Table.from_pandas(columns, schema=SCHEMA, preserve_index=False)


def _sealed(reasons: Mapping[str, str]) -> bytes:
    """Reasons as JSON behind its SHA-256: Parquet has checksums for its pages alone."""
    told = json.dumps(reasons)
    return f"{hashlib.sha256(told.encode()).hexdigest()} {told}".encode()


def _read(path: Path) -> tuple[pa.Table, dict[str, str]] | None:
    """The rankings of a part, and what was refused; None where it is absent, cut or altered."""
    try:
        table = pq.read_table(path, page_checksum_verification=True)
        sealed = pq.read_metadata(path).metadata[_REASONS]
        reasons = json.loads(sealed.partition(b" ")[2])
        if _sealed(reasons) != sealed:
            return None
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError):
        return None
    return (table, dict(reasons)) if table.schema.equals(SCHEMA) else None
