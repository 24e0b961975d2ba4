"""The registry: what a version holds, which one is champion, and that it answers as measured."""

from pathlib import Path

import mlflow
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from mlproject import cli
from tests.mlproject.squares import N_TEST, children, steps

NAMES = ("newsimages-clip", "newsimages-txv")


def register(arguments: list[str], training: list[str], *extra: str) -> int:
    return cli.run(["register", *arguments, *training, *extra])


@pytest.mark.usefixtures("store")
def test_versions_carry_what_a_user_wants_to_know(
    arguments: list[str], training: list[str]
) -> None:
    assert register(arguments, training) == 0
    client = mlflow.MlflowClient()
    for name in NAMES:
        version = client.get_model_version_by_alias(name, "champion")
        assert str(version.version) == "1"
        wanted = {"git_commit", "corpus", "backbone", "gallery", "validation_mrr", "run_id"}
        assert wanted <= set(version.tags)
        assert version.tags["gallery"] == f"all ({2 * N_TEST} images)"
        assert "**Limits**" in version.description
        run = client.get_run(version.tags["run_id"])
        assert run.data.metrics["validation_mrr"] == pytest.approx(
            float(version.tags["validation_mrr"]), abs=1e-6
        )
        path = mlflow.artifacts.download_artifacts(
            run_id=run.info.run_id, artifact_path="choice.csv"
        )
        curve = pd.read_csv(path)
        assert set(curve["method"]) == {
            "none",
            *("dual_softmax", "inverted_softmax", "neighbours", "sinkhorn"),
        }
        assert run.data.metrics["validation_mrr"] in curve["mrr"].tolist()
        assert version.tags["variant"] == f"{name.split('-')[1]}_bank"


@pytest.mark.usefixtures("store")
def test_registered_models_answer_as_their_run_was_measured(
    arguments: list[str], training: list[str]
) -> None:
    """Runs 7 and 9, image by image and score by score."""
    assert register(arguments, training, "--gallery", "RSS", "--precision", "bf16") == 0
    variants = ["--variants", "clip_bank,txv_bank", "--sheet-articles", "0"]
    assert cli.run(["evaluate", *arguments, *training, *variants, "--precision", "bf16"]) == 0
    articles = pd.read_csv("squares/RSS/test.csv")[["article_id", "title"]]
    for name, variant in zip(NAMES, ("clip_bank", "txv_bank"), strict=True):
        [measured] = children(variant)
        path = mlflow.artifacts.download_artifacts(
            run_id=measured.info.run_id, artifact_path="rankings/RSS.parquet"
        )
        ranking = pd.read_parquet(path)
        model = mlflow.pyfunc.load_model(f"models:/{name}@champion")
        answers = model.predict(articles).set_index("article_id")
        lists = ranking.groupby("article_id", sort=False)
        for column, served in (("image_id", "image_ids"), ("score", "scores")):
            assert answers[served].to_dict() == lists[column].agg(list).to_dict()
        alone = model.predict(articles.iloc[[4]])
        assert alone["image_ids"].iloc[0] == answers["image_ids"].iloc[4]


@pytest.mark.usefixtures("store")
def test_bad_requests_are_invalid_parameter_values(
    arguments: list[str], training: list[str]
) -> None:
    assert register(arguments, training) == 0
    model = mlflow.pyfunc.load_model("models:/newsimages-clip@champion")
    for table, params in (
        (pd.DataFrame({"title": [" "]}), {}),
        (pd.DataFrame({"text": ["a"]}), {}),
        (pd.DataFrame({"title": ["a"]}), {"top_k": 0}),
        (pd.DataFrame({"title": ["a"]}), {"revision": "x"}),
    ):
        with pytest.raises(MlflowException) as raised:
            model.predict(table, params=params)
        assert raised.value.error_code in ("INVALID_PARAMETER_VALUE", "BAD_REQUEST")


