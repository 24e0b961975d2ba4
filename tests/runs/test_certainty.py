"""Certainty: fitted numbers are those that made the data, and what is asked is what is said."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from newsimages.errors import NewsImagesError
from newsimages.ranking.confidence import Confidence
from newsimages.runs.certainty import certainty_figures, fit_confidence, half_lost
from tests.runs.test_choice import CHOOSER, CLIP_BANK, TEST


def drawn(temperature: float, nothing: float, n: int = 4000) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores whose right image stands out by as much as the model says."""
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(n, 30, generator=generator)
    right = torch.multinomial((temperature * scores).softmax(dim=1), 1, generator=generator)
    return scores, right.flatten()


@pytest.mark.parametrize("slope", [1.0, 40.0])
def test_what_is_fitted_is_the_most_likely(slope: float) -> None:
    scores, right = drawn(2.0, 0.0)
    found = fit_confidence(slope * scores, right, slope=slope)

    def likelihood(temperature: float, nothing: float) -> float:
        logits = temperature * slope * scores.double()
        none = torch.full((len(right), 1), nothing + float(np.log(30)), dtype=torch.float64)
        rows = torch.arange(len(right))
        there = torch.cat([logits, none], dim=1).log_softmax(dim=1)[rows, right]
        logits[rows, right] = -torch.inf
        lost = torch.cat([logits, none], dim=1).log_softmax(dim=1)[:, -1]
        return float(there.mean() + lost.mean())

    best = likelihood(found.temperature, found.nothing)
    for factor in (0.97, 1.03):
        assert likelihood(factor * found.temperature, found.nothing) < best
        assert likelihood(found.temperature, found.nothing + np.log(factor)) < best


def test_scores_that_tell_nothing_are_not_believed() -> None:
    scores = torch.randn(500, 20, generator=torch.Generator().manual_seed(1))
    found = fit_confidence(scores, torch.arange(500) % 20, slope=1.0)
    columns = torch.arange(20).expand(500, 20)
    some, none = found.of(scores, columns)
    assert float(some.max()) < 0.06
    assert float(none.mean()) == pytest.approx(0.5, abs=0.03)


def test_perfect_scores_are_believed_and_stay_finite() -> None:
    scores = torch.eye(40)
    found = fit_confidence(scores, torch.arange(40), slope=1.0)
    some, none = found.of(scores, torch.arange(40)[:, None])
    assert float(some.min()) > 0.95
    without, lost = found.of(torch.zeros(3, 40), torch.zeros(3, 1, dtype=torch.int64))
    assert float(lost.min()) > 0.95
    assert float(none.max()) < 0.05
    assert float(without.max()) < 0.05


def test_half_of_the_right_images_are_taken_out() -> None:
    bank = CHOOSER.bank_of(CLIP_BANK, [TEST.queries])
    asked = half_lost(CHOOSER.retriever(CLIP_BANK, TEST.gallery, bank), TEST)
    assert asked["is_lost"].sum() == len(asked) // 2
    assert not (asked["is_lost"] & asked["is_right"]).any()
    assert asked["confidence"].between(0, 1).all()
    assert (asked["confidence"] + asked["none_fits"] <= 1 + 1e-6).all()
    assert set(certainty_figures(asked)) == {
        "calibration_error", "none_fits_auroc", "greatest_cosine_auroc"
    }  # fmt: skip


def test_without_a_confidence_it_says_so() -> None:
    bank = CHOOSER.bank_of(CLIP_BANK, [TEST.queries])
    retriever = CHOOSER.retriever(CLIP_BANK, TEST.gallery, None).with_bank(bank)
    with pytest.raises(NewsImagesError, match="has no confidence"):
        half_lost(retriever, TEST)


def test_a_single_image_is_told_from_no_other_so_nothing_is_stated() -> None:
    assert CHOOSER.validation is not None
    one = CHOOSER.validation.subset([CHOOSER.validation.articles["article_id"][0]])
    chooser = replace(CHOOSER, validation=one)
    retriever = chooser.retriever(CLIP_BANK, TEST.gallery, chooser.bank_of(CLIP_BANK, []))
    assert retriever.confidences == {}
    assert retriever.rank(TEST.queries).confidences is None


@pytest.mark.parametrize(
    ("temperature", "nothing"), [(-1.0, 0.0), (float("nan"), 0.0), (1.0, float("inf"))]
)
def test_numbers_that_cannot_be_are_refused(temperature: float, nothing: float) -> None:
    with pytest.raises(NewsImagesError, match="expected"):
        Confidence(temperature=temperature, nothing=nothing)
