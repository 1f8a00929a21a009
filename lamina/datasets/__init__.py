"""Real data to start with: a sample that ships, and larger sets that download once."""

from __future__ import annotations

from .credit_card import credit
from .examples import Examples

__all__ = ["Examples", "credit"]
