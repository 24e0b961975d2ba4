"""One space per run: the views of a run, weighted, become one inner product.

In come an article's vectors per view (a tower and a text field), the images' vectors per tower and
the views' weights w_k; out comes a `Space`, whose inner products are the run's similarities

    z_ij = Σ_k w_k · cos_k(i, j),  w_k ≥ 0,  Σ_k w_k = 1

Views of one tower share its images: their queries are summed, so a space holds each tower once.
Whatever follows (revision, top k, serving) needs to know nothing of the views.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from newsimages.embeddings import Embeddings, rows_of
from newsimages.errors import NewsImagesError, first_ten
from newsimages.ranking.halves import Copies, Halves

TextField = Literal["title", "text"]
Tower = Literal["clip", "txv", "txv_text", "multilingual", "captions"]
"""A space of texts and images: openCLIP's, T×V's (trained on titles, or on texts) on top of it,
that of a multilingual openCLIP model, which is asked with articles as they were written, or the
images' captions as openCLIP's text tower reads them."""
ON_CLIP: frozenset[Tower] = frozenset({"txv", "txv_text", "captions"})
"""Towers whose articles are made of CLIP's vectors."""
Gallery = Mapping[Tower, Embeddings]
"""The same images in the space of each tower."""


class View(NamedTuple):
    """One way to compare articles with images."""

    tower: Tower
    text_field: TextField


Weights = Mapping[View, float]
"""How much each view counts; only the proportions matter."""


def ground_of(tower: Tower) -> Tower:
    """The tower whose vectors a tower's are made of: CLIP for those on top of it, else itself."""
    return "clip" if tower in ON_CLIP else tower


