"""Which answers are explained, and what an explanation holds."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from newsimages.embeddings import Embeddings
from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.explanations.answers import Explanation, explanations, most, on_cells, record
from newsimages.explanations.regions import HeatMap
from newsimages.protocols.embedded import EmbeddedSet, TowerVectors
from newsimages.ranking.revisions import PLAIN
from newsimages.ranking.spaces import View
from newsimages.retriever.retriever import Retriever

COLOURS = {"blue": (30, 60, 220), "green": (30, 160, 60), "red": (220, 30, 30)}
TITLES = {"b": "A blue car in Köln", "g": "A green car", "r": "A red car", "x": "No picture known"}
RIGHT = {"b": "blue", "g": "green", "r": "red", "x": None}


@pytest.mark.parametrize(
    ("n", "wrong", "right"),
    [
        (0, [], []),
        (1, ["c"], []),
        (3, ["c", "d"], ["a"]),
        (4, ["c", "d"], ["a", "f"]),
        (6, ["c", "d", "b", "e"], ["a", "f"]),
        (99, ["c", "d", "b", "e"], ["a", "f"]),
    ],
)
def test_half_of_them_most_wrong_and_half_most_right(
    n: int, wrong: list[str], right: list[str]
) -> None:
    ranks = {"f": 1, "e": 2, "d": np.inf, "c": np.inf, "b": 7, "a": 1}
    assert list(most(ranks, n).items()) == [
        *((article, "wrong") for article in wrong),
        *((article, "right") for article in right),
    ]


def test_where_all_are_right_none_is_called_wrong() -> None:
    assert most({"b": 1, "a": 1, "c": 1}, 2) == {"a": "right", "b": "right"}


@pytest.fixture(scope="module")
def encoder() -> OpenClipEncoder:
    return OpenClipEncoder(OpenClipConfig(backbone="demo", device="cpu", precision="fp32"))


def explained(
    encoder: OpenClipEncoder,
    folder: Path,
    n: int = 24,
    right: Mapping[str, str | None] = RIGHT,
) -> dict[str, Explanation]:
    """The explanations of lists in which every article gets red, green, blue.

    The file of red is gone by then, that of green another picture.
    """
    files = {name: folder / f"{name}.png" for name in COLOURS}
    for name, colour in COLOURS.items():
        Image.new("RGB", (64, 48), colour).save(files[name])
    (answer,) = encoder.encode_images([list(files.values())])
    images = Embeddings(np.array(list(files)), answer.vectors)
    queries = Embeddings(np.array(list(TITLES)), encoder.encode_texts(list(TITLES.values())))
    articles = pd.DataFrame({"article_id": list(TITLES), "title": list(TITLES.values())})
    articles = articles.assign(
        title_en=articles["title"],
        text="",
        text_en="",
        language="en",
        image_id=list(right.values()),
    )
    part = EmbeddedSet(
        name="RSS",
        split="test",
        articles=articles,
        towers={"clip": TowerVectors(queries={"title": queries, "text": queries}, images=images)},
        miniatures=images,
        files=files,
    )
    weights = {View("clip", "title"): 1.0}
    own = Retriever(gallery=part.gallery, weights=weights, revisions=(PLAIN,))
    listed = [(article, place, image) for article in TITLES
              for place, image in enumerate(["red", "green", "blue"], start=1)]  # fmt: skip
    ranking = pd.DataFrame(listed, columns=["article_id", "rank", "image_id"])
    files["red"].unlink()
    Image.fromarray(np.eye(60, dtype=np.uint8) * 255).save(files["green"])
    made = explanations(own, {"clip": encoder}, part, ranking, n=n)
    return {each.article_id: each for each in made}


def test_the_right_image_and_the_first_one(encoder: OpenClipEncoder, tmp_path: Path) -> None:
    made = explained(encoder, tmp_path)
    assert {key: each.side for key, each in made.items()} == {
        "b": "wrong",
        "g": "wrong",
        "r": "right",
    }
    shown = {key: [image.image_id for image in each.images] for key, each in made.items()}
    assert shown == {"b": ["blue", "red"], "g": ["green", "red"], "r": ["red"]}
    assert [part.text for part in made["b"].parts] == ["A", "blue", "car", "in", "Köln"]
    blue, red = made["b"].images
    assert blue.heat is not None
    assert blue.values.shape == red.values.shape == (5,)
    without = encoder.encode_texts(["A blue car in Köln", "A car in Köln"])
    pictures = encoder.encode_images([[tmp_path / "blue.png"]])
    cosines = without @ next(iter(pictures)).vectors[0]
    assert blue.values[1] == pytest.approx(cosines[0] - cosines[1], abs=1e-6)


def test_a_picture_that_is_gone_or_changed_is_said_and_the_words_stay(
    encoder: OpenClipEncoder, tmp_path: Path
) -> None:
    made = explained(encoder, tmp_path)
    green, red = made["g"].images
    assert green.heat is None
    assert green.why_not.startswith("The file of the image green has changed since it was embedded")
    assert red.heat is None
    assert red.why_not.startswith("red.png cannot be read as an image (no such file)")
    assert str(tmp_path) not in red.why_not
    assert np.abs(red.values).max() > 0


def test_nothing_is_explained_where_nothing_is_to_be(
    encoder: OpenClipEncoder, tmp_path: Path
) -> None:
    assert explained(encoder, tmp_path, n=0) == {}
    for unknown in (None, "of another gallery"):
        assert explained(encoder, tmp_path, right=dict.fromkeys(RIGHT, unknown)) == {}


def test_the_numbers_are_kept_as_json(encoder: OpenClipEncoder, tmp_path: Path) -> None:
    own = explained(encoder, tmp_path)["b"]
    kept = json.loads(json.dumps(record(own), allow_nan=False))
    assert (kept["article_id"], kept["most"]) == ("b", "wrong")
    blue = {"field": "title", "of": "original", "start": 2, "end": 6, "text": "blue"}
    assert kept["parts"][1] == blue
    first, second = kept["images"]
    assert np.allclose(first["added"], own.images[0].values, atol=1e-6)
    assert np.shape(first["heat"]) == (18, 24)
    assert (second["heat"], second["method"]) == (None, None)


@pytest.mark.parametrize(
    ("shape", "expected"), [((48, 96), (12, 24)), ((7, 7), (7, 7)), ((1, 240), (1, 24))]
)
def test_a_heat_map_is_kept_on_few_cells(shape: tuple[int, int], expected: tuple[int, int]) -> None:
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    cells = on_cells(HeatMap(values, "gradient"))
    assert cells.shape == expected
    assert cells.mean() == pytest.approx(values.mean(), abs=1e-5)
