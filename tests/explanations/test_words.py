"""What words add: held against articles without them, asked alone."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from newsimages.errors import NewsImagesError
from newsimages.explanations.words import Added, added_by_parts, added_to_scores, read_of
from newsimages.preprocessing.served import Preprocessing
from newsimages.ranking.spaces import View, Weights, shares
from newsimages.retriever.articles import ArticleEncoder, ReadArticle
from newsimages.retriever.retriever import Retriever
from tests.fakes import FakeTower, random_embeddings
from tests.retriever.test_retriever import BY_TITLE, BY_TXV, GALLERY, MIX, fake, retriever

OTHERS = random_embeddings("i", 300, 16, 9)
TITLE = "Storm hits the coast"
TEXT = "A gale blew. Trees fell. Nobody was hurt."
BOTH: Weights = {
    View("clip", "title"): 0.3,
    View("multilingual", "title"): 0.3,
    View("multilingual", "text"): 0.2,
    View("clip", "text"): 0.2,
}
IMAGES = ["i00007", "i00003", "i00299"]


def encoder_of(own: Retriever) -> ArticleEncoder:
    assert isinstance(own.encode, ArticleEncoder)
    return own.encode


def added(own: Retriever, title: str, text: str = "", revision: str | None = None) -> Added:
    return added_by_parts(own, encoder_of(own), title, text, IMAGES, revision=revision)


def scores(own: Retriever, title: str, text: str = "", revision: str | None = None) -> list[float]:
    ranking = own.retrieve({"a": title}, {"a": text}, top_k=300, revision=revision)
    of = dict(zip(ranking.image_ids[0].tolist(), ranking.scores[0].tolist(), strict=True))
    return [of[image] for image in IMAGES]


def bilingual() -> tuple[Retriever, ArticleEncoder]:
    """CLIP beside a multilingual tower of other images."""
    encoder = ArticleEncoder(
        towers={"clip": FakeTower(fake), "multilingual": FakeTower(fake)}, weights=BOTH
    )
    gallery = {"clip": GALLERY, "multilingual": OTHERS}
    return Retriever(gallery=gallery, weights=BOTH, revisions=retriever().revisions), encoder


GERMAN = ReadArticle(
    title="Sturm an der Küste",
    text="Bäume fielen.",
    title_en="Storm at the coast",
    text_en="Trees fell.",
    has_text=True,
    language="de",
)


@pytest.mark.parametrize("revision", ["inverted_softmax", "dual_softmax", "none"])
@pytest.mark.parametrize("weights", [BY_TITLE, BY_TXV, MIX], ids=["clip", "txv", "mix"])
def test_a_part_adds_what_the_score_loses_without_it(weights: Weights, revision: str) -> None:
    own = retriever(weights)
    found = added(own, TITLE, TEXT, revision)
    whole = scores(own, TITLE, TEXT, revision)
    words = [part.text for part in found.parts if part.field == "title"]
    sentences = [part.text for part in found.parts if part.field == "text"]
    assert words == TITLE.split()
    assert sentences == (["A gale blew.", "Trees fell.", "Nobody was hurt."] * (weights is MIX))
    without = [
        scores(own, " ".join(each for each in TITLE.split() if each != word), TEXT, revision)
        for word in words
    ]
    without += [
        scores(own, TITLE, TEXT.replace(each, "").replace("  ", " ").strip(), revision)
        for each in sentences
    ]
    assert found.values.dtype == np.float64
    np.testing.assert_allclose(found.values, np.subtract(whole, without), atol=1e-4)
    assert np.ptp(found.values) > 0.1


def test_a_part_says_where_it_stands() -> None:
    found = added(retriever(MIX), f"  {TITLE}\n", TEXT)
    assert found.article.title == TITLE
    for part in found.parts:
        assert getattr(found.article, part.field)[part.start : part.end] == part.text
        assert part.of == "original"


def test_a_word_of_the_title_is_left_out_of_the_text_that_it_stands_for() -> None:
    own = retriever({View("clip", "text"): 1.0})
    np.testing.assert_array_equal(added(own, TITLE).values, added(retriever(), TITLE).values)
    assert [part.field for part in added(own, TITLE, TEXT).parts] == ["text"] * 3


def test_of_a_title_of_one_word_a_blank_one_is_left() -> None:
    own = retriever()
    blank = encoder_of(own).encode({"a": read("")})
    whole = encoder_of(own).encode({"a": read("Storm")})
    rows = own.rows_of(IMAGES)
    slope = own.revisions[0].slope
    cosines = [
        GALLERY.vectors[rows].astype(np.float64) @ each.of(View("clip", "title")).vectors[0]
        for each in (whole, blank)
    ]
    np.testing.assert_allclose(
        added(own, "Storm").values[0], slope * (cosines[0] - cosines[1]), atol=1e-5
    )


def read(title: str) -> ReadArticle:
    return ReadArticle(title=title, text="", title_en=title, text_en="", has_text=False)


@pytest.mark.parametrize("title", ["?!", "—", "…"])
def test_a_title_without_words_has_no_parts(title: str) -> None:
    found = added(retriever(), title)
    assert found.parts == ()
    assert found.values.shape == (0, 3)


def test_a_translated_article_has_parts_of_both_versions_each_for_its_views() -> None:
    own, encoder = bilingual()
    rows = own.rows_of(IMAGES)
    found = added_to_scores(own, encoder, GERMAN, rows, revision="none")
    assert [(part.field, part.of, part.text) for part in found.parts] == [
        *(("title", "original", word) for word in GERMAN.title.split()),
        *(("title", "english", word) for word in GERMAN.title_en.split()),
        ("text", "original", "Bäume fielen."),
        ("text", "english", "Trees fell."),
    ]
    queries = encoder.encode({"a": GERMAN})
    without = encoder.encode({"a": read("an der Küste"), "b": read("Storm at the")})
    for place, row, view in (
        (0, 0, View("multilingual", "title")), (7, 1, View("clip", "title"))
    ):  # fmt: skip
        vectors = queries.of(view).vectors[0] - without.of(view).vectors[row]
        images = own.gallery[view.tower].vectors[rows]
        expected = shares(queries, BOTH)[view][0] * (images @ vectors)
        np.testing.assert_allclose(found.values[place], expected, atol=1e-6)


def test_the_same_in_both_versions_is_left_out_of_both_at_once() -> None:
    own, encoder = bilingual()
    found = added_by_parts(own, encoder, TITLE, "", IMAGES, revision="none")
    assert [(part.of, part.text) for part in found.parts] == [
        ("original", word) for word in TITLE.split()
    ]
    whole = encoder.encode({"a": read(TITLE), "b": read("hits the coast")})
    expected = own.differences(whole, own.rows_of(IMAGES), revision="none")
    np.testing.assert_allclose(found.values[0], expected[0], rtol=1e-12)


def test_an_article_that_was_not_translated_is_read_by_the_multilingual_views_alone() -> None:
    own, encoder = bilingual()
    german = ArticleEncoder(
        towers=encoder.towers, weights=BOTH, preprocessing=Preprocessing(languages=("de", "en"))
    )
    title = "Der Sturm an der Küste hat viele Bäume entwurzelt"
    found = added_by_parts(own, german, title, "", IMAGES, revision="none")
    assert not found.article.in_english
    alone = ArticleEncoder(
        towers={"multilingual": FakeTower(fake)}, weights={View("multilingual", "title"): 1.0}
    )
    by_one = Retriever(
        gallery={"multilingual": OTHERS}, weights=alone.weights, revisions=own.revisions
    )
    expected = added_by_parts(by_one, alone, title, "", IMAGES, revision="none")
    np.testing.assert_allclose(found.values, expected.values, atol=1e-6)
    only_clip = ArticleEncoder(
        towers={"clip": FakeTower(fake)}, weights=BY_TITLE, preprocessing=german.preprocessing
    )
    with pytest.raises(NewsImagesError, match="no multilingual view is asked"):
        added_by_parts(retriever(), only_clip, title, "", IMAGES)


def test_a_sentence_left_out_of_one_version_leaves_the_others_views_their_weight() -> None:
    own, encoder = bilingual()
    found = added_to_scores(own, encoder, GERMAN, own.rows_of(IMAGES), revision="none")
    whole = encoder.encode({"a": GERMAN})
    view = View("clip", "text")
    less = whole.of(view).vectors - whole.of(View("clip", "title")).vectors
    expected = 0.2 * (GALLERY.vectors[own.rows_of(IMAGES)] @ less[0])
    np.testing.assert_allclose(found.values[-1], expected, atol=1e-6)


class DeafTower(FakeTower):
    """Reads the first two words of a text."""

    def __init__(self) -> None:
        super().__init__(fake)
        self.read: list[str] = []
        self.encode = self.first_two

    def first_two(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.read += texts
        return fake.encode_texts([" ".join(text.split()[:2]) for text in texts])

    def fills_context(self, text: str) -> bool:
        return len(text.split()) >= 2


def test_what_no_tower_reads_adds_nothing_and_long_titles_have_an_end() -> None:
    tower = DeafTower()
    encoder = ArticleEncoder(towers={"clip": tower}, weights=BY_TITLE)
    title = " ".join(f"word{n}" for n in range(300))
    found = added_by_parts(retriever(), encoder, title, "", IMAGES)
    assert (len(found.parts), found.n_left) == (80, 220)
    assert (found.values[2:] == 0).all()
    assert (found.values[:2] != 0).all()
    assert len(tower.read) == 4  # the whole, and without each of the first three words
    found = added_by_parts(retriever(), encoder, "one two", "", IMAGES)
    assert (found.values != 0).all()


def test_all_is_encoded_in_one_batch() -> None:
    own = retriever()
    fake.encoded.clear()
    found = added(own, TITLE)
    assert fake.encoded == [TITLE, *("hits the coast", "Storm the coast", "Storm hits coast"),
                            "Storm hits the"]  # fmt: skip
    assert found.n_left == 0


def test_an_unknown_image_is_named() -> None:
    with pytest.raises(NewsImagesError, match="The gallery has no image x, i1"):
        added_by_parts(retriever(), encoder_of(retriever()), TITLE, "", ["i00001", "x", "i1"])


def test_articles_of_a_test_set_are_read_from_its_table() -> None:
    table = pd.DataFrame(
        {
            "article_id": ["a", "b"],
            "title": ["Sturm", "Storm"],
            "text": ["", "It blew."],
            "title_en": ["Storm", "Storm"],
            "text_en": ["", "It blew."],
            "language": ["de", "en"],
        }
    )
    articles = read_of(table)
    assert articles["a"] == ReadArticle(
        title="Sturm", text="", title_en="Storm", text_en="", has_text=False, language="de"
    )
    assert (articles["b"].has_text, articles["b"].language) == (True, "en")
