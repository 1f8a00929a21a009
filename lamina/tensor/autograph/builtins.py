"""Python's own functions, for arguments that are tensors of a trace."""

from __future__ import annotations

import builtins
from typing import Any

from ...core.dtypes import FLOAT32, INT32
from ...core.shapes import B
from ...ir.value import Value
from ...prims import elementwise as prim
from ...prims.broadcast import dimension
from ..branches import truth
from ..convert import is_tensor_like, operands, to_tensor
from .graph_loops import is_dataset, next_element
from .iterables import Items, enumerate_, range_, zip_
from .runtime import is_symbolic


def _len(value: Any) -> Any:
    if is_tensor_like(value):
        tensor = to_tensor(value)
        if tensor.spec.shape[:1] == (B,):
            return dimension(tensor, 0)
    return value.count if isinstance(value, Items) else len(value)


def _bool(value: Any = False) -> Any:
    return truth(value) if is_symbolic(value) else bool(value)


def _int(*arguments: Any, **options: Any) -> Any:
    if len(arguments) == 1 and is_symbolic(arguments[0]):
        tensor = to_tensor(arguments[0])
        return tensor if tensor.spec.dtype.kind in "iu" else prim.cast(tensor, INT32)
    return int(*arguments, **options)


def _float(value: Any = 0.0) -> Any:
    if not is_symbolic(value):
        return float(value)
    tensor = to_tensor(value)
    return tensor if tensor.spec.dtype.kind == "f" else prim.cast(tensor, FLOAT32)


def _largest(*arguments: Any, **options: Any) -> Any:
    return _extreme(builtins.max, prim.maximum, arguments, options)


def _smallest(*arguments: Any, **options: Any) -> Any:
    return _extreme(builtins.min, prim.minimum, arguments, options)


def _extreme(python: Any, verb: Any, arguments: Any, options: Any) -> Any:
    values = arguments
    if len(arguments) == 1 and isinstance(arguments[0], (list, tuple)):
        values = arguments[0]
    scalars = not options and len(values) > 1 and any(map(is_symbolic, values))
    if not scalars or any(isinstance(v, Value) and v.spec.shape for v in values):
        return python(*arguments, **options)
    found = values[0]
    for value in values[1:]:
        found = verb(*operands(found, value))
    return found


def _next(iterator: Any, *default: Any) -> Any:
    """The next element of a dataset's iterator, each time that the program runs."""
    if default or not (is_dataset(iterator) and hasattr(iterator, "get_next")):
        return next(iterator, *default)
    return next_element(iterator)


TABLE: dict[Any, Any] = {
    range: range_,
    enumerate: enumerate_,
    zip: zip_,
    len: _len,
    bool: _bool,
    int: _int,
    float: _float,
    max: _largest,
    min: _smallest,
    next: _next,
}
