"""Reciprocal rank fusion against its formula, its ties and what cannot be fused."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsimages.errors import NewsImagesError
from newsimages.ranking.ranking import Ranking
from newsimages.runs.fusion import fuse_ranks


def lists(*articles: str, seed: int = 0) -> Ranking:
    """A ranking of articles ``a``, ``b``, …, an image a letter."""
    similarities = np.random.default_rng(seed).random((len(articles), len(articles[0])))
    return Ranking(
        article_ids=np.array([chr(ord("a") + row) for row in range(len(articles))]),
        image_ids=np.array([list(images) for images in articles]),
        scores=np.zeros(similarities.shape, np.float32),
        similarities=similarities.astype(np.float32),
    )


@settings(max_examples=60, deadline=None)
@given(
    orders=st.lists(st.permutations("pqrstuv").map("".join), min_size=1, max_size=4),
    length=st.integers(1, 7),
    top_k=st.integers(1, 9),
)
def test_scores_are_the_formula_in_the_total_order(
    orders: list[str], length: int, top_k: int
) -> None:
    cut = [order[:length] for order in orders]
    ranking = fuse_ranks([lists(order, seed=i) for i, order in enumerate(cut)], top_k=top_k)
    exact = {
        image: sum(Fraction(1, 61 + order.index(image)) for order in cut if image in order)
        for image in set("".join(cut))
    }
    expected = sorted(exact, key=lambda image: (-exact[image], image))[: min(top_k, length)]
    assert ranking.image_ids.tolist() == [expected]
    np.testing.assert_allclose(ranking.scores[0], [float(exact[i]) for i in expected], rtol=1e-6)


def test_similarities_are_those_of_the_first_that_lists_the_image() -> None:
    first, second = lists("pq", seed=0), lists("rp", seed=1)
    ranking = fuse_ranks([first, second], top_k=2)
    assert ranking.image_ids.tolist() == [["p", "r"]]
    assert ranking.similarities.tolist() == [[first.similarities[0, 0], second.similarities[0, 0]]]


def test_articles_are_matched_by_id_and_do_not_touch_each_other() -> None:
    first, second = lists("pqr", "rqp"), lists("qpr", "prq", seed=1)
    turned = Ranking(
        article_ids=second.article_ids[::-1],
        image_ids=second.image_ids[::-1],
        scores=second.scores[::-1],
        similarities=second.similarities[::-1],
    )
    expected, actual = fuse_ranks([first, second]), fuse_ranks([first, turned])
    assert actual.image_ids.tolist() == expected.image_ids.tolist() == [list("pqr"), list("rpq")]
    alone = fuse_ranks([lists("pqr"), lists("qpr", seed=1)])
    assert alone.scores[0].tolist() == expected.scores[0].tolist()


def test_what_cannot_be_fused_is_refused() -> None:
    one = lists("pq")
    with pytest.raises(NewsImagesError, match="give at least one ranking"):
        fuse_ranks([])
    with pytest.raises(NewsImagesError, match=r"articles of ranking 2 are not .* has: b\."):
        fuse_ranks([one, lists("pq", "qp")])
    with pytest.raises(NewsImagesError, match="top_k is 0 and k 60"):
        fuse_ranks([one], top_k=0)
    with pytest.raises(NewsImagesError, match="k 0, expected 1"):
        fuse_ranks([one], rank_offset=0)
