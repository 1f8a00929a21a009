"""Real data to start with: a sample that ships, and larger sets that download once."""

from __future__ import annotations

from .credit_card import credit
from .table import Table

__all__ = ["Table", "credit"]