@pytest.mark.usefixtures("store")
def test_a_worse_version_becomes_challenger_and_is_told_why(
    arguments: list[str], training: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert register(arguments, training) == 0
    client = mlflow.MlflowClient()
    client.set_model_version_tag("newsimages-clip", "1", "validation_mrr", "1.1")
    capsys.readouterr()
    assert register(arguments, training, "--gallery", "TW") == 0
    shown = capsys.readouterr().out
    assert "newsimages-clip version 2: challenger" in shown
    assert "is below the champion's 1.10000 (version 1)" in shown
    assert str(client.get_model_version_by_alias("newsimages-clip", "champion").version) == "1"
    assert str(client.get_model_version_by_alias("newsimages-clip", "challenger").version) == "2"
    assert str(client.get_model_version_by_alias("newsimages-txv", "champion").version) == "2"


@pytest.mark.usefixtures("store")
def test_on_other_validation_articles_the_champion_is_measured_anew(
    arguments: list[str], training: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert register(arguments, training) == 0
    client = mlflow.MlflowClient()
    client.set_model_version_tag("newsimages-clip", "1", "validation_part", "other")
    client.set_model_version_tag("newsimages-clip", "1", "validation_mrr", "1.1")
    capsys.readouterr()
    assert register(arguments, training) == 0
    assert "newsimages-clip version 2: champion" in capsys.readouterr().out


@pytest.mark.usefixtures("store")
def test_a_folder_of_images_can_be_the_gallery(
    arguments: list[str], training: list[str], tmp_path: Path
) -> None:
    broken = tmp_path / "squares" / "pairs" / "images" / "broken.png"
    broken.write_bytes(b"x")
    assert register(arguments, training, "--gallery", str(tmp_path / "squares" / "pairs")) == 0
    model = mlflow.pyfunc.load_model("models:/newsimages-txv@champion")
    [images] = model.predict(pd.DataFrame({"title": ["A square"]}))["image_ids"]
    assert len(images) == 30
    assert set(images) == {f"images/p{i}.png" for i in range(30)}


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--gallery", "RT"], "RT is neither a test set (RSS, TW) nor a folder"),
        (["--gallery", "tiny"], "holds no image files"),
    ],
)
def test_a_gallery_that_is_none_stops_with_a_sentence(
    arguments: list[str],
    training: list[str],
    extra: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert register(arguments, training, *extra) == 1
    assert message in capsys.readouterr().err


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("command", ["register", "main"])
def test_a_gallery_that_is_none_stops_before_the_work(
    arguments: list[str], command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run([command, *arguments, "--gallery", "RSS,RT"]) == 1
    assert ": RT is neither a test set (RSS, TW)" in capsys.readouterr().err
    assert steps() == {"corpus"}


@pytest.mark.usefixtures("store")
def test_without_a_test_set_a_folder_is_served_or_nothing(
    arguments: list[str], training: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("RSS", "TW"):
        Path("squares", name, "test.csv").unlink()
    assert register(arguments, training) == 1
    assert "gallery=all: all is neither a test set (there is none)" in capsys.readouterr().err
    assert steps() == {"corpus"}
    assert register(arguments, training, "--gallery", "squares/pairs") == 0


@pytest.mark.parametrize("gallery", ["", "  ", ","])
def test_an_empty_gallery_is_refused_and_not_the_current_folder(
    gallery: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.run(["main", "--gallery", gallery])
    assert stopped.value.code == 2
    assert f"gallery={gallery!r}, expected" in capsys.readouterr().err


@pytest.mark.usefixtures("store")
def test_a_gallery_without_images_stops_before_the_work(
    arguments: list[str], training: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("empty").mkdir()
    for gallery, message in (("empty", "holds no image files"), ("a" * 300, "neither a test set")):
        assert cli.run(["register", *arguments, *training, "--gallery", gallery]) == 1
        shown = capsys.readouterr()
        assert message in shown.err
        assert "embed" not in shown.out


@pytest.mark.usefixtures("store")
def test_without_training_articles_nothing_is_registered(
    arguments: list[str], training: list[str]
) -> None:
    for name in ("RSS", "TW"):
        Path("squares", name, "train.csv").unlink()
    assert cli.run(["main", *arguments, *training, "--protocol", "official"]) == 0
    assert not mlflow.search_registered_models()
