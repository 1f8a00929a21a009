"""keras.ops.numpy: the operations with NumPy's names."""

from __future__ import annotations

from . import arithmetic, bitwise, comparison, elementwise
from .arithmetic import *  # noqa: F403
from .bitwise import *  # noqa: F403
from .comparison import *  # noqa: F403
from .elementwise import *  # noqa: F403

__all__ = []
__all__ += arithmetic.__all__
__all__ += bitwise.__all__
__all__ += comparison.__all__
__all__ += elementwise.__all__
