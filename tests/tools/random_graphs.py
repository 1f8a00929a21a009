"""Random graphs over all primitives, arrays for them, and failing graphs made small.

A graph grows node by node beside a sample of its values, so that most of what it computes is
finite. What jumps (comparisons, rounding, sorting) is applied only to values that every backend
computes to the last bit, so that results differ by rounding alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lamina.core.errors import OpError
from lamina.core.shapes import B
from lamina.ir.bind import new_value, quiet
from lamina.ir.graph import Graph, Trace, tracing
from lamina.ir.reverse import differentiate, is_differentiable
from lamina.ir.value import Node, Spec, Value
from lamina.prims import broadcast, elementwise
from tests.tools import random_operations, random_programs

OPERATIONS = {**random_operations.OPERATIONS, **random_programs.OPERATIONS}

SAMPLE_ROWS = 5
LIMIT = 1e3  # magnitude of samples
WILD = (np.inf, -np.inf, np.nan)  # numbers that operations must pass on as NumPy does
STRANGE = (*WILD, 0.0, -0.0, 1e-40, -3e-39)
WIDTHS = (1, 2, 3, 5, 7, 8, 16, 17, 33)
DTYPES = ("float32",) * 6 + ("float64",) * 2 + ("int32",) * 2 + ("int64", "bool", "uint32")

# Equal in all bits wherever their inputs are.
EXACT = frozenset(
    (
        *("add", "subtract", "multiply", "divide", "negative", "absolute", "sqrt", "maximum"),
        *("minimum", "select", "cast", "fill", "iota", "broadcast", "reshape", "dimension"),
        *("transpose", "slice", "pad", "concatenate", "reverse", "gather", "take_along"),
        *("reduce_max", "reduce_min", "stop_gradient", "check", "observe"),
    )
)
# A small difference of what they read may be a large one of what they give.
JUMPING = frozenset(
    (
        *("floor", "ceil", "round_even", "sign", "equal", "less", "less_equal", "floor_divide"),
        *("remainder", "argmax", "argmin", "argsort", "search", "is_finite"),
    )
)


class Sketch:
    """A graph that grows: its trace, the sample of each value, and which are exact."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.trace = Trace(f"random_{seed}")
        self.pool: list[Value] = []
        self.samples: dict[int, Any] = {}
        self.exact: dict[int, bool] = {}
        self.constants: list[Value] = []

    # Choices --------------------------------------------------------------------------------------

    def chance(self, probability: float) -> bool:
        return bool(self.random.random() < probability)

    def choose(self, items: Sequence[Any]) -> Any:
        return items[int(self.random.integers(len(items)))]

    def width(self) -> int:
        return 0 if self.chance(0.01) else int(self.choose(WIDTHS))

    def some(self, fits: Callable[[Spec], bool] = lambda spec: True) -> Any:
        """One of the values that fit, late ones more often; none: an operation that cannot be."""
        found = [value for value in self.pool if fits(value.spec)]
        if not found:
            self.none()
        return found[-1 - int(len(found) * self.random.random() ** 1.5)]

    def none(self) -> Any:
        """Give the operation up."""
        raise Unfit

    def has_batch(self) -> bool:
        """Whether the graph has a batch at all."""
        return any(B in value.spec.shape for value in self.trace.inputs)

    def some_float(self, rank: int | None = None) -> Any:
        return self.some(lambda s: s.dtype.kind == "f" and rank in (None, len(s.shape)))

    def some_integer(self) -> Any:
        return self.some(lambda s: s.dtype.kind in "iu")

    # Values ---------------------------------------------------------------------------------------

    def input(self, shape: tuple[Any, ...], dtype: Any) -> Any:
        value = self.trace.input(Spec(shape, np.dtype(dtype)))
        self.enter(value, self.draw(value.spec, SAMPLE_ROWS), exact=True)
        return value

    def enter(self, value: Value, sample: Any, *, exact: bool) -> None:
        self.samples[id(value)] = sample
        self.exact[id(value)] = exact
        self.pool.append(value)

    def draw(self, spec: Spec, rows: int) -> Any:
        return draw(self.random, spec, rows)

    def like(self, shape: tuple[Any, ...], dtype: Any) -> Any:
        """A value of this type: one that is there, one made from another, an input, a number."""
        spec = Spec(shape, np.dtype(dtype))
        same = [value for value in self.pool if value.spec == spec]
        if same and self.chance(0.6):
            return self.choose(same)
        small = [v for v in self.pool if v.spec.dtype == spec.dtype and _fits(v.spec, spec)]
        if small and self.chance(0.6):
            return broadcast.broadcast(self.choose(small), shape)
        if spec.dtype.kind == "f" and self.chance(0.3):
            near = [v for v in self.pool if v.spec.shape == shape and v.spec.dtype.kind in "fib"]
            if near:
                return elementwise.cast(self.choose(near), spec.dtype)
        if self.chance(0.3):
            return self.input(shape, dtype)
        if B not in shape and self.chance(0.5):
            return self.constant(self.draw(spec, 0))
        return broadcast.fill(shape, self.number(spec.dtype), spec.dtype)

    def constant(self, array: Any) -> Any:
        self.constants.append(new_value(array))  # its id is a key: it must live
        return self.constants[-1]

    def number(self, dtype: Any) -> Any:
        if dtype.kind == "b":
            return self.chance(0.5)
        if dtype.kind == "f":
            return self.choose((0, 1, -1, 2.0, 0.5, -0.25, 3.0, float(self.random.normal())))
        return int(self.random.integers(0, 5))

    # Growing --------------------------------------------------------------------------------------

    def grow(self, count: int) -> None:
        """Add operations until there are `count` nodes."""
        names = list(OPERATIONS)
        for _ in range(20 * count):
            if len(self.trace.nodes) >= count:
                return
            self.attempt(OPERATIONS[self.choose(names)])

    def attempt(self, operation: Callable[[Any], Any]) -> None:
        """Add one operation, unless it cannot be or leaves the range of good numbers."""
        nodes, inputs, pool = len(self.trace.nodes), len(self.trace.inputs), len(self.pool)
        try:
            operation(self)
            good = all(self._sample(node) for node in self.trace.nodes[nodes:])
        except (OpError, Unfit):
            good = False
        if not good:
            del self.trace.nodes[nodes:], self.trace.inputs[inputs:], self.pool[pool:]

    def _sample(self, node: Node) -> bool:
        """Compute a node for the sample; whether it may stay."""
        exact = all(v.array is not None or self.exact[id(v)] for v in node.inputs)
        name = node.primitive.name
        if not exact and (name in JUMPING or (name == "cast" and _is_cut(node))):
            return False
        with quiet():
            results = evaluate(node, self.samples, SAMPLE_ROWS)
        exact = exact and _is_exact(node)
        for value, result in zip(node.outputs, results, strict=True):
            good = result.dtype.kind != "f" or not (np.abs(result) > LIMIT).any()
            if not good or (np.isnan(result).any() and not self.chance(0.05)):
                return False
            self.enter(value, result, exact=exact)
        return True


