"""Loops as nodes of the graph: what they carry from turn to turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ...core import nest
from ...core.callers import user_line
from ...core.dtypes import INT32
from ...core.errors import AutographError, InvalidArgumentError
from ...core.shapes import B
from ...ir.value import Spec
from ...prims import control
from ...prims import elementwise as prim
from ...prims.broadcast import fill
from ..branches import Part, bind_dataset_loop, bind_loop, truth
from ..convert import to_tensor
from ..spec import TensorSpec
from ..variable import Variable
from .merging import UNSET, Layout, as_dtypes, as_tensors, common_dtype, zeros_like
from .runtime import (
    CONTINUE,
    RETURNED,
    Body,
    Names,
    Scope,
    Way,
    code_of,
    equals,
    narrowed,
    refill,
    region,
)

_ROUNDS = 8  # in which the types of a loop's variables must settle


class Options:
    """What `set_loop_options` said inside the loop that is being traced."""

    def __init__(self) -> None:
        self.limit: Any = None


_OPTIONS: list[Options] = []


def set_loop_options(
    parallel_iterations: Any = None,
    swap_memory: Any = None,
    maximum_iterations: Any = None,
    shape_invariants: Any = None,
) -> None:
    """Options of the loop whose body calls this first.

    A limit of turns is kept. Loop variables keep their shapes but for the batch, whatever
    `shape_invariants` allow; the rest is advice for devices that lamina has not.
    """
    if _OPTIONS:
        _OPTIONS[-1].limit = maximum_iterations


class Loop:
    """One loop of the graph: its variables, which may begin without a value."""

    def __init__(
        self, scope: Scope, test: Body, body: Body, after: Names, *, sure: bool = False
    ) -> None:
        self.scope = scope
        self.test = test
        self.body = body
        self.line = user_line()
        self.lead: list[Spec] = []  # what each turn is given besides the variables
        self.start = scope.values()
        self.lists: list[int] = []  # ids of the lists and dicts whose items change
        self._limit: Any = None
        unset = [name for name in scope.live if scope.get(name) is UNSET]
        self._doubtful = [] if sure else [n for n in unset if n in after and n != RETURNED]

    def run(self, code: Any, counter: Sequence[Any]) -> Any:
        """The code after the last turn; the variables are set."""
        if self._doubtful and not counter:
            counter = (fill((), 0, INT32),)
            test, body = self.test, self.body
            self.test, self.body = lambda _: test(), lambda *given: body(*given[:-1])
        self.code, self.coded, self.counter = code, isinstance(code, Way), counter
        self.possible = code.possible if self.coded else frozenset((0,))
        for _ in range(_ROUNDS):
            try:
                done = self._trial()
            finally:
                self.scope.restore()
            if done is not None:
                return self._bind(*done)
        raise AutographError(f"{self.line}: the types of a loop's variables never settle")

    def _labels(self) -> list[str]:
        names = ["what is returned" if n == RETURNED else n for n in self.scope.live]
        return [f"{self.line}: {name}" for name in [*names, *["a list"] * len(self.lists)]]

    def _trial(self) -> tuple[Layout, list[Any], Part, Part, list[list[Any]]] | None:
        """Trace a turn; None where the next trial has more to carry or other types."""
        layout = Layout([*self.start, *(self.scope.original(key)[1] for key in self.lists)])
        leaves = as_tensors(layout.leaves)
        given = self.code.tensor if isinstance(self.code, Way) else fill((), self.code, INT32)
        first = [*self.counter, *([given] if self.coded else [])]
        specs = [value.spec for value in (*first, *leaves)]
        test, body = Part("condition", specs), Part("body", [*self.lead, *specs])
        lead, own = len(self.lead), len(first)
        extra = len(self.counter)
        self._enter(layout, body.symbols[lead + own :])
        options = Options()
        _OPTIONS.append(options)
        try:
            with region("a loop"):
                code = code_of(body.run(self.body, *body.symbols[: lead + extra]))
        finally:
            _OPTIONS.pop()
        self._limit = options.limit
        outputs = self._turn_results(layout, leaves, body, code)
        if outputs is None:
            return None
        self._enter(layout, test.symbols[own:])
        with region("the condition of a loop"):
            holds = test.run(lambda: truth(self.test(*test.symbols[:extra])))
            if self.coded:
                go = test.run(equals, Way(test.symbols[extra], self.possible), 0)
                holds = test.run(prim.bitwise_and, go, holds)
        return layout, [*first, *leaves], test, body, [[holds], outputs]

    def _enter(self, layout: Layout, symbols: Sequence[Any]) -> None:
        """Let the variables and lists hold the symbols of a trace."""
        self.scope.restore()
        values = layout.rebuild(symbols)
        self.scope.assign(values[: len(self.start)])
        for key, content in zip(self.lists, values[len(self.start) :], strict=True):
            refill(self.scope.original(key)[0], content)

    def _turn_results(
        self, layout: Layout, leaves: list[Any], body: Part, code: Any
    ) -> list[Any] | None:
        """What a turn hands to the next one; None where the loop must be traced anew."""
        scope = self.scope
        values, changed = scope.values(), scope.changed(sized=True)
        again = set(changed) - set(self.lists)
        self.lists += sorted(again)
        if code == CONTINUE:
            code = 0
        elif isinstance(code, Way):
            code = body.run(code.replaced, CONTINUE, 0)
        possible = code.possible if isinstance(code, Way) else frozenset((code,))
        self.possible |= possible
        if not self.coded and possible != {0}:
            self.coded = True
            again.add(0)
        for place, (old, new) in enumerate(zip(self.start, values, strict=True)):
            fresh = _start_like(old, new)
            if fresh is not old:
                self.start[place] = fresh
                again.add(0)
        if again:
            return None
        found = layout.collect([*values, *(changed[key] for key in self.lists)], self._labels())
        if not self._same_types(layout, leaves, found, body):
            return None
        dtypes = [leaf.spec.dtype for leaf in leaves]
        results: list[Any] = body.run(as_dtypes, found, dtypes)
        if self.coded:
            given = code.tensor if isinstance(code, Way) else fill((), code, INT32)
            results.insert(0, given)
        if self.counter:
            number = body.symbols[len(self.lead)]
            results.insert(0, body.run(prim.add, number, fill((), 1, INT32)))
        return results

    def _same_types(self, layout: Layout, leaves: list[Any], found: list[Any], body: Part) -> bool:
        """Whether the variables keep their types; else they begin with wider ones."""
        wider = list(layout.leaves)
        tensors = body.run(as_tensors, found)
        for place, (old, new) in enumerate(zip(leaves, tensors, strict=True)):
            if old.spec.shape != new.spec.shape:
                raise AutographError(
                    f"{self.line}: a variable of the loop has shape {old.shape}, then {new.shape}"
                )
            have = old.spec.dtype
            dtype = common_dtype(layout.leaves[place], found[place], have, new.spec.dtype)
            if dtype != have:
                wider[place] = as_dtypes([layout.leaves[place]], [dtype])[0]
        if all(a is b for a, b in zip(wider, layout.leaves, strict=True)):
            return True
        self.start = layout.rebuild(wider)[: len(self.start)]
        return False

    def _as_node(
        self, test: Part, body: Part, outputs: list[list[Any]], leaves: list[Any]
    ) -> list[Any]:
        return bind_loop(test, body, outputs, leaves, self._limit)

    def _bind(
        self,
        layout: Layout,
        leaves: list[Any],
        test: Part,
        body: Part,
        outputs: list[list[Any]],
    ) -> Any:
        """The loop as a node; its results in the variables."""
        with region("a loop"):
            found = self._as_node(test, body, outputs, leaves)
        extra = len(self.counter)
        if self._doubtful:
            zero = fill((), 0, INT32)
            names = " and ".join(self._doubtful)
            text = f"{self.line}: {names} has no value, as the loop made no turn"
            found[1:] = control.check(prim.less(zero, found[0]), found[1:], text)
        self._enter(layout, found[extra + self.coded :])
        return narrowed(found[extra], self.possible) if self.coded else 0


def _start_like(old: Any, new: Any) -> Any:
    """What a variable begins with, where a turn gives it another structure."""
    if old is UNSET and new is not UNSET:
        return zeros_like(new)
    if isinstance(old, Variable) and old is not new:
        return old.read_value()
    grown = getattr(old, "__lamina_grown__", None)
    return old if grown is None else grown(new)


def is_dataset(source: Any) -> bool:
    """Whether it gives structures of tensors of known types, each time anew."""
    return hasattr(source, "element_spec") and hasattr(type(source), "__iter__")


class DatasetLoop(Loop):
    """A loop over a dataset: Python takes the elements, the program works on each."""

    def __init__(self, scope: Scope, body: Body, after: Names, source: Any) -> None:
        structure = source.element_spec
        specs = self._specs(source, nest.flatten([structure]))

        def turn(*given: Any) -> Any:
            return body(nest.pack_sequence_as([structure], given)[0])

        super().__init__(scope, lambda: True, turn, after)
        self.lead = specs
        self.source = source

    def _specs(self, source: Any, leaves: list[Any]) -> list[Spec]:
        """The types of an element; of unknown rank that of the first one, of any number of rows."""
        found = [leaf.symbolic() if isinstance(leaf, TensorSpec) else None for leaf in leaves]
        unknown = [
            place
            for place, leaf in enumerate(leaves)
            if isinstance(leaf, TensorSpec) and leaf.shape.rank is None
        ]
        if unknown and isinstance(source, Iterator):
            unknown = []  # its first element would be lost
        first = next(iter(source), None) if unknown else None
        if first is not None:
            for place in unknown:
                spec = to_tensor(nest.flatten([first])[place]).spec
                shape = (B, *spec.shape[1:]) if spec.shape else ()
                found[place] = Spec(shape, spec.dtype)
        if None in found:
            leaf = leaves[found.index(None)]
            raise AutographError(
                f"{user_line()}: a loop over a dataset of {leaf!r}, whose sizes are not known"
            )
        return found  # type: ignore[return-value]

    def _elements(self) -> Iterator[list[Any]]:
        """The arrays of each element."""
        for element in self.source:
            arrays = [to_tensor(leaf).array for leaf in nest.flatten([element])]
            for array, spec in zip(arrays, self.lead, strict=True):
                if not _fits(array, spec):
                    raise InvalidArgumentError(
                        f"{self.line}: a loop over a dataset of {spec!r} got an element of shape "
                        f"{array.shape}"
                    )
            yield arrays

    def _as_node(
        self, test: Part, body: Part, outputs: list[list[Any]], leaves: list[Any]
    ) -> list[Any]:
        stop = len(self.counter) if self.coded else None
        return bind_dataset_loop(body, outputs[1], leaves, self._elements, len(self.lead), stop)


def _fits(array: Any, spec: Spec) -> bool:
    pairs = zip(array.shape, spec.shape, strict=False)
    return len(array.shape) == len(spec.shape) and all(b is B or a == b for a, b in pairs)


def next_element(iterator: Any) -> Any:
    """The next element of `iterator`, taken when the program runs; OutOfRangeError at the end."""
    structure = iterator.element_spec
    specs = [leaf.symbolic() for leaf in nest.flatten([structure])]
    if any(spec is None or B in spec.shape for spec in specs):
        raise AutographError(
            f"{user_line()}: next() of a dataset of {structure!r}, whose sizes are not known"
        )

    def take() -> list[Any]:
        return [to_tensor(leaf).array for leaf in nest.flatten([iterator.get_next()])]

    return nest.pack_sequence_as([structure], control.produce(tuple(specs), take))[0]
