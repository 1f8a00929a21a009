"""What runs a graph. `config.backend` chooses."""

from __future__ import annotations

from . import interp, llvm

__all__ = ["interp", "llvm"]
