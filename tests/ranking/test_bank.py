"""The query bank: offsets that travel with their ids, and what may not stand in it."""

import numpy as np
import pytest
import torch

from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from newsimages.ranking import bank as bank_module
from newsimages.ranking.bank import ImageOffsets, bank_offsets, without_asked
from newsimages.ranking.ranking import rank
from newsimages.ranking.revisions import DualSoftmax, Neighbours, Revision
from newsimages.ranking.spaces import Queries, Space, View
from tests.fakes import queries_of, random_embeddings, renamed, unit
from tests.ranking.settings import SHARP

BANK, GALLERY = random_embeddings("b", 70, 16, 0), random_embeddings("i", 40, 16, 1)
EMPTY = Embeddings(BANK.ids[:0], BANK.vectors[:0])
SPACE = Space.of(BANK, GALLERY)
TITLE, TEXT = View("clip", "title"), View("clip", "text")


def test_offsets_are_those_of_the_bank_in_the_order_of_the_ids() -> None:
    shuffled = GALLERY.select(np.random.default_rng(0).permutation(GALLERY.ids).tolist())
    offsets = bank_offsets(Space.of(BANK, shuffled), DualSoftmax(scale=30.0))
    z = torch.from_numpy(BANK.vectors @ GALLERY.vectors.T).double()
    assert offsets.ids.tolist() == GALLERY.ids.tolist()
    np.testing.assert_allclose(offsets.values, torch.logsumexp(30 * z, dim=0), rtol=1e-6)


@pytest.mark.parametrize("revision", SHARP, ids=lambda revision: revision.name)
def test_the_ranked_articles_own_offsets_come_out_where_the_bank_is_they(
    revision: Revision,
) -> None:
    banked = rank(SPACE, revision, offsets=bank_offsets(SPACE, revision))
    np.testing.assert_array_equal(banked.scores, rank(SPACE, revision).scores)


def test_values_follow_the_ids_asked_for() -> None:
    offsets = ImageOffsets(np.array(["b", "a", "c"]), np.array([2, 1, 3], np.float32), Neighbours())
    assert len(offsets.ids) == 3
    assert offsets.of(np.array(["a", "b", "c"])).tolist() == [1, 2, 3]
    with pytest.raises(NewsImagesError, match=r"1 images have none \(d\), 2 are not .* \(a, c\)"):
        offsets.of(np.array(["b", "d"]))


def test_an_empty_bank_and_one_of_another_model_are_refused() -> None:
    with pytest.raises(NewsImagesError, match="query bank is empty"):
        bank_offsets(Space.of(EMPTY, GALLERY), DualSoftmax())
    other = Space.of(BANK, random_embeddings("i", 40, 8, 1))
    with pytest.raises(NewsImagesError, match=r"\(70, 16\) against .*\(40, 8\).*same E"):
        bank_offsets(other, DualSoftmax())


def test_offsets_that_do_not_belong_to_their_ids_are_refused() -> None:
    ids = np.array(["a", "b"])
    with pytest.raises(NewsImagesError, match=r"\(2,\) ids for offsets of shape \(3,\)"):
        ImageOffsets(ids, np.zeros(3, np.float32), DualSoftmax())
    with pytest.raises(NewsImagesError, match="Offsets are float64"):
        ImageOffsets(ids, np.zeros(2), DualSoftmax())  # type: ignore[arg-type]
    with pytest.raises(NewsImagesError, match="not finite: b"):
        ImageOffsets(ids, np.array([0, np.nan], np.float32), DualSoftmax())
    with pytest.raises(NewsImagesError, match="more than once: a"):
        ImageOffsets(np.array(["a", "a"]), np.zeros(2, np.float32), DualSoftmax())


def by_title(vectors: Embeddings) -> Queries:
    return queries_of({TITLE: vectors})


def test_asked_articles_are_found_in_the_bank_by_id_and_by_vector() -> None:
    bank, queries = by_title(BANK), random_embeddings("a", 12, 16, 2)
    assert without_asked(bank, [by_title(queries)], [TITLE]) is bank
    vectors = queries.vectors.copy()
    vectors[4] = unit(BANK.vectors[5:6] + 1e-4)[0]  # the same text, encoded in another batch
    same_id = np.array([*queries.ids[:11], "b00003"])
    left = without_asked(bank, [by_title(Embeddings(same_id, vectors))], [TITLE])
    rest = [row for row in range(70) if row not in (3, 5)]
    assert left.ids.tolist() == BANK.ids[rest].tolist()
    np.testing.assert_array_equal(left.of(TITLE).vectors, BANK.vectors[rest])


def test_it_is_left_out_where_any_set_asks_for_it_in_any_view() -> None:
    texts = random_embeddings("b", 70, 16, 3)
    bank = queries_of({TITLE: BANK, TEXT: texts}, without_text=["b00009"])

    def asked(letter: str, title_row: int, text_row: int) -> Queries:
        ids = np.array([f"{letter}0"])
        return queries_of(
            {
                TITLE: Embeddings(ids, BANK.vectors[[title_row]]),
                TEXT: Embeddings(ids, texts.vectors[[text_row]]),
            }
        )

    sets = [asked("x", 1, 2), asked("y", 20, 21)]
    both = without_asked(bank, sets, [TITLE, TEXT])
    assert set(bank.ids) - set(both.ids) == {"b00001", "b00002", "b00020", "b00021"}
    assert both.has_text.sum() == len(both) - 1
    title = without_asked(bank, sets, [TITLE])
    assert set(bank.ids) - set(title.ids) == {"b00001", "b00020"}


def test_asked_for_nothing_the_bank_stays_as_it_is() -> None:
    bank = by_title(BANK)
    assert without_asked(bank, [], [TITLE]) is bank
    assert without_asked(bank, [by_title(EMPTY)], [TITLE]) is bank


def test_a_bank_of_nothing_but_what_is_asked_for_says_so() -> None:
    bank = by_title(BANK)
    for asked in (BANK, renamed(BANK, np.char.add("a", BANK.ids))):
        with pytest.raises(NewsImagesError, match="All 70 training articles are among those"):
            without_asked(bank, [by_title(asked)], [TITLE])
    with pytest.raises(NewsImagesError, match="All 0 training articles"):
        without_asked(by_title(EMPTY), [bank], [TITLE])


def test_a_view_that_one_side_lacks_is_told() -> None:
    with pytest.raises(NewsImagesError, match="clip on the text has no articles"):
        without_asked(by_title(BANK), [by_title(GALLERY)], [TEXT])


@pytest.mark.parametrize(
    "revision", [each for each in SHARP if each.image_by_image], ids=lambda each: each.name
)
def test_an_image_has_the_same_offset_whenever_it_comes(
    revision: Revision, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bank_module, "IMAGES", 512)
    bank, gallery = random_embeddings("b", 300, 48, 0), random_embeddings("i", 1511, 48, 1)
    whole = bank_offsets(Space.of(bank, gallery), revision)
    for start, end in ((0, 1), (1, 18), (18, 519), (519, 1400), (1400, 1511)):
        part = Embeddings(gallery.ids[start:end], gallery.vectors[start:end])
        grown = bank_offsets(Space.of(bank, part), revision)
        np.testing.assert_array_equal(grown.values, whole.values[start:end])
