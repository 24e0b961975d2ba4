"""Corpora too small for some of what is asked: what can be made is made, and it is said."""

from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from PIL import Image

from mlproject import cli
from newsimages.encoding import tower_folder
from tests.mlproject.squares import children, runs, step, steps, write_pairs

SMALL = ("--width", "8", "--epochs", "1", "--pretrain-epochs", "1", "--sheet-articles", "0")
"""Settings that leave the batch at its default, which none of these corpora fills."""


def shrink(n_train: int | None, n_test: int = 6, n_images: int | None = None) -> None:
    """A corpus of one data set in place of the squares; None: without a training set."""
    folder = Path("squares")
    for name in ("RSS", "TW"):
        for table in (folder / name).glob("*.csv"):
            table.unlink()
    (folder / "pairs" / "pairs.csv").unlink()
    images, generator = folder / "RSS" / "images", np.random.default_rng(0)
    for split, n in (("train", n_train), ("test", n_test)):
        rows = []
        for i in range(n or 0):
            name = f"{split}{i % (n_images if n_images and split == 'test' else n)}.png"
            pixels = generator.integers(0, 256, (16, 16, 3), np.uint8)
            Image.fromarray(pixels).save(images / f"{split}{i}.png")
            title = f"What {split} article {i} says of shop {generator.integers(10**6)}"
            rows.append((f"{split}{i}", title, f"No. {i}.", name))
        if n:
            table = pd.DataFrame(rows, columns=["article_id", "title", "text", "image"])
            table.to_csv(folder / "RSS" / f"{split}.csv", index=False)


