"""What rewritten functions call: branches and loops by Python where conditions are known, as
graphs where they are tensors of the trace.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from types import CellType, FunctionType
from typing import Any

from ...core.callers import user_line
from ...core.dtypes import BOOL, INT32
from ...core.errors import AutographError, OperatorNotAllowedInGraphError
from ...ir.bind import STATE
from ...ir.rewrite import inline
from ...ir.value import Value
from ...prims import control
from ...prims import elementwise as prim
from ...prims.broadcast import fill
from ..branches import Part, bind_cond, present, truth
from ..convert import to_tensor
from .merging import UNSET, Joined, as_dtypes, as_tensors, zeros_like

BREAK, CONTINUE, RETURN = 1, 2, 3
RETURNED = "_ag_returned"

Body = Callable[..., Any]
Names = Sequence[str]


class Way:
    """A code that the program tells, and which ones it may be."""

    def __init__(self, tensor: Any, possible: frozenset[int]) -> None:
        self.tensor = tensor
        self.possible = possible

    def without(self, number: int) -> Any:
        """It, where it is known not to be `number`."""
        return narrowed(self.tensor, self.possible - {number})

    def replaced(self, number: int, other: int) -> Any:
        """It with `other` in place of `number`."""
        if number not in self.possible:
            return self
        new = fill((), other, INT32)
        tensor = prim.select(equals(self, number), new, self.tensor)
        return narrowed(tensor, (self.possible - {number}) | {other})


def narrowed(tensor: Any, possible: frozenset[int]) -> Any:
    """A code of these possibilities; the number itself where there is one."""
    return next(iter(possible)) if len(possible) == 1 else Way(tensor, possible)


class _Region(threading.local):
    depth: int = 0  # branches and loops that are being traced


REGION = _Region()


def is_symbolic(value: Any) -> bool:
    """Whether `value` is known only when the program runs."""
    if isinstance(value, Value):
        return value.array is None
    if STATE.trace is None or not hasattr(value, "__lamina_tensor__"):
        return False
    return to_tensor(value).array is None


class region:
    """Code traced because it may run; what it raises says that it cannot be traced."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __enter__(self) -> None:
        self.line = user_line()
        REGION.depth += 1

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        REGION.depth -= 1
        if isinstance(error, Exception) and not isinstance(error, OperatorNotAllowedInGraphError):
            raise AutographError(
                f"{self.line}: {self.what} that depends on a tensor raises {kind.__name__}: {error}"
            ) from error


def code_of(found: Any) -> Any:
    """The code that a part of a statement gives."""
    return 0 if found is None else found


def effect(what: str) -> None:
    """Before something is changed that is no variable of a function."""
    if REGION.depth:
        raise AutographError(
            f"{user_line()}: {what} is set where it depends on a tensor whether that happens"
        )


class Scope:
    """The variables that the parts of a statement share, by their cells."""

    def __init__(self, parts: Sequence[Body | None], written: Names, live: Names) -> None:
        self.cells: dict[str, CellType] = {}
        for part in parts:
            if isinstance(part, FunctionType):
                cells = part.__closure__ or ()
                self.cells.update(zip(part.__code__.co_freevars, cells, strict=True))
        self.written = [name for name in written if name in self.cells]
        self.live = [name for name in live if name in self.cells]
        self._before = {name: self.get(name) for name in self.written}
        self._contents = {id(each): (each, _copied(each)) for each in self._containers()}

    def get(self, name: str) -> Any:
        """The value of a variable, or UNSET."""
        try:
            return self.cells[name].cell_contents
        except ValueError:
            return UNSET

    def set(self, name: str, value: Any) -> None:
        """Let a variable have a value, or none."""
        cell = self.cells[name]
        if value is not UNSET:
            cell.cell_contents = value
        elif self.get(name) is not UNSET:
            del cell.cell_contents

    def values(self) -> list[Any]:
        """The values of the variables that are needed later."""
        return [self.get(name) for name in self.live]

    def assign(self, values: Sequence[Any]) -> None:
        """Let the variables that are needed later have `values`."""
        for name, value in zip(self.live, values, strict=True):
            self.set(name, value)

    def restore(self) -> None:
        """All variables, lists and dicts as they were at the start."""
        for name, value in self._before.items():
            self.set(name, value)
        for container, content in self._contents.values():
            if not _same(container, content):
                refill(container, content)

    def changed(self, *, sized: bool = False) -> dict[int, Any]:
        """By id, copies of the lists and dicts with other items; `sized`: they may not grow."""
        found = {}
        for key, (container, content) in self._contents.items():
            if _same(container, content):
                continue
            if isinstance(container, set) or (sized and _keys(container) != _keys(content)):
                raise AutographError(
                    f"{user_line()}: a {type(container).__name__} grows or shrinks where it "
                    "depends on a tensor"
                )
            found[key] = _copied(container)
        return found

    def original(self, key: int) -> tuple[Any, Any]:
        """A list or dict, and what was in it."""
        return self._contents[key]

    def _containers(self) -> list[Any]:
        found: dict[int, Any] = {}
        waiting = [self.get(name) for name in self.cells]
        while waiting:
            value = waiting.pop()
            if isinstance(value, (list, dict, set)) and id(value) not in found:
                found[id(value)] = value
                if len(value) <= 1000:
                    waiting.extend(value.values() if isinstance(value, dict) else value)
        return list(found.values())


