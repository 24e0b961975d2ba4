"""The retriever: an article in, ranked images out. Evaluation and serving both go through it.

titles, texts ─ encode ─> queries per view ─ fuse ─> one space ─ similarity ─ revision ─ top k
"""

import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from newsimages.devices import ON_CPU, Compute
from newsimages.errors import NewsImagesError, first_ten
from newsimages.gallery.snapshot import Snapshot
from newsimages.plain_text import readable
from newsimages.ranking.assignment import Assignment, assign
from newsimages.ranking.bank import ImageOffsets, bank_offsets
from newsimages.ranking.confidence import Confidence
from newsimages.ranking.contributions import contributions, differences
from newsimages.ranking.index import ImageIndex, build_index, tuned
from newsimages.ranking.prepared import Prepared
from newsimages.ranking.ranking import Ranking, rank
from newsimages.ranking.revisions import PLAIN, Revision
from newsimages.ranking.spaces import Gallery, Queries, Weights, fuse, less, queries_like
from newsimages.txv.towers import Networks

MEASURED = 1_000  # articles by which an index is tuned
MINUS_WEIGHT, MAX_MINUS_WEIGHT = 0.5, 2.0
Against = Literal["bank", "batch"]
EncodeArticles = Callable[[Mapping[str, str], Mapping[str, str]], Queries]
"""Titles and texts by article id, a blank text where there is none, to vectors."""


