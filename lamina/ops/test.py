"""tf.test: what programs ask about the machine."""

from __future__ import annotations

from typing import Any

from .names import namespace


def gpu_device_name() -> str:
    """Nothing: there is no graphics processor that lamina uses."""
    return ""


def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: Any = None) -> bool:
    """False: lamina computes on the processor."""
    return False


def _no() -> bool:
    """False: lamina computes on the processor, with a compiler of its own."""
    return False


is_built_with_cuda = is_built_with_gpu_support = is_built_with_rocm = is_built_with_xla = _no

__all__ = [
    "gpu_device_name", "is_built_with_cuda", "is_built_with_gpu_support", "is_built_with_rocm",
    "is_built_with_xla", "is_gpu_available",
]  # fmt: skip
__getattr__ = namespace(__name__, __all__)
