"""The page's server: on this machine alone, at an address that only its user knows."""

from __future__ import annotations

import secrets
from contextlib import suppress
from http import HTTPStatus
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ..core.errors import FailedPreconditionError
from ..core.packages import needed
from .conversation import MOST_BYTES, Conversation

if TYPE_CHECKING:
    from websockets.http11 import Request, Response
    from websockets.sync.server import ServerConnection

HOST = "127.0.0.1"
_FILES = {
    "": ("index.html", "text/html; charset=utf-8"),
    "play.css": ("play.css", "text/css; charset=utf-8"),
    "play.js": ("play.js", "text/javascript; charset=utf-8"),
    "drawing.js": ("drawing.js", "text/javascript; charset=utf-8"),
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_LARGEST = 2 * MOST_BYTES + 2**16  # bytes of one request; some letters of a table take two


class Server:
    """Serves the page at `address` until `close`; every page that opens has networks of its own.

    Requests for another host's name (a page elsewhere whose name was made to point here) and pages
    from elsewhere are refused, as is any address without the token.
    """

    def __init__(self, port: int = 0) -> None:
        with needed("lamina play", "websockets", extra="play"):
            from websockets.sync.server import serve
        self._token = secrets.token_urlsafe(24)
        try:
            self._server = serve(
                _converse, HOST, port, process_request=self._respond, max_size=_LARGEST,
                compression=None,
            )  # fmt: skip
        except OSError as error:
            raise FailedPreconditionError(
                f"port {port} can't be used: {error.strerror or error}. Leave --port out, and a "
                "free one is taken."
            ) from error
        self._port = self._server.socket.getsockname()[1]

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self._port}/{self._token}/"

    def run(self) -> None:
        """Serve until `close`, or Ctrl-C."""
        self._server.serve_forever()

    def close(self) -> None:
        """End it; pages that are open are told."""
        self._server.shutdown()

    def _respond(self, connection: ServerConnection, request: Request) -> Response | None:
        """The answer to a request for a file; None lets a page's connection begin."""
        names = {f"{HOST}:{self._port}", f"localhost:{self._port}"}
        if request.headers.get("Host") not in names:
            return _response(403, "text/plain", b"This page is for this machine alone.\n")
        token, _, name = request.path.removeprefix("/").partition("/")
        if not secrets.compare_digest(token.encode(), self._token.encode()):
            return _response(404, "text/plain", b"There is nothing here.\n")
        if name == "live":
            if request.headers.get("Origin") not in {f"http://{name}" for name in names}:
                return _response(403, "text/plain", b"Only the page itself may connect.\n")
            return None
        if name not in _FILES:
            return _response(404, "text/plain", b"There is nothing here.\n")
        file, kind = _FILES[name]
        return _response(200, kind, files(__package__).joinpath("page", file).read_bytes())


def _response(status: int, kind: str, body: bytes) -> Response:
    from websockets.datastructures import Headers
    from websockets.http11 import Response as ResponseClass

    headers = Headers(
        {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Content-Security-Policy": _POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            "Connection": "close",
        }
    )
    return ResponseClass(status, HTTPStatus(status).phrase, headers, body)


def _converse(connection: Any) -> None:
    """Answer a page's requests until it is closed."""
    from websockets.exceptions import ConnectionClosed

    conversation = Conversation()
    with suppress(ConnectionClosed):  # in the midst of an answer
        for request in connection:
            connection.send(conversation.answer(request))