class Unfit(Exception):
    """There is no value for an operation."""


def _fits(spec: Spec, target: Spec) -> bool:
    """Whether a broadcast leads from one type to the other."""
    offset = len(target.shape) - len(spec.shape)
    return offset >= 0 and all(
        a in (1, b) for a, b in zip(spec.shape, target.shape[offset:], strict=True)
    )


def _is_cut(node: Node) -> bool:
    return node.inputs[0].spec.dtype.kind == "f" and node.params["dtype"].kind != "f"


def draw(random: Any, spec: Spec, rows: int, odd: Sequence[float] = ()) -> Any:
    """An array of this type, with some `odd` numbers in it."""
    shape = tuple(rows if size is B else size for size in spec.shape)
    kind = spec.dtype.kind
    if kind == "b":
        return np.asarray(random.random(shape) < 0.5)
    if kind in "iu":
        return np.asarray(random.integers(0 if kind == "u" else -9, 10, shape), spec.dtype)
    array = np.asarray(random.normal(size=shape), spec.dtype)
    if odd:
        places = random.random(shape) < 0.05
        array = np.where(places, random.choice(odd, shape), array)
    return array.astype(spec.dtype)


def evaluate(node: Node, known: dict[int, Any], rows: int) -> list[Any]:
    """The results of one node as plain blocks."""
    arrays = [known[id(v)] if v.array is None else v.array for v in node.inputs]
    params = {key: _sized(value, rows) for key, value in node.params.items()}
    if node.primitive.name == "matmul":
        turned = [params.pop("transpose_x"), params.pop("transpose_y")]
        pairs = zip(arrays, turned, strict=True)
        arrays = [array.swapaxes(-1, -2) if turn else array for array, turn in pairs]
        params = {"transpose_x": False, "transpose_y": False}
    found = node.primitive.evaluate(*[np.array(array, order="C") for array in arrays], **params)
    return [
        np.array(array, order="C") for array in (found if node.primitive.multiple else (found,))
    ]


