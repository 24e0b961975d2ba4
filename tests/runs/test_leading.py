"""The runs of the headline are chosen on the validation part, not on what is measured."""

from typing import Any

from newsimages.metrics.metrics import figures_of, ranks_in_lists
from newsimages.runs.leading import leading, published_mrr
from newsimages.runs.table import RUNS, Run, choose_runs
from tests.runs.test_choice import CHOOSER, VALIDATION

RUN = {run.variant: run for run in RUNS}


class Known:
    """A chooser that knows what runs come to on the validation part."""

    def __init__(self, **mrr: float) -> None:
        self.mrr, self.can_measure = mrr, bool(mrr)

    def mrr_of(self, run: Any) -> float:
        return self.mrr[run.variant]


def ahead(chooser: Any, *variants: str) -> dict[str, str]:
    found = leading(chooser, [RUN[variant] for variant in variants])
    return {role: run.variant for role, run in found.items()}


def test_the_greatest_on_validation_leads_its_family() -> None:
    known = Known(clip=0.5, txv_ds=0.7, txv=0.7, mix_bank=0.6, all_bank=0.9, clip_bank=1.0)
    assert ahead(known, *known.mrr) == {"paper": "txv_ds", "champion": "all_bank"}
    assert ahead(known, "clip", "clip_bank", "mix_batch") == {"paper": "clip"}
    assert ahead(known, "mix_bank") == {"champion": "mix_bank"}
    assert ahead(known) == {}


def test_without_a_validation_part_the_papers_own_figures_decide() -> None:
    assert ahead(Known(), "clip", "clip_ds") == {"paper": "clip_ds"}
    assert ahead(Known(), "clip") == {"paper": "clip"}
    assert round(published_mrr(RUN["clip"]), 5) == round((0.49013 + 0.30875 + 0.54209) / 3, 5)


def test_runs_are_measured_on_validation_as_they_ask() -> None:
    def measured(run: Run) -> float:
        bank = CHOOSER.bank_of(run, [VALIDATION.queries])
        retriever = CHOOSER.retriever(run, VALIDATION.gallery, bank)
        lists = retriever.rank(VALIDATION.queries, top_k=100, against=run.against)
        return figures_of(ranks_in_lists(lists.article_ids, lists.image_ids, VALIDATION.truth()))[
            "mrr"
        ]

    fused = choose_runs("mix_bank,languages_bank,all_bank")
    assert leading(CHOOSER, [run for run in RUNS if not run.asks("captions")]) == {
        "paper": max(choose_runs("paper"), key=measured),
        "champion": max(fused, key=measured),
    }
