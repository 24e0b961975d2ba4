"""What is pinned can be installed on every platform: uv resolves it, and installs nothing."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = ("requirements.txt", "requirements-dev.txt", "registry/requirements.txt")
PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-apple-darwin", "x86_64-pc-windows-msvc")


@pytest.mark.skipif(shutil.which("uv") is None, reason="uv is not on the PATH")
@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("file", FILES)
def test_every_platform_has_wheels_of_what_is_pinned(
    file: str, platform: str, tmp_path: Path
) -> None:
    command = [
        *("uv", "pip", "install", "--dry-run", "--only-binary", ":all:", "--target", tmp_path),
        *("--python-version", "3.11", "--python-platform", platform, "-r", ROOT / file),
    ]
    env = {**os.environ, "MACOSX_DEPLOYMENT_TARGET": "14.0"}  # the first that torch has wheels for
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode == 2 and "Failed to fetch" in done.stderr:
        pytest.skip("the package index does not answer")
    assert done.returncode == 0, done.stderr
    assert "Would install" in done.stderr


def test_a_served_model_pins_nothing_of_cuda() -> None:
    """What torch needs of it, torch itself names: without a GPU, another build of torch does."""
    pinned = (ROOT / "registry" / "requirements.txt").read_text()
    assert re.findall(r"^(?:cuda|nvidia|triton).*", pinned, re.M) == []
    assert "\ntorch==" in pinned
