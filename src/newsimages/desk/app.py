"""The web application: what the page asks, in JSON in; answers, pictures and the page itself out.

==================  ================================================================================
GET /               the page; its style and scripts beside it
GET /api/about      the model, and by what its gallery can be filtered
POST /api/ask       a story in, its pictures out, best first
POST /api/why       what views and words add to the score of one of a story's pictures
POST /api/heat      which parts of it the score comes from
POST /api/stories   several stories in, a picture for each out, none twice
POST /api/swap      the best picture of a story without those that are named
POST /api/table     a table in, its stories out
POST /api/take      pictures that were chosen, which are written down
GET /picture        an image by its id, as JPEG in one of two sizes
GET /api/picture    why an image has no picture
==================  ================================================================================

An error is a sentence in ``error``, which the page shows as it is.
"""

import base64
import json
import time
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from fastapi import FastAPI, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from newsimages.desk.gate import OWN_HOSTS, Gate
from newsimages.desk.models import Model, ModelGoneError, Row
from newsimages.desk.pictures import SIZES, Pictures, Thumbnails, tag_of
from newsimages.desk.stories import MAX_STORIES, check_number, first_of, none_twice, stories_in
from newsimages.desk.taken import Keep, taken_row
from newsimages.encoding.images import UnreadableImageError
from newsimages.errors import NewsImagesError
from newsimages.gallery.filters import NothingLeftError
from newsimages.plain_text import encodable, readable
from newsimages.retriever.batching import BusyError
from newsimages.retriever.parameters import MAX_CHARACTERS
from newsimages.retriever.retriever import MAX_MINUS_WEIGHT, MINUS_WEIGHT

PAGE = Path(__file__).parent / "page"
FILES = ("desk.css", "desk.js", "narrow.js", "parts.js", "stories.js", "take.js", "why.js")
MAX_SHOWN = 200  # pictures of a story
_KEPT = "private, max-age=86400, immutable"  # a file that changes gets another address


class Story(BaseModel):
    """A headline, and optionally the story below it."""

    model_config = ConfigDict(extra="forbid", strict=True)
    title: str
    text: str = ""

    def check(self) -> None:
        """Raises: NewsImagesError where it is blank or too long."""
        for name, value in (("headline", self.title), ("story", self.text)):
            if len(value) > MAX_CHARACTERS:
                raise NewsImagesError(
                    f"The {name} has {len(value):,} characters; up to {MAX_CHARACTERS:,} are read. "
                    "Give its beginning."
                )
        if not readable(self.title):
            raise NewsImagesError("The headline is blank: type one.")

    @property
    def article(self) -> dict[str, str]:
        """As a model is asked."""
        return {"title": encodable(self.title), "text": encodable(self.text)}


class Narrowing(BaseModel):
    """Which pictures are wanted."""

    model_config = ConfigDict(extra="forbid", strict=True)
    filter: dict[str, Any] = {}
    minus: str = ""
    """What the pictures should not show."""
    minus_weight: Annotated[float, Field(ge=0, le=MAX_MINUS_WEIGHT)] = MINUS_WEIGHT

    @property
    def parameters(self) -> dict[str, Any]:
        """A request's, without those that say nothing."""
        given: dict[str, Any] = {}
        wanted = {name: own for name, own in self.filter.items() if own not in ("", [], None)}
        if wanted:
            given["filter"] = json.dumps(wanted)
        if readable(self.minus):
            given |= {"minus": encodable(self.minus), "minus_weight": float(self.minus_weight)}
        return given


class Asked(Story, Narrowing):
    """A story, and how many pictures are wanted."""

    top_k: Annotated[int, Field(ge=1, le=MAX_SHOWN)] = 24
    like: str = ""
    """An image whose likes are wanted, in the place of the story's own."""

    @property
    def parameters(self) -> dict[str, Any]:
        """A request's."""
        own = {"like": encodable(self.like)} if self.like else {}
        return {"top_k": self.top_k, **super().parameters, **own}


class Questioned(Asked):
    """A story, and one of its pictures."""

    image_id: str


class Named(Story):
    """A story that may have an id."""

    article_id: str = ""


class Several(Narrowing):
    """Stories, each of which is to get a picture."""

    stories: list[Named]


class Swap(Story, Narrowing):
    """A story, and the pictures that it is not to get."""

    without: list[str] = []


class Choice(Named):
    """A picture that was chosen for a story."""

    image_id: str
    rank: Annotated[int, Field(ge=1)]
    score: float


class Taking(BaseModel):
    """What was chosen at a time."""

    model_config = ConfigDict(extra="forbid", strict=True)
    choices: Annotated[list[Choice], Field(min_length=1, max_length=MAX_STORIES)]


