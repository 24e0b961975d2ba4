"""Runs beyond the paper: what they choose on the validation part, and how they rank a test set.

A run has one source of similarities or several (CLIP, T×V, a multilingual CLIP on the articles as
they were written; titles and texts). Each source's
revision is chosen on the validation articles, for whole batches or for one article at a time
against the training headlines; then, for several, the weights of their sum. Test articles come in
when all is chosen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import pandas as pd
import torch

from newsimages.bank import bank_offsets, in_bank
from newsimages.combination import Source, combine
from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from newsimages.fusion import fuse_ranks
from newsimages.protocols import EmbeddedSet, Space, TextField
from newsimages.ranking import Ranking, rank
from newsimages.revision import Revision
from newsimages.runs import Run
from newsimages.selection import REVISIONS, ValidationPart, choose_revision, choose_weights
from newsimages.txv import TxVNetwork, embed_images, embed_texts

STEPS = 4
"""Weights are tried in steps of one quarter."""
ONE_AT_A_TIME = tuple(each for each in REVISIONS if each.method != "sinkhorn")
"""Sinkhorn needs the whole batch to be at its best, and costs the most."""
Networks = Mapping[TextField, TxVNetwork]


@dataclass(frozen=True, kw_only=True, eq=False)
class Choice:
    """What a run goes by, chosen on the validation part."""

    revisions: tuple[Revision, ...]
    """One per source."""
    weights: tuple[float, ...]
    """One per source; they sum to 1."""
    curve: pd.DataFrame
    """All that was tried: a row per candidate, with its figures on the validation part."""


@dataclass(frozen=True, kw_only=True)
class Chooser:
    """What choices are made from, and how."""

    validation: EmbeddedSet
    """All validation articles with their images as one gallery."""
    bank: EmbeddedSet
    """The training articles."""
    networks: Networks
    """T×V by the text field that it is queried with."""
    memory_mb: int = 512
    device: torch.device | str = "cpu"

    def choose(self, run: Run) -> Choice:
        """What the run goes by.

        Raises:
            NewsImagesError: As `newsimages.selection`.
        """
        truth = self.validation.truth()
        views, banks = self._views(run, self.validation), self._views(run, self.bank)
        tried, revisions = [], []
        for number, (view, (bank, _)) in enumerate(zip(views, banks, strict=True), start=1):
            choice = choose_revision(
                ValidationPart(queries=view[0], gallery=view[1], truth=truth),
                ONE_AT_A_TIME if run.against == "bank" else REVISIONS,
                bank=_apart(bank, view[0]) if run.against == "bank" else None,
                memory_mb=self.memory_mb,
                device=self.device,
            )
            revisions.append(choice.winner)
            tried.append(choice.curve.assign(source=number))
        weights: tuple[float, ...] = (1 / len(views),) * len(views)
        if run.fusion == "weights":
            of_weights = choose_weights(
                _sources(views, revisions),
                truth,
                weight_candidates(len(views)),
                memory_mb=self.memory_mb,
                device=self.device,
            )
            weights = of_weights.winner
            tried.append(of_weights.curve)
        curve = pd.concat(tried, ignore_index=True)
        return Choice(revisions=tuple(revisions), weights=weights, curve=curve)

    def rank(self, run: Run, test: EmbeddedSet, choice: Choice, *, top_k: int = 100) -> Ranking:
        """The lists of a test set's articles, by what was chosen."""
        views = self._views(run, test)
        if run.fusion == "weights":
            return combine(
                _sources(views, choice.revisions),
                weights=choice.weights,
                top_k=top_k,
                memory_mb=self.memory_mb,
                device=self.device,
            )
        rankings = []
        banks = self._views(run, self.bank)
        for view, (bank, _), revision in zip(views, banks, choice.revisions, strict=True):
            offsets = None
            if run.against == "bank":
                offsets = bank_offsets(
                    _apart(bank, view[0]),
                    view[1],
                    revision,
                    memory_mb=self.memory_mb,
                    device=self.device,
                )
            rankings.append(
                rank(
                    *view,
                    revision=revision,
                    offsets=offsets,
                    top_k=top_k,
                    memory_mb=self.memory_mb,
                    device=self.device,
                )
            )
        return rankings[0] if run.fusion is None else fuse_ranks(rankings, top_k=top_k)

    def _views(self, run: Run, part: EmbeddedSet) -> list[tuple[Embeddings, Embeddings]]:
        """(queries, gallery) of each of the run's sources."""
        views = []
        for retriever, field in run.sources:
            space = _space(part) if retriever == "multilingual" else part
            queries, images = space.queries[field], space.images
            if retriever == "txv":
                network = self.networks[field]
                queries, images = embed_texts(network, [queries]), embed_images(network, [images])
            views.append((queries, images))
        return views


def weight_candidates(n_sources: int) -> list[tuple[float, ...]]:
    """All weights in steps of 1 / `STEPS` that sum to 1, equal-ish ones first."""
    grid = [each for each in product(range(STEPS + 1), repeat=n_sources) if sum(each) == STEPS]
    return [tuple(step / STEPS for step in each) for each in sorted(grid, key=max)]


def _space(part: EmbeddedSet) -> Space:
    """The articles as they were written."""
    if part.multilingual is None:
        raise NewsImagesError(
            f"{part.name} has no vectors of a multilingual backbone. Set multilingual_backbone."
        )
    return part.multilingual


def _sources(
    views: Sequence[tuple[Embeddings, Embeddings]], revisions: Sequence[Revision]
) -> list[Source]:
    return [
        Source(queries=queries, gallery=gallery, revision=revision)
        for (queries, gallery), revision in zip(views, revisions, strict=True)
    ]


def _apart(bank: Embeddings, queries: Embeddings) -> Embeddings:
    """The bank without what is asked for."""
    return bank.select(bank.ids[~in_bank(bank, queries)].tolist())
