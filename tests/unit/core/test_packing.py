"""Plain data with arrays as bytes."""

from __future__ import annotations

import io
import json
import math
from typing import Any

import numpy as np
import pytest

from lamina.core.errors import ArgumentTypeError, DataLossError
from lamina.core.packing import packed, unpacked

TREE: dict[str, Any] = {
    "none": None,
    "numbers": [1, -(2**70), 0.1, True, math.inf, "text é"],
    "arrays": [np.arange(6, dtype=np.float16).reshape(2, 3), np.zeros((0, 3), np.int64)],
    "scalars": [np.float32(0.1), np.int64(-3), np.array(7.0)],
    "texts": np.array(["a", "longer"]),
    "turned": np.arange(6.0).reshape(2, 3).T,
}


def same(found: Any, tree: Any) -> bool:
    if isinstance(tree, dict):
        return list(found) == list(tree) and all(same(found[k], tree[k]) for k in tree)
    if isinstance(tree, list):
        return len(found) == len(tree) and all(map(same, found, tree))
    if isinstance(tree, (np.ndarray, np.generic)):
        return (type(found), found.dtype) == (type(tree), tree.dtype) and np.array_equal(
            found, tree
        )
    return type(found) is type(tree) and bool(found == tree)


def test_what_comes_back_is_what_went_in() -> None:
    content = packed(TREE, "it")
    assert same(unpacked(content, "a file"), TREE)
    assert content == packed(TREE, "it")
    assert unpacked(packed((1, 2), "it"), "a file") == [1, 2]


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"a": [1, {2}]}, r"it\['a'\]\[1\] is a set"),
        ({"a": np.array([None])}, r"it\['a'\] is a ndarray"),
        ({1: 2}, "the keys of it must be text; got 1"),
    ],
)
def test_what_cannot_be_kept_is_named(tree: Any, message: str) -> None:
    with pytest.raises(ArgumentTypeError, match=message):
        packed(tree, "it")


def _archive(tree: Any, data: bytes = bytes(16)) -> bytes:
    content = io.BytesIO()
    text = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
    np.savez(content, tree=np.frombuffer(text, np.uint8), data=np.frombuffer(data, np.uint8))
    return content.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        packed(TREE, "it")[:-30],
        packed(TREE, "it")[:200] + b"X" + packed(TREE, "it")[201:],
        _archive(b"{"),
        _archive(b"[" * 100_000),
        _archive({"__array__": ["<f4", [2**60], 0, False]}),
        _archive({"__array__": ["<f4", [-1], 0, False]}),
        _archive({"__array__": ["<f4", [4], 8, False]}),
        _archive({"__array__": ["<f4", [2**70], 0, False]}),
        _archive({"__array__": ["<f4", [1], -(2**70), False]}),
        _archive([{"__array__": ["<f4", [4], 0, False]}] * 2),
        _archive({"__array__": ["O", [1], 0, False]}),
        _archive({"__array__": 5}),
    ],
)
def test_damaged_content_is_told(content: bytes) -> None:
    with pytest.raises(DataLossError, match=r"^a file"):
        unpacked(content, "a file")
