"""Keras's global settings: the default float, its epsilon, how training talks and when it ends."""

from __future__ import annotations

import os
from typing import Any

from ..core.dtypes import DTYPES
from ..core.errors import InvalidArgumentError, UnimplementedError

_FLOATS = ("float16", "float32", "float64")
_FORMATS = ("channels_last", "channels_first")
_BACKENDS = ("lamina", "tensorflow")


def _limit(name: str) -> int | None:
    text = os.environ.get(name)
    if not text:
        return None
    if not text.isdigit():
        raise InvalidArgumentError(f"the environment variable {name} is a number; got {text!r}")
    return int(text)


class _Settings:
    """The values in force."""

    def __init__(self) -> None:
        self.floatx = "float32"
        self.epsilon = 1e-7
        self.image_data_format = "channels_last"
        self.backend = "lamina"
        self.max_epochs = _limit("KERAS_MAX_EPOCHS")
        self.max_steps_per_epoch = _limit("KERAS_MAX_STEPS_PER_EPOCH")
        self.interactive_logging = True
        self.traceback_filtering = True


_SETTINGS = _Settings()

# Numbers -----------------------------------------------------------------------------------------


def floatx() -> str:
    """The dtype of weights and data where none is given."""
    return _SETTINGS.floatx


def set_floatx(value: str) -> None:
    """Set the default float: 'float16', 'float32' or 'float64'."""
    name = str(value)
    if name == "bfloat16" and name not in DTYPES:
        raise UnimplementedError("lamina does not compute in bfloat16; use 'float32'")
    if name not in _FLOATS:
        raise InvalidArgumentError(f"floatx is 'float16', 'float32' or 'float64'; got {value!r}")
    _SETTINGS.floatx = name


def epsilon() -> float:
    """The small number that keeps logarithms and divisions finite."""
    return _SETTINGS.epsilon


def set_epsilon(value: float) -> None:
    """Set the small number."""
    _SETTINGS.epsilon = float(value)


def image_data_format() -> str:
    """Where layers with a `data_format` expect channels: 'channels_last' (or '…_first')."""
    return _SETTINGS.image_data_format


def set_image_data_format(data_format: str) -> None:
    """Set where channels stand by default."""
    name = str(data_format).lower()
    if name not in _FORMATS:
        raise InvalidArgumentError(
            f"data_format is 'channels_last' or 'channels_first'; got {data_format!r}"
        )
    _SETTINGS.image_data_format = name


# The backend -------------------------------------------------------------------------------------


def backend() -> str:
    """The name of what computes: 'lamina', or 'tensorflow' after `set_backend('tensorflow')`."""
    return _SETTINGS.backend


def set_backend(backend: str) -> None:
    """Set the name that `backend()` gives to code that asks for it.

    'tensorflow' lets code choose its branch for TensorFlow, whose names lamina has. What computes
    stays lamina; other backends are refused.
    """
    if backend not in _BACKENDS:
        raise InvalidArgumentError(
            f"lamina computes by itself: the backend is 'lamina' (or 'tensorflow', whose names it "
            f"has); got {backend!r}"
        )
    _SETTINGS.backend = backend


# Limits, for a quick try of a script -------------------------------------------------------------


def max_epochs() -> int | None:
    """The most epochs that `fit` runs, None for no limit (KERAS_MAX_EPOCHS)."""
    return _SETTINGS.max_epochs


def set_max_epochs(max_epochs: int | None) -> None:
    """Limit the epochs of every `fit`."""
    _SETTINGS.max_epochs = _checked_limit("max_epochs", max_epochs)


def max_steps_per_epoch() -> int | None:
    """The most steps of an epoch, `evaluate` or `predict` (KERAS_MAX_STEPS_PER_EPOCH)."""
    return _SETTINGS.max_steps_per_epoch


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Limit the steps of every epoch, `evaluate` and `predict`."""
    _SETTINGS.max_steps_per_epoch = _checked_limit("max_steps_per_epoch", max_steps_per_epoch)


def _checked_limit(name: str, value: Any) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise InvalidArgumentError(f"{name} is a positive integer or None; got {value!r}")
    found: int | None = value
    return found


# Talking -----------------------------------------------------------------------------------------


def enable_interactive_logging() -> None:
    """Show progress and messages on standard output (the default)."""
    _SETTINGS.interactive_logging = True


def disable_interactive_logging() -> None:
    """Send progress and messages to the logger 'lamina' instead, as lines at level INFO."""
    _SETTINGS.interactive_logging = False


def is_interactive_logging_enabled() -> bool:
    """Whether progress and messages are shown on standard output."""
    return _SETTINGS.interactive_logging


def enable_traceback_filtering() -> None:
    """Remember the wish; tracebacks are short as they are, and nothing is cut from them."""
    _SETTINGS.traceback_filtering = True


def disable_traceback_filtering() -> None:
    """Remember the wish; tracebacks are never cut."""
    _SETTINGS.traceback_filtering = False


def is_traceback_filtering_enabled() -> bool:
    """What was asked for last (True at first)."""
    return _SETTINGS.traceback_filtering
