"""MLproject, the command line and the dataclasses name the same parameters and defaults."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlproject import cli

ROOT = Path(__file__).parents[2]
ENTRY_POINTS: dict[str, Any] = yaml.safe_load((ROOT / "MLproject").read_text())["entry_points"]


def fields(name: str) -> dict[str, Any]:
    config, _ = cli.ENTRY_POINTS[name]
    return {field.name: field.default for field in dataclasses.fields(config)}


def test_mlproject_and_command_line_have_the_same_entry_points() -> None:
    assert set(ENTRY_POINTS) == set(cli.ENTRY_POINTS)


@pytest.mark.parametrize("name", list(cli.ENTRY_POINTS))
def test_parameters_and_defaults_are_those_of_the_dataclass(name: str) -> None:
    defaults = {key: spec["default"] for key, spec in ENTRY_POINTS[name]["parameters"].items()}
    as_written = {
        key: str(value).lower() if isinstance(value, bool) else value
        for key, value in fields(name).items()
    }
    assert defaults == as_written


@pytest.mark.parametrize("name", list(cli.ENTRY_POINTS))
def test_command_passes_every_parameter(name: str) -> None:
    words = ENTRY_POINTS[name]["command"].split()
    assert words[:3] == ["python", "src/mlproject", name]
    passed = dict(zip(words[3::2], words[4::2], strict=True))
    assert passed == {f"--{key.replace('_', '-')}": f"{{{key}}}" for key in fields(name)}


@pytest.mark.parametrize("name", list(cli.ENTRY_POINTS))
def test_no_output_folder_has_the_type_path(name: str) -> None:
    assert {spec["type"] for spec in ENTRY_POINTS[name]["parameters"].values()} <= {
        "string",
        "float",
    }


def test_every_field_says_what_it_means(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.run(["main", "--help"])
    assert stopped.value.code == 0
    shown = capsys.readouterr().out
    assert all(f"--{name.replace('_', '-')} " in shown for name in fields("main"))
    assert "true stops at images that cannot be read" in " ".join(shown.replace("│", "").split())


def test_unknown_parameter_stops(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.run(["embed", "--bakcbone", "ViT-B-32"])
    assert stopped.value.code != 0
    assert "--backbone" in capsys.readouterr().err
