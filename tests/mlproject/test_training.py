"""Pre-training, training and the runs of T×V, through the same calls as `mlflow run`."""

import json
import shutil
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from PIL import Image

from mlproject import cli
from newsimages.txv.network import NetworkConfig, TxVNetwork, load_network, save_network
from tests.mlproject.squares import (
    N_PAIRS,
    N_TEST,
    N_TRAIN,
    children,
    runs,
    step,
    steps,
    write_pairs,
)

TXV = ("--variants", "txv,txv_text_ds", "--sheet-articles", "0")


@pytest.mark.usefixtures("store")
def test_pretrain_logs_every_epoch_and_the_best_network(
    arguments: list[str], training: list[str]
) -> None:
    assert cli.run(["pretrain", *arguments, *pretraining(training)]) == 0
    run = step("pretrain")
    assert int(run.data.params["pairs"]) + int(run.data.params["validation_pairs"]) == N_PAIRS
    assert run.data.params["width"] == "8"
    history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "validation_score")
    assert [metric.step for metric in history] == [1, 2]
    logged = {"train_loss", "learning_rate", "validation/image_to_text_recall_at_1", "best_epoch"}
    assert logged <= set(run.data.metrics)
    folder = Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id))
    network = load_network(folder / "txv" / "network.safetensors")
    assert json.loads((folder / "txv" / "config.json").read_text())["width"] == 8
    assert network.config.width == 8
    assert len(pd.read_csv(folder / "epochs.csv")) == 2


def test_a_second_run_trains_nothing_again_and_other_settings_do(
    store: Path, arguments: list[str], training: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["train", *arguments, *training]) == 0
    checkpoints = {p: p.stat().st_mtime_ns for p in (store / "work" / "txv").iterdir()}
    assert len(checkpoints) == 3  # pre-training, titles, texts
    assert cli.run(["train", *arguments, *training]) == 0
    assert {p: p.stat().st_mtime_ns for p in (store / "work" / "txv").iterdir()} == checkpoints
    chosen = store / "taken.json"  # what a desk has chosen is learnt from as well
    pictures = store / "squares" / "pairs" / "images"
    rows = [[f"The mayor paints square {i}", str(pictures / f"p{i}.png")] for i in range(9)]
    chosen.write_text(json.dumps({"columns": ["title", "image"], "data": [*rows, ["x", ""]]}))
    more = ("--seed", "1", "--choices", str(chosen))
    assert cli.run(["train", *arguments, *training, *more]) == 0
    shown = capsys.readouterr().out
    assert "choices train: 9 articles, 9 images" in shown
    assert "1 choices skipped" in shown
    assert "(RSS, TW, choices)" in shown
    assert len(list((store / "work" / "txv").iterdir())) == 6
    trained = [run for run in runs() if run.data.tags.get("step") == "train-title-official"]
    assert len(trained) == 3
    assert all(run.data.metrics["best_epoch"] >= 1 for run in trained)  # logs of the second, too


@pytest.mark.usefixtures("store")
def test_internal_protocol_trains_and_measures_on_training_articles_alone(
    arguments: list[str], training: list[str]
) -> None:
    assert cli.run(["evaluate", *arguments, *training, *TXV, "--protocol", "internal"]) == 0
    [child] = children("txv", "internal")
    assert not children("txv", "official")
    path = mlflow.artifacts.download_artifacts(
        run_id=child.info.run_id, artifact_path="rankings/RSS.parquet"
    )
    ranking = pd.read_parquet(path)
    assert ranking["article_id"].str.startswith("RSStrain").all()
    n_articles = ranking["article_id"].nunique()
    assert n_articles < N_TRAIN / 2
    assert ranking["rank"].max() == n_articles  # each has an image of its own


@pytest.mark.usefixtures("store")
def test_text_run_may_use_the_network_of_the_titles(
    arguments: list[str], training: list[str]
) -> None:
    extra = ["--text-run-trained-on", "title", "--long-text", "mean", *TXV]
    assert cli.run(["evaluate", *arguments, *training, *extra]) == 0
    steps = {run.data.tags.get("step") for run in runs()}
    assert "train-title-official" in steps
    assert "train-text-official" not in steps
    [child] = children("txv_text_ds")
    assert child.data.params["trained_on"] == "title"
    assert child.data.params["text_field"] == "text"


