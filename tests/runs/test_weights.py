"""Fitted weights against the likelihood written out, and what they do where little is known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

from newsimages.devices import Compute
from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from newsimages.ranking.spaces import Gallery, Queries, View
from newsimages.runs.weights import fit_weights
from tests.fakes import queries_of, random_embeddings, unit

VIEWS = (View("clip", "title"), View("multilingual", "title"), View("txv", "title"))
DIMENSION = 12
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Drawn:
    """Articles whose queries are noisy copies of their images, in a tower of its own per view."""

    queries: Queries
    gallery: Gallery
    truth: dict[str, str]
    hubness: dict[str, float]
    """How near an image is to every article, in the views that have hubs."""

    @property
    def views(self) -> tuple[View, ...]:
        return tuple(self.queries.views)

    def fit(self, *, held_back: bool = False, memory_mb: int = 512) -> list[float]:
        weights = fit_weights(
            self.queries,
            self.gallery,
            self.truth,
            self.views,
            offsets=self.hubness if held_back else None,
            compute=Compute(memory_mb=memory_mb),
        )
        assert tuple(weights) == self.views
        assert sum(weights.values()) == pytest.approx(1)
        return list(weights.values())

    def cosines(self) -> Array:
        """(K, C, D) in float64; the right image of article i is image i."""
        return np.stack(
            [
                vectors.vectors.astype(np.float64)
                @ self.gallery[view.tower].vectors.T.astype(np.float64)
                for view, vectors in self.queries.views.items()
            ]
        )


def drawn(
    *noises: float, n: int = 80, seed: int = 0, hubs: Sequence[float] = (0.0, 0.0, 0.0)
) -> Drawn:
    generator = np.random.default_rng(seed)
    articles = np.array([f"a{i:04d}" for i in range(n)])
    images = np.array([f"i{i:04d}" for i in range(n)])
    hubness = generator.random(n)
    views, gallery = {}, {}
    for view, noise, hub in zip(VIEWS, noises, hubs, strict=False):
        seen = unit(generator.normal(size=(n, DIMENSION)))
        asked = unit(seen + noise * unit(generator.normal(size=seen.shape)))
        beside, near = hub * hubness[:, None], np.full((n, 1), hub)  # an axis more, for hubs
        gallery[view.tower] = Embeddings(images, unit(np.hstack([seen, beside])))
        views[view] = Embeddings(articles, unit(np.hstack([asked, near])))
    return Drawn(
        queries=queries_of(views),
        gallery=gallery,
        truth=dict(zip(articles.tolist(), images.tolist(), strict=True)),
        hubness=dict(zip(images.tolist(), hubness.tolist(), strict=True)),
    )


def loss(theta: Sequence[float] | Array, cosines: Array, held_back: Array | float = 0.0) -> float:
    """Minus the mean log-likelihood of the right images."""
    logits = sum(number * cosine for number, cosine in zip(theta, cosines, strict=True)) - held_back
    return float(np.mean(logsumexp(logits, axis=1) - np.diagonal(logits)))


def scale_of(weights: Sequence[float], cosines: Array) -> tuple[float, float]:
    """The scale at which weights in these proportions are most likely, and its loss."""
    found = minimize(
        lambda x: loss(x[0] * np.array(weights), cosines), [10.0], bounds=[(0, None)], tol=1e-10
    )
    return float(found.x[0]), float(found.fun)


SHARES = np.linspace(0, 1, 51)


@pytest.mark.parametrize(("noises", "seed"), [((1.0, 1.5), 0), ((2.0, 0.8), 1), ((3.0, 3.0), 2)])
def test_weights_are_the_most_likely_of_a_grid(noises: tuple[float, float], seed: int) -> None:
    data = drawn(*noises, seed=seed)
    cosines = data.cosines()
    losses = [scale_of((share, 1 - share), cosines)[1] for share in SHARES]
    fitted = data.fit()
    assert fitted[0] == pytest.approx(SHARES[int(np.argmin(losses))], abs=0.02)
    assert scale_of(fitted, cosines)[1] <= min(losses) + 1e-5


def test_at_the_weights_no_direction_is_more_likely() -> None:
    data = drawn(1.0, 1.5, 2.0, n=60)
    cosines = data.cosines()
    scale, _ = scale_of(data.fit(), cosines)
    theta = scale * np.array(data.fit())
    assert (theta > 1).all()
    for k in range(3):
        step = 1e-3 * np.eye(3)[k]
        slope = (loss(theta + step, cosines) - loss(theta - step, cosines)) / 2e-3
        assert abs(slope) < 2e-4
        assert loss(theta + 1000 * step, cosines) > loss(theta, cosines)


def test_offsets_are_one_more_term_with_a_factor_of_its_own() -> None:
    data = drawn(1.6, 2.0, hubs=(1.5, 0.0))
    cosines, hubness = data.cosines(), np.array(list(data.hubness.values()))

    def least(share: float) -> float:
        weights = np.array([share, 1 - share])
        found = minimize(
            lambda x: loss(x[0] * weights, cosines, x[1] * hubness),
            [10.0, 10.0],
            bounds=[(0, None)] * 2,
        )
        return float(found.fun)

    fitted = data.fit(held_back=True)
    losses = [least(share) for share in SHARES]
    assert fitted[0] == pytest.approx(SHARES[int(np.argmin(losses))], abs=0.02)
    # Where its hubs are held back, the view that has them is worth more.
    assert fitted[0] > data.fit()[0] + 0.1


def test_a_view_that_says_the_opposite_gets_no_weight() -> None:
    data = drawn(1.0, 1.0)
    data.queries.views[VIEWS[1]].vectors[:] *= -1
    assert data.fit() == [1.0, 0.0]


def test_a_view_of_noise_gets_next_to_none() -> None:
    data = drawn(1.0, 1e6, n=400)
    assert data.fit()[0] > 0.95


def test_the_nearer_view_gets_more() -> None:
    first, second, third = drawn(1.2, 0.7, 3.0, n=300).fit()
    assert second > first > third > 0


def test_it_gives_the_same_every_time() -> None:
    assert drawn(1.0, 1.5, 2.0).fit() == drawn(1.0, 1.5, 2.0).fit()


def test_weights_are_equal_where_nothing_tells_images_apart() -> None:
    alike = drawn(1.0, 1.0)
    for images in alike.gallery.values():
        images.vectors[:] = images.vectors[0]
    assert alike.fit() == pytest.approx([0.5, 0.5])
    opposite = drawn(0.1, 0.2)
    for vectors in opposite.queries.views.values():
        vectors.vectors[:] *= -1
    assert opposite.fit() == [0.5, 0.5]


def test_a_single_view_has_all_the_weight() -> None:
    assert drawn(1.0).fit() == [1.0]


def test_they_stay_finite_where_every_image_is_found() -> None:
    fitted = drawn(0.0, 0.0, n=20).fit()
    assert all(0 < weight < 1 for weight in fitted)


def test_with_little_memory_fewer_articles_tell_nearly_the_same() -> None:
    data = drawn(1.0, 1.5, n=900)
    whole, sampled = data.fit(), data.fit(memory_mb=1)
    assert sampled != whole
    assert sampled == pytest.approx(whole, abs=0.1)
    rows = list(range(0, 900, 4))  # 1 MB holds 228 articles and their images, in 5 arrays
    ids = data.queries.ids[rows].tolist()
    images = [data.truth[each] for each in ids]
    chosen = Drawn(
        queries=data.queries.select(ids),
        gallery={tower: vectors.select(images) for tower, vectors in data.gallery.items()},
        truth={each: data.truth[each] for each in ids},
        hubness={},
    )
    assert sampled == chosen.fit()


def with_texts(data: Drawn, *, without_text: Sequence[str]) -> Drawn:
    """With a view of texts that is as good as any, but for the articles that have none."""
    text = View("clip", "text")
    own = data.queries.of(VIEWS[1]).vectors.copy()
    own[np.isin(data.queries.ids, without_text)] *= -1
    views = {
        **{view: data.queries.of(view) for view in data.views},
        text: Embeddings(data.queries.ids, own),
    }
    gallery = {**data.gallery, "clip": data.gallery[VIEWS[1].tower]}
    return Drawn(
        queries=queries_of(
            {VIEWS[1]: views[VIEWS[1]], text: views[text]}, without_text=without_text
        ),
        gallery=gallery,
        truth=data.truth,
        hubness=data.hubness,
    )


def test_articles_without_a_text_are_left_aside_where_texts_are_weighed() -> None:
    data = drawn(1.0, 1.0)
    without = data.queries.ids[:30].tolist()
    weighed = with_texts(data, without_text=without)
    some = {article: data.truth[article] for article in data.queries.ids[30:].tolist()}
    titles, texts = weighed.views
    weights = fit_weights(weighed.queries, weighed.gallery, data.truth, (titles, texts))
    assert weights == fit_weights(weighed.queries, weighed.gallery, some, (titles, texts))
    assert weights[texts] == pytest.approx(0.5)
    everyone = fit_weights(weighed.queries, weighed.gallery, data.truth, (titles,))
    assert everyone == {titles: 1.0}


def test_where_no_article_has_a_text_all_are_taken() -> None:
    data = drawn(1.0, 1.0)
    weighed = with_texts(data, without_text=data.queries.ids.tolist())
    titles, texts = weighed.views
    weights = fit_weights(weighed.queries, weighed.gallery, data.truth, (titles, texts))
    assert weights == {titles: 1.0, texts: 0.0}


def test_a_view_or_a_tower_that_is_missing_is_told() -> None:
    data = drawn(1.0, 1.0)
    with pytest.raises(NewsImagesError, match="txv on the title has no articles"):
        fit_weights(data.queries, data.gallery, data.truth, VIEWS)
    views = {**data.queries.views, VIEWS[2]: random_embeddings("a", 80, 8, 0)}
    renamed = {view: Embeddings(data.queries.ids, each.vectors) for view, each in views.items()}
    with pytest.raises(NewsImagesError, match="txv on the title has no images"):
        fit_weights(queries_of(renamed), data.gallery, data.truth, VIEWS)
