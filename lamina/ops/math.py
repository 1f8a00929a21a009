"""tf.math."""

from __future__ import annotations

from . import counting, elementwise, numbers, reduction, special
from .activations import log_softmax, softmax
from .counting import *  # noqa: F403
from .elementwise import *  # noqa: F403
from .indexing import top_k
from .names import namespace
from .nn import in_top_k, l2_normalize
from .numbers import *  # noqa: F403
from .reduction import *  # noqa: F403
from .special import *  # noqa: F403

__all__ = ["in_top_k", "l2_normalize", "log_softmax", "softmax", "top_k"]
__all__ += counting.__all__
__all__ += elementwise.__all__
__all__ += numbers.__all__
__all__ += reduction.__all__
__all__ += special.__all__
__getattr__ = namespace(__name__, __all__)
