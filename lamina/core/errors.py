"""Errors: which object, what was expected, what came, what to do.

The classes mirror ``tf.errors`` and are also the Python class that one would catch.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np


class OpError(Exception):
    """Base of every error that lamina raises on purpose."""

    @property
    def message(self) -> str:
        return str(self)

    @property
    def error_code(self) -> int:
        """The number of the class in TensorFlow, INVALID_ARGUMENT for those of lamina's own."""
        found = (_NUMBERS[cls] for cls in type(self).__mro__ if cls in _NUMBERS)
        return next(found, INVALID_ARGUMENT)

    def __str__(self) -> str:  # KeyError would print the repr of the message
        # TensorFlow's own constructor takes a node, an operation and the message.
        return str(self.args[2 if len(self.args) > 2 else 0]) if self.args else ""


class InvalidArgumentError(OpError, ValueError):
    """A value, shape or combination of arguments that makes no sense."""


class ArgumentTypeError(OpError, TypeError):
    """An argument of the wrong Python type."""


class UnknownArgumentError(ArgumentTypeError, InvalidArgumentError):
    """A keyword that a constructor does not have: Python's TypeError and Keras's ValueError."""


class NotFoundError(OpError, KeyError):
    """A name or a file that does not exist."""


class MissingFileError(NotFoundError, FileNotFoundError, ValueError):
    """A file that cannot be read: FileNotFoundError in Python, ValueError in Keras."""


class UnknownNameError(InvalidArgumentError, AttributeError):
    """An attribute or registered name that does not exist."""


class AlreadyExistsError(OpError, ValueError):
    """A name that is taken."""


class FailedPreconditionError(OpError, RuntimeError, ValueError):
    """The object is not in a state that allows the call (not built, not compiled …)."""


class OutOfRangeError(OpError, IndexError):
    """An index past the end."""


class IndexRangeError(InvalidArgumentError, OutOfRangeError):
    """A look-up at a place that is not there: an invalid argument in TensorFlow."""


class UnimplementedError(OpError, NotImplementedError):
    """Something that Keras or TensorFlow accepts and lamina does not do."""


class OutsideError(UnimplementedError, AttributeError):
    """A name of Keras or TensorFlow that is left out."""


class DataLossError(OpError, ValueError):
    """A file that is damaged or is not what its name says."""


class FileWriteError(OpError, OSError):
    """A file that could not be written; one that was there before is unchanged."""


class MissingPackageError(OpError, ImportError):
    """A package that only some of lamina needs is not installed."""


class ResourceExhaustedError(OpError, MemoryError):
    """A request for more memory than can be had."""


class OperatorNotAllowedInGraphError(OpError, TypeError):
    """Python code that depends on the value of a tensor inside a traced function."""


class OutOfScopeError(FailedPreconditionError, TypeError):
    """A tensor of a traced function, used after the function was traced."""


class NoNumbersError(OperatorNotAllowedInGraphError, AttributeError):
    """`numpy()` of a tensor that has no numbers yet: in TensorFlow it has no such attribute."""


class SignatureError(InvalidArgumentError, TypeError):
    """Arguments that do not fit the signature that a traced function has."""


class AutographError(OperatorNotAllowedInGraphError):
    """Python's control flow on tensors that cannot become a graph."""


class UnknownValueError(InvalidArgumentError):
    """A number that must be known while a function is traced, and is not."""


class SymbolicShapeError(OpError, ValueError):
    """A shape that cannot be expressed with one symbolic batch size."""


class CancelledError(OpError):
    """An operation that was called off."""


class UnknownError(OpError):
    """Something went wrong, and nobody knows what."""


class DeadlineExceededError(OpError):
    """Something took too long."""


class PermissionDeniedError(OpError):
    """The caller may not do this."""


class UnauthenticatedError(OpError):
    """It is not known who the caller is."""


class AbortedError(OpError):
    """An operation that gave way to another."""


class InternalError(OpError, RuntimeError):
    """A fault of lamina."""


class UnavailableError(OpError):
    """A service that cannot be reached now."""


# The numbers of the classes, as gRPC and TensorFlow have them.
OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND = range(6)
ALREADY_EXISTS, PERMISSION_DENIED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION = range(6, 10)
ABORTED, OUT_OF_RANGE, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS = range(10, 16)
UNAUTHENTICATED = 16
_NUMBERS: dict[type[OpError], int] = {
    CancelledError: CANCELLED,
    UnknownError: UNKNOWN,
    InvalidArgumentError: INVALID_ARGUMENT,
    DeadlineExceededError: DEADLINE_EXCEEDED,
    NotFoundError: NOT_FOUND,
    AlreadyExistsError: ALREADY_EXISTS,
    PermissionDeniedError: PERMISSION_DENIED,
    ResourceExhaustedError: RESOURCE_EXHAUSTED,
    FailedPreconditionError: FAILED_PRECONDITION,
    AbortedError: ABORTED,
    OutOfRangeError: OUT_OF_RANGE,
    UnimplementedError: UNIMPLEMENTED,
    InternalError: INTERNAL,
    UnavailableError: UNAVAILABLE,
    DataLossError: DATA_LOSS,
    UnauthenticatedError: UNAUTHENTICATED,
}


def describe(value: Any) -> str:
    """`value` in an error message: shape, dtype and at most 8 entries, never a million."""
    if value is None or isinstance(value, (bool, int, float, complex)):
        return repr(value)
    if isinstance(value, str):
        return repr(value if len(value) <= 80 else value[:77] + "...")
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is not None and dtype is not None:
        name = getattr(dtype, "name", str(dtype))
        text = f"{type(value).__name__} of shape {tuple(shape)} and dtype {name}"
        return text + _first_entries(value)
    if isinstance(value, (list, tuple)):
        items = ", ".join(describe(item) for item in list(value)[:8])
        more = ", …" if len(value) > 8 else ""
        return f"{type(value).__name__} of length {len(value)}: [{items}{more}]"
    return f"an object of type {type(value).__name__}"


def _first_entries(value: Any) -> str:
    try:
        entries = np.asarray(value).ravel()
    except Exception:  # a symbolic tensor has no entries
        return ""
    if entries.dtype == object:
        return ""
    shown = ", ".join(
        f"{entry:.6g}" if entry.dtype.kind == "f" else str(entry) for entry in entries[:8]
    )
    return f" [{shown}{', …' if entries.size > 8 else ''}]"


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence that asks "Did you mean …?" for a misspelt name; empty where nothing is near."""
    from difflib import get_close_matches  # costs an import that only errors need

    names = sorted(str(item) for item in known)
    lowered = {item.lower(): item for item in names}
    close = get_close_matches(str(name).lower(), lowered, n=1, cutoff=0.6)
    return f" Did you mean {lowered[close[0]]!r}?" if close else ""


def __getattr__(name: str) -> Any:  # only for names that do not exist
    if name.startswith("__"):
        raise AttributeError(name)
    known = [item for item, value in globals().items() if isinstance(value, type)]
    raise UnknownNameError(f"lamina.errors has no {name!r}.{nearest(name, known)}")
