"""Layers of several inputs: sums, products, extremes, joins, and functions of the same names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...core.errors import ArgumentTypeError, InvalidArgumentError
from ...core.shapes import B, broadcast_shapes, element_count, normalize_axis
from ...ops import array, math, nn
from ...tensor import arithmetic
from ...tensor.convert import to_tensor
from ..configurable import register
from ..masks import get_mask, set_mask
from .layer import Layer


class _Merge(Layer):
    """What makes one tensor of a list of them, entry by entry; shapes broadcast.

    Inputs of fewer axes gain axes after the batch.
    """

    _supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Check that the shapes go together."""
        shapes = self._checked(input_shape)
        rank = max(len(shape) for shape in shapes)
        merged: Any = (1,) * (rank - 1)
        for shape in shapes:
            own = tuple(B if size is None else size for size in shape[1:])
            merged = broadcast_shapes(merged, (1,) * (rank - len(shape)) + own)

    def _checked(self, shapes: Any) -> list[Any]:
        """The shapes of the inputs, which are several."""
        if not isinstance(shapes, (list, tuple)) or not all(
            isinstance(shape, (list, tuple)) for shape in shapes
        ):
            raise InvalidArgumentError(
                f"{type(self).__name__} is called on a list of tensors, e.g. [a, b]; got a tensor "
                f"of shape {shapes}"
            )
        if not shapes:
            raise InvalidArgumentError(f"{type(self).__name__} needs at least one input; got []")
        return list(shapes)

    def call(self, inputs: Any) -> Any:
        """The inputs, merged."""
        if not isinstance(inputs, (list, tuple)):
            raise InvalidArgumentError(
                f"{type(self).__name__} is called on a list of tensors, e.g. [a, b]; got one of "
                f"shape {tuple(inputs.shape)}"
            )
        shapes = [x.spec.shape for x in inputs]
        if len({shape[0] for shape in shapes if shape}) > 1:
            raise InvalidArgumentError(
                f"{type(self).__name__} cannot merge batches of different sizes; got shapes "
                f"{shapes}"
            )
        return self._merge(self._of_one_rank(inputs))

    def _of_one_rank(self, inputs: Sequence[Any]) -> list[Any]:
        rank = max(len(x.spec.shape) for x in inputs)
        found = []
        for x in inputs:
            shape = x.spec.shape
            missing = rank - len(shape)
            wide = (*shape[:1], *(1,) * missing, *shape[1:])
            found.append(array.reshape(x, wide) if missing else x)
        return found

    def _merge(self, inputs: list[Any]) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not define _merge")

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Entries count that count in any input; None where an input has no mask."""
        if previous_mask is None:
            return None
        masks = _one_each(inputs, previous_mask)
        if any(mask is None for mask in masks):
            return None
        return _folded(math.logical_or, [array.cast(mask, "bool") for mask in masks])


def _one_each(inputs: Any, masks: Any) -> list[Any]:
    """The masks of a list of inputs."""
    both = isinstance(inputs, (list, tuple)) and isinstance(masks, (list, tuple))
    if not both or len(inputs) != len(masks):
        raise InvalidArgumentError(
            "the mask of merged inputs is a list with one mask (or None) for each input"
        )
    return list(masks)


def _folded(function: Callable[[Any, Any], Any], inputs: Sequence[Any]) -> Any:
    result = inputs[0]
    for x in inputs[1:]:
        result = function(result, x)
    return result


def _spread_mask(x: Any) -> Any:
    """The mask of `x` in its shape, or None."""
    mask = get_mask(x)
    return mask if mask is None else array.broadcast_to(array.expand_dims(mask, -1), x.spec.shape)


@register("keras.layers")
class Add(_Merge):
    """The sum of the inputs."""

    def _merge(self, inputs: list[Any]) -> Any:
        return _folded(math.add, inputs)


@register("keras.layers")
class Subtract(_Merge):
    """The first input minus the second."""

    def build(self, input_shape: Any) -> None:
        """Check that there are two inputs."""
        super().build(input_shape)
        if len(input_shape) != 2:
            raise InvalidArgumentError(f"Subtract has exactly 2 inputs; got {len(input_shape)}")

    def _merge(self, inputs: list[Any]) -> Any:
        if len(inputs) != 2:
            raise InvalidArgumentError(f"Subtract has exactly 2 inputs; got {len(inputs)}")
        return math.subtract(*inputs)


@register("keras.layers")
class Multiply(_Merge):
    """The product of the inputs; masked entries count as 1, and as 0 where all are masked."""

    def _merge(self, inputs: list[Any]) -> Any:
        masks = [_spread_mask(x) for x in inputs]
        factors = [
            x if mask is None else array.where(mask, x, array.ones_like(x))
            for x, mask in zip(inputs, masks, strict=True)
        ]
        product = _folded(math.multiply, factors)
        if any(mask is None for mask in masks):
            return product
        counts = _folded(math.logical_or, masks)
        product = array.where(counts, product, array.zeros_like(product))
        set_mask(product, math.reduce_any(counts, axis=-1))
        return product


@register("keras.layers")
class Average(_Merge):
    """The mean of the inputs."""

    def _merge(self, inputs: list[Any]) -> Any:
        return _folded(math.add, inputs) / len(inputs)


class _Extreme(_Merge):
    """The largest or smallest of the inputs that are not masked."""

    def _extreme(self, function: Callable[[Any, Any], Any], inputs: list[Any]) -> Any:
        result, counts = inputs[0], _spread_mask(inputs[0])
        for x in inputs[1:]:
            mask = _spread_mask(x)
            other = x if mask is None else array.where(mask, x, result)
            result = result if counts is None else array.where(counts, result, other)
            both = counts is not None and mask is not None
            counts = math.logical_or(counts, mask) if both else None
            result = function(result, other)
        if counts is not None:
            set_mask(result, math.reduce_any(counts, axis=-1))
        return result


@register("keras.layers")
class Maximum(_Extreme):
    """The largest of the inputs, entry by entry."""

    def _merge(self, inputs: list[Any]) -> Any:
        return self._extreme(math.maximum, inputs)


@register("keras.layers")
class Minimum(_Extreme):
    """The smallest of the inputs, entry by entry."""

    def _merge(self, inputs: list[Any]) -> Any:
        return self._extreme(math.minimum, inputs)


@register("keras.layers")
class Concatenate(_Merge):
    """The inputs one after the other along `axis`; their other sizes agree."""

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def build(self, input_shape: Any) -> None:
        """Check that all sizes but one agree."""
        shapes = self._checked(input_shape)
        rank = len(shapes[0])
        others = [
            shape[: self.axis % len(shape)] + shape[self.axis % len(shape) + 1 :]
            for shape in shapes
            if len(shape) == rank and -rank <= self.axis < rank
        ]
        if len(others) < len(shapes) or len({tuple(shape) for shape in others}) > 1:
            raise InvalidArgumentError(
                f"Concatenate needs inputs whose sizes agree but along axis {self.axis}; got "
                f"shapes {input_shape}"
            )

    def call(self, inputs: Any) -> Any:
        """The joined inputs."""
        if not isinstance(inputs, (list, tuple)):
            raise InvalidArgumentError("Concatenate is called on a list of tensors, e.g. [a, b]")
        return array.concat(list(inputs), self.axis)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The masks joined as the inputs are, a step counting if any of its entries does."""
        if previous_mask is None:
            return None
        masks = _one_each(inputs, previous_mask)
        if all(mask is None for mask in masks):
            return None
        spread = []
        for x, mask in zip(map(to_tensor, inputs), masks, strict=True):
            if mask is None:
                spread.append(array.ones_like(x, dtype="bool"))
            elif len(mask.shape) < len(x.spec.shape):
                entries = array.expand_dims(array.cast(mask, "bool"), -1)
                spread.append(array.broadcast_to(entries, x.spec.shape))
            else:
                spread.append(array.cast(mask, "bool"))
        return math.reduce_any(array.concat(spread, self.axis), axis=-1)


