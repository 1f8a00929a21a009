"""keras.backend: the essentials of Keras 2 and 3."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core import nest
from ...core.errors import InvalidArgumentError
from ...core.outside import lacking
from ...ops.scopes import name_scope
from ..function import Function
from ..naming import clear_session, get_uid
from ..settings import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from . import dtypes, functions, values
from .dtypes import *  # noqa: F403
from .functions import *  # noqa: F403
from .values import *  # noqa: F403


def function(inputs: Any, outputs: Any, updates: Any = None, name: str | None = None) -> Any:
    """A function from arrays for symbolic `inputs` to the arrays of `outputs`.

    `inputs` is a list; `outputs` a list, or one symbolic tensor. `updates` must be empty: what is
    called updates its variables by itself.
    """
    if updates:
        raise InvalidArgumentError(
            "K.function has no updates; write to variables inside of a layer"
        )
    inner = Function(list(inputs), outputs, name=name)

    def call(given: Any) -> Any:
        found = inner(list(given))
        return nest.map_structure(np.asarray, found)

    return call


def reset_uids() -> None:
    """Count names from the start again."""
    clear_session()


__all__ = [
    "backend", "clear_session", "epsilon", "floatx", "function", "get_uid", "image_data_format",
    "name_scope", "reset_uids", "set_epsilon", "set_floatx", "set_image_data_format",
]  # fmt: skip
__all__ += dtypes.__all__
__all__ += functions.__all__
__all__ += values.__all__

_CONVOLUTIONS = "convolutions are outside of what lamina is for: it is about dense networks"
_IMAGES = "images are outside of what lamina is for"
_GRAPHS = "there are no sessions and no graphs to be fed; call functions directly"
_INSTEAD = {
    **dict.fromkeys(
        (
            *("conv1d", "conv2d", "conv2d_transpose", "conv3d", "depthwise_conv2d"),
            *("separable_conv1d", "separable_conv2d", "local_conv1d", "local_conv2d"),
        ),
        _CONVOLUTIONS,
    ),
    **dict.fromkeys(
        ("ctc_batch_cost", "ctc_decode", "ctc_label_dense_to_sparse"),
        "sequences of symbols are outside of what lamina is for",
    ),
    **dict.fromkeys(("pool2d", "pool3d", "resize_images", "resize_volumes"), _IMAGES),
    **dict.fromkeys(("spatial_2d_padding", "spatial_3d_padding"), _IMAGES),
    "rnn": "recurrence is outside of what lamina is for: it is about dense networks",
    "temporal_padding": "see keras.layers.ZeroPadding1D",
    "placeholder": "use keras.Input for a model's inputs",
    **dict.fromkeys(
        ("get_session", "set_session", "get_graph", "manual_variable_initialization"), _GRAPHS
    ),
}

__getattr__ = lacking("keras.backend", __all__, _INSTEAD)
