"""What `evaluate` explains: answers of the run that a contact sheet opens on, per test set."""

import json
from collections.abc import Mapping, Sequence

import mlflow
import pandas as pd

from mlproject import tracking
from mlproject.embed import EmbeddedCorpus
from mlproject.options import ArticleOptions, MeasuringOptions
from mlproject.results import in_sheet_order
from newsimages.explanations.answers import Explanation, explanations, record
from newsimages.protocols.parts import Parts
from newsimages.runs.choice import Chooser
from newsimages.runs.leading import Role
from newsimages.runs.table import Run


def explain(
    articles: ArticleOptions,
    measuring: MeasuringOptions,
    embedded: EmbeddedCorpus,
    parts: Parts,
    chooser: Chooser,
    *,
    ahead: Mapping[Role, Run],
    rankings: Mapping[str, Mapping[str, pd.DataFrame]],
) -> dict[str, list[Explanation]]:
    """Explains the answers that are on the contact sheets, by test set.

    Logs the numbers, ``explanations/NAME.json``.

    Args:
        articles: How they were encoded.
        measuring: How many are explained; none where there is no contact sheet.
        embedded: With the encoders.
        parts: With the test sets.
        chooser: What the runs go by.
        ahead: The runs that stand for the evaluation.
        rankings: The lists by test set and variant.
    """
    first = in_sheet_order(ahead, next(iter(rankings.values()), {}))
    if not (first and measuring.explained and measuring.sheet_articles):
        return {}
    [run] = [each.on(parts.towers) for each in measuring.runs if each.variant == first[0]]
    made = {}
    doing = f"Explains what {run.variant} was most wrong and most right about."
    with tracking.announced(f"explain-{parts.protocol}", doing=doing):
        for test in parts.tests:
            made[test.name] = explanations(
                chooser.retriever(run, test.gallery),
                embedded.encoders,
                test,
                rankings[test.name][run.variant],
                n=measuring.explained,
                long_text=articles.long_text,
            )
            if made[test.name]:
                _log(test.name, run, made[test.name])
    return made


def _log(name: str, run: Run, own: Sequence[Explanation]) -> None:
    numbers = {"variant": run.variant, "articles": [record(each) for each in own]}
    mlflow.log_text(json.dumps(numbers, ensure_ascii=False), f"explanations/{name}.json")
    reasons = [image.why_not for each in own for image in each.images if image.heat is None]
    without = f"; {len(reasons)} pictures without a heat map, e.g. {reasons[0]}" if reasons else ""
    print(f"  {name}: {len(own)} articles explained{without}", flush=True)
