"""The registry: what a version holds, which one is champion, and that it answers as measured."""

import json
from itertools import product
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from PIL import Image

from mlproject import cli
from tests.mlproject.squares import N_TEST, children, steps
from tests.tiny_clip import save_tiny_clip

NAMES = {
    "newsimages-clip": "clip_bank", "newsimages-txv": "txv_bank", "newsimages-fused": "mix_bank"
}  # fmt: skip


def register(arguments: list[str], training: list[str], *extra: str) -> int:
    return cli.run(["register", *arguments, *training, *extra])


@pytest.mark.usefixtures("store")
def test_versions_carry_what_a_user_wants_to_know(
    arguments: list[str], training: list[str]
) -> None:
    assert register(arguments, training) == 0
    client = mlflow.MlflowClient()
    for name, variant in NAMES.items():
        version = client.get_model_version_by_alias(name, "champion")
        assert str(version.version) == "1"
        wanted = {"git_commit", "corpus", "backbone", "gallery", "validation_mrr", "run_id"}
        assert wanted <= set(version.tags)
        assert version.tags["gallery"] == f"all ({2 * N_TEST} images)"
        assert "**Limits**" in version.description
        assert f"({variant}) ranks {2 * N_TEST} images (all)" in version.description
        assert version.description.startswith("Run ")
        assert version.tags["backbone"] == "tiny"
        assert list(version.tags)[:3] == ["validation_mrr", "gallery", "variant"]
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
        assert version.tags["variant"] == variant
        about = client.get_registered_model(name).description
        assert f"models:/{name}@champion" in about
        assert about[:1].isalpha()


@pytest.mark.usefixtures("store")
def test_registered_models_answer_as_their_run_was_measured(
    arguments: list[str], training: list[str]
) -> None:
    """Runs 7, 9 and 11, image by image and score by score."""
    assert register(arguments, training, "--gallery", "RSS", "--precision", "bf16") == 0
    variants = ["--variants", "clip_bank,txv_bank,mix_bank", "--sheet-articles", "0"]
    assert cli.run(["evaluate", *arguments, *training, *variants, "--precision", "bf16"]) == 0
    articles = pd.read_csv("squares/RSS/test.csv")[["article_id", "title", "text"]]
    for name, variant in NAMES.items():
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


def in_two_languages(corpus: Path) -> None:
    """Other titles, which a byte-wise tower tells apart; TW is German, an article has no text."""
    for name, split in product(("RSS", "TW"), ("train", "test")):
        path = corpus / name / f"{split}.csv"
        table = pd.read_csv(path)
        words = [f"{letter * 12}{split[1] * 6}" for letter in "abcdefghijklmno"[: len(table)]]
        if name == "TW":
            table["title"] = [f"{word} steht auf dem roten Platz der Stadt" for word in words]
            table["text"] = [f"Niemand kennt {word}. Die Polizei sucht weiter." for word in words]
        else:
            table["title"] = [f"{word} stands on the red square of the town" for word in words]
            table["text"] = [f"Nobody knows {word}. {word[::-1]} goes on." for word in words]
        table.loc[3, "text"] = ""
        table.to_csv(path, index=False)


@pytest.fixture
def speaking(arguments: list[str], tmp_path: Path) -> list[str]:
    """A corpus of which a part is German, the demo's translator and a multilingual tower."""
    in_two_languages(tmp_path / "squares")
    (tmp_path / "squares" / "corpus.json").write_text('{"name": "demo", "translator": "demo"}')
    save_tiny_clip(tmp_path / "xlm", "xlm_roberta")
    return [*arguments, "--multilingual-backbone", f"local-dir:{tmp_path / 'xlm'}"]


