"""Random numbers of a source: the key and the number of one draw."""

from __future__ import annotations

from typing import Any

from ..core.dtypes import FLOAT64, numpy_dtype
from ..core.errors import InvalidArgumentError
from ..core.shapes import broadcast_shapes
from ..prims import elementwise as prim
from ..prims.broadcast import broadcast
from ..tensor.convert import to_tensor
from .common import as_shape, floats, integer
from .distributions import binomial_from, gamma_from, poisson_from
from .generator import categorical_from, integers_from, uniform_from

Source = tuple[Any, Any]


def uniform_of(source: Source, shape: Any, minval: Any, maxval: Any, dtype: Any) -> Any:
    """Numbers in [minval, maxval) of any dtype; integers need a maxval."""
    if numpy_dtype(dtype).kind == "f":
        low = float(minval) if isinstance(minval, (int, float)) else minval
        high = 1.0 if maxval is None else float(maxval) if type(maxval) is int else maxval
        return uniform_from(*source, as_shape(shape), low, high, dtype)
    if maxval is None:
        raise InvalidArgumentError("uniform integers need a maxval")
    return integers_from(*source, as_shape(shape), minval, maxval, dtype)


def categorical_of(source: Source, logits: Any, num_samples: Any, dtype: Any) -> Any:
    """Classes a row, drawn with probabilities softmax(logits)."""
    x = floats(logits)
    if len(x.spec.shape) != 2:
        raise InvalidArgumentError(
            f"categorical expects logits (rows, classes); got {x.spec.shape}"
        )
    return categorical_from(*source, x, integer(num_samples, "num_samples"), dtype)


# Parameters broadcast; those of gamma and Poisson numbers may stand behind the shape.


def parameters(*values: Any) -> list[Any]:
    """Parameters as float64 tensors of one shape."""
    tensors = [prim.cast(to_tensor(value), FLOAT64) for value in values]
    shape: Any = ()
    for tensor in tensors:
        shape = broadcast_shapes(shape, tensor.spec.shape)
    return [broadcast(tensor, shape) for tensor in tensors]


def gamma_of(source: Source, shape: Any, alpha: Any, beta: Any, dtype: Any) -> Any:
    """Gamma numbers of the whole `shape`."""
    alpha, beta = parameters(alpha, 1.0 if beta is None else beta)
    scaled = prim.divide(gamma_from(*source, broadcast(alpha, shape)), broadcast(beta, shape))
    return prim.cast(scaled, numpy_dtype(dtype))


def poisson_of(source: Source, shape: Any, lam: Any, dtype: Any) -> Any:
    """Counts of the whole `shape`."""
    (rate,) = parameters(lam)
    return prim.cast(poisson_from(*source, broadcast(rate, shape)), numpy_dtype(dtype))


def binomial_of(source: Source, shape: Any, counts: Any, probs: Any, dtype: Any) -> Any:
    """Counts of the whole `shape`."""
    full = as_shape(shape)
    found = (broadcast(part, full) for part in parameters(counts, probs))
    return prim.cast(binomial_from(*source, *found), numpy_dtype(dtype))


def behind(shape: Any, *values: Any) -> Any:
    """The shape that is asked for, then that of the parameters."""
    first, *_ = parameters(*values)
    return (*as_shape(shape), *first.spec.shape)
