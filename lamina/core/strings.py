"""Strings in arrays: objects of type bytes (UTF-8 where they come from text), as TensorFlow's."""

from __future__ import annotations

from typing import Any

import numpy as np

from .dtypes import STRING, Array
from .errors import ArgumentTypeError

_ABSENT = ("NAType", "NaTType")  # pandas's, which cannot be compared


class _Encoder(dict[Any, bytes]):
    """From text and bytes to bytes; equal texts become one object, whose hash is known."""

    def __missing__(self, item: Any) -> bytes:
        if isinstance(item, str):
            encoded = item.encode()
        elif isinstance(item, bytes):
            encoded = bytes(item)
        else:
            hint = "; fill missing entries first, e.g. with ''" if is_missing(item) else ""
            raise ArgumentTypeError(
                f"strings and other values do not mix: {type(item).__name__} {str(item)[:40]!r} "
                f"stands among them{hint}"
            )
        self[item] = encoded
        return encoded


def is_missing(item: Any) -> bool:
    """Whether an object stands for no value: None, NaN, and what pandas has for them."""
    if isinstance(item, (float, np.floating)):
        return bool(item != item)
    return item is None or type(item).__name__ in _ABSENT


def looks_like_strings(array: Any) -> bool:
    """Whether a NumPy array holds text: by its dtype, or, of objects, by its first one."""
    if array.dtype.kind in "UST":
        return True
    return array.dtype.kind == "O" and (
        array.size == 0 or isinstance(array[(0,) * array.ndim], (str, bytes))
    )


def encode(array: Any) -> Array:
    """An array of str, bytes or text objects as an array of bytes objects of its own."""
    if array.dtype.kind == "S":
        encoded: Array = array.astype(STRING)
        return encoded
    found = np.empty(array.shape, STRING)
    encoder = _Encoder()
    try:
        found.reshape(-1)[:] = [encoder[item] for item in array.ravel().tolist()]
    except TypeError as error:
        if isinstance(error, ArgumentTypeError):
            raise
        raise ArgumentTypeError("strings and lists do not mix in an array of strings") from None
    return found


def scalar(text: str | bytes) -> Array:
    """One string as an array of rank 0."""
    found = np.empty((), STRING)
    found[()] = text.encode() if isinstance(text, str) else bytes(text)
    return found


def decode(array: Array) -> list[str]:
    """The strings of an array in row-major order; what is no UTF-8 is marked."""
    return [item.decode("utf-8", "replace") for item in array.ravel().tolist()]