def _shaken(array: Any, random: np.random.Generator) -> Any:
    """`array` with other last bits, if it holds floats."""
    if array.dtype.kind != "f":
        return array
    change = random.uniform(-ULPS, ULPS, array.shape) * np.finfo(array.dtype).eps
    return (array * (1 + change)).astype(array.dtype)


def _sized(parameter: Any, rows: int) -> Any:
    if isinstance(parameter, tuple) and B in parameter:
        return tuple(rows if size is B else size for size in parameter)
    return parameter


# Graphs ------------------------------------------------------------------------------------------


def random_graph(seed: int) -> Graph:
    """A graph of 5 to 60 nodes, the same for the same seed."""
    sketch = Sketch(seed)
    random = sketch.random
    with tracing(sketch.trace):
        batched = sketch.chance(0.9)
        if batched:
            _add_inputs(sketch, [(B,), (B, 1), (B, sketch.width()), (B, sketch.width()), (B, 3, 5)])
        _add_inputs(sketch, [(), (sketch.width(),), (sketch.width(), sketch.width())])
        sketch.grow(int(random.integers(5, 61)))
        outputs = _outputs(sketch)
        return sketch.trace.graph(outputs)


def _add_inputs(sketch: Sketch, shapes: list[tuple[Any, ...]]) -> None:
    for number in range(int(sketch.random.integers(1, 4))):
        dtype = "float32" if number == 0 else sketch.choose(DTYPES)
        sketch.input(sketch.choose(shapes), dtype)


def _outputs(sketch: Sketch) -> list[Value]:
    """What nobody reads, some of what is read, at times an input, a constant, one thing twice."""
    read = {id(value) for node in sketch.trace.nodes for value in node.inputs}
    made = [value for node in sketch.trace.nodes for value in node.outputs]
    ends = [value for value in made if id(value) not in read]
    outputs = [*ends[-4:], *[sketch.choose(sketch.pool) for _ in range(2)]]
    if sketch.chance(0.1):
        outputs.append(outputs[0])
    if sketch.chance(0.1):
        outputs.append(broadcast.fill((2,), 0.5, np.dtype("float32")))
    return outputs


def gradient_graph(graph: Graph) -> Graph | None:
    """Cotangents of the float outputs of `graph` to those of its float inputs."""
    wanted = _floats(graph.input_specs)
    given = _floats(graph.output_specs)
    return differentiate(graph, wanted, given) if wanted and given else None


def _floats(specs: Sequence[Spec]) -> tuple[int, ...]:
    return tuple(place for place, spec in enumerate(specs) if is_differentiable(spec))


def random_inputs(graph: Graph, seed: int, rows: int, odd: Sequence[float] = ()) -> list[Any]:
    """Arrays for the inputs of `graph`, with some `odd` numbers in them."""
    random = np.random.default_rng([seed, rows])
    return [draw(random, spec, rows, odd) for spec in graph.input_specs]


def run_plainly(
    graph: Graph, arrays: Sequence[Any], rows: int, noise: np.random.Generator | None = None
) -> list[Any]:
    """The outputs by the NumPy definitions, with every value a plain block of memory."""
    known = dict(zip(map(id, graph.inputs), arrays, strict=True))
    with quiet():
        for node in graph.nodes:
            if noise is None or _is_exact(node):
                results = evaluate(node, known, rows)
            else:
                read = {id(v): _shaken(known[id(v)], noise) for v in node.inputs if v.array is None}
                results = [_shaken(array, noise) for array in evaluate(node, read, rows)]
            known.update(zip(map(id, node.outputs), results, strict=True))
    return [known[id(v)] if v.array is None else v.array for v in graph.outputs]


# Comparing ---------------------------------------------------------------------------------------


def same_bits(first: Any, second: Any) -> bool:
    """Whether two arrays are equal in type and in each bit; any NaN is any other."""
    first, second = np.asarray(first), np.asarray(second)
    if first.shape != second.shape or first.dtype != second.dtype:
        return False
    if first.dtype.kind != "f":
        return bool((first == second).all())
    numbers = ~np.isnan(first)
    same_places = bool((numbers == ~np.isnan(second)).all())
    return same_places and first[numbers].tobytes() == second[numbers].tobytes()


RUNS = 4
ULPS = 4  # by which a function, a sum and what they read may differ
SLACK = 50
LEAST = 16  # ulps of a rounded result that may always differ


