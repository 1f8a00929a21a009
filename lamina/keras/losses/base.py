"""What losses share: conversion, ranks, weights, masks, reduction, and the base classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ...core import nest
from ...core.dtypes import numpy_dtype
from ...core.errors import InvalidArgumentError
from ...core.shapes import broadcast_shapes
from ...ir.bind import quiet
from ...ir.value import Value
from ...ops import math
from ...ops.common import axis_of, count_of, floats
from ...prims.broadcast import reshape
from ...prims.elementwise import cast
from ...tensor.autograph.conversion import traced
from ...tensor.convert import is_tensor_like, to_tensor
from ..configurable import Configurable, register, serialize, snake_case
from ..masks import get_mask
from ..naming import unique_name
from ..settings import floatx

MODULE = "keras.losses"
REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


# Targets and predictions --------------------------------------------------------------------------


def as_floats(x: Any, dtype: Any) -> Any:
    """`x` as a tensor of the floating-point `dtype`."""
    dtype = numpy_dtype(dtype)
    if isinstance(x, Value) or is_tensor_like(x):
        return cast(to_tensor(x), dtype)
    return to_tensor(x, dtype)


def same_rank(first: Any, second: Any) -> tuple[Any, Any]:
    """Two tensors whose ranks differ by a last axis of size 1, brought to one rank.

    A line gains the axis; otherwise the longer shape loses it. Other shapes stay.
    """
    ranks = len(first.spec.shape), len(second.spec.shape)
    if ranks[0] == ranks[1] + 1:
        second, first = same_rank(second, first)
    elif ranks[1] == ranks[0] + 1 and second.spec.shape[-1] == 1:
        if ranks[0] == 1:
            first = reshape(first, (*first.spec.shape, 1))
        else:
            second = reshape(second, second.spec.shape[:-1])
    return first, second


def pair(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Targets and predictions as tensors of the predictions' dtype and of one rank."""
    y_pred = floats(y_pred)
    first, second = same_rank(as_floats(y_true, y_pred.spec.dtype), y_pred)
    if first.spec.shape != second.spec.shape:
        try:
            broadcast_shapes(first.spec.shape, second.spec.shape)
        except InvalidArgumentError:
            raise InvalidArgumentError(
                "targets and predictions have one shape; got y_true of shape "
                f"{tuple(first.shape)} and y_pred of shape {tuple(second.shape)}"
            ) from None
    return first, second


def check_same_shape(name: str, y_true: Any, y_pred: Any, hint: str = "") -> None:
    """Raise unless targets and predictions have one shape."""
    if y_true.spec.shape != y_pred.spec.shape:
        raise InvalidArgumentError(
            f"{name} expects targets and predictions of one shape; got y_true of shape "
            f"{tuple(y_true.shape)} and y_pred of shape {tuple(y_pred.shape)}.{hint}"
        )


def mean(values: Any, axis: Any = -1) -> Any:
    """The mean over `axis`; where its size is 1, the axis goes without any arithmetic."""
    shape = values.spec.shape
    if type(axis) is int and shape:
        place = axis_of(axis, len(shape))
        if shape[place] == 1:
            return reshape(values, shape[:place] + shape[place + 1 :])
    return math.reduce_mean(values, axis)


# Masks --------------------------------------------------------------------------------------------


def apply_mask(weights: Any, mask: Any, dtype: Any, reduction: Any) -> Any:
    """Sample weights (None: 1) with 0 for masked entries.

    Means weigh the others by total / valid, so that masked entries do not count.
    """
    if mask is None:
        return weights
    mask = as_floats(mask, dtype)
    if reduction in ("mean", "sum_over_batch_size"):
        total = count_of(mask, range(len(mask.spec.shape)), mask.spec.dtype)
        mask = mask * math.divide_no_nan(total, math.reduce_sum(mask))
    if weights is None:
        return mask
    mask, weights = same_rank(mask, as_floats(weights, dtype))
    return mask * weights


# Reduction ----------------------------------------------------------------------------------------


def standard_reduction(reduction: Any) -> Any:
    """`reduction` under its present name; TensorFlow's 'auto' is the default."""
    reduction = reduction.lower() if isinstance(reduction, str) else reduction
    if reduction == "auto":
        return "sum_over_batch_size"
    if reduction not in REDUCTIONS:
        raise InvalidArgumentError(
            "reduction is one of "
            f"{', '.join(repr(known) for known in REDUCTIONS)}; got {reduction!r}"
        )
    return reduction


