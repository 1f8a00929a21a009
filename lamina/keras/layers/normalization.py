"""The preprocessing layer that scales features to mean 0 and variance 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.errors import FailedPreconditionError, InvalidArgumentError
from ...core.shapes import normalize_axis
from ...ir.graph import eagerly
from ...ops import array, math
from ..configurable import register
from ..settings import epsilon
from .layer import Layer


@register("keras.layers")
class Normalization(Layer):
    """y = (x - mean) / max(√variance, ε), or its inverse x = y max(√variance, ε) + mean.

    One mean and variance for each index of `axis` (-1: for each feature; None: one for all),
    learned from data by `adapt`, or given. They are weights that are not trained.

    Example:
        scale = tf.keras.layers.Normalization()
        scale.adapt(features)
    """

    _supports_masking = True

    def __init__(
        self,
        axis: Any = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if (mean is None) != (variance is None):
            raise InvalidArgumentError("mean and variance are given both or not at all")
        self.axis = axis if axis is None or isinstance(axis, int) else list(axis)
        self.invert = invert
        self.input_mean = None if mean is None else np.asarray(mean, np.float64)
        self.input_variance = None if variance is None else np.asarray(variance, np.float64)
        self._adapted = mean is not None

    def build(self, input_shape: Any) -> None:
        """Make the statistics for inputs of `input_shape`."""
        shape = tuple(input_shape)
        if self.axis is None:
            axes: tuple[int, ...] = ()
        else:
            given = (self.axis,) if isinstance(self.axis, int) else self.axis
            axes = tuple(sorted(normalize_axis(axis, len(shape)) for axis in given))
        if any(shape[axis] is None for axis in axes):
            raise InvalidArgumentError(
                f"Normalization keeps statistics for axis {self.axis}, whose size must be known; "
                f"got inputs of shape {shape}"
            )
        self._kept_axes = axes
        self._broadcast_shape = tuple(d if i in axes else 1 for i, d in enumerate(shape))
        kept = tuple(shape[axis] for axis in axes)
        if self.input_mean is not None and self.input_variance is not None:
            for statistic in (self.input_mean, self.input_variance):
                np.broadcast_to(statistic, kept)  # raises where it does not fit
            return
        self.adapt_mean = self.add_weight(
            name="mean", shape=kept, initializer="zeros", trainable=False
        )
        self.adapt_variance = self.add_weight(
            name="variance", shape=kept, initializer="ones", trainable=False
        )
        self.count = self.add_weight(
            name="count", shape=(), initializer="zeros", dtype="int32", trainable=False
        )

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Learn mean and variance from `data`, rows as they will come; float64 inside.

        All of `data` is used: `batch_size` and `steps`, which say how much, apply to streams only.
        """
        if batch_size is not None or steps is not None:
            raise InvalidArgumentError("adapt takes the whole array; slice it to use less")
        if self.input_mean is not None:
            raise FailedPreconditionError("adapt cannot be called with mean and variance given")
        values = np.asarray(data)
        if values.ndim == 1:
            values = values[:, None]
        if values.size == 0:
            raise InvalidArgumentError("adapt needs at least one row; got none")
        if values.dtype.kind not in "fiub":
            raise InvalidArgumentError(f"adapt expects numbers; got dtype {values.dtype}")
        if not self.built:
            self._build_for((None, *values.shape[1:]))
        reduced = tuple(a for a in range(values.ndim) if a not in self._kept_axes)
        wide = values.astype(np.float64)
        with eagerly():
            self.adapt_mean.assign(wide.mean(reduced).astype(self.dtype))
            self.adapt_variance.assign(wide.var(reduced).astype(self.dtype))
            self.count.assign(np.int32(min(len(values), 2**31 - 1)))
        self._adapted = True

    def call(self, inputs: Any) -> Any:
        """The scaled inputs."""
        deviation = math.maximum(math.sqrt(self.variance), epsilon())
        if self.invert:
            return inputs * deviation + self.mean
        return (inputs - self.mean) / deviation

    @property
    def mean(self) -> Any:
        """The means, in a shape that broadcasts over the inputs; None before there are any."""
        return self._statistic(self.input_mean, "adapt_mean")

    @property
    def variance(self) -> Any:
        """The variances, like `mean`."""
        return self._statistic(self.input_variance, "adapt_variance")

    def _statistic(self, given: Any, weight: str) -> Any:
        if not self.built:
            return None
        known = getattr(self, weight) if given is None else given.astype(self.dtype)
        if given is not None:
            kept = tuple(self._broadcast_shape[axis] for axis in self._kept_axes)
            known = array.broadcast_to(known, kept)
        return array.reshape(known, self._broadcast_shape)

    def get_config(self) -> dict[str, Any]:
        """Axis, direction and given statistics."""
        config = super().get_config()
        config["mean"] = None if self.input_mean is None else self.input_mean.tolist()
        config["variance"] = None if self.input_variance is None else self.input_variance.tolist()
        return config
