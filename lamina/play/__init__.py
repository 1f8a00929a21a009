"""A page on which real networks train live: data, layers, optimizer, and what happens in them."""

from __future__ import annotations

from .problems import PROBLEMS, Problem
from .run import Run
from .settings import Settings

__all__ = ["PROBLEMS", "Problem", "Run", "Settings"]
