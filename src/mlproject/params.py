"""What an evaluated run says of itself in MLflow: its parameters and its description."""

from collections.abc import Sequence
from typing import Any

from mlproject.embedding import EmbeddedCorpus
from mlproject.training_options import ScopeOptions
from newsimages.encoding.encoders import OpenClipConfig
from newsimages.ranking.revision import Revision
from newsimages.reports.tables import Measured, markdown, results_table
from newsimages.runs.beyond import Choice
from newsimages.runs.table import Run


def run_params(
    scope: ScopeOptions, embedded: EmbeddedCorpus, each: Run, choice: Choice | None, *, scale: float
) -> dict[str, Any]:
    """The parameters of a run.

    Args:
        scope: What its networks were trained on.
        embedded: What its vectors come from.
        each: Which run.
        choice: What was chosen on the validation part, if anything was.
        scale: The scale of a revision that was not chosen.
    """
    models = _models(embedded, each)
    trained_on = [scope.trained_on[field] for name, field in each.sources if name == "txv"]
    first = choice.revisions[0] if choice else Revision(scale=scale)
    return {
        "run_number": each.number,
        "retriever": each.retriever,
        "text_field": each.text_field,
        "revision": first.method if choice else each.revision,
        "against": each.against,
        "scale": first.scale,
        "corpus": embedded.corpus.name,
        "backbone": ", ".join(model.backbone for model in models),
        "pretrained": ", ".join(model.pretrained for model in models),
        "precision": models[0].precision,
        **({"trained_on": ", ".join(trained_on)} if trained_on else {}),
        **(_sources(each, choice) if choice else {}),
    }


def run_description(each: Run, own: Sequence[Measured]) -> str:
    """What the run does, and its figures, in Markdown."""
    where = "of the paper" if each.family == "paper" else "beyond the paper"
    sources = ", ".join(f"{name} on the {field}" for name, field in each.sources)
    what = f"Run {each.number} {where}: {sources}; revision {each.revision}."
    return f"{what}\n\n{markdown(results_table(own))}"


def _sources(each: Run, choice: Choice) -> dict[str, str]:
    """What was chosen for each source."""
    chosen = zip(each.sources, choice.revisions, choice.weights, strict=True)
    return {
        f"source_{number}": f"{name} {field}: weight {weight:g}, {revision.method}, scale "
        f"{revision.scale:g}, k {revision.k}, alpha {revision.alpha:g}"
        for number, ((name, field), revision, weight) in enumerate(chosen, start=1)
    }


def _models(embedded: EmbeddedCorpus, each: Run) -> list[OpenClipConfig]:
    """The openCLIP models that its sources rest on, each once."""
    english = not all(name == "multilingual" for name, _ in each.sources)
    models = [embedded.encoder.used] if english else []
    if each.asks("multilingual") and embedded.multilingual:
        models.append(embedded.multilingual)
    return models
