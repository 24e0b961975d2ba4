"""The counts of what the bundled models saw, and the sentence about them."""

import pandas as pd
import pytest

from newsimages import demo_models
from newsimages.corpora.demo.scenes import Scene
from tools import seen
from tools.demo_models import draws


@pytest.mark.parametrize("kind", demo_models.BACKBONES.values())
def test_titles_and_pictures_are_counted_per_test_set(
    kind: demo_models.Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = draws.demo_plan()
    german = 0 if kind == "clip" else 1
    titles = {draws.bare(both[german]) for both in plan.headlines["RT/test.csv"][:30]}
    titles |= {draws.bare(row["title"]) for row in plan.tables["TW/test.csv"][:20]}
    looks = set(draws.looks_of(plan, ["RSS/test.csv"])[:7])

    def drawn_for(_: demo_models.Kind) -> tuple[set[str], set[Scene]]:
        return titles, looks

    monkeypatch.setattr(seen, "drawn_for", drawn_for)
    table = seen.seen_by(kind).set_index("test set")
    counts = {name: int(cell.split(" of 300")[0]) for name, cell in table["titles seen"].items()}
    assert counts["RSS"] < 5  # those that other sets' titles equal
    assert 30 <= counts["RT"] < 35
    assert 20 <= counts["TW"] < 25
    assert table["pictures seen"]["RSS"] == "7 of 300"


def test_the_sentence_says_the_range_or_that_there_is_none() -> None:
    table = pd.DataFrame({"titles seen": ["90 of 300", "147 of 300"]})
    assert "read 30 to 49 % of a test set's titles" in seen.sentence(table)
    assert "saw no title" in seen.sentence(pd.DataFrame({"titles seen": ["0 of 300"]}))
