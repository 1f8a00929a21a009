"""Measures sent to a server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pytest

from lamina.keras.callbacks import RemoteMonitor


@pytest.fixture
def server() -> Iterator[tuple[str, list[Any]]]:
    """A server's address, and what was posted to it: path, content type, a header, text."""
    posted: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            posted.append((self.path, self.headers["Content-Type"], self.headers["X-Who"], body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    listener = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listener.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{listener.server_port}", posted
    listener.shutdown()
    thread.join()
    listener.server_close()


def test_measures_are_posted_as_a_form_or_as_json(server: tuple[str, list[Any]]) -> None:
    root, posted = server
    logs = {"loss": np.float32(0.5), "counts": np.array([1, 2])}
    RemoteMonitor(root, headers={"X-Who": "me"}).on_epoch_end(3, logs)
    RemoteMonitor(root, path="/here", send_as_json=True).on_epoch_end(4, logs)
    (path, kind, who, form), (other_path, other_kind, _, text) = posted
    wanted = {"epoch": 3, "loss": 0.5, "counts": [1, 2]}
    assert (path, kind, who) == ("/publish/epoch/end/", "application/x-www-form-urlencoded", "me")
    assert json.loads(parse_qs(form)["data"][0]) == wanted
    assert (other_path, other_kind) == ("/here", "application/json")
    assert json.loads(text) == {**wanted, "epoch": 4}


def test_training_goes_on_without_a_server() -> None:
    with pytest.warns(UserWarning, match=r"could not reach http://127\.0\.0\.1:9"):
        RemoteMonitor("http://127.0.0.1:9").on_epoch_end(0, {"loss": 1.0})
