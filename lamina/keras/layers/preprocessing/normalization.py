"""The preprocessing layer that scales features to mean 0 and variance 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.dtypes import Array
from ....core.errors import FailedPreconditionError, InvalidArgumentError
from ....core.shapes import normalize_axis
from ....ir.graph import eagerly
from ....ops import array, math
from ...configurable import register
from ...settings import epsilon
from .base import Preprocessing, batches_of, is_array, refuse_steps


@register("keras.layers")
class Normalization(Preprocessing):
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

    def build(self, input_shape: Any) -> None:
        """Make the statistics for inputs of `input_shape`."""
        shape = tuple(input_shape)
        if self.axis is None:
            axes: tuple[int, ...] = ()
        else:
            chosen = (self.axis,) if isinstance(self.axis, int) else self.axis
            axes = tuple(sorted(normalize_axis(axis, len(shape)) for axis in chosen))
        given = [s.size for s in (self.input_mean, self.input_variance) if s is not None]
        if given == [1, 1]:
            axes = ()  # a number serves any size
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
                np.broadcast_to(_squeezed(statistic), kept)  # raises where it does not fit
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
        """Learn mean and variance from an array, or from `steps` batches of a stream; in float64.

        A stream is a dataset or an iterable of batches; of batches (x, y) the x count. How an
        array is cut, which `batch_size` says in TensorFlow 2, makes no difference.
        """
        if self.input_mean is not None:
            raise FailedPreconditionError("adapt cannot be called with mean and variance given")
        if is_array(data) or _is_nested_list(data):
            refuse_steps(steps)
            data = [np.asarray(data)]
        single = self.axis is not None and _holds_rows(data)
        moments = _Moments()
        for batch in batches_of(data, steps):
            values = self._checked_batch(batch[None] if single else batch)
            moments.add(values, [a for a in range(values.ndim) if a not in self._kept_axes])
        if not moments.count:
            raise InvalidArgumentError("adapt needs at least one row; got none")
        with eagerly():
            self.adapt_mean.assign(moments.mean.astype(self.dtype))
            self.adapt_variance.assign(moments.variance.astype(self.dtype))
            self.count.assign(np.int32(min(moments.rows, 2**31 - 1)))

    def _checked_batch(self, batch: Array) -> Array:
        """A batch of rows in float64; the first one tells the shape that the layer is built for."""
        values = batch.reshape(-1, 1) if batch.ndim < 2 else batch
        if values.dtype.kind not in "fiub":
            raise InvalidArgumentError(f"adapt expects numbers; got dtype {values.dtype}")
        if not self.built:
            self._build_for((None, *values.shape[1:]))
        kept = tuple(self._broadcast_shape[axis] for axis in self._kept_axes)
        if values.ndim <= max(self._kept_axes, default=0) or kept != tuple(
            values.shape[axis] for axis in self._kept_axes
        ):
            raise InvalidArgumentError(
                f"the layer {self.name!r} was built for {kept} features along axis {self.axis}; "
                f"adapt got data of shape {batch.shape}"
            )
        return values.astype(np.float64)

    def finalize_state(self) -> None:
        """Nothing: the statistics are read where they are used."""

    def call(self, inputs: Any) -> Any:
        """The scaled inputs."""
        inputs = array.cast(inputs, self.compute_dtype)
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
        if given is None:
            known = getattr(self, weight)
        else:
            kept = tuple(self._broadcast_shape[axis] for axis in self._kept_axes)
            known = array.broadcast_to(_squeezed(given).astype(self.compute_dtype), kept)
        return array.reshape(known, self._broadcast_shape if self._kept_axes else ())

    def get_config(self) -> dict[str, Any]:
        """Axis, direction and given statistics."""
        config = super().get_config()
        config["mean"] = None if self.input_mean is None else self.input_mean.tolist()
        config["variance"] = None if self.input_variance is None else self.input_variance.tolist()
        return config


def _is_nested_list(data: Any) -> bool:
    """Whether lists hold numbers only: rows as they stand, not batches."""
    if not isinstance(data, (list, tuple)):
        return False
    return not any(is_array(part) for item in data for part in (item, *_parts_of(item)))


def _parts_of(item: Any) -> Any:
    return item if isinstance(item, tuple) else ()


def _holds_rows(data: Any) -> bool:
    """Whether a dataset's elements are single rows of a known width, not batches."""
    spec = getattr(data, "element_spec", None)
    spec = spec[0] if isinstance(spec, tuple) else spec
    shape = getattr(spec, "shape", None)
    return shape is not None and len(shape) == 1 and shape[0] is not None


class _Moments:
    """Mean and variance of batches that come one after the other, in float64.

    Source: T. F. Chan, G. H. Golub and R. J. LeVeque, "Updating formulae and a pairwise algorithm
    for computing sample variances" (1979).
    """

    def __init__(self) -> None:
        self.rows = 0
        self.count = 0
        self.mean: Any = np.float64(0)
        self.variance: Any = np.float64(0)

    def add(self, values: Array, axes: list[int]) -> None:
        """Count a batch, reduced over `axes`."""
        if not values.size:
            return
        self.rows += len(values)
        count = int(np.prod([values.shape[axis] for axis in axes]))
        share = count / (self.count + count)
        mean, variance = values.mean(tuple(axes)), values.var(tuple(axes))
        between = share * (1 - share) * (mean - self.mean) ** 2
        self.variance = self.variance * (1 - share) + variance * share + between
        self.mean = self.mean + (mean - self.mean) * share
        self.count += count


def _squeezed(statistic: Array) -> Array:
    """A statistic of one number as that number, which fits every shape."""
    return statistic.reshape(()) if statistic.size == 1 else statistic
