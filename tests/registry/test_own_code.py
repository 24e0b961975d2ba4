"""A version answers with its own code, or is not loaded: a process has one newsimages."""

import shutil
from pathlib import Path

import mlflow
import pytest
from mlflow.exceptions import MlflowException

import newsimages
from newsimages.errors import NewsImagesError

RUNNING = Path(newsimages.__file__).parent
MODEL = Path(__file__).parents[2] / "registry" / "retriever.py"


@pytest.fixture
def version(tmp_path: Path) -> Path:
    """A version whose code is what runs, and whose retriever is missing."""
    (tmp_path / "retriever").mkdir()
    left_out = shutil.ignore_patterns("__pycache__", "*.safetensors")
    code = Path(shutil.copytree(RUNNING, tmp_path / "newsimages", ignore=left_out))
    mlflow.pyfunc.save_model(
        tmp_path / "version",
        python_model=str(MODEL),
        artifacts={"retriever": str(tmp_path / "retriever")},
        code_paths=[str(code)],
        pip_requirements=[],
    )
    return tmp_path / "version"


def test_two_versions_of_the_same_code_may_share_a_process(version: Path) -> None:
    with pytest.raises(NewsImagesError, match="cannot be read as a retriever"):
        mlflow.pyfunc.load_model(str(version))


@pytest.mark.parametrize("file", ["retriever/requests.py", "runs/paper.csv", "later.py"])
def test_a_version_of_other_code_is_refused(version: Path, file: str) -> None:
    with (version / "code" / "newsimages" / file).open("a") as own:
        own.write("\n")
    said = rf"runs the code of {RUNNING}; .* differs in 1 of \d+ files, such as {file}. Load each"
    with pytest.raises(MlflowException, match=said):
        mlflow.pyfunc.load_model(str(version))


def test_code_that_would_not_even_load_is_refused_with_the_same_reason(version: Path) -> None:
    (version / "code" / "newsimages" / "later.py").write_text("NAME = 1\n")
    with (version / "retriever.py").open("a") as own:
        own.write("\nfrom newsimages.later import NAME\n")
    with pytest.raises(MlflowException, match="Load each in a process of its own"):
        mlflow.pyfunc.load_model(str(version))
