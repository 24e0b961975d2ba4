"""Explanations of the bundled CLIP keep what docs/explanations.md promises, on some articles."""

import numpy as np
import pandas as pd
import pytest

from newsimages.corpora.demo.drawing import draw
from newsimages.corpora.demo.plan import SEED, Sizes, plan_corpus
from newsimages.embeddings import Embeddings
from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.metrics.comparison import paired
from newsimages.ranking.revisions import PLAIN
from newsimages.ranking.spaces import View
from newsimages.retriever.articles import ArticleEncoder
from newsimages.retriever.retriever import Retriever
from tools import explanations
from tools.explanations import Case, Measured, cases_of

WEIGHTS = {View("clip", "title"): 1.0}
N_CASES = 50


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    plan = plan_corpus(SEED, Sizes(train=1, pairs=1))
    articles = pd.DataFrame(plan.tables["RSS/test.csv"]).rename(columns={"image": "image_id"})
    articles = articles.assign(title_en=articles["title"], text_en=articles["text"])
    return cases_of(articles, plan, "RSS")[:N_CASES]


@pytest.fixture(scope="module")
def measured(cases: list[Case], tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """CLIP on titles, on these articles' pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    config = OpenClipConfig(backbone="demo", device="cpu", precision="fp32", workers=0)
    encoder = OpenClipEncoder(config)
    (folder / "RSS" / "images").mkdir(parents=True)
    files = [folder / "RSS" / "images" / case.image_id.removeprefix("RSS/") for case in cases]
    for path, case in zip(files, cases, strict=True):
        draw(case.scene).save(path, quality=85)
    (images,) = encoder.encode_images([files])
    ids = np.array([case.image_id for case in cases])
    retriever = Retriever(
        gallery={"clip": Embeddings(ids, images.vectors)},
        weights=WEIGHTS,
        revisions=(PLAIN,),
        encode=ArticleEncoder(towers={"clip": encoder.text_tower}, weights=WEIGHTS),
    )
    return Measured(retriever=retriever, encoders={"clip": encoder}, folder=folder)


def test_a_map_points_at_what_the_headline_names(measured: Measured, cases: list[Case]) -> None:
    hits = explanations.pointing(measured, cases)
    assert hits["right"].mean() >= hits["centre"].mean() + 0.15
    assert hits["right"].mean() >= hits["random"].mean() + 0.15
    assert hits["right"].mean() > hits["wrong"].mean()
    tested = paired((hits["wrong"] - hits["other"]).to_numpy()[:, None])
    assert tested.low[0] <= 0  # a wrong headline's map is no better than another picture's


def test_shuffled_weights_give_another_map(measured: Measured, cases: list[Case]) -> None:
    last = {"clip": explanations.shuffled(measured.encoders["clip"])}
    other = Measured(retriever=measured.retriever, encoders=last, folder=measured.folder)
    some = cases[:10]
    found = explanations.correlations(measured.maps(some, some), other.maps(some, some))
    assert found.mean() < 0.5


def test_the_words_for_the_object_add_most(measured: Measured, cases: list[Case]) -> None:
    """The noun alone does so in about half of the headlines: CLIP goes by colours first."""
    firsts = np.array([explanations._firsts(measured, case) for case in cases])
    noun, phrase, chance = firsts.mean(axis=0)
    assert phrase >= 0.7
    assert noun >= 2 * chance


def test_pictures_that_go_in_the_maps_order_lose_their_score_sooner(
    measured: Measured, cases: list[Case]
) -> None:
    going, coming = explanations.covered_curves(measured, cases[:6])
    for curves in (going, coming):
        assert {each.shape for each in curves.values()} == {(6, explanations.STEPS + 1)}
        whole, covered = (0, -1) if curves is going else (-1, 0)
        ends = [each[:, [whole, covered]] for each in curves.values()]
        np.testing.assert_allclose(ends[0], ends[1], atol=1e-5)
    table = explanations.deletion_rows(going, coming)
    assert list(table["order"]) == ["gradient", "occlusion", "gradient"] * 2
    insertion = table[table["curve"] == "insertion"].iloc[0]
    assert float(insertion["area"]) > float(insertion["its area"])
