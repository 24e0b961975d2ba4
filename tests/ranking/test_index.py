"""An index over many images: exact scores of what it finds, a recall that was measured."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from newsimages.errors import NewsImagesError
from newsimages.ranking.bank import ImageOffsets
from newsimages.ranking.index import (
    ABOUT,
    INDEX,
    ImageIndex,
    build_index,
    load_index,
    save_index,
    tuned,
)
from newsimages.ranking.ranking import rank
from newsimages.ranking.revisions import PLAIN, DualSoftmax
from newsimages.ranking.spaces import Space
from tests.fakes import assert_same_bits
from tests.ranking.test_search import clip_like, offsets_of

pytest.importorskip(
    "faiss", reason="faiss-cpu is not installed (registry/requirements-gallery.txt)"
)
DUAL = DualSoftmax(scale=20.0)
N, K = 6000, 20


@pytest.fixture(scope="module")
def space() -> Space:
    return clip_like(50, N, (8, 6))


@pytest.fixture(scope="module")
def offsets(space: Space) -> ImageOffsets:
    return offsets_of(space, DUAL, 2.0)


@pytest.fixture(scope="module")
def index(space: Space, offsets: ImageOffsets) -> ImageIndex:
    exact = rank(space, DUAL, offsets=offsets, top_k=K).rows
    return tuned(build_index(space, offsets.values, DUAL), space, offsets.values, exact)


def test_what_it_finds_has_the_exact_scores_and_order(
    space: Space, offsets: ImageOffsets, index: ImageIndex
) -> None:
    exact = rank(space, DUAL, offsets=offsets, top_k=N)
    found = rank(space, DUAL, offsets=offsets, top_k=K, index=index)
    assert found.approximate
    assert not exact.approximate
    assert index.recall_at_100 is not None
    assert index.recall_at_100 >= 0.99
    n_right = 0
    for row in range(len(found.rows)):
        places = [exact.rows[row].tolist().index(own) for own in found.rows[row].tolist()]
        assert places == sorted(places)
        np.testing.assert_array_equal(found.scores[row], exact.scores[row, places])
        np.testing.assert_array_equal(found.similarities[row], exact.similarities[row, places])
        n_right += sum(place < K for place in places)
    assert n_right / found.rows.size == pytest.approx(index.recall_at_100)
    # All cells and candidates enough: nothing is missing, so the offsets are in the right place.
    whole = replace(index, n_probed=index.n_cells)
    everything = rank(space, DUAL, offsets=offsets, top_k=K, index=whole)
    assert_same_bits(everything, rank(space, DUAL, offsets=offsets, top_k=K))


def test_as_few_cells_as_can_be_are_gone_through(
    space: Space, offsets: ImageOffsets, index: ImageIndex
) -> None:
    exact = rank(space, DUAL, offsets=offsets, top_k=K).rows
    for least in (0.01, 0.9, 0.99, 1.0):
        found = tuned(index, space, offsets.values, exact, least=least)
        assert found.recall_at_100 is not None
        assert found.recall_at_100 >= least
        if found.n_probed > 1:
            fewer = replace(index, n_probed=int(0.8 * found.n_probed))
            answer = rank(space, DUAL, offsets=offsets, top_k=K, index=fewer)
            shares = [np.isin(a, b).mean() for a, b in zip(exact, answer.rows, strict=True)]
            assert answer.approximate is False or np.mean(shares) < least


def test_an_answer_alone_is_that_among_others(
    space: Space, offsets: ImageOffsets, index: ImageIndex
) -> None:
    together = rank(space, DUAL, offsets=offsets, top_k=K, index=index)
    alone = replace(
        space, article_ids=space.article_ids[7:8], queries=tuple(q[7:8] for q in space.queries)
    )
    answer = rank(alone, DUAL, offsets=offsets, top_k=K, index=index)
    assert_same_bits(answer, together, np.array([7]))


def test_images_that_came_later_are_found_and_those_that_went_are_not(
    space: Space, offsets: ImageOffsets, index: ImageIndex
) -> None:
    [first, *_] = rank(space, DUAL, offsets=offsets, top_k=K).rows
    alive = np.ones(N + 1, np.bool_)
    alive[first[:3]] = False
    newcomer = first[5]  # the same picture once more
    grown = Space(
        article_ids=space.article_ids,
        image_ids=np.append(space.image_ids, "i999999"),
        queries=space.queries,
        gallery=tuple(np.concatenate([g, g[newcomer][None]]) for g in space.gallery),
        alive=alive,
    )
    values = np.append(offsets.values, offsets.values[newcomer])
    more = ImageOffsets(grown.image_ids, values, DUAL)
    found = rank(grown, DUAL, offsets=more, top_k=K, index=index).image_ids[0].tolist()
    assert not set(found) & set(space.image_ids[first[:3]].tolist())
    assert found.index("i999999") == found.index(space.image_ids[newcomer]) + 1


def test_parts_and_other_revisions_are_asked_exactly(
    space: Space, offsets: ImageOffsets, index: ImageIndex
) -> None:
    within = np.arange(N) % 2 == 0
    for options in ({"offsets": offsets, "within": within}, {"revision": PLAIN}):
        revision = options.pop("revision", DUAL)
        answer = rank(space, revision, index=index, **options)
        assert not answer.approximate
        assert_same_bits(answer, rank(space, revision, **options))


def test_a_list_that_is_too_long_for_it_is_made_exactly(
    space: Space, offsets: ImageOffsets, index: ImageIndex
) -> None:
    answer = rank(space, DUAL, offsets=offsets, top_k=N - 1, index=replace(index, n_probed=2))
    assert not answer.approximate
    assert_same_bits(answer, rank(space, DUAL, offsets=offsets, top_k=N - 1))


def test_an_index_that_misses_too_much_is_refused(
    space: Space, offsets: ImageOffsets, index: ImageIndex, tmp_path: Path
) -> None:
    strangers = np.full((len(space.article_ids), K), -1)
    with pytest.raises(NewsImagesError, match=r"finds 0.000 of the first 20 .* at least 0.992"):
        tuned(index, space, offsets.values, strangers)
    with pytest.raises(NewsImagesError, match="was not measured"):
        save_index(tmp_path, replace(index, recall_at_100=None))
    save_index(tmp_path, replace(index, recall_at_100=0.9))
    with pytest.raises(NewsImagesError, match=r"recall_at_100 of 0.9, expected at least 0.99"):
        load_index(tmp_path)


def test_it_is_saved_whole_and_an_altered_file_is_refused(
    space: Space, offsets: ImageOffsets, index: ImageIndex, tmp_path: Path
) -> None:
    save_index(tmp_path, index)
    loaded = load_index(tmp_path)
    assert loaded.revision == DUAL
    assert loaded.recall_at_100 == index.recall_at_100
    assert_same_bits(
        rank(space, DUAL, offsets=offsets, index=loaded),
        rank(space, DUAL, offsets=offsets, index=index),
    )
    content = (tmp_path / INDEX).read_bytes()
    for bad in (content[:-9], content[:500] + b"\xff" + content[501:], b""):
        (tmp_path / INDEX).write_bytes(bad)
        with pytest.raises(NewsImagesError, match="the checksum is not that of the content"):
            load_index(tmp_path)
    (tmp_path / INDEX).write_bytes(content)
    about = json.loads((tmp_path / ABOUT).read_text())
    for change in ({"format": 9}, {"n_images": 7}, {"revision": {"name": "none", "x": 1}}):
        (tmp_path / ABOUT).write_text(json.dumps(about | change))
        with pytest.raises(NewsImagesError, match="holds no index that can be used"):
            load_index(tmp_path)
    (tmp_path / INDEX).unlink()
    with pytest.raises(NewsImagesError, match="holds no index that can be used"):
        load_index(tmp_path)
