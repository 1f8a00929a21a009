"""Layers that make training harder: noise, and penalties on activities."""

from __future__ import annotations

import math as python_math
from typing import Any

import numpy as np

from ...core.errors import InvalidArgumentError
from ...ops import array
from .. import regularizers
from ..configurable import register
from ..random import SeedGenerator
from .input_spec import InputSpec
from .layer import Layer

_ALPHA, _SCALE = 1.6732632423543772, 1.0507009873554805  # of SELU


class _Noise(Layer):
    """What draws random numbers in training and leaves its inputs alone otherwise."""

    _supports_masking = True

    def _take_seed(self, amount: float, seed: int | None) -> None:
        self.seed = seed
        if amount > 0:
            self.seed_generator = SeedGenerator(seed)


def _share(layer: str, name: str, value: Any) -> float:
    """`value` where it is a number from 0 to 1."""
    if isinstance(value, (np.floating, np.integer)):
        value = value.item()
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= 1:
        raise InvalidArgumentError(f"{name} of {layer} is a number from 0 to 1; got {value!r}")
    share: float = value
    return share


def _checked_noise_shape(noise_shape: Any) -> tuple[int | None, ...] | None:
    if noise_shape is None:
        return None
    sizes = tuple(noise_shape) if isinstance(noise_shape, (list, tuple)) else (noise_shape,)
    if not isinstance(noise_shape, (list, tuple)) or any(
        size is not None and (not isinstance(size, int) or size <= 0) for size in sizes
    ):
        raise InvalidArgumentError(
            "noise_shape is a list of sizes: 1 where one decision holds for a whole axis, None for "
            f"the size of the inputs; got {noise_shape!r:.80}"
        )
    return sizes


def _sizes(noise_shape: Any, shape: Any) -> Any:
    """The shape of the noise for inputs of `shape`."""
    if noise_shape is None:
        return shape
    if len(noise_shape) != len(shape):
        raise InvalidArgumentError(
            f"noise_shape {noise_shape} has a size for each axis of the inputs; got inputs of "
            f"rank {len(shape)}"
        )
    pairs = zip(noise_shape, shape, strict=True)
    return tuple(size if wanted is None else wanted for wanted, size in pairs)


def _thinned(inputs: Any, rate: float, shape: Any, seeds: SeedGenerator) -> Any:
    """Zeros with probability `rate`, decided for each place of `shape`; the rest scaled."""
    if rate == 1:
        return array.zeros_like(inputs)
    kept = seeds.uniform(shape, inputs.dtype) >= rate
    return array.where(kept, inputs * (1.0 / (1.0 - rate)), array.zeros_like(inputs))


@register("keras.layers")
class Dropout(_Noise):
    """In training, zeros with probability `rate`, the rest scaled by 1 / (1 - rate).

    Outside of training the input passes unchanged. `noise_shape` has 1 where one decision holds
    for a whole axis, None for the size of the input.

    Source: N. Srivastava et al., "Dropout: a simple way to prevent neural networks from
    overfitting", JMLR 15 (2014).
    """

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.rate = _share(type(self).__name__, "rate", rate)
        self.noise_shape = _checked_noise_shape(noise_shape)
        self._take_seed(rate, seed)

    def call(self, inputs: Any, training: Any = False) -> Any:
        """The inputs, thinned in training."""
        if not training or self.rate == 0:
            return inputs
        shape = _sizes(self.noise_shape, inputs.spec.shape)
        return _thinned(inputs, self.rate, shape, self.seed_generator)


@register("keras.layers")
class SpatialDropout1D(Dropout):
    """Dropout of whole features of a sequence (batch, steps, features).

    Source: J. Tompson et al., "Efficient object localization using convolutional networks",
    CVPR 2015, section 3.2.
    """

    def __init__(
        self, rate: float, seed: int | None = None, name: str | None = None, dtype: Any = None
    ) -> None:
        super().__init__(rate, (None, 1, None), seed, name=name, dtype=dtype)
        self.input_spec = InputSpec(ndim=3)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        del config["trainable"]  # the constructor, which is Keras's, has no such argument
        return config


@register("keras.layers")
class AlphaDropout(_Noise):
    """Dropout that keeps mean and variance of what SELU gives.

    Dropped entries become α' = -α λ (SELU's bound), then all are scaled by a and shifted by b
    with a = ((1 - rate) (1 + rate α'²))^-½, b = -a α' rate.

    Source: G. Klambauer et al., "Self-normalizing neural networks", NeurIPS 2017, section 2.
    """

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.rate = _share("AlphaDropout", "rate", rate)
        self.noise_shape = _checked_noise_shape(noise_shape)
        self._take_seed(rate, seed)

    def call(self, inputs: Any, training: Any = False) -> Any:
        """The inputs, some at SELU's bound in training."""
        if not training or self.rate == 0:
            return inputs
        bound, rate = -_ALPHA * _SCALE, self.rate
        if rate == 1:  # all are dropped: a is infinite there
            return array.zeros_like(inputs)
        shape = _sizes(self.noise_shape, inputs.spec.shape)
        kept = self.seed_generator.uniform(shape, inputs.dtype) >= rate
        a = ((1 - rate) * (1 + rate * bound**2)) ** -0.5
        return a * array.where(kept, inputs, bound) - a * bound * rate


@register("keras.layers")
class GaussianDropout(_Noise):
    """In training, x times normal numbers of mean 1 and variance rate / (1 - rate).

    Source: N. Srivastava et al., JMLR 15 (2014), section 10.
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = _share("GaussianDropout", "rate", rate)
        self._take_seed(rate, seed)

    def call(self, inputs: Any, training: Any = False) -> Any:
        """The inputs, times noise in training."""
        if not training or self.rate == 0:
            return inputs
        if self.rate == 1:
            raise InvalidArgumentError(
                "GaussianDropout cannot train with rate 1, whose noise has an infinite variance"
            )
        deviation = python_math.sqrt(self.rate / (1.0 - self.rate))
        shape = inputs.spec.shape
        return inputs * self.seed_generator.normal(shape, self.compute_dtype, 1.0, deviation)


@register("keras.layers")
class GaussianNoise(_Noise):
    """In training, x plus normal numbers of mean 0 and standard deviation `stddev`."""

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stddev = _share("GaussianNoise", "stddev", stddev)
        self._take_seed(stddev, seed)

    def call(self, inputs: Any, training: Any = False) -> Any:
        """The inputs, with noise in training."""
        if not training or self.stddev == 0:
            return inputs
        shape = inputs.spec.shape
        return inputs + self.seed_generator.normal(shape, self.compute_dtype, 0.0, self.stddev)


@register("keras.layers")
class ActivityRegularization(Layer):
    """Passes its inputs on, and adds l1 Σ|x| + l2 Σx² per row of the batch to the loss."""

    _supports_masking = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.l1 = l1
        self.l2 = l2

    def call(self, inputs: Any) -> Any:
        """The inputs."""
        return inputs
