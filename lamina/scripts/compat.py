"""tf.compat: what programs for several versions of TensorFlow and Python ask for."""

from __future__ import annotations

import importlib
import numbers
import os
from typing import Any

import numpy as np

from ..core.errors import ArgumentTypeError, UnimplementedError, UnknownNameError
from ..core.protos import MESSAGES, summary_message
from ..core.spaces import Space
from ..ops.interop import get_logger
from ..ops.names import ABSENT, namespace
from ..ops.random import set_seed

bytes_or_text_types = (bytes, str)
integral_types = (numbers.Integral, np.integer)
real_types = (numbers.Real, np.integer, np.floating)
complex_types = (numbers.Complex, np.number)


def as_text(bytes_or_text: Any, encoding: str = "utf-8") -> str:
    """`bytes_or_text` as str."""
    if isinstance(bytes_or_text, str):
        return bytes_or_text
    if isinstance(bytes_or_text, bytes):
        return bytes_or_text.decode(encoding)
    raise ArgumentTypeError(f"expected bytes or str; got {bytes_or_text!r}")


as_str = as_text


def as_bytes(bytes_or_text: Any, encoding: str = "utf-8") -> bytes:
    """`bytes_or_text` as bytes."""
    if isinstance(bytes_or_text, (bytes, bytearray)):
        return bytes(bytes_or_text)
    return as_text(bytes_or_text).encode(encoding)


def as_str_any(value: Any, encoding: str = "utf-8") -> str:
    """`value` as str: bytes are decoded, everything else is asked for its text."""
    return as_text(value, encoding) if isinstance(value, bytes) else str(value)


def path_to_str(path: Any) -> Any:
    """A path as str; anything else as it is."""
    return os.fspath(path) if hasattr(path, "__fspath__") else path


def path_to_bytes(path: Any) -> bytes:
    """A path as bytes."""
    return as_bytes(path_to_str(path))


# TensorFlow 1 -------------------------------------------------------------------------------------


def _always() -> None:
    """What TensorFlow 2 does anyway."""


def _never() -> None:
    raise UnimplementedError(
        "graphs and sessions ended with TensorFlow 1; operations run at once, and @tf.function "
        "compiles"
    )


def _log(level: int) -> Any:
    def log(message: str, *arguments: Any) -> None:
        get_logger().log(level, message, *arguments)

    return log


_DEBUG, _INFO, _WARN, _ERROR, _FATAL = 10, 20, 30, 40, 50
_LOGGING = {
    "DEBUG": _DEBUG, "INFO": _INFO, "WARN": _WARN, "ERROR": _ERROR, "FATAL": _FATAL,
    "debug": _log(_DEBUG), "info": _log(_INFO), "warn": _log(_WARN), "warning": _log(_WARN),
    "error": _log(_ERROR), "fatal": _log(_FATAL),
    "get_verbosity": lambda: get_logger().getEffectiveLevel(),
    "set_verbosity": lambda v: get_logger().setLevel(v),
}  # fmt: skip


class _First(Space):
    """tf.compat.v1: names that still mean something, and what became of the others."""

    def __getattr__(self, name: str) -> Any:  # only for names that are not there
        if name.startswith("__"):
            raise AttributeError(name)
        if name in MESSAGES:
            return summary_message(name)
        today = importlib.import_module("lamina")
        advice = ABSENT.get(name)
        if advice is None and hasattr(today, name):
            advice = f"write TensorFlow 2 code; tf.{name} is there"
        raise UnknownNameError(f"lamina.compat.v1.{name}: {advice or 'write TensorFlow 2 code'}")


v1 = _First(
    "lamina.compat.v1",
    disable_eager_execution=_never,
    disable_v2_behavior=_never,
    enable_eager_execution=_always,
    enable_v2_behavior=_always,
    enable_v2_tensorshape=_always,
    logging=Space("lamina.compat.v1.logging", **_LOGGING),
    set_random_seed=set_seed,
)

__all__ = [
    "as_bytes", "as_str", "as_str_any", "as_text", "bytes_or_text_types", "complex_types",
    "integral_types", "path_to_bytes", "path_to_str", "real_types", "v1",
]  # fmt: skip
_missing = namespace("lamina.compat", [*__all__, "v2"])


def __getattr__(name: str) -> Any:
    return importlib.import_module("lamina") if name == "v2" else _missing(name)