@register("keras.layers")
class Dot(_Merge):
    """Σ over an axis of each of two inputs, row by row of the batch.

    `axes`: one axis, or one for each input; with `normalize` both are scaled to length 1 along it
    (the cosine). (batch, a, k) and (batch, b, k) give (batch, a, b); two matrices (batch, 1).
    """

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(axes, (int, list, tuple)):
            raise ArgumentTypeError(f"axes of Dot is an integer or a pair; got {axes!r:.80}")
        if not isinstance(axes, int) and (
            len(axes) != 2 or not all(isinstance(axis, int) for axis in axes)
        ):
            raise InvalidArgumentError(f"axes of Dot is an integer or a pair of them; got {axes}")
        self.axes = axes
        self.normalize = normalize

    def build(self, input_shape: Any) -> None:
        """Check that there are two inputs, of one size along their axes."""
        shapes = self._checked(input_shape)
        if len(shapes) != 2:
            raise InvalidArgumentError(f"Dot has exactly 2 inputs; got {len(shapes)}")
        first, second = self._axes(*(len(shape) for shape in shapes))
        if 0 in (first, second):
            raise InvalidArgumentError("Dot sums over axes after that of the batch; got axis 0")
        if shapes[0][first] != shapes[1][second]:
            raise InvalidArgumentError(
                f"Dot sums over axis {first} of {shapes[0]} and axis {second} of {shapes[1]}, "
                "whose sizes differ"
            )

    def _axes(self, *ranks: int) -> list[int]:
        axes = [self.axes] * 2 if isinstance(self.axes, int) else self.axes
        return [normalize_axis(axis, rank) for axis, rank in zip(axes, ranks, strict=True)]

    def call(self, inputs: Any) -> Any:
        """The products, summed."""
        if not isinstance(inputs, (list, tuple)) or len(inputs) != 2:
            raise InvalidArgumentError("Dot is called on a list of 2 tensors, e.g. [a, b]")
        x, y = inputs
        first, second = self._axes(len(x.spec.shape), len(y.spec.shape))
        if self.normalize:
            x, y = nn.l2_normalize(x, first), nn.l2_normalize(y, second)
        return _products(x, y, first, second)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """None."""
        return None


