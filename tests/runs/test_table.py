"""The paper's runs, and which of them are chosen."""

import pytest

from newsimages.errors import NewsImagesError
from newsimages.runs.table import RUNS, choose_runs


def test_the_five_runs_of_the_paper() -> None:
    paper = choose_runs("paper")
    assert [run.number for run in paper] == [1, 2, 3, 4, 5]
    assert [run.variant for run in paper] == ["clip", "clip_ds", "txv", "txv_ds", "txv_text_ds"]
    assert [run.revision for run in paper] == [
        "none",
        *["dual_softmax", "none"],
        *["dual_softmax"] * 2,
    ]
    assert [run.text_field for run in paper] == ["title"] * 4 + ["text"]
    assert [run.official_name.rsplit("_", 1)[-1] for run in paper] == list("12345")


def test_runs_beyond_the_paper_follow_its_numbers() -> None:
    beyond = [run for run in RUNS if run.family == "beyond"]
    assert [run.number for run in beyond] == list(range(6, 16))
    assert {run.revision for run in beyond} == {"chosen"}
    banks = [run.variant for run in beyond if run.against == "bank"]
    assert banks == ["clip_bank", "txv_bank", "multilingual_bank"]
    assert len({run.variant for run in RUNS}) == len({run.official_name for run in RUNS}) == 15
    [mix] = choose_runs("mix_ranks")
    assert mix.sources == (("clip", "title"), ("clip", "text"), ("txv", "title"), ("txv", "text"))
    languages, everything = choose_runs("languages_weights,all_weights")
    assert languages.sources == (("clip", "title"), ("multilingual", "title"))
    assert everything.sources == (*mix.sources, ("multilingual", "title"), ("multilingual", "text"))
    assert [run.variant for run in RUNS if run.asks("multilingual")] == [
        *("multilingual_batch", "multilingual_bank", "languages_weights", "all_weights"),
    ]


def test_families_and_names_can_be_mixed() -> None:
    wanted = choose_runs("multilingual_bank, paper")
    assert [run.number for run in wanted] == [1, 2, 3, 4, 5, 13]
    assert choose_runs("clip,all") == RUNS


def test_variants_are_chosen_by_name_in_the_papers_order() -> None:
    assert choose_runs("all") == RUNS
    assert [run.variant for run in choose_runs(" txv , clip")] == ["clip", "txv"]


@pytest.mark.parametrize("variants", ["", ",", "clip,clp"])
def test_unknown_variants_are_refused(variants: str) -> None:
    with pytest.raises(NewsImagesError, match="expected all, paper or some of clip, clip_ds, txv"):
        choose_runs(variants)