def disagreements(
    graph: Graph, arrays: Sequence[Any], rows: int, found: Sequence[Any]
) -> list[int]:
    """Which of the `found` outputs differ by more than rounding from what NumPy gives.

    What rounding does to a result is found by trying: the graph runs some times with noise in the
    last bits of what functions and sums read and give. Where none took part nothing may differ.
    """
    expected = run_plainly(graph, arrays, rows)
    random = np.random.default_rng(0)
    noisy = [run_plainly(graph, arrays, rows, noise=random) for _ in range(RUNS)]
    grains = _grains(graph)
    wrong = []
    for place, (value, wanted) in enumerate(zip(graph.outputs, expected, strict=True)):
        others = [results[place] for results in noisy]
        if not _is_close(np.asarray(found[place]), wanted, others, grains.get(id(value), 0.0)):
            wrong.append(place)
    return wrong


def _grains(graph: Graph) -> dict[int, float]:
    """By ids of values, the coarsest rounding that took part in each: 0 where none did."""
    grains: dict[int, float] = {}
    for node in graph.nodes:
        before = max((grains.get(id(value), 0.0) for value in node.inputs), default=0.0)
        rounds = before > 0 or not _is_exact(node)
        for value in node.outputs:
            dtype = value.spec.dtype
            own = float(np.finfo(dtype).eps) if dtype.kind == "f" and rounds else 0.0
            grains[id(value)] = max(before, own)
    return grains


def _is_exact(node: Node) -> bool:
    """Whether equal inputs give equal results, however they are computed."""
    if node.primitive.name in EXACT | JUMPING:
        return True
    return not any(v.spec.dtype.kind == "f" for v in (*node.inputs, *node.outputs))


def _is_close(found: Any, expected: Any, noisy: Sequence[Any], grain: float) -> bool:
    """Whether types, what is not finite, and numbers within the noise are the same."""
    if found.shape != expected.shape or found.dtype != expected.dtype:
        return False
    if found.dtype.kind != "f":
        return bool((found == expected).all())
    steady = np.isfinite(expected)
    if not np.array_equal(found[~steady], expected[~steady], equal_nan=True):
        return False
    wide = expected[steady].astype(np.float64)
    allowed = np.zeros_like(wide)
    if grain:
        differences = [np.abs(result[steady] - wide) for result in noisy]
        last_bits = LEAST * grain * np.abs(wide) + float(np.finfo(np.float32).tiny)
        allowed = np.fmax(SLACK * np.fmax.reduce(differences), last_bits)
    return bool((np.abs(found[steady] - wide) <= allowed).all())  # False for NaN


# Making failures small ---------------------------------------------------------------------------

Fails = Callable[[Graph, list[Any]], bool]


def shrink(graph: Graph, arrays: Sequence[Any], rows: int, fails: Fails) -> tuple[Graph, list[Any]]:
    """A small part of `graph`, and arrays for it, for which `fails` still holds.

    First the earliest result that shows the failure becomes the only one, then results before it
    become inputs, one by one.
    """
    small, values = graph, list(arrays)
    for value in (v for node in graph.nodes for v in node.outputs):
        candidate = _part(Graph(graph.name, graph.inputs, graph.nodes, [value]), values)
        if fails(*candidate):
            small, values = candidate
            break
    for node in small.nodes[:-1]:
        if not any(node is other for other in small.nodes):
            continue  # gone with an earlier one
        known = run_plainly(Graph("", small.inputs, small.nodes, node.outputs), values, rows)
        rest = [other for other in small.nodes if other is not node]
        cut = Graph(small.name, [*small.inputs, *node.outputs], rest, small.outputs)
        candidate = _part(cut, [*values, *known])
        if fails(*candidate):
            small, values = candidate
    return small, values


def _part(graph: Graph, arrays: Sequence[Any]) -> tuple[Graph, list[Any]]:
    """`graph` without what its outputs do not need; one input keeps the size of the batch."""
    needed = {id(value) for value in graph.outputs}
    nodes = []
    for node in reversed(graph.nodes):
        if any(id(value) in needed for value in node.outputs):
            nodes.append(node)
            needed.update(map(id, node.inputs))
    pairs = list(zip(graph.inputs, arrays, strict=True))
    kept = [pair for pair in pairs if id(pair[0]) in needed]
    if not any(B in value.spec.shape for value, _ in kept):
        kept += [pair for pair in pairs if B in pair[0].spec.shape][:1]
    inputs = [value for value, _ in kept]
    return Graph(graph.name, inputs, nodes[::-1], graph.outputs), [array for _, array in kept]
