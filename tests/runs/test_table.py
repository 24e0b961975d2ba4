"""The paper's runs, those beyond it, and which of them are chosen."""

import pytest

from newsimages.errors import NewsImagesError
from newsimages.ranking.revisions import PLAIN, DualSoftmax
from newsimages.ranking.spaces import Tower, View
from newsimages.runs.table import RUNS, choose_runs


def test_the_five_runs_of_the_paper() -> None:
    paper = choose_runs("paper")
    dual = DualSoftmax(scale=1.0)
    assert [run.number for run in paper] == [1, 2, 3, 4, 5]
    assert [run.variant for run in paper] == ["clip", "clip_ds", "txv", "txv_ds", "txv_text_ds"]
    assert [run.revision for run in paper] == [PLAIN, dual, PLAIN, dual, dual]
    assert [run.retriever for run in paper] == ["clip", "clip", "txv", "txv", "txv"]
    assert [run.text_field for run in paper] == ["title"] * 4 + ["text"]
    assert {run.against for run in paper} == {"batch"}
    assert {run.family for run in paper} == {"paper"}
    assert [run.official_name.rsplit("_", 1)[-1] for run in paper] == list("12345")
    assert [run.views for run in paper[2:]] == [
        *[(View("txv", "title"),)] * 2,
        (View("txv_text", "text"),),
    ]


def test_runs_beyond_the_paper_follow_its_numbers() -> None:
    beyond = [run for run in RUNS if run.family == "beyond"]
    assert [run.number for run in beyond] == list(range(6, 20))
    assert {run.revision for run in beyond} == {None}
    for batch, bank in zip(beyond[::2], beyond[1::2], strict=True):
        assert (batch.against, bank.against) == ("batch", "bank")
        assert batch.views == bank.views
        assert batch.variant.removesuffix("_batch") == bank.variant.removesuffix("_bank")
    assert len({run.variant for run in RUNS}) == len({run.official_name for run in RUNS}) == 19


def test_views_of_the_runs_beyond_the_paper() -> None:
    clip, txv, mix, multilingual, languages, everything = choose_runs(
        "clip_bank,txv_bank,mix_bank,multilingual_bank,languages_bank,all_bank"
    )
    titles, texts = View("clip", "title"), View("clip", "text")
    assert clip.views == (titles,)
    assert txv.views == (View("txv", "title"),)
    assert mix.views == (titles, texts, View("txv", "title"), View("txv_text", "text"))
    assert multilingual.views == (View("multilingual", "title"),)
    assert languages.views == (titles, View("multilingual", "title"))
    assert everything.views == (
        *mix.views,
        View("multilingual", "title"),
        View("multilingual", "text"),
    )
    assert [run.variant for run in RUNS if run.asks("multilingual")] == [
        f"{name}_{against}"
        for name in ("multilingual", "languages", "all", "captions")
        for against in ("batch", "bank")
    ]
    assert mix.txv_towers == everything.txv_towers == ("txv", "txv_text")
    assert (clip.txv_towers, txv.txv_towers) == ((), ("txv",))
    assert [run.text_field for run in (clip, mix, languages)] == ["title", "both", "title"]


def test_captions_come_on_top_of_all_else_and_need_no_multilingual_model() -> None:
    mix, everything, captions = choose_runs("mix_bank,all_bank,captions_bank")
    own = (View("captions", "title"), View("captions", "text"))
    assert captions.views == (*everything.views, *own)
    towers: set[Tower] = {"clip", "txv", "txv_text", "captions"}
    assert captions.on({*towers, "multilingual"}) == captions
    assert captions.on(towers).views == (*mix.views, *own)
    assert captions.on({"clip", "multilingual"}) == captions  # what it must have, it still asks
    assert [run.variant for run in RUNS if run.asks("captions")] == [
        "captions_batch",
        "captions_bank",
    ]
    assert {run.on(set()) for run in RUNS if not run.may_lack} < {*RUNS}
    assert captions.on(towers).words.startswith("CLIP + T×V + captions on titles and texts, ")


def test_every_run_says_what_it_does_in_words_of_its_own() -> None:
    [dual, mix, everything] = choose_runs("clip_ds,mix_bank,all_batch")
    assert dual.words == "CLIP on titles, dual softmax"
    assert mix.words == "CLIP + T×V on titles and texts, chosen revision, one article at a time"
    assert everything.words == "CLIP + T×V + multilingual CLIP on titles and texts, chosen revision"
    assert len({run.words for run in RUNS}) == len(RUNS)


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