def _products(x: Any, y: Any, first: int, second: int) -> Any:
    """Σ over axis `first` of x and `second` of y, for each row of the batch."""
    left = [axis for axis in range(1, len(x.spec.shape)) if axis != first]
    right = [axis for axis in range(1, len(y.spec.shape)) if axis != second]
    batch, size = x.spec.shape[0], x.spec.shape[first]
    sizes = [x.spec.shape[axis] for axis in left] + [y.spec.shape[axis] for axis in right]
    x = array.transpose(x, (0, *left, first))
    y = array.transpose(y, (0, *right, second))
    if left and right:
        x, y = (array.reshape(z, (batch, element_count(z.spec.shape[1:-1]), size)) for z in (x, y))
        return array.reshape(arithmetic.matmul(x, y, transpose_b=True), (batch, *sizes))
    longer = (batch, *sizes, size)  # a vector with vectors: no product of matrices
    x, y = (
        z if z.spec.shape == longer else array.reshape(z, (batch, *(1 for _ in sizes), size))
        for z in (x, y)
    )
    return array.reshape(math.reduce_sum(x * y, axis=-1), (batch, *(sizes or [1])))


def add(inputs: Any, **kwargs: Any) -> Any:
    """`Add(**kwargs)(inputs)`."""
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """`Subtract(**kwargs)(inputs)`."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """`Multiply(**kwargs)(inputs)`."""
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """`Average(**kwargs)(inputs)`."""
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """`Maximum(**kwargs)(inputs)`."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """`Minimum(**kwargs)(inputs)`."""
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """`Concatenate(axis, **kwargs)(inputs)`."""
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """`Dot(axes, **kwargs)(inputs)`."""
    return Dot(axes=axes, **kwargs)(inputs)
