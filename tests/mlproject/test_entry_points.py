"""MLproject and the command line have the same parameters, and each entry point its own."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from mlproject import cli
from mlproject.options import flat
from tests.mlproject.squares import steps

ROOT = Path(__file__).parents[2]
ENTRY_POINTS: dict[str, Any] = yaml.safe_load((ROOT / "MLproject").read_text())["entry_points"]
MAX_LINES = 60


def defaults(name: str) -> dict[str, Any]:
    """The parameters of an entry point, as they would be written on the command line."""
    config, _ = cli.ENTRY_POINTS[name]
    settings = flat(config())
    return {
        key: str(value).lower() if isinstance(value, bool) else value
        for key, value in settings.items()
    }


def declared(name: str) -> dict[str, Any]:
    return dict(ENTRY_POINTS[name]["parameters"])


def test_mlproject_and_command_line_have_the_same_entry_points() -> None:
    assert set(ENTRY_POINTS) == set(cli.ENTRY_POINTS)


def test_mlproject_can_be_read_at_a_glance() -> None:
    assert len((ROOT / "MLproject").read_text().splitlines()) <= MAX_LINES


@pytest.mark.parametrize("name", list(cli.ENTRY_POINTS))
def test_declared_parameters_and_defaults_are_those_of_the_dataclass(name: str) -> None:
    shown = {key: spec["default"] for key, spec in declared(name).items()}
    assert shown
    assert shown.items() <= defaults(name).items()


@pytest.mark.parametrize("name", list(cli.ENTRY_POINTS))
def test_command_passes_every_declared_parameter(name: str) -> None:
    words = ENTRY_POINTS[name]["command"].split()
    assert words[:3] == ["python", "src/mlproject", name]
    passed = dict(zip(words[3::2], words[4::2], strict=True))
    assert passed == {f"--{key.replace('_', '-')}": f"{{{key}}}" for key in declared(name)}


@pytest.mark.parametrize("name", list(cli.ENTRY_POINTS))
def test_no_output_folder_has_the_type_path(name: str) -> None:
    assert {spec["type"] for spec in declared(name).values()} <= {"string", "float"}


def test_every_field_says_what_it_means(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.run(["main", "--help"])
    assert stopped.value.code == 0
    shown = capsys.readouterr().out
    assert all(f"--{name.replace('_', '-')} " in shown for name in defaults("main"))
    assert "true stops at images that cannot be read" in " ".join(shown.replace("│", "").split())


def test_main_reads_what_evaluate_and_register_read() -> None:
    assert set(defaults("main")) == set(defaults("evaluate")) | set(defaults("register"))
    assert set(defaults("train")) < set(defaults("evaluate"))


@pytest.mark.parametrize(
    ("name", "unread"),
    [
        ("preprocess", ("backbone", "seed")),
        ("embed", ("pairs", "width", "epochs")),
        ("pretrain", ("multilingual_backbone", "epochs", "protocol", "initial", "memory_mb")),
        ("train", ("multilingual_backbone", "scale", "memory_mb", "variants", "gallery")),
        ("evaluate", ("index", "promote")),
        (
            "register",
            (
                *(
                    "variants",
                    "scale",
                    "submission_form",
                    "explained",
                    "sheet_articles",
                    "paper_corpus",
                ),
                *("protocol", "split"),
            ),
        ),
    ],
)
def test_a_parameter_that_is_not_read_is_refused_by_name(
    name: str, unread: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    for parameter in unread:
        assert parameter not in defaults(name)
        with pytest.raises(SystemExit) as stopped:
            cli.run([name, f"--{parameter}", "1"])
        assert stopped.value.code == 2
        assert f"Unrecognized options: --{parameter}, 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "given", "near"),
    [
        ("embed", "--bakcbone", "--backbone"),
        ("train", "--train_batch_siz", "--train-batch-size"),
        ("pretrain", "--epochs", "--pretrain-epochs"),
    ],
)
def test_near_names_are_suggested(
    name: str, given: str, near: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.run([name, given, "1"])
    assert stopped.value.code == 2
    shown = capsys.readouterr().err
    assert given in shown
    assert f"{near} " in shown


@pytest.mark.parametrize("name", ["", "embd", "--corpus"])
def test_without_an_entry_point_all_are_named(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.run([name] if name else [])
    assert stopped.value.code == 2
    shown = capsys.readouterr().err
    assert all(known in shown for known in cli.ENTRY_POINTS)


@pytest.mark.usefixtures("store")
def test_names_with_hyphens_and_underscores_are_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("--batch_size", "--batch-size"):
        assert cli.run(["embed", name, "8", "--corpus", "nowhere"]) == 1
        assert "nowhere" in capsys.readouterr().err
    assert steps() == {"corpus"}
