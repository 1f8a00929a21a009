"""Functions on elements: traced once where that can be, else run as Python each time."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..backends.base import interpret_graph
from ..core import nest
from ..core.errors import InvalidArgumentError
from ..core.shapes import B
from ..ir.bind import new_value
from ..ir.graph import Graph
from ..ir.value import Spec
from ..ops.random_state import ByThread, branch, drawing
from ..tensor.convert import to_tensor
from ..tensor.program import Program
from ..tensor.spec import TensorSpec
from .node import Node
from .rows import Rows
from .structure import DatasetSpec, is_dataset, normalize, rebuild, to_tensors
from .vectorizing import over_rows, rows_apart

AUTOTUNE = -1


class ElementFunction:
    """A function of an element; the parts of a tuple are its arguments.

    Traced, Python code runs once, as in TensorFlow; a function that cannot be traced (it needs
    values, or works on texts) runs as Python for each element.
    """

    def __init__(self, function: Callable[..., Any], spec: Callable[[], Any]) -> None:
        self.function = function
        self._program: Program | None = None
        self._whole: tuple[Graph | None, Callable[[Any], Any]] | None = None
        self._open: list[tuple[int, int]] = []  # inputs and axes that a program takes as one size
        try:
            self._program = self._trace(spec())
        except Exception:  # then its error, if it is one, comes when it runs
            self._program = None

    @property
    def is_traced(self) -> bool:
        """Whether it runs as a program."""
        return self._program is not None

    @property
    def depends_on_order(self) -> bool:
        """Whether it writes variables, as generators of random numbers do, that calls share."""
        written = () if self._program is None else self._program.written
        return not all(isinstance(variable, ByThread) for variable in written)

    def values_read(self) -> tuple[Any, ...]:
        """What its results depend on besides the element: the values of variables."""
        program = self._program
        return () if program is None else tuple(v.array for v in program.source_values())

    @property
    def spec(self) -> Any:
        """The type of its results; None where only running it tells."""
        if self._program is None:
            return None
        specs = self._program.graph.output_specs[: self._program.tensor_count]
        found = [TensorSpec([None if n is B else n for n in s.shape], s.dtype) for s in specs]
        return nest.pack_sequence_as(self._program.structure, found)

    def of_all_rows(self, *, batched: bool) -> Callable[[Any], Any] | None:
        """The function of whole columns, each row by itself; None where there is no such thing.

        `batched`: it is a function of batches.
        """
        program = self._program
        if program is None or program.written:
            return None
        if self._whole is None:
            graph, own = program.graph, len(program.graph.inputs) - len(program.sources)
            if batched:
                found = graph if rows_apart(graph, own) else None
            else:
                found = over_rows(graph, own)
            self._whole = found, self._run_whole
        return None if self._whole[0] is None else self._whole[1]

    def _run_whole(self, element: Any) -> Any:
        program, whole = self._program, self._whole
        assert program is not None and whole is not None and whole[0] is not None
        sources = [value.array for value in program.source_values()]
        arrays = interpret_graph(whole[0])([*nest.flatten(element), *sources])  # type: ignore[list-item]
        return nest.map_structure(
            lambda tensor: tensor.array, program.rebuild([new_value(a) for a in arrays])
        )

    def _trace(self, spec: Any) -> Program | None:
        leaves = nest.flatten(spec)
        specs = [one for one in map(_symbolic, leaves) if one is not None]
        if len(specs) < len(leaves):
            return None
        sizes = ((i, axis, n) for i, one in enumerate(specs) for axis, n in enumerate(one.shape))
        self._open = [(i, axis) for i, axis, n in sizes if n is B]

        def run(*symbols: Any) -> Any:
            return _results(parts(self._call(nest.pack_sequence_as(spec, symbols))))

        name = getattr(self.function, "__name__", "function").strip("<>")
        return Program(name, run, specs, eager=True)

    def _call(self, element: Any) -> Any:
        if isinstance(element, tuple):
            return self.function(*element)
        return self.function(element)

    def __call__(self, element: Any) -> Any:
        """The result as arrays."""
        program, leaves = self._program, nest.flatten(element)
        if program is None or len({leaves[i].shape[axis] for i, axis in self._open}) > 1:
            found = as_tensors(parts(self._call(to_tensors(element))))
            return normalize(found, "the result of map")
        found = program.run([new_value(leaf) for leaf in leaves])
        return nest.map_structure(lambda tensor: tensor.array, found)


def _symbolic(spec: Any) -> Spec | None:
    """What a symbol of this type is traced with; None where there is none."""
    if isinstance(spec, DatasetSpec) or spec.shape.rank is None:
        return None
    if spec.dtype.dtype.kind not in "fiub":
        return None
    return spec.symbolic()  # type: ignore[no-any-return]


def _results(value: Any) -> Any:
    """What a traced function returned, as tensors in tuples and dicts."""
    if isinstance(value, dict):
        return {key: _results(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return rebuild(value, [_results(item) for item in value])
    if value is None or is_dataset(value):
        raise InvalidArgumentError("not a tensor")
    return to_tensor(value)


def parts(value: Any) -> Any:
    """What a function returned: a list is a tuple of parts, which need not have one shape."""
    return tuple(value) if isinstance(value, list) else value


def as_tensors(value: Any) -> Any:
    """Lists of tensors stacked, as they are where a function returns them."""
    if isinstance(value, dict):
        return {key: as_tensors(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return rebuild(value, [as_tensors(item) for item in value])
    return to_tensor(value) if isinstance(value, list) else value


class Map(Node):
    """`function` of each element, by several threads where that is asked for and pays."""

    def __init__(
        self, node: Node, function: Callable[..., Any], parallel: int | None, in_order: bool
    ) -> None:
        self.node = node
        self.apply = ElementFunction(function, lambda: node.spec)
        super().__init__(self.apply.spec)
        self.in_order = in_order
        threads = _threads(parallel, self.apply.is_traced)
        self.threads = 1 if self.apply.depends_on_order else threads

    def length(self) -> int:
        return self.node.length()

    def rows(self) -> Rows | None:
        rows = self.node.rows()
        if rows is None:
            return None
        function = self.apply.of_all_rows(batched=rows.size is not None)
        return None if function is None else rows.map(function, self.apply.values_read)

    def produce(self) -> Iterator[Any]:
        if self.threads < 2:
            return map(self.apply, self.node.elements())
        return in_parallel(self.apply, self.node.elements(), self.threads, self.in_order)


def _threads(parallel: int | None, is_traced: bool) -> int:
    """How many threads run a function; what computes holds the interpreter lock anyway."""
    if parallel is None:
        return 1
    if parallel == AUTOTUNE:
        return 1 if is_traced else max(2, os.cpu_count() or 2)
    if parallel < 1:
        raise InvalidArgumentError(
            f"num_parallel_calls is a positive integer or tf.data.AUTOTUNE; got {parallel}"
        )
    return parallel


def in_parallel(
    function: Callable[[Any], Any], items: Iterator[Any], threads: int, in_order: bool
) -> Iterator[Any]:
    """`function` of the items by several threads; in the order of the items, or of being ready."""
    from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

    pool = ThreadPoolExecutor(threads)
    waiting: deque[Any] = deque()
    seeds = branch()

    def apply(number: int, item: Any) -> Any:
        with drawing((*seeds, number)):
            return function(item)

    def take() -> Any:
        if not in_order:
            done = wait(waiting, return_when=FIRST_COMPLETED).done
            first = next(future for future in waiting if future in done)
            waiting.remove(first)
            return first.result()
        return waiting.popleft().result()

    try:
        for number, item in enumerate(items):
            waiting.append(pool.submit(apply, number, item))
            if len(waiting) >= threads:
                yield take()
        while waiting:
            yield take()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


class Filter(Node):
    """The elements for which a function is true; up to the first for which it is not."""

    def __init__(self, node: Node, function: Callable[..., Any], up_to: bool = False) -> None:
        super().__init__()
        self.node = node
        self.test = ElementFunction(function, lambda: node.spec)
        self.up_to = up_to
        if self.test.spec is not None:
            self._check(self.test.spec)

    @property
    def spec(self) -> Any:
        return self.node.spec

    def produce(self) -> Iterator[Any]:
        for element in self.node.elements():
            found = self.test(element)
            self._check(found)
            if found:
                yield element
            elif self.up_to:
                return

    def _check(self, found: Any) -> None:
        if nest.is_nested(found) or len(found.shape) or found.dtype != np.bool_:
            raise InvalidArgumentError(
                f"a predicate gives one boolean for each element; got {found!r:.80}"
            )


class Flat(Node):
    """The elements of the datasets that a function makes of the elements, one after the other."""

    def __init__(self, node: Node, function: Callable[..., Any], what: str = "flat_map") -> None:
        super().__init__()
        self.node = node
        self.function = function
        self.what = what

    @property
    def spec(self) -> Any:
        for node in self.datasets():
            return node.spec
        return super().spec

    def datasets(self) -> Iterator[Node]:
        """The nodes of the datasets."""
        for element in self.node.elements():
            given = to_tensors(element)
            found = self.function(*given) if isinstance(given, tuple) else self.function(given)
            if not is_dataset(found):
                raise InvalidArgumentError(
                    f"the function of {self.what} returns a tf.data.Dataset for each element; "
                    f"got {type(found).__name__}"
                )
            yield found.__lamina_node__()

    def produce(self) -> Iterator[Any]:
        for node in self.datasets():
            yield from node.elements()


class Interleaved(Flat):
    """`block` elements of each of `cycle` datasets in turn."""

    def __init__(
        self,
        node: Node,
        function: Callable[..., Any],
        cycle: int,
        block: int,
        read: Callable[[Node], Iterator[Any]],
    ) -> None:
        super().__init__(node, function, "interleave")
        self.cycle, self.block, self.read = cycle, block, read

    def produce(self) -> Iterator[Any]:
        coming = self.datasets()
        running: list[Iterator[Any] | None] = []
        while True:
            while len(running) < self.cycle and (node := next(coming, None)) is not None:
                running.append(self.read(node))
            if not any(iterator is not None for iterator in running):
                return
            for place, iterator in enumerate(running):
                if iterator is None:
                    continue
                for _ in range(self.block):
                    try:
                        yield next(iterator)
                    except StopIteration:
                        node = next(coming, None)
                        running[place] = None if node is None else self.read(node)
                        break


class Scan(Node):
    """`(state, output) = function(state, element)`; the outputs."""

    def __init__(self, node: Node, start: Any, function: Callable[..., Any]) -> None:
        super().__init__()
        self.node, self.start, self.function = node, start, function

    def length(self) -> int:
        return self.node.length()

    def produce(self) -> Iterator[Any]:
        state = self.start
        for element in self.node.elements():
            found = parts(self.function(to_tensors(state), to_tensors(element)))
            if not isinstance(found, tuple) or len(found) != 2:
                raise InvalidArgumentError(
                    f"the function of scan returns (new state, output); got {found!r:.80}"
                )
            state, output = (normalize(as_tensors(part), "the result of scan") for part in found)
            yield output


class Tolerant(Node):
    """What a function gives, without the elements for which it fails."""

    def __init__(self, node: Map, log: bool) -> None:
        super().__init__()
        self.node, self.log = node, log

    @property
    def spec(self) -> Any:
        return self.node.spec

    def produce(self) -> Iterator[Any]:
        for element in self.node.node.elements():
            try:
                found = self.node.apply(element)
            except Exception as error:
                if self.log:
                    import logging

                    logging.getLogger("lamina").warning("an element was left out: %s", error)
                continue
            yield found
