"""keras.ops.math: sums by groups, the largest of each line, the error function and its kin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.dtypes import INT32
from ...core.errors import ArgumentTypeError, InvalidArgumentError
from ...core.outside import lacking
from ...ops import indexing
from ...ops.common import insert_axis, integer
from ...ops.layout import stack
from ...ops.reduction import reduce_logsumexp, safe_length
from ...prims import elementwise as prim
from ...prims.broadcast import broadcast, fill, fill_like, iota, reduce_sum, reshape
from ...prims.index import scatter_add, take_along
from ...prims.layout import slice_along
from ...prims.reduce import reduce_max, reduce_min, reduce_prod
from ...tensor.convert import constant_value
from .operation import Function, named, operation
from .promotion import common, floating, tensor

# Groups ------------------------------------------------------------------------------------------


def _grouped(data: Any, segment_ids: Any, num_segments: Any) -> tuple[Any, Any, int]:
    """Data, ids and the number of groups, checked."""
    x, ids = tensor(data), tensor(segment_ids)
    if ids.spec.dtype.kind not in "iu":
        raise ArgumentTypeError(f"segment_ids are integers; got dtype {ids.spec.dtype.name}")
    if len(ids.spec.shape) != 1 or x.spec.shape[:1] != ids.spec.shape:
        raise InvalidArgumentError(
            f"segment_ids are a line, one for each row of data; got shapes {ids.spec.shape} and "
            f"{x.spec.shape}"
        )
    if num_segments is None:
        known = constant_value(ids, "segment_ids without num_segments")
        return x, ids, int(known.max()) + 1 if known.size else 0
    return x, ids, integer(num_segments, "num_segments")


@operation
def segment_sum(
    data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False
) -> Any:
    """The sum of the rows of `data` with each id; rows with an id outside are left out.

    `num_segments`: how many groups there are (None: the largest id + 1). That the ids are `sorted`
    need not be known.
    """
    x, ids, count = _grouped(data, segment_ids, num_segments)
    inside = prim.bitwise_and(
        prim.less_equal(fill_like(ids, 0), ids), prim.less(ids, fill_like(ids, count))
    )
    place = prim.select(inside, ids, fill_like(ids, count))
    inner = x.spec.shape[1:]
    total = scatter_add(place, x, (count + 1, *inner), 0)
    return total[:count]


def _lowest(dtype: np.dtype[Any]) -> Any:
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def _highest(dtype: np.dtype[Any]) -> Any:
    return np.inf if dtype.kind == "f" else np.iinfo(dtype).max


def _segment(
    name: str,
    reduce: Callable[..., Any],
    empty: Callable[[np.dtype[Any]], Any],
    doc: str,
) -> Function:
    """A reduction over the rows of each group, through a (groups, rows, …) tensor."""

    @named(name, doc)
    def function(
        data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False
    ) -> Any:
        x, ids, count = _grouped(data, segment_ids, num_segments)
        full = (count, *x.spec.shape)
        own = prim.equal(iota(full[:2], 0, ids.spec.dtype), broadcast(ids, full[:2]))
        own = broadcast(reshape(own, (*full[:2], *(1 for _ in full[2:]))), full)
        filled = fill(full, empty(x.spec.dtype), x.spec.dtype)
        if full[1] == 0:
            return fill((count, *full[2:]), empty(x.spec.dtype), x.spec.dtype)
        return reduce(prim.select(own, broadcast(x, full), filled), (1,))

    return function


segment_max = _segment(
    "segment_max", reduce_max, _lowest, "The largest rows of each group, the lowest for none."
)
segment_min = _segment(
    "segment_min", reduce_min, _highest, "The smallest rows of each group, the highest for none."
)
segment_prod = _segment(
    "segment_prod", reduce_prod, lambda _: 1, "The product of each group's rows, 1 for none."
)

# Lines -------------------------------------------------------------------------------------------


@operation
def top_k(x: Any, k: int, sorted: bool = True) -> Any:
    """The `k` largest values of each line of the last axis, largest first, and their places.

    `sorted=False` allows any order; this one is kept.
    """
    return indexing.top_k(tensor(x), k)


@operation
def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Whether each line's target is among its k highest predictions; ties count as in.

    A NaN in the target's place counts as the lowest.
    """
    places, x = tensor(targets), tensor(predictions)
    last = len(places.spec.shape)
    own = take_along(x, insert_axis(places, last))
    own = prim.select(prim.equal(own, own), own, fill_like(own, -np.inf))
    higher = prim.less(broadcast(own, x.spec.shape), x)
    above = reduce_sum(prim.cast(higher, INT32), (last,))
    return prim.less(above, fill_like(above, integer(k, "k")))


@operation
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log Σ eˣ over axes (None: all), which never overflows."""
    return reduce_logsumexp(floating(x), axis, keepdims)


@operation
def cdist(x: Any, y: Any) -> Any:
    """The Euclidean distances between the vectors of x (…, m, d) and of y (…, n, d): (…, m, n)."""
    x, y = common(x, y, float_result=True)
    rank = len(x.spec.shape)
    if rank < 2 or len(y.spec.shape) < 2:
        raise InvalidArgumentError(
            f"cdist expects tensors of rank 2 or more; got {x.spec.shape} and {y.spec.shape}"
        )
    if x.spec.shape[-1] != y.spec.shape[-1]:
        raise InvalidArgumentError(
            f"cdist expects vectors of one size; got {x.spec.shape} and {y.spec.shape}"
        )
    left = insert_axis(x, rank - 1)
    right = insert_axis(y, len(y.spec.shape) - 2)
    difference = left - right
    return safe_length(difference, (len(difference.spec.shape) - 1,))


@operation
def extract_sequences(x: Any, sequence_length: int, sequence_stride: int) -> Any:
    """The stretches of `sequence_length` of the last axis, beginning every `sequence_stride`.

    Shape (…, time) gives (…, stretches, sequence_length); what is left at the end goes.
    """
    x = tensor(x)
    length, stride = integer(sequence_length, "sequence_length"), integer(sequence_stride, "stride")
    rank = len(x.spec.shape)
    if not rank or length < 1 or stride < 1 or length > x.spec.shape[-1]:
        raise InvalidArgumentError(
            f"extract_sequences: stretches of {length}, every {stride}, of shape {x.spec.shape}"
        )
    count = (x.spec.shape[-1] - length) // stride + 1
    reach = stride * (count - 1) + 1
    parts = [slice_along(x, rank - 1, start, start + reach, stride) for start in range(length)]
    return stack(parts, -1)


# Functions of one number -------------------------------------------------------------------------


@operation
def rsqrt(x: Any) -> Any:
    """1 / √x."""
    x = floating(x)
    return prim.divide(fill_like(x, 1), prim.sqrt(x))


@operation
def erf(x: Any) -> Any:
    """2/√π ∫₀ˣ e^(-t²) dt."""
    return prim.erf(floating(x))


@operation
def erfc(x: Any) -> Any:
    """1 - erf(x), exact where it is tiny."""
    return prim.erfc(floating(x))


@operation
def erfinv(x: Any) -> Any:
    """The inverse of erf on (-1, 1)."""
    return prim.erf_inverse(floating(x))


__all__ = [
    "cdist", "erf", "erfc", "erfinv", "extract_sequences", "in_top_k", "logsumexp", "rsqrt",
    "segment_max", "segment_min", "segment_prod", "segment_sum", "top_k",
]  # fmt: skip
__getattr__ = lacking("keras.ops.math", __all__)
