"""What a run goes by: its weights and its revision, chosen before any test article is seen.

In come the validation part, the training articles (the query bank) and a run, out comes its
`Choice`, and the `Retriever` that follows from it: `evaluate` measures and `register` serves the
same. Nothing is chosen on a test set; test articles come in only to be left out of the bank.

Whole batches and one article at a time are different tasks, so a run that answers articles alone
chooses against the bank. In whole batches the greatest MRR wins. Against a bank the candidates
hardly differ, so the simplest revision within one standard error of the best wins.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from newsimages.devices import ON_CPU, Compute
from newsimages.errors import NewsImagesError
from newsimages.metrics.metrics import CUTS, figures_of, ranks_in_lists
from newsimages.protocols.embedded import EmbeddedSet, joined, with_txv
from newsimages.protocols.parts import Parts
from newsimages.ranking.bank import without_asked
from newsimages.ranking.confidence import Confidence
from newsimages.ranking.ranking import Ranking
from newsimages.ranking.revisions import PLAIN, REVISIONS, Revision
from newsimages.ranking.spaces import Gallery, Queries, View, Weights
from newsimages.retriever.retriever import Retriever
from newsimages.runs.table import Run
from newsimages.runs.validation import ValidationPart
from newsimages.txv.towers import Networks, txv_queries


@dataclass(frozen=True, kw_only=True, eq=False)
class Choice:
    """What a run goes by."""

    weights: Weights
    """One per view; they sum to 1."""
    revisions: tuple[Revision, ...]
    """The one that orders its lists; behind it, where it was chosen, the best of every other."""
    mrr: float = float("nan")
    """Its MRR on the validation part; NaN where nothing was chosen."""
    curve: pd.DataFrame = field(default_factory=pd.DataFrame)
    """All that was tried: a row per candidate with its settings, weights and figures."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Chooser:
    """Chooses for runs, for each once, and makes the retrievers that follow."""

    validation: EmbeddedSet | None = None
    """All validation articles with their images as one gallery; None: nothing can be chosen."""
    bank: Queries | None = None
    """The training articles."""
    networks: Networks = field(default_factory=dict)
    """T×V's networks, whose towers the validation part and the bank have."""
    scale: float = 1.0
    """Scale of the dual softmax of runs with nothing to choose (the paper: 1)."""
    compute: Compute = ON_CPU
    image_by_image: bool = False
    """Whether only revisions count whose offsets a gallery that grows can have."""
    _chosen: dict[Run, Choice] = field(default_factory=dict, init=False, repr=False)
    _parts: dict[Run, ValidationPart] = field(default_factory=dict, init=False, repr=False)
    _sure: dict[Run, dict[str, Confidence]] = field(default_factory=dict, init=False, repr=False)

    def choose(self, run: Run) -> Choice:
        """What the run goes by.

        Raises:
            NewsImagesError: There is no validation part, or no right image in it; no article is
                left in the bank.
        """
        if run not in self._chosen:
            if run.revision is None:
                self._chosen[run] = self._choose(run)
            else:
                equal = dict.fromkeys(run.views, 1 / len(run.views))
                revision = run.revision.at_scale(self.scale)
                self._chosen[run] = Choice(weights=equal, revisions=(revision,))
        return self._chosen[run]

    def retriever(
        self,
        run: Run,
        gallery: Gallery,
        bank: Queries | None = None,
        *,
        all_revisions: bool = False,
    ) -> Retriever:
        """The retriever of a run on a gallery, against a query bank where one is given.

        The gallery has the run's towers at least. With ``all_revisions`` a request may name others
        than the chosen one, and none.

        Raises:
            NewsImagesError: As `choose`.
        """
        choice = self.choose(run)
        towers = {view.tower for view, weight in choice.weights.items() if weight > 0}
        retriever = Retriever(
            gallery={tower: images for tower, images in gallery.items() if tower in towers},
            weights=choice.weights,
            revisions=choice.revisions if all_revisions else choice.revisions[:1],
            networks={tower: net for tower, net in self.networks.items() if tower in towers},
            compute=self.compute,
        )
        if bank is None:
            return retriever
        named = [*retriever.revisions, PLAIN] if all_revisions else retriever.revisions
        return replace(retriever.with_bank(bank), confidences=self._confidences(run, named))

    def _confidences(self, run: Run, revisions: Sequence[Revision]) -> dict[str, Confidence]:
        """How sure a run's scores are, per revision, each fitted once."""
        fitted = self._sure.setdefault(run, {})
        missing = [each for each in revisions if each.name not in fitted]
        if missing:
            fitted |= self.part_of(run).confidences(self.choose(run).weights, missing)
        return {each.name: fitted[each.name] for each in revisions if each.name in fitted}

    def bank_of(self, run: Run, asked: Sequence[Queries]) -> Queries | None:
        """The query bank of a run: the training articles without those that are going to be ranked.

        None for a run in whole batches.

        Raises:
            NewsImagesError: There are no training articles, or none is left.
        """
        return self._bank_without(asked, run.views) if run.against == "bank" else None

    def _bank_without(self, asked: Sequence[Queries], views: Sequence[View]) -> Queries:
        """The training articles without those that are asked, found by id and by these views."""
        if self.bank is None:
            raise NewsImagesError(
                "There is no training article for a query bank. Give a training set."
            )
        return without_asked(self.bank, asked, views, compute=self.compute)

    @property
    def can_measure(self) -> bool:
        """Whether there is a validation part with a right image."""
        return self.validation is not None and bool(self.validation.truth())

    def mrr_of(self, run: Run) -> float:
        """The MRR of a run on the validation part, whether it has chosen anything there or not.

        Raises:
            NewsImagesError: As `choose`.
        """
        if run.revision is None:
            return self.choose(run).mrr
        validation = self._validation()
        retriever = self.retriever(run, validation.gallery)
        lists = retriever.rank(validation.queries, top_k=CUTS[-1], against=run.against)
        return _mrr(lists, validation)

    def on_validation(self, retriever: Retriever) -> tuple[Retriever, EmbeddedSet]:
        """Any retriever on the validation part, against the bank, and that part.

        Its weights, its first revision and its networks are taken, and not its gallery.

        Raises:
            NewsImagesError: Its networks take vectors of another dimension; as `choose`.
        """
        validation = with_txv(self._validation(), retriever.networks)
        bank = self._bank_without([validation.queries], [View("clip", "title")])
        own = replace(retriever, revisions=retriever.revisions[:1]).on_gallery(validation.gallery)
        return own.with_bank(txv_queries(bank, retriever.networks)), validation

    def part_of(self, run: Run) -> ValidationPart:
        """The validation part, asked as the run asks. Raises: NewsImagesError as `choose`."""
        if run not in self._parts:
            validation = self._validation()
            queries = validation.queries
            self._parts[run] = ValidationPart(
                queries=queries,
                gallery=validation.gallery,
                truth=validation.truth(),
                bank=self.bank_of(run, [queries]),
                compute=self.compute,
            )
        return self._parts[run]

    def _choose(self, run: Run) -> Choice:
        """Fits the weights, chooses the revision, and fits the weights anew with it in place."""
        part = self.part_of(run)
        several = len(run.views) > 1
        first = part.fit(run.views) if several else {run.views[0]: 1.0}
        tried = part.try_revisions(
            first,
            [each for each in candidates(run) if each.image_by_image or not self.image_by_image],
        )
        winner = tried.simplest() if run.against == "bank" else tried.best()
        revisions = tried.best_of_each(winner)
        weights, mrr, curve = tried.weights, tried.mrr[winner], tried.curve
        if several:
            again = part.try_revisions(part.refit(weights, revisions[0]), revisions[:1])
            curve = pd.concat([curve, again.curve], ignore_index=True)
            if again.mrr[0] >= mrr:
                weights, mrr = again.weights, again.mrr[0]
        return Choice(weights=weights, revisions=revisions, mrr=float(mrr), curve=curve)

    def _validation(self) -> EmbeddedSet:
        if self.validation is None:
            raise NewsImagesError(
                "There is no validation part to choose on. Give a training set with its images."
            )
        return self.validation


def _mrr(lists: Ranking, part: EmbeddedSet) -> float:
    ranks = ranks_in_lists(lists.article_ids, lists.image_ids, part.truth())
    return figures_of(ranks)["mrr"]


def chooser_of(
    parts: Parts, networks: Networks, *, scale: float = 1.0, compute: Compute = ON_CPU
) -> Chooser:
    """The chooser of a divided corpus, which has T×V's towers where there are ``networks``.

    Without a validation part, only runs with nothing to choose can be made.
    """
    trained = bool(parts.training)
    return Chooser(
        validation=joined(parts.validation) if trained else None,
        bank=txv_queries(joined(parts.training).queries, networks) if trained else None,
        networks=networks,
        scale=scale,
        compute=compute,
    )


def candidates(run: Run) -> tuple[Revision, ...]:
    """The revisions that a run chooses from, the simplest first."""
    return tuple(
        candidate
        for revision in REVISIONS.values()
        if revision.answers_alone or run.against == "batch"
        for candidate in revision.candidates()
    )
