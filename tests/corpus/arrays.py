"""NumPy archives (checkpoints) whose arrays hold objects or claim more than they have."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.fuzz.mutating import packed
from tests.fuzz.targets import TARGETS

from .attack import Attack

_OBJECTS = "_CHECKPOINTABLE_OBJECT_GRAPH"


class Runs:
    """What pickle would run."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return exec, ("raise SystemExit('a file was run')",)


def _header(shape: str, dtype: str = "<f4") -> bytes:
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def _good() -> dict[str, bytes]:
    with np.load(io.BytesIO(TARGETS["npz"].seeds()[0])) as found:
        arrays = dict(found)
    content = {}
    for name, array in arrays.items():
        stream = io.BytesIO()
        np.save(stream, array)
        content[f"{name}.npy"] = stream.getvalue()
    return content


def _with(content: bytes) -> bytes:
    return packed([*_good().items(), ("more.npy", content)])


def pickled_objects() -> bytes:
    return _with(_header("(1,)", "|O") + pickle.dumps([Runs()]))


def pickle_alone() -> bytes:
    return pickle.dumps(Runs())


def absurd_shape() -> bytes:
    return _with(_header("(1099511627776, 1048576)"))


def negative_shape() -> bytes:
    return _with(_header("(-1,)") + bytes(4))


def shape_is_code() -> bytes:
    return _with(_header("__import__('os').system('id')"))


def deep_header() -> bytes:
    return _with(_header("(" * 60 + ")" * 40))


def more_than_it_has() -> bytes:
    return _with(_header("(1000,)") + bytes(16))


def _graph(described: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.frombuffer(json.dumps(described).encode(), np.uint8))
    return packed(list((_good() | {f"{_OBJECTS}.npy": stream.getvalue()}).items()))


def graph_that_points_nowhere() -> bytes:
    return _graph({"format": 1, "nodes": [[None, {"a": 7}]]})


def graph_that_points_between() -> bytes:
    return _graph({"format": 1, "nodes": [[None, {"a": 0.5}]]})


def graph_of_nothing() -> bytes:
    return _graph({"format": 1, "nodes": []})


_DAMAGED = r"the array 'more\.npy' is damaged"
ATTACKS = [
    Attack("CWE-502", "npz", pickled_objects, "it holds object, which is not read"),
    Attack("CWE-502", "npz", pickle_alone, "is not a NumPy archive"),
    Attack("CWE-789", "npz", absurd_shape, "takes 4611686018427387904 bytes"),
    Attack("CWE-789", "npz", negative_shape, _DAMAGED),
    Attack("CWE-94", "npz", shape_is_code, _DAMAGED),
    Attack("CWE-674", "npz", deep_header, _DAMAGED),
    Attack("CWE-789", "npz", more_than_it_has, "takes 4000 bytes"),
    Attack("CWE-125", "npz", graph_that_points_nowhere, "a part points nowhere"),
    Attack("CWE-125", "npz", graph_that_points_between, "a part points nowhere"),
    Attack("CWE-125", "npz", graph_of_nothing, "a part points nowhere"),
]
