"""The first images of each article among very many, found in two stages.

In come a `Space` and an offset per image, out comes what `newsimages.ranking.ranking.rank` gives,
with the same bits, without a number per article and image ever being held. The images are gone
through in chunks:

1. The **scan** scores every image in bfloat16, which is half the bytes to read, and keeps those
   that can be among the first k: whose score is not further below the k-th greatest than twice what
   the scores of the two stages can be apart (`Slack`). So none is lost.
2. What was kept, some hundreds, is **scored again** in float32, in products of the same shape as
   those of `SimilarityTiles`, whose bits do not depend on which images they hold (measured, MKL).

Where a tenth of the images or less is asked, only these are read. Where very many were kept, and
where there are no halves, the scan is in float32: its scores are the final ones.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from newsimages.embeddings import UNIT_TOLERANCE
from newsimages.ranking.confidence import Confidence
from newsimages.ranking.halves import Halves, copies_of
from newsimages.ranking.similarity import PRODUCT_ROWS, cut
from newsimages.ranking.spaces import Space

MANY = 50_000  # images from which on they are searched in this way
AT_A_TIME = 1024  # articles that share one reading of the images, fewer where lists are long
CHUNK = 65_536  # images at a time, fewer where many articles are asked
FEW = 0.1  # share of the images up to which only those that are asked are read
GATHERED = 8192  # of them at a time, so that their memory is used again
SCORES = 1 << 22  # of a chunk at most
BLOCK = 64  # images of which only the greatest score is looked at first
SMALLEST = 1e-30  # temperature
CROWDED = 8192  # images that are kept for one article, beyond which it is asked in float32


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """The first K images of each of C articles, best first."""

    rows: NDArray[np.int64]
    """(C, K) where they are in the space."""
    scores: NDArray[np.float32]
    """(C, K)"""
    similarities: NDArray[np.float32]
    """(C, K)"""
    log_sums: NDArray[np.float64]
    """(C,) the logarithm of Σ exp(T · score) over all images; 0 where T was not given."""

    def sureness(
        self, confidence: Confidence, n_images: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(C, K) the probabilities of these images, and (C,) that none of ``n_images`` fits."""
        nothing = confidence.nothing + np.log(n_images)
        total = np.logaddexp(self.log_sums, nothing)
        powers = confidence.temperature * self.scores.astype(np.float64) - total[:, None]
        return np.exp(powers).astype(np.float32), np.exp(nothing - total).astype(np.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Asked:
    """What is the same for all articles."""

    space: Space
    lowered: Tensor
    """(D,) what is added to an image's share of the similarity; −inf: it is not asked."""
    slope: float
    k: int
    temperature: float | None
    rows: NDArray[np.int64] | None
    """(N,) the only images that are read, rising; None: all."""

    def of(self, part: slice) -> slice | NDArray[np.int64]:
        """Where a part of the images that are read is."""
        return part if self.rows is None else self.rows[part]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Kept:
    """What a scan kept of the images, for each of B articles."""

    rows: list[NDArray[np.int64]]
    scores: list[NDArray[np.float32]]
    log_sums: NDArray[np.float64]
    """(B,) over all images, by the scan's scores."""
    crowded: NDArray[np.bool_]
    """(B,) of these articles too many were kept, so they are not listed."""


def search(
    space: Space,
    offsets: NDArray[np.float32],
    slope: float,
    *,
    top_k: int,
    asked: NDArray[np.bool_] | None = None,
    temperature: float | None = None,
) -> Found:
    """The first images of each article by (slope · similarity − offset, id).

    Args:
        space: C articles and D images.
        offsets: (D,) finite.
        slope: Above 0.
        top_k: Length of the lists, at most as many as are asked.
        asked: (D,) the images that are asked; None: all.
        temperature: T, where the sums of exp(T · score) are wanted. To them, images that are not
            scored again give what the scan says. It is off by T · `Slack` at most, to either side
            by chance, and the sum of very many by far less (below 1e-3 of a probability in the
            tests).
    """
    lowered, rows = torch.from_numpy(np.negative(offsets)), None
    if asked is not None and np.count_nonzero(asked) <= FEW * len(asked):
        rows = np.flatnonzero(asked)
    elif asked is not None:
        lowered[torch.from_numpy(~asked)] = -torch.inf
    if temperature is not None:
        temperature = max(temperature, SMALLEST)  # −inf times 0 is no number
    request = _Asked(
        space=space,
        lowered=lowered,
        slope=slope,
        k=top_k,
        temperature=temperature,
        rows=rows,
    )
    parts = []
    at_a_time = max(1, min(AT_A_TIME, SCORES // top_k))
    for start in range(0, len(space.article_ids), at_a_time):
        queries = [torch.from_numpy(q[start : start + at_a_time]) for q in space.queries]
        parts.append(_searched(queries, request))
    return Found(
        rows=np.concatenate([part.rows for part in parts]),
        scores=np.concatenate([part.scores for part in parts]),
        similarities=np.concatenate([part.similarities for part in parts]),
        log_sums=np.concatenate([part.log_sums for part in parts]),
    )


def _searched(queries: Sequence[Tensor], request: _Asked) -> Found:
    """The lists of B articles, (B, E) per block."""
    if request.space.halves is None:
        return _listed(queries, _scan_whole(queries, request), request)
    kept = _scan_halves(queries, request.space.halves, request)
    found = _listed(queries, kept, request)
    if kept.crowded.any():
        rest = torch.from_numpy(kept.crowded)
        own = [q[rest] for q in queries]
        again = _listed(own, _scan_whole(own, request), request)
        for name in ("rows", "scores", "similarities", "log_sums"):
            getattr(found, name)[kept.crowded] = getattr(again, name)
    return found


def _listed(queries: Sequence[Tensor], kept: _Kept, request: _Asked) -> Found:
    """Scores again what was kept, and puts it in order."""
    shape = len(queries[0]), request.k
    found = Found(
        rows=np.zeros(shape, np.int64),
        scores=np.zeros(shape, np.float32),
        similarities=np.zeros(shape, np.float32),
        log_sums=kept.log_sums,
    )
    for article in np.flatnonzero(~kept.crowded).tolist():
        rows = kept.rows[article]
        scores, similarities = scored(
            [q[article] for q in queries], request.space, rows, request.lowered, request.slope
        )
        if request.temperature is not None:
            found.log_sums[article] = _corrected(
                found.log_sums[article], request.temperature, kept.scores[article], scores
            )
        first = in_order(scores, rows, request.space)[: request.k]
        found.rows[article] = rows[first]
        found.scores[article] = scores[first]
        found.similarities[article] = similarities[first]
    return found


def _corrected(
    log_sum: float, temperature: float, before: NDArray[np.float32], after: NDArray[np.float32]
) -> float:
    """A sum's logarithm with some scores' summands in the place of what the scan gave them.

    What they were off by on average, the others are taken to be off by too: most of it is the
    article's own rounding, along the direction that all images share.
    """
    others = temperature * float(np.mean(after - before, dtype=np.float64))
    old = np.exp(temperature * before.astype(np.float64) - log_sum).sum()
    new = np.exp(temperature * after.astype(np.float64) - log_sum).sum()
    return float(log_sum + np.log(max(1 - old, 0.0) * np.exp(others) + new))


def in_order(
    scores: NDArray[np.float32], rows: NDArray[np.int64], space: Space
) -> NDArray[np.int64]:
    """(N,) the order of some images by (−score, id)."""
    return np.lexsort((rows if space.places is None else space.places[rows], -scores))


def scored(
    query: Sequence[Tensor],
    space: Space,
    rows: NDArray[np.int64],
    lowered: Tensor,
    slope: float,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(N,) the scores and similarities of some images, as a scan of all of them gives them.

    Args:
        query: Per block (E,) of one article.
        space: Of the images.
        rows: (N,) where they are.
        lowered: (D,) the offsets, negative.
        slope: The factor of a similarity.
    """
    filled_up = np.resize(rows, len(rows) + -len(rows) % PRODUCT_ROWS)
    blocks = [np.take(block, filled_up, axis=0) for block in space.gallery]
    asked = [nn.functional.pad(q[None], (0, 0, 0, PRODUCT_ROWS - 1)) for q in query]
    product = _product(asked, [torch.from_numpy(block) for block in blocks])
    similarities = product[0, : len(rows)]
    copies = copies_of([block[: len(rows)] for block in blocks])
    similarities[copies.rows] = similarities[copies.originals]
    scores = torch.add(lowered[torch.from_numpy(rows)], similarities, alpha=slope)
    return scores.numpy(), similarities.numpy()


def _product(queries: Sequence[Tensor], images: Sequence[Tensor]) -> Tensor:
    """(B, N) the sum of the blocks' products, B a multiple of `PRODUCT_ROWS`."""
    (asked, block), *others = zip(cut(queries), cut(images), strict=True)
    product = torch.mm(asked, block.T)
    for asked, block in others:
        product.addmm_(asked, block.T)
    return product


def _scan_whole(queries: Sequence[Tensor], request: _Asked) -> _Kept:
    """A scan in float32, whose scores are the final ones."""
    n_queries = len(queries[0])
    filled_up = [nn.functional.pad(q, (0, 0, 0, -n_queries % PRODUCT_ROWS)) for q in queries]
    apart = torch.zeros(n_queries)

    def write(part: slice, out: Tensor) -> Tensor:
        where = request.of(part)
        images = [torch.from_numpy(block[where]) for block in request.space.gallery]
        out.copy_(_product(filled_up, images)[:n_queries].T)
        return apart

    return _Scan(n_queries, request, final=True).run(write)


def _scan_halves(queries: Sequence[Tensor], halves: Sequence[Halves], request: _Asked) -> _Kept:
    """A scan in bfloat16."""
    rounded = [q.bfloat16().T for q in queries]  # (E, B)
    finite = request.lowered[request.lowered.isfinite()]
    greatest = float(finite.abs().max()) if len(finite) else 0.0
    slack = Slack(queries, halves, request.slope, greatest)

    def write(part: slice, out: Tensor) -> Tensor:
        where = request.of(part)
        for number, (half, asked) in enumerate(zip(halves, rounded, strict=True)):
            product = torch.mm(half.vectors[where], asked)  # (N, B): faster than its transpose
            whole = product.float() if number else out.copy_(product)
            slack.reached(number, torch.maximum(whole.amax(dim=0), -whole.amin(dim=0)))
            if number:
                out.add_(whole)
        return slack.apart()

    return _Scan(len(queries[0]), request, final=False).run(write)


class Slack:
    """How far apart a score of the scan in bfloat16 and the final one can be.

    Let q = q' + d be an article in one block and g = g' + e an image, both rounded to bfloat16 and
    what rounding took off; u = 2⁻²⁴. Then

    * q·g − q'·g' = q·e + d·g' is at most |q|·max|e| + |d|·|g'|;
    * a sum of E products in float32, in any order, is off by E·u·|q|·|g| at most (to first order;
      products of two bfloat16 numbers are exact in float32), in the scan and in the final product;
    * the scan's product comes rounded to bfloat16, by 2⁻⁸ of itself at most, so what matters is the
      greatest that came so far;
    * the sum over the blocks, slope · z − offset in either stage and this bound itself are rounded
      to float32, together by less than 16·u of the greatest number that can stand in them.
    """

    def __init__(
        self,
        queries: Sequence[Tensor],
        halves: Sequence[Halves],
        slope: float,
        greatest_offset: float,
    ) -> None:
        """Takes B articles and the images, per block, and the greatest absolute offset."""
        self.slope = slope
        fixed = torch.zeros(len(queries[0]), dtype=torch.float64)
        greatest = torch.zeros_like(fixed)
        for asked, half in zip(queries, halves, strict=True):
            whole = asked.double()
            length = whole.norm(dim=1)
            taken_off = (whole - asked.bfloat16().double()).norm(dim=1)
            image_length = 1 + UNIT_TOLERANCE + half.error
            product = (length + taken_off) * image_length  # the greatest that it can be
            sums = 2 * (asked.shape[1] + 8) * 2.0**-24
            fixed += length * half.error + taken_off * image_length + sums * product
            greatest += product
        rounding = 16 * 2.0**-24 * (slope * greatest + greatest_offset)
        self.fixed = slope * fixed + rounding  # (B,)
        self.reach = torch.zeros(len(queries), len(queries[0]), dtype=torch.float64)

    def reached(self, block: int, product: Tensor) -> None:
        """Tells the greatest absolute products (B,) of some more images in one block."""
        self.reach[block] = torch.maximum(self.reach[block], product.double())

    def apart(self) -> Tensor:
        """(B,) float32, for all images that were told of."""
        return (self.fixed + self.slope * 1.02 * 2.0**-8 * self.reach.sum(dim=0)).float()


class _Scan:
    """Goes once through all images and keeps those that can be among the first k of an article."""

    def __init__(self, n_queries: int, request: _Asked, *, final: bool) -> None:
        """``final``: the scan's scores are the final ones."""
        self.n_queries, self.request, self.final = n_queries, request, final
        self.apart = torch.zeros(n_queries)
        self.limit = max(CROWDED, 4 * request.k)
        self.best = torch.full((request.k, n_queries), -torch.inf)
        """(k, B) scores that so many images reach at least, falling along each column."""
        self.crowded = torch.zeros(self.n_queries, dtype=torch.bool)
        self.kept: list[tuple[Tensor, Tensor, Tensor]] = []
        """Article, row and score of what was kept, a group per chunk."""
        self.counts = torch.zeros(self.n_queries, dtype=torch.int64)
        self.shift = torch.full((self.n_queries,), torch.finfo(torch.float32).min)
        self.sums = torch.zeros(self.n_queries, dtype=torch.float64)
        """Σ exp(T · score − shift), where T is given."""

    def run(self, write: Callable[[slice, Tensor], Tensor]) -> _Kept:
        """``write`` writes the similarities (N, B) of a slice of the images.

        It returns how far apart an article's scores so far and the final ones can be (B,).
        """
        lowered = self.request.lowered[self.request.of(slice(None))][:, None]
        n_images = len(lowered)
        at_once = CHUNK if self.request.rows is None else GATHERED
        chunk = max(min(at_once, SCORES // self.n_queries) // BLOCK, 1) * BLOCK
        width = BLOCK
        while width > 1 and chunk < 4 * width * self.request.k:
            width //= 2
        # One for all chunks: fresh memory costs more than the sums.
        store, powers = torch.empty(2, chunk, self.n_queries)
        for start in range(0, n_images, chunk):
            rows = slice(start, min(start + chunk, n_images))
            scores = store[: rows.stop - rows.start]
            self.apart = write(rows, scores)
            torch.add(lowered[rows], scores, alpha=self.request.slope, out=scores)
            blocks = store[: -(-len(scores) // width) * width]
            blocks[len(scores) :] = -torch.inf
            blocks = blocks.view(-1, width, self.n_queries)
            greatest = blocks.amax(dim=1)  # (N / width, B)
            if self.request.temperature is not None:
                self._add(scores, greatest, powers[: len(scores)], self.request.temperature)
            self._keep(blocks, greatest, start)
        return self._result()

    def _add(self, scores: Tensor, greatest: Tensor, powers: Tensor, temperature: float) -> None:
        """Adds a chunk's exp(T · score)."""
        shift = torch.maximum(self.shift, greatest.amax(dim=0) * temperature)
        torch.mul(scores, temperature, out=powers)
        powers.sub_(shift).exp_()
        self.sums = self.sums * (self.shift - shift).double().exp() + powers.sum(dim=0).double()
        self.shift = shift

    def _keep(self, blocks: Tensor, greatest: Tensor, start: int) -> None:
        """Keeps what reaches as far as can be among the first k."""
        self.best = torch.cat([self.best, greatest]).topk(self.request.k, dim=0).values
        floor = self._floor()
        block, article = (greatest >= floor).nonzero(as_tuple=True)
        near = blocks[block, :, article]  # (H, width)
        hit, place = (near >= floor[article, None]).nonzero(as_tuple=True)
        rows = start + block[hit] * blocks.shape[1] + place
        if self.request.rows is not None:
            rows = torch.from_numpy(self.request.rows)[rows]
        self.kept.append((article[hit], rows, near[hit, place]))
        self.counts += self.kept[-1][0].bincount(minlength=self.n_queries)
        if (self.counts > self.limit).any():
            self._thin_out()

    def _floor(self) -> Tensor:
        """(B,) what a score must reach; never −inf, which the images have that are not asked."""
        floor = (self.best[-1] - 2 * self.apart).clamp_(min=torch.finfo(torch.float32).min)
        return floor.masked_fill_(self.crowded, torch.inf)

    def _thin_out(self) -> None:
        """Gives up what was kept before more was known, and articles of which still too much is."""
        article, rows, scores = self._sorted()
        if self.final:
            stays = self._first(article)
        else:
            stays = scores >= self._floor()[article]
            self.crowded |= article[stays].bincount(minlength=self.n_queries) > self.limit
            stays &= ~self.crowded[article]
        self.kept = [(article[stays], rows[stays], scores[stays])]
        self.counts = article[stays].bincount(minlength=self.n_queries)

    def _sorted(self) -> tuple[Tensor, Tensor, Tensor]:
        """What was kept, by (article, −score, id)."""
        article, rows, scores = (torch.cat(parts) for parts in zip(*self.kept, strict=True))
        places = self.request.space.places
        ids = rows.numpy() if places is None else places[rows.numpy()]
        order = torch.from_numpy(np.lexsort((ids, -scores.numpy(), article.numpy())))
        return article[order], rows[order], scores[order]

    def _first(self, article: Tensor) -> Tensor:
        """Whether each of them is one of the first k of its article."""
        counts = article.bincount(minlength=self.n_queries)
        return torch.arange(len(article)) - (counts.cumsum(0) - counts)[article] < self.request.k

    def _result(self) -> _Kept:
        self._thin_out()
        [(article, rows, scores)] = self.kept
        ends = article.bincount(minlength=self.n_queries).cumsum(0)[:-1].tolist()
        return _Kept(
            rows=np.split(rows.numpy(), ends),
            scores=np.split(scores.numpy(), ends),
            log_sums=(self.shift.double() + self.sums.log()).numpy(),
            crowded=self.crowded.numpy(),
        )
