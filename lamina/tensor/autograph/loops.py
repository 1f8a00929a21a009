"""Loops: by Python where they can be, else as `while_loop` of the graph."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from ...core.callers import user_line
from ...core.dtypes import INT32
from ...core.errors import AutographError
from ...ir.bind import STATE
from ...prims.broadcast import fill
from .graph_loops import DatasetLoop, Loop, is_dataset
from .iterables import Items, Span, items_of
from .runtime import (
    BREAK,
    CONTINUE,
    RETURN,
    Body,
    Names,
    Scope,
    Way,
    chain,
    code_of,
    decide,
    equals,
    is_symbolic,
)

_ROUNDS = 8  # in which the types of a loop's variables must settle
_UNROLLED = 64  # turns that may stand one after the other where a graph has no such loop


def while_(
    test: Body, body: Body, orelse: Body | None, written: Names, live: Names, after: Names
) -> Any:
    """A `while`: the code of its end, without `break` and `continue`."""
    code: Any = 0
    while True:
        holds = test()
        if is_symbolic(holds) or isinstance(code, Way):
            scope = Scope((test, body), written, live)
            code = Loop(scope, test, body, after).run(code, ())
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
    if STATE.trace is not None and is_dataset(source):
        scope = Scope((body,), written, live)
        return _ended(DatasetLoop(scope, body, after, source).run(0, ()), orelse, written, live)
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
    loop = Loop(
        scope,
        items.has,
        lambda number: body(items.item(number)),
        after,
        sure=isinstance(items.count, int),
    )
    return loop.run(code, (fill((), 0, INT32),))
