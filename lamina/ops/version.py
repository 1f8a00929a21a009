"""tf.version: which TensorFlow is meant."""

from __future__ import annotations

from .names import namespace

VERSION = "2.21.0"
"""The TensorFlow whose names and behaviour are meant; `lamina.__version__` is lamina's own."""

GIT_VERSION = f"v{VERSION}"
COMPILER_VERSION = "LLVM"
GRAPH_DEF_VERSION = 0
GRAPH_DEF_VERSION_MIN_CONSUMER = 0
GRAPH_DEF_VERSION_MIN_PRODUCER = 0

__all__ = [
    "COMPILER_VERSION", "GIT_VERSION", "GRAPH_DEF_VERSION", "GRAPH_DEF_VERSION_MIN_CONSUMER",
    "GRAPH_DEF_VERSION_MIN_PRODUCER", "VERSION",
]  # fmt: skip
__getattr__ = namespace(__name__, __all__)
