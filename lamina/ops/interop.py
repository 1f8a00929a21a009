"""Where tensors meet Python: printing, NumPy functions, asking what something is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, NoReturn

import numpy as np

from ..core import nest
from ..core.callers import user_line
from ..core.dtypes import numpy_dtype
from ..core.errors import InvalidArgumentError, OperatorNotAllowedInGraphError
from ..core.protos import make_ndarray, make_tensor_proto
from ..ir.bind import STATE, new_value
from ..prims.control import observe
from ..tensor.convert import is_tensor_like, to_tensor


def is_tensor(x: Any) -> bool:
    """Whether `x` is a tensor or a variable."""
    return is_tensor_like(x)


def executing_eagerly() -> bool:
    """False while a function is traced."""
    return STATE.trace is None


def inside_function() -> bool:
    """True while a function is traced."""
    return STATE.trace is not None


def get_logger() -> Any:
    """The logger of lamina's messages: `tf.get_logger().setLevel("ERROR")`."""
    import logging

    return logging.getLogger("lamina")


def get_static_value(tensor: Any, partial: bool = False) -> Any:
    """The numbers of a tensor where they are known, else None."""
    array = to_tensor(tensor).array
    return None if array is None else np.array(array)


def print(
    *inputs: Any,
    output_stream: Any = None,
    summarize: int = 3,
    sep: str = " ",
    end: str = "\n",
    name: str | None = None,
) -> None:
    """Write values to `output_stream` (standard error), long ones with `summarize` at each end.

    In a traced function they are written each time that it runs.
    """
    leaves = nest.flatten(list(inputs))
    tensors = [to_tensor(leaf) for leaf in leaves if is_tensor_like(leaf)]
    places = [place for place, leaf in enumerate(leaves) if is_tensor_like(leaf)]

    def write(*arrays: Any) -> None:
        shown = list(leaves)
        for place, array in zip(places, arrays, strict=True):
            shown[place] = _Shown(_array_text(array, summarize))
        items = nest.pack_sequence_as(list(inputs), shown)
        stream = sys.stderr if output_stream is None else output_stream
        stream.write(sep.join(map(str, items)) + end)

    observe(tensors, write)


def _array_text(array: Any, summarize: int) -> str:
    if array.ndim == 0:
        return str(array[()])
    threshold = sys.maxsize if summarize < 0 else 0
    return np.array2string(array, threshold=threshold, edgeitems=max(summarize, 1), separator=" ")


class _Shown(str):
    """Text that stands in a structure without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def numpy_function(
    func: Callable[..., Any] | None = None,
    inp: Sequence[Any] | None = None,
    Tout: Any = None,
    stateful: bool = True,
    name: str | None = None,
) -> Any:
    """`func` of NumPy arrays, its results as tensors of dtypes `Tout`; without gradient.

    Without `func`, a decorator. A tf.function that calls it runs eagerly.
    """
    if func is None and inp is None and Tout is not None:
        return _decorator(numpy_function, Tout)
    if func is None or inp is None or Tout is None:
        raise InvalidArgumentError("numpy_function expects func, inp and Tout")
    _refuse_traces("numpy_function")
    with_arrays = [_known(item, "numpy_function") for item in inp]
    found = func(*[np.array(tensor.array) for tensor in with_arrays])
    several = isinstance(Tout, (list, tuple))
    parts = list(found) if several else [found]
    dtypes = list(Tout) if several else [Tout]
    if len(parts) != len(dtypes):
        raise InvalidArgumentError(f"Tout names {len(dtypes)} results; got {len(parts)}")
    results = []
    for part, dtype in zip(parts, dtypes, strict=True):
        array = np.asarray(part)
        if array.dtype != numpy_dtype(dtype):
            raise InvalidArgumentError(
                f"Tout says {numpy_dtype(dtype).name}; the function returned {array.dtype.name}"
            )
        results.append(new_value(np.array(array)))
    return results if several else results[0]


def py_function(
    func: Callable[..., Any] | None = None,
    inp: Sequence[Any] | None = None,
    Tout: Any = None,
    name: str | None = None,
) -> Any:
    """`func` of tensors, its results of dtypes `Tout`; gradients flow through it.

    Without `func`, a decorator. A tf.function that calls it runs eagerly; one that calls `func`
    itself may be traced.
    """
    if func is None and inp is None and Tout is not None:
        return _decorator(py_function, Tout)
    if func is None or inp is None or Tout is None:
        raise InvalidArgumentError("py_function expects func, inp and Tout")
    _refuse_traces("py_function")
    found = func(*[_known(item, "py_function") for item in inp])
    if isinstance(Tout, (list, tuple)):
        return [to_tensor(part) for part in (found if Tout else ())]
    return to_tensor(found)


def _decorator(caller: Callable[..., Any], dtypes: Any) -> Callable[..., Any]:
    """From a function to one whose calls are those of `caller`."""

    def decorated(func: Callable[..., Any]) -> Callable[..., Any]:
        return wraps(func)(lambda *arguments: caller(func, arguments, dtypes))

    return decorated


def _known(item: Any, name: str) -> Any:
    tensor = to_tensor(item)
    if tensor.array is None:
        _refuse(name)
    return tensor


def _refuse_traces(name: str) -> None:
    """Python code that is to run each time cannot be part of a program."""
    if STATE.trace is not None:
        _refuse(name)


def _refuse(name: str) -> NoReturn:
    raise OperatorNotAllowedInGraphError(
        f"{user_line()}: {name} needs arrays, which do not exist yet while a function is traced; "
        "use operations of lamina there"
    )


@contextmanager
def device(device_name: str | None) -> Iterator[None]:
    """The processor is the only device; asking for another one is an error."""
    if device_name is not None and "CPU" not in str(device_name).upper():
        raise InvalidArgumentError(
            f"lamina computes on the processor; there is no device {device_name!r}. Write "
            "tf.device('/CPU:0'), or leave it out."
        )
    yield


__all__ = [
    "device", "executing_eagerly", "get_logger", "get_static_value", "inside_function", "is_tensor",
    "make_ndarray", "make_tensor_proto", "numpy_function", "print", "py_function",
]  # fmt: skip
