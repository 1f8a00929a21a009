"""Hostile files: one function per attack makes one; the tables say how each is refused."""

from __future__ import annotations

from . import archives, arrays, configs, weights
from .attack import Attack


def all_attacks() -> list[Attack]:
    """Every attack, of every kind of file."""
    tables = (archives, arrays, weights, configs)
    return [attack for table in tables for attack in table.ATTACKS]
