"""What an evaluation shows of its runs: their parameters, pictures of them, and the tables."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import mlflow
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mlproject import tracking
from mlproject.embed import EmbeddedCorpus
from mlproject.training_options import LearningOptions
from newsimages.errors import first_ten
from newsimages.explanations.answers import Explanation
from newsimages.metrics.comparison import compare
from newsimages.protocols.embedded import EmbeddedSet
from newsimages.protocols.parts import Protocol
from newsimages.reports.comparison import comparison_html, comparison_markdown, comparison_sentences
from newsimages.reports.contact_sheet.sheet import SheetConfig, contact_sheet
from newsimages.reports.figures.hubness import hubness
from newsimages.reports.figures.intervals import mrr_intervals
from newsimages.reports.figures.ranks import rank_histogram
from newsimages.reports.figures.recall import recall_curves
from newsimages.reports.figures.reliability import reliability_diagram
from newsimages.reports.tables import Measured, markdown, results_table
from newsimages.retriever.retriever import Retriever
from newsimages.runs.certainty import certainty_figures, half_lost
from newsimages.runs.choice import Choice
from newsimages.runs.leading import Role
from newsimages.runs.table import RUNS, Run

HEADLINE = ("mrr", "recall_at_10")
"""The metrics that an evaluation itself has of its leading runs."""
PLAIN_CLIP = "clip"
"""The variant that all others are seen beside."""
WORDS = {each.variant: each.words for each in RUNS}
"""What every variant does, for people."""
TITLES: dict[Protocol, str] = {
    "official": "A. Official protocol: trained and selected on the training sets, measured on the "
    "test sets",
    "internal": "B. Internal protocol: trained and selected inside 80 % of the training sets, "
    "measured on the other 20 %",
    "time": "Internal protocol by time: as B, measured on the newest 20 %",
}


WHO: dict[Role, str] = {
    "paper": "The paper's best on validation",
    "champion": "Best on validation of what answers one article alone (`main` registers it)",
}


class Results(NamedTuple):
    """What an evaluation came to."""

    table: pd.DataFrame
    """One row per test set and run, as `newsimages.reports.tables.results_table`."""
    picture: str
    """A picture of all runs, in Markdown."""
    unmade: Mapping[str, str] = {}
    """Why variants were not made."""
    ahead: Mapping[Role, Run] = {}
    """The runs that stand for it, as `newsimages.runs.leading`."""

    @property
    def headline(self) -> str:
        """Which runs these are."""
        said = [f"{WHO[role]}: {run.short_name} ({run.words})" for role, run in self.ahead.items()]
        return "\n".join(f"- {each}" for each in said)

    @property
    def words(self) -> str:
        """The table in Markdown, and what is not in it."""
        said = f"\n\nNot made: {self.not_made}." if self.unmade else ""
        return f"{markdown(self.table)}{said}"

    @property
    def not_made(self) -> str:
        """The variants that were not made, and why."""
        return "; ".join(f"{names} ({why})" for why, names in by_reason(self.unmade).items())


def by_reason(unmade: Mapping[str, str]) -> dict[str, str]:
    """The variants that are not made for each reason, separated by commas."""
    variants: dict[str, list[str]] = {}
    for variant, reason in unmade.items():
        variants.setdefault(reason, []).append(variant)
    return {reason: ", ".join(names) for reason, names in variants.items()}


def run_params(
    learning: LearningOptions, embedded: EmbeddedCorpus, each: Run, choice: Choice
) -> dict[str, Any]:
    """What a run went by: its revision and what that needs, and the views that have a weight."""
    revision, is_chosen = choice.revisions[0], each.revision is None
    used = replace(each, views=tuple(view for view, weight in choice.weights.items() if weight > 0))
    english = not all(view.tower == "multilingual" for view in used.views)
    models = [embedded.encoder.used] if english else []
    if used.asks("multilingual") and embedded.originals:
        models.append(embedded.originals.used)
    params = {
        "run_number": each.number,
        "retriever": each.retriever,
        "text_field": used.text_field,
        "revision": revision.name,
        "against": each.against,
        "scale": "none",  # where the revision's settings have no other
        **revision.settings,
        "corpus": embedded.corpus.name,
        "backbone": ", ".join(model.backbone for model in models),
        "pretrained": ", ".join(model.pretrained for model in models),
        "precision": models[0].precision,
    }
    if used.txv_towers:
        params["trained_on"] = ", ".join(learning.trained_on[tower] for tower in used.txv_towers)
    if is_chosen:
        weights = choice.weights.items()
        params |= {f"weight_{tower}_{field}": f"{w:.4f}" for (tower, field), w in weights}
    return params


def run_description(each: Run, own: Sequence[Measured]) -> str:
    """What the run does, and its figures, in Markdown."""
    where = "of the paper" if each.family == "paper" else "beyond the paper"
    return f"Run {each.number} {where}: {each.words}.\n\n{markdown(results_table(own))}"


def certainty(retriever: Retriever, part: EmbeddedSet, *, name: str) -> dict[str, float]:
    """Asks how true probabilities are where half of the right images are taken out.

    Logs a diagram, ``figures/NAME/reliability.png``.

    Returns:
        As `certainty_figures`, what is finite of it; nothing where the retriever states no
        probabilities, or fewer than two right images are known.
    """
    known = set(part.truth().values()) & set(part.images.ids.tolist())
    if not retriever.confidences or len(known) < 2:
        return {}
    asked = half_lost(retriever, part)
    tracking.log_drawing(reliability_diagram(asked, name=name), f"{name}/reliability")
    return {key: figure for key, figure in certainty_figures(asked).items() if np.isfinite(figure)}


def log_pictures(
    tests: Sequence[EmbeddedSet],
    rankings: Mapping[str, Mapping[str, pd.DataFrame]],
    measured: Sequence[Measured],
    *,
    ahead: Mapping[Role, Run],
    explained: Mapping[str, Sequence[Explanation]],
    sheet_articles: int,
) -> str:
    """Logs a contact sheet and figures per test set, and the comparison of all variants.

    The sheets open on the runs that are ``ahead``, and on plain CLIP; answers of the first of
    these are explained.

    Returns:
        A picture of the MRR in Markdown, for the run's description; "" where nothing was measured.
    """
    ranks: dict[str, dict[str, NDArray[np.float64]]] = {}
    for item in measured:
        ranks.setdefault(item.data_set, {})[item.variant] = item.ranks
    for test in tests:
        name = test.name
        if sheet_articles:
            _log_sheet(test, rankings[name], ahead, explained.get(name, ()), sheet_articles)
        tracking.log_drawing(hubness(rankings[name], test.images.ids, name=name), f"{name}/hubness")
        if name in ranks:
            tracking.log_drawing(recall_curves(ranks[name], name=name), f"{name}/recall")
            tracking.log_drawing(rank_histogram(ranks[name], name=name), f"{name}/ranks")
    if not ranks:
        return ""
    tracking.log_drawing(mrr_intervals(ranks), "mrr")
    several = {name: own for name, own in ranks.items() if len(own) > 1}
    if several:
        _log_comparison(several)
    return tracking.picture("mrr", "MRR of all variants")


def in_sheet_order(ahead: Mapping[Role, Run], variants: Iterable[str]) -> list[str]:
    """The variants in a contact sheet's order: those ahead, plain CLIP, all others."""
    best = [ahead[role].variant for role in ("champion", "paper") if role in ahead]
    clip_first = sorted(variants, key=lambda name: name != PLAIN_CLIP)
    return list(dict.fromkeys([*best, *clip_first]))


