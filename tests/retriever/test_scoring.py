"""Many articles at once: as each alone, in parts that are found again, and nothing fails a job."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.errors import NewsImagesError
from newsimages.retriever import scoring as module
from newsimages.retriever.folder import load_retriever, save_retriever
from newsimages.retriever.scoring import Article, Asked, gather, read_articles, score
from newsimages.spark import Spark
from tests.retriever.test_folder import TXV, made

ARTICLES = [Article(f"a{i:02d}", f"Storm number {i} over the coast", "") for i in range(23)]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    config = OpenClipConfig(backbone="demo", pretrained="demo", precision="fp32", device="cpu")
    encoder, folder = OpenClipEncoder(config), tmp_path_factory.mktemp("saved") / "retriever"
    titles = [each.title for each in ARTICLES]
    save_retriever(folder, made(encoder, TXV), {"clip": encoder}, sample=titles)
    return Asked(folder=folder, top_k=7, revision="dual_softmax")


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PART_SIZE", 5)


def rankings_of(parts: list[Path], folder: Path) -> bytes:
    """The file that is made of the parts."""
    assert gather(parts, folder / "rankings.parquet") == {}
    return (folder / "rankings.parquet").read_bytes()


def test_rankings_are_those_of_the_retriever_and_found_again(asked: Asked, tmp_path: Path) -> None:
    parts, n_found = score(ARTICLES, asked, tmp_path / "parts")
    assert (len(parts), n_found) == (5, 0)
    whole = rankings_of(parts, tmp_path)
    table = pd.read_parquet(tmp_path / "rankings.parquet")
    retriever = load_retriever(asked.folder)
    for some in (ARTICLES, ARTICLES[12:13]):
        expected = retriever.retrieve(
            {each.article_id: each.title for each in some}, top_k=7, revision="dual_softmax"
        )
        own = table[table["article_id"].isin(expected.article_ids)].reset_index(drop=True)
        pd.testing.assert_frame_equal(
            own, expected.table(), check_dtype=False, check_exact=True, check_index_type=False
        )
    assert table["confidence"].notna().all()

    parts[0].unlink()
    parts[1].write_bytes(parts[1].read_bytes()[:-9])
    assert score(ARTICLES, asked, tmp_path / "parts") == (parts, 13)
    assert rankings_of(parts, tmp_path) == whole
    assert score(ARTICLES, asked, tmp_path / "parts") == (parts, 23)


def test_a_byte_that_is_altered_is_found_or_changes_nothing(asked: Asked, tmp_path: Path) -> None:
    [part], _ = score(ARTICLES[:3], asked, tmp_path)
    whole, read = part.read_bytes(), module._read(part)
    n_found = 0
    for place in range(0, len(whole), 7):
        part.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        found = module._read(part)
        assert found is None or found == read
        n_found += found is None
    assert n_found > len(whole) // 14


@pytest.mark.parametrize("other", ["top_k", "revision", "title", "id"])
def test_what_answers_depend_on_is_in_the_name(asked: Asked, tmp_path: Path, other: str) -> None:
    articles = ARTICLES[:7]
    parts, _ = score(articles, asked, tmp_path)
    if other == "title":
        articles = [*articles[:6], articles[6]._replace(title="Another one")]
    if other == "id":
        articles = [*articles[:6], articles[6]._replace(article_id="b")]
    asked = replace(asked, top_k=3) if other == "top_k" else asked
    asked = replace(asked, revision="none") if other == "revision" else asked
    again, n_found = score(articles, asked, tmp_path)
    assert n_found == (5 if other in ("title", "id") else 0)
    assert again[1] != parts[1]


def test_workers_of_spark_write_the_same_parts(asked: Asked, spark: Spark, tmp_path: Path) -> None:
    here, _ = score(ARTICLES, asked, tmp_path / "here")
    there, n_found = score(ARTICLES, asked, tmp_path / "there", engine=spark)
    assert n_found == 0
    assert [path.name for path in there] == [path.name for path in here]
    assert [path.read_bytes() for path in there] == [path.read_bytes() for path in here]


def test_what_is_refused_is_reported_and_holds_up_no_other(
    asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = load_retriever(asked.folder)

    class Choosy:
        gallery, provenance = loaded.gallery, loaded.provenance

        def retrieve(self, titles: dict[str, str], *args: Any, **options: Any) -> Any:
            if wrong := [key for key in titles if key in ("a03", "a11")]:
                raise NewsImagesError(f"{wrong[0]} is too long.")
            return loaded.retrieve(titles, *args, **options)

    monkeypatch.setattr(module, "_loaded", lambda _: Choosy())
    parts, _ = score(ARTICLES, asked, tmp_path / "choosy")
    refused = gather(parts, tmp_path / "rankings.parquet")
    assert refused == {"a03": "a03 is too long.", "a11": "a11 is too long."}
    monkeypatch.undo()
    left = [each for each in ARTICLES if each.article_id not in refused]
    table = pd.read_parquet(tmp_path / "rankings.parquet")
    titles = {each.article_id: each.title for each in left}
    expected = loaded.retrieve(titles, top_k=7, revision="dual_softmax").table()
    pd.testing.assert_frame_equal(table, expected, check_dtype=False, check_exact=True)


def test_what_is_asked_wrongly_is_refused_as_a_whole(asked: Asked, tmp_path: Path) -> None:
    with pytest.raises(NewsImagesError, match="revision is 'sharpest'"):
        score(ARTICLES, replace(asked, revision="sharpest"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_long_lists_are_made_a_few_articles_at_a_time(
    asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = score(ARTICLES[:5], asked, tmp_path / "whole")
    monkeypatch.setattr(module, "MAX_NUMBERS", 3 * 7 * 2)
    few, _ = score(ARTICLES[:5], asked, tmp_path / "few")
    assert pq.read_metadata(few[0]).num_row_groups == 3
    assert pq.read_table(few[0]).equals(pq.read_table(whole[0]))


TABLE = [
    ("a", "A storm", "It blew."),
    ("b", "  \u200b", "no title"),
    ("a", "Again", ""),
    ("", "Nameless", ""),
    ("c", "x" * 100_001, ""),
    ("d", "Flood", "y" * 100_001),
    ("e", 2024, ""),
]


@pytest.fixture(params=["csv", "parquet"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[pd.DataFrame, Path]]:
    frame = pd.DataFrame(TABLE, columns=["article_id", "Title", "text"]).astype("str")
    path = tmp_path / f"articles.{request.param}"
    frame.to_csv(path, index=False) if request.param == "csv" else frame.to_parquet(path)
    return frame, path


def test_articles_that_cannot_be_asked_for_are_told_with_their_rows(
    table: tuple[pd.DataFrame, Path],
) -> None:
    articles, unanswered = read_articles(table[1])
    assert articles == [("a", "A storm", "It blew."), ("e", "2024", "")]
    assert unanswered == [
        ("b", 1, "its title is blank"),
        ("a", 2, "its article_id was there before"),
        ("", 3, "it has no article_id"),
        ("c", 4, "its title has more than 100,000 characters"),
        ("d", 5, "its text has more than 100,000 characters"),
    ]


def test_without_ids_articles_are_called_by_their_rows(tmp_path: Path) -> None:
    path = tmp_path / "articles.csv"
    path.write_text('title,url\n"Storm, again",x\n"",y\nFlood,z\n')
    articles, unanswered = read_articles(path)
    assert articles == [("0", "Storm, again", ""), ("2", "Flood", "")]
    assert unanswered == [("1", 1, "its title is blank")]
    path.write_text('title\n"Storm, again"\n""\nFlood\n')  # as many rows as pandas counts
    assert read_articles(path) == (articles, unanswered)
    path.write_text("headline,url\nStorm,x\n")
    with pytest.raises(NewsImagesError, match="has the columns headline, url; expected title"):
        read_articles(path)
