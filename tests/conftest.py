"""Fixtures that several test modules share."""

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

from newsimages.spark import Spark

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
EXTRAS = ("gallery", "test_growing", "test_index")
"""Folders and modules whose tests need an extra."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that need an extra: `make test-extras` runs those, in their environment."""
    for item in items:
        needs_spark = "spark" in getattr(item, "fixturenames", ())
        if needs_spark or {item.path.stem, item.path.parent.name} & {*EXTRAS}:
            item.add_marker("extra")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser to look with; tests that need it skip where there is none."""
    installed = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        try:
            opened = playwright.chromium.launch(executable_path=installed, args=["--no-sandbox"])
        except Error as error:
            pytest.skip(f"no browser to look with: {error.message.splitlines()[0]}")
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data for checks; tests that need it skip where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real data for checks is absent: {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def tiny_clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder per kind of very small openCLIP model, with random weights."""
    from tests.tiny_clip import KINDS, save_tiny_clip  # noqa: PLC0415 - openCLIP takes long to load

    folder = tmp_path_factory.mktemp("clip")
    return {kind: save_tiny_clip(folder / kind, kind) for kind in KINDS}


@pytest.fixture(scope="session")
def spark() -> Spark:
    """Two workers of this machine, started once; a part may fail three times."""
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("PySpark is not installed (requirements-spark.txt)")
    if shutil.which("java") is None:
        pytest.skip("Java is not on the PATH")
    return Spark("local[2,4]")
