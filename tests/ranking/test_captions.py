"""Captions as a tower: neutral for images without one, the same whatever else is in a gallery."""

import numpy as np
import pytest

from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from newsimages.ranking.captions import captions_tower, n_captioned, neutral_vector, with_zero
from newsimages.ranking.ranking import rank
from newsimages.ranking.revisions import PLAIN
from newsimages.ranking.spaces import Queries, View, fuse
from tests.fakes import queries_of, random_embeddings, unit

CAPTIONS = random_embeddings("i", 12, 16, 1)
IDS = np.array([f"i{n:05d}" for n in range(20)])  # eight of them have no caption
NEUTRAL = neutral_vector(CAPTIONS.vectors)
TOWER = captions_tower(CAPTIONS, IDS, NEUTRAL)
ASKED = random_embeddings("a", 30, 16, 2)


def test_an_image_without_a_caption_has_the_mean_cosine_of_those_with_one() -> None:
    cosines = with_zero(ASKED).vectors @ TOWER.vectors.T
    own = ASKED.vectors @ CAPTIONS.vectors.T
    np.testing.assert_allclose(cosines[:, :12], own, atol=1e-6)
    mean = np.repeat(own.mean(axis=1)[:, None], 8, axis=1)
    np.testing.assert_allclose(cosines[:, 12:], mean, atol=1e-6)


def test_all_are_unit_vectors_of_one_more_dimension() -> None:
    assert TOWER.dimension == with_zero(ASKED).dimension == NEUTRAL.shape[0] == 17
    assert TOWER.ids.tolist() == IDS.tolist()
    assert n_captioned(TOWER) == 12
    assert n_captioned(captions_tower(None, IDS, NEUTRAL)) == 0


@pytest.mark.parametrize("n", [1, 2, 100_000])
def test_captions_that_are_all_the_same_tell_nothing(n: int) -> None:
    same = np.repeat(CAPTIONS.vectors[:1], n, axis=0)
    neutral = neutral_vector(same)
    np.testing.assert_allclose(neutral[:-1], same[0], atol=1e-6)
    assert 0 <= neutral[-1] < 1e-3


def test_a_gallery_that_grows_keeps_its_vectors() -> None:
    more = unit(np.random.default_rng(5).normal(size=(3, 16)))
    grown = Embeddings(
        np.append(CAPTIONS.ids, IDS[12:15]), np.concatenate([CAPTIONS.vectors, more])
    )
    later = captions_tower(grown, np.append(IDS, "j"), NEUTRAL)
    same = np.r_[:12, 15:20]
    np.testing.assert_array_equal(later.vectors[same], TOWER.vectors[same])
    np.testing.assert_array_equal(later.vectors[-1], NEUTRAL)


def test_a_caption_of_another_image_is_refused() -> None:
    with pytest.raises(NewsImagesError, match=r"not there: i00003, i00004"):
        captions_tower(CAPTIONS, IDS[:3], NEUTRAL)


def asked(*, without_text: tuple[str, ...] = ()) -> Queries:
    titles, texts = ASKED, random_embeddings("a", 30, 16, 3)
    views = {View("clip", "title"): titles, View("clip", "text"): texts}
    own = {View("captions", view.text_field): with_zero(each) for view, each in views.items()}
    return queries_of({**views, **own}, without_text=without_text)


def test_a_run_with_captions_is_a_space_like_any_other() -> None:
    images = Embeddings(IDS, random_embeddings("i", 20, 16, 4).vectors)
    weights = {
        View("clip", "title"): 0.5,
        View("captions", "title"): 0.2,
        View("captions", "text"): 0.3,
    }
    queries = asked(without_text=("a00001",))
    space = fuse(queries, {"clip": images, "captions": TOWER}, weights)
    expected = 0.5 * ASKED.vectors @ images.vectors.T
    both = 0.2 * queries.of(View("captions", "title")).vectors
    both = both + 0.3 * queries.of(View("captions", "text")).vectors
    expected += both @ TOWER.vectors.T
    title = ASKED.vectors[1] @ images.vectors.T * 5 / 7
    expected[1] = title + 2 / 7 * with_zero(ASKED).vectors[1] @ TOWER.vectors.T
    lists = rank(space, PLAIN, top_k=20)
    order = np.argsort(-expected, axis=1, kind="stable")
    assert lists.image_ids.tolist() == IDS[order].tolist()
    found = np.take_along_axis(expected, order, axis=1)
    np.testing.assert_allclose(lists.similarities, found, atol=1e-5)
