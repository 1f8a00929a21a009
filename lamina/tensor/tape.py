"""GradientTape: what was computed, remembered, and differentiated backwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..core import nest
from ..core.callers import warn
from ..core.errors import FailedPreconditionError, InvalidArgumentError, SymbolicShapeError
from ..core.shapes import broadcast_shapes, element_count
from ..ir.bind import STATE, bind, quiet
from ..ir.primitive import PRIMITIVES
from ..ir.reverse import backpropagate, is_differentiable, ones_like
from ..ir.value import Node, Value
from ..prims.broadcast import broadcast, fill_like, reshape
from ..prims.layout import concatenate, pad
from . import backward
from .convert import to_tensor
from .variable import Variable


class UnconnectedGradients:
    """What a gradient is where nothing flows: None or zeros."""

    NONE = "none"
    ZERO = "zero"


class GradientTape:
    """Records operations for automatic differentiation.

    Trainable variables are followed by themselves, tensors after `watch`. Without
    `persistent=True`, `gradient` can be called once.

    Example:
        x = tf.constant(3.0)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        tape.gradient(y, x)  # 6.0
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._follow_variables = watch_accessed_variables
        self._recording = False
        self._used = False
        self._trace: Any = None
        self._clear()

    def _clear(self) -> None:
        self._nodes: list[Node] = []
        self.watched: dict[int, Any] = {}  # ids of followed values; the values stay alive
        self._reads: dict[int, tuple[Variable, list[Value]]] = {}

    def __enter__(self) -> GradientTape:
        if self._recording:
            raise FailedPreconditionError("this GradientTape is recording already")
        if self._used and not self._persistent:
            self._clear()
        self._used = False
        self._start()
        return self

    def __exit__(self, *_: Any) -> None:
        if self._recording:
            self._stop()

    def _start(self) -> None:
        self._recording = True
        STATE.recorders = (*STATE.recorders, self)

    def _stop(self) -> None:
        self._recording = False
        STATE.recorders = tuple([tape for tape in STATE.recorders if tape is not self])

    # What `bind` and variables tell

    def record(self, node: Node) -> None:
        """Keep `node`, which depends on something that is followed."""
        self._nodes.append(node)
        for output in node.outputs:
            self.watched[id(output)] = output

    def read(self, variable: Variable, value: Value) -> None:
        """A variable was read."""
        key = id(variable)
        if key not in self._reads:
            if not (self._follow_variables and variable._trainable):
                return
            self._reads[key] = variable, []
        values = self._reads[key][1]
        for known in values:
            if known is value:
                return
        values.append(value)
        self.watched[id(value)] = value

    # What users call

    def watch(self, tensor: Any) -> None:
        """Follow `tensor` (or each of a structure of tensors and variables)."""
        for leaf in nest.flatten(tensor):
            if isinstance(leaf, Variable):
                self._reads.setdefault(id(leaf), (leaf, []))
                continue
            if not isinstance(leaf, Value):
                raise InvalidArgumentError(
                    f"watch expects tensors or variables; got {type(leaf).__name__}. Make a tensor "
                    "of it first (tf.constant), and compute with that."
                )
            if not is_differentiable(leaf.spec):
                warn(
                    "only floating-point tensors have gradients; the gradient by this tensor of "
                    f"dtype {leaf.spec.dtype.name} will be None. Make it of floats, e.g. 10.0."
                )
                continue
            self.watched[id(leaf)] = leaf

    def watched_variables(self) -> tuple[Variable, ...]:
        """The variables that were followed, in the order of their first use."""
        return tuple(variable for variable, _ in self._reads.values())

    def reset(self) -> None:
        """Forget everything recorded."""
        self._clear()
        self._used = False

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Operations that the tape does not see."""
        if not self._recording:
            raise FailedPreconditionError("stop_recording needs a tape that is recording")
        self._stop()
        try:
            yield
        finally:
            self._start()

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: str = UnconnectedGradients.NONE,
    ) -> Any:
        """d(sum of target) / d(sources), in the structure of `sources`.

        `output_gradients` weigh the elements of the targets in place of ones. A source that the
        target does not depend on has the gradient None, or zeros with
        `unconnected_gradients="zero"`.
        """
        self._check_use(unconnected_gradients)
        if self._recording and not self._persistent:
            self._stop()
        targets = [self._as_target(leaf) for leaf in nest.flatten(target)]
        leaves = nest.flatten(sources)
        values = [self._source_values(leaf) for leaf in leaves]
        with quiet():
            found = None
            if output_gradients is None:
                found = backward.gradients(self._nodes, targets, values, _gradients)
            if found is None:
                found = _gradients(self._nodes, targets, values, output_gradients)
        if not self._persistent:
            self._finish()
        if unconnected_gradients == UnconnectedGradients.ZERO:
            found = [
                fill_like(to_tensor(leaf), 0) if gradient is None else gradient
                for gradient, leaf in zip(found, leaves, strict=True)
            ]
        return nest.pack_sequence_as(sources, found) if nest.is_nested(sources) else found[0]

    def _finish(self) -> None:
        self._used = True
        self._nodes, self.watched = [], {}
        self._reads = {key: (variable, []) for key, (variable, _) in self._reads.items()}

    def _check_use(self, unconnected: str) -> None:
        if self._used:
            raise FailedPreconditionError(
                "gradient was called on this tape already; make it with "
                "tf.GradientTape(persistent=True) to call it more than once"
            )
        if unconnected not in (UnconnectedGradients.NONE, UnconnectedGradients.ZERO):
            raise InvalidArgumentError(
                f"unconnected_gradients is 'none' or 'zero'; got {unconnected!r}"
            )

    def _as_target(self, leaf: Any) -> Any:
        if isinstance(leaf, Variable):
            values = self._reads.get(id(leaf), (leaf, []))[1]
            if values:
                return values[-1]
            value = leaf.read_value()
            self.read(leaf, value)  # a variable that nothing read still depends on itself
            return value
        if not isinstance(leaf, Value):
            raise InvalidArgumentError(
                f"gradient expects a tensor as its target; got {type(leaf).__name__}"
            )
        return leaf

    def _source_values(self, leaf: Any) -> list[Value]:
        if isinstance(leaf, Variable):
            return self._reads.get(id(leaf), (leaf, []))[1]
        if isinstance(leaf, Value):
            return [leaf] if id(leaf) in self.watched else []
        raise InvalidArgumentError(
            f"gradient expects tensors or variables as sources; got {type(leaf).__name__}"
        )

    def _cotangents_of(self, leaves: list[Any], cotangents: dict[int, Value]) -> list[Any]:
        return _pull_back(self._nodes, cotangents, [self._source_values(leaf) for leaf in leaves])

    def jacobian(
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: str = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """d target / d sources: shape target.shape + source.shape, one backward pass a row."""
        self._check_use(unconnected_gradients)
        self._pause_for_rows()
        target = self._as_target(target)
        leaves = nest.flatten(sources)
        count = _known_count(target)
        rows: list[list[Any]] = []
        with quiet():
            for index in range(count):
                cotangent = _unit(target, index, count)
                rows.append(self._cotangents_of(leaves, {id(target): cotangent}))
            shape = target.spec.shape
            results = [
                _stack_rows([row[place] for row in rows], leaf, shape, unconnected_gradients)
                for place, leaf in enumerate(leaves)
            ]
        self._end_rows()
        return nest.pack_sequence_as(sources, results) if nest.is_nested(sources) else results[0]

    def batch_jacobian(
        self,
        target: Any,
        source: Any,
        unconnected_gradients: str = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The Jacobian of each row of `target` by the same row of `source`.

        Shape (batch, …target, …source). Rows must not depend on other rows.
        """
        self._check_use(unconnected_gradients)
        self._pause_for_rows()
        target = self._as_target(target)
        shape = target.spec.shape
        batch = shape[0] if shape else None
        if not shape or not source.spec.shape or source.spec.shape[0] != batch:
            raise InvalidArgumentError(
                f"batch_jacobian expects a target and a source with the same first size; got "
                f"shapes {shape} and {source.spec.shape}"
            )
        with quiet():
            row = reshape(target, (batch, element_count(shape[1:])))
            width = row.spec.shape[1]
            columns = []
            for index in range(width):
                cotangent = broadcast(_unit_row(row, index, width), row.spec.shape)
                cotangent = reshape(cotangent, shape)
                columns.append(self._cotangents_of([source], {id(target): cotangent})[0])
            result = _stack_columns(columns, source, shape, unconnected_gradients)
        self._end_rows()
        return result

    def _pause_for_rows(self) -> None:
        if self._recording and not self._persistent:
            self._stop()

    def _end_rows(self) -> None:
        if not self._persistent:
            self._finish()


