"""A model as one portable C99 file and its header."""

from __future__ import annotations

from .file import write_c

__all__ = ["write_c"]
