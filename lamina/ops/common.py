"""What the families of operations share: dtypes, axes and shapes as people write them."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.dtypes import FLOAT32, INT32, INT64, numpy_dtype
from ..core.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    OperatorNotAllowedInGraphError,
    SymbolicShapeError,
)
from ..core.shapes import B, Shape, normalize_axes, normalize_axis
from ..ir.bind import STATE, new_value
from ..ir.value import Node, Value
from ..prims.broadcast import broadcast, dimension, fill, reshape
from ..prims.elementwise import cast, multiply
from ..prims.layout import transpose
from ..tensor.convert import as_python, is_tensor_like, to_tensor


def floats(x: Any) -> Any:
    """`x` as a floating-point tensor: integers and booleans become float32."""
    x = x if isinstance(x, Value) else to_tensor(x)
    return x if x.spec.dtype.kind == "f" else cast(x, FLOAT32)


def owned(value: Any) -> Any:
    """`value` as a tensor with memory of its own, for results that are views of it."""
    if isinstance(value, Value):
        return value
    tensor = to_tensor(value)
    if isinstance(value, (int, float, list, tuple)) or is_tensor_like(value):
        return tensor
    return new_value(np.array(tensor.array))


def typed(value: Any, dtype: Any) -> Any:
    """`value` as a tensor of `dtype`; Python numbers keep all the digits that it has."""
    if isinstance(value, (int, float)):
        return new_value(np.array(value, dtype))
    return cast(to_tensor(value), dtype)


def axes_of(axis: Any, rank: int) -> tuple[int, ...]:
    """An `axis` argument (None for all, a number or several) as sorted axes from the front."""
    if axis is None:
        return tuple(range(rank))
    if type(axis) is int:
        return (normalize_axis(axis, rank),)
    return normalize_axes(as_python(axis, "axis"), rank)


def axis_of(axis: Any, rank: int) -> int:
    """An `axis` argument that is one number, counted from the front."""
    return normalize_axis(integer(axis, "axis"), rank)


def integer(value: Any, what: str) -> int:
    """An argument that is one known integer."""
    try:
        return operator.index(value)
    except OperatorNotAllowedInGraphError:  # a TypeError, too, which says more
        raise
    except TypeError:
        raise ArgumentTypeError(f"{what} must be an integer; got {type(value).__name__}") from None


def refuse(name: str, removed: dict[str, Any]) -> None:
    """Raise for keyword arguments of TensorFlow 1 (or misspelt ones), naming those of today."""
    today = {"keep_dims": "keepdims", "reduction_indices": "axis", "dim": "axis"}
    for given in removed:
        hint = f"; it is called {today[given]} since TensorFlow 2" if given in today else ""
        raise ArgumentTypeError(f"{name} has no argument {given!r}{hint}")


def count_of(x: Any, axes: Sequence[int], dtype: Any) -> Any:
    """How many elements `axes` of `x` hold: a number, or a scalar of `dtype` for the batch."""
    known, batch = 1, None
    for axis in axes:
        size = x.spec.shape[axis]
        if size is B:
            batch = cast(dimension(x, axis), dtype)
        else:
            known *= size
    if batch is None:
        return known
    return batch if known == 1 else multiply(batch, fill((), known, dtype))


def spread(value: Any, like: Any) -> Any:
    """A number or a scalar tensor in the shape and dtype of `like`."""
    spec = like.spec
    if isinstance(value, Value):
        return broadcast(value, spec.shape)
    return fill(spec.shape, value, spec.dtype)


def insert_axis(x: Any, axis: int) -> Any:
    """`x` with an axis of size 1 at `axis`, counted from the front."""
    shape = x.spec.shape
    return reshape(x, (*shape[:axis], 1, *shape[axis:]))


def move_axis(x: Any, source: int, target: int) -> Any:
    """`x` with one axis moved, the others in order; both counted from the front."""
    if source == target:
        return x
    order = [axis for axis in range(len(x.spec.shape)) if axis != source]
    order.insert(target, source)
    return transpose(x, tuple(order))


# Shapes -----------------------------------------------------------------------------------------


def as_shape(shape: Any) -> Shape:
    """A shape argument: sizes, or tensors of them; tf.shape(x) of a batch keeps its `B`."""
    if isinstance(shape, int):
        return (_checked_size(shape),)
    if is_tensor_like(shape):
        tensor = to_tensor(shape)
        if tensor.array is None:
            return sizes_in(tensor)
        shape = tensor.array.ravel()
    try:
        items = list(shape)
    except TypeError:
        raise ArgumentTypeError(
            f"a shape is a list of integers; got {type(shape).__name__}"
        ) from None
    return tuple(as_size(item) for item in items)


def as_size(item: Any) -> Any:
    """One size: an integer, or the batch `B`."""
    if type(item) is int:
        return _checked_size(item)
    if item is B:
        return B
    if item is None:
        if STATE.trace is None:
            raise InvalidArgumentError("a shape needs known sizes outside of traced functions")
        return B
    if is_tensor_like(item):
        tensor = to_tensor(item)
        if tensor.array is None:
            return sizes_in(tensor)[0]
    return _checked_size(integer(item, "a size"))


def _checked_size(size: int) -> int:
    if size < 0:
        raise InvalidArgumentError(f"a size cannot be negative; got {size}")
    return size


def sizes_in(tensor: Any) -> Shape:
    """The sizes that a tensor made from tf.shape(x) holds while a function is traced."""
    node = _producer(tensor)
    name = None if node is None else node.primitive.name
    if node is None:
        pass
    elif name == "dimension":
        return (node.inputs[0].spec.shape[node.params["axis"]],)
    elif name in ("reshape", "cast"):
        return sizes_in(node.inputs[0])
    elif name == "concatenate":
        return tuple(size for part in node.inputs for size in _sizes(part))
    elif name == "slice":
        (start,), (stop,), (step,) = (node.params[k] for k in ("starts", "stops", "steps"))
        return sizes_in(node.inputs[0])[start:stop:step]
    raise SymbolicShapeError(
        "a shape must be known when a function is traced, up to the batch size: use integers, "
        "x.shape, or the entries of tf.shape(x) as they are"
    )


def _sizes(part: Any) -> Shape:
    return tuple(part.array.ravel().tolist()) if part.array is not None else sizes_in(part)


def _producer(tensor: Any) -> Node | None:
    nodes = getattr(tensor.trace, "nodes", ())
    for node in reversed(nodes):
        if any(output is tensor for output in node.outputs):
            found: Node = node
            return found
    return None


def index_dtype(dtype: Any, what: str) -> Any:
    """The dtype of indices: int32 or int64."""
    found = numpy_dtype(dtype)
    if found not in (INT32, INT64):
        raise InvalidArgumentError(f"{what} is tf.int32 or tf.int64; got {found.name}")
    return found
