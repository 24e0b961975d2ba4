"""The parameters of a run say what it used."""

from types import SimpleNamespace
from typing import Any

import pytest

from mlproject.results import run_params
from mlproject.training_options import LearningOptions
from newsimages.ranking.revisions import REVISIONS, DualSoftmax, Neighbours, Revision
from newsimages.ranking.spaces import View, Weights
from newsimages.runs.choice import Choice
from newsimages.runs.table import RUNS

RUN = {run.variant: run for run in RUNS}


def encoder(name: str) -> Any:
    used = SimpleNamespace(backbone=name, pretrained=f"{name}-weights", precision="fp32")
    return SimpleNamespace(used=used)


def params(variant: str, weights: Weights, revision: Revision) -> dict[str, Any]:
    """The parameters of a run that has chosen these."""
    embedded: Any = SimpleNamespace(
        corpus=SimpleNamespace(name="c"), encoder=encoder("first"), originals=encoder("second")
    )
    choice = Choice(weights=weights, revisions=(revision, DualSoftmax(scale=7.0)))
    return run_params(LearningOptions(), embedded, RUN[variant], choice)


def weights_of(variant: str, **above_0: float) -> dict[View, float]:
    """The weights named as in the parameters; 0 for the run's other views."""
    views = {f"{view.tower}_{view.text_field}": view for view in RUN[variant].views}
    assert above_0.keys() <= views.keys()
    return {view: above_0.get(name, 0.0) for name, view in views.items()}


@pytest.mark.parametrize("name", REVISIONS)
@pytest.mark.parametrize("variant", ["clip_bank", "mix_batch", "all_bank"])
def test_revision_and_scale_are_those_that_order_the_lists(variant: str, name: str) -> None:
    for revision in REVISIONS[name].candidates():
        equal = dict.fromkeys(RUN[variant].views, 1 / len(RUN[variant].views))
        got = params(variant, equal, revision)
        assert got["revision"] == name
        assert got["scale"] == revision.settings.get("scale", "none")
        assert revision.settings.items() <= got.items()


def test_the_papers_runs_log_the_scale_only_where_there_is_one() -> None:
    title = {View("clip", "title"): 1.0}
    run = RUN["clip"]
    assert run.revision is not None
    assert params("clip", title, run.revision.at_scale(50.0))["scale"] == "none"
    run = RUN["clip_ds"]
    assert run.revision is not None
    assert params("clip_ds", title, run.revision.at_scale(50.0))["scale"] == 50.0


def test_views_without_a_weight_name_nothing_but_the_weight() -> None:
    got = params("all_bank", weights_of("all_bank", multilingual_text=1.0), Neighbours(k=3))
    assert (got["text_field"], got["backbone"], got["k"]) == ("text", "second", 3)
    assert (got["weight_clip_title"], got["weight_multilingual_text"]) == ("0.0000", "1.0000")
    assert "trained_on" not in got
    weights = weights_of("all_bank", clip_title=0.5, txv_text_text=0.5)
    got = params("all_bank", weights, Neighbours())
    assert (got["text_field"], got["backbone"]) == ("both", "first")
    assert got["trained_on"] == "text"
    both = weights_of("all_bank", clip_title=0.1, multilingual_title=0.9)
    assert params("all_bank", both, Neighbours())["backbone"] == "first, second"
