"""keras.config: the global settings."""

from __future__ import annotations

from typing import Any

from ..core.errors import UnknownNameError, nearest
from .dtype_policies import dtype_policy, set_dtype_policy
from .settings import (
    backend,
    disable_interactive_logging,
    disable_traceback_filtering,
    enable_interactive_logging,
    enable_traceback_filtering,
    epsilon,
    floatx,
    image_data_format,
    is_interactive_logging_enabled,
    is_traceback_filtering_enabled,
    max_epochs,
    max_steps_per_epoch,
    set_backend,
    set_epsilon,
    set_floatx,
    set_image_data_format,
    set_max_epochs,
    set_max_steps_per_epoch,
)

__all__ = [
    "backend",
    "disable_interactive_logging",
    "disable_traceback_filtering",
    "dtype_policy",
    "enable_interactive_logging",
    "enable_traceback_filtering",
    "epsilon",
    "floatx",
    "image_data_format",
    "is_interactive_logging_enabled",
    "is_nnx_enabled",
    "is_traceback_filtering_enabled",
    "max_epochs",
    "max_steps_per_epoch",
    "set_backend",
    "set_dtype_policy",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "set_max_epochs",
    "set_max_steps_per_epoch",
]


def is_nnx_enabled() -> bool:
    """False: layers are no modules of flax."""
    return False


_ATTENTION = "attention is outside of what lamina is for; leave the setting out"
_ELSEWHERE = {
    "disable_flash_attention": _ATTENTION,
    "enable_flash_attention": _ATTENTION,
    "is_flash_attention_enabled": _ATTENTION,
    "enable_unsafe_deserialization": "loading never runs code from a file; pass custom_objects=",
}


def __getattr__(name: str) -> Any:
    if name in _ELSEWHERE:
        raise UnknownNameError(f"keras.config.{name} is not there: {_ELSEWHERE[name]}")
    raise UnknownNameError(f"keras.config has no {name!r}.{nearest(name, __all__)}")