def _copied(container: Any) -> Any:
    return dict(container) if isinstance(container, dict) else list(container)


def _keys(container: Any) -> Any:
    return list(container) if isinstance(container, dict) else len(container)


def _same(container: Any, content: Any) -> bool:
    if len(container) != len(content):
        return False
    if isinstance(container, set):
        return set(content) == container
    if isinstance(container, dict):
        if list(container) != list(content):
            return False
        container, content = container.values(), content.values()
    return all(a is b for a, b in zip(container, content, strict=True))


def refill(container: Any, content: Any) -> None:
    """Let a list, dict or set hold other items."""
    if isinstance(container, list):
        container[:] = content
    else:
        container.clear()
        container.update(content)


# Branches ----------------------------------------------------------------------------------------


def if_(test: Any, then: Body | None, otherwise: Body | None, written: Names, live: Names) -> Any:
    """An `if`: the code of the branch that runs."""
    if not is_symbolic(test):
        branch = then if test else otherwise
        return 0 if branch is None else code_of(branch())
    scope = Scope((then, otherwise), written, live)
    return decide(test, then or _nothing, otherwise or _nothing, scope)


def _nothing() -> int:
    return 0


def decide(test: Any, then: Body, otherwise: Body, scope: Scope) -> Any:
    """Both branches traced, as one node of the graph."""
    found = []
    for name, function in (("then", then), ("otherwise", otherwise)):
        part = Part(name)
        try:
            with region("a branch"):
                code = code_of(part.run(function))
            found.append((part, code, scope.values(), scope.changed()))
        finally:
            scope.restore()
    with region("a condition"):
        condition = truth(test)
        joined = Joined()
        (first, code1, values1, lists1), (second, code2, values2, lists2) = found
        possible = _possible(code1) | _possible(code2)
        code = joined.add(_code_tensor(code1), _code_tensor(code2), "the way on")
        rebuild = [
            joined.add(*_completed(name, a, b), f"{user_line()}: {name}")
            for name, a, b in zip(scope.live, values1, values2, strict=True)
        ]
        refilled = []
        for key in {**lists1, **lists2}:
            container, content = scope.original(key)
            pair = lists1.get(key, content), lists2.get(key, content)
            if _keys(pair[0]) != _keys(pair[1]):
                raise AutographError(
                    f"{user_line()}: a {type(container).__name__} grows or shrinks in one branch "
                    "only"
                )
            refilled.append((container, joined.add(*pair, f"{user_line()}: an item")))
        sides = [first.run(as_tensors, [a for a, _ in joined.pairs])]
        sides.append(second.run(as_tensors, [b for _, b in joined.pairs]))
        dtypes = joined.dtypes(sides)
        outputs = [first.run(as_dtypes, sides[0], dtypes), second.run(as_dtypes, sides[1], dtypes)]
        results = bind_cond(condition, (first, second), outputs)
    scope.assign([each(results) for each in rebuild])
    for container, each in refilled:
        refill(container, each(results))
    return narrowed(code(results), possible)


def _possible(code: Any) -> frozenset[int]:
    return code.possible if isinstance(code, Way) else frozenset((code,))


