"""keras.ops.numpy: the operations with NumPy's names."""

from __future__ import annotations

from . import elementwise
from .elementwise import *  # noqa: F403

__all__ = []
__all__ += elementwise.__all__
