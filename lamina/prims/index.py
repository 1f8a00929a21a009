"""Reading and adding at computed places; sorting."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.dtypes import INT32, INT64, STRING, Array
from ..core.errors import IndexRangeError, InvalidArgumentError
from ..core.shapes import Shape
from ..ir.bind import bind
from ..ir.primitive import NO_GRADIENT, Primitive
from ..ir.value import Spec, Value
from .rules import INTEGER, SORTABLE, check_kind


def check_indices(indices: Array, size: int) -> None:
    """Raise where an index is not in [0, size)."""
    if indices.size and (indices.min() < 0 or indices.max() >= size):
        bad = indices[(indices < 0) | (indices >= size)].ravel()[0]
        raise IndexRangeError(f"index {bad} is out of range: expected 0 to {size - 1}")


def _infer_gather(x: Spec, indices: Spec, *, axis: int) -> Spec:
    check_kind("gather", indices, INTEGER)
    return Spec(x.shape[:axis] + indices.shape + x.shape[axis + 1 :], x.dtype)


def _gather(x: Array, indices: Array, *, axis: int) -> Array:
    check_indices(indices, x.shape[axis])
    taken = np.take(x, indices, axis=axis)
    return taken if x.dtype != STRING else np.asarray(taken, STRING)


gather_p = Primitive(
    "gather",
    infer=_infer_gather,
    evaluate=_gather,
    vjp=(
        lambda g, out, x, indices, *, axis: scatter_add(indices, g, x.spec.shape, axis),
        None,
    ),
)


def gather(x: Value, indices: Value, axis: int) -> Any:
    """The slices of `x` at `indices` along `axis`; IndexRangeError for a place outside."""
    return bind(gather_p, x, indices, axis=axis)


def _infer_scatter_add(indices: Spec, values: Spec, *, shape: Shape, axis: int) -> Spec:
    check_kind("scatter_add", indices, INTEGER)
    expected = shape[:axis] + indices.shape + shape[axis + 1 :]
    if values.shape != expected:
        raise InvalidArgumentError(
            f"scatter_add expects values of shape {expected}; got {values!r}"
        )
    return Spec(shape, values.dtype)


def _scatter_add(indices: Array, values: Array, *, shape: tuple[int, ...], axis: int) -> Array:
    result = np.zeros(shape, values.dtype)
    check_indices(indices, shape[axis])
    places: Any = (*(slice(None),) * axis, indices)
    np.add.at(result, places, values)
    return result


scatter_add_p = Primitive(
    "scatter_add",
    infer=_infer_scatter_add,
    evaluate=_scatter_add,
    vjp=(None, lambda g, out, indices, values, *, shape, axis: gather(g, indices, axis)),
    may_warn=True,
)


def scatter_add(indices: Value, values: Value, shape: Shape, axis: int) -> Any:
    """Zeros of `shape` with `values` added at `indices` along `axis`; the transpose of gather."""
    return bind(scatter_add_p, indices, values, shape=shape, axis=axis)


def _infer_take_along(x: Spec, indices: Spec) -> Spec:
    check_kind("take_along", indices, INTEGER)
    if x.shape[:-1] != indices.shape[:-1]:
        raise InvalidArgumentError(
            f"take_along expects equal leading sizes; got {x!r} and {indices!r}"
        )
    return Spec(indices.shape, x.dtype)


def _take_along(x: Array, indices: Array) -> Array:
    check_indices(indices, x.shape[-1])
    return np.take_along_axis(x, indices, axis=-1)


take_along_p = Primitive(
    "take_along",
    infer=_infer_take_along,
    evaluate=_take_along,
    vjp=(lambda g, out, x, indices: add_along(indices, g, x.spec.shape), None),
)


def take_along(x: Value, indices: Value) -> Any:
    """The elements of each line of the last axis at the line's own indices."""
    return bind(take_along_p, x, indices)


def _add_along(indices: Array, values: Array, *, shape: tuple[int, ...]) -> Array:
    check_indices(indices, shape[-1])
    lines = np.zeros((int(np.prod(shape[:-1])), shape[-1]), values.dtype)
    places = indices.reshape(lines.shape[0], indices.shape[-1])
    rows = np.arange(lines.shape[0])[:, None]
    np.add.at(lines, (rows, places), values.reshape(places.shape))
    return lines.reshape(shape)


add_along_p = Primitive(
    "add_along",
    infer=lambda indices, values, *, shape: Spec(shape, values.dtype),
    evaluate=_add_along,
    vjp=(None, lambda g, out, indices, values, *, shape: take_along(g, indices)),
    may_warn=True,
)


def add_along(indices: Value, values: Value, shape: Shape) -> Any:
    """Zeros of `shape` with `values` added at each line's own indices."""
    return bind(add_along_p, indices, values, shape=shape)


def _infer_argsort(x: Spec, *, descending: bool) -> Spec:
    check_kind("argsort", x, SORTABLE)
    return Spec(x.shape, INT32)


def _argsort(x: Array, *, descending: bool) -> Array:
    """Stable both ways: equal elements keep their order. NaN stands last."""
    if not descending:
        return np.argsort(x, axis=-1, kind="stable").astype(INT32)
    backwards: Array = np.argsort(x[..., ::-1], axis=-1, kind="stable")[..., ::-1]
    order: Array = x.shape[-1] - 1 - backwards
    return order.astype(INT32)


argsort_p = Primitive("argsort", infer=_infer_argsort, evaluate=_argsort, vjp=NO_GRADIENT)


def argsort(x: Value, *, descending: bool) -> Any:
    """The indices that sort the last axis, int32."""
    return bind(argsort_p, x, descending=descending)


def _infer_search(edges: Spec, x: Spec, *, right: bool) -> Spec:
    check_kind("search", x, SORTABLE)
    if len(edges.shape) != 1 or edges.dtype != x.dtype:
        raise InvalidArgumentError(
            f"search expects a line of edges of one dtype; got {edges!r}, {x!r}"
        )
    return Spec(x.shape, INT64)


search_p = Primitive(
    "search",
    infer=_infer_search,
    evaluate=lambda edges, x, *, right: np.asarray(
        np.searchsorted(edges, x, side="right" if right else "left"), INT64
    ),
    vjp=NO_GRADIENT,
)


def search(edges: Value, x: Value, *, right: bool) -> Any:
    """Where each element of `x` would go into the sorted `edges`, int64."""
    return bind(search_p, edges, x, right=right)