def reduce_weighted(values: Any, sample_weight: Any, mask: Any, reduction: Any, dtype: Any) -> Any:
    """Loss values, weighted, as the number that `reduction` asks for."""
    values = as_floats(values, dtype)
    weights = apply_mask(sample_weight, mask, dtype, reduction)
    if weights is not None:
        values, weights = same_rank(values, as_floats(weights, dtype))
        values = values * weights
    if reduction in (None, "none") or not values.spec.shape:
        return values
    total = math.reduce_sum(values)
    if reduction == "sum":
        return total
    if reduction == "mean_with_sample_weight" and weights is not None:
        return math.divide_no_nan(total, math.reduce_sum(weights))
    count = count_of(values, range(len(values.spec.shape)), values.spec.dtype)
    return math.divide_no_nan(total, count) if isinstance(count, Value) else total / max(count, 1)


# Classes ------------------------------------------------------------------------------------------


@register(MODULE)
class Loss(Configurable):
    """A number (or numbers) that says how far predictions are from targets.

    Subclasses define `call(y_true, y_pred)`, which gives one value a row. `reduction` says what
    becomes of them: 'sum_over_batch_size' (or 'mean'), 'sum', 'mean_with_sample_weight' (the sum
    over the sum of weights), or 'none' (or None). Computed in `dtype`.
    """

    def __init__(
        self,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        self.name = name or unique_name(type(self).__name__)
        self.reduction = standard_reduction(reduction)
        self._dtype = dtype_name(dtype)

    @property
    def dtype(self) -> str:
        return self._dtype

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        with quiet():
            mask = get_mask(y_pred)
            y_pred = _converted(y_pred, self._dtype)
            values = self.call(self._targets(y_true), y_pred)
            own = get_mask(values)
            if mask is not None and own is not None:
                mask = math.logical_and(mask, own)
            elif own is not None:
                mask = own
            return reduce_weighted(values, sample_weight, mask, self.reduction, self._dtype)

    def _targets(self, y_true: Any) -> Any:
        return _converted(y_true, self._dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each row."""
        raise NotImplementedError(f"{type(self).__name__} does not define call(y_true, y_pred)")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; `dtype` where it was given."""
        config = super().get_config()
        if self._arguments.get("dtype") is None:
            config.pop("dtype", None)
        return config


def _converted(structure: Any, dtype: str) -> Any:
    """A tensor, or a structure of tensors (models with several outputs), in `dtype`."""
    if isinstance(structure, Value):
        return as_floats(structure, dtype)
    if not isinstance(structure, (dict, list, tuple)) or _is_array(structure):
        return None if structure is None else as_floats(structure, dtype)
    return nest.map_structure(lambda leaf: as_floats(leaf, dtype), structure)


def _is_array(structure: Any) -> bool:
    """Whether nested lists hold numbers (one array) rather than tensors and arrays."""
    if isinstance(structure, dict):
        return False
    return all(isinstance(leaf, (bool, int, float)) for leaf in nest.flatten(structure))


def dtype_name(dtype: Any, kinds: str = "f") -> str:
    """The name of a dtype, of a policy's dtype to compute in, or of the default float.

    `kinds` are NumPy's letters of the kinds of dtypes that are expected.
    """
    if dtype is None:
        return floatx()
    found = numpy_dtype(getattr(dtype, "compute_dtype", dtype))
    if found.kind not in kinds:
        also = " or an integer" if "i" in kinds else ""
        raise InvalidArgumentError(f"a floating-point{also} dtype is expected; got {found.name}")
    return str(found.name)


class FunctionLoss(Loss):
    """A loss that a function of targets and predictions defines, with its options."""

    fn: ClassVar[Any]

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name or snake_case(type(self).__name__), reduction, dtype)
        self._options: dict[str, Any] = {}

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The function's value on targets and predictions of one rank."""
        if isinstance(y_true, Value) and isinstance(y_pred, Value):
            y_true, y_pred = same_rank(y_true, y_pred)
        return traced(self.fn)(y_true, y_pred, **self._options)


@register(MODULE)
class LossFunctionWrapper(FunctionLoss):
    """The loss that a function `fn(y_true, y_pred, **kwargs)` defines."""

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(reduction, name or unique_name(type(self).__name__), dtype)
        self.fn = fn  # type: ignore[misc]
        self._options = kwargs

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; the function as Keras writes it."""
        return {**super().get_config(), "fn": function_config(self.fn)}


def function_config(function: Any) -> Any:
    """A function as Keras writes it among an object's arguments."""
    name = serialize(function)
    if not isinstance(name, str):
        return name
    return {
        "module": "builtins",
        "class_name": "function",
        "config": name,
        "registered_name": "function",
    }
