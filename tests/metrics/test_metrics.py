"""The official figures, by hand and against `ir_measures`."""

import ir_measures
import numpy as np
import pandas as pd
import pytest
from ir_measures import RR, Qrel, R, ScoredDoc, Success

from newsimages.errors import NewsImagesError
from newsimages.metrics.metrics import METRICS, figures_of, ranks_in_lists, ranks_of_truth


def table(lists: dict[str, list[str]]) -> pd.DataFrame:
    rows = [(a, r, image) for a, images in lists.items() for r, image in enumerate(images, start=1)]
    return pd.DataFrame(rows, columns=["article_id", "rank", "image_id"])


def test_figures_by_hand() -> None:
    images = [f"i{n}" for n in range(1, 121)]
    lists = dict.fromkeys(["first", "sixth", "hundredth", "later", "elsewhere"], images)
    truth = {
        "first": "i1",
        "sixth": "i6",
        "hundredth": "i100",
        "later": "i101",
        "elsewhere": "unknown",
        "no list": "i1",
    }
    assert figures_of(ranks_of_truth(table(lists), truth)) == pytest.approx(
        {
            "recall_at_5": 1 / 6,
            "recall_at_10": 2 / 6,
            "recall_at_50": 2 / 6,
            "recall_at_100": 3 / 6,
            "mrr": (1 + 1 / 6 + 1 / 100) / 6,
        }
    )


def test_ranks_follow_the_truth_and_lists_outside_it_do_not_count() -> None:
    lists = {"b": ["x", "y"], "a": ["y", "x"], "not asked": ["x", "y"]}
    ranks = ranks_of_truth(table(lists).sample(frac=1, random_state=0), {"a": "x", "b": "x"})
    assert ranks.tolist() == [2, 1]


@pytest.mark.parametrize("seed", range(3))
def test_lists_as_an_array_have_the_same_ranks(seed: int) -> None:
    generator = np.random.default_rng(seed)
    images = np.array([f"i{n}" for n in range(30)])
    articles = np.array([f"a{n}" for n in generator.permutation(20)])
    lists = np.stack([generator.permutation(images)[:25] for _ in articles])
    right = generator.choice([*images, "unknown"], 20)
    truth = {f"a{n}": str(image) for n, image in enumerate(right) if n % 7} | {"no list": "i1"}
    expected = ranks_of_truth(table(dict(zip(articles, lists, strict=True))), truth)
    np.testing.assert_array_equal(ranks_in_lists(articles, lists, truth), expected)
    assert np.isinf(expected).any()
    assert len(set(expected)) > 5


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_ir_measures(seed: int) -> None:
    generator = np.random.default_rng(seed)
    images = [f"i{n:03d}" for n in range(150)]
    articles = [f"a{n}" for n in range(60)]
    truth = {article: str(generator.choice(images)) for article in articles}
    # Lists of 150, of which the last fifty must not count; ten articles have none.
    lists = {article: generator.permutation(images).tolist() for article in articles[:50]}
    for article in articles[:20]:  # and some good ones
        lists[article].remove(truth[article])
        lists[article].insert(int(generator.integers(0, 12)), truth[article])

    qrels = [Qrel(article, image, 1) for article, image in truth.items()]
    # It orders by score alone: strictly falling ones leave no ties to break.
    run = [
        ScoredDoc(article, image, -float(place))
        for article, listed in lists.items()
        for place, image in enumerate(listed)
    ]
    theirs = {f"recall_at_{k}": measure_at for k in (5, 10, 50, 100) for measure_at in (R @ k,)} | {
        "mrr": RR @ 100
    }
    aggregated = ir_measures.calc_aggregate([*theirs.values(), Success @ 5], qrels, run)
    ours = figures_of(ranks_of_truth(table(lists), truth))
    assert ours == pytest.approx({name: aggregated[m] for name, m in theirs.items()})
    assert ours["recall_at_5"] == pytest.approx(aggregated[Success @ 5])
    assert 0 < ours["recall_at_5"] < ours["recall_at_100"] < 1


def test_nothing_to_measure_and_doubled_images_are_refused() -> None:
    with pytest.raises(NewsImagesError, match="nothing to measure"):
        ranks_of_truth(table({"a": ["x"]}), {})
    with pytest.raises(NewsImagesError, match="list an image twice: b"):
        ranks_of_truth(table({"a": ["x", "y"], "b": ["x", "x"]}), {"a": "x"})


def test_the_table_names_all_figures() -> None:
    figures = figures_of(np.array([1, 7, np.inf]))
    assert list(figures) == list(METRICS)
    assert [m.heading for m in METRICS.values()] == ["R@5", "R@10", "R@50", "R@100", "MRR"]
