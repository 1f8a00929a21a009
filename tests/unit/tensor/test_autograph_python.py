"""Rewritten functions mean what Python means where nothing is a tensor."""

# ruff: noqa: C416
from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import lamina as tf
from lamina.ir.graph import Trace, tracing
from lamina.tensor.autograph.conversion import converted

PROGRAMS: dict[str, tuple[Callable[..., Any], list[tuple[Any, ...]]]] = {}


def program(*samples: tuple[Any, ...]) -> Callable[..., Any]:
    """A decorator that adds a program with lists of arguments."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        PROGRAMS[function.__name__] = function, list(samples)
        return function

    return add


@program((0,), (3,), (7,))
def jumps(n: int) -> Any:
    found = []
    for i in range(10):
        if i == n:
            continue
        for j in range(3):
            if i + j == 8:
                break
            if i * j == 100:
                return "never"
        else:
            found.append((i, j))
        if i > n + 4:
            return found, "early"
    found.append("whole")
    while n < 5:
        n += 2
        if n == 4:
            break
    else:
        found.append("ended")
    return found, n


@program((0,), (1,), (2,), (3,))
def exceptions(kind: int) -> Any:
    log = []
    try:
        log.append("try")
        if kind == 1:
            raise KeyError("one")
        if kind == 2:
            raise ValueError("two")
    except KeyError as error:
        log.append(str(error))
    except ValueError:
        log.append("value")
        return log
    else:
        log.append("else")
    finally:
        log.append("finally")
    with contextlib.suppress(ZeroDivisionError):
        if kind == 3:
            log.append(1 // 0)
        log.append("not suppressed")
    return log


@program((0,), (5,))
def unset(n: int) -> Any:
    if n > 3:
        found = n
    try:
        return found
    except NameError:
        return "unset"


@program((1,), (4,))
def deleted(n: int) -> Any:
    x = n
    if n > 3:
        del x
    try:
        return x
    except NameError as error:
        return type(error).__name__ in ("NameError", "UnboundLocalError")


@program((3,), (0,))
def closures(n: int) -> Any:
    total = 0
    functions = []
    for i in range(n):

        def add(by: int, *, times: int = i) -> int:
            nonlocal total
            if by > 1:
                total += by * times
            return total

        functions.append(add)
        functions.append(lambda x, i=i: x + i if x else i)
    return [function(2) for function in functions], total


@program((None,), ([],), ([1, 2],), ({"a": 1},))
def matches(value: Any) -> Any:
    match value:
        case None:
            kind = "nothing"
        case [first, *rest] if first:
            kind = f"{first} and {len(rest)}"
        case {"a": a}:
            if a == 1:
                return "one"
            kind = "a"
        case _:
            kind = "other"
    return kind


@program((5,))
def expressions(n: int) -> Any:
    seen = []

    def see(x: Any) -> Any:
        seen.append(x)
        return x

    results = [
        see(0) and see(1),
        see(2) or see(3),
        not see(""),
        see(1) < see(2) < see(1) < see(9),
        see("a") if see(0) else see("b"),
        [i * j for i in range(3) for j in range(i) if i != j],
        {k: v for k, v in zip("ab", range(2), strict=True)},
        {*range(3), *[2, 3]},
        (m := n + 1) and m * 2,
        f"{n:>3}{see('x')!r}",
        (lambda *a, **k: (a, k))(*[1, 2], c=3),  # noqa: PLC3002
        1 in [1, 2] and 3 not in [1],
    ]
    first, *middle, last = range(n)
    return results, seen, m, first, middle, last


@program((4,))
def generators(n: int) -> Any:
    def count(limit: int) -> Iterator[int]:
        for i in range(limit):
            if i == 2:
                continue
            yield i

    total = 0
    for value in count(n):
        total += value
    return total, list(count(n)), sum(x for x in count(n) if x)


@program((2,))
def scopes(n: int) -> Any:
    class Inner:
        size = n
        if size > 1:
            label = "large"

        def grow(self, by: int = 1) -> int:
            if by:
                self.size += by
            return self.size

    inner = Inner()
    text = "x" in locals(), [x for x in range(2)]
    return inner.grow(), inner.grow(2), Inner.label, text


@program((1,), (-1,))
def asserts(n: int) -> Any:
    try:
        assert n > 0, f"got {n}"
    except AssertionError as error:
        return str(error).partition("\n")[0]  # pytest adds lines
    return "fine"


@program((3,), (12,))
def many_ways_out(n: int) -> Any:
    for i in range(n):
        with contextlib.nullcontext(i) as value:
            try:
                if value == 5:
                    return "five"
                if value == 2:
                    continue
            finally:
                n += 0
            while True:
                value += 3
                if value > 6:
                    if value % 2:
                        break
                    if value > 20:
                        return value
    return n, value


@pytest.mark.parametrize("name", PROGRAMS)
def test_python_is_python(name: str) -> None:
    function, samples = PROGRAMS[name]
    rewritten = converted(function, always=True)
    assert rewritten is not function
    for sample in samples:
        with tracing(Trace("test")):
            found = rewritten(*sample)
        assert found == function(*sample)


def test_errors_keep_their_lines() -> None:
    def wrong(n: int) -> Any:
        for _ in range(n):
            if n > 1:
                n = n // 0
        return n

    rewritten = converted(wrong, always=True)
    with tracing(Trace("test")), pytest.raises(ZeroDivisionError) as caught:
        rewritten(2)
    assert str(caught.traceback[-1].statement).strip() == "n = n // 0"


def test_annotations_defaults_and_names_stay() -> None:
    def shaped(x: int, y: list[int] | None = None, *, z: int = 3) -> int:
        """A docstring."""
        if y:
            x += z
        return x

    rewritten = converted(shaped, always=True)
    assert rewritten.__name__ == "shaped" and rewritten.__doc__ == "A docstring."
    assert rewritten(1) == 1 and rewritten(1, [2]) == 4 and rewritten(1, [2], z=0) == 1


@pytest.mark.parametrize("change", [lambda d: d.pop("b"), lambda d: d["a"].append(1)])
def test_arguments_are_not_changed(change: Any) -> None:
    given = {"a": [tf.constant(1)], "b": 2}
    with pytest.raises(ValueError, match="changes a list or dict that it was given"):
        tf.function(lambda d: change(d) and None)(given)
    tf.function(lambda d: change({**d, "a": [*d["a"]]}) and None)(given)
    assert len(given["a"]) == 1 and "b" in given
