"""The groups of settings: their names on the command line, and what they refuse."""

import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from mlproject import cli
from mlproject.main import Main
from mlproject.options import (
    EncoderOptions,
    MeasuringOptions,
    RankingOptions,
    ServingOptions,
    SubmissionOptions,
    flat,
)
from mlproject.parsing import name_or_path, real_number, whole_number
from mlproject.pretrain import Pretrain
from mlproject.train import Train
from mlproject.training_options import (
    LearningOptions,
    NetworkOptions,
    PairsOptions,
    PairTrainingOptions,
    PretrainingOptions,
    ScopeOptions,
    TrainingOptions,
)
from newsimages.encoding.encoders import OpenClipConfig
from newsimages.errors import NewsImagesError
from newsimages.txv.network import NetworkConfig
from newsimages.txv.schedule import TrainingConfig


def test_names_are_flat_and_as_on_the_command_line() -> None:
    settings = flat(Train())
    assert settings["batch_size"] == OpenClipConfig.batch_size
    assert settings["train_batch_size"] == TrainingConfig.batch_size
    assert settings["epochs"] == settings["pretrain_epochs"] == TrainingConfig.epochs
    assert "pretrain_learning_rate" in flat(Pretrain())
    assert "learning_rate" not in flat(Pretrain())
    assert flat(Main())["protocol"] == "both"


@pytest.mark.parametrize("name", list(cli.ENTRY_POINTS))
def test_no_two_settings_of_an_entry_point_share_a_name(name: str) -> None:
    config, _ = cli.ENTRY_POINTS[name]
    assert len(flat(config())) == n_settings(config())


def n_settings(value: Any) -> int:
    """The settings in all groups."""
    return sum(map(n_settings, vars(value).values())) if hasattr(value, "__dict__") else 1


def test_groups_have_the_settings_and_defaults_of_the_library() -> None:
    assert asdict(TrainingOptions()) == asdict(TrainingConfig())
    assert asdict(PairTrainingOptions()) == asdict(TrainingConfig())
    auto = {"backbone": "auto", "pretrained": "auto"}
    assert asdict(EncoderOptions()) == asdict(OpenClipConfig()) | auto
    assert NetworkOptions().shape(1024, 1024) == NetworkConfig()


def test_pretraining_has_its_own_epochs_and_rate_and_all_else_of_the_training() -> None:
    learning = LearningOptions(
        training=TrainingOptions(epochs=3, learning_rate=0.5, margin=0.1, batch_size=7),
        pretraining=PretrainingOptions(epochs=4, learning_rate=0.25),
    )
    config = learning.pair_training()
    assert (config.epochs, config.learning_rate) == (4, 0.25)
    assert (config.margin, config.batch_size) == (0.1, 7)


@pytest.mark.parametrize(
    ("protocol", "split", "expected"),
    [
        ("official", "random", ("official",)),
        ("both", "random", ("official", "internal")),
        ("internal", "time", ("internal", "time")),
    ],
)
def test_protocols(protocol: Any, split: Any, expected: tuple[str, ...]) -> None:
    assert ScopeOptions(protocol=protocol, split=split).protocols == expected


