"""Plain data with arrays in it as bytes: a NumPy archive (.npz), read without pickle."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .archives import read_arrays
from .dtypes import Array
from .errors import ArgumentTypeError, DataLossError

_TREE, _DATA = "tree", "data"
_ARRAY = "__array__"  # the key of [dtype, shape, place in the data, whether it is a NumPy scalar]
_ALIGNED = 16  # bytes
DAMAGE = (
    ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError, MemoryError
)  # fmt: skip
"""What comes of reading content that `packed` did not write."""


class _Data:
    """The bytes of all arrays, from which each array takes its own."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.left = len(content)

    def take(self, dtype: np.dtype[Any], count: int, place: int) -> Array:
        """ValueError: arrays ask for more than there is, so some would be there twice."""
        self.left -= count * dtype.itemsize
        if self.left < 0:
            raise ValueError(f"the arrays take more than their {len(self.content):,} bytes")
        return np.frombuffer(self.content, dtype, count, place)


def packed(tree: Any, what: str) -> bytes:
    """`tree` as bytes: dicts by text, lists (tuples become lists), numbers, text, None and arrays.

    ArgumentTypeError names the place in `what` of anything else.
    """
    data = io.BytesIO()
    text = json.dumps(_plain(tree, what, data)).encode()
    content = io.BytesIO()
    parts = {_TREE: np.frombuffer(text, np.uint8), _DATA: np.frombuffer(data.getbuffer(), np.uint8)}
    np.savez(content, allow_pickle=False, **parts)
    return content.getvalue()


def _plain(value: Any, where: str, data: io.BytesIO) -> Any:
    """`value` for JSON; the numbers of arrays go to `data`."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, Mapping):
        odd = next((key for key in value if not isinstance(key, str)), None)
        if odd is not None:
            raise ArgumentTypeError(f"the keys of {where} must be text; got {odd!r:.80}")
        return {key: _plain(item, f"{where}[{key!r}]", data) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{where}[{i}]", data) for i, item in enumerate(value)]
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "biufSU":
        data.write(bytes(-data.tell() % _ALIGNED))
        place = data.tell()
        data.write(np.asarray(value).tobytes())
        return {_ARRAY: [value.dtype.str, value.shape, place, isinstance(value, np.generic)]}
    raise ArgumentTypeError(
        f"{where} is a {type(value).__name__}; what is kept in files is numbers, text, None, "
        "arrays, and lists and dicts of them"
    )


def unpacked(content: bytes, where: str) -> Any:
    """What `packed` was given; DataLossError, which names `where` it was, for anything else."""
    try:
        arrays = read_arrays(io.BytesIO(content), where)
        tree, data = arrays[_TREE], arrays[_DATA]
        return _restored(json.loads(tree.tobytes()), _Data(data.tobytes()))
    except DataLossError:
        raise
    except DAMAGE as error:
        raise DataLossError(f"{where} is damaged, or no file of lamina: {error!r:.200}") from error


def _restored(value: Any, data: _Data) -> Any:
    if isinstance(value, list):
        return [_restored(item, data) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() != {_ARRAY}:
        return {key: _restored(item, data) for key, item in value.items()}
    name, shape, place, is_scalar = value[_ARRAY]
    dtype = np.dtype(name)
    if dtype.kind not in "biufSU" or not all(size >= 0 for size in shape):
        raise ValueError(f"arrays of {name} and shape {shape}")
    count = math.prod(shape)
    array: Array = data.take(dtype, count, place) if count else np.empty(0, dtype)
    array = array.reshape(shape).copy()
    return array[()] if is_scalar else array
