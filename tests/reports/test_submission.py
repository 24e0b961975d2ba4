"""Submission files to the byte, and every rule they are checked by."""

from pathlib import Path

import pandas as pd
import pytest

from newsimages.errors import NewsImagesError
from newsimages.reports.submission import check, write_submission

IMAGES = ["x", "y", "z"]
URLS = {"a2": "https://news.example/2", "a1": "https://news.example/1"}


def table(lists: dict[str, list[str]]) -> pd.DataFrame:
    rows = [(a, r, image) for a, images in lists.items() for r, image in enumerate(images, start=1)]
    return pd.DataFrame(rows, columns=["article_id", "rank", "image_id"])


GOOD = {"a1": ["y", "x", "z"], "a2": ["z", "y", "x"]}


def test_form_of_2021_to_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "new" / "RSS.tsv"
    shuffled = table(GOOD).sample(frac=1, random_state=3)
    write_submission(path, shuffled, form="2021", urls=URLS, image_ids=IMAGES)
    assert path.read_bytes() == b"articleID\tiid1\tiid2\tiid3\na2\tz\ty\tx\na1\ty\tx\tz\n"


def test_form_of_2023_to_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "RSS.tsv"
    urls = {**URLS, "a1": ""}  # an article without a url is named by its id
    write_submission(path, table(GOOD), form="2023", urls=urls, image_ids=IMAGES)
    assert path.read_bytes() == b"https://news.example/2\tz\ty\tx\na1\ty\tx\tz\n"


def test_scrambled_ids_name_articles_in_2021s_form_alone(tmp_path: Path) -> None:
    path = tmp_path / "RSS.tsv"
    for form, first in (("2021", b"1000265260\tz"), ("2023", b"https://news.example/2\tz")):
        write_submission(
            path,
            table(GOOD),
            form=form,  # type: ignore[arg-type]
            urls=URLS,
            image_ids=IMAGES,
            scrambled_ids={"a2": "1000265260"},
        )
        assert path.read_bytes().split(b"\n")[form == "2021"].startswith(first)


@pytest.mark.parametrize("odd", ["a\tb", "a\nb", "a\rb", '"a'])
def test_image_ids_and_names_that_break_the_table_are_refused(odd: str, tmp_path: Path) -> None:
    path = tmp_path / "RSS.tsv"
    with pytest.raises(NewsImagesError, match=r"(?s)cannot hold image ids .* Rename these images"):
        write_submission(path, table({"a": [odd]}), form="2021", urls={"a": ""}, image_ids=[odd])
    with pytest.raises(NewsImagesError, match="must name each article once"):
        write_submission(path, table({odd: ["x"]}), form="2021", urls={odd: ""}, image_ids=["x"])
    assert not path.exists()


def test_lists_end_at_100_images() -> None:
    images = [f"i{n}" for n in range(150)]
    check(table({"a": images[:100]}), ["a"], images)
    for length in (99, 101):
        with pytest.raises(NewsImagesError, match="not hold exactly 100 images: a"):
            check(table({"a": images[:length]}), ["a"], images)


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        ({"a1": ["y", "x", "z"]}, "articles without a list: a2"),
        ({**GOOD, "a3": ["y", "x", "z"]}, "lists of unknown articles: a3"),
        ({**GOOD, "a1": ["y", "x"]}, "exactly 3 images: a1"),
        ({**GOOD, "a1": ["y", "x", "x"]}, "an image twice: a1"),
        ({**GOOD, "a1": ["y", "x", "w"]}, "outside the gallery: a1"),
        ({"a1": ["y", "x", "w"]}, "without a list: a2; .*outside the gallery: a1"),
    ],
)
def test_each_broken_rule_is_named_and_nothing_is_written(
    lists: dict[str, list[str]], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "RSS.tsv"
    path.write_text("what was there")
    with pytest.raises(NewsImagesError, match=message):
        write_submission(path, table(lists), form="2021", urls=URLS, image_ids=IMAGES)
    assert path.read_text() == "what was there"


def test_an_article_listed_twice_is_refused() -> None:
    twice = pd.concat([table(GOOD), table({"a1": ["x", "y", "z"]})])
    with pytest.raises(NewsImagesError, match=r"exactly 3 images: a1; .*a rank twice: a1"):
        check(twice, URLS, IMAGES)


def test_a_rank_given_twice_is_refused() -> None:
    ranking = table(GOOD)
    ranking.loc[1, "rank"] = 1
    with pytest.raises(NewsImagesError, match="a rank twice: a1"):
        check(ranking, URLS, IMAGES)
