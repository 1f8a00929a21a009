"""Losses: how far predictions are from targets."""

from __future__ import annotations

from typing import Any

from ...core.errors import OutsideError, UnknownNameError, nearest
from ..configurable import FAMILIES, custom_object_scope, get_from, serialize
from ..configurable import deserialize as _deserialize
from .base import MODULE, Loss, LossFunctionWrapper
from .probabilistic import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    KLDivergence,
    SparseCategoricalCrossentropy,
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    kl_divergence,
    sparse_categorical_crossentropy,
)
from .regression import (
    CategoricalHinge,
    CosineSimilarity,
    Dice,
    Hinge,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    SquaredHinge,
    Tversky,
    categorical_hinge,
    cosine_similarity,
    dice,
    hinge,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    squared_hinge,
    tversky,
)

# The short names of TensorFlow 2.
bce = BCE = binary_crossentropy
mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
kld = KLD = kullback_leibler_divergence = kl_divergence
logcosh = log_cosh


class Reduction:
    """TensorFlow's names of the reductions."""

    AUTO = "auto"
    NONE = "none"
    SUM = "sum"
    SUM_OVER_BATCH_SIZE = "sum_over_batch_size"


def get(identifier: Any) -> Any:
    """The loss that a name, a configuration, a class, an object or a function means."""
    return get_from(MODULE, identifier)


def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The loss of what `serialize` gave."""
    with custom_object_scope(custom_objects):
        return _deserialize(name) if isinstance(name, dict) else get(name)


_BY_SHAPE = {
    "binary": binary_crossentropy,
    "sparse": sparse_categorical_crossentropy,
    "categorical": categorical_crossentropy,
}
SHAPE_DEPENDENT = ("crossentropy", "ce")
"""Names in `compile(loss=…)` whose meaning depends on the shapes of targets and outputs."""


def resolve(identifier: Any, y_true: Any, y_pred: Any) -> Any:
    """The `Loss` that an entry of `compile(loss=…)` means for targets and outputs like these.

    "crossentropy" is the binary one for a single output column, the sparse one for class indices,
    else the categorical one. A function is wrapped; None stays None.
    """
    if isinstance(identifier, str) and identifier.lower() in SHAPE_DEPENDENT:
        found: Any = _BY_SHAPE[target_kind(tuple(y_pred.shape), tuple(y_true.shape))]
    else:
        found = get(identifier)
    if found is None or isinstance(found, Loss):
        return found
    name = identifier if isinstance(identifier, str) else getattr(found, "__name__", None)
    return LossFunctionWrapper(found, name=name)


def target_kind(output_shape: Any, target_shape: Any) -> str:
    """'binary' for one output column, 'sparse' for class indices, else 'categorical'."""
    if output_shape[-1] == 1:
        return "binary"
    if len(target_shape) < len(output_shape) or target_shape[-1] == 1:
        return "sparse"
    return "categorical"


_ABSENT = {
    "ctc": "aligns sequences, which is outside of what lamina is for",
    "circle": "compares each row of a batch with each other; in lamina rows are independent. Write "
    "it for a batch of known size as a function of y_true and y_pred",
}


def __getattr__(name: str) -> Any:
    if name.lower() in _ABSENT:
        raise OutsideError(f"keras.losses.{name} is not there: it {_ABSENT[name.lower()]}")
    raise UnknownNameError(f"keras.losses has no {name!r}.{nearest(name, FAMILIES[MODULE])}")


__all__ = [
    "BCE",
    "KLD",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Dice",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "LossFunctionWrapper",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "Reduction",
    "SHAPE_DEPENDENT",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "bce",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "cosine_similarity",
    "deserialize",
    "dice",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "kld",
    "kullback_leibler_divergence",
    "log_cosh",
    "logcosh",
    "mae",
    "mape",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "poisson",
    "resolve",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "target_kind",
    "tversky",
]
