"""Layers that move entries: flatten, reshape, permute, repeat, cut and pad."""

from __future__ import annotations

from typing import Any

from ...core.errors import ArgumentTypeError, InvalidArgumentError
from ...core.shapes import element_count
from ...ops import array
from ..configurable import register
from .arguments import data_format_name
from .input_spec import InputSpec
from .layer import Layer


@register("keras.layers")
class Flatten(Layer):
    """Every row as one line: (batch, a, b, …) to (batch, a b …); (batch,) to (batch, 1)."""

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_name(data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        """The inputs as a matrix."""
        shape = inputs.spec.shape
        if self.data_format == "channels_first" and len(shape) > 2:
            inputs = array.transpose(inputs, (0, *range(2, len(shape)), 1))
        return array.reshape(inputs, (-1, element_count(shape[1:])))


@register("keras.layers")
class Reshape(Layer):
    """Every row in the shape `target_shape`, in which one size may be -1 (what remains)."""

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = tuple(target_shape)
        sizes = [size for size in self.target_shape if size is not None]
        if any(not isinstance(size, int) or size < -1 for size in sizes) or sizes.count(-1) > 1:
            raise InvalidArgumentError(
                "target_shape holds the sizes of a row, one of which may be -1; got "
                f"{self.target_shape}"
            )

    def call(self, inputs: Any) -> Any:
        """The inputs in the new shape."""
        batch, *have = inputs.spec.shape
        count, known = element_count(have), element_count([s for s in self.target_shape if s != -1])
        rest = count // known if known and count % known == 0 else 0
        wanted = [rest if size == -1 else size for size in self.target_shape]
        if element_count(wanted) != count:
            raise InvalidArgumentError(
                f"the layer {self.name!r} cannot reshape rows of shape {tuple(have)} ({count} "
                f"entries) to {self.target_shape}"
            )
        return array.reshape(inputs, (batch, *wanted))


@register("keras.layers")
class Permute(Layer):
    """Axes in another order: dims=(2, 1) swaps the two after the batch."""

    def __init__(self, dims: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise InvalidArgumentError(
                f"dims of Permute holds each of the axes from 1 on once; got {self.dims}"
            )
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Any:
        """The inputs with their axes in the new order."""
        return array.transpose(inputs, (0, *self.dims))


def _positive(layer: str, name: str, value: Any) -> int:
    """`value` where it is a positive integer."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise ArgumentTypeError(f"{name} of {layer} is an integer; got {type(value).__name__}")
    if value <= 0:
        raise InvalidArgumentError(f"{name} of {layer} is a positive integer; got {value}")
    return value


@register("keras.layers")
class RepeatVector(Layer):
    """Every row n times: (batch, features) to (batch, n, features)."""

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = _positive("RepeatVector", "n", n)
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Any) -> Any:
        """The repeated rows."""
        return array.repeat(array.expand_dims(inputs, 1), self.n, axis=1)


@register("keras.layers")
class UpSampling1D(Layer):
    """Every step `size` times in a row: (batch, steps, features) to (batch, size steps, …)."""

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = _positive("UpSampling1D", "size", size)
        self.input_spec = InputSpec(ndim=3)

    def call(self, inputs: Any) -> Any:
        """The repeated steps."""
        return array.repeat(inputs, self.size, axis=1)


def _pair(name: str, value: Any) -> tuple[int, int]:
    """One number for both ends, or two."""
    both = (value, value) if isinstance(value, int) else value
    if (
        not isinstance(both, (list, tuple))
        or len(both) != 2
        or any(not isinstance(item, int) or item < 0 for item in both)
    ):
        raise InvalidArgumentError(
            f"{name} is a number of steps, or a pair for both ends, 0 or more; got {value!r:.80}"
        )
    return both[0], both[1]


@register("keras.layers")
class Cropping1D(Layer):
    """(batch, steps, features) without the first and last `cropping` steps."""

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cropping = _pair("cropping", cropping)
        self.input_spec = InputSpec(ndim=3)

    def call(self, inputs: Any) -> Any:
        """The steps between."""
        first, last = self.cropping
        steps = inputs.spec.shape[1]
        if first + last >= steps:
            raise InvalidArgumentError(
                f"cropping {self.cropping} of layer {self.name!r} leaves nothing of {steps} steps"
            )
        return inputs[:, first : steps - last, :]


@register("keras.layers")
class ZeroPadding1D(Layer):
    """(batch, steps, features) with `padding` steps of zeros before and after.

    `data_format` "channels_first" stands for (batch, features, steps).
    """

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding = _pair("padding", padding)
        self.data_format = data_format_name(data_format)
        self.input_spec = InputSpec(ndim=3)

    def call(self, inputs: Any) -> Any:
        """The longer steps."""
        last = self.data_format == "channels_first"
        around = (self.padding,) if last else (self.padding, (0, 0))
        return array.pad(inputs, ((0, 0),) * (3 - len(around)) + around)
