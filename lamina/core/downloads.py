"""Files that are downloaded once and kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .callers import warn
from .errors import DataLossError, NotFoundError, OpError
from .files import cache_folder, write_bytes

_T = TypeVar("_T")
_TIMEOUT = 30.0  # seconds that the server may stay silent


def cached(url: str, name: str, limit: int, parse: Callable[[bytes, str], _T]) -> _T:
    """What `parse(content, origin)` makes of the file at `url`, downloaded at most once.

    `parse` raises DataLossError for content that is not what it should be: a kept copy is then
    downloaded anew, and a download is never kept. Nothing over `limit` bytes is read.
    """
    copy = cache_folder() / name
    try:
        return parse(copy.read_bytes(), str(copy))
    except (OSError, DataLossError):  # not there yet, or damaged
        content = download(url, limit)
    result = parse(content, url)
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(copy, content)
    except (OSError, OpError) as error:
        warn(
            f"{url} was downloaded but could not be kept ({error}); "
            "set LAMINA_CACHE to a folder that can be written"
        )
    return result


def download(url: str, limit: int) -> bytes:
    """The content at `url`; NotFoundError where it cannot be had, DataLossError over `limit`."""
    from http.client import HTTPException
    from urllib.request import urlopen  # 30 ms that only a download should cost

    try:
        with urlopen(url, timeout=_TIMEOUT) as response:
            content: bytes = response.read(limit + 1)
    except (OSError, HTTPException) as error:
        raise NotFoundError(f"could not download {url}: {error}") from error
    if len(content) > limit:
        raise DataLossError(f"{url} is larger than the {limit} bytes expected at most")
    return content