@pytest.mark.usefixtures("store")
def test_published_figures_are_shown_where_the_corpus_is_the_papers(
    arguments: list[str], training: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    extra = ["--variants", "clip", "--paper-corpus", "true"]
    assert cli.run(["evaluate", *arguments, *training, *extra]) == 0
    [row] = [
        line for line in capsys.readouterr().out.splitlines() if "| paper" in line and "RSS" in line
    ]
    assert "0.49013" in row


@pytest.mark.usefixtures("store")
def test_pairs_from_elsewhere_and_from_scratch(
    arguments: list[str], training: list[str], tmp_path: Path
) -> None:
    folder = write_pairs(tmp_path / "elsewhere", n=20)
    (folder / "images" / "p3.png").unlink()
    (folder / "images" / "p4.png").write_bytes(b"")
    assert cli.run(["pretrain", *arguments, *pretraining(training), "--pairs", str(folder)]) == 0
    embedded = step("embed-pairs")
    assert embedded.data.metrics["pairs_skipped"] == 2
    table = pd.read_csv(
        mlflow.artifacts.download_artifacts(
            run_id=embedded.info.run_id, artifact_path="skipped_pairs.csv"
        )
    )
    assert table["reason"].str.contains("empty file").any()
    assert cli.run(["train", *arguments, *training, "--initial", "scratch"]) == 0
    assert len([run for run in runs() if run.data.tags.get("step") == "pretrain"]) == 1


@pytest.mark.usefixtures("store")
def test_pairs_that_are_also_articles_are_left_out_and_counted(
    arguments: list[str], training: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    pairs, title = Path("squares", "pairs"), "THE “test” council of TW talks about square number 3"
    table = pd.read_csv(pairs / "pairs.csv")
    table.loc[4, "caption"] = f"{title} on the market!"
    shutil.copy("squares/RSS/images/test2.png", pairs / "images" / "p9.png")
    with Image.open("squares/TW/images/train5.png") as picture:  # saved again, and smaller
        picture.resize((24, 24)).save(pairs / "images" / "p11.png", compress_level=1)
    table.to_csv(pairs / "pairs.csv", index=False)
    assert cli.run(["pretrain", *arguments, *pretraining(training)]) == 0
    shown = capsys.readouterr().out
    assert "3 pairs are left out, because an article of the corpus has the same title (1)" in shown
    figures = step("embed-pairs").data.metrics
    counts = ("pairs_left_out", "pairs_left_out_by_caption", "pairs_left_out_by_picture")
    assert [figures[name] for name in counts] == [3, 1, 2]
    params = step("pretrain").data.params
    assert int(params["pairs"]) + int(params["validation_pairs"]) == N_PAIRS - 3
    for protocol in ("official", "internal"):  # what was pre-trained is found again
        assert cli.run(["train", *arguments, *training, "--protocol", protocol]) == 0
    assert len(list(Path("work", "txv").glob("pretrain-*"))) == 1


@pytest.mark.usefixtures("store")
def test_pairs_that_are_all_articles_stop_with_a_sentence(
    arguments: list[str], training: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    table = pd.read_csv("squares/RSS/test.csv").rename(columns={"title": "caption"})
    elsewhere = Path("elsewhere")
    shutil.copytree("squares/RSS/images", elsewhere)
    table[["caption", "image"]].to_csv(elsewhere / "pairs.csv", index=False)
    extra = ["--pairs", str(elsewhere)]
    assert cli.run(["train", *arguments, *training, *extra]) == 1
    assert f"All {N_TEST} pairs have the caption or the picture" in capsys.readouterr().err


@pytest.mark.usefixtures("store")
def test_articles_left_out_are_logged_where_no_network_is_trained(
    arguments: list[str], training: list[str]
) -> None:
    train, test = (pd.read_csv(f"squares/RSS/{split}.csv") for split in ("train", "test"))
    train.loc[2, "title"] = test["title"][5] + " …"
    train.to_csv("squares/RSS/train.csv", index=False)
    extra = ["--variants", "clip_bank", "--sheet-articles", "0"]
    assert cli.run(["evaluate", *arguments, *training, *extra]) == 0
    [parent] = [run for run in runs() if run.data.tags.get("entry_point") == "evaluate"]
    assert parent.data.tags["articles_left_out/official"] == "1"


def test_other_pairs_get_vector_files_of_their_own(
    store: Path, arguments: list[str], training: list[str], tmp_path: Path
) -> None:
    def files() -> dict[Path, bytes]:
        folder = store / "work" / "embeddings" / "pairs"
        return {path: path.read_bytes() for path in folder.glob("tiny-fp32-*/*.npy")}

    assert cli.run(["pretrain", *arguments, *pretraining(training)]) == 0
    first = files()
    assert {path.name for path in first} == {"images.npy", "captions.npy", "miniatures.npy"}
    assert cli.run(["pretrain", *arguments, *pretraining(training)]) == 0
    assert files() == first
    elsewhere = write_pairs(tmp_path / "elsewhere", n=20)
    assert cli.run(["pretrain", *arguments, *pretraining(training), "--pairs", str(elsewhere)]) == 0
    assert len(files()) == 6
    assert first.items() <= files().items()


@pytest.mark.usefixtures("store")
def test_nytimes_documents_are_trained_on_by_their_own_split(
    arguments: list[str], training: list[str], tmp_path: Path
) -> None:
    images = write_pairs(tmp_path / "nyt") / "images"
    lines = []
    for i in range(20):
        (images / f"p{i}.png").rename(images / f"{i:040d}.jpg")
        section = {"type": "caption", "text": f"Shade {i}", "hash": f"{i:040d}"}
        split = "valid" if i % 5 == 0 else "train"
        document = {
            "headline": {"main": f"Headline {i}"},
            "parsed_section": [{"type": "paragraph", "text": "x"}, section],
            "image_positions": [1],
            "split": split,
        }
        lines.append(json.dumps(document))
    documents = tmp_path / "articles.jsonl"
    documents.write_text("\n".join(lines))
    extra = ["--pairs", str(documents), "--pairs-images", str(images), "--pairs-text", "headline"]
    assert cli.run(["pretrain", *arguments, *pretraining(training), *extra]) == 0
    params = step("pretrain").data.params
    assert (params["pairs"], params["validation_pairs"]) == ("16", "4")


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (
            ["--initial", "other.safetensors"],
            "initial=other.safetensors takes text vectors of the dimensions (16,) and image "
            "vectors of (5,), but the backbone gives (16,) and (16,)",
        ),
        (["--pairs", "squares/RSS/train.csv"], "caption"),
        (["--dataset", "RSS", "--validation-share", "0.5"], ""),
    ],
)
def test_bad_parameters_stop_with_a_sentence(
    arguments: list[str],
    training: list[str],
    extra: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    network = TxVNetwork(NetworkConfig(text_dimensions=(16,), image_dimensions=(5,), width=4))
    save_network(Path("other.safetensors"), network)
    expected = 1 if message else 0
    assert cli.run(["train", *arguments, *training, *extra]) == expected
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


@pytest.mark.usefixtures("store")
def test_a_network_to_start_from_keeps_its_width_and_says_so(
    arguments: list[str], training: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    network = TxVNetwork(NetworkConfig(text_dimensions=(16,), image_dimensions=(16,), width=4))
    save_network(Path("first.safetensors"), network)
    start = ["--initial", "first.safetensors"]
    assert cli.run(["train", *arguments, *training, *start]) == 0
    assert "its width 4 and dropout 0.2 are used, not width=8" in capsys.readouterr().out
    assert step("train-title-official").data.params["width"] == "4"
    assert cli.run(["train", *arguments, *training, *start, "--width", "4"]) == 0
    assert "are used, not width" not in capsys.readouterr().out


@pytest.mark.usefixtures("store")
def test_without_training_sets_the_runs_of_clip_are_measured_all_the_same(
    arguments: list[str], training: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("RSS", "TW"):
        Path("squares", name, "train.csv").unlink()
    assert cli.run(["evaluate", *arguments, *training, "--sheet-articles", "0"]) == 0
    shown = capsys.readouterr().out
    assert "left out: txv, txv_ds, txv_text_ds, clip_batch, clip_bank, " in shown
    assert "as there is no training article with a readable image" in shown
    assert shown.index("left out: ") < shown.index("▶ preprocess")
    assert len(children("clip")) == 1
    assert not children("txv")


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["train"], "squares has no training set, so T×V cannot be trained"),
        (["register"], "squares has no training set, so T×V cannot be trained"),
        (["evaluate", "--protocol", "internal"], "protocol=internal measures on"),
        (["main", "--protocol", "internal"], "protocol=internal measures on"),
        (["evaluate", "--split", "time"], "(so does split=time), but no training article"),
        (["evaluate", "--variants", "txv,clip_bank"], "txv, clip_bank cannot be made under"),
        (["evaluate", "--variants", "clip,clip_bank"], ": clip_bank cannot be made under"),
    ],
)
def test_what_needs_a_training_set_stops_before_the_work(
    arguments: list[str], command: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("RSS", "TW"):
        Path("squares", name, "train.csv").unlink()
    assert cli.run([command[0], *arguments, *command[1:]]) == 1
    assert message in capsys.readouterr().err
    assert steps() == {"corpus"}


@pytest.mark.usefixtures("store")
def test_without_training_images_the_internal_protocol_alone_stops_before_the_work(
    arguments: list[str], training: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for path in Path("squares").rglob("train*.png"):
        path.unlink()
    wanted = ["evaluate", *arguments, *training, "--sheet-articles", "0"]
    assert cli.run([*wanted, "--protocol", "internal"]) == 1
    assert "protocol=internal measures on" in capsys.readouterr().err
    assert steps() == {"corpus"}
    assert cli.run([*wanted, "--protocol", "both"]) == 0
    assert len(children("clip")) == 1
    assert not children("clip", "internal")
    [parent] = [run for run in runs() if "not_made/internal" in run.data.tags]
    assert "protocol=internal measures on" in parent.data.tags["mlflow.note.content"]


@pytest.mark.usefixtures("store")
def test_training_articles_that_are_all_measured_on_are_told_from_unreadable_ones(
    arguments: list[str], training: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("RSS", "TW"):
        shutil.copy(f"squares/{name}/test.csv", f"squares/{name}/train.csv")
    reason = f"all {2 * N_TEST} training articles are left out, because what is measured on has"
    scratch = ["--initial", "scratch"]
    assert cli.run(["train", *arguments, *training, *scratch]) == 1
    assert f"T×V cannot be trained: {reason}" in capsys.readouterr().err
    variants = ["--variants", "clip,txv", "--sheet-articles", "0"]
    assert steps() == {"corpus"}
    assert cli.run(["evaluate", *arguments, *training, *scratch, *variants]) == 1
    assert f"txv cannot be made under protocol=official, as {reason}" in capsys.readouterr().err
    assert steps() == {"corpus"}
    variants[1] = "paper"
    assert cli.run(["evaluate", *arguments, *training, *scratch, *variants]) == 0
    assert f"left out: txv, txv_ds, txv_text_ds, as {reason}" in capsys.readouterr().out
    assert len(children("clip_ds")) == 1


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--epochs", "0"], "epochs=0"),
        (["--seed", "4294967296"], "seed: got '4294967296', expected a whole number of at most"),
        (["--learning-rate", "nan"], "learning_rate=nan"),
        (["--validation-share", "1"], "validation_share=1.0"),
        (["--initial", "nowhere.safetensors"], "initial=nowhere.safetensors"),
        (["--variants", "clp"], "expected all, paper or some of clip"),
        (["--dropout", "1"], "dropout=1.0"),
        (["--width", "1000000000"], "width=1000000000, expected 1 to 65,536"),
        (["--negatives", "some"], "hardest"),
        (["--initial", "a" * 300], "or the file of a T×V network"),
        (["--initial", "README.md"], "cannot be read as a T×V file"),
        (["--pairs", "nowhere"], "pairs=nowhere is neither a file nor a folder"),
        (["--pairs-images", "nowhere"], "pairs_images=nowhere is neither"),
        (["--protocol", "mine"], "official"),
    ],
)
def test_the_command_line_refuses_what_no_training_could_want(
    extra: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.run(["evaluate", *extra])
    assert stopped.value.code == 2
    assert message in " ".join(capsys.readouterr().err.replace("│", "").split())


def pretraining(training: list[str]) -> list[str]:
    """The settings of training that `pretrain` has, too."""
    pairs = zip(training[::2], training[1::2], strict=True)
    own = [pair for pair in pairs if pair[0] not in ("--epochs", "--learning-rate")]
    return [word for pair in own for word in pair]


@pytest.mark.usefixtures("store")
def test_a_split_by_time_without_dates_stops_before_the_work(
    arguments: list[str], training: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["evaluate", *arguments, *training, *TXV, "--split", "time"]) == 1
    shown = capsys.readouterr()
    assert "split=time, but the articles of RSS, TW have no dates" in shown.err
    assert "embed" not in shown.out


@pytest.mark.usefixtures("store")
def test_no_choice_sees_a_test_label(arguments: list[str], training: list[str]) -> None:
    """Shuffled right images of the test sets change the figures, and nothing that is chosen."""
    variants = ("clip_batch", "clip_bank", "mix_batch")
    extra = ["--variants", ",".join(variants), "--sheet-articles", "0"]
    assert cli.run(["evaluate", *arguments, *training, *extra]) == 0
    for name in ("RSS", "TW"):
        path = Path("squares", name, "test.csv")
        table = pd.read_csv(path)
        table.assign(image=[*table["image"][1:], table["image"][0]]).to_csv(path, index=False)
    assert cli.run(["evaluate", *arguments, *training, *extra]) == 0
    for variant in variants:
        one, other = children(variant)
        assert one.data.metrics != other.data.metrics
        assert one.data.params == other.data.params
        curves = [
            mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/choice.csv")
            for run in (one, other)
        ]
        assert curves[0] == curves[1]
