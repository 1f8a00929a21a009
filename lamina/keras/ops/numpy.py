"""keras.ops.numpy: the operations with NumPy's names."""

from __future__ import annotations

from ...core.outside import lacking
from . import (
    arithmetic,
    bitwise,
    comparison,
    creation,
    dtypes,
    elementwise,
    indexing,
    joining,
    nan,
    padding,
    products,
    quantiles,
    reductions,
    shapes,
    sorting,
)
from .arithmetic import *  # noqa: F403
from .bitwise import *  # noqa: F403
from .comparison import *  # noqa: F403
from .creation import *  # noqa: F403
from .dtypes import *  # noqa: F403
from .elementwise import *  # noqa: F403
from .indexing import *  # noqa: F403
from .joining import *  # noqa: F403
from .linalg import slogdet
from .nan import *  # noqa: F403
from .padding import *  # noqa: F403
from .products import *  # noqa: F403
from .quantiles import *  # noqa: F403
from .reductions import *  # noqa: F403
from .shapes import *  # noqa: F403
from .sorting import *  # noqa: F403

__all__ = ["slogdet"]
__all__ += arithmetic.__all__
__all__ += bitwise.__all__
__all__ += comparison.__all__
__all__ += creation.__all__
__all__ += dtypes.__all__
__all__ += elementwise.__all__
__all__ += indexing.__all__
__all__ += joining.__all__
__all__ += nan.__all__
__all__ += padding.__all__
__all__ += products.__all__
__all__ += quantiles.__all__
__all__ += reductions.__all__
__all__ += shapes.__all__
__all__ += sorting.__all__
__getattr__ = lacking("keras.ops.numpy", __all__)
