"""Tensors as TensorFlow's protocol buffers, by the classes of the package `tensorboard`."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from .dtypes import Array, numpy_dtype
from .errors import InvalidArgumentError
from .packages import needed

MESSAGES = ("Summary", "SummaryMetadata")
"""What TensorFlow 1 called by these names, and TensorBoard's callbacks ask for."""


def make_tensor_proto(
    values: Any,
    dtype: Any = None,
    shape: Any = None,
    verify_shape: bool = False,
    allow_broadcast: bool = False,
) -> Any:
    """`values` as a TensorProto. A single number fills `shape`, others are laid out in it.

    `verify_shape` demands that shape, `allow_broadcast` broadcasts to it.
    InvalidArgumentError: the numbers do not fit; MissingPackageError without `tensorboard`.
    """
    util = _tensor_util()
    array = np.asarray(values, None if dtype is None else numpy_dtype(dtype))
    if dtype is None and not hasattr(values, "dtype") and array.dtype.kind in "if":
        array = array.astype(np.float32 if array.dtype.kind == "f" else np.int32)
    if array.dtype.kind == "U":
        array = np.char.encode(array, "utf-8").astype(object)
    if shape is not None:
        array = _shaped(array, tuple(shape), verify_shape, allow_broadcast)
    return util.make_tensor_proto(array)


def _shaped(array: Array, shape: tuple[int, ...], verify: bool, broadcast: bool) -> Array:
    if array.shape == shape:
        return array
    try:
        if verify:
            raise ValueError("the shapes differ")
        if broadcast or array.size == 1:
            return np.broadcast_to(array.reshape(()) if array.size == 1 else array, shape).copy()
        return array.reshape(shape)
    except ValueError as error:
        raise InvalidArgumentError(
            f"a tensor of shape {shape} is asked for; values of shape {array.shape} came: {error}"
        ) from error


def make_ndarray(tensor: Any) -> Array:
    """The array of a TensorProto. MissingPackageError without `tensorboard`."""
    found: Array = _tensor_util().make_ndarray(tensor)
    return found


def summary_message(name: str) -> Any:
    """A class of messages in event files, one of `MESSAGES`."""
    with _needed():
        from tensorboard.compat.proto import summary_pb2
    return getattr(summary_pb2, name)


def _tensor_util() -> Any:
    with _needed():
        from tensorboard.util import tensor_util
    return tensor_util


def _needed() -> AbstractContextManager[None]:
    return needed("protocol buffers", "tensorboard", extra="tensorboard")
