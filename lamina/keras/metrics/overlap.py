"""Intersection over union: how much of a class's targets and predictions coincide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.callers import warn
from ...core.dtypes import FLOAT32, numpy_dtype
from ...core.errors import InvalidArgumentError
from ...ops import array, linalg, math
from ...prims.broadcast import reshape
from ...prims.index import scatter_add
from ...tensor.convert import to_tensor
from ..configurable import register
from ..losses.base import check_same_shape, same_rank
from ..settings import epsilon
from .base import MODULE, Metric


@register(MODULE)
class IoU(Metric):
    """The mean over `target_class_ids` of TP / (TP + FP + FN), from a table of all classes.

    Targets and predictions are class indices, or (`sparse_…=False`) scores of classes along
    `axis`, whose largest counts. Indices that are no class, and `ignore_class`, are left out; so
    are classes that never occur. Counts are integers unless `dtype` says otherwise.
    """

    dtype_kinds = "fiu"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(dtype or "int32", name)
        self.total_cm = self.add_variable((num_classes,) * 2, name="total_confusion_matrix")
        self.target_class_ids = list(target_class_ids)
        if not self.target_class_ids or not 0 <= max(self.target_class_ids) < num_classes:
            raise InvalidArgumentError(
                f"{type(self).__name__}: target_class_ids are classes from 0 to {num_classes - 1}; "
                f"got {self.target_class_ids}"
            )
        self.num_classes, self.ignore_class, self.axis = num_classes, ignore_class, axis
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count pairs (target, prediction), each by its weight."""
        right, found = same_rank(
            self._classes(y_true, self.sparse_y_true), self._classes(y_pred, self.sparse_y_pred)
        )
        check_same_shape(type(self).__name__, right, found)
        counted = (right >= 0) & (right < self.num_classes)
        counted = counted & (found >= 0) & (found < self.num_classes)
        if self.ignore_class is not None:
            counted = counted & math.not_equal(right, self.ignore_class)
        weights = array.where(counted, self._weights(sample_weight, right), 0)
        place = array.where(counted, right * self.num_classes + found, 0)
        table = scatter_add(place, weights, (self.num_classes**2,), 0)
        self.total_cm.assign_add(reshape(table, (self.num_classes,) * 2))

    def _classes(self, y: Any, sparse: bool) -> Any:
        """Class indices, int32."""
        y = to_tensor(y)
        return array.cast(y if sparse else math.argmax(y, self.axis), "int32")

    def _weights(self, sample_weight: Any, like: Any) -> Any:
        given = to_tensor(1 if sample_weight is None else sample_weight)
        if given.spec.dtype.kind == "f" and numpy_dtype(self.dtype).kind != "f":
            warn(
                f"{self.name} counts in {self.dtype}, which cuts the fractions of sample weights; "
                "give it dtype='float32'"
            )
        weights = array.cast(given, self.dtype)
        if weights.spec.shape:
            missing = len(like.spec.shape) - len(weights.spec.shape)
            weights = reshape(weights, (*weights.spec.shape, *(1,) * missing))
        return array.broadcast_to(weights, like.spec.shape)

    def result(self) -> Any:
        """The mean so far."""
        table = array.cast(self.total_cm, FLOAT32)
        hits = linalg.diag_part(table)
        union = math.reduce_sum(table, 0) + math.reduce_sum(table, 1) - hits
        times = np.bincount(self.target_class_ids, minlength=self.num_classes)
        counted = array.where(union > 1e-9, times.astype(FLOAT32), 0.0)
        total = math.reduce_sum(counted * hits / (union + epsilon()))
        return total / (math.reduce_sum(counted) + epsilon())


@register(MODULE)
class BinaryIoU(IoU):
    """The mean of TP / (TP + FP + FN) over classes 0 and 1, predicted where y ≥ `threshold`."""

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count pairs (target, decision), each by its weight."""
        decided = array.cast(to_tensor(y_pred), FLOAT32) >= self.threshold
        super().update_state(y_true, array.cast(decided, "int32"), sample_weight)


@register(MODULE)
class MeanIoU(IoU):
    """The mean of TP / (TP + FP + FN) over all classes."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        classes = range(num_classes)
        super().__init__(
            num_classes, classes, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis
        )


@register(MODULE)
class OneHotIoU(IoU):
    """`IoU` of one-hot targets."""

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis
        )


@register(MODULE)
class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` of one-hot targets."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)
