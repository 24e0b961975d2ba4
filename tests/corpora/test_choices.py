"""What a desk has chosen, as a training set beside a corpus."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from newsimages.corpora import Corpus, read_corpus
from newsimages.corpora.choices import COLUMNS, with_choices
from newsimages.errors import NewsImagesError


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    folder = tmp_path / "corpus"
    folder.mkdir()
    Image.new("RGB", (8, 8)).save(folder / "x.png")
    rows = [("1", "A storm", "x.png")]
    pd.DataFrame(rows, columns=["article_id", "title", "image"]).to_csv(
        folder / "train.csv", index=False
    )
    return read_corpus(folder)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("a.png", "b.jpg"):
        Image.new("RGB", (8, 8)).save(folder / name)
    return folder


def taken(**cells: Any) -> dict[str, Any]:
    """A row as a desk writes it."""
    known = {"article_id": "n1", "title": "Überschwemmung", "taken_at": "2026-01-31T08:00:00+00:00"}
    return {**dict.fromkeys(COLUMNS, ""), "rank": 3, "score": 0.5, **known, **cells}


def as_mlflow(path: Path, rows: list[dict[str, Any]]) -> Path:
    """The table as MLflow's log_table writes it."""
    data = [[row[name] for name in COLUMNS] for row in rows]
    path.write_text(json.dumps({"columns": list(COLUMNS), "data": data}), encoding="utf-8")
    return path


@pytest.mark.parametrize("form", ["json", "csv", "parquet"])
def test_a_choice_is_a_training_article_with_its_picture(
    form: str, corpus: Corpus, pictures: Path, tmp_path: Path
) -> None:
    rows = [
        taken(image=str(pictures / "a.png"), text="Der Fluss."),
        taken(image=str(pictures / "b.jpg"), text="Der Fluss."),
        taken(article_id="", title="Wahl", image="pictures/b.jpg", text=None),
    ]
    path = tmp_path / f"taken.{form}"
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    if form == "json":
        as_mlflow(path, rows)
    elif form == "csv":
        table.to_csv(path, index=False)
    else:
        table.to_parquet(path)
    more = with_choices(corpus, path)
    chosen, own = more.data_sets
    assert (chosen.name, chosen.split, own.split) == ("choices", "train", "train")
    assert own is corpus.data_sets[0]
    articles = chosen.articles
    assert articles["title"].tolist() == ["Überschwemmung", "Überschwemmung", "Wahl"]
    assert articles["text"].tolist() == ["Der Fluss.", "Der Fluss.", ""]
    assert articles["article_id"].tolist()[:2] == ["n1", "n1/2"]
    assert articles["article_id"][2].startswith("taken-")
    assert articles["image_id"].nunique() == len(chosen.images) == 2
    assert articles["date"][0] == pd.Timestamp("2026-01-31 08:00")
    for image in chosen.images["path"]:
        assert (more.folder / image).is_file()  # a whole path stays what it is
    assert len(more.skipped) == 0


def test_what_cannot_be_used_is_skipped_with_the_reason(
    corpus: Corpus, pictures: Path, tmp_path: Path
) -> None:
    (pictures / "notes.txt").write_text("no picture")
    good = taken(image=str(pictures / "a.png"))
    path = as_mlflow(
        tmp_path / "taken.json",
        [
            good,
            good,  # once is enough
            taken(title=" \u200b", image=str(pictures / "a.png")),
            taken(image=""),
            taken(image=None),
            taken(image=str(pictures / "gone.png")),
            taken(image=str(pictures / "notes.txt")),
            taken(image="x" * 5000 + ".png"),
        ],
    )
    more = with_choices(corpus, path)
    assert len(more.data_sets[0].articles) == 1
    assert more.skipped["id"].tolist() == [f"taken.json:{row}" for row in range(2, 8)]
    for reason, words in zip(
        more.skipped["reason"],
        ("title is empty", "no picture", "no picture", "is not there", "is no image file", "xxx"),
        strict=True,
    ):
        assert words in reason


def test_a_folder_holds_any_number_of_tables(
    corpus: Corpus, pictures: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "desk"
    folder.mkdir()
    as_mlflow(folder / "monday.json", [taken(image=str(pictures / "a.png"))])
    pd.DataFrame([taken(title="Wahl", image=str(pictures / "b.jpg"))]).to_csv(folder / "t.csv")
    pd.DataFrame({"caption": ["x"], "image": ["a.png"]}).to_csv(folder / "pairs.csv")
    (folder / "README.md").write_text("what this is")
    assert len(with_choices(corpus, folder).data_sets[0].articles) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", "cannot be read as a table as MLflow logs it"),
        ('{"columns": ["title", "Title", "image"], "data": []}', "column title more than once"),
        ("[1, 2", "cannot be read as a table as MLflow logs it"),
        ('{"columns": ["title"], "data": [["x"]]}', "lacks the column image"),
        ('{"columns": ["title", "image"], "data": []}', "no choice has a title and a picture"),
        (
            '{"columns": ["title", "image"], "data": [["x", "gone.png"]]}',
            r"no choice has .* \(t.json:0: gone.png is not there\)",
        ),
    ],
)
def test_bad_tables_are_refused_with_a_sentence(
    content: str, message: str, corpus: Corpus, tmp_path: Path
) -> None:
    path = tmp_path / "t.json"
    path.write_text(content)
    with pytest.raises(NewsImagesError, match=message):
        with_choices(corpus, path)


def test_choices_that_are_not_there_and_a_set_of_the_same_name(
    corpus: Corpus, pictures: Path, tmp_path: Path
) -> None:
    with pytest.raises(NewsImagesError, match="which is neither a file nor a folder"):
        with_choices(corpus, tmp_path / "gone.json")
    with pytest.raises(NewsImagesError, match="which holds none"):
        with_choices(corpus, pictures)
    path = as_mlflow(tmp_path / "taken.json", [taken(image=str(pictures / "a.png"))])
    with pytest.raises(NewsImagesError, match="a training set 'choices' already"):
        with_choices(with_choices(corpus, path), path)
