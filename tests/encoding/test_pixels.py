"""Pixels have the bits that openCLIP's transform gives, whoever decodes them."""

import os
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image

from newsimages.encoding import pixels as module
from newsimages.encoding.images import open_image
from newsimages.encoding.pixels import Preparation, auto_workers

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Pictures of several shapes and forms."""
    folder = tmp_path_factory.mktemp("pictures")
    generator = np.random.default_rng(0)
    paths = []
    for index, name in enumerate(("a.jpg", "b.png", "c.webp", "d.jpg", "e.gif", "f.bmp")):
        pixels = generator.integers(0, 256, (40 + 17 * index, 90 - 11 * index, 3), dtype=np.uint8)
        paths.append(folder / name)
        Image.fromarray(pixels).save(paths[-1])
    return paths


@pytest.mark.parametrize("mode", ["shortest", "longest", "squash"])
@pytest.mark.parametrize("size", [32, (48, 24)])
def test_pixels_are_those_of_the_transform(paths: list[Path], mode: str, size: Any) -> None:
    config = PreprocessCfg(size=size, resize_mode=mode, mean=(0.48, 0.45, 0.4), std=(0.26, 0.3, 1))
    transform = image_transform_v2(config, is_train=False)
    expected = torch.stack([transform(open_image(path)) for path in paths])
    preparation = Preparation(transform, CPU, at_least=96)
    decoded = next(preparation.decoded_batches([paths], 2))
    actual = preparation.normalised([each for each in decoded if not isinstance(each, str)])
    assert actual.is_contiguous()
    assert torch.equal(actual, expected)


@pytest.mark.parametrize("workers", [0, 1, 2, 9])
def test_batches_come_in_order_with_the_reasons(
    paths: list[Path], tmp_path: Path, workers: int
) -> None:
    batches = [[paths[index % 6], tmp_path / "none", paths[0]] for index in range(7)]
    made = list(_preparation().decoded_batches(batches, workers))
    alone = [_preparation().decoded(path) for path in paths]
    for index, batch in enumerate(made):
        np.testing.assert_array_equal(batch[0], alone[index % 6])
        assert batch[1] == "no such file"
        np.testing.assert_array_equal(batch[2], alone[0])


def test_no_more_than_some_batches_are_decoded_ahead(paths: list[Path]) -> None:
    preparation, seen = _watched()
    made = preparation.decoded_batches([[paths[0]]] * 50, 2)
    next(made)
    time.sleep(0.2)
    assert len(seen) <= 4
    made.close()


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_of_the_program_ends_it(paths: list[Path], workers: int) -> None:
    preparation, _ = _watched(MemoryError("no room"))
    before = threading.active_count()
    with pytest.raises(MemoryError, match="no room"):
        list(preparation.decoded_batches([paths, paths], workers))
    assert threading.active_count() == before


def test_workers_are_the_cores_that_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for n_cores, expected in ((1, 1), (3, 3), (200, module.MOST_THREADS)):
        cores = set(range(n_cores))
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, cores=cores: cores, raising=False)
        assert auto_workers() == expected
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert auto_workers() == 1


def _preparation() -> Preparation:
    transform = image_transform_v2(PreprocessCfg(size=32), is_train=False)
    return Preparation(transform, CPU, at_least=96)


def _watched(error: Exception | None = None) -> tuple[Preparation, list[Any]]:
    """A preparation that tells what passes through it, or fails."""
    preparation, seen = _preparation(), []

    def watch(picture: Image.Image) -> Image.Image:
        seen.append(picture)
        if error is not None:
            raise error
        return picture

    preparation._steps.append(watch)
    return preparation, seen
