"""tf.math."""

from __future__ import annotations

from .elementwise import *  # noqa: F403
from .reduction import *  # noqa: F403
