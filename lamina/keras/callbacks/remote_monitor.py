"""Measures of each epoch, sent to a server."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np

from ...core.callers import warn
from .base import Callback, Logs

_SECONDS = 10.0  # that a server may take; training goes on without it


class RemoteMonitor(Callback):
    """Posts the number and the measures of each epoch to `root + path`.

    They come as the form field `field`, which holds JSON, or as a JSON body with `send_as_json`.
    A server that cannot be reached is told of by a warning.
    """

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: Mapping[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        super().__init__()
        self.root = root
        self.path = path
        self.field = field
        self.headers = headers
        self.send_as_json = send_as_json

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        from urllib.parse import urlencode
        from urllib.request import Request, urlopen

        measures = {name: np.asarray(value).tolist() for name, value in (logs or {}).items()}
        text = json.dumps({"epoch": epoch, **measures})
        kind = "application/json" if self.send_as_json else "application/x-www-form-urlencoded"
        body = text if self.send_as_json else urlencode({self.field: text})
        headers = {"Content-Type": kind, **(self.headers or {})}
        request = Request(self.root + self.path, body.encode(), headers)
        try:
            urlopen(request, timeout=_SECONDS).close()
        except OSError as error:
            warn(f"RemoteMonitor could not reach {self.root}: {error}")