def handed_in(group: str = "ITI", approach: str = "A1") -> SubmissionOptions:
    return SubmissionOptions(submission_form="2025", group=group, approach=approach)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TrainingOptions(batch_size=1), "train_batch_size=1: batch norm"),
        (lambda: TrainingOptions(epochs=0), "^epochs=0: expected finite numbers, learning_rate,"),
        (lambda: TrainingOptions(seed=2**32), "seed=4294967296, expected 0 to 4294967295"),
        (
            lambda: PairTrainingOptions(learning_rate=0.0),
            "^pretrain_learning_rate=0.0: expected .* pretrain_epochs above 0",
        ),
        (
            lambda: LearningOptions(pretraining=PretrainingOptions(epochs=0)),
            "^pretrain_epochs=0: expected",
        ),
        (lambda: NetworkOptions(dropout=1.0), "dropout=1.0"),
        (lambda: LearningOptions(choices="gone.json"), "choices=gone.json is neither a file nor"),
        (lambda: LearningOptions(validation_share=0.0), "validation_share=0.0"),
        (lambda: RankingOptions(memory_mb=0), "memory_mb is 0"),
        (lambda: MeasuringOptions(sheet_articles=-1), "sheet_articles is -1"),
        (lambda: MeasuringOptions(explained=-1), "explained is -1"),
        (lambda: ServingOptions(gallery=" , "), "gallery=' , '"),
        (lambda: SubmissionOptions(group="ITI"), "group has no effect, because submission_form=20"),
        (lambda: SubmissionOptions(images_once="always"), "images_once has no effect"),
        (lambda: SubmissionOptions(submission_form="2026"), "needs group and approach"),
        (lambda: handed_in(group="A B"), "group='A B' cannot stand in the names"),
        (lambda: handed_in(approach="a/b"), "approach='a/b' cannot stand in the names"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name_on_the_command_line(make: Any, message: str) -> None:
    with pytest.raises(NewsImagesError, match=message):
        make()


def test_without_faiss_an_index_is_refused_before_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    assert ServingOptions().index == "none"
    with pytest.raises(NewsImagesError, match=r"pip install -r registry/requirements-gallery\.txt"):
        ServingOptions(index="ivf")


def test_settings_without_effect_are_refused_by_name(tmp_path: Path) -> None:
    folder = str(tmp_path)
    with pytest.raises(NewsImagesError, match="pairs_images=.* has no effect, because pairs=auto"):
        PairsOptions(pairs_images=folder)
    with pytest.raises(NewsImagesError, match="pairs_text=headline has no effect without"):
        PairsOptions(pairs=folder, pairs_text="headline")
    with pytest.raises(NewsImagesError, match="pairs=.* has no effect, because initial=scratch"):
        LearningOptions(initial="scratch", pairs=PairsOptions(pairs=folder))
    assert LearningOptions(pairs=PairsOptions(pairs=folder, pairs_images=folder))


def given(name: str, text: str) -> Any:
    """What ``main`` takes from the command line for a parameter."""
    _, config = cli.parsed(["main", f"--{name}", text])
    return flat(config)[name]


NUMBERS = {
    name: value
    for name, value in flat(Main()).items()
    if name == "workers" or type(value) in (int, float)
}
INTEGERS = [name for name, value in NUMBERS.items() if type(value) is not float]
FROM_0 = (
    "plateau_gap",
    "patience",
    "margin",
    "seed",
    "dropout",
    "explained",
    "sheet_articles",
    "workers",
)
TEXTS = [name for name, value in flat(Main()).items() if type(value) is str and name != "workers"]
PATHS = ("corpus", "workdir", "backbone", "pretrained", "translator", "gallery")


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_is_refused_where_it_cannot_be(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    not_finite = () if name in INTEGERS else ("nan", "inf")
    for text in ("-1", *not_finite, *(["0"] * (name not in FROM_0))):
        with pytest.raises(SystemExit) as stopped:
            given(name, text)
        assert stopped.value.code == 2
        assert f"{name}" in capsys.readouterr().err.replace("-", "_")
    if name in FROM_0:
        assert given(name, "0") == 0


@pytest.mark.parametrize("name", INTEGERS)
def test_a_whole_number_may_be_written_as_a_float(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert repr(given(name, "7.0")) == "7"
    with pytest.raises(SystemExit):
        given(name, "7.5")
    shown = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert "got '7.5', expected a whole number of at most 4294967295" in shown


def test_what_is_read_as_a_number() -> None:
    same = ("7", "7.0", "7e0", " 7 ", "+7.", "0.7e1")
    assert [repr(whole_number(text)) for text in same] == ["7"] * len(same)
    for text in ("7.5", "7,0", "4294967296", "-1e300", "nan", "inf", "1e999", "", "many", "0x7"):
        with pytest.raises(ValueError, match="got .*, expected a whole number"):
            whole_number(text)
    assert real_number("1e-4") == 0.0001
    with pytest.raises(ValueError, match="got 'many', expected a number"):
        real_number("many")


@pytest.mark.parametrize("name", TEXTS)
def test_no_text_may_be_empty(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        given(name, " " if name < "m" else "")
    assert stopped.value.code == 2
    assert f"--{name.replace('_', '-')}" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["languages", "variants", "gallery"])
def test_a_list_names_something(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        given(name, " , ")
    assert f"{name}=' , '" in capsys.readouterr().err


def test_the_home_folder_may_be_written_as_a_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in PATHS:
        assert given(name, "~/a folder/x") == f"{tmp_path}/a folder/x"
    for text in ("a/~/b", "~nobody-of-this-name/b", "local-dir:a"):
        assert name_or_path(text) == text
    assert given("backbone", "local-dir:~/x") == f"local-dir:{tmp_path}/x"
    (tmp_path / "pairs.csv").touch()
    assert given("pairs", "~/pairs.csv") == f"{tmp_path}/pairs.csv"


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("name", ["corpus", "pairs", "initial", "gallery", "backbone"])
def test_a_relative_path_that_leads_nowhere_is_told_with_where_it_led(
    name: str, arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    value = "local-dir:up/../away" if name == "backbone" else "up/../away"
    with suppress(SystemExit):
        assert cli.run(["main", *arguments, f"--{name}", value]) == 1
    shown = "".join(capsys.readouterr().err.replace("│", "").split())
    assert f"(lookedforat{tmp_path}/away" in shown
    assert f"asthecurrentfolderis{tmp_path})" in shown


@pytest.mark.usefixtures("store")
def test_weights_of_no_multilingual_model_are_refused_before_the_work(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["embed", *arguments, "--multilingual-pretrained", "some"]) == 1
    shown = capsys.readouterr()
    assert "multilingual_pretrained=some has no effect" in shown.err
    assert "preprocess" not in shown.out
