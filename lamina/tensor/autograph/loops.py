"""Loops: by Python where they can be, else as `while_loop` of the graph."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from ...core.dtypes import INT32
from ...core.errors import AutographError
from ...ir.bind import STATE
from ...ir.graph import user_line
from ...prims import control
from ...prims import elementwise as prim
from ...prims.broadcast import fill
from ..branches import Part, bind_loop, truth
from ..variable import Variable
from .iterables import Items, Span, items_of
from .merging import UNSET, Layout, as_dtypes, as_tensors, common_dtype, zeros_like
from .runtime import (
    BREAK,
    CONTINUE,
    RETURN,
    RETURNED,
    Body,
    Names,
    Scope,
    Way,
    chain,
    code_of,
    decide,
    equals,
    is_symbolic,
    narrowed,
    refill,
    region,
)

_ROUNDS = 8  # in which the types of a loop's variables must settle
_UNROLLED = 64  # turns that may stand one after the other where a graph has no such loop


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


def while_(
    test: Body, body: Body, orelse: Body | None, written: Names, live: Names, after: Names
) -> Any:
    """A `while`: the code of its end, without `break` and `continue`."""
    code: Any = 0
    while True:
        holds = test()
        if is_symbolic(holds) or isinstance(code, Way):
            scope = Scope((test, body), written, live)
            code = _Loop(scope, test, body, after).run(code, ())
            return _ended(code, orelse, written, live)
        if not holds:
            return 0 if orelse is None else code_of(orelse())
        code = code_of(body())
        if isinstance(code, Way):
            code = code.replaced(CONTINUE, 0)
        elif code in (BREAK, RETURN):
            return RETURN if code == RETURN else 0


def _ended(code: Any, orelse: Body | None, written: Names, live: Names) -> Any:
    """After a loop of the graph: `else`, where no `break` ended it."""
    if orelse is not None:
        code = chain(code, orelse, written, live)
    if isinstance(code, Way):
        return code.replaced(BREAK, 0)
    return RETURN if code == RETURN else 0


def for_(
    source: Any, body: Body, orelse: Body | None, written: Names, live: Names, after: Names
) -> Any:
    """A `for` over Python's iterables, tensors, ranges of tensors and datasets."""
    items = items_of(source) if STATE.trace is not None else None
    if items is None:
        return _by_python(iter(source), body, orelse, written, live, after)
    scope = Scope((body,), written, live)
    if isinstance(items.count, int) and items.count == 0:
        return _ended(0, orelse, written, live)
    try:
        code = _over(items, scope, body, after, 0)
    except AutographError:
        if not isinstance(items.count, int) or items.count > _UNROLLED:
            raise
        scope.restore()
        rows = iter([items.item(fill((), n, INT32)) for n in range(items.count)])
        return _by_python(rows, body, orelse, written, live, after)
    return _ended(code, orelse, written, live)


def _by_python(
    iterator: Iterator[Any],
    body: Body,
    orelse: Body | None,
    written: Names,
    live: Names,
    after: Names,
) -> Any:
    for item in iterator:
        code = code_of(body(item))
        if isinstance(code, Way):
            return _rest(code.replaced(CONTINUE, 0), iterator, body, orelse, written, live, after)
        if code in (BREAK, RETURN):
            return RETURN if code == RETURN else 0
    return 0 if orelse is None else code_of(orelse())


def _rest(
    code: Any,
    iterator: Iterator[Any],
    body: Body,
    orelse: Body | None,
    written: Names,
    live: Names,
    after: Names,
) -> Any:
    """The turns after one of which a tensor tells whether it was the last."""
    scope = Scope((body,), written, live)
    rest = []
    for item in iterator:
        rest.append(item)
        if len(rest) > 1_000_000:
            raise AutographError(
                f"{user_line()}: the end of a loop without an end depends on a tensor"
            )
    steps = {b - a for a, b in itertools.pairwise(rest) if type(a) is type(b) is int}
    if len(rest) > 1 and all(type(item) is int for item in rest) and len(steps) == 1:
        step = steps.pop()
        code = _over(Span(rest[0], rest[-1] + step, step), scope, body, after, code)
    elif len(rest) > _UNROLLED:
        raise AutographError(f"{user_line()}: the end of a loop of Python depends on a tensor")
    else:
        for item in rest:
            code = _turn(code, item, scope, body, written, live)
    return _ended(code, orelse, written, live)


def _turn(code: Any, item: Any, scope: Scope, body: Body, written: Names, live: Names) -> Any:
    """One more turn, if the code is 0."""
    if not isinstance(code, Way):
        found = code or code_of(body(item))
    else:
        fresh = Scope((body,), written, live)
        found = decide(equals(code, 0), lambda: body(item), lambda: code.without(0), fresh)
    if isinstance(found, Way):
        return found.replaced(CONTINUE, 0)
    return 0 if found == CONTINUE else found


def _over(items: Items, scope: Scope, body: Body, after: Names, code: Any) -> Any:
    """A loop of the graph over the items, by their numbers."""
    loop = _Loop(
        scope,
        items.has,
        lambda number: body(items.item(number)),
        after,
        sure=isinstance(items.count, int),
    )
    return loop.run(code, (fill((), 0, INT32),))


class _Loop:
    """One loop of the graph: its variables, which may begin without a value."""

    def __init__(
        self, scope: Scope, test: Body, body: Body, after: Names, *, sure: bool = False
    ) -> None:
        self.scope = scope
        self.test = test
        self.body = body
        self.line = user_line()
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
            self.test, self.body = lambda _: test(), lambda _: body()
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
        test, body = Part("condition", specs), Part("body", specs)
        extra, own = len(self.counter), len(first)
        self._enter(layout, body.symbols[own:])
        options = Options()
        _OPTIONS.append(options)
        try:
            with region("a loop"):
                code = code_of(body.run(self.body, *body.symbols[:extra]))
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
        values, changed = scope.values(), scope.changed()
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
            number = body.symbols[0]
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
            found = bind_loop(test, body, outputs, leaves, self._limit)
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
