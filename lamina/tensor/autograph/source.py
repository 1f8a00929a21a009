"""The syntax tree of a function that is in memory."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType
from typing import NamedTuple

Definition = ast.FunctionDef | ast.Lambda


class Found(NamedTuple):
    """A definition, and the class around it (names with two underscores depend on it)."""

    node: Definition
    class_name: str | None


def definition_of(code: CodeType) -> Found | None:
    """The definition that `code` was compiled from; None where its text is not at hand."""
    linecache.checkcache(code.co_filename)
    text = "".join(linecache.getlines(code.co_filename))
    if not text:
        return None
    try:
        known = _definitions(text)
    except SyntaxError:
        return None
    fitting = [
        found
        for found in known.get((code.co_firstlineno, code.co_name), ())
        if _arguments(found.node) == code.co_varnames[: len(_arguments(found.node))]
    ]
    if len(fitting) > 1:
        fitting.sort(key=lambda found: _distance(found.node, code))
    return fitting[0] if fitting else None


@lru_cache(maxsize=64)
def _definitions(text: str) -> dict[tuple[int, str], list[Found]]:
    """All definitions of a module by their first line and name."""
    known: dict[tuple[int, str], list[Found]] = {}
    for found in _walk(ast.parse(text), None):
        node = found.node
        if isinstance(node, ast.Lambda):
            key = node.lineno, "<lambda>"
        else:
            key = min([node.lineno, *(d.lineno for d in node.decorator_list)]), node.name
        known.setdefault(key, []).append(found)
    return known


def _walk(node: ast.AST, class_name: str | None) -> Iterator[Found]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.Lambda)):
            yield Found(child, class_name)
        yield from _walk(child, child.name if isinstance(child, ast.ClassDef) else class_name)


def _arguments(node: Definition) -> tuple[str, ...]:
    """The names of the arguments, in the order of a code object."""
    given = node.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    rest = [each for each in (given.vararg, given.kwarg) if each is not None]
    return tuple([argument.arg for argument in (*named, *rest)])


def _distance(node: Definition, code: CodeType) -> int:
    """How far the places of the instructions are from those of the text."""
    places = [
        (line, column)
        for line, _, column, _ in code.co_positions()
        if line is not None and column is not None and (line, column) != (node.lineno, 0)
    ]
    first = node.body if isinstance(node, ast.Lambda) else node.body[0]
    start = first.lineno, first.col_offset
    nearest = min(places, default=start)
    return abs(nearest[0] - start[0]) * 10_000 + abs(nearest[1] - start[1])
