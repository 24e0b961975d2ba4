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

import os
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import FastAPI, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from newsimages.desk.answering import Desk
from newsimages.desk.asked import Asked, Questioned, Several, Swap, Taking
from newsimages.desk.gate import OWN_HOSTS, Gate
from newsimages.desk.models import ModelGoneError
from newsimages.desk.pictures import SIZES
from newsimages.desk.stories import stories_in
from newsimages.errors import NewsImagesError
from newsimages.plain_text import encodable
from newsimages.retriever.batching import BusyError

PAGE = Path(__file__).parent / "page"
FILES = ("desk.css", "desk.js", "narrow.js", "parts.js", "stories.js", "take.js", "why.js")
_KEPT = "private, max-age=86400, immutable"  # a file that changes gets another address


def application(desk: Desk, *, hosts: Collection[str] = ()) -> FastAPI:
    """The application.

    Args:
        desk: What it answers with.
        hosts: Names by which it may be called, beside those of this machine.
    """
    app = FastAPI(title="newsimages desk", docs_url=None, redoc_url=None, openapi_url=None)
    # A few pictures are decoded at a time, in threads of their own: no answer waits for them.
    drawing = CapacityLimiter(os.cpu_count() or 1)
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
    async def picture(image_id: Annotated[str, Query(alias="id")], size: str = "tile") -> Response:
        if size not in SIZES:
            raise NewsImagesError(f"size is {size[:20]!r}, expected {' or '.join(SIZES)}.")
        content = await run_sync(desk.picture, image_id, size, limiter=drawing)
        if content is None:  # an error of the file, not of the page: browsers log no 204
            return Response(status_code=204, headers={"cache-control": "no-store"})
        return Response(content, media_type="image/jpeg", headers={"cache-control": _KEPT})

    @app.get("/api/picture")
    async def why_not(image_id: Annotated[str, Query(alias="id")]) -> dict[str, str]:
        return {"why_not": await run_sync(desk.why_not, image_id, limiter=drawing)}

    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_refused)
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
    if first.get("type") == "json_invalid":
        return JSONResponse({"error": "The request is no JSON."}, 400)
    where = ".".join(map(str, first["loc"][1:])) or str(first["loc"][0])
    return JSONResponse({"error": f"The request's {where[:60]}: {first['msg'][:200]}."}, 400)


def _on_refused(_: Request, error: Exception) -> JSONResponse:
    """What the framework refuses by itself: an unknown page, a body nested too deep."""
    status, why = (
        (error.status_code, error.detail) if isinstance(error, HTTPException) else (400, "")
    )
    return JSONResponse({"error": f"The desk cannot answer this: {why}."}, status)


def _on_fault(_: Request, error: Exception) -> JSONResponse:
    kind = type(error).__name__
    return JSONResponse({"error": f"The desk has failed ({kind}); its terminal says how."}, 500)
