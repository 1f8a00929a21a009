"""Metrics: what is reported about a model."""

from __future__ import annotations

from typing import Any

from ...core.errors import InvalidArgumentError, UnknownNameError, nearest
from ..configurable import FAMILIES, custom_object_scope, get_from, serialize, snake_case
from ..configurable import deserialize as _deserialize
from ..losses import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
    target_kind,
)
from .accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from .auc import AUC
from .averages import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalHinge,
    ConcordanceCorrelation,
    CosineSimilarity,
    Hinge,
    KLDivergence,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    PearsonCorrelation,
    Poisson,
    RootMeanSquaredError,
    SparseCategoricalCrossentropy,
    SquaredHinge,
    concordance_correlation,
    cosine_similarity,
    pearson_correlation,
)
from .base import MODULE, Mean, MeanMetricWrapper, Metric, Sum
from .confusion import (
    FalseNegatives,
    FalsePositives,
    Precision,
    PrecisionAtRecall,
    Recall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
    TrueNegatives,
    TruePositives,
)
from .overlap import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from .scores import F1Score, FBetaScore, R2Score

mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
kld = KLD = kl_divergence

_BY_SHAPE = {
    "accuracy": {
        "binary": BinaryAccuracy,
        "sparse": SparseCategoricalAccuracy,
        "categorical": CategoricalAccuracy,
    },
    "crossentropy": {
        "binary": BinaryCrossentropy,
        "sparse": SparseCategoricalCrossentropy,
        "categorical": CategoricalCrossentropy,
    },
}
_BY_SHAPE["acc"], _BY_SHAPE["ce"] = _BY_SHAPE["accuracy"], _BY_SHAPE["crossentropy"]
SHAPE_DEPENDENT = tuple(_BY_SHAPE)
"""Names in `compile(metrics=…)` whose meaning depends on the shapes of targets and outputs."""


def get(identifier: Any) -> Any:
    """The metric that a name, a configuration, a class, an object or a function means."""
    return get_from(MODULE, identifier)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The metric of what `serialize` gave."""
    with custom_object_scope(custom_objects):
        return _deserialize(config) if isinstance(config, dict) else get(config)


def resolve(identifier: Any, y_true: Any, y_pred: Any) -> Any:
    """The `Metric` that an entry of `compile(metrics=…)` means for targets and outputs like these.

    A text becomes the metric's name in logs. "accuracy" is the binary one for a single output
    column, the sparse one for class indices, else the categorical one; a function is averaged.
    """
    if identifier is None:
        raise InvalidArgumentError("a metric is a name, a function or a Metric; got None")
    if isinstance(identifier, str) and identifier.lower() in _BY_SHAPE:
        kind = target_kind(tuple(y_pred.shape), tuple(y_true.shape))
        return _BY_SHAPE[identifier.lower()][kind](name=identifier)
    found = get(identifier)
    if not isinstance(found, Metric):
        return MeanMetricWrapper(found, name=_name_of(identifier, found))
    if isinstance(identifier, str):
        found.name = identifier
    return found


def _name_of(identifier: Any, function: Any) -> str:
    if isinstance(identifier, str):
        return identifier
    name = getattr(function, "name", None) or getattr(function, "__name__", None)
    return snake_case(str(name or type(function).__name__))


def __getattr__(name: str) -> Any:
    raise UnknownNameError(f"keras.metrics has no {name!r}.{nearest(name, FAMILIES[MODULE])}")


__all__ = [
    "AUC",
    "BinaryIoU",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "IoU",
    "KLD",
    "KLDivergence",
    "LogCoshError",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "Mean",
    "MeanAbsoluteError",
    "MeanIoU",
    "MeanAbsolutePercentageError",
    "MeanMetricWrapper",
    "OneHotIoU",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "OneHotMeanIoU",
    "PearsonCorrelation",
    "Poisson",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SHAPE_DEPENDENT",
    "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "binary_accuracy",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "concordance_correlation",
    "cosine_similarity",
    "deserialize",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "kld",
    "log_cosh",
    "mae",
    "mape",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "pearson_correlation",
    "poisson",
    "resolve",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]
