"""Handwritten digits: 60,000 and 10,000 grey pictures of 28 × 28, labels 0 to 9.

LeCun, Cortes and Burges, CC BY-SA 3.0.
"""

from __future__ import annotations

from .files import ORIGIN, Pair, arrays, fetch, member

_CHECKSUM = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"


def load_data(path: str = "mnist.npz") -> tuple[Pair, Pair]:
    """(x_train, y_train), (x_test, y_test), all uint8."""
    found = fetch(path, arrays, f"{ORIGIN}mnist.npz", _CHECKSUM)
    return (
        (member(found, "x_train"), member(found, "y_train")),
        (member(found, "x_test"), member(found, "y_test")),
    )
