"""Expressions rewritten so that what decides, and what is called, goes through `runtime`."""

from __future__ import annotations

import ast
from typing import Any

AG = "_ag"
# Calls that look at the frame they stand in.
_OF_FRAMES = frozenset(("super", "locals", "globals", "vars", "dir", "eval", "exec"))
_FIXED = (ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.Await)


def name_of(name: str) -> ast.Name:
    """A name that is read."""
    return ast.Name(name, ast.Load())


def call(function: str, *arguments: ast.expr) -> ast.Call:
    """A call of a function of `runtime`."""
    return ast.Call(ast.Attribute(name_of(AG), function, ast.Load()), list(arguments), [])


def function_of(body: ast.expr, *names: str) -> ast.Lambda:
    """`body` as a function of arguments with these names."""
    arguments = [ast.arg(name) for name in names]
    given = ast.arguments(
        posonlyargs=[], args=arguments, kwonlyargs=[], kw_defaults=[], defaults=[]
    )
    return ast.Lambda(given, body)


def _is_fixed(*nodes: ast.AST) -> bool:
    """Whether the code must stay in the function in which it stands."""
    return any(isinstance(each, _FIXED) for node in nodes for each in ast.walk(node))


class Expressions(ast.NodeTransformer):
    """`owner`: the first argument of a method, which a plain `super()` means."""

    def __init__(self, owner: str | None) -> None:
        self.owner = owner

    def visit(self, node: ast.AST) -> Any:
        found = super().visit(node)
        if found is not node and isinstance(found, ast.expr):
            ast.copy_location(found, node)
            ast.fix_missing_locations(found)
        return found

    def visit_BoolOp(self, node: ast.BoolOp) -> Any:
        fixed = _is_fixed(*node.values)
        self.generic_visit(node)
        if fixed:
            return node
        first, *others = node.values
        name = "and_" if isinstance(node.op, ast.And) else "or_"
        return call(name, first, *[function_of(other) for other in others])

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        self.generic_visit(node)
        return call("not_", node.operand) if isinstance(node.op, ast.Not) else node

    def visit_IfExp(self, node: ast.IfExp) -> Any:
        fixed = _is_fixed(node.body, node.orelse)
        self.generic_visit(node)
        if fixed:
            return node
        return call("choose", node.test, function_of(node.body), function_of(node.orelse))

    def visit_Compare(self, node: ast.Compare) -> Any:
        """a < b < c: each operand is computed once, and only if it is needed."""
        fixed = _is_fixed(node)
        self.generic_visit(node)
        if len(node.ops) == 1 or fixed:
            return node
        return self._compare(node.left, node.ops, node.comparators)

    def _compare(self, left: ast.expr, ops: list[ast.cmpop], others: list[ast.expr]) -> ast.expr:
        first, second = name_of("_ag_left"), name_of("_ag_right")
        test = ast.Compare(first, [ops[0]], [second])
        if len(ops) == 1:
            return ast.Compare(left, ops, others)
        more = self._compare(second, ops[1:], others[1:])
        both = call("and_", test, function_of(more))
        return ast.Call(function_of(both, "_ag_left", "_ag_right"), [left, others[0]], [])

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        function = node.func
        if isinstance(function, ast.Name) and function.id in _OF_FRAMES:
            if function.id == "super" and not node.args and self.owner is not None:
                node.args = [name_of("__class__"), name_of(self.owner)]
            return node
        node.func = ast.copy_location(call("callee", function), function)
        ast.fix_missing_locations(node)
        return node
