"""Making, reshaping, joining, cutting, reading and sorting tensors."""

from __future__ import annotations

from .creation import *  # noqa: F403
from .elementwise import where as where
from .indexing import *  # noqa: F403
from .layout import *  # noqa: F403