def ranked(variant: str, name: str) -> dict[str, dict[str, list[object]]]:
    """Lists and scores by article, as a run was measured."""
    [measured] = children(variant)
    path = mlflow.artifacts.download_artifacts(
        run_id=measured.info.run_id, artifact_path=f"rankings/{name}.parquet"
    )
    table = pd.read_parquet(path)
    assert list(table) == ["article_id", "rank", "image_id", "score", "similarity"]
    lists = table.groupby("article_id", sort=False)
    return {column: lists[column].agg(list).to_dict() for column in ("image_id", "score")}


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_german_is_answered_as_it_was_measured(
    speaking: list[str], training: list[str], precision: str
) -> None:
    settings = ["--precision", precision]
    assert register(speaking, training, "--gallery", "TW", *settings) == 0
    variants = "clip_bank,txv_bank,mix_bank,languages_bank,all_bank"
    options = ["--variants", variants, "--sheet-articles", "0", *settings]
    assert cli.run(["evaluate", *speaking, *training, *options]) == 0
    articles = pd.read_csv("squares/TW/test.csv")[["article_id", "title", "text"]]
    client = mlflow.MlflowClient()
    for name in NAMES:
        version = client.get_model_version_by_alias(name, "champion")
        assert "what is not English is translated" in version.description
        expected = ranked(version.tags["variant"], "TW")
        model = mlflow.pyfunc.load_model(f"models:/{name}@champion")
        answers = model.predict(articles).set_index("article_id")
        assert set(answers["language"]) == {"de"}
        assert answers["image_ids"].to_dict() == expected["image_id"]
        assert answers["scores"].to_dict() == expected["score"]
        for row in (0, 3, 7):
            alone = model.predict(articles.iloc[[row]])
            for column in ("image_ids", "scores", "confidence", "none_fits"):
                assert alone[column].iloc[0] == answers[column].iloc[row]


@pytest.mark.usefixtures("store")
def test_without_its_translator_a_model_reads_german_by_its_multilingual_view_or_not_at_all(
    speaking: list[str], training: list[str]
) -> None:
    assert register(speaking, training, "--serving-translator", "false") == 0
    client = mlflow.MlflowClient()
    request = pd.DataFrame({"title": ["Der Rat spricht heute über das Quadrat auf dem Markt"]})
    for name in NAMES:
        version = client.get_model_version_by_alias(name, "champion")
        assert "there is no translator in here" in version.description
        path = mlflow.artifacts.download_artifacts(f"models:/{name}/{version.version}")
        assert not list(Path(path).rglob("translator"))
        model = mlflow.pyfunc.load_model(f"models:/{name}@champion")
        english = model.predict(pd.DataFrame({"title": ["The council talks about the square"]}))
        assert english["language"].tolist() == ["en"]
        if (Path(path) / "artifacts" / "retriever" / "text_towers" / "multilingual").is_dir():
            answer = model.predict(request, params={"explain": True, "words": True})
            assert answer["language"].tolist() == ["de"]
            said = answer["words"][0]["parts"]
            assert [part["text"] for part in said] == request["title"][0].split()
            assert {len(part["adds"]) for part in said} == {len(answer["image_ids"][0])}
            copies = model.predict(request, params={"like": answer["image_ids"][0][0], "top_k": 3})
            assert answer["image_ids"][0][0] not in copies["image_ids"][0]
            parts = answer["contributions"][0]
            asked = {part for part, own in parts.items() if any(own)} - {"revision"}
            assert all(part.startswith("multilingual") for part in asked)
        else:
            with pytest.raises(MlflowException, match="not in English and were not translated"):
                model.predict(request)


@pytest.mark.usefixtures("store")
def test_metrics_are_linked_to_the_model_and_its_data_sets(
    arguments: list[str], training: list[str]
) -> None:
    assert register(arguments, training) == 0
    models = mlflow.search_logged_models(output_format="list")
    assert {model.name for model in models} == set(NAMES)
    for model in models:
        linked = {(metric.key, metric.dataset_name) for metric in model.metrics}
        assert {("RSS/mrr", "RSS-test"), ("TW/recall_at_10", "TW-test")} <= linked
        assert {"validation_mrr", "validation_calibration_error"} <= {key for key, _ in linked}
    client = mlflow.MlflowClient()
    for name in NAMES:
        version = client.get_model_version_by_alias(name, "champion")
        run_id = version.tags["run_id"]
        assert f"get-artifact?path=figures%2Fmrr.png&run_uuid={run_id}" in version.description
        for figure in ("mrr", "validation/reliability"):
            path = mlflow.artifacts.download_artifacts(
                run_id=run_id, artifact_path=f"figures/{figure}.png"
            )
            with Image.open(path) as picture:
                picture.verify()
        [model] = [model for model in models if model.name == name]
        assert float(version.tags["validation_mrr"]) == pytest.approx(
            next(each.value for each in model.metrics if each.key == "validation_mrr"), abs=1e-6
        )


