"""Keras's symbolic tensors: layers called on them make the nodes of a functional model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...core import nest
from ...core.dtypes import numpy_dtype
from ...core.errors import InvalidArgumentError, SymbolicShapeError, UnimplementedError
from ...core.shapes import B
from ...ir.bind import bind, new_value, use_keeper
from ...ir.graph import Trace, tracing
from ...ir.primitive import Primitive
from ...ir.value import Spec, Value
from ...tensor.tensor import Tensor
from ..masks import get_mask, set_mask
from ..naming import unique_name
from ..ops import numpy as ops
from ..ops.operation import class_name
from .context import only_types


class Operation:
    """One step of a functional model: a layer, a function or a bare primitive, with arguments."""

    __slots__ = (
        *("arguments", "function", "keywords", "layer", "name", "outputs", "params"),
        "primitive",
    )

    def __init__(
        self,
        layer: Any,
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
        primitive: Primitive | None = None,
        params: dict[str, Any] | None = None,
        function: Callable[..., Any] | None = None,
    ) -> None:
        self.layer = layer
        self.function = function
        self.name = function and unique_name(class_name(function.__name__))
        self.arguments = arguments
        self.keywords = keywords
        self.primitive = primitive
        self.params = params or {}
        self.outputs: list[KerasTensor] = []

    @property
    def inputs(self) -> list[KerasTensor]:
        leaves = nest.flatten((self.arguments, self.keywords))
        return [leaf for leaf in leaves if isinstance(leaf, KerasTensor)]

    def __repr__(self) -> str:
        what = self.layer or self.primitive or getattr(self.function, "__name__", self.function)
        return f"the operation {what}"

    def run(
        self, known: dict[int, Any], rows: Any, called: Callable[..., Any] | None = None
    ) -> list[Any]:
        """The results with `known` values in place of symbolic tensors, in batches of `rows`.

        `called` may stand for what is called.
        """

        def fill(leaf: Any) -> Any:
            return known[id(leaf)] if isinstance(leaf, KerasTensor) else leaf

        arguments = nest.map_structure(fill, self.arguments)
        if self.primitive is not None:
            params = self.params
            if "shape" in params:
                params = {**params, "shape": tuple(rows if d is B else d for d in params["shape"])}
            result = bind(self.primitive, *arguments, **params)
            return list(result) if self.primitive.multiple else [result]
        keywords = nest.map_structure(fill, self.keywords)
        results = nest.flatten((called or self.function or self.layer)(*arguments, **keywords))
        masked = [
            place for place, symbol in enumerate(self.outputs) if get_mask(symbol) is not None
        ]
        return [*results, *(get_mask(results[place]) for place in masked)]


class _Keeper:
    """Takes primitives on symbolic tensors into the functional graph."""

    closed = False

    def add(
        self, primitive: Primitive, inputs: tuple[Value, ...], params: dict[str, Any]
    ) -> tuple[Any, ...]:
        specs = primitive.infer(*[value.spec for value in inputs], **params)
        operation = Operation(None, inputs, {}, primitive, params)
        return tuple(_results(operation, [specs] if isinstance(specs, Spec) else list(specs)))

    def apply(
        self,
        operation: Callable[..., Any],
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
    ) -> Any:
        """The Keras tensors that `function` gives: `operation` as one node of the graph."""
        structure, leaves = _traced(function, arguments, keywords)
        node = Operation(None, arguments, keywords, function=operation)
        return nest.pack_sequence_as(structure, _results(node, [leaf.spec for leaf in leaves]))


KEEPER = _Keeper()
use_keeper(KEEPER)


class KerasTensor(Tensor):
    """A tensor of a functional model that is being written down: a type and where it comes from.

    `shape` has None for the batch; it may be a `Spec`, which says the dtype, too.
    """

    __slots__ = ("name", "operation", "position")
    sparse = ragged = False

    def __init__(
        self,
        shape: Any,
        dtype: Any = "float32",
        sparse: bool = False,
        ragged: bool = False,
        record_history: bool = True,
        name: str | None = None,
        *,
        operation: Operation | None = None,
        position: int = 0,
    ) -> None:
        if sparse or ragged:
            raise UnimplementedError("all tensors are dense; leave out sparse and ragged")
        spec = shape if isinstance(shape, Spec) else spec_of_shape(tuple(shape), dtype)
        super().__init__(None, spec, KEEPER)
        self.operation = operation
        self.position = position
        self.name = name or unique_name("keras_tensor")

    __hash__ = object.__hash__  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return self is other

    def __round__(self, digits: int | None = None) -> Any:
        return ops.round(self, digits or 0)

    def reshape(self, newshape: Any) -> Any:
        """`keras.ops.reshape` of it."""
        return ops.reshape(self, newshape)

    def squeeze(self, axis: Any = None) -> Any:
        """`keras.ops.squeeze` of it."""
        return ops.squeeze(self, axis)

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype.name}, name={self.name}>"


# Operators are operations of keras.ops, each one step of the model.
_OF_TWO = {
    "add": ops.add,
    "sub": ops.subtract,
    "mul": ops.multiply,
    "matmul": ops.matmul,
    "truediv": ops.true_divide,
    "floordiv": ops.floor_divide,
    "mod": ops.mod,
    "pow": ops.power,
    "and": ops.logical_and,
    "or": ops.logical_or,
    "xor": ops.logical_xor,
}
_OTHERS = {
    "neg": ops.negative,
    "abs": ops.absolute,
    "invert": ops.logical_not,
    "getitem": ops.get_item,
    "lt": ops.less,
    "le": ops.less_equal,
    "gt": ops.greater,
    "ge": ops.greater_equal,
    "ne": ops.not_equal,
}


def _swapped(verb: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    return lambda self, other: verb(other, self)


for _name, _verb in {**_OF_TWO, **_OTHERS}.items():
    setattr(KerasTensor, f"__{_name}__", _verb)
for _name, _verb in _OF_TWO.items():
    setattr(KerasTensor, f"__r{_name}__", _swapped(_verb))


def _results(operation: Operation, specs: Sequence[Spec]) -> list[KerasTensor]:
    operation.outputs = [
        KerasTensor(spec, operation=operation, position=i) for i, spec in enumerate(specs)
    ]
    return operation.outputs


def is_symbolic(arguments: Any, keywords: Any) -> bool:
    """Whether a Keras tensor is among the arguments."""
    return any(isinstance(leaf, KerasTensor) for leaf in nest.flatten((arguments, keywords)))


def call_symbolically(layer: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    """The Keras tensors that `layer` gives; a new node of the functional graph.

    Masks of the outputs are further results of the node, after the outputs.
    """
    if not layer.built:
        layer._build_on(arguments, keywords)
    structure, leaves = _traced_layer(layer, arguments, keywords)
    masks = [(place, get_mask(leaf)) for place, leaf in enumerate(leaves)]
    masked = [(place, mask) for place, mask in masks if mask is not None]
    operation = Operation(layer, arguments, keywords)
    layer._inbound.append(operation)
    results = _results(operation, [value.spec for value in (*leaves, *(m for _, m in masked))])
    for (place, _), mask in zip(masked, results[len(leaves) :], strict=True):
        set_mask(results[place], mask)
    return nest.pack_sequence_as(structure, results[: len(leaves)])


def trace_call(
    layer: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]
) -> tuple[Any, list[Spec]]:
    """Structure and types of what `call` returns, without computing anything."""
    structure, leaves = _traced_layer(layer, arguments, keywords)
    return structure, [leaf.spec for leaf in leaves]


def _traced_layer(
    layer: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]
) -> tuple[Any, list[Value]]:
    losses = layer._call_losses
    found = _traced(
        lambda *a, **k: layer._run(a, k), arguments, keywords, f"the layer {layer.name!r}"
    )
    layer._call_losses = losses
    return found


def _traced(
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    keywords: dict[str, Any],
    name: str | None = None,
) -> tuple[Any, list[Value]]:
    """What `function` returns for symbols in place of Keras tensors, and its leaves.

    Where it needs to know the size of the batch, two sizes show which sizes of its results follow.
    """
    name = name or f"the function {function.__name__}"
    try:
        return _traced_in_rows(function, arguments, keywords, name, B)
    except SymbolicShapeError:
        inputs = nest.flatten((arguments, keywords))
        if not any(isinstance(leaf, KerasTensor) and B in leaf.spec.shape for leaf in inputs):
            raise
        traces = [_traced_in_rows(function, arguments, keywords, name, rows) for rows in SOME_ROWS]
        pairs = zip(traces[0][1], traces[1][1], strict=True)
        leaves = [leaf for pair in pairs if (leaf := _following(*pair)) is not None]
        if len(leaves) < len(traces[0][1]):
            raise
        return nest.pack_sequence_as(traces[0][0], leaves), leaves


SOME_ROWS = (1009, 1013)  # sizes that nobody gives a layer


def _following(first: Value, second: Value) -> Value | None:
    """A symbol for what two sizes of the batch gave; None where its shape follows otherwise."""
    shape: list[Any] = []
    for pair in zip(first.spec.shape, second.spec.shape, strict=True):
        if pair != SOME_ROWS and pair[0] != pair[1]:
            return None
        shape.append(B if pair == SOME_ROWS else pair[0])
    symbol: Value = new_value(None, Spec(tuple(shape), first.spec.dtype), first.trace)
    masks = get_mask(first), get_mask(second)
    if masks[0] is not None:
        set_mask(symbol, _following(*masks))
    return symbol


def _traced_in_rows(
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    keywords: dict[str, Any],
    name: str,
    rows: Any,
) -> tuple[Any, list[Value]]:
    trace = Trace(name)
    with tracing(trace), only_types():
        known: dict[int, Any] = {}

        def fill(leaf: Any) -> Any:
            if not isinstance(leaf, KerasTensor):
                return leaf
            if id(leaf) not in known:
                shape = tuple([rows if size is B else size for size in leaf.spec.shape])
                known[id(leaf)] = trace.input(Spec(shape, leaf.spec.dtype))
                if get_mask(leaf) is not None:
                    set_mask(known[id(leaf)], fill(get_mask(leaf)))
            return known[id(leaf)]

        result = function(
            *nest.map_structure(fill, arguments), **nest.map_structure(fill, keywords)
        )
    leaves = nest.flatten(result)
    for leaf in leaves:
        if not isinstance(leaf, Value):
            raise InvalidArgumentError(
                f"{name} returned {type(leaf).__name__}; in a functional model a layer or an "
                "operation returns tensors"
            )
    return result, leaves


def spec_of_shape(shape: Any, dtype: Any) -> Spec:
    """The type of a batch of `shape`, whose None is the batch."""
    if any(dim is None for dim in shape[1:]):
        raise InvalidArgumentError(
            f"only the batch size may be None; got shape {tuple(shape)}. A dense network needs to "
            "know the other sizes."
        )
    return Spec(tuple(B if dim is None else int(dim) for dim in shape), numpy_dtype(dtype))


def output_shape(layer: Any, *shapes: Any, **named: Any) -> Any:
    """The shape of what `layer` gives for inputs of `shapes`."""

    def symbol(shape: Any) -> Any:
        if isinstance(shape, dict):
            return {key: symbol(value) for key, value in shape.items()}
        if isinstance(shape, (list, tuple)) and any(
            isinstance(item, (list, tuple)) for item in shape
        ):
            return type(shape)(symbol(item) for item in shape)
        return KerasTensor(spec_of_shape(tuple(shape), layer.compute_dtype))

    arguments = tuple(symbol(shape) for shape in (*shapes, *named.values()))
    if not layer.built:
        layer._build_on(arguments, {})
    structure, specs = trace_call(layer, arguments, {})
    found = [tuple(None if dim is B else dim for dim in spec.shape) for spec in specs]
    return nest.pack_sequence_as(structure, found) if nest.is_nested(structure) else found[0]