def _code_tensor(code: Any) -> Any:
    return code.tensor if isinstance(code, Way) else code


def _completed(name: str, first: Any, second: Any) -> tuple[Any, Any]:
    """The result of a function that only one branch returns: the code tells whether it counts."""
    if name == RETURNED and first is UNSET:
        return zeros_like(second), second
    if name == RETURNED and second is UNSET:
        return first, zeros_like(first)
    return first, second


def chain(code: Any, rest: Body, written: Names, live: Names) -> Any:
    """What follows a statement that may have jumped away."""
    if not isinstance(code, Way):
        return code or code_of(rest())
    scope = Scope((rest,), written, live)
    return decide(equals(code, 0), rest, lambda: code.without(0), scope)


def equals(code: Way, number: int) -> Any:
    """Whether a code is `number`."""
    return prim.equal(code.tensor, fill((), number, INT32))


def result(code: Any, returned: Any) -> Any:
    """What a function returns in the end."""
    if isinstance(code, Way):
        raise AutographError(
            f"{user_line()}: a value is returned or not, depending on a tensor; return one always"
        )
    return returned if code == RETURN else None


def choose(test: Any, first: Body, second: Body) -> Any:
    """`first() if test else second()`."""
    if not is_symbolic(test):
        return first() if test else second()
    kept = []
    parts = Part("then"), Part("otherwise")
    for part, function in zip(parts, (first, second), strict=True):
        with region("a branch"):
            kept.append(part.run(function))
    with region("a condition"):
        joined = Joined()
        rebuild = joined.add(kept[0], kept[1], f"{user_line()}: the value")
        sides = [
            part.run(as_tensors, [pair[side] for pair in joined.pairs])
            for side, part in enumerate(parts)
        ]
        dtypes = joined.dtypes(sides)
        outputs = [
            part.run(as_dtypes, side, dtypes) for part, side in zip(parts, sides, strict=True)
        ]
        found = bind_cond(truth(test), parts, outputs)
    return rebuild(found)


# Logic -------------------------------------------------------------------------------------------


def and_(first: Any, *others: Body) -> Any:
    """`first and other() and …`."""
    for other in others:
        if is_symbolic(first):
            first = _logical(first, other, holds=True)
        elif first:
            first = other()
        else:
            return first
    return first


def or_(first: Any, *others: Body) -> Any:
    """`first or other() or …`."""
    for other in others:
        if is_symbolic(first):
            first = _logical(first, other, holds=False)
        elif not first:
            first = other()
        else:
            return first
    return first


# What neither fails nor does anything besides giving results.
_PLAIN = frozenset(
    (
        *("add", "subtract", "multiply", "divide", "negative", "absolute", "sqrt", "exp", "log"),
        *("equal", "less", "less_equal", "logical_not", "bitwise_and", "bitwise_or", "select"),
        *("maximum", "minimum", "cast", "fill", "reshape", "broadcast", "dimension", "is_finite"),
        *("reduce_sum", "reduce_max", "reduce_min", "stop_gradient", "sign", "floor", "ceil"),
    )
)


def _logical(first: Any, other: Body, *, holds: bool) -> Any:
    """Another condition, computed where the first one does not decide."""
    condition = truth(first)
    part = Part("otherwise")
    with region("a condition"):
        value = part.run(lambda: truth(other()))
    if not part.written and all(node.primitive.name in _PLAIN for node in part.trace.nodes):
        part.finish([value])  # nothing tells whether it was computed
        verb = prim.bitwise_and if holds else prim.bitwise_or
        return verb(condition, inline(part.graph, present(part.trace.sources))[0])
    fixed = Part("then")
    known = fixed.run(lambda: fill((), not holds, BOOL))
    pairs = ((part, fixed), ([value], [known])) if holds else ((fixed, part), ([known], [value]))
    return bind_cond(condition, *pairs)[0]


def not_(value: Any) -> Any:
    """`not value`."""
    return prim.logical_not(truth(value)) if is_symbolic(value) else not value


def assert_(test: Any, message: Body | None = None) -> None:
    """`assert test, message()`."""
    if is_symbolic(test):
        text = "assertion failed" if message is None else str(message())
        control.check(truth(test), [truth(test)], f"{user_line()}: {text}")
    elif not test:
        raise AssertionError(*(() if message is None else (message(),)))
