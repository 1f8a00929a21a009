"""JSON in files."""

from __future__ import annotations

import json
from typing import Any

from ...core.errors import DataLossError


def parsed(text: str | bytes, where: str) -> Any:
    """JSON as Python values; DataLossError names `where` it was found."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataLossError(f"{where}: the JSON is damaged: {error}") from error