class Desk:
    """What the application answers with."""

    def __init__(self, model: Model, keep: Keep) -> None:
        self.model, self.keep = model, keep
        self.thumbnails = Thumbnails()

    @property
    def answered_by(self) -> dict[str, Any]:
        """The model, as answers name it."""
        model = self.model
        named = {"model": model.name, "version": model.version, "n_images": model.n_images}
        return {**named, "notice": model.notice}

    def about(self) -> dict[str, Any]:
        """What the page has to know before anything is asked."""
        fields = self.model.pictures.fields
        return {
            **self.answered_by,
            "fields": list(fields.names),
            "rights": list(fields.rights),
            "max_characters": MAX_CHARACTERS,
            "minus_weight": {"default": MINUS_WEIGHT, "most": MAX_MINUS_WEIGHT},
        }

    def ask(self, asked: Asked) -> dict[str, Any]:
        """The pictures of a story."""
        asked.check()
        start = time.perf_counter()
        row: Row = {"image_ids": [], "scores": []}
        said = ""
        try:
            [row] = self.model.answer([asked.article], asked.parameters)
        except NothingLeftError as error:
            said = str(error)
        english = None if asked.like else self.model.english(**asked.article)
        return {
            **self.answered_by,
            "language": "" if asked.like else row.get("language", ""),
            "english": english._asdict() if english else None,
            "none_fits": row.get("none_fits"),
            "approximate": bool(row.get("approximate")),
            "nothing_left": said,
            "images": [self._at(row, place) for place in range(len(row["image_ids"]))],
            "seconds": round(time.perf_counter() - start, 4),
        }

    def why(self, asked: Questioned) -> dict[str, Any]:
        """What each view, and each word, adds to the score of one of a story's pictures."""
        asked.check()
        given = {**asked.parameters, "explain": True, "words": True}
        [row] = self.model.answer([asked.article], given)
        if asked.image_id not in row["image_ids"]:
            raise NewsImagesError(
                "This picture is not among the story's any more: the gallery, or the model, is "
                "another one by now. Ask again."
            )
        place = row["image_ids"].index(asked.image_id)
        shares = row.get("contributions") or {}
        words = row.get("words")
        if words:
            parts = [{**part, "adds": part["adds"][place]} for part in words["parts"]]
            words = {**words, "parts": parts}
        return {
            **self.answered_by,
            "score": row["scores"][place],
            "contributions": {name: values[place] for name, values in shares.items()},
            "words": words,
        }

    def heat(self, asked: Questioned) -> dict[str, Any]:
        """Which parts of a picture its score comes from, or why that is not known."""
        asked.check()
        try:
            path = self.model.pictures.path(asked.image_id)
            self.model.pictures.check(asked.image_id, path)
            values = self.model.heat_map(asked.article, asked.parameters, asked.image_id, path)
        except (UnreadableImageError, NewsImagesError) as error:
            return {"why_not": f"No heat map: {error}"}
        most = float(np.abs(values).max()) or 1.0
        cells = np.round(values * (127 / most) + 128).astype(np.uint8)
        return {
            "width": values.shape[1],
            "height": values.shape[0],
            "values": base64.b64encode(cells.tobytes()).decode(),
        }

    def several(self, asked: Several) -> dict[str, Any]:
        """A picture for each story, none twice."""
        check_number(len(asked.stories))
        for story in asked.stories:
            story.check()
        top_k = len(asked.stories)
        articles = [story.article for story in asked.stories]
        rows = self.model.answer(articles, {**asked.parameters, "top_k": top_k})
        told = [
            {
                "language": row["language"],
                "none_fits": row.get("none_fits"),
                "image": self._at(row, place),
            }
            for row, place in zip(rows, none_twice(rows), strict=True)
        ]
        return {**self.answered_by, "stories": told}

    def swap(self, asked: Swap) -> dict[str, Any]:
        """The best picture of a story without those that it is not to get."""
        asked.check()
        top_k = len({*asked.without}) + 1
        [row] = self.model.answer([asked.article], {**asked.parameters, "top_k": top_k})
        return {**self.answered_by, "image": self._at(row, first_of(row, asked.without))}

    def _at(self, row: Row, place: int | None) -> dict[str, Any] | None:
        return None if place is None else at(row, place, self.model.pictures)

    def take(self, taking: Taking) -> dict[str, Any]:
        """Writes down what was chosen."""
        rows = []
        for choice in taking.choices:
            choice.check()
            about = of_image(choice.image_id, self.model.pictures)
            story = {**choice.article, "article_id": choice.article_id}
            chosen = {
                "image_id": encodable(choice.image_id),
                "image": about["path"],
                "credit": about["credit"],
                "rank": choice.rank,
                "score": choice.score,
            }
            rows.append(taken_row(story, chosen, model=self.model.name, version=self.model.version))
        self.keep(rows)
        return {"taken": rows}

    def picture(self, image_id: str, size: str) -> bytes | None:
        """A small picture; None where there is none, which is no error of who asks."""
        try:
            return self.thumbnails(self.model.pictures, image_id, size)
        except UnreadableImageError:
            return None

    def why_not(self, image_id: str) -> str:
        """Why an image has no picture; "" where it has one."""
        try:
            self.thumbnails(self.model.pictures, image_id, "tile")
        except UnreadableImageError as error:
            return str(error)
        return ""


