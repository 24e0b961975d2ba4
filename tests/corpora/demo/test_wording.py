"""Scenes in words, in two languages."""

import random
import re

from newsimages.corpora.demo.scenes import TOPICS, Scene, pretraining_scenes, sample_scene
from newsimages.corpora.demo.wording import (
    LOOSE_SHARE,
    article,
    caption,
    sentence_pairs,
    training_text,
)
from newsimages.corpora.demo.words import NOUNS, Article, Case, Noun, german_phrase


def _scenes(n: int, seed: int = 3) -> list[Scene]:
    rng = random.Random(seed)
    return [sample_scene(rng) for _ in range(n)]


def test_a_scene_depends_on_the_generator_alone() -> None:
    assert _scenes(50) == _scenes(50)
    assert _scenes(50) != _scenes(50, seed=4)


def test_scenes_cover_every_topic_and_keep_their_two_colours_apart() -> None:
    scenes = _scenes(1000)
    assert {scene.topic for scene in scenes} == set(TOPICS)
    assert all(scene.colour != scene.accent for scene in scenes)


def test_pretraining_scenes_are_distinct_and_depend_on_the_seed() -> None:
    first, second = set(pretraining_scenes(500, 1)), set(pretraining_scenes(500, 2))
    assert len(first) == 500
    assert not first & second


def test_articles_have_three_to_six_sentences_in_both_languages() -> None:
    for seed, scene in enumerate(_scenes(300)):
        english = article(scene, random.Random(seed), "en")
        german = article(scene, random.Random(seed), "de")
        counts = [len(re.findall(r"\.(?: |$)", text)) for _, text in (english, german)]
        assert counts[0] == counts[1]
        assert 3 <= counts[0] <= 6


def test_pairs_are_the_articles_in_both_languages() -> None:
    for seed, scene in enumerate(_scenes(100)):
        pairs = sentence_pairs(scene, random.Random(seed))
        german, english = (list(side) for side in zip(*pairs, strict=True))
        title, text = article(scene, random.Random(seed), "de")
        assert [title, text] == [german[0], " ".join(german[1:])]
        title, text = article(scene, random.Random(seed), "en")
        assert [title, text] == [english[0], " ".join(english[1:])]


def test_no_slot_is_left_open() -> None:
    rng = random.Random(1)
    for scene in _scenes(2000):
        texts = [caption(scene, rng), training_text(scene, rng)]
        texts += [side for pair in sentence_pairs(scene, rng) for side in pair]
        assert not re.search(r"[{}\[\]<>|]|  ", " ".join(texts))


def test_a_tenth_of_the_titles_is_loosely_related() -> None:
    scene = _scenes(1)[0]
    loose = {article(scene, random.Random(seed), "en", loose=True)[0] for seed in range(3000)}
    titles = [article(scene, random.Random(seed), "en")[0] for seed in range(3000)]
    share = sum(title in loose for title in titles) / len(titles)
    assert abs(share - LOOSE_SHARE) < 0.02


def test_german_phrases_agree_in_gender_case_and_number() -> None:
    house, lorry, player = NOUNS["house"], NOUNS["lorry"], NOUNS["player"]

    def phrase(
        noun: Noun, case: Case, article: Article, *, plural: bool = False, number: str = ""
    ) -> str:
        return german_phrase(
            noun, case, plural=plural, article=article, number=number, colour="red"
        )

    assert phrase(house, "nom", "none") == "rotes Haus"
    assert phrase(lorry, "acc", "indefinite") == "einen roten Lastwagen"
    assert phrase(house, "dat", "indefinite") == "einem roten Haus"
    assert phrase(house, "dat", "definite", plural=True) == "den roten Häusern"
    assert phrase(house, "nom", "none", plural=True, number="drei") == "drei rote Häuser"
    assert phrase(player, "dat", "none", plural=True, number="zwei") == "zwei Spielern in Rot"
