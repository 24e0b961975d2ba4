"""What the page asks: a retriever in this process, or a model that is served elsewhere.

Both take articles and parameters as a request to a served model has them, and answer the same rows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple, Protocol

import httpx2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, FiniteFloat, ValidationError, model_validator

from newsimages.desk.pictures import Pictures
from newsimages.encoding.encoders import OpenClipEncoder
from newsimages.errors import NewsImagesError, reason_of, shortened
from newsimages.explanations.regions import Regions
from newsimages.gallery.filters import NothingLeftError
from newsimages.ranking.spaces import Tower
from newsimages.retriever.articles import ArticleEncoder
from newsimages.retriever.batching import BusyError
from newsimages.retriever.requests import Answers
from newsimages.retriever.retriever import Retriever

TIMEOUT_S = 60.0
_NOTHING_LEFT = "The filter leaves none"
Article = Mapping[str, str]
"""title, and optionally text and article_id."""
Row = dict[str, Any]
"""An article's answer, as docs/serving.md has it."""


class ModelGoneError(NewsImagesError):
    """The model does not answer at all; it may do so later."""


class English(NamedTuple):
    """An article's translation, as far as the model reads it."""

    title: str
    text: str


class Model(Protocol):
    """What the page asks."""

    name: str
    """The registered model's, or the address of a served one."""

    @property
    def version(self) -> str:
        """The registered model's; "" where it is not known."""

    @property
    def pictures(self) -> Pictures:
        """Of the gallery that it answers from."""

    @property
    def n_images(self) -> int | None:
        """How many its gallery has; None where that is not known."""

    @property
    def notice(self) -> str:
        """What editors should know of it just now; "" for nothing."""

    def answer(self, articles: Sequence[Article], parameters: Mapping[str, Any]) -> list[Row]:
        """As a served model does.

        Raises:
            NothingLeftError: A filter leaves no image.
            BusyError: Too many ask at the same time.
            ModelGoneError: It does not answer.
            NewsImagesError: The request cannot be answered.
        """

    def english(self, title: str, text: str) -> English | None:
        """The translation that is asked with; None where there was none, or it is not known."""

    def heat_map(
        self, article: Article, parameters: Mapping[str, Any], image_id: str, path: Path
    ) -> NDArray[np.float32]:
        """(h, w) what each place of a picture adds to its score for an article.

        Raises:
            NewsImagesError: Nothing is known of that, or as `Regions.heat_map`.
        """


class Loaded(NamedTuple):
    """A retriever, and what follows from it."""

    answers: Answers
    pictures: Pictures


@dataclass(kw_only=True, eq=False)
class InProcess:
    """A retriever in this process, by the code that serves it."""

    name: str
    version: str
    loaded: Loaded
    """Is replaced as a whole when a gallery that grows has a new version."""
    encoders: Callable[[], Mapping[Tower, OpenClipEncoder]] | None = None
    """Loads the models of images, when a heat map is asked for first; None: there is none."""
    notice: str = ""

    def __post_init__(self) -> None:
        self._drawing = Lock()
        self._encoders: Mapping[Tower, OpenClipEncoder] = {}
        self._regions: tuple[Retriever, Regions] | None = None

    @property
    def retriever(self) -> Retriever:
        """What ranks."""
        return self.loaded.answers.retriever

    @property
    def pictures(self) -> Pictures:
        """As `Model` has it."""
        return self.loaded.pictures

    @property
    def n_images(self) -> int:
        """As `Model` has it."""
        retriever = self.retriever
        return len(retriever.snapshot or next(iter(retriever.gallery.values())))

    def answer(self, articles: Sequence[Article], parameters: Mapping[str, Any]) -> list[Row]:
        """As `Model` has it."""
        rows = self.loaded.answers(pd.DataFrame(list(articles)), parameters)
        return [{str(key): value for key, value in row.items()} for row in rows.to_dict("records")]

    def english(self, title: str, text: str) -> English | None:
        """As `Model` has it; sentences that were asked for just now are not translated again."""
        encode = self.retriever.encode
        if not isinstance(encode, ArticleEncoder):
            return None
        read = encode.read({"": title}, {"": text})[""]
        is_own = (read.title_en, read.text_en) == (read.title, read.text)
        return None if is_own or not read.in_english else English(read.title_en, read.text_en)

    def heat_map(
        self, article: Article, parameters: Mapping[str, Any], image_id: str, path: Path
    ) -> NDArray[np.float32]:
        """As `Model` has it."""
        if self.encoders is None:
            raise NewsImagesError("the model of images is not known.")
        with self._drawing:  # one at a time: a pass back through a tower takes much memory
            retriever = self.retriever
            if parameters.get("like"):
                raise NewsImagesError("it is drawn for stories, not for what is like a picture.")
            queries = retriever.queries({"": article["title"]}, {"": article.get("text", "")})
            if minus := parameters.get("minus"):
                queries = retriever.less(queries, minus, parameters["minus_weight"])
            self._encoders = self._encoders or self.encoders()
            if self._regions is None or self._regions[0] is not retriever:
                self._regions = (retriever, Regions(self._encoders, retriever))
            return self._regions[1].heat_map(queries, path, image_id=image_id).values


