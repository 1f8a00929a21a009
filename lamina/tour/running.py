"""Lessons are run: what each cell prints, shows and draws."""

from __future__ import annotations

import ast
import contextlib
import io
import linecache
from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple

from ..keras.utils import set_random_seed
from ..plot.theme import require_matplotlib
from .lesson import Cell, Lesson


class Output(NamedTuple):
    """What a cell printed, and its last value: written, too, or axes, as notebooks show both."""

    text: str
    picture: Any  # axes or None


def run(lesson: Lesson) -> Iterator[tuple[Cell, Output]]:
    """Each cell of the lesson with its output, as soon as it has run; text has none.

    Seeds begin anew, so a lesson always gives the same.
    """
    require_matplotlib()
    set_random_seed(0)
    names = ModuleType("__main__").__dict__
    for place, cell in enumerate(lesson.cells):
        if cell.is_code:
            yield cell, _ran(cell, f"<{lesson.name}, cell {place}>", names)
        else:
            yield cell, Output("", None)


def _ran(cell: Cell, name: str, names: dict[str, Any]) -> Output:
    lines = cell.source.splitlines(keepends=True)
    linecache.cache[name] = (len(cell.source), None, lines, name)  # for tracebacks and tf.function
    tree = ast.parse(cell.source, name)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    value = None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, name, "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), name, "eval"), names)
    if hasattr(value, "get_figure"):
        return Output(printed.getvalue().rstrip(), value)
    if value is not None:
        print(repr(value), file=printed)
    return Output(printed.getvalue().rstrip(), None)
