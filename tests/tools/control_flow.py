"""Programs with Python's control flow, each with arguments to run it on.

What a program gives in tf.function is what Python gives outside of it.
"""

# ruff: noqa: SIM108, PERF401, RET504 (programs as people write them)

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, NamedTuple

import lamina as tf


class Row(NamedTuple):
    """A program, lists of arguments, and whether its gradient by float arguments is compared."""

    function: Callable[..., Any]
    samples: list[tuple[Any, ...]]
    smooth: bool = False


ROWS: dict[str, Row] = {}
FLOATS = [(-3.0,), (0.5,), (2.0,), (7.0,), (20.0,)]
COUNTS = [(0,), (1,), (2,), (5,), (9,)]


def row(samples: list[tuple[Any, ...]], *, smooth: bool = False) -> Callable[..., Any]:
    """A decorator that adds a program to the table."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        ROWS[function.__name__] = Row(function, samples, smooth)
        return function

    return add


# Branches ----------------------------------------------------------------------------------------


@row(FLOATS, smooth=True)
def if_else(x: Any) -> Any:
    if x > 1:
        y = x * x
    else:
        y = -x
    return y + 1


@row(FLOATS, smooth=True)
def if_alone(x: Any) -> Any:
    y = x
    if x > 1:
        y = y * 3
    return y


@row(FLOATS, smooth=True)
def elif_chain(x: Any) -> Any:
    if x > 10:
        y = x * 2
    elif x > 1:
        y = x * x
    elif x > 0:
        y = x * x * x
    else:
        y = tf.sin(x)
    return y


@row(FLOATS, smooth=True)
def early_returns(x: Any) -> Any:
    if x > 10:
        return x * 2
    if x > 1:
        x = x + 1
        if x > 5:
            return x * x
    y = x * 3
    if y > 2:
        return y
    return -x


@row(FLOATS, smooth=True)
def nested_branches(x: Any) -> Any:
    y = 0.0 * x
    if x > 0:
        if x > 5:
            y = x * 2
        else:
            z = x * x
            y = z + 1
        y = y + x
    return y


@row(FLOATS, smooth=True)
def ternaries(x: Any) -> Any:
    y = x * 2 if x > 1 else (x if x > 0 else -x)
    return y * (2.0 if x > 5 else 3.0)


@row(FLOATS)
def logic(x: Any) -> Any:
    a = 1 if x > 0 and x < 10 else 0
    b = 10 if x < 0 or x > 5 else 0
    c = 100 if not x > 3 else 0
    d = 1000 if 0 < x <= 7 < 100 else 0
    return a + b + c + d


@row(COUNTS)
def logic_stops_early(n: Any) -> Any:
    if n > 0 and 10 // n > 3:
        return n
    return -n


@row(FLOATS)
def structures(x: Any) -> Any:
    pair, named = (x, 1), {"a": x, "b": None}
    if x > 1:
        pair = (x + 1, 2)
        named = {"a": x * 2, "b": None}
    return pair[0] + pair[1] + named["a"]


@row(FLOATS)
def python_decides(x: Any, times: int = 2, kind: str = "plus") -> Any:
    if kind == "plus":
        y = x + times
    else:
        undefined = x
        y = undefined
    for i in range(times):
        if i == 1:
            continue
        y = y + i
    while times > 0:
        times -= 1
        y = y * 2
    return y


@row(FLOATS)
def dead_names_may_differ(x: Any) -> Any:
    if x > 0:
        note = "large"
        y = x + len(note)
    else:
        other = [1, 2]
        y = x - len(other)
    return y


@row(FLOATS)
def with_and_try(x: Any) -> Any:
    with contextlib.nullcontext(2.0) as two:
        if x > 5:
            return x * two
        x = x + two
    try:
        if x > 3:
            return -x
        x = x + 1
    finally:
        x = x * 1
    return x


@row(FLOATS)
def matches(x: Any, command: Any = ("add", 3)) -> Any:
    match command:
        case ("add", number):
            if x > 1:
                x = x + number
        case _:
            x = x * 0
    return x


@row(FLOATS)
def assertions(x: Any) -> Any:
    assert x > -100, "small"
    return x


# Loops -------------------------------------------------------------------------------------------


@row(COUNTS)
def collatz(n: Any) -> Any:
    steps = 0
    n = n + 3
    while n > 1:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        steps += 1
    return steps


@row([(2.0, 0), (2.0, 1), (-1.5, 4)], smooth=True)
def power(x: Any, n: Any) -> Any:
    y = tf.ones_like(x)
    for _ in tf.range(n):
        y = y * x
    return y


@row(COUNTS)
def jumps(n: Any) -> Any:
    total = 0
    for i in tf.range(n):
        if i == 3:
            continue
        if i > 6:
            total = total + 100
            break
        total = total + i
    else:
        total = -total
    return total


@row(COUNTS)
def returns_from_a_loop(n: Any) -> Any:
    for i in tf.range(n):
        if i * i > 10:
            return i
        j = i
        while j > 0:
            j = j - 2
            if j == 1:
                return i * 100
    return -1


@row(COUNTS)
def nested_loops(n: Any) -> Any:
    total = 0
    for i in tf.range(n):
        for j in range(3):
            if j == 2:
                break
            k = 0
            while k < i:
                k += 1
                if k == 3:
                    continue
                total += k * j
    return total


@row(COUNTS)
def while_else(n: Any) -> Any:
    i = 0
    while (before := i) < n:
        i += before - i + 1
        if i == 7:
            break
    else:
        i = i + 1000
    return i


@row(COUNTS)
def else_assigns(n: Any) -> Any:
    a = b = 0
    for i in tf.range(n):
        if i == 3:
            break
        b = b + 1
    else:
        a = 100 + b
    return a + b


@row(FLOATS)
def live_where_a_handler_needs_it(x: Any) -> Any:
    y = x
    try:
        if x > 1:
            y = x * 2
        z = {"a": y}["a"]
        y = z + 1
    except KeyError:
        return y
    return y


@row(COUNTS)
def while_true(n: Any) -> Any:
    i = 0
    while True:
        i += 1
        if i >= n:
            break
        if i == 8:
            return -i
    return i


@row(COUNTS)
def python_range_with_break(n: Any) -> Any:
    total = 0
    for i in range(10):
        if i > n:
            break
        total += i
    return total


@row(COUNTS)
def python_list_with_break(n: Any) -> Any:
    total = 0
    for value in [5, 2, 4]:
        total += value
        if total > n:
            break
    else:
        total = -total
    return total


@row([([1.0, 2.0, 3.0],), ([-1.0, 5.0, -2.0],)], smooth=True)
def over_rows(x: Any) -> Any:
    total = 0.0
    for value in x:
        if value > 0:
            total += value * value
        else:
            total -= value
    return total


@row([([[1.0, 2.0], [3.0, -4.0]],)], smooth=True)
def over_rows_of_rows(x: Any) -> Any:
    best = x[0]
    for i, line in enumerate(x):
        if tf.reduce_sum(line) > tf.reduce_sum(best):
            best = line * tf.cast(i + 1, tf.float32)
    return best


@row([([1.0, 2.0], [5.0, 6.0])], smooth=True)
def over_pairs(x: Any, y: Any) -> Any:
    total = 0.0
    for a, b in zip(x, y, strict=False):
        total = total + a * b
    return total


@row(COUNTS)
def python_range_of_a_tensor(n: Any) -> Any:
    total = 0
    for i in range(1, n + 2, 2):
        total += i
    return total


@row(COUNTS)
def items_of_a_list(n: Any) -> Any:
    totals = [0, 10]
    for i in tf.range(n):
        totals[0] = totals[0] + i
        totals[1] = totals[0] * 2
    return totals[0] + totals[1]


@row(COUNTS)
def lists_grow_in_loops_of_known_length(n: Any) -> Any:
    found = []
    for i in tf.range(4):
        found.append(i * n)
    return tf.stack(found)


@row(COUNTS)
def lists_grow_in_both_branches(n: Any) -> Any:
    found, named = [n], {}
    for i in range(3):
        if n > i:
            found.append(n * i)
            named[str(i)] = n
        else:
            found.append(-n)
            named[str(i)] = i
    return tf.stack(found) + named["1"]


@row(COUNTS)
def types_widen(n: Any) -> Any:
    total = 0
    for i in tf.range(n):
        total = total + tf.cast(i, tf.float32) / 2
    return total * 1.0


@row(COUNTS)
def swaps(n: Any) -> Any:
    a, b = 0, 1
    for _ in tf.range(n):
        a, b = b, a + b
    return a


# Functions ---------------------------------------------------------------------------------------


def _twice_if_large(x: Any) -> Any:
    if x > 1:
        return x * 2
    return x


@row(FLOATS, smooth=True)
def calls_others(x: Any) -> Any:
    def inner(y: Any) -> Any:
        nonlocal count
        count += 1
        return _twice_if_large(y) if y < 100 else y

    count = 0
    large = lambda v: v > 3 or v < -1  # noqa: E731
    y = inner(inner(x))
    if large(y):
        y = y + count
    return y


class Counter:
    """Methods, super(), names with two underscores."""

    __step = 3.0

    @staticmethod
    def twice(x: Any) -> Any:
        return x * 2 if x > 0 else Counter.size(x) * 2

    @staticmethod
    def size(x: Any) -> Any:
        return x if x > 0 else -x

    def step(self, x: Any) -> Any:
        return x + self.__step if x > 0 else x - self.__step

    def loop(self, x: Any, n: Any) -> Any:
        for _ in tf.range(n):
            x = self.step(x)
        return x


class Doubler(Counter):
    """A method that asks the class above."""

    def step(self, x: Any) -> Any:
        if x > 5:
            return super().step(x) * 2
        y = super().step(x)
        return y


@row([(1.0, 0), (1.0, 3), (-2.0, 2)], smooth=True)
def methods(x: Any, n: Any) -> Any:
    return Doubler().loop(x, n) + Counter().loop(x, n)


@row(FLOATS)
def defaults_and_keywords(x: Any) -> Any:
    def scaled(y: Any, *rest: Any, by: float = 2.0, **more: Any) -> Any:
        if y > 0:
            y = y * by
        for each in rest:
            y = y + each
        return y + more.get("extra", 0)

    return scaled(x, 1.0, x, by=3.0, extra=5.0)


def _halved(x: Any, turns: int) -> Any:
    if turns == 0:
        return x
    return _halved(x / 2 if x > 1 else x, turns - 1)


@row(FLOATS, smooth=True)
def calls_itself(x: Any) -> Any:
    return _halved(x, 3) + Counter.twice(x)


@row(FLOATS)
def comprehensions(x: Any) -> Any:
    values = [_twice_if_large(x + i) for i in range(3) if i != 1]
    return sum(values)
