"""tf.debugging: checks that raise InvalidArgumentError, at once or when a traced program runs.

Messages show at most 8 values of a tensor, whatever `summarize` asks for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.dtypes import as_dtype
from ..core.errors import ArgumentTypeError, InvalidArgumentError, describe
from ..core.shapes import B
from ..prims.control import check
from ..tensor import arithmetic
from ..tensor.convert import is_tensor_like, to_tensor
from .elementwise import is_finite
from .names import namespace
from .reduction import reduce_all

Assertion = Callable[..., None]


def _demand(condition: Any, text: str, message: str | None, *values: Any) -> None:
    """Raise where `condition` fails somewhere, with `message` and the values there."""
    tensor = to_tensor(condition)
    prefix = f"{message}: " if message else ""
    if tensor.array is None:
        check(tensor, [tensor], f"{prefix}{text}")
        return
    if not tensor.array.all():
        known = [to_tensor(value).array for value in values]
        shown = ""
        if known and all(array is not None for array in known):
            wide = np.broadcast_arrays(tensor.array, *known)
            wrong = ~wide[0]
            shown = ", ".join(describe(array[wrong]) for array in wide[1:])
            shown = f"; {int(wrong.sum())} of {wrong.size} places do not: {shown}"
        raise InvalidArgumentError(f"{prefix}{text}{shown}")


def _comparison(function: Callable[[Any, Any], Any], name: str, sign: str) -> Assertion:
    def assertion(
        x: Any,
        y: Any,
        message: str | None = None,
        summarize: int | None = None,
        name: str | None = None,
    ) -> None:
        _demand(function(x, y), f"expected x {sign} y everywhere", message, x, y)

    assertion.__name__ = assertion.__qualname__ = name
    assertion.__doc__ = f"Raise unless x {sign} y everywhere (broadcast)."
    return assertion


assert_equal = _comparison(arithmetic.equal, "assert_equal", "=")
assert_none_equal = _comparison(arithmetic.not_equal, "assert_none_equal", "≠")
assert_less = _comparison(arithmetic.less, "assert_less", "<")
assert_less_equal = _comparison(arithmetic.less_equal, "assert_less_equal", "≤")
assert_greater = _comparison(arithmetic.greater, "assert_greater", ">")
assert_greater_equal = _comparison(arithmetic.greater_equal, "assert_greater_equal", "≥")


def _sign(function: Callable[[Any, Any], Any], name: str, text: str) -> Assertion:
    def assertion(
        x: Any,
        message: str | None = None,
        summarize: int | None = None,
        name: str | None = None,
    ) -> None:
        _demand(function(x, 0), f"expected {text} values", message, x)

    assertion.__name__ = assertion.__qualname__ = name
    assertion.__doc__ = f"Raise unless all values are {text}."
    return assertion


assert_positive = _sign(arithmetic.greater, "assert_positive", "positive")
assert_negative = _sign(arithmetic.less, "assert_negative", "negative")
assert_non_negative = _sign(arithmetic.greater_equal, "assert_non_negative", "non-negative")
assert_non_positive = _sign(arithmetic.less_equal, "assert_non_positive", "non-positive")


def assert_near(
    x: Any,
    y: Any,
    rtol: Any = None,
    atol: Any = None,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> None:
    """Raise unless |x - y| ≤ atol + rtol |y| everywhere (None: ten times the dtype's epsilon)."""
    difference = arithmetic.absolute(arithmetic.subtract(x, y))
    dtype = difference.spec.dtype
    epsilon = 10 * float(np.finfo(dtype).eps) if dtype.kind == "f" else 0
    relative = arithmetic.multiply(arithmetic.absolute(y), epsilon if rtol is None else rtol)
    limit = arithmetic.add(relative, epsilon if atol is None else atol)
    close = arithmetic.less_equal(difference, limit)
    _demand(close, "expected |x - y| ≤ atol + rtol |y| everywhere", message, x, y)


def assert_all_finite(x: Any, message: str, name: str | None = None) -> Any:
    """`x`, or an error where it holds infinities or NaN."""
    tensor = to_tensor(x)
    finite = is_finite(tensor)
    if tensor.array is None:
        (checked,) = check(finite, [tensor], f"{message}: expected finite values")
        return checked
    _demand(finite, "expected finite values", message, tensor)
    return tensor


def check_numerics(tensor: Any, message: str, name: str | None = None) -> Any:
    """`tensor`, or an error where it holds infinities or NaN."""
    return assert_all_finite(tensor, message)


def Assert(
    condition: Any, data: Any, summarize: int | None = None, name: str | None = None
) -> None:
    """Raise with `data` in the message unless all of `condition` holds."""
    text = "; ".join(describe(item) for item in data)
    _demand(reduce_all(condition), f"assertion failed: {text}", None)


# Static checks: shapes and dtypes are known while tracing ----------------------------------------


def _rank(x: Any) -> int:
    return len(to_tensor(x).spec.shape)


def _fail(message: str | None, text: str) -> None:
    raise InvalidArgumentError(f"{message}: {text}" if message else text)


def assert_rank(x: Any, rank: Any, message: str | None = None, name: str | None = None) -> None:
    """Raise unless `x` has `rank` axes."""
    if _rank(x) != int(rank):
        _fail(message, f"expected rank {int(rank)}; got shape {to_tensor(x).shape}")


def assert_rank_at_least(
    x: Any, rank: Any, message: str | None = None, name: str | None = None
) -> None:
    """Raise unless `x` has at least `rank` axes."""
    if _rank(x) < int(rank):
        _fail(message, f"expected rank {int(rank)} or more; got shape {to_tensor(x).shape}")


def assert_rank_in(x: Any, ranks: Any, message: str | None = None, name: str | None = None) -> None:
    """Raise unless the number of axes of `x` is one of `ranks`."""
    if _rank(x) not in [int(rank) for rank in ranks]:
        _fail(message, f"expected a rank among {list(ranks)}; got shape {to_tensor(x).shape}")


def assert_scalar(tensor: Any, name: str | None = None, message: str | None = None) -> Any:
    """`tensor`, or an error unless it is a scalar."""
    assert_rank(tensor, 0, message)
    return tensor


def assert_shapes(
    shapes: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> None:
    """Raise unless tensors have shapes, in which equal letters stand for equal sizes.

    `shapes`: pairs (tensor, shape), or a dict with `tensor.ref()` as keys. A size is an integer, a
    letter, or None; "..." at either end stands for any number of axes.
    """
    pairs = shapes.items() if isinstance(shapes, dict) else shapes
    known: dict[str, Any] = {}
    for x, wanted in pairs:
        tensor = x.deref() if hasattr(x, "deref") else x
        have, items = tuple(to_tensor(tensor).spec.shape), list(wanted)
        text = f"expected shape {tuple(items)}; got {to_tensor(tensor).shape}"
        if items and items[-1] in ("...", Ellipsis):
            items = items[:-1]
            have = have[: len(items)]
        elif items and items[0] in ("...", Ellipsis):
            items = items[1:]
            have = have[len(have) - len(items) :] if len(have) >= len(items) else have
        if len(have) != len(items):
            _fail(message, text)
        for size, item in zip(have, items, strict=True):
            expected = known.setdefault(item, size) if isinstance(item, str) else item
            if item not in (None, ".") and size is not B and expected not in (size, B):
                _fail(message, f"{text}, where {item!r} is {expected}")


def assert_same_float_dtype(tensors: Any = None, dtype: Any = None) -> Any:
    """The one floating dtype of `tensors` (and `dtype`), or an error."""
    found = {to_tensor(tensor).dtype for tensor in tensors or ()}
    if dtype is not None:
        found.add(as_dtype(dtype))
    if len(found) > 1 or any(not each.is_floating for each in found):
        raise InvalidArgumentError(f"expected one floating dtype; got {sorted(map(repr, found))}")
    return found.pop() if found else as_dtype("float32")


def assert_type(
    tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None
) -> None:
    """Raise unless `tensor` has the dtype `tf_type`."""
    found = to_tensor(tensor).dtype
    if found != as_dtype(tf_type):
        text = f"expected dtype {as_dtype(tf_type).name}; got {found.name}"
        raise ArgumentTypeError(f"{message}: {text}" if message else text)


def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> None:
    """Raise unless `x` has an integer dtype."""
    found = to_tensor(x).dtype
    if not found.is_integer:
        text = f"expected integers; got dtype {found.name}"
        raise ArgumentTypeError(f"{message}: {text}" if message else text)


def assert_proper_iterable(values: Any) -> None:
    """Raise unless `values` is a list, tuple or another iterable, and no tensor, array or text."""
    unfit = is_tensor_like(values) or isinstance(values, (np.ndarray, bytes, str))
    if unfit or not hasattr(values, "__iter__"):
        raise ArgumentTypeError(f"expected a list or another iterable; got {describe(values)}")


def is_numeric_tensor(tensor: Any) -> bool:
    """Whether it is a tensor of numbers."""
    return is_tensor_like(tensor) and to_tensor(tensor).spec.dtype.kind in "fiu"


__all__ = [
    "Assert", "assert_all_finite", "assert_equal", "assert_greater", "assert_greater_equal",
    "assert_integer", "assert_less", "assert_less_equal", "assert_near", "assert_negative",
    "assert_non_negative", "assert_non_positive", "assert_none_equal", "assert_positive",
    "assert_proper_iterable", "assert_rank", "assert_rank_at_least", "assert_rank_in",
    "assert_same_float_dtype", "assert_scalar", "assert_shapes", "assert_type", "check_numerics",
    "is_numeric_tensor",
]  # fmt: skip
__getattr__ = namespace(__name__, __all__)
