"""Making, reshaping, joining, cutting, reading and sorting tensors."""

from __future__ import annotations

from . import creation, indexing, layout, partition
from .creation import *  # noqa: F403
from .elementwise import where
from .indexing import *  # noqa: F403
from .layout import *  # noqa: F403
from .partition import *  # noqa: F403

__all__ = ["where"]
__all__ += creation.__all__
__all__ += indexing.__all__
__all__ += layout.__all__
__all__ += partition.__all__
