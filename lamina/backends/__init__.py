"""What runs a graph. `config.backend` chooses."""

from __future__ import annotations

from . import interp

__all__ = ["interp"]
