"""What the bundled models are trained on: nothing that the demo measures on."""

import pytest

from newsimages.corpora.demo.plan import SEED, Sizes, plan_corpus
from newsimages.corpora.demo.wording import training_text
from tools.demo_models import draws

TABLES = [f"{name}/{part}.csv" for name in ("RSS", "RT", "TW") for part in ("train", "test")]
WRITTEN = {draws.bare(row["title"]) for table in TABLES for row in draws.demo_plan().tables[table]}
"""The titles as the corpus has them, two languages in one set."""
LOOKS = set(draws.looks_of(draws.demo_plan(), TABLES))


def settings(*, without_demo: bool) -> dict[str, int]:
    return {
        "seed": 5,
        "n_scenes": 4_000,
        "texts_per_scene": 4,
        "at_most": 20,
        "without_demo": without_demo,
    }


@pytest.mark.parametrize("draw", [draws.of_clip, draws.of_multilingual])
def test_the_clips_see_no_title_and_no_scene_of_the_demo(draw: object) -> None:
    assert callable(draw)
    for without, seen in ((True, False), (False, True)):
        scenes, texts = draw(settings(without_demo=without))
        assert len(texts) == 4 * len(scenes) == 4 * 4_000
        assert bool(WRITTEN & {draws.bare(text) for text in texts}) == seen
        assert bool(LOOKS & {draws.looks(scene) for scene in scenes}) == seen


def test_the_translator_sees_no_title_of_the_demo_in_either_language() -> None:
    for without, seen in ((True, False), (False, True)):
        pairs = draws.of_translator(settings(without_demo=without))
        for side in zip(*pairs, strict=True):
            assert bool(WRITTEN & {draws.bare(sentence) for sentence in side}) == seen


def test_titles_are_left_out_in_the_language_they_are_not_written_in() -> None:
    plan = draws.demo_plan()
    articles = draws.articles_of(plan, ["RT/test.csv"])
    assert {draws.bare(english) for english, _ in plan.headlines["RT/test.csv"]} <= articles.titles
    assert len(articles.titles) > 1.9 * Sizes().test
    assert len(articles.scenes) == len(set(draws.looks_of(plan, ["RT/test.csv"])))


def test_an_exclamation_makes_no_other_title() -> None:
    assert draws.bare("Breaking: Storm hits Kiel") == draws.bare("STORM hits Kiel")
    assert draws.bare("Blaze in Kiel: cars burn") == "blaze in kiel: cars burn"


def test_nothing_left_out_draws_as_the_generator_does() -> None:
    scenes = draws.training_scenes(50, 71, draws.NONE)
    assert scenes == list(draws.pretraining_scenes(50, 71))
    texts = draws.training_texts(scenes, 71, draws.NONE, texts_per_scene=2, word=training_text)
    rng = draws.random.Random("texts-71")
    assert texts == [training_text(scene, rng) for scene in scenes for _ in range(2)]


def test_the_plan_is_that_of_the_demo() -> None:
    assert draws.demo_plan().tables == plan_corpus(SEED, Sizes()).tables
