"""Batch normalization."""

from __future__ import annotations

from typing import Any

from ...core.errors import ArgumentTypeError, InvalidArgumentError, UnimplementedError
from ...core.shapes import normalize_axis
from ...ops import array, gradients, math, nn
from .. import initializers
from ..configurable import register
from ..settings import epsilon as small
from .input_spec import InputSpec
from .normalizing import Normalizing, known_size, normalized, placed, wide

_CLIPPING = ("rmax", "rmin", "dmax")


@register("keras.layers")
class BatchNormalization(Normalizing):
    """y = γ (x - μ) / √(σ² + ε) + β for each index of `axis`.

    In training μ and σ² are those of the batch (of its unmasked steps), and the moving averages
    m ← momentum · m + (1 - momentum) · statistic follow them; otherwise, and where the layer is
    not trainable, the moving averages take their place. With `renorm` the batch's statistics are
    corrected toward moving ones, within the bounds of `renorm_clipping`.

    Sources: S. Ioffe and C. Szegedy, "Batch normalization", arXiv:1502.03167; S. Ioffe, "Batch
    renormalization", arXiv:1702.03275.

    Example: `tf.keras.layers.BatchNormalization()(features)`.
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            epsilon=float(epsilon),
            center=center,
            scale=scale,
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
            **kwargs,
        )
        if synchronized:
            raise UnimplementedError(
                "synchronized=True joins statistics of several devices; lamina has one: leave it "
                "out"
            )
        self.axis = _one_axis(axis)
        self.momentum = float(momentum)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.renorm = renorm
        self.renorm_clipping = _checked_clipping(renorm_clipping) if renorm else renorm_clipping
        self.renorm_momentum = renorm_momentum

    def build(self, input_shape: Any) -> None:
        """Make scale, offset and moving statistics, one each for an index of the axis."""
        shape = (known_size(self, input_shape, self.axis),)
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: shape[0]})
        self.make_scale_and_offset(shape, scale=self.scale, center=self.center)
        self.moving_mean = self._statistic("moving_mean", shape, self.moving_mean_initializer)
        self.moving_variance = self._statistic(
            "moving_variance", shape, self.moving_variance_initializer
        )
        if self.renorm:
            deviation = self._deviation_initializer
            self.moving_stddev = self._statistic("moving_stddev", shape, deviation)
            self.renorm_mean = self._statistic("renorm_mean", shape, self.moving_mean_initializer)
            self.renorm_stddev = self._statistic("renorm_stddev", shape, deviation)

    def _statistic(self, name: str, shape: tuple[int, ...], initializer: Any) -> Any:
        return self.add_weight(
            name=name, shape=shape, initializer=initializer, trainable=False, autocast=False
        )

    def _deviation_initializer(self, shape: Any, dtype: Any = None) -> Any:
        return math.sqrt(self.moving_variance_initializer(shape, dtype=dtype))

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """The normalized inputs; in training, the moving statistics are updated."""
        if mask is not None and len(mask.shape) != len(inputs.shape) - 1:
            raise InvalidArgumentError(
                f"the mask of BatchNormalization has one axis less than the inputs; got shapes "
                f"{mask.shape} and {inputs.shape}"
            )
        x = wide(inputs)
        dtype = x.dtype
        axis = normalize_axis(self.axis, len(x.shape))
        gamma, beta = (None if w is None else array.cast(w, dtype) for w in (self.gamma, self.beta))
        if training and self.trainable:
            mean, variance = self._moments(x, axis, mask)
            if self.renorm:
                gamma, beta = self._renormalize(mean, variance, gamma, beta)
            else:
                _follow(self.moving_mean, mean, self.momentum)
                _follow(self.moving_variance, variance, self.momentum)
        else:
            mean, variance = self.moving_mean, self.moving_variance
        sizes = tuple(x.shape[axis] if place == axis else 1 for place in range(len(x.shape)))
        parts = [placed(part, sizes, dtype) for part in (mean, variance, gamma, beta)]
        return array.cast(normalized(x, parts, self.epsilon), self.compute_dtype)

    def _moments(self, x: Any, axis: int, mask: Any) -> tuple[Any, Any]:
        """Mean and variance of the batch at each index of the axis, of unmasked steps."""
        axes = [place for place in range(len(x.shape)) if place != axis]
        if mask is None:
            mean, variance = nn.moments(x, axes)
            return mean, variance
        kept = array.broadcast_to(array.expand_dims(array.cast(mask, "bool"), -1), array.shape(x))
        count = math.reduce_sum(array.cast(kept, x.dtype), axes, keepdims=True) + small()
        mean = math.reduce_sum(array.where(kept, x, 0), axes, keepdims=True) / count
        difference = array.where(kept, x - mean, 0)
        variance = math.reduce_sum(difference * difference, axes, keepdims=True) / count
        size = (x.shape[axis],)
        return array.reshape(mean, size), array.reshape(variance, size)

    def _renormalize(self, mean: Any, variance: Any, gamma: Any, beta: Any) -> tuple[Any, Any]:
        """Scale and offset corrected by r = σ / σᵣ and d = (μ - μᵣ) / σᵣ; all statistics follow."""
        deviation = math.sqrt(variance + self.epsilon)
        floor = self.epsilon**0.5
        known = math.maximum(array.cast(self.renorm_stddev, mean.dtype), floor)
        r = deviation / known
        d = (mean - array.cast(self.renorm_mean, mean.dtype)) / known
        limits = self.renorm_clipping
        if limits.get("rmin") is not None:
            r = math.maximum(r, limits["rmin"])
        if limits.get("rmax") is not None:
            r = math.minimum(r, limits["rmax"])
        if limits.get("dmax") is not None:
            d = math.minimum(math.maximum(d, -limits["dmax"]), limits["dmax"])
        r, d = gradients.stop_gradient(r), gradients.stop_gradient(d)
        if gamma is not None:
            r, d = r * gamma, d * gamma
        _follow(self.renorm_mean, mean, self.renorm_momentum)
        _follow(self.renorm_stddev, deviation, self.renorm_momentum)
        _follow(self.moving_mean, mean, self.momentum)
        moved = _follow(self.moving_stddev, deviation, self.momentum)
        squared = math.maximum(moved * moved - self.epsilon, 0.0)
        self.moving_variance.assign(array.cast(squared, self.moving_variance.dtype))
        return r, d if beta is None else d + beta


def _follow(average: Any, statistic: Any, momentum: float) -> Any:
    """Move a moving average toward a batch's statistic; its new value."""
    known = array.cast(average, statistic.dtype)
    moved = known * momentum + statistic * (1.0 - momentum)
    average.assign(array.cast(moved, average.dtype))
    return moved


def _one_axis(axis: Any) -> int:
    """An axis; TensorFlow 2 also took it in a list."""
    if isinstance(axis, (list, tuple)) and len(axis) == 1:
        axis = axis[0]
    if not isinstance(axis, int):
        raise ArgumentTypeError(f"axis is the one axis with statistics of its own; got {axis!r}")
    return axis


def _checked_clipping(clipping: Any) -> dict[str, Any]:
    known: dict[str, Any] = dict(clipping or {})
    unknown = set(known) - set(_CLIPPING)
    if unknown:
        raise InvalidArgumentError(
            f"renorm_clipping has keys among {', '.join(_CLIPPING)}; got {sorted(unknown)}"
        )
    low, high, most = (known.get(key) for key in ("rmin", "rmax", "dmax"))
    if low is not None and high is not None and high < low:
        raise InvalidArgumentError(f"rmax is at least rmin; got rmax={high}, rmin={low}")
    if most is not None and most < 0:
        raise InvalidArgumentError(f"dmax is not negative; got {most}")
    return known
