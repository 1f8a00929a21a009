"""Random functions with Python's control flow on tensors, as text and as functions.

All of them take two floats and an integer, keep their variables in range and in their types, and
return a float on every way, so that none needs to run eagerly.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import lamina as tf

FLOATS, INTEGERS = ("a", "b", "c"), ("i", "j")


class Writer:
    """Writes one function line by line."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.lines: list[str] = []
        self._loops = 0
        self._left = 24  # statements

    def choose(self, items: Sequence[Any]) -> Any:
        return items[int(self.random.integers(len(items)))]

    def chance(self, probability: float) -> bool:
        return bool(self.random.random() < probability)

    # Expressions ----------------------------------------------------------------------------------

    def number(self) -> str:
        return f"{self.random.normal():.3f}"

    def real(self, depth: int = 0) -> str:
        """A float within some units of 0."""
        kind = self.random.integers(8 if depth < 2 else 3)
        if kind < 2:
            return str(self.choose(FLOATS))
        if kind == 2:
            return self.number()
        if kind == 3:
            return f"tf.sin({self.real(depth + 1)} + {self.number()})"
        if kind == 4:
            return f"({self.real(depth + 1)} * 0.5 - {self.real(depth + 1)} * 0.25)"
        if kind == 5:
            return f"({self.real(depth + 1)} if {self.test(depth + 1)} else {self.real(depth + 1)})"
        if kind == 6:
            return f"helper({self.real(depth + 1)}, {self.choose(INTEGERS)})"
        return f"tf.tanh({self.real(depth + 1)} * {self.real(depth + 1)})"

    def whole(self) -> str:
        """An integer from 0 to 6."""
        return str(
            self.choose((f"({self.choose(INTEGERS)} + 1) % 7", "(i * 2 + j) % 7", "(j + 3) % 7"))
        )

    def test(self, depth: int = 0) -> str:
        kind = self.random.integers(8 if depth < 2 else 3)
        if kind < 2:
            sign = self.choose(("<", ">", "<=", ">="))
            return f"{self.choose(FLOATS)} {sign} {self.number()}"
        if kind == 2:
            return f"{self.choose(INTEGERS)} {self.choose(('==', '!=', '<'))} {self.choose('1234')}"
        if kind == 3:
            return f"not ({self.test(depth + 1)})"
        if kind == 4:
            return f"0 < {self.choose(INTEGERS)} <= {self.choose('345')}"
        joint = self.choose((" and ", " or "))
        return "(" + joint.join(self.test(depth + 1) for _ in range(2)) + ")"

    # Statements -----------------------------------------------------------------------------------

    def add(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def block(self, depth: int, loop: bool) -> None:
        count = int(self.random.integers(1, 4))
        for _ in range(count):
            self.statement(depth, loop)
            jumped = self.lines[-1].strip().startswith(("break", "continue", "return"))
            if jumped and self.chance(0.8):
                return  # what follows is never reached, now and then

    def statement(self, depth: int, loop: bool) -> None:
        self._left -= 1
        kind = self.random.integers(14)
        if kind < 4 or self._left < 0 or depth > 4:
            self.assignment(depth)
        elif kind < 8:
            self.branch(depth, loop)
        elif kind < 11:
            self.loop(depth)
        elif kind == 11 and loop:
            self.add(depth, str(self.choose(("break", "continue"))))
        elif kind == 12 and depth > 1:
            self.add(depth, f"return {self.real()} + a")
        else:
            self.held(depth, loop)

    def assignment(self, depth: int) -> None:
        if self.chance(0.3):
            self.add(depth, f"{self.choose(INTEGERS)} = {self.whole()}")
        elif self.chance(0.2):
            self.add(depth, "a, b = tf.sin(b), tf.cos(a)")
        elif self.chance(0.2):
            self.add(depth, f"items[{self.choose('01')}] = {self.real()} + items[0] * 0.5")
        else:
            self.add(depth, f"{self.choose(FLOATS)} = {self.real()} + 0.1 * {self.choose(FLOATS)}")

    def branch(self, depth: int, loop: bool) -> None:
        self.add(depth, f"if {self.test()}:")
        self.block(depth + 1, loop)
        if self.chance(0.3):
            self.add(depth, f"elif {self.test()}:")
            self.block(depth + 1, loop)
        if self.chance(0.5):
            self.add(depth, "else:")
            self.block(depth + 1, loop)

    def loop(self, depth: int) -> None:
        self._loops += 1
        kind = self.random.integers(5)
        count = self.choose((0, 1, 2, 3))
        if kind == 0:
            self.add(depth, f"for k{self._loops} in range({count}):")
        elif kind == 1:
            self.add(depth, f"for k{self._loops} in tf.range(n % 4):")
        elif kind == 2:
            self.add(depth, f"for v{self._loops} in tf.stack([a, b, c]):")
            self.add(depth + 1, f"b = b * 0.5 + v{self._loops}")
        else:
            name = f"w{self._loops}"
            self.add(depth, f"{name} = n % 3" if kind == 3 else f"{name} = {count}")
            self.add(depth, f"while {name} > 0 and {self.test(1)}:")
            self.add(depth + 1, f"{name} = {name} - 1")
        self.block(depth + 1, loop=True)
        if self.chance(0.25):
            self.add(depth, "else:")
            self.assignment(depth + 1)

    def held(self, depth: int, loop: bool) -> None:
        """Inside of a statement that stays Python's."""
        if self.chance(0.5):
            self.add(depth, "with nothing():")
            self.block(depth + 1, loop)
        else:
            self.add(depth, "try:")
            self.block(depth + 1, loop)
            self.add(depth, "finally:")
            self.add(depth + 1, "c = c * 0.5")

    def text(self) -> str:
        self.add(0, "def program(a, b, n):")
        for line in ("c = a * b * 0.1", "i = n % 5", "j = n % 3", "items = [a + 0.0, b + 0.0]"):
            self.add(1, line)
        for _ in range(int(self.random.integers(2, 6))):
            self.statement(1, loop=False)
        self.add(1, "return a + b * 0.5 + c * 0.25 + tf.cast(i + 3 * j, tf.float32) + items[1]")
        return "\n".join(self.lines) + "\n"


HELPER = """
import contextlib
import lamina as tf

nothing = contextlib.nullcontext

def helper(x, n):
    if n > 3:
        return x * 0.5
    while x > 1.0:
        x = x * 0.7
    return x

"""


def random_function(seed: int) -> tuple[Callable[..., Any], str]:
    """A function, and its text."""
    text = HELPER + Writer(seed).text()
    name = f"<random control flow {seed}>"
    linecache.cache[name] = len(text), None, text.splitlines(keepends=True), name
    names: dict[str, Any] = {}
    exec(compile(text, name, "exec"), names)
    return names["program"], text


def samples(seed: int) -> list[tuple[Any, Any, Any]]:
    """Arguments for a function."""
    random = np.random.default_rng(seed)
    return [
        (tf.constant(np.float32(a)), tf.constant(np.float32(b)), tf.constant(int(n)))
        for a, b, n in zip(random.normal(size=4), random.normal(size=4), (0, 1, 5, 11), strict=True)
    ]
