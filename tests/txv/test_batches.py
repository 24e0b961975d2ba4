"""The order of an epoch, its batches, and what is loaded for them."""

import threading
import time

import numpy as np
import pytest
import torch

from newsimages.errors import TooFewError
from newsimages.txv.batches import (
    BLOCK,
    LEAST_PAIRS,
    WINDOW,
    check_enough,
    count_batches,
    epoch_batches,
    epoch_order,
    load_batches,
)
from tests.txv.fake_pairs import fake_pairs


@pytest.mark.parametrize("n", [1, BLOCK - 1, BLOCK, 1000, WINDOW + BLOCK + 3])
def test_every_pair_comes_once_per_epoch(n: int) -> None:
    order = epoch_order(n, seed=1, epoch=1)
    assert np.array_equal(np.sort(order), np.arange(n))


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    order = epoch_order(500, seed=1, epoch=1)
    assert np.array_equal(order, epoch_order(500, seed=1, epoch=1))
    assert not np.array_equal(order, epoch_order(500, seed=1, epoch=2))
    assert not np.array_equal(order, epoch_order(500, seed=2, epoch=1))


def test_a_batch_has_no_neighbours_to_speak_of_but_a_window_reads_whole_blocks() -> None:
    order = epoch_order(8 * WINDOW, seed=0, epoch=1)
    batch_blocks = np.unique(order[:196] // BLOCK)
    window_blocks, pairs_in_block = np.unique(order[:WINDOW] // BLOCK, return_counts=True)
    assert len(batch_blocks) > 120  # 196 draws from 256 blocks: 137 on average
    assert len(window_blocks) == WINDOW // BLOCK
    assert set(pairs_in_block) == {BLOCK}


@pytest.mark.parametrize(
    ("n", "batch_size", "sizes"),
    [
        (196, 196, {196}),
        (197, 196, {98, 99}),  # not 196 and 1
        (1000, 196, {166, 167}),
        (5, 2, {2, 3}),
        (3, 2, {3}),
    ],
)
def test_batches_are_of_equal_size_and_none_is_of_one_pair(
    n: int, batch_size: int, sizes: set[int]
) -> None:
    batches = epoch_batches(n, batch_size, seed=0, epoch=1)
    assert {len(batch) for batch in batches} == sizes
    assert sum(len(batch) for batch in batches) == n
    assert len(batches) == count_batches(n, batch_size)


@pytest.mark.parametrize("n", [LEAST_PAIRS, 28, 195])
def test_fewer_pairs_than_a_batch_are_one_batch(n: int) -> None:
    [batch] = epoch_batches(n, 196, seed=0, epoch=1)
    assert sorted(batch.tolist()) == list(range(n))


@pytest.mark.parametrize("n", range(LEAST_PAIRS))
def test_too_few_pairs_are_refused(n: int) -> None:
    with pytest.raises(TooFewError, match=f"{n} pairs are too few .* {LEAST_PAIRS} or more"):
        check_enough(n)


def test_a_batch_holds_the_vectors_of_its_pairs() -> None:
    pairs = fake_pairs(12, per_image=3)
    (batch,) = load_batches(pairs, [np.array([7, 2, 8])], torch.device("cpu"))
    assert len(batch) == 3
    np.testing.assert_array_equal(batch.texts[0], pairs.texts[0].vectors[[7, 2, 8]])
    np.testing.assert_array_equal(batch.images[0], pairs.images[0].vectors[[2, 0, 2]])
    assert batch.image_ids.tolist() == [2, 0, 2]


def test_batches_come_in_order_and_an_abandoned_loop_leaves_no_thread() -> None:
    pairs = fake_pairs(40)
    batches = np.array_split(np.arange(40), 20)
    loaded = list(load_batches(pairs, batches, torch.device("cpu")))
    assert [batch.image_ids.tolist() for batch in loaded] == [each.tolist() for each in batches]
    before = threading.active_count()
    loop = load_batches(pairs, batches, torch.device("cpu"))
    next(loop)
    loop.close()
    time.sleep(0.05)
    assert threading.active_count() == before
