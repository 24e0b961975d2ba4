"""The paper's runs, and which of them are chosen."""

import pytest

from newsimages.errors import NewsImagesError
from newsimages.runs import RUNS, choose_runs


def test_the_five_runs_of_the_paper() -> None:
    assert [run.number for run in RUNS] == [1, 2, 3, 4, 5]
    assert [run.variant for run in RUNS] == ["clip", "clip_ds", "txv", "txv_ds", "txv_text_ds"]
    assert [run.revision for run in RUNS] == [
        "none",
        *["dual_softmax", "none"],
        *["dual_softmax"] * 2,
    ]
    assert [run.text_field for run in RUNS] == ["title"] * 4 + ["text"]
    assert [run.official_name.rsplit("_", 1)[-1] for run in RUNS] == list("12345")


def test_variants_are_chosen_by_name_in_the_papers_order() -> None:
    assert choose_runs("all") == RUNS
    assert [run.variant for run in choose_runs(" txv , clip")] == ["clip", "txv"]


@pytest.mark.parametrize("variants", ["", ",", "clip,clp"])
def test_unknown_variants_are_refused(variants: str) -> None:
    with pytest.raises(NewsImagesError, match="expected all or some of clip, clip_ds, txv"):
        choose_runs(variants)
