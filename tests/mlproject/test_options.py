"""The groups of settings: their names on the command line, and what they refuse."""

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
    flat,
)
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
        (lambda: LearningOptions(validation_share=0.0), "validation_share=0.0"),
        (lambda: RankingOptions(memory_mb=0), "memory_mb is 0"),
        (lambda: MeasuringOptions(sheet_articles=-1), "sheet_articles is -1"),
        (lambda: ServingOptions(gallery=" , "), "gallery=' , '"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name_on_the_command_line(make: Any, message: str) -> None:
    with pytest.raises(NewsImagesError, match=message):
        make()


def test_settings_without_effect_are_refused_by_name(tmp_path: Path) -> None:
    folder = str(tmp_path)
    with pytest.raises(NewsImagesError, match="pairs_images=.* has no effect, because pairs=auto"):
        PairsOptions(pairs_images=folder)
    with pytest.raises(NewsImagesError, match="pairs_text=headline has no effect without"):
        PairsOptions(pairs=folder, pairs_text="headline")
    with pytest.raises(NewsImagesError, match="pairs=.* has no effect, because initial=scratch"):
        LearningOptions(initial="scratch", pairs=PairsOptions(pairs=folder))
    assert LearningOptions(pairs=PairsOptions(pairs=folder, pairs_images=folder))


@pytest.mark.usefixtures("store")
def test_weights_of_no_multilingual_model_are_refused_before_the_work(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["embed", *arguments, "--multilingual-pretrained", "some"]) == 1
    shown = capsys.readouterr()
    assert "multilingual_pretrained=some has no effect" in shown.err
    assert "preprocess" not in shown.out