@pytest.mark.usefixtures("store")
def test_only_on_equal_terms_a_champion_is_followed(
    arguments: list[str],
    training: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The same twice; another gallery; the same ids on other pictures; other weights; by force."""
    client, models = mlflow.MlflowClient(), len(NAMES)
    assert register(arguments, training) == 0
    capsys.readouterr()
    client.update_registered_model("newsimages-clip", "Our own words.")
    assert register(arguments, training) == 0
    assert capsys.readouterr().out.count(" equals that of the champion, ") == models
    assert client.get_registered_model("newsimages-clip").description == "Our own words."

    assert register(arguments, training, "--gallery", "RSS") == 0
    shown = capsys.readouterr().out
    assert shown.count(": challenger, as its validation MRR of ") == models
    assert shown.count(f": another gallery ({N_TEST} images, ") == models
    for path in sorted(tmp_path.glob("squares/*/images/train*.png")):
        with Image.open(path) as picture:
            picture.transpose(Image.Transpose.ROTATE_90).resize((41, 40)).save(path)
    assert register(arguments, training) == 0
    assert capsys.readouterr().out.count(": another validation part (") == models
    save_tiny_clip(tmp_path / "tiny", seed=7)
    assert register(arguments, training, "--promote", "always", "--precision", "bf16") == 0
    shown = capsys.readouterr().out
    assert shown.count(": champion, as promote=always (auto makes it challenger, as ") == models
    assert (
        shown.count(": another precision (bf16; the champion's: fp32), another set of ") == models
    )


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
        (pd.DataFrame({"title": ["a"]}), {"filter": '{"rights": "free"}'}),  # there are no rights
    ):
        with pytest.raises(MlflowException) as raised:
            model.predict(table, params=params)
        assert raised.value.error_code in ("INVALID_PARAMETER_VALUE", "BAD_REQUEST")


@pytest.mark.usefixtures("store")
def test_a_folder_of_images_can_be_the_gallery(
    arguments: list[str], training: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One of few images is a trial, which is served as challenger or where it is promoted."""
    broken = tmp_path / "squares" / "pairs" / "images" / "broken.png"
    broken.write_bytes(b"x")
    assert register(arguments, training, "--gallery", str(tmp_path / "squares" / "pairs")) == 0
    assert capsys.readouterr().out.count(" is taken for a trial. promote=always ") == len(NAMES)
    model = mlflow.pyfunc.load_model("models:/newsimages-txv@challenger")
    [images] = model.predict(pd.DataFrame({"title": ["A square"]}))["image_ids"]
    assert len(images) == 30
    assert set(images) == {f"images/p{i}.png" for i in range(30)}


@pytest.mark.usefixtures("store")
def test_a_model_with_an_index_says_that_its_answers_are_approximate(
    arguments: list[str], training: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("faiss", reason="an index needs faiss-cpu")
    assert register(arguments, training, "--index", "ivf") == 0
    name = "newsimages-clip"
    version = mlflow.MlflowClient().get_model_version_by_alias(name, "champion")
    said = "approximate, by an index of 0.0 MB over 24 images, of whose 1 cells 1 are gone through"
    assert f"- **Search**: {said}; recall_at_100 1.0000 on" in version.description
    model = mlflow.pyfunc.load_model(f"models:/{name}@champion")
    assert "approximate" in model.metadata.signature.outputs.input_names()
    asked = pd.DataFrame({"title": ["A square", "A council"]})
    answers = model.predict(asked)
    assert answers["approximate"].tolist() == [True, True]
    assert answers["confidence"].tolist() == [None, None]
    exact = model.predict(asked, params={"revision": "sinkhorn"})
    assert exact["approximate"].tolist() == [False, False]
    folder = Path(mlflow.artifacts.download_artifacts(f"models:/{name}@champion"))
    assert "faiss-cpu" in (folder / "requirements.txt").read_text()
    [told] = [json.loads(path.read_text()) for path in folder.rglob("retriever.json")]
    index = {"images": 24, "cells": 1, "probed": 1, "recall_at_100": 1.0, "approximate": True}
    assert told["provenance"]["index"] == index
    asked.assign(article_id=["a", "b"]).to_csv("asked.csv", index=False)
    assert cli.run(["score", "--articles", "asked.csv", "--model", f"models:/{name}@champion"]) == 0
    scored = pd.read_parquet("work/rankings/asked.parquet").groupby("article_id")
    assert scored["image_id"].agg(list).tolist() == answers["image_ids"].tolist()
    assert scored["confidence"].count().tolist() == [0, 0]
    assert "lists are approximate" in capsys.readouterr().out


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
    told = " ".join(capsys.readouterr().err.split())
    assert ("gallery=',', expected" if gallery == "," else "--gallery: got '") in told
    assert "expected a value" in told or gallery == ","


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
