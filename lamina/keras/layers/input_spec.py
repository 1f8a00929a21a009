"""What a layer says of the inputs that it takes."""

from __future__ import annotations

from typing import Any

from ...core import nest
from ...core.dtypes import as_dtype
from ...core.errors import ArgumentTypeError, InvalidArgumentError


class InputSpec:
    """Rank, sizes and dtype of one input; None for what may be anything.

    `axes` tells sizes by axis (negative ones count from the end). `allow_last_axis_squeeze` lets
    a last axis of size 1 be there or not.

    Example: `self.input_spec = tf.keras.layers.InputSpec(ndim=3, axes={-1: 8})`.
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: Any = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = None if dtype is None else as_dtype(dtype).name
        self.shape = None if shape is None else tuple(shape)
        self.ndim = ndim if self.shape is None else len(self.shape)
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.name = name
        self.optional = optional
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        try:
            self.axes = {int(axis): (axes or {})[axis] for axis in axes or {}}
        except (ValueError, TypeError):
            raise ArgumentTypeError(
                f"axes is a dict from axes (integers) to sizes; got {axes!r:.80}"
            ) from None
        largest = self.ndim or self.max_ndim
        if self.axes and largest is not None and max(self.axes) > largest - 1:
            raise InvalidArgumentError(
                f"axis {max(self.axes)} is greater than the last of {largest} axes"
            )

    def __repr__(self) -> str:
        shown = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")
        parts = [f"{name}={getattr(self, name)}" for name in shown if getattr(self, name)]
        return f"InputSpec({', '.join(parts)})"

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        names = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes", "optional")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> InputSpec:
        """A specification made of what `get_config` gave."""
        return cls(**config)

    def problem(self, x: Any) -> str | None:
        """What is wrong with tensor `x`: expected this, found that; None if nothing is."""
        shape = tuple(x.shape)
        rank = len(shape)
        if self.ndim not in (None, rank) and not self.allow_last_axis_squeeze:
            return f"expected ndim={self.ndim}, found ndim={rank}. Full shape received: {shape}"
        if self.max_ndim is not None and rank > self.max_ndim:
            return f"expected max_ndim={self.max_ndim}, found ndim={rank}"
        if self.min_ndim is not None and rank < self.min_ndim:
            return (
                f"expected min_ndim={self.min_ndim}, found ndim={rank}. Full shape received: "
                f"{shape}"
            )
        if self.dtype not in (None, x.dtype.name):
            return f"expected dtype={self.dtype}, found dtype={x.dtype.name}"
        for axis, size in self.axes.items():
            if size is not None and shape[axis] not in (size, None):
                return (
                    f"expected axis {axis} of input shape to have value {size}, but received input "
                    f"with shape {shape}"
                )
        return self._problem_of_shape(shape)

    def _problem_of_shape(self, shape: tuple[Any, ...]) -> str | None:
        wanted = self.shape
        if wanted is None:
            return None
        if self.allow_last_axis_squeeze:
            shape = shape[:-1] if shape[-1:] == (1,) else shape
            wanted = wanted[:-1] if wanted[-1:] == (1,) else wanted
        pairs = zip(wanted, shape, strict=False)
        if any(a is not None and b is not None and a != b for a, b in pairs):
            return f"expected shape={self.shape}, found shape={shape}"
        return None


def check_inputs(specification: Any, inputs: Any, layer: str) -> None:
    """Raise where `inputs` are not what the layer's specification (or a structure of them) says."""
    specs = nest.flatten(specification)
    tensors = _by_name(specs, inputs, layer)
    if len(tensors) != len(specs):
        raise InvalidArgumentError(
            f"layer {layer!r} expects {len(specs)} input(s), but it received {len(tensors)} input "
            "tensors"
        )
    for number, (x, spec) in enumerate(zip(tensors, specs, strict=True)):
        if spec is None or (x is None and spec.optional):
            continue
        if not hasattr(x, "shape"):
            raise InvalidArgumentError(
                f"inputs to a layer are tensors; got {type(x).__name__} {x!r:.60} as input for "
                f"layer {layer!r}"
            )
        problem = spec.problem(x)
        if problem is not None:
            raise InvalidArgumentError(
                f"input {number} with name {spec.name!r} of layer {layer!r} is incompatible with "
                f"the layer: {problem}"
            )


def _by_name(specs: list[Any], inputs: Any, layer: str) -> list[Any]:
    """The tensors of `inputs`, in the order of the specifications' names if those are all given."""
    names = [None if spec is None else spec.name for spec in specs]
    if not isinstance(inputs, dict) or not all(names):
        return nest.flatten(inputs)
    missing = [name for name in names if name not in inputs]
    if missing:
        raise InvalidArgumentError(
            f"there are no data for the input {missing[0]!r} of layer {layer!r}; the data are for "
            f"{', '.join(map(repr, inputs))}"
        )
    return [inputs[name] for name in names]
