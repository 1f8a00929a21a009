"""Initializers: a shape and a dtype go in, the first values of a variable come out.

With an integer seed an initializer gives the same values at every call; without one, new values
from the global generator, which tf.random.set_seed makes repeatable.
"""

from __future__ import annotations

import math as python_math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..core.dtypes import as_dtype, numpy_dtype
from ..core.errors import InvalidArgumentError
from ..ir.value import Value
from ..ops import array, random
from ..tensor.convert import constant_value
from .configurable import (
    Configurable,
    custom_object_scope,
    get_from,
    register,
    serialize,
)
from .configurable import deserialize as _deserialize
from .random import as_pair, checked_seed
from .settings import floatx

MODULE = "keras.initializers"


@register(MODULE)
class Initializer(Configurable):
    """A rule for first values. Subclasses define `__call__(shape, dtype=None)`."""

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not define __call__(shape, dtype)")

    def clone(self) -> Any:
        """Another initializer of the same configuration."""
        return type(self).from_config(self.get_config())


@register(MODULE, "zero")
class Zeros(Initializer):
    """0 everywhere."""

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        return array.zeros(_shape(shape), dtype or floatx())


@register(MODULE, "one")
class Ones(Initializer):
    """1 everywhere."""

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        return array.ones(_shape(shape), dtype or floatx())


@register(MODULE)
class Constant(Initializer):
    """`value` everywhere: a number, or an array that broadcasts to the shape."""

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        value = np.asarray(self.value).astype(numpy_dtype(dtype or floatx()))
        return array.broadcast_to(value, _shape(shape))


@register(MODULE, "IdentityInitializer")
class Identity(Initializer):
    """gain × the identity matrix (with rows or columns of zeros where it is not square)."""

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        sizes = _shape(shape)
        if len(sizes) != 2:
            raise InvalidArgumentError(f"Identity expects a shape (rows, columns); got {sizes}")
        return self.gain * array.eye(*sizes, dtype=dtype or floatx())


class _Random(Initializer):
    """An initializer with a seed: None, an integer or a SeedGenerator."""

    def __init__(self, seed: Any) -> None:
        self.seed = checked_seed(seed)

    def _draw(self, stateless: Callable[..., Any], shape: Any, dtype: Any, *limits: float) -> Any:
        dtype = as_dtype(dtype or floatx())
        if not dtype.is_floating:
            raise InvalidArgumentError(
                f"{type(self).__name__} draws floating-point numbers; dtype {dtype.name} was asked "
                "for. Use a floating dtype, or the initializers zeros, ones or constant."
            )
        return stateless(_shape(shape), as_pair(self.seed), *limits, dtype=dtype)


@register(MODULE, "normal")
class RandomNormal(_Random):
    """Normally distributed around `mean` with standard deviation `stddev`."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        self.mean = mean
        self.stddev = stddev
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        return self._draw(random.stateless_normal, shape, dtype, self.mean, self.stddev)


@register(MODULE)
class TruncatedNormal(_Random):
    """A normal distribution cut off two `stddev` (its own, before the cut) around `mean`."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        self.mean = mean
        self.stddev = stddev
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        return self._draw(random.stateless_truncated_normal, shape, dtype, self.mean, self.stddev)


@register(MODULE, "uniform")
class RandomUniform(_Random):
    """Spread evenly over [minval, maxval)."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        self.minval = minval
        self.maxval = maxval
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        return self._draw(random.stateless_uniform, shape, dtype, self.minval, self.maxval)


# The standard deviation of a standard normal distribution cut off at -2 and 2.
_TRUNCATED_DEVIATION = 0.87962566103423978

_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")


@register(MODULE)
class VarianceScaling(_Random):
    """Mean 0 and variance scale / n, where n counts inputs, outputs or the mean of both.

    `mode`: 'fan_in', 'fan_out' or 'fan_avg'. `distribution`: 'truncated_normal' (or 'normal'),
    'untruncated_normal' or 'uniform'. `input_axes` and `output_axes`, given together, say which
    axes count as inputs and outputs where they are not the last two.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Any = None,
        output_axes: Any = None,
    ) -> None:
        if scale <= 0:
            raise InvalidArgumentError(f"the scale of VarianceScaling is positive; got {scale}")
        distribution = distribution.lower()
        self.scale = scale
        self.mode = _one_of("mode", mode, _MODES)
        if distribution == "normal":
            distribution = "truncated_normal"
        self.distribution = _one_of("distribution", distribution, _DISTRIBUTIONS)
        super().__init__(seed)
        self.input_axes = input_axes
        self.output_axes = output_axes

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        inputs, outputs = compute_fans(shape, self.input_axes, self.output_axes)
        counts = {"fan_in": inputs, "fan_out": outputs, "fan_avg": (inputs + outputs) / 2}
        deviation = python_math.sqrt(self.scale / max(1.0, counts[self.mode]))
        if self.distribution == "uniform":
            limit = python_math.sqrt(3) * deviation
            return self._draw(random.stateless_uniform, shape, dtype, -limit, limit)
        if self.distribution == "untruncated_normal":
            return self._draw(random.stateless_normal, shape, dtype, 0.0, deviation)
        deviation /= _TRUNCATED_DEVIATION
        return self._draw(random.stateless_truncated_normal, shape, dtype, 0.0, deviation)


