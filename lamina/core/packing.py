"""Plain data with arrays in it as bytes: a NumPy archive (.npz), read without pickle."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from .dtypes import Array
from .errors import ArgumentTypeError, DataLossError

_TREE, _ARRAY, _SCALAR = "tree", "__array__", "__scalar__"


def packed(tree: Any, what: str) -> bytes:
    """`tree` as bytes: dicts by text, lists (tuples become lists), numbers, text, None and arrays.

    ArgumentTypeError names the place in `what` of anything else.
    """
    arrays: dict[str, Array] = {}
    text = json.dumps(_plain(tree, what, arrays)).encode()
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **{_TREE: np.frombuffer(text, np.uint8), **arrays})
    return content.getvalue()


def _plain(value: Any, where: str, arrays: dict[str, Array]) -> Any:
    """`value` for JSON, where numbers stand for arrays."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, Mapping):
        odd = next((key for key in value if not isinstance(key, str)), None)
        if odd is not None:
            raise ArgumentTypeError(f"the keys of {where} must be text; got {odd!r:.80}")
        return {key: _plain(item, f"{where}[{key!r}]", arrays) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{where}[{i}]", arrays) for i, item in enumerate(value)]
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "biufSU":
        name = str(len(arrays))
        arrays[name] = np.asarray(value)
        return {_ARRAY if isinstance(value, np.ndarray) else _SCALAR: name}
    raise ArgumentTypeError(
        f"{where} is a {type(value).__name__}; what is kept in files is numbers, text, None, "
        "arrays, and lists and dicts of them"
    )


def unpacked(content: bytes, where: str) -> Any:
    """What `packed` was given; DataLossError, which names `where` it was, for anything else."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        return _restored(json.loads(arrays.pop(_TREE).tobytes()), arrays)
    except (
        *(OSError, ValueError, KeyError, TypeError, AttributeError, EOFError),
        *(MemoryError, RecursionError, NotImplementedError, zipfile.BadZipFile),
    ) as error:
        raise DataLossError(f"{where} is damaged, or no file of lamina: {error!r:.200}") from error


def _restored(value: Any, arrays: dict[str, Array]) -> Any:
    if isinstance(value, list):
        return [_restored(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {_ARRAY}:
        return arrays[value[_ARRAY]]
    if value.keys() == {_SCALAR}:
        return arrays[value[_SCALAR]][()]
    return {key: _restored(item, arrays) for key, item in value.items()}
