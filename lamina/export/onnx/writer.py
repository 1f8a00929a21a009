"""A graph of ONNX as it grows: names, constants, values that repeat others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from ...core.dtypes import INT64, STRING, Array
from ...core.shapes import B, Shape
from ...ir.graph import Graph
from ...ir.value import Spec, Value
from ..graph import Inference
from .kernels import computed_in

ROWS = "rows"
_SMALL = 64  # elements of a constant that counts by content


class Loose(NamedTuple):
    """A tensor that, repeated to the shape of a value, is the value."""

    name: str
    shape: Shape


class Writer:
    """Nodes and constants by name; rules ask it for the names of values and add nodes.

    A value that only repeats a smaller one is kept as that (`loose`) and written out (`name`)
    where an operator does not repeat by itself.
    """

    def __init__(self, inference: Inference) -> None:
        from onnx import helper, numpy_helper

        self._helper, self._arrays = helper, numpy_helper
        self._labels = inference.constants
        self._inputs = inference.inputs
        self._taken = {port.name for port in (*inference.inputs, *inference.outputs)}
        self._loose: dict[int, Loose] = {}
        self._constants: dict[tuple[Any, ...], str] = {}
        self._scopes: list[list[Any]] = [[]]
        self._written: list[dict[int, str]] = [{}]
        self.first: list[Any] = []  # nodes before all others: they read inputs only
        self.initializers: list[Any] = []
        self.domains: set[str] = {""}
        for port, value in zip(inference.inputs, inference.graph.inputs, strict=True):
            self._written[0][id(value)] = port.name

    # Nodes ----------------------------------------------------------------------------------------

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """The name of the one result of a new node."""
        return self.several(operator, inputs, 1, **attributes)[0]

    def several(
        self, operator: str, inputs: Sequence[str], count: int, domain: str = "", **attributes: Any
    ) -> list[str]:
        """The names of the results of a new node."""
        names = [self.fresh(operator.lower()) for _ in range(count)]
        self._scopes[-1].append(self._made(operator, inputs, names, domain, **attributes))
        return names

    def _made(
        self,
        operator: str,
        inputs: Sequence[str],
        outputs: list[str],
        domain: str,
        **attributes: Any,
    ) -> Any:
        self.domains.add(domain)
        name = f"{operator}_{outputs[0]}"
        return self._helper.make_node(
            operator, list(inputs), outputs, name=name, domain=domain, **attributes
        )

    def compute(
        self,
        operator: str,
        dtype: np.dtype[Any],
        *inputs: str,
        axes: str | None = None,
        to: Any = None,
        **attributes: Any,
    ) -> str:
        """A node on inputs of `dtype`, in a dtype that runtimes compute it in; the result is cast.

        `to`: the dtype of a result that has another one whatever the inputs have (bool, int64);
        `axes`: the last input, of integers.
        """
        wide = computed_in(operator, dtype)
        if wide != dtype:
            inputs = tuple(self.cast(name, wide) for name in inputs)
        found = self.node(operator, *inputs, *(() if axes is None else (axes,)), **attributes)
        return found if wide == dtype or to is not None else self.cast(found, dtype)

    def end(self, name: str, output: str) -> None:
        """Let a tensor be the output of this name."""
        self._scopes[0].append(self._made("Identity", [name], [output], ""))

    def cast(self, name: str, dtype: np.dtype[Any]) -> str:
        """A tensor as another dtype."""
        return self.node("Cast", name, to=self.element_type(dtype))

    def element_type(self, dtype: np.dtype[Any]) -> int:
        """The number of a dtype in ONNX."""
        from onnx import TensorProto

        if dtype == STRING:
            return int(TensorProto.STRING)
        return int(self._helper.np_dtype_to_tensor_dtype(dtype))

    def fresh(self, name: str) -> str:
        """`name`, with a number where it is taken."""
        number, found = 0, name
        while found in self._taken:
            number += 1
            found = f"{name}_{number}"
        self._taken.add(found)
        return found

    # Values ---------------------------------------------------------------------------------------

    def name(self, value: Value) -> str:
        """The tensor that is `value`."""
        for written in reversed(self._written):
            if id(value) in written:
                return written[id(value)]
        if value.array is not None:
            found = self.constant(value.array, self._labels.get(id(value)))
            self._written[0][id(value)] = found
            return found
        found = self.expanded(self._loose[id(value)], value.spec.shape)
        self._written[-1][id(value)] = found
        return found

    def loose(self, value: Value) -> Loose:
        """A tensor that is `value` where it is repeated, for operators that do so."""
        if id(value) in self._loose:
            return self._loose[id(value)]
        array = value.array
        if array is None or not array.ndim or all(array.strides) or not array.size:
            return Loose(self.name(value), value.spec.shape)
        small = array[tuple(slice(None) if step else slice(1) for step in array.strides)]
        found = Loose(self.constant(small), small.shape)
        self._loose[id(value)] = found
        return found

    def put(self, value: Value, found: str | Loose) -> None:
        """Let `value` be what a rule found; a graph inside may be written more than once."""
        if isinstance(found, Loose) and found.shape == value.spec.shape:
            found = found.name
        self._loose.pop(id(value), None)
        for written in self._written:
            written.pop(id(value), None)
        if isinstance(found, Loose):
            self._loose[id(value)] = found
        else:
            self._written[-1][id(value)] = found

    def expanded(self, found: Loose, shape: Shape) -> str:
        """A tensor repeated to `shape`."""
        if found.shape == shape:
            return found.name
        aligned = (1,) * (len(shape) - len(found.shape)) + tuple(found.shape)
        wanted = tuple(1 if a is B else b for a, b in zip(aligned, shape, strict=True))
        return self.node("Expand", found.name, self.shape(wanted))

    def constant(self, array: Array, label: str | None = None) -> str:
        """A tensor of known numbers; equal small ones are one."""
        whole = np.asarray(array, order="C")
        if label is not None or whole.size > _SMALL or whole.dtype == STRING:
            return self._initializer(whole, label or "constant")
        key = whole.tobytes(), whole.dtype, whole.shape
        if key not in self._constants:
            self._constants[key] = self._initializer(whole, "constant")
        return self._constants[key]

    def _initializer(self, array: Array, label: str) -> str:
        name = self.fresh(label)
        self.initializers.append(self._arrays.from_array(_readable(array), name))
        return name

    def scalar(self, number: Any, dtype: np.dtype[Any]) -> str:
        """One number."""
        return self.constant(np.asarray(number, dtype))

    def integers(self, numbers: Sequence[int]) -> str:
        """A line of int64, as operators take sizes and axes."""
        return self.constant(np.asarray(numbers, INT64))

    def shape(self, shape: Shape) -> str:
        """A shape as a line of int64; the batch is the number of rows of an input."""
        if B not in shape:
            return self.integers(known_sizes(shape))
        parts = [self.rows() if n is B else self.integers(known_sizes((n,))) for n in shape]
        return self.node("Concat", *parts, axis=0) if len(parts) > 1 else parts[0]

    def rows(self) -> str:
        """The number of rows, a line of one int64."""
        if not self.first:
            port = next(port for port in self._inputs if B in port.spec.shape)
            axis = port.spec.shape.index(B)
            self.first.append(
                self._made("Shape", [port.name], [self.fresh(ROWS)], "", start=axis, end=axis + 1)
            )
        return str(self.first[0].output[0])

    def reshaped(self, name: str, shape: Shape) -> str:
        """A tensor in another shape."""
        if sum(size is B for size in shape) == 1 and 0 not in shape:
            return self.node("Reshape", name, self.integers(known_sizes(shape)))
        return self.node("Reshape", name, self.shape(shape), allowzero=int(0 in shape))

    # Graphs ---------------------------------------------------------------------------------------

    @contextmanager
    def scope(self) -> Iterator[list[Any]]:
        """Nodes written inside go into a list of their own: the body of a branch or loop."""
        self._scopes.append([])
        self._written.append({})
        loose = dict(self._loose)
        yield self._scopes[-1]
        self._loose = loose
        self._scopes.pop()
        self._written.pop()

    def information(self, name: str, spec: Spec) -> Any:
        """The name and type of an input or output; the batch is called "rows"."""
        sizes = known_sizes(spec.shape)
        shape = [ROWS if size < 0 else size for size in sizes]
        return self._helper.make_tensor_value_info(name, self.element_type(spec.dtype), shape)

    def graph(self, name: str, nodes: Any, inputs: Any, outputs: Any, own: bool = False) -> Any:
        """A graph of nodes; `own` with the constants."""
        constants = self.initializers if own else []
        return self._helper.make_graph(nodes, name, inputs, outputs, constants)

    @property
    def nodes(self) -> list[Any]:
        """All nodes of the outermost graph."""
        return [*self.first, *self._scopes[0]]

    def bind(self, graph: Graph, names: Sequence[str]) -> None:
        """Let the inputs of a graph inside be known tensors."""
        for value, name in zip(graph.inputs, names, strict=True):
            self._written[-1][id(value)] = name


def known_sizes(shape: Shape) -> list[int]:
    """The sizes, -1 for the batch."""
    return [-1 if size is B else int(size) for size in shape]


def _readable(array: Array) -> Array:
    """`array`; strings, which are bytes here, as text."""
    if array.dtype != STRING:
        return array
    texts = [item.decode("utf-8") if isinstance(item, bytes) else item for item in array.ravel()]
    return np.array(texts, object).reshape(array.shape)
