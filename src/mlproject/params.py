"""What an evaluated run says of itself in MLflow: its parameters and its description."""

from collections.abc import Sequence
from typing import Any

from mlproject.embedding import EmbeddedCorpus
from mlproject.training_options import ScopeOptions
from newsimages.encoding.encoders import OpenClipConfig
from newsimages.reports.tables import Measured, markdown, results_table
from newsimages.runs.choice import Choice
from newsimages.runs.table import Run


def run_params(
    scope: ScopeOptions, embedded: EmbeddedCorpus, each: Run, choice: Choice, *, scale: float
) -> dict[str, Any]:
    """The parameters of a run.

    Args:
        scope: What its networks were trained on.
        embedded: What its vectors come from.
        each: Which run.
        choice: What it goes by.
        scale: The parameter ``scale``, which is logged for a run that has nothing to choose.
    """
    models = _models(embedded, each)
    trained_on = [scope.trained_on[tower] for tower in each.txv_towers]
    revision, is_chosen = choice.revisions[0], each.revision is None
    return {
        "run_number": each.number,
        "retriever": each.retriever,
        "text_field": each.text_field,
        "revision": revision.name,
        "against": each.against,
        "scale": "none" if is_chosen else scale,
        **revision.settings,
        "corpus": embedded.corpus.name,
        "backbone": ", ".join(model.backbone for model in models),
        "pretrained": ", ".join(model.pretrained for model in models),
        "precision": models[0].precision,
        **({"trained_on": ", ".join(trained_on)} if trained_on else {}),
        **(
            {f"weight_{t}_{f}": f"{w:.4f}" for (t, f), w in choice.weights.items()}
            if is_chosen
            else {}
        ),
    }


def run_description(each: Run, own: Sequence[Measured]) -> str:
    """What the run does, and its figures, in Markdown."""
    where = "of the paper" if each.family == "paper" else "beyond the paper"
    return f"Run {each.number} {where}: {each.words}.\n\n{markdown(results_table(own))}"


def _weights(choice: Choice) -> dict[str, str]:
    return {f"weight_{tower}_{field}": f"{w:.4f}" for (tower, field), w in choice.weights.items()}


def _models(embedded: EmbeddedCorpus, each: Run) -> list[OpenClipConfig]:
    """The openCLIP models that its views rest on, each once."""
    english = not all(view.tower == "multilingual" for view in each.views)
    models = [embedded.encoder.used] if english else []
    if each.asks("multilingual") and embedded.multilingual:
        models.append(embedded.multilingual)
    return models
