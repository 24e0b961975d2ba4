"""What each component of a system brings: the system and a test set in, Shapley values out.

The components are the players of a game that pays the MRR on the test set. A coalition of them is
the system with no other component in it:

    none        CLIP on the title as it was written, plain cosine
    translation CLIP, and T×V on top of it, read the article's translation into English
    text        every view of the title has one of the text beside it
    txv, multilingual, captions   the views of these towers
    revision    the revision that the whole system has chosen
    bank        the revision is over the query bank, one article alone, and not over the batch

So without a revision the bank changes nothing, and its value is what answering each article alone
gains or costs. The weights of every coalition's views are chosen on the validation part, as a run
chooses them; nothing is chosen on the test set. All lists are made by `Retriever.rank`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from newsimages.metrics.bootstrap import mean_interval
from newsimages.metrics.metrics import CUTS, ranks_in_lists
from newsimages.metrics.reciprocal_rank import reciprocal_ranks
from newsimages.metrics.shapley import members, shapley_values
from newsimages.protocols.embedded import EmbeddedSet
from newsimages.ranking.revisions import PLAIN, Revision
from newsimages.ranking.spaces import Queries, Tower, View, Weights
from newsimages.retriever.retriever import Against, Retriever
from newsimages.runs.choice import Chooser
from newsimages.runs.table import RUNS, Run

Component = Literal["translation", "text", "txv", "multilingual", "captions", "revision", "bank"]
TOWERS_OF: Mapping[Component, frozenset[Tower]] = {
    "txv": frozenset({"txv", "txv_text"}),
    "multilingual": frozenset({"multilingual"}),
    "captions": frozenset({"captions"}),
}
"""The towers whose views a component stands for."""
NAMES: Mapping[Component, str] = {
    "translation": "translation",
    "text": "text beside title",
    "txv": "T×V",
    "multilingual": "multilingual view",
    "captions": "captions",
    "revision": "revision",
    "bank": "query bank",
}
"""What people call them."""
MEANINGS: Mapping[str, str] = {
    NAMES["translation"]: "CLIP, and T×V on top of it, read articles in English, not as written",
    NAMES["text"]: "every view of the title has one of the text beside it",
    NAMES["txv"]: "T×V's networks have views of their own",
    NAMES["multilingual"]: "a multilingual CLIP reads articles as they were written",
    NAMES["captions"]: "articles are compared with the images' captions, too",
    NAMES["revision"]: "similarities are revised as the system has chosen",
    NAMES[
        "bank"
    ]: "each article is answered alone, by the training articles, and not with the whole "
    "test set at hand",
}
"""What having one means, by these names."""


class Setting(NamedTuple):
    """How a coalition looks for images."""

    is_translated: bool
    views: tuple[View, ...]
    against: Against | None
    """What its revision is over; None: it has none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class System:
    """A whole system, as runs choose it."""

    runs: Mapping[Against, Run]
    """The whole system in whole batches and, where it has a query bank, one article alone."""
    chooser: Chooser
    """Asked with the articles in English."""
    as_written: Chooser | None = None
    """The same with all articles as they were written; None: none was translated."""
    _weights: dict[Setting, Weights] = field(default_factory=dict, init=False, repr=False)

    def components(self, tests: Collection[EmbeddedSet]) -> tuple[Component, ...]:
        """What the system has, and the tests can be asked with."""
        whole = self.runs["batch"]
        there = {name for name, towers in TOWERS_OF.items() if any(map(whole.asks, towers))}
        there.add("revision")
        if "bank" in self.runs:
            there.add("bank")
        if self.as_written:
            there.add("translation")
        has_text = any(test.queries.has_text.any() for test in tests)
        if has_text and any(view.text_field == "text" for view in whole.views):
            there.add("text")
        return tuple(name for name in get_args(Component) if name in there)

    def setting(
        self, coalition: Collection[Component], components: Collection[Component]
    ) -> Setting:
        """How the coalition looks for images; what is no component stays as the system has it."""
        absent = {*components} - {*coalition}
        without = frozenset[Tower]().union(*(TOWERS_OF.get(name, ()) for name in absent))
        views = tuple(
            view
            for view in self.runs["batch"].views
            if view.tower not in without and not ("text" in absent and view.text_field == "text")
        )
        against: Against = "bank" if "bank" in coalition else "batch"
        return Setting(
            "translation" not in absent, views, None if "revision" in absent else against
        )

    def reciprocal_ranks(
        self, test: EmbeddedSet, written: EmbeddedSet | None, components: Sequence[Component]
    ) -> NDArray[np.float64]:
        """(2^n, C) the reciprocal rank of each article's right image, by coalition.

        Args:
            test: A test set with right images.
            written: The same, asked with the articles as they were written.
            components: n of them; the first is bit 0 of a coalition's number.

        Raises:
            NewsImagesError: As `Chooser.choose` and `Chooser.bank_of`.
        """
        asked = {True: test.queries, False: (written or test).queries}
        banks: dict[bool, Queries | None] = dict.fromkeys(asked)
        if "bank" in components:
            run = self.runs["bank"]
            banks = {key: self._chooser(key).bank_of(run, [own]) for key, own in asked.items()}
        names = np.array(components)
        settings = [self.setting(names[row].tolist(), components) for row in members(len(names))]
        found = {
            each: self._rank(each, test, asked[each.is_translated], banks[each.is_translated])
            for each in dict.fromkeys(settings)  # some differ in nothing
        }
        return np.stack([found[each] for each in settings])

    def _rank(
        self, setting: Setting, test: EmbeddedSet, asked: Queries, bank: Queries | None
    ) -> NDArray[np.float64]:
        weights = self.weights(setting)
        retriever = Retriever(
            gallery={view.tower: test.gallery[view.tower] for view, w in weights.items() if w > 0},
            weights=weights,
            revisions=(self._revision(setting.against),),
            compute=self.chooser.compute,
        )
        if setting.against == "bank" and bank is not None:
            retriever = retriever.with_bank(bank)
        lists = retriever.rank(asked, top_k=CUTS[-1], against=setting.against or "batch")
        ranks = ranks_in_lists(lists.article_ids, lists.image_ids, test.truth())
        return reciprocal_ranks(ranks)

    def weights(self, setting: Setting) -> Weights:
        """The weights of a coalition's views, chosen on the validation part, each once."""
        if setting not in self._weights:
            self._weights[setting] = self._chosen(setting)
        return self._weights[setting]

    def _chosen(self, setting: Setting) -> Weights:
        """As a run chooses: fitted, and anew with its revision in place, whichever does better."""
        if len(setting.views) == 1:
            return {setting.views[0]: 1.0}
        run = self.runs[setting.against or "batch"]
        part = self._chooser(setting.is_translated).part_of(run)
        if setting.against is None:
            return part.fit(setting.views)
        first = self.weights(setting._replace(against=None))
        revision = self._revision(setting.against)
        tried = [part.try_revisions(part.refit(first, revision), [revision])]
        tried.append(part.try_revisions(first, [revision]))
        return max(tried, key=lambda each: float(each.mrr[0])).weights

    def _revision(self, against: Against | None) -> Revision:
        if against is None:
            return PLAIN
        return self.chooser.choose(self.runs[against]).revisions[0]

    def _chooser(self, is_translated: bool) -> Chooser:
        return self.chooser if is_translated or self.as_written is None else self.as_written


