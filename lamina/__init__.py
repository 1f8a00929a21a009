"""lamina: dense neural networks with TensorFlow's names."""

from __future__ import annotations

from .core.config import config as config
from .tensor import tensor as _tensor  # noqa: F401
from .ops import array, math, nn, random  # noqa: F401
