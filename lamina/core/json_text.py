"""JSON in files of strangers."""

from __future__ import annotations

import json
from typing import Any

from .archives import LARGE
from .errors import DataLossError


def parsed(text: str | bytes, where: str) -> Any:
    """JSON as Python values; DataLossError, which names `where` it was, if it is none, or huge."""
    try:
        if len(text) <= LARGE:
            return json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise DataLossError(f"{where}: the JSON is damaged: {error}") from error
    raise DataLossError(f"{where}: the JSON is larger than {LARGE:,} bytes")
