"""What an evaluation logs of its system's components: how much of the MRR each of them brings."""

from collections.abc import Collection, Iterator
from dataclasses import replace

import mlflow
import pandas as pd

from mlproject import tracking
from mlproject.embed import EmbeddedCorpus, embed_untranslated
from mlproject.options import ArticleOptions
from newsimages.errors import NewsImagesError
from newsimages.protocols.embedded import EmbeddedSet, asked_with
from newsimages.protocols.parts import Parts
from newsimages.reports.components import components_line, components_markdown
from newsimages.reports.figures.components import component_bars
from newsimages.runs.choice import Chooser, chooser_of
from newsimages.runs.components import (
    MEANINGS,
    System,
    combinations_table,
    components_table,
    whole_system,
)
from newsimages.runs.table import Run

ABOUT = (
    "What each component adds to the MRR: its Shapley value over all combinations of components, "
    "from CLIP on the title as it was written, unrevised, to {}."
)


def log_components(
    options: ArticleOptions,
    embedded: EmbeddedCorpus,
    parts: Parts,
    chooser: Chooser,
    made: Collection[Run],
) -> str:
    """Measures what the components of the widest of the runs bring on each test set, and logs it.

    Tables ``components/RSS.csv`` and ``components/RSS_combinations.csv``, a figure, and a text
    with a sentence on each component.

    Returns:
        A line per test set and a picture in Markdown, for the run's description; "" where nothing
        is measured, and why is said.
    """
    runs = whole_system(made, parts.towers)
    if runs is None or not any(test.truth() for test in parts.tests):
        why = "no right images are known" if runs else "no run is made that combines views"
        tracking.not_made("components", why)
        return ""
    with tracking.announced("components", doing="Measures what each component adds to the MRR."):
        written = _untranslated(options, embedded, parts, chooser)
        own = chooser_of(written, chooser.networks, compute=chooser.compute) if written else None
        for asked, each in ((parts, chooser), (written, own)):
            if asked and each and (why := _why_no_bank(each, asked, runs["bank"])):
                tracking.not_made("components/query bank", why)
                runs = {"batch": runs["batch"]}
                break
        system = System(runs=runs, chooser=chooser, as_written=own)
        table = pd.concat(_measured(system, parts, written or parts), ignore_index=True)
        tracking.log_drawing(component_bars(table), "components")
        whole = runs.get("bank", runs["batch"])
        about = ABOUT.format(f"run {whole.number} ({whole.words})")
        mlflow.log_text(f"{about}\n\n{components_markdown(table, MEANINGS)}\n", "components.md")
        lines = components_line(table)
        print(lines)
    shown = tracking.picture("components", "What each component adds to the MRR")
    return f"What each component adds (`components.md`):\n\n{lines}\n\n{shown}"


def _why_no_bank(chooser: Chooser, parts: Parts, run: Run) -> str:
    """Why some articles would have no query bank; "" where all have one."""
    try:
        chooser.part_of(run)
        for test in parts.tests:
            chooser.bank_of(run, [test.queries])
    except NewsImagesError as error:
        return str(error).rstrip(".")
    return ""


def _untranslated(
    options: ArticleOptions, embedded: EmbeddedCorpus, parts: Parts, chooser: Chooser
) -> Parts | None:
    """The parts, asked with the articles as they were written; None where none was translated."""
    known = embed_untranslated(options, embedded)

    def asked(some: Collection[EmbeddedSet]) -> tuple[EmbeddedSet, ...]:
        found = ((part, known.get((part.name, part.split))) for part in some)
        return tuple(asked_with(part, q, chooser.networks) if q else part for part, q in found)

    own = replace(
        parts,
        training=asked(parts.training),
        validation=asked(parts.validation),
        tests=asked(parts.tests),
    )
    return own if known else None


def _measured(system: System, parts: Parts, written: Parts) -> Iterator[pd.DataFrame]:
    """What each component adds on each test set; its tables are logged."""
    components = system.components(parts.tests)
    for test, own in zip(parts.tests, written.tests, strict=True):
        if test.truth():
            values = system.reciprocal_ranks(test, own, components)
            table = components_table(values, components, test.name)
            tracking.log_table(table, f"components/{test.name}.csv")
            combinations = combinations_table(values, components, test.name)
            tracking.log_table(combinations, f"components/{test.name}_combinations.csv")
            yield table
