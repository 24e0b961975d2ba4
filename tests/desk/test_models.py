"""A model that is served elsewhere: what it answers, and what is told where it does not."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from newsimages.desk.models import ModelGoneError, Served
from newsimages.desk.pictures import ListedPictures
from newsimages.errors import NewsImagesError
from newsimages.gallery.filters import NothingLeftError
from newsimages.retriever.batching import BusyError
from tests.desk.desks import NAMES, model

STORY = [{"title": "A storm", "text": ""}]


class Serving:
    """Answers as ``mlflow models serve`` does, or as it is told to."""

    def __init__(self) -> None:
        own = model(ListedPictures(), NAMES)
        self.instead: tuple[int, bytes] | None = None
        serving = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                status, content = serving.instead or (200, b"")
                if not serving.instead:
                    rows = own.answer(body["dataframe_records"], body["params"])
                    content = json.dumps({"predictions": rows}).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def serving() -> Iterator[Serving]:
    own = Serving()
    threading.Thread(target=own.server.serve_forever, daemon=True).start()
    yield own
    own.server.shutdown()
    own.server.server_close()


def test_it_answers_as_the_same_model_in_process(serving: Serving) -> None:
    served = Served(f"{serving.address}/", ListedPictures())
    expected = model(ListedPictures(), NAMES).answer(STORY, {"top_k": 5})
    assert served.answer(STORY, {"top_k": 5}) == expected
    assert served.answer(STORY, {"explain": True, "words": True})[0]["words"]["parts"]
    assert served.name == serving.address


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (400, {"message": "The title is blank in the rows 0."}, NewsImagesError, "title is blank"),
        (400, {"message": "The filter leaves none of the"}, NothingLeftError, "leaves none"),
        (503, {"message": "128 requests are waiting already."}, BusyError, "128 requests"),
        (504, {"message": "timed out"}, ModelGoneError, "does not answer: timed out"),
        (404, "<html>", ModelGoneError, "does not answer: status 404"),
        (200, {"predictions": [1]}, ModelGoneError, "is no retriever of this project"),
        (200, {"hello": []}, ModelGoneError, "is no retriever of this project"),
        (200, "[]", ModelGoneError, "is no retriever of this project"),
        (200, "[" * 100_000, ModelGoneError, "is no retriever of this project"),
        (400, {"message": ["x"]}, ModelGoneError, "does not answer: status 400"),
    ],
)
def test_what_is_no_answer_is_told(
    serving: Serving, status: int, body: object, kind: type[Exception], said: str
) -> None:
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    serving.instead = status, content
    with pytest.raises(kind, match=said) as caught:
        Served(serving.address, ListedPictures()).answer(STORY, {})
    assert type(caught.value) is kind


def test_one_that_is_gone_answers_again_when_it_is_back(serving: Serving) -> None:
    served = Served("http://127.0.0.1:9", ListedPictures())
    with pytest.raises(ModelGoneError, match="127.0.0.1:9 does not answer: .*Start it, or wait"):
        served.answer(STORY, {})
    served.name = serving.address
    assert len(served.answer(STORY, {})) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"image_ids": None},
        {"image_ids": [1, 2]},
        {"scores": [1.0]},
        {"scores": [1.0, float("nan")]},
        {"confidence": [0.1]},
        {"language": None},
        {"contributions": {"clip_title": [1.0]}},
        {"words": {"parts": [{"adds": [1.0]}]}},
    ],
)
def test_rows_of_another_shape_are_no_answer(serving: Serving, wrong: dict[str, Any]) -> None:
    row = {"image_ids": ["a", "b"], "scores": [1.0, 0.5], "language": "en"}
    served = Served(serving.address, ListedPictures())
    serving.instead = 200, json.dumps({"predictions": [row]}).encode()
    assert served.answer(STORY, {}) == [row]
    serving.instead = 200, json.dumps({"predictions": [{**row, **wrong}]}).encode()
    with pytest.raises(ModelGoneError, match="is no retriever of this project"):
        served.answer(STORY, {})
