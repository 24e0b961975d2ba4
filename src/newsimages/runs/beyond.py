"""Runs beyond the paper: what they choose on the validation part, and how they rank a test set.

A run has one source of similarities or several (CLIP, T×V, a multilingual CLIP on the articles as
they were written; titles and texts). Each source's
revision is chosen on the validation articles, for whole batches or for one article at a time
against the training headlines; then, for several, the weights of their sum. Test articles come in
when all is chosen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pandas as pd
import torch

from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from newsimages.protocols.parts import EmbeddedSet, Space, TextField
from newsimages.ranking.bank import COPY_COSINE, bank_offsets, without_asked
from newsimages.ranking.ranking import Ranking, rank
from newsimages.ranking.revision import Revision
from newsimages.runs import table as runs
from newsimages.runs.combination import Source, combine
from newsimages.runs.fusion import fuse_ranks
from newsimages.runs.selection import (
    REVISIONS,
    RevisionChoice,
    ValidationPart,
    choose_revision,
    choose_weights,
)
from newsimages.runs.table import Against, Run
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
    _chosen: dict[tuple[runs.Source, Against], RevisionChoice] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def choose(self, run: Run) -> Choice:
        """What the run goes by.

        Raises:
            NewsImagesError: As `newsimages.runs.selection`.
        """
        choices = [self._choice_of(source, run.against) for source in run.sources]
        revisions = [choice.winner for choice in choices]
        tried = [choice.curve.assign(source=n) for n, choice in enumerate(choices, start=1)]
        weights: tuple[float, ...] = (1 / len(choices),) * len(choices)
        if run.fusion == "weights":
            of_weights = choose_weights(
                self._combined(run, self.validation, revisions),
                self.validation.truth(),
                weight_candidates(len(choices)),
                memory_mb=self.memory_mb,
                device=self.device,
            )
            weights = of_weights.winner
            tried.append(of_weights.curve)
        curve = pd.concat(tried, ignore_index=True)
        return Choice(revisions=tuple(revisions), weights=weights, curve=curve)

    def rank(self, run: Run, test: EmbeddedSet, choice: Choice, *, top_k: int = 100) -> Ranking:
        """The lists of a test set's articles, by what was chosen."""
        if run.fusion == "weights":
            return combine(
                self._combined(run, test, choice.revisions),
                weights=choice.weights,
                top_k=top_k,
                memory_mb=self.memory_mb,
                device=self.device,
            )
        rankings = [
            self._ranked(source, run.against, test, revision, top_k=top_k)
            for source, revision in zip(run.sources, choice.revisions, strict=True)
        ]
        return rankings[0] if run.fusion is None else fuse_ranks(rankings, top_k=top_k)

    def _choice_of(self, source: runs.Source, against: Against) -> RevisionChoice:
        """The revision of a source; chosen once, however many runs have it."""
        if (source, against) not in self._chosen:
            queries, gallery = self._view(source, self.validation)
            alone = against == "bank"
            self._chosen[source, against] = choose_revision(
                ValidationPart(queries=queries, gallery=gallery, truth=self.validation.truth()),
                ONE_AT_A_TIME if alone else REVISIONS,
                bank=self._bank(source, queries) if alone else None,
                memory_mb=self.memory_mb,
                device=self.device,
            )
        return self._chosen[source, against]

    def _ranked(
        self,
        source: runs.Source,
        against: Against,
        test: EmbeddedSet,
        revision: Revision,
        *,
        top_k: int,
    ) -> Ranking:
        """The lists of one source."""
        queries, gallery = self._view(source, test)
        budget: dict[str, Any] = {"memory_mb": self.memory_mb, "device": self.device}
        offsets = None
        if against == "bank":
            offsets = bank_offsets(self._bank(source, queries), gallery, revision, **budget)
        return rank(queries, gallery, revision=revision, offsets=offsets, top_k=top_k, **budget)

    def _combined(self, run: Run, part: EmbeddedSet, revisions: Sequence[Revision]) -> list[Source]:
        """What `combine` sums."""
        combined = []
        for source, revision in zip(run.sources, revisions, strict=True):
            queries, gallery = self._view(source, part)
            combined.append(Source(queries=queries, gallery=gallery, revision=revision))
        return combined

    def _bank(self, source: runs.Source, queries: Embeddings) -> Embeddings:
        """The bank without what is asked for."""
        bank, _ = self._view(source, self.bank)
        others = without_asked(bank, queries, memory_mb=self.memory_mb, device=self.device)
        if not len(others):
            raise NewsImagesError(
                f"All {len(bank)} training articles are among those that are asked for, or have "
                f"the same vectors (a cosine of {COPY_COSINE} or more): no query bank is left."
            )
        return others

    def _view(self, source: runs.Source, part: EmbeddedSet) -> tuple[Embeddings, Embeddings]:
        """(queries, gallery) in the source's space."""
        retriever, text_field = source
        space = _originals(part) if retriever == "multilingual" else part
        queries, images = space.queries[text_field], space.images
        if retriever != "txv":
            return queries, images
        network = self.networks[text_field]
        return embed_texts(network, [queries]), embed_images(network, [images])


def weight_candidates(n_sources: int) -> list[tuple[float, ...]]:
    """All weights in steps of 1 / `STEPS` that sum to 1, equal-ish ones first."""
    grid = [each for each in product(range(STEPS + 1), repeat=n_sources) if sum(each) == STEPS]
    return [tuple(step / STEPS for step in each) for each in sorted(grid, key=max)]


def _originals(part: EmbeddedSet) -> Space:
    """The articles as they were written."""
    if part.multilingual is None:
        raise NewsImagesError(
            f"{part.name} has no vectors of a multilingual backbone. Set multilingual_backbone."
        )
    return part.multilingual