@dataclass(frozen=True, kw_only=True)
class IndexRecord:
    """What is known of the index that a retriever answers by."""

    images: int
    """How many it holds."""
    cells: int
    """In which they stand."""
    probed: int
    """Cells that are gone through for an article."""
    recall_at_100: float
    """The share of the exact lists' first 100 that it found for validation articles."""
    approximate: bool = True
    """Whether an image may be missing in an answer."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """The run and the data behind a retriever."""

    variant: str
    """The run whose choice it goes by."""
    corpus: str
    backbone: str
    """openCLIP's name of the model."""
    pretrained: str
    """The tag of its weights."""
    precision: str
    """In which its texts are encoded."""
    gallery: str
    """Whose images it ranks, as the parameter said."""
    gallery_size: int
    bank_sets: tuple[str, ...]
    """The data sets whose training articles are the query bank."""
    bank_size: int
    """Articles in the query bank."""
    bank_sha256: str
    """Of the bank's vectors, in all views."""
    gallery_sha256: str
    """Of the images' ids and vectors."""
    validation_articles: int
    """Articles that its weights and revision were chosen on."""
    index: IndexRecord | None = None
    """None: every answer is exact."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Retriever:
    """Finds images for articles in one gallery, by what a run has chosen."""

    gallery: Gallery
    """D images, in each tower that has a weight."""
    prepared: Prepared | None = None
    """The same for search, where that is at hand already; None: made when it is first needed."""
    index: ImageIndex | None = None
    """What answers, approximately, against the bank by its revision where all images are asked;
    None: every answer is exact."""
    weights: Weights
    """How much each view counts."""
    revisions: tuple[Revision, ...]
    """What can be done to the similarities, one of each name; the first where none is named."""
    offsets: tuple[ImageOffsets, ...] = ()
    """The images' offsets over a query bank, per revision; empty: there is no bank."""
    confidences: Mapping[str, Confidence] = field(default_factory=dict)
    """How sure the scores of each revision are, by its name, against the query bank."""
    networks: Networks = field(default_factory=dict)
    """T×V's networks, of those of its towers that have a weight."""
    encode: EncodeArticles | None = None
    """Turns articles in any language into queries; None: only vectors can be ranked."""
    provenance: Provenance | None = None
    """What a registered retriever was made of."""
    snapshot: Snapshot | None = None
    """The version of a gallery that grows whose images it ranks; None: they are its own."""
    neutral: NDArray[np.float32] | None = None
    """The vector of images without a caption, for those that come to its gallery later; None where
    captions have no weight."""
    compute: Compute = ON_CPU
    """Where to rank, and with how much memory."""

    def retrieve(
        self,
        titles: Mapping[str, str],
        texts: Mapping[str, str] | None = None,
        *,
        top_k: int = 100,
        revision: str | None = None,
        against: Against = "bank",
        within: NDArray[np.bool_] | None = None,
        minus: str = "",
        minus_weight: float = MINUS_WEIGHT,
    ) -> Ranking:
        """Ranks the gallery for articles.

        Args:
            titles: Title by article id, none of them blank.
            texts: Text by article id, where there is one.
            top_k: Length of the lists; the whole gallery where it holds fewer images.
            revision: The name of one of ``revisions``, or ``none`` for plain cosine; None takes the
                first.
            against: ``bank`` takes the images' offsets over the query bank, so that an article's
                answer is the same in any company; ``batch`` over these same articles (the paper's
                form).
            within: (D,) which images are asked, in the gallery's order; None: all.
            minus: What the images should not show; it is taken from each article in every view.
                Such answers have no confidence, as none was fitted for them. "": nothing.
            minus_weight: How much of it is taken away, 0 to `MAX_MINUS_WEIGHT`.

        Returns:
            top_k images per article, all that are asked where they are fewer, in the order of the
            titles.

        Raises:
            NewsImagesError: As `queries`, `less` and `rank`.
        """
        queries = self.queries(titles, texts)
        if minus:
            queries = self.less(queries, minus, minus_weight)
        return self.rank(queries, top_k=top_k, revision=revision, against=against, within=within)

    def like(
        self,
        image_id: str,
        *,
        top_k: int = 100,
        within: NDArray[np.bool_] | None = None,
        minus: str = "",
        minus_weight: float = MINUS_WEIGHT,
    ) -> Ranking:
        """Ranks the gallery's other images by their likeness to one of them, without revision.

        The similarity is that of the fused space: the towers' cosines, each with the tower's
        weight. All else as `retrieve`; there is one list, and no confidence.

        Raises:
            NewsImagesError: An unknown image, or as `less` and `rank`.
        """
        row = int(self.rows_of([image_id])[0])
        queries = queries_like(self._prepared.gallery, row, self.weights)
        others = np.ones(len(self._prepared), np.bool_) if within is None else within.copy()
        others[row] = False
        if minus:
            queries = self.less(queries, minus, minus_weight)
        return self.rank(queries, top_k=top_k, revision=PLAIN.name, within=others)

    def queries(self, titles: Mapping[str, str], texts: Mapping[str, str] | None = None) -> Queries:
        """Articles as vectors in the views that have a weight, in the order of the titles.

        Raises:
            NewsImagesError: No titles, blank ones, no text encoder, or as it raises.
        """
        if self.encode is None:
            raise NewsImagesError("This retriever has no text encoder: rank vectors instead.")
        if not titles:
            raise NewsImagesError("No articles: give at least one.")
        blank = [key for key, title in titles.items() if not readable(title)]
        if blank:
            raise NewsImagesError(f"Articles with a blank title: {first_ten(blank)}. Fill it in.")
        known = texts or {}
        return self.encode(titles, {key: known.get(key, "") for key in titles})

    def less(self, queries: Queries, text: str, weight: float = MINUS_WEIGHT) -> Queries:
        """Articles, or an image, less what a text says, as `newsimages.ranking.spaces.less`.

        Raises:
            NewsImagesError: A blank text, a weight that is not 0 to `MAX_MINUS_WEIGHT`, or as
                `queries`.
        """
        if not readable(text):
            raise NewsImagesError("minus is blank: say what the images should not show.")
        if not 0 <= weight <= MAX_MINUS_WEIGHT:
            raise NewsImagesError(
                f"minus_weight is {weight}, expected a number from 0 to {MAX_MINUS_WEIGHT:g}."
            )
        return less(queries, self.queries({"minus": text}, {"minus": text}), weight)

    def rank(
        self,
        queries: Queries,
        *,
        top_k: int = 100,
        revision: str | None = None,
        against: Against = "bank",
        within: NDArray[np.bool_] | None = None,
    ) -> Ranking:
        """Ranks the gallery for articles that have been encoded; all else as `retrieve`.

        Raises:
            NewsImagesError: A view is missing, vectors of another dimension, a top_k below 1, no
                bank where one is asked for, or an unknown ``revision`` or ``against``.
        """
        if against not in get_args(Against):
            expected = first_ten(get_args(Against))
            raise NewsImagesError(f"against is {against!r}, expected {expected}.")
        chosen = self._revision(revision)
        space = self._prepared.space(queries, self.weights)
        as_measured = against == "bank" and not queries.steered
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # one article in batch form: documented
            return rank(
                space,
                chosen,
                offsets=self._offsets(chosen) if against == "bank" else None,
                confidence=self.confidences.get(chosen.name) if as_measured else None,
                top_k=top_k,
                compute=self.compute,
                within=within,
                index=self.index if as_measured else None,
            )

    def assign(
        self,
        queries: Queries,
        *,
        revision: str | None = None,
        against: Against = "bank",
        without: Collection[str] = (),
    ) -> Assignment:
        """An image of the gallery for each article, none twice, best in total.

        Args:
            queries: C articles.
            revision: As `retrieve`.
            against: As `retrieve`.
            without: Ids of images that are not to be given.

        Raises:
            NewsImagesError: There are fewer images than articles; as `rank`.
        """
        prepared = self._prepared
        alive = np.ones(len(prepared), np.bool_) if prepared.alive is None else prepared.alive
        within = alive & ~np.isin(prepared.ids, list(without))
        return assign(
            lambda k: self.rank(
                queries, top_k=k, revision=revision, against=against, within=within
            ),
            n_articles=len(queries),
            n_images=int(within.sum()),
            memory_mb=self.compute.memory_mb,
        )

    def explain(
        self, queries: Queries, ranking: Ranking, *, revision: str | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """What each view and the revision contribute to the scores of a ranking against the bank.

        Returns:
            (C, K) by view and ``revision``, as `contributions`: they add up to the scores.

        Raises:
            NewsImagesError: As `rank`.
        """
        chosen = self._revision(revision)
        offsets = np.zeros(ranking.scores.shape, np.float32)
        if own := self._offsets(chosen):
            offsets = own.values[ranking.rows]
        return contributions(
            queries,
            self._prepared.gallery,
            self.weights,
            ranking.rows,
            slope=chosen.slope,
            offsets=offsets,
            scores=ranking.scores,
        )

    def differences(
        self, queries: Queries, rows: NDArray[np.int64], *, revision: str | None = None
    ) -> NDArray[np.float64]:
        """How much more images score against the bank for the first article than for the others.

        Args:
            queries: C articles.
            rows: (K,) where the images are, as a `Ranking` or `rows_of` has them.
            revision: As `retrieve`.

        Returns:
            (C − 1, K), as `newsimages.ranking.contributions.differences`.

        Raises:
            NewsImagesError: As `rank`.
        """
        slope = self._revision(revision).slope
        return differences(queries, self._prepared.gallery, self.weights, rows, slope=slope)

    def rows_of(self, image_ids: Sequence[str]) -> NDArray[np.int64]:
        """Where images are in rankings' rows. Raises: NewsImagesError for unknown ones."""
        return self._prepared.rows_of(image_ids)

    def slope(self, revision: str | None = None) -> float:
        """The factor in front of a similarity in its scores. Raises: NewsImagesError as `rank`."""
        return self._revision(revision).slope

    def on_images(self, ids: Sequence[str]) -> "Retriever":
        """The retriever on a part of its images. Raises: NewsImagesError for an unknown one."""
        made = {id(images): images.select(ids) for images in self.gallery.values()}
        part = self.on_gallery({tower: made[id(own)] for tower, own in self.gallery.items()})
        return replace(part, offsets=tuple(each.select(ids) for each in self.offsets))

    def on_gallery(self, gallery: Gallery) -> "Retriever":
        """The retriever on other images, in its towers at least, without a query bank."""
        return replace(self, gallery=gallery, prepared=None, index=None, snapshot=None, offsets=())

    def with_bank(self, bank: Queries) -> "Retriever":
        """The retriever with its images' offsets over a query bank, for each of its revisions."""
        space = fuse(bank, self.gallery, self.weights)
        offsets = (bank_offsets(space, each, compute=self.compute) for each in self.revisions)
        return replace(self, offsets=tuple(offsets))

    def with_index(self, asked: Queries) -> "Retriever":
        """The retriever with an index over its images, for its first revision.

        Args:
            asked: Validation articles, by which it is tuned; of very many, as many as tell.

        Raises:
            NewsImagesError: faiss is not installed; the index misses too much; as `rank`.
        """
        revision, prepared = self.revisions[0], self._prepared
        own, step = self._offsets(revision), -(-len(asked) // MEASURED)
        space = prepared.space(asked.select(asked.ids[::step].tolist()), self.weights)
        values = np.zeros(len(prepared), np.float32) if own is None else own.values
        exact = rank(space, revision, offsets=own, compute=self.compute).rows
        index = tuned(build_index(space, values, revision), space, values, exact)
        return replace(self, prepared=prepared, index=index)

    @property
    def has_had_index(self) -> bool:
        """Whether it has an index, or was made with one, that its gallery has outgrown since."""
        return self.index is not None or bool(self.provenance and self.provenance.index)

    @property
    def index_record(self) -> IndexRecord | None:
        """What is known of its index; None: it has none, or one that was not measured."""
        index = self.index
        if index is None or index.recall_at_100 is None:
            return None
        return IndexRecord(
            images=index.n_images,
            cells=index.n_cells,
            probed=index.n_probed,
            recall_at_100=index.recall_at_100,
        )

    @cached_property
    def _prepared(self) -> Prepared:
        return Prepared.of(self.gallery) if self.prepared is None else self.prepared

    @cached_property
    def _in_rows(self) -> dict[Revision, ImageOffsets]:
        """The offsets in the order of the prepared images."""
        ids = self._prepared.ids
        return {
            each.revision: ImageOffsets.known(ids, each.of(ids), each.revision)
            for each in self.offsets
        }

    def _revision(self, name: str | None) -> Revision:
        by_name = {PLAIN.name: PLAIN, **{each.name: each for each in self.revisions}}
        if name is None:
            return self.revisions[0]
        if name not in by_name:
            expected = first_ten(list(by_name))
            raise NewsImagesError(f"revision is {name!r}, expected one of {expected}.")
        return by_name[name]

    def _offsets(self, revision: Revision) -> ImageOffsets | None:
        if revision == PLAIN:
            return None
        if revision in self._in_rows:
            return self._in_rows[revision]
        raise NewsImagesError(
            "This retriever has no query bank: rank with against=batch, or give it one."
        )