def compute_fans(
    shape: Sequence[int], input_axes: Any = None, output_axes: Any = None
) -> tuple[int, int]:
    """How many inputs and outputs a weight of `shape` connects."""
    sizes = _shape(shape)
    if input_axes is not None and output_axes is not None:
        fans = [
            python_math.prod(sizes[axis] for axis in axes) for axes in (input_axes, output_axes)
        ]
        return fans[0], fans[1]
    if len(sizes) < 2:
        size = sizes[0] if sizes else 1
        return size, size
    field = python_math.prod(sizes[:-2])
    return sizes[-2] * field, sizes[-1] * field


@register(MODULE)
class GlorotUniform(VarianceScaling):
    """Evenly within ±√(6 / (inputs + outputs)).

    Source: X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", AISTATS 2010, equation 16.
    """

    def __init__(self, seed: Any = None, input_axes: Any = None, output_axes: Any = None) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed, input_axes, output_axes)


@register(MODULE)
class GlorotNormal(VarianceScaling):
    """A truncated normal distribution of variance 2 / (inputs + outputs) (Glorot, Bengio 2010)."""

    def __init__(self, seed: Any = None, input_axes: Any = None, output_axes: Any = None) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed, input_axes, output_axes)


@register(MODULE)
class HeUniform(VarianceScaling):
    """Evenly within ±√(6 / inputs).

    Source: K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", ICCV 2015,
    equation 10.
    """

    def __init__(self, seed: Any = None, input_axes: Any = None, output_axes: Any = None) -> None:
        super().__init__(2.0, "fan_in", "uniform", seed, input_axes, output_axes)


@register(MODULE)
class HeNormal(VarianceScaling):
    """A truncated normal distribution of variance 2 / inputs (He et al. 2015)."""

    def __init__(self, seed: Any = None, input_axes: Any = None, output_axes: Any = None) -> None:
        super().__init__(2.0, "fan_in", "truncated_normal", seed, input_axes, output_axes)


@register(MODULE)
class LecunUniform(VarianceScaling):
    """Evenly within ±√(3 / inputs).

    Source: Y. LeCun, L. Bottou, G. Orr, K.-R. Müller, "Efficient backprop" (1998), section 4.6.
    """

    def __init__(self, seed: Any = None, input_axes: Any = None, output_axes: Any = None) -> None:
        super().__init__(1.0, "fan_in", "uniform", seed, input_axes, output_axes)


@register(MODULE)
class LecunNormal(VarianceScaling):
    """A truncated normal distribution of variance 1 / inputs (LeCun et al. 1998)."""

    def __init__(self, seed: Any = None, input_axes: Any = None, output_axes: Any = None) -> None:
        super().__init__(1.0, "fan_in", "truncated_normal", seed, input_axes, output_axes)


@register(MODULE, "OrthogonalInitializer")
class Orthogonal(_Random):
    """gain × a matrix with orthonormal rows or columns (whichever are fewer).

    Leading axes count as rows. Source: A. Saxe, J. McClelland, S. Ganguli, "Exact solutions to
    the nonlinear dynamics of learning in deep linear neural networks", ICLR 2014.
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        self.gain = gain
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        sizes = _shape(shape)
        if len(sizes) < 2:
            raise InvalidArgumentError(f"Orthogonal expects a shape of rank 2 or more; got {sizes}")
        rows, columns = python_math.prod(sizes[:-1]), sizes[-1]
        tall = (max(rows, columns), min(rows, columns))
        normal = self._draw(random.stateless_normal, tall, "float64", 0.0, 1.0).numpy()
        q, r = np.linalg.qr(normal)
        q = q * np.where(np.diag(r) < 0, -1, 1)  # makes the distribution uniform
        matrix = q if rows >= columns else q.T
        result = self.gain * matrix.reshape(sizes)
        return array.cast(np.ascontiguousarray(result), dtype or floatx())


def _shape(shape: Any) -> tuple[int, ...]:
    sizes = shape if isinstance(shape, Iterable) else (shape,)
    return tuple(int(size) for size in sizes)


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise InvalidArgumentError(f"{name} is one of {', '.join(allowed)}; got {value!r}")
    return value


# The names by which TensorFlow and Keras export the classes as well.
zeros, ones, constant, identity, orthogonal = Zeros, Ones, Constant, Identity, Orthogonal
random_normal, random_uniform, truncated_normal = RandomNormal, RandomUniform, TruncatedNormal
variance_scaling = VarianceScaling
glorot_uniform, glorot_normal = GlorotUniform, GlorotNormal
he_uniform, he_normal = HeUniform, HeNormal
lecun_uniform, lecun_normal = LecunUniform, LecunNormal
IdentityInitializer, OrthogonalInitializer = Identity, Orthogonal


def get(identifier: Any) -> Any:
    """The initializer that a name, a configuration, a class, an object or a function means.

    A number, an array or a tensor means a constant.
    """
    if isinstance(identifier, (int, float, np.ndarray)) and not isinstance(identifier, bool):
        return Constant(identifier)
    if isinstance(identifier, Value):
        return Constant(constant_value(identifier, "an initializer"))
    return get_from(MODULE, identifier)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The initializer of what `serialize` gave."""
    with custom_object_scope(custom_objects):
        return _deserialize(config) if isinstance(config, dict) else get(config)


__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "compute_fans",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]
