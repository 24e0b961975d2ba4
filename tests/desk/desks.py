"""A desk on a small model with drawn pictures, for tests."""

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from PIL import Image, ImageDraw

from newsimages.desk.answering import Desk
from newsimages.desk.app import application
from newsimages.desk.models import InProcess, Loaded
from newsimages.desk.pictures import ListedPictures, Pictures
from newsimages.embeddings import Embeddings
from newsimages.preprocessing.served import Preprocessing
from newsimages.ranking.confidence import Confidence
from newsimages.ranking.revisions import InvertedSoftmax
from newsimages.ranking.spaces import View
from newsimages.retriever.articles import ArticleEncoder
from newsimages.retriever.requests import Answers
from newsimages.retriever.retriever import Retriever
from tests.fakes import FakeEncoder, FakeTower, queries_of, random_embeddings
from tests.preprocessing.test_articles import Shouting

DIMENSION = 16
TITLE, TEXT = View("clip", "title"), View("clip", "text")
HOSTILE = (
    "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>",
    "\u202eعنوان باللغة العربية (خبر)",
    "\U0001f468‍\U0001f469‍\U0001f467 & \"quoted\" 'titles'",
)
CAPTIONS = {f"p{number:02d}.jpg": text for number, text in enumerate(HOSTILE)}
N_IMAGES = 40
NAMES = [f"p{number:02d}.jpg" for number in range(N_IMAGES)]
BANK = queries_of(
    {
        TITLE: random_embeddings("b", 20, DIMENSION, 2),
        TEXT: random_embeddings("b", 20, DIMENSION, 3),
    }
)


def draw(folder: Path, names: Sequence[str]) -> dict[str, Path]:
    """A picture of its own for each name."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        image = Image.new("RGB", (320, 240), (number * 37 % 255, 90, number * 91 % 255))
        ImageDraw.Draw(image).ellipse((60 + number, 40, 220, 200), fill="white")
        image.save(folder / name)
    return {name: folder / name for name in names}


def retriever(ids: Sequence[str], nothing: float = -9) -> Retriever:
    """A model whose answers follow from the letters of the texts."""
    encoder = FakeEncoder(dimension=DIMENSION)
    vectors = random_embeddings("i", len(ids), DIMENSION, 1).vectors
    return Retriever(
        gallery={"clip": Embeddings(np.array(ids), vectors)},
        weights={TITLE: 0.7, TEXT: 0.3},
        revisions=(InvertedSoftmax(scale=50),),
        confidences={
            name: Confidence(temperature=8, nothing=nothing)
            for name in ("none", "inverted_softmax")
        },
        encode=ArticleEncoder(
            towers={"clip": FakeTower(encoder)},
            weights={TITLE: 0.7, TEXT: 0.3},
            preprocessing=Preprocessing(languages=("en", "de"), translator=Shouting()),
        ),
    ).with_bank(BANK)


def listed(folder: Path, captions: Mapping[str, str] = CAPTIONS) -> ListedPictures:
    """Pictures of a folder, some with captions that are markup, right to left and emoji."""
    return ListedPictures(root=folder, files=draw(folder, NAMES), captions=captions)


def model(pictures: Pictures, ids: Sequence[str], **changes: Any) -> InProcess:
    own = {"name": "newsimages-test", "version": "3", **changes}
    return InProcess(loaded=Loaded(Answers(retriever(ids)), pictures), **own)


def desk(folder: Path, taken: list[dict[str, Any]] | None = None) -> Desk:
    """What is taken is added to a list."""
    pictures = listed(folder)
    kept = [] if taken is None else taken
    return Desk(model(pictures, list(pictures.files)), kept.extend)


@contextmanager
def serving(desk: Desk, port: int = 0) -> Iterator[str]:
    """The address of a desk, in a thread of this process."""
    config = uvicorn.Config(application(desk), log_level="warning", server_header=False)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", port)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(20)
