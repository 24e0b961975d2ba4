"""Who may ask: requests in, those of the page itself on to the application, the others refused.

Any page that is open in an editor's browser can send requests to 127.0.0.1, and a name of its own
can be made to lead there (DNS rebinding). So a request has to name a host that the desk is known
by, and to come from a page of the desk.
"""

from collections.abc import Collection, Mapping

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 20_000_000  # bytes: a table of stories; headlines have a limit of their own
OWN_HOSTS = ("127.0.0.1", "localhost", "::1")
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Gate:
    """Lets in what the page itself asks, and says what it may do."""

    def __init__(self, app: ASGIApp, *, hosts: Collection[str], max_body: int = MAX_BODY) -> None:
        """Takes the names by which the desk may be called, without a port."""
        self._app, self._hosts, self._max_body = app, {*map(str.lower, hosts)}, max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # which closes it: there are no web sockets here
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                more = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", []), *more]}
            await send(message)

        body, why = b"", self._why_refused(scope, headers)
        status = 403
        if not why:
            whole = await self._body(headers, receive)
            if whole is None:
                status, why = 413, f"More than {self._max_body:,} bytes were sent: send less."
            else:
                body = whole
        if why:
            await JSONResponse({"error": why}, status)(scope, receive, send_with_headers)
            return
        is_read = False

        async def receive_body() -> Message:
            nonlocal is_read
            if is_read:
                return await receive()
            is_read = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, receive_body, send_with_headers)

    def _why_refused(self, scope: Scope, headers: Mapping[str, str]) -> str:
        """A sentence for whoever may not ask; "" for those who may."""
        host = headers.get("host", "")
        if host_of(host) not in self._hosts:
            return (
                f"The desk is not known as {host[:100]!r}. Open it as it said when it started, or "
                "start it with that name in names."
            )
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in {
            f"{s}://{host}".lower() for s in ("http", "https")
        }:
            return "The desk answers its own page only."
        is_opened = (
            scope["method"] == "GET"
            and scope["path"] == "/"
            and headers.get("sec-fetch-mode") == "navigate"
        )
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none") and not is_opened:
            return "The desk answers its own page only."
        return ""

    async def _body(self, headers: Mapping[str, str], receive: Receive) -> bytes | None:
        """What is sent; None where it is too much."""
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._max_body:
            return None
        parts, n_bytes = [], 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return None
            parts.append(message.get("body", b""))
            n_bytes += len(parts[-1])
            if n_bytes > self._max_body:
                return None
            if not message.get("more_body", False):
                return b"".join(parts)


def host_of(header: str) -> str:
    """The host that a Host header names, without port and the dot of a whole name."""
    host = header.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].removesuffix(".")
