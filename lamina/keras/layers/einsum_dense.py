"""The densely connected layer for tensors of any rank, written as an einsum."""

from __future__ import annotations

import copy
import re
from typing import Any, NamedTuple

from ...core.errors import ArgumentTypeError, InvalidArgumentError
from ...ops.einsum import einsum
from .. import activations, constraints, initializers, regularizers
from ..configurable import register, serialize
from ..initializers import VarianceScaling
from .input_spec import InputSpec
from .layer import Layer

_FORM = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


@register("keras.layers")
class EinsumDense(Layer):
    """y = activation(einsum(equation, x, W) + b).

    `equation` is of the form `ab,bc->ac`, `...ab,bc->...ac` or `ab...,bc->ac...`: letters of the
    inputs, of W (the `kernel`) and of the outputs. `output_shape`: the outputs' sizes without the
    batch and what "..." stands for, None for those of the inputs. `bias_axes`: the letters of the
    outputs along which b, the `bias`, varies; None for no bias.

    Example: `tf.keras.layers.EinsumDense("abc,cd->abd", (None, 64), bias_axes="d")`.
    """

    def __init__(
        self,
        equation: str,
        output_shape: Any,
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.equation = equation
        several = isinstance(output_shape, (list, tuple))
        if not several and not isinstance(output_shape, int):
            raise ArgumentTypeError(
                f"output_shape is a size or a list of sizes; got {output_shape!r:.80}"
            )
        self.partial_output_shape = tuple(output_shape) if several else (output_shape,)
        self.bias_axes = bias_axes
        self.activation = activations.get(activation)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.bias: Any = None

    def build(self, input_shape: Any) -> None:
        """Make the kernel and the bias."""
        parsed = _Equation.of(self.equation, tuple(input_shape), self.partial_output_shape)
        self.input_spec = InputSpec(ndim=len(input_shape))
        self.kernel = self.add_weight(
            name="kernel",
            shape=parsed.kernel_shape(),
            initializer=self._kernel_initializer(parsed),
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        if self.bias_axes is not None:
            self.bias = self.add_weight(
                name="bias",
                shape=parsed.bias_shape(self.bias_axes),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def _kernel_initializer(self, parsed: _Equation) -> Any:
        """The initializer, told which axes of the kernel are summed over."""
        initializer = self.kernel_initializer
        scales = isinstance(initializer, VarianceScaling)
        if not scales or None not in (initializer.input_axes, initializer.output_axes):
            return initializer
        informed = copy.copy(initializer)
        kept = [letter in parsed.outputs for letter in parsed.kernel]
        informed.input_axes = [axis for axis, is_kept in enumerate(kept) if not is_kept]
        informed.output_axes = [axis for axis, is_kept in enumerate(kept) if is_kept]
        return informed

    def call(self, inputs: Any, training: Any = None) -> Any:
        """activation(einsum(equation, inputs, kernel) + bias)."""
        outputs = einsum(self.equation, inputs, self.kernel)
        if self.bias is not None:
            outputs = outputs + self.bias
        return outputs if self.activation is None else self.activation(outputs)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "output_shape": serialize(self.partial_output_shape)}


class _Equation(NamedTuple):
    """The letters of inputs, kernel and outputs, and the sizes of those known."""

    kernel: str
    outputs: str
    sizes: dict[str, Any]
    trailing: int
    """Axes that "..." stands for at the end."""

    @classmethod
    def of(cls, equation: str, shape: tuple[Any, ...], outputs: tuple[Any, ...]) -> _Equation:
        """What `equation` says of inputs of `shape` and the sizes wanted of the outputs."""
        found = _FORM.fullmatch(equation.replace(" ", ""))
        dots = [] if found is None else [found.group(place) is not None for place in (1, 3, 5, 7)]
        if found is None or dots[:2] != dots[2:] or all(dots):
            raise InvalidArgumentError(
                "an equation of EinsumDense has the form 'ab,bc->ac', '...ab,bc->...ac' or "
                f"'ab...,bc->ac...'; got {equation!r}"
            )
        letters, kernel, result = found.group(2, 4, 6)
        hidden = len(shape) - len(letters)
        if hidden < 0 or (hidden > 0 and not any(dots)):
            raise InvalidArgumentError(
                f"the equation {equation!r} is for inputs of rank {len(letters)}; got shape {shape}"
            )
        sizes = dict(zip(letters, shape[hidden:] if dots[0] else shape, strict=False))
        cls._add_wanted(equation, sizes, result, outputs, batch=not (dots[0] and hidden))
        if not set(result) <= set(letters + kernel):
            raise InvalidArgumentError(
                f"the outputs of {equation!r} have letters that neither inputs nor kernel have"
            )
        unknown = [letter for letter in kernel + result if letter not in sizes]
        if unknown or any(sizes[letter] is None for letter in kernel):
            odd = unknown or [letter for letter in kernel if sizes[letter] is None]
            raise InvalidArgumentError(
                f"the size of {odd[0]!r} in the equation {equation!r} is not known: neither "
                f"inputs of shape {shape} nor output_shape={outputs} tell"
            )
        return cls(kernel, result, sizes, hidden if dots[1] else 0)

    @staticmethod
    def _add_wanted(
        equation: str, sizes: dict[str, Any], result: str, outputs: tuple[Any, ...], *, batch: bool
    ) -> None:
        """Add the sizes that `output_shape` tells; the batch is not among them."""
        named = result[1:] if batch else result
        if len(named) != len(outputs):
            raise InvalidArgumentError(
                f"output_shape has a size for each of {', '.join(map(repr, named))} in the "
                f"equation {equation!r}; got {outputs}"
            )
        for letter, size in zip(named, outputs, strict=True):
            if size is not None and sizes.setdefault(letter, size) != size:
                raise InvalidArgumentError(
                    f"{letter!r} in the equation {equation!r} is {sizes[letter]} in the inputs and "
                    f"{size} in output_shape"
                )

    def kernel_shape(self) -> tuple[int, ...]:
        """The sizes of the kernel."""
        return tuple(self.sizes[letter] for letter in self.kernel)

    def bias_shape(self, axes: str) -> tuple[int, ...]:
        """The sizes of a bias along `axes`, 1 for what lies between or after them."""
        odd = [letter for letter in axes if letter not in self.outputs]
        if odd or not axes:
            raise InvalidArgumentError(
                f"bias_axes names letters of the outputs, {self.outputs!r}; got {axes!r}"
            )
        last = self.outputs[min(map(self.outputs.index, axes)) :]
        sizes = [self.sizes[letter] if letter in axes else 1 for letter in last]
        return (*sizes, *(1,) * self.trailing)