@dataclass(frozen=True, kw_only=True, eq=False)
class Queries:
    """C articles as vectors, per view."""

    views: Mapping[View, Embeddings]
    """The same articles in the same order in each."""
    has_text: NDArray[np.bool_]
    """(C,) whether an article has a text; where it has none, its title stands in the vectors."""
    languages: NDArray[np.str_] | None = None
    """(C,) the language that each was found to be in, where that was looked for."""
    in_english: NDArray[np.bool_] | None = None
    """(C,) whether an article's English views are its own; where not, it was not translated, and
    only multilingual views can be asked. None: all are."""
    steered: bool = False
    """Whether they are other than what runs are measured with: a text was taken from them, or they
    are images. How sure such scores are, nothing tells."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError where the views are not of the same articles."""
        if not self.views:
            raise NewsImagesError("Queries without a view: give at least one.")
        for view, vectors in self.views.items():
            check_same_ids(vectors.ids, self.ids, f"articles of {view.tower} on the {view[1]}")
        for name in ("has_text", "languages", "in_english"):
            values = getattr(self, name)
            if values is not None and values.shape != self.ids.shape:
                raise NewsImagesError(
                    f"{name} has the shape {values.shape}, expected {self.ids.shape}."
                )

    def __len__(self) -> int:
        return len(self.has_text)

    @property
    def ids(self) -> NDArray[np.str_]:
        """(C,) the articles."""
        return next(iter(self.views.values())).ids

    def of(self, view: View) -> Embeddings:
        """The articles in one view. Raises: NewsImagesError where they have no such view."""
        if view not in self.views:
            raise NewsImagesError(
                f"The view {view.tower} on the {view.text_field} has no articles by the "
                f"{view.text_field}. Encode them with that tower, or give the view no weight."
            )
        return self.views[view]

    def select(self, ids: Sequence[str]) -> "Queries":
        """The articles ``ids``, in their order. Raises: NewsImagesError for an unknown one."""
        views = {view: vectors.select(ids) for view, vectors in self.views.items()}
        rows, _ = rows_of(self.ids, ids)
        return replace(
            self,
            views=views,
            has_text=self.has_text[rows],
            languages=None if self.languages is None else self.languages[rows],
            in_english=None if self.in_english is None else self.in_english[rows],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Space:
    """C articles and D images; the sum of the blocks' inner products are their similarities."""

    article_ids: NDArray[np.str_]
    """(C,)"""
    image_ids: NDArray[np.str_]
    """(D,) rising, so that a column orders as its id does; in any order where ``places`` tells."""
    queries: tuple[NDArray[np.float32], ...]
    """Per block (C, E): the weighted sum of the article's vectors in one tower."""
    gallery: tuple[NDArray[np.float32], ...]
    """Per block (D, E): unit vectors."""
    halves: tuple[Halves, ...] | None = None
    """Per block, the images in bfloat16, where they were prepared."""
    places: NDArray[np.int64] | None = None
    """(D,) each image's place in the order of the ids; None: the ids rise."""
    alive: NDArray[np.bool_] | None = None
    """(D,) the images that are there; None: all are."""
    copies: Copies | None = None
    """Which images have the same vectors, where that was looked for."""

    @classmethod
    def of(cls, queries: Embeddings, gallery: Embeddings) -> "Space":
        """The space of a single view: similarities are plain cosines."""
        ordered = gallery.sorted_by_id()
        return cls(
            article_ids=queries.ids,
            image_ids=ordered.ids,
            queries=(queries.vectors,),
            gallery=(ordered.vectors,),
        )

    def part(self, rows: NDArray[np.int64]) -> "Space":
        """The same articles and some of the images, in the order of their ids."""
        return Space(
            article_ids=self.article_ids,
            image_ids=self.image_ids[rows],
            queries=self.queries,
            gallery=tuple(block[rows] for block in self.gallery),
        )


def fuse(queries: Queries, gallery: Gallery, weights: Weights) -> Space:
    """Makes a run's views one space.

    An article without a text, or one that is not in English, is asked with its other views, whose
    weights then make up the whole. Where only texts have a weight, an article's title stands for
    the text that it lacks.

    Args:
        queries: C articles, with all views that have a weight.
        gallery: D images, in all towers of these views; in the same order in each.
        weights: Numbers of 0 or more that do not sum to 0.

    Raises:
        NewsImagesError: A view or a tower is missing, the towers hold other images, or as `shares`.
    """
    blocks = blocks_of(queries, gallery, weights)
    (first, _), *others = blocks
    for images, _ in others:
        check_same_ids(images.ids, first.ids, "images of a further tower")
    ordered = [images.sorted_by_id() for images, _ in blocks]
    return Space(
        article_ids=queries.ids,
        image_ids=ordered[0].ids,
        queries=tuple(asked for _, asked in blocks),
        gallery=tuple(images.vectors for images in ordered),
    )


def blocks_of(
    queries: Queries, gallery: Gallery, weights: Weights
) -> list[tuple[Embeddings, NDArray[np.float32]]]:
    """Each block's images, and (C, E) the weighted sum of the articles' vectors in it.

    Raises:
        NewsImagesError: A view or a tower is missing, or as `shares`.
    """
    weighted = shares(queries, weights)
    towers: dict[int, Embeddings] = {}
    sums: dict[int, NDArray[np.float32]] = {}
    for view, share in weighted.items():
        images, asked = vectors_of(view, queries, gallery)
        part = asked.vectors if len(weighted) == 1 else share[:, None] * asked.vectors
        key = id(images)
        towers[key] = images
        sums[key] = sums[key] + part if key in sums else part
    return [(images, sums[key]) for key, images in towers.items()]


def vectors_of(view: View, queries: Queries, gallery: Gallery) -> tuple[Embeddings, Embeddings]:
    """The images and the articles of a view. Raises: NewsImagesError where it has none."""
    asked = queries.of(view)
    if view.tower not in gallery:
        raise NewsImagesError(
            f"The view {view.tower} on the {view.text_field} has no images. Encode them with that "
            "tower, or give the view no weight."
        )
    return gallery[view.tower], asked


def whole(weights: Weights) -> dict[View, float]:
    """The weights above 0, scaled to the sum 1.

    Raises:
        NewsImagesError: A weight that is negative or not finite, or none above 0.
    """
    total = sum(weights.values())
    if not all(0 <= weight < np.inf for weight in weights.values()) or not total > 0:
        raise NewsImagesError(
            f"Weights are {', '.join(map(str, weights.values())) or 'none'}, expected numbers of 0 "
            "or more that do not sum to 0."
        )
    return {view: weight / total for view, weight in weights.items() if weight > 0}


def less(queries: Queries, text: Queries, weight: float) -> Queries:
    """Articles less one text, in every view: q − weight · t, which is no longer of length 1.

    Args:
        queries: C articles.
        text: One, in the views that have a weight; as title and as text.
        weight: How much of it is taken away.

    Raises:
        NewsImagesError: A view is missing.
    """
    views = {
        view: Embeddings.known(own.ids, own.vectors - np.float32(weight) * text.of(view).vectors)
        for view, own in queries.views.items()
    }
    in_english = queries.in_english
    if text.in_english is not None:
        in_english = text.in_english & (True if in_english is None else in_english)
    return replace(queries, views=views, in_english=in_english, steered=True)


def queries_like(gallery: Gallery, row: int, weights: Weights) -> Queries:
    """An image as a query: in each view its own vector in that view's tower.

    Its caption says as much of images without one as captions do on average.
    """
    views: dict[View, Embeddings] = {}
    for view in whole(weights):
        images = gallery[view.tower]
        vector = images.vectors[[row]].copy()
        if view.tower == "captions":
            vector[:, -1] = 0
        views[view] = Embeddings.known(images.ids[[row]], vector)
    return Queries(views=views, has_text=np.ones(1, np.bool_), steered=True)


def check_same_ids(ids: NDArray[np.str_], expected: NDArray[np.str_], what: str) -> None:
    """Raises: NewsImagesError where these are not the same ids in the same order."""
    if ids is expected or np.array_equal(ids, expected):
        return
    apart = np.setxor1d(ids, expected)
    raise NewsImagesError(
        f"The {what} are not those of the first: {len(ids)} and {len(expected)} ids; in one only: "
        f"{first_ten(apart) or 'none, but in another order'}."
    )


def shares(queries: Queries, weights: Weights) -> dict[View, NDArray[np.float32]]:
    """(C,) per view: its weight for each article, as `fuse` takes it.

    Raises:
        NewsImagesError: An article that was not translated, and no multilingual view with a weight;
            weights that cannot be.
    """
    weighted = whole(weights)
    in_english = queries.in_english
    reads = {
        view: np.ones(len(queries), np.bool_)
        if in_english is None or view.tower == "multilingual"
        else in_english
        for view in weighted
    }
    unread = ~np.any(list(reads.values()), axis=0)
    if unread.any():
        raise NewsImagesError(
            f"The articles {first_ten(queries.ids[unread])} are not in English and were not "
            "translated, and no multilingual view is asked. Translate them first."
        )
    asks = {
        view: own & (queries.has_text if view.text_field == "text" else True)
        for view, own in reads.items()
    }
    # Where only texts have a weight, the title stands for an absent one.
    on_title = np.any(list(asks.values()), axis=0)
    asks = {view: np.where(on_title, own, reads[view]) for view, own in asks.items()}
    total = sum(own * weighted[view] for view, own in asks.items())
    is_whole = np.all(list(asks.values()), axis=0)
    return {
        view: np.where(is_whole, weighted[view], own * weighted[view] / total).astype(np.float32)
        for view, own in asks.items()
    }