def _gradients(
    nodes: Sequence[Node],
    targets: Sequence[Any],
    sources: Sequence[Sequence[Value]],
    weights: Any = None,
) -> list[Any]:
    """The gradient of the targets' (weighted) sum by each source, which was read as given."""
    return _pull_back(nodes, _start_cotangents(targets, weights), sources)


def _pull_back(
    nodes: Sequence[Node], cotangents: dict[int, Value], sources: Sequence[Sequence[Value]]
) -> list[Any]:
    found = backpropagate(nodes, cotangents, [value for each in sources for value in each])
    results = []
    for each in sources:
        parts = [found[id(value)] for value in each if id(value) in found]
        total = parts[0] if parts else None
        for part in parts[1:]:
            total = bind(PRIMITIVES["add"], total, part)
        results.append(total)
    return results


def _start_cotangents(targets: Sequence[Any], given: Any) -> dict[int, Value]:
    """The cotangents of the targets by id: ones, or what the caller gives."""
    weights = [None] * len(targets) if given is None else nest.flatten(given)
    if len(weights) != len(targets):
        raise InvalidArgumentError(
            f"{len(weights)} output_gradients were given for {len(targets)} targets"
        )
    cotangents: dict[int, Value] = {}
    for target, weight in zip(targets, weights, strict=True):
        if not is_differentiable(target.spec):
            continue
        if weight is None:
            cotangent = ones_like(target)
        else:
            cotangent = to_tensor(weight)
            if cotangent.spec.dtype != target.spec.dtype:
                cotangent = bind(PRIMITIVES["cast"], cotangent, dtype=target.spec.dtype)
            cotangent = _fitted(cotangent, target.spec.shape)
        key = id(target)
        known = cotangents.get(key)
        cotangents[key] = cotangent if known is None else bind(PRIMITIVES["add"], known, cotangent)
    return cotangents


