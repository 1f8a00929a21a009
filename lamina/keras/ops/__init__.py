"""keras.ops: what layers, losses and models of Keras 3 are written in."""

from __future__ import annotations

from ...core.outside import lacking
from . import core, linalg, math, nn, numpy
from .core import *  # noqa: F403
from .linalg import *  # noqa: F403
from .math import *  # noqa: F403
from .nn import *  # noqa: F403
from .numpy import *  # noqa: F403
from .rearranging import rearrange

__all__ = ["linalg", "nn", "numpy", "rearrange"]
__all__ += core.__all__
__all__ += linalg.__all__
__all__ += math.__all__
__all__ += nn.__all__
__all__ += numpy.__all__

__getattr__ = lacking("keras.ops", __all__)