class Served:
    """A model that ``mlflow models serve`` serves at an address."""

    version = notice = ""

    def __init__(self, address: str, pictures: Pictures) -> None:
        """Takes the address, such as http://127.0.0.1:5001, and where its pictures are."""
        self.name, self._pictures = address.rstrip("/"), pictures
        self.n_images: int | None = None
        # trust_env: what is asked stays between the page and the model, past any proxy.
        self._client = httpx2.Client(timeout=TIMEOUT_S, trust_env=False)

    @property
    def pictures(self) -> Pictures:
        """As `Model` has it."""
        return self._pictures

    def answer(self, articles: Sequence[Article], parameters: Mapping[str, Any]) -> list[Row]:
        """As `Model` has it."""
        body = {"dataframe_records": [dict(each) for each in articles], "params": dict(parameters)}
        try:
            response = self._client.post(f"{self.name}/invocations", json=body)
        except httpx2.HTTPError as error:
            raise ModelGoneError(
                f"The model at {self.name} does not answer: {reason_of(error)}. Start it, or wait "
                "until it is up again, and try once more."
            ) from error
        told = _json(response)
        if response.status_code == httpx2.codes.OK:
            rows = told.get("predictions")
            if isinstance(rows, list) and len(rows) == len(articles) and all(map(_is_row, rows)):
                return rows
            raise ModelGoneError(
                f"What answers at {self.name} is no retriever of this project: got "
                f"{shortened(response.text, 60)!r}. Name the address of one (docs/serving.md)."
            )
        said = told.get("message")
        message = said if isinstance(said, str) and said else f"status {response.status_code}"
        if response.status_code == httpx2.codes.BAD_REQUEST and message == said:
            kind = NothingLeftError if message.startswith(_NOTHING_LEFT) else NewsImagesError
            raise kind(message)
        if response.status_code == httpx2.codes.SERVICE_UNAVAILABLE:
            raise BusyError(message)
        raise ModelGoneError(
            f"The model at {self.name} does not answer: {shortened(message)}. Look at its log, and "
            "try once more."
        )

    def english(self, title: str, text: str) -> None:
        """Not known of a model that is served."""

    def heat_map(
        self, article: Article, parameters: Mapping[str, Any], image_id: str, path: Path
    ) -> NDArray[np.float32]:
        """A model that is served has no part that reads images."""
        raise NewsImagesError("a model that is served elsewhere does not read pictures.")


def _json(response: httpx2.Response) -> dict[str, Any]:
    try:
        told = response.json()
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


class _Part(BaseModel):
    adds: list[FiniteFloat]


class _Words(BaseModel):
    parts: list[_Part]


class _Answer(BaseModel):
    """What the page needs of a row, so that it can trust one that comes from elsewhere."""

    image_ids: list[str]
    scores: list[FiniteFloat]
    language: str
    confidence: list[FiniteFloat] | None = None
    none_fits: FiniteFloat | None = None
    contributions: dict[str, list[FiniteFloat]] | None = None
    words: _Words | None = None

    @model_validator(mode="after")
    def check_lengths(self) -> "_Answer":
        """Raises: ValueError where a list has not a number for each image."""
        lists = [self.scores, *(self.contributions or {}).values()]
        lists += [part.adds for part in self.words.parts] if self.words else []
        lists += [] if self.confidence is None else [self.confidence]
        if any(len(each) != len(self.image_ids) for each in lists):
            raise ValueError("lists of several lengths")
        return self


def _is_row(row: object) -> bool:
    try:
        _Answer.model_validate(row)
    except ValidationError:
        return False
    return True
