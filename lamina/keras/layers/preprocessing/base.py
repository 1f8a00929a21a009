"""What preprocessing layers share: inputs as whole tensors, batches to learn from, encodings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ....core.dtypes import INT64, Array, numpy_dtype
from ....core.errors import ArgumentTypeError, InvalidArgumentError, UnimplementedError, describe
from ....core.strings import encode, looks_like_strings
from ....ops import array, math
from ....tensor.convert import is_tensor_like, to_tensor, widened
from ....tensor.variable import WRITES
from ..context import CHANGES, LEARNED
from ..layer import Layer

MODES = ("int", "one_hot", "multi_hot", "count")


class Preprocessing(Layer):
    """A layer whose input is one tensor: nested lists of numbers or strings are one, too."""

    _tells_of_lost_masks = False

    def _converted(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return super()._converted(tuple(map(whole, args)), kwargs)

    def _learned(self) -> None:
        """What programs that were traced before took from this layer holds no more."""
        for counter in (LEARNED, CHANGES, WRITES):
            counter[0] += 1


def whole(value: Any) -> Any:
    """Nested lists and foreign arrays as one tensor."""
    if is_tensor_like(value):
        return value
    if isinstance(value, (str, bytes, list, tuple)) or hasattr(value, "__array__"):
        return to_tensor(value)
    return value


# Learning from data ------------------------------------------------------------------------------


def is_array(data: Any) -> bool:
    """Whether `data` are rows as they stand: an array, a tensor, a column or a table."""
    return is_tensor_like(data) or hasattr(data, "__array__")


def refuse_steps(steps: Any) -> None:
    """Raise for `steps`, which say how much of a stream counts."""
    if steps is not None:
        raise InvalidArgumentError("adapt takes the whole array; slice it to use less")


def batches_of(data: Any, steps: int | None) -> Iterator[Array]:
    """The batches of a stream (a dataset, a generator, a list of arrays); `steps` of them.

    Of tuples (x, y) the first part counts.
    """
    if isinstance(data, (str, bytes)) or not hasattr(data, "__iter__"):
        count = getattr(data, "__len__", None)
        if count is None or not hasattr(data, "__getitem__") or isinstance(data, (str, bytes)):
            raise ArgumentTypeError(
                f"adapt learns from an array, a data frame's column, a dataset or an iterable of "
                f"batches; got {describe(data)}"
            )
        data = (data[number] for number in range(count()))
    for number, batch in enumerate(data):
        if steps is not None and number >= steps:
            return
        yield as_values(batch[0] if isinstance(batch, tuple) else batch)


def as_values(data: Any) -> Array:
    """Numbers or strings (as bytes) in an array."""
    values = widened(np.asarray(data))
    if looks_like_strings(values):
        return encode(values)
    if values.dtype.kind == "O":
        try:
            values = values.astype(np.float64)
        except (TypeError, ValueError):
            raise ArgumentTypeError(
                f"adapt learns from numbers or strings; got {describe(data)}"
            ) from None
    return values


# Encoding ----------------------------------------------------------------------------------------


def checked_mode(mode: Any, owner: str, known: tuple[str, ...] = MODES) -> str:
    """`mode` where it is one of `known`; "binary" and "tf-idf" are older names."""
    mode = {"binary": "multi_hot", "tf-idf": "tf_idf"}.get(mode, mode)
    if mode not in known:
        raise InvalidArgumentError(
            f"output_mode of {owner} is one of {', '.join(map(repr, known))}; got {mode!r}"
        )
    return str(mode)


def refuse_sparse(sparse: Any) -> bool:
    """Raise for sparse=True."""
    if sparse:
        raise UnimplementedError(
            "sparse=True asks for sparse tensors, which lamina does not have; leave it out"
        )
    return False


def encoded(indices: Any, mode: str, depth: int, dtype: Any, weights: Any = None) -> Any:
    """Indices as they are, or as vectors of `depth` numbers.

    "one_hot": 1 at each index along a new last axis, which takes the place of one of size 1.
    "multi_hot", "count": 1, or how often an index occurs, over axis 1 (axis 0 of a line);
    `weights` are counted instead of 1. An index outside of [0, depth) gives zeros.
    """
    dtype = numpy_dtype(dtype)
    if mode == "int":
        return array.cast(indices, dtype)
    if not indices.spec.shape:
        indices = array.expand_dims(indices, -1)
    shape = indices.spec.shape
    if mode == "one_hot":
        last = len(shape) > 1 and shape[-1] == 1
        return array.one_hot(array.squeeze(indices, -1) if last else indices, depth, dtype=dtype)
    axis = 1 if len(shape) > 1 else 0
    hits = array.one_hot(indices, depth, dtype=dtype if weights is None else weights.dtype)
    if mode == "multi_hot":
        return math.reduce_max(hits, axis)
    if weights is not None:
        hits = hits * array.expand_dims(weights, -1)
    return math.reduce_sum(hits, axis)


def as_indices(inputs: Any) -> Any:
    """Integers as they are, floats cut to int64."""
    kind = inputs.spec.dtype.kind
    return inputs if kind in "iu" else array.cast(inputs, INT64)