def parent(name: str = "main") -> mlflow.entities.Run:
    [run] = [run for run in runs() if run.data.tags.get("entry_point") == name]
    return run


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("n_train", [None, 1, 5])
def test_main_makes_the_runs_that_need_no_training(
    arguments: list[str], n_train: int | None, capsys: pytest.CaptureFixture[str]
) -> None:
    shrink(n_train)
    assert cli.run(["main", *arguments, *SMALL]) == 0
    shown = capsys.readouterr().out
    assert len(children("clip")) == len(children("clip_ds")) == 1
    assert not children("txv")
    assert steps() - {"internal"} == {"corpus", "preprocess", "embed"}
    reason = "there is no training article" if n_train is None else "too few training articles"
    before = shown[: shown.index("▶ preprocess")]
    assert "left out: txv, txv_ds, txv_text_ds, clip_batch," in before
    assert "no model will be registered, as " in before
    assert "models serve" not in shown
    tags = parent().data.tags
    for key in ("not_made/official", "not_made/register", "mlflow.note.content"):
        assert reason in tags[key]
    assert "txv, txv_ds" in tags["not_made/official"]
    assert "not_made/internal" in tags
    path = mlflow.artifacts.download_artifacts(
        run_id=parent().info.run_id, artifact_path="not_made_official.csv"
    )
    rows = pd.read_csv(path).set_index("variant")["reason"]
    assert reason in rows["txv"]
    assert reason in rows["clip_bank"]


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(("n_train", "n_test", "n_images"), [(20, 6, None), (8, 1, 1), (9, 4, 2)])
def test_main_trains_on_few_articles_with_a_batch_of_all(
    arguments: list[str],
    n_train: int,
    n_test: int,
    n_images: int | None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also with one test article, and with galleries of one and two images."""
    shrink(n_train, n_test, n_images)
    variants = ("clip", "txv", "txv_text_ds", "clip_bank")
    wanted = ["--protocol", "official", "--variants", ",".join(variants)]
    assert cli.run(["main", *arguments, *SMALL, *wanted]) == 0
    trained = step("train-title-official").data.params
    assert trained["batch_size"] == "196"
    assert trained["used_batch_size"] == trained["pairs"]
    assert f"{trained['pairs']} pairs are fewer than a batch of 196" in capsys.readouterr().out
    for variant in variants:
        [child] = children(variant)
        assert child.data.metrics["RSS/recall_at_100"] == 1.0
    assert mlflow.MlflowClient().get_model_version_by_alias("newsimages-clip", "champion")


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["train"], "T×V cannot be trained: there are too few training articles"),
        (["register"], "T×V cannot be trained: there are too few training articles"),
        (["evaluate", "--variants", "clip,txv"], "txv cannot be made under protocol=official"),
        (["main", "--variants", "clip_bank"], "clip_bank cannot be made under protocol=official"),
        (["evaluate", "--protocol", "internal"], "cannot be split with share=0.2"),
    ],
)
def test_what_is_asked_for_by_name_is_refused_before_the_work(
    arguments: list[str], command: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shrink(3)
    assert cli.run([command[0], *arguments, *command[1:]]) == 1
    assert message in capsys.readouterr().err
    assert steps() == {"corpus"}


@pytest.mark.usefixtures("store")
def test_too_few_pairs_cost_the_pre_training_unless_they_are_asked_for(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    shrink(10)
    pairs = write_pairs(Path("few"), n=4)
    assert cli.run(["train", *arguments, *SMALL[:6], "--pairs", str(pairs)]) == 1
    assert "pairs are too few to train on" in capsys.readouterr().err
    assert cli.run(["pretrain", *arguments, "--pairs", str(pairs)]) == 1
    assert steps() == {"corpus"}
    pairs.rename(Path("squares", "few"))
    assert cli.run(["train", *arguments, *SMALL[:6]]) == 0
    assert "not made: pretrain, as 3 pairs are too few" in capsys.readouterr().out
    assert "pretrain" not in steps()


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("extra", [["--pairs", "squares/RSS/train.csv"], ["--gallery", "nowhere"]])
def test_settings_that_cannot_be_used_stop_main_before_the_work(
    arguments: list[str], extra: list[str]
) -> None:
    assert cli.run(["main", *arguments, *SMALL, *extra]) == 1
    assert steps() == {"corpus"}


@pytest.mark.usefixtures("store")
def test_image_files_that_are_bound_to_be_missed_stop_before_the_work(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("squares/RSS/images/train3.png").unlink()
    assert cli.run(["evaluate", *arguments, "--strict", "true"]) == 1
    assert "strict=true, and images cannot be read: train3.png" in capsys.readouterr().err
    for path in Path("squares/RSS/images").glob("test*.png"):
        path.unlink()
    assert cli.run(["embed", *arguments]) == 1
    assert "Put the files below that folder" in capsys.readouterr().err
    assert steps() == {"corpus"}


@pytest.mark.usefixtures("store")
def test_a_backbone_that_cannot_be_served_is_told_before_the_work(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shrink(10)

    def refuse(*_: object) -> None:
        raise KeyError("text.odd.weight")

    monkeypatch.setattr(tower_folder, "_weights", refuse)
    assert cli.run(["register", *arguments]) == 1
    shown = capsys.readouterr().err
    assert "No model can be registered: The text tower of backbone=local-dir:" in shown
    assert steps() == {"corpus"}
    only = ["--variants", "clip,clip_bank", "--protocol", "official"]
    assert cli.run(["main", *arguments, *SMALL, *only]) == 0
    shown = capsys.readouterr().out
    assert shown.index("no model will be registered, as The text tower of") < shown.index(
        "▶ preprocess"
    )
    assert "cannot be written" in parent().data.tags["not_made/register"]
    assert len(children("clip_bank")) == 1


@pytest.mark.usefixtures("store")
def test_a_registry_that_does_not_answer_is_told_before_the_work(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise MlflowException("the registry is closed today")

    monkeypatch.setattr(mlflow.MlflowClient, "search_registered_models", refuse)
    for name in ("register", "main"):
        assert cli.run([name, *arguments]) == 1
        assert "the registry is closed today" in capsys.readouterr().err
    assert steps() == {"corpus"}


@pytest.mark.usefixtures("store")
def test_urls_that_a_submission_cannot_hold_are_told_before_the_work(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    shrink(None)
    path = Path("squares/RSS/test.csv")
    pd.read_csv(path).assign(url="https://one.example/for-all").to_csv(path, index=False)
    assert cli.run(["evaluate", *arguments, *SMALL, "--variants", "clip"]) == 0
    shown = capsys.readouterr().out
    assert shown.index("not made: submissions/RSS") < shown.index("▶ preprocess")
    assert "submission_form=2021" in parent("evaluate").data.tags["not_made/submissions/RSS"]
