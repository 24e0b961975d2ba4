"""Entry points with ``engine=spark``, beside the same in this process; and ``score``."""

from pathlib import Path

import mlflow
import pandas as pd
import pytest
from mlflow.entities import Run

from mlproject import cli
from mlproject.options import EngineOptions
from newsimages.errors import NewsImagesError
from newsimages.spark import Spark
from tests.mlproject.squares import runs
from tests.mlproject.test_register import in_two_languages

SPARK = ("--engine", "spark", "--spark-master", "local[2,4]")


def contents(folder: Path) -> dict[str, bytes]:
    """What articles and vectors are kept in."""
    kept = [*folder.rglob("*.parquet"), *folder.rglob("*.safetensors")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in kept}


def newest(entry_point: str) -> Run:
    return next(run for run in runs() if run.data.tags.get("entry_point") == entry_point)


@pytest.mark.usefixtures("store", "spark")
def test_articles_and_vectors_have_the_same_bits_as_without_spark(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A part of the articles is German; two images cannot be read."""
    corpus = tmp_path / "squares"
    in_two_languages(corpus)
    (corpus / "corpus.json").write_text('{"name": "demo", "translator": "demo"}')
    (corpus / "RSS" / "images" / "train3.png").write_bytes(b"")
    (corpus / "TW" / "images" / "test1.png").write_bytes(b"no picture")
    said, logged = [], []
    for workdir, extra in (("here", ()), ("there", SPARK), ("there", SPARK)):
        capsys.readouterr()
        assert cli.run(["embed", *arguments, *extra, "--workdir", str(tmp_path / workdir)]) == 0
        said.append(capsys.readouterr().out)
        logged.append(mlflow.load_table("unreadable_images.json", [newest("embed").info.run_id]))
    here, there = contents(tmp_path / "here"), contents(tmp_path / "there")
    assert len([name for name in here if name.startswith("articles/")]) == 4
    assert len(here) > 12
    assert there == here
    pd.testing.assert_frame_equal(logged[1], logged[0])
    assert logged[0]["image_id"].tolist() == ["train3.png", "test1.png"]
    counted = [[line for line in each.splitlines() if "sentences" in line] for each in said]
    assert counted[0] == counted[1] != counted[2]
    assert "0 translated" in said[2]
    assert "\n  0 vectors made" in said[2]


def test_a_master_without_spark_is_refused() -> None:
    with pytest.raises(NewsImagesError, match="spark_master=local has no effect, because engine=l"):
        EngineOptions(spark_master="local")


def test_score_is_what_the_registered_model_predicts(
    store: Path,
    spark: Spark,
    arguments: list[str],
    training: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert spark
    assert cli.run(["register", *arguments, *training]) == 0
    articles = pd.read_csv("squares/RSS/test.csv")[["article_id", "title", "text"]]
    articles.loc[4, "title"] = " "
    articles.to_csv("today.csv", index=False)
    asked = ["score", "--articles", "today.csv", "--top-k", "5"]
    capsys.readouterr()
    for extra in ((), ("--workdir", "there", *SPARK), ()):
        assert cli.run([*asked, *extra]) == 0
    said = capsys.readouterr().out
    assert said.count("11 articles scored, 0 of 11 found done: ") == 2
    assert "11 articles scored, 11 of 11 found done: work/rankings/today.parquet" in said
    assert said.count("1 articles are left out: row 4 (its title is blank)") == 3
    here, there = (store / name / "rankings" / "today.parquet" for name in ("work", "there"))
    assert here.read_bytes() == there.read_bytes()

    model = mlflow.pyfunc.load_model("models:/newsimages-fused@champion")
    answers = model.predict(articles.drop(index=4), params={"top_k": 5})
    columns = {
        "image_id": "image_ids", "score": "scores", "similarity": "similarities",
        "confidence": "confidence",
    }  # fmt: skip
    table = pd.read_parquet(here)
    lists = table.groupby("article_id", sort=False).agg(list)
    assert lists.index.tolist() == answers["article_id"].tolist()
    for ours, theirs in columns.items():
        assert lists[ours].tolist() == answers[theirs].tolist()
    assert table.groupby("article_id", sort=False)["none_fits"].first().tolist() == (
        answers["none_fits"].tolist()
    )
    assert lists["rank"].tolist() == [[1, 2, 3, 4, 5]] * 11

    run = newest("score")
    assert run.data.metrics["articles_unanswered"] == 1
    path = mlflow.artifacts.download_artifacts(
        run_id=run.info.run_id, artifact_path="unanswered.csv"
    )
    assert pd.read_csv(path)["row"].tolist() == [4]

    for wrong, message in (
        (("--model", "models:/newsimages-fused/99"), "model=models:/newsimages-fused/99 cannot"),
        (("--revision", "sharpest"), "revision is 'sharpest'"),
        (("--articles", "none.csv"), "none.csv"),
    ):
        assert cli.run([*asked, *wrong]) == 1
        assert message in capsys.readouterr().err