def _fitted(weight: Any, shape: Any) -> Any:
    """The weights of a target's elements in its shape."""
    try:
        fits = broadcast_shapes(weight.spec.shape, shape) == shape
    except InvalidArgumentError:
        fits = False
    if not fits:
        raise InvalidArgumentError(
            f"output_gradients of shape {weight.spec.shape} do not fit a target of shape {shape}"
        )
    return broadcast(weight, shape)


def _known_count(target: Any) -> int:
    try:
        return element_count(target.spec.shape)
    except SymbolicShapeError:
        raise SymbolicShapeError(
            "jacobian of a target with a batch of unknown size; use batch_jacobian"
        ) from None


def _unit(target: Any, index: int, count: int) -> Any:
    """One at place `index` of the flattened target, zeros elsewhere."""
    one = reshape(_one_like(target), (1,))
    return reshape(pad(one, (index,), (count - index - 1,), (0,)), target.spec.shape)


def _unit_row(row: Any, index: int, width: int) -> Any:
    one = reshape(_one_like(row), (1, 1))
    return pad(one, (0, index), (0, width - index - 1), (0, 0))


def _one_like(value: Any) -> Any:
    return bind(PRIMITIVES["fill"], shape=(), value=1, dtype=value.spec.dtype)


def _stack_rows(rows: list[Any], leaf: Any, shape: Any, unconnected: str) -> Any:
    value = to_tensor(leaf)
    if all(row is None for row in rows) and unconnected == UnconnectedGradients.NONE:
        return None
    filled = [fill_like(value, 0) if row is None else row for row in rows]
    source_shape = value.spec.shape
    joined = concatenate([reshape(row, (1, *source_shape)) for row in filled], 0)
    return reshape(joined, (*shape, *source_shape))


def _stack_columns(columns: list[Any], source: Any, shape: Any, unconnected: str) -> Any:
    if all(column is None for column in columns) and unconnected == UnconnectedGradients.NONE:
        return None
    batch, *inner = source.spec.shape
    filled = [fill_like(source, 0) if column is None else column for column in columns]
    joined = concatenate([reshape(column, (batch, 1, *inner)) for column in filled], 1)
    return reshape(joined, (batch, *shape[1:], *inner))
