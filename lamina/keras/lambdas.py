"""Lambdas in configurations: written as Keras writes them, never made of what a file says.

A lambda that this process wrote is found again by the mark beside its code, so that a model
can be saved and loaded in one session; nothing but the mark is read.
"""

from __future__ import annotations

import base64
import itertools
import marshal
import os
from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeGuard

import numpy as np

from ..core import nest
from ..core.errors import UnimplementedError

_PROCESS = os.urandom(8).hex()
_COUNT = itertools.count()
_MARKS: dict[Callable[..., Any], str] = {}
_WRITTEN: dict[str, Callable[..., Any]] = {}


def is_lambda(item: Any) -> TypeGuard[FunctionType]:
    """Whether `item` is a function without a name."""
    return isinstance(item, FunctionType) and item.__name__ == "<lambda>"


def lambda_config(function: FunctionType, serialize: Callable[[Any], Any]) -> dict[str, Any]:
    """The configuration of a lambda; `serialize` writes what it encloses, where that is data.

    Keras reads `value` in most places, and `code`, `defaults`, `closure` in Lambda layers.
    """
    code = base64.encodebytes(marshal.dumps(function.__code__)).decode()
    defaults = serialize(function.__defaults__)
    enclosed = [cell.cell_contents for cell in function.__closure__ or ()]
    closure = serialize(enclosed) if enclosed and all(map(_is_data, enclosed)) else None
    mark = _MARKS.setdefault(function, f"{_PROCESS}-{next(_COUNT)}")
    _WRITTEN[mark] = function
    return {
        "class_name": "__lambda__",
        "config": {
            "value": [code, defaults, closure],
            "code": code,
            "defaults": defaults,
            "closure": closure,
            "written_by": mark,
        },
    }


def _is_data(value: Any) -> bool:
    """Whether a configuration can hold a value; modules and models that are enclosed it cannot."""
    kinds = (bool, int, float, str, np.ndarray, np.generic, type(None))
    return all(isinstance(leaf, kinds) for leaf in nest.flatten(value))


def lambda_of(inner: Any) -> Callable[..., Any]:
    """The lambda that was written so in this process; UnimplementedError for any other."""
    mark = inner.get("written_by") if isinstance(inner, dict) else None
    function = _WRITTEN.get(mark) if isinstance(mark, str) else None
    if function is None:
        raise refusal("a lambda")
    return function


def refusal(what: str) -> UnimplementedError:
    """The error for code in a file, `what` it is the code of."""
    return UnimplementedError(
        f"{what} is stored as code; lamina never runs code from a file. Where a loss or a "
        "metric is one, pass compile=False; else make the model as before and call "
        "load_weights() on the file, or save it with a named function and pass that in "
        "custom_objects={...}"
    )