def _log_sheet(
    test: EmbeddedSet,
    rankings: Mapping[str, pd.DataFrame],
    ahead: Mapping[Role, Run],
    explanations: Sequence[Explanation],
    max_articles: int,
) -> None:
    with tracking.artifact(f"contact_sheets/{test.name}.html") as path:
        sheet = contact_sheet(
            path,
            name=test.name,
            articles=test.articles,
            rankings=rankings,
            image_paths=test.files,
            leading=in_sheet_order(ahead, rankings),
            words=WORDS,
            explanations=explanations,
            config=SheetConfig(max_articles=max_articles),
        )
    left_out = f" of {sheet.n_articles}" if sheet.n_shown < sheet.n_articles else ""
    print(
        f"  contact sheet of {test.name}: {sheet.n_shown}{left_out} articles, "
        f"{sheet.n_bytes / 1e6:.1f} MB"
    )
    if sheet.unreadable:
        print(f"  without a picture: {first_ten(list(sheet.unreadable))}")


def _log_comparison(ranks: Mapping[str, Mapping[str, NDArray[np.float64]]]) -> None:
    table = compare(ranks)
    sentences = "\n".join(f"- {sentence}" for sentence in comparison_sentences(table))
    tracking.log_table(table, "comparison.csv")
    mlflow.log_text(comparison_html(table, WORDS), "comparison.html")
    mlflow.log_text(f"{sentences}\n\n{comparison_markdown(table)}\n", "comparison.md")