def at(row: Row, place: int, pictures: Pictures) -> dict[str, Any]:
    """The image at a place of an answer's list, with what is said of it, as the page shows it."""
    image_id, sure = row["image_ids"][place], row.get("confidence")
    return {
        "id": image_id,
        "rank": place + 1,
        "score": row["scores"][place],
        "confidence": sure[place] if sure else None,
        **of_image(image_id, pictures),
    }


def of_image(image_id: str, pictures: Pictures) -> dict[str, Any]:
    """What is said of an image, and the tag of its file or the reason why it has none."""
    said = pictures.said(image_id)
    tag, path, why = "", "", ""
    try:
        file = pictures.path(image_id)
        path, tag = str(file), tag_of(file)
    except UnreadableImageError as error:
        why = str(error)
    return {**vars(said), "path": path, "tag": tag, "why_not": why}


def application(desk: Desk, *, hosts: Collection[str] = ()) -> FastAPI:
    """The application.

    Args:
        desk: What it answers with.
        hosts: Names by which it may be called, beside those of this machine.
    """
    app = FastAPI(title="newsimages desk", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Gate, hosts=[*OWN_HOSTS, *hosts])

    @app.get("/")
    def page() -> FileResponse:
        return FileResponse(PAGE / "desk.html", headers={"cache-control": "no-store"})

    for name in FILES:
        app.get(f"/{name}")(_sends(PAGE / name))

    @app.get("/favicon.ico")
    def icon() -> Response:
        return Response(status_code=204)

    @app.get("/api/about")
    def about() -> dict[str, Any]:
        return desk.about()

    @app.post("/api/ask")
    def ask(asked: Asked) -> dict[str, Any]:
        return desk.ask(asked)

    @app.post("/api/why")
    def why(asked: Questioned) -> dict[str, Any]:
        return desk.why(asked)

    @app.post("/api/heat")
    def heat(asked: Questioned) -> dict[str, Any]:
        return desk.heat(asked)

    @app.post("/api/stories")
    def several(asked: Several) -> dict[str, Any]:
        return desk.several(asked)

    @app.post("/api/swap")
    def swap(asked: Swap) -> dict[str, Any]:
        return desk.swap(asked)

    @app.post("/api/table")
    async def table(request: Request, name: str) -> dict[str, Any]:
        return await run_in_threadpool(stories_in, await request.body(), name)

    @app.post("/api/take")
    def take(taking: Taking) -> dict[str, Any]:
        return desk.take(taking)

    @app.get("/picture")
    def picture(image_id: Annotated[str, Query(alias="id")], size: str = "tile") -> Response:
        if size not in SIZES:
            raise NewsImagesError(f"size is {size[:20]!r}, expected {' or '.join(SIZES)}.")
        content = desk.picture(image_id, size)
        if content is None:  # an error of the file, not of the page: browsers log no 204
            return Response(status_code=204, headers={"cache-control": "no-store"})
        return Response(content, media_type="image/jpeg", headers={"cache-control": _KEPT})

    @app.get("/api/picture")
    def why_not(image_id: Annotated[str, Query(alias="id")]) -> dict[str, str]:
        return {"why_not": desk.why_not(image_id)}

    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(NewsImagesError, _on_error)
    app.add_exception_handler(Exception, _on_fault)
    return app


def _sends(path: Path) -> Any:
    def send() -> FileResponse:
        return FileResponse(path, headers={"cache-control": "no-cache"})

    return send


def _on_error(_: Request, error: Exception) -> JSONResponse:
    waits = isinstance(error, BusyError | ModelGoneError)
    return JSONResponse({"error": encodable(str(error))}, 503 if waits else 400)


def _on_invalid(_: Request, error: Exception) -> JSONResponse:
    details = error.errors() if isinstance(error, RequestValidationError) else []
    first = details[0] if details else {"loc": ("body",), "msg": "cannot be read"}
    where = ".".join(map(str, first["loc"][1:])) or str(first["loc"][0])
    return JSONResponse({"error": f"The request's {where[:60]}: {first['msg'][:200]}."}, 400)


def _on_fault(_: Request, error: Exception) -> JSONResponse:
    kind = type(error).__name__
    return JSONResponse({"error": f"The desk has failed ({kind}); its terminal says how."}, 500)