def whole_system(made: Collection[Run], towers: Collection[Tower]) -> Mapping[Against, Run] | None:
    """The runs of the most views among those that were made, in whole batches and alone.

    None where no run that was made combines views.

    Args:
        made: The runs that were made, on these towers.
        towers: Those that a corpus has.
    """
    fused = [run for run in made if run.revision is None and len(run.views) > 1]
    if not fused:
        return None
    widest = max(fused, key=lambda run: len(run.views))
    both = [run.on(towers) for run in (*made, *RUNS) if run.on(towers).views == widest.views]
    by_form = {run.against: run for run in reversed(both)}
    return {"batch": by_form["batch"], "bank": by_form["bank"]}


def components_table(
    values: NDArray[np.float64], components: Sequence[Component], name: str
) -> pd.DataFrame:
    """What each component adds to the MRR on a test set.

    Args:
        values: (2^n, C) as from `System.reciprocal_ranks`.
        components: n of them.
        name: The test set's.

    Returns:
        A row per component: data set, component, articles; ``added``, its Shapley value, with the
        bounds ``low`` and ``high`` of its 95 % interval (bootstrap over articles); ``alone``, what
        it adds to none of the others; ``last``, what it adds to all of them; ``none`` and ``all``,
        the MRR with no and with every component.
    """
    by_article = shapley_values(values)  # (n, C)
    low, high = mean_interval(by_article)
    mrr = values.mean(axis=1)
    bits = 1 << np.arange(len(components))
    return pd.DataFrame(
        {
            "data set": name,
            "component": [NAMES[each] for each in components],
            "articles": values.shape[1],
            "added": by_article.mean(axis=1),
            "low": low,
            "high": high,
            "alone": mrr[bits] - mrr[0],
            "last": mrr[-1] - mrr[len(mrr) - 1 - bits],
            "none": mrr[0],
            "all": mrr[-1],
        }
    )


def combinations_table(
    values: NDArray[np.float64], components: Sequence[Component], name: str
) -> pd.DataFrame:
    """The MRR of every combination: a row each, with a column per component, whether it is in."""
    is_in = pd.DataFrame(members(len(components)), columns=[NAMES[each] for each in components])
    is_in.insert(0, "data set", name)
    return is_in.assign(MRR=values.mean(axis=1))
