"""lamina: dense neural networks with TensorFlow's names.

import lamina as tf
from lamina import keras
"""

from __future__ import annotations

import importlib
from typing import Any

from .core import errors, nest
from .core.config import config
from .core.offers import offer
from .core.release import VERSION as __version__  # noqa: F401
from .core.shapes import TensorShape
from .core.spaces import Space
from .ops import (
    array,
    autograph,
    bitwise,
    control_flow,
    debugging,
    dtypes,
    interop,
    linalg,
    math,
    nn,
    random,
    scopes,
    strings,
    version,
)
from .ops import gradients as _gradients
from .ops.array import *  # noqa: F403
from .ops.control_flow import *  # noqa: F403
from .ops.counting import histogram_fixed_width, histogram_fixed_width_bins
from .ops.debugging import (
    Assert,
    assert_equal,
    assert_greater,
    assert_less,
    assert_rank,
)
from .ops.dtypes import (
    DType,
    as_dtype,
    bool,
    double,
    float16,
    float32,
    float64,
    half,
    int8,
    int16,
    int32,
    int64,
    string,
    uint8,
    uint16,
    uint32,
    uint64,
)
from .ops.elementwise import (
    abs,
    acos,
    acosh,
    add,
    add_n,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    clip_by_value,
    cos,
    cosh,
    divide,
    equal,
    exp,
    floor,
    greater,
    greater_equal,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    maximum,
    minimum,
    multiply,
    negative,
    not_equal,
    pow,
    round,
    scalar_mul,
    sigmoid,
    sign,
    sin,
    sinh,
    sqrt,
    square,
    subtract,
    tan,
    tanh,
    truediv,
)
from .ops.gradients import *  # noqa: F403
from .ops.interop import *  # noqa: F403
from .ops.linalg import einsum, matmul, norm, tensordot
from .ops.linalg import sqrtm as matrix_square_root
from .ops.module import Module
from .ops.names import namespace
from .ops.numbers import realdiv, truncatediv, truncatemod
from .ops.reduction import (
    argmax,
    argmin,
    clip_by_global_norm,
    clip_by_norm,
    cumsum,
    reduce_all,
    reduce_any,
    reduce_logsumexp,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_sum,
)
from .ops.scopes import *  # noqa: F403
from .ops.strings import as_string
from .ops.tensor_array import TensorArray
from .scripts.aliases import install_as
from .tensor.function import function
from .tensor.slices import IndexedSlices
from .tensor.spec import TensorSpec, TypeSpec, type_spec_from_value
from .tensor.tape import GradientTape, UnconnectedGradients
from .tensor.tensor import Tensor
from .tensor.variable import Variable

newaxis = None
autodiff = Space(f"{__name__}.autodiff", GradientTape=GradientTape)
experimental = Space(f"{__name__}.experimental")  # tells what there is instead

__all__ = [
    "Assert", "DType", "GradientTape", "IndexedSlices", "Module", "Tensor", "TensorArray",
    "TensorShape", "TensorSpec", "TypeSpec", "UnconnectedGradients", "Variable", "abs", "acos",
    "acosh", "add", "add_n", "argmax", "argmin", "as_dtype", "as_string", "asin", "asinh",
    "assert_equal", "assert_greater", "assert_less", "assert_rank", "atan", "atan2", "atanh",
    "autodiff", "autograph", "bitwise", "bool", "clip_by_global_norm", "clip_by_norm",
    "clip_by_value", "config", "cos", "cosh", "cumsum", "debugging", "divide", "double", "dtypes",
    "einsum", "equal", "errors", "exp", "experimental", "float16", "float32", "float64", "floor",
    "function", "greater", "greater_equal", "half", "histogram_fixed_width",
    "histogram_fixed_width_bins", "install_as", "int16", "int32", "int64", "int8", "less",
    "less_equal", "linalg", "logical_and", "logical_not", "logical_or", "math", "matmul",
    "matrix_square_root", "maximum", "minimum", "multiply", "negative", "nest", "newaxis", "nn",
    "norm", "not_equal", "pow", "random", "realdiv", "reduce_all", "reduce_any", "reduce_logsumexp",
    "reduce_max", "reduce_mean", "reduce_min", "reduce_prod", "reduce_sum", "round", "scalar_mul",
    "sigmoid", "sign", "sin", "sinh", "sqrt", "square", "string", "strings", "subtract", "tan",
    "tanh", "tensordot", "truediv", "truncatediv", "truncatemod", "type_spec_from_value", "uint16",
    "uint32", "uint64", "uint8", "version",
]  # fmt: skip
__all__ += array.__all__
__all__ += control_flow.__all__
__all__ += _gradients.__all__
__all__ += interop.__all__
__all__ += scopes.__all__

# Packages that are imported when they are first used.
_LATER = {
    **{name: name for name in ("data", "datasets", "functions", "inspection", "keras", "plot")},
    **{name: name for name in ("sklearn", "tabular", "train")},
    **{name: f"ops.{name}" for name in ("io", "lookup", "summary", "test")},
    "compat": "scripts.compat",
    **{name: f"keras.{name}" for name in ("initializers", "losses", "metrics", "optimizers")},
}
_INITIALIZERS = {
    "constant_initializer": "Constant",
    "ones_initializer": "Ones",
    "random_normal_initializer": "RandomNormal",
    "random_uniform_initializer": "RandomUniform",
    "zeros_initializer": "Zeros",
}
"""Names that TensorFlow gives to initializers of Keras."""
offer("export_model", f"{__name__}.export:export")
offer("get_file", f"{__name__}.datasets.file:get_file")
offer("model_to_dot", f"{__name__}.plot.dot:model_to_dot")
offer("read_checkpoint", f"{__name__}.train.checkpoint:read_weights")
offer("scikit_learn", f"{__name__}:sklearn")
offer("write_checkpoint", f"{__name__}.train.checkpoint:write_weights")
offer("plot_model", f"{__name__}.plot.model_picture:plot_model")
_missing = namespace(__name__, [*__all__, *_LATER, *_INITIALIZERS])


def __getattr__(name: str) -> Any:
    if name in _LATER:
        try:
            return importlib.import_module(f"{__name__}.{_LATER[name]}")
        except ModuleNotFoundError as error:
            if error.name != f"{__name__}.{_LATER[name]}":
                raise
    if name in _INITIALIZERS:
        return getattr(
            importlib.import_module(f"{__name__}.keras.initializers"), _INITIALIZERS[name]
        )
    return _missing(name)


def __dir__() -> list[str]:
    return sorted([*__all__, *_LATER, *_INITIALIZERS, "__version__"])