def log_tables(
    corpus: str, tables: Mapping[Protocol, Results], left_out: Mapping[Protocol, str]
) -> None:
    """Logs each protocol's table, shows it on the terminal and in the run's description.

    So is what is not made; a tag per protocol says why. ``left_out`` says that of whole protocols.
    """
    shown, described = [], [f"The paper's runs on {corpus}."]
    for protocol, own in tables.items():
        shown.append(f"{TITLES[protocol]}\n\n{own.words}")
        described += [own.headline, own.picture, shown[-1]]
        tracking.log_table(own.table, f"results_{protocol}.csv")
        mlflow.log_text(f"## {shown[-1]}\n", f"results_{protocol}.md")
        if own.unmade:
            rows = pd.DataFrame(list(own.unmade.items()), columns=["variant", "reason"])
            tracking.log_table(rows, f"not_made_{protocol}.csv")
            tracking.note_not_made(protocol, own.not_made)
    for protocol, why in left_out.items():
        shown.append(f"{TITLES[protocol]}\n\nNot made: {why}")
        described.append(shown[-1])
        tracking.note_not_made(protocol, why)
    if {"internal", "time"} <= set(tables):
        shown.append(_optimism(tables["internal"].table, tables["time"].table))
        mlflow.log_text(shown[-1] + "\n", "results_optimism.md")
    print("\n" + "\n\n".join(shown) + "\n")
    tracking.describe("\n\n".join(filter(None, described)))


def log_headline(ahead: Mapping[Role, Run], measured: Sequence[Measured]) -> None:
    """Logs figures of the leading runs with the active run: ``RSS/mrr_champion``, and so on.

    A tag ``leading/champion`` names the variant.
    """
    for role, run in ahead.items():
        mlflow.set_tag(f"leading/{role}", run.variant)
        mlflow.log_metrics(
            {
                f"{each.data_set}/{metric}_{role}": each.metrics[metric]
                for each in measured
                if each.variant == run.variant
                for metric in HEADLINE
            }
        )


def _optimism(random: pd.DataFrame, by_time: pd.DataFrame) -> str:
    """How much better the same runs look on a random split than on the newest articles."""
    keys = ["data set", "run", "variant"]
    both = random.merge(by_time, on=keys, suffixes=("", " (newest)"))
    both = both[[*keys, "MRR", "MRR (newest)"]]
    both["random − newest"] = both["MRR"] - both["MRR (newest)"]
    mean = both["random − newest"].mean()
    return (
        "How much more optimistic the random split is than measuring on the newest articles: MRR "
        f"{mean:+.4f} on average over runs and data sets.\n\n{markdown(both)}"
    )
