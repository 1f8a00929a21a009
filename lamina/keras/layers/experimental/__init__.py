"""Names that layers had in TensorFlow 2.0 to 2.12."""

from __future__ import annotations

from . import preprocessing

__all__ = ["preprocessing"]
