"""Functions rewritten so that their branches and loops go through `runtime`.

The bodies of branches and loops become functions without arguments that share the variables of
the function around them. Where such a body may `return`, `break` or `continue`, it gives a code
(runtime.BREAK …), and what follows becomes a function, too, which runs only where the code is 0.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Sequence
from typing import Any

from .expressions import AG, Expressions, call, function_of, name_of
from .scopes import NONE, Liveness, Names, assigned, captured, declared
from .source import definition_of

__all__ = ["Refused", "definition_of", "holder", "rewritten", "text_of"]

FUNCTION = "_ag_function"
CODE, RETURNED, ITEM = "_ag_code", "_ag_returned", "_ag_item"
BREAK, CONTINUE, RETURN = 1, 2, 3

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_COMPOUND = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.Match)


class Refused(Exception):
    """A function that cannot be rewritten: why, and the line."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.line = line


def rewritten(node: ast.FunctionDef | ast.Lambda) -> Any:
    """The definition with its control flow replaced."""
    node = copy.deepcopy(node)
    if isinstance(node, ast.Lambda):
        node.body = Expressions(None).visit(node.body)
        return ast.fix_missing_locations(node)
    if _suspends(node.body):
        raise Refused("generators and coroutines are left as they are", node.lineno)
    node.decorator_list = []
    return ast.fix_missing_locations(_Function(node, _first_argument(node)).result())


def holder(node: Any, free: Sequence[str], class_name: str | None) -> ast.Module:
    """A module with the definition inside a function that has its free variables.

    A class around it gives names with two underscores their meaning.
    """
    names = ", ".join([AG, *free])
    outer = _template(f"def _ag_holder({names}): pass")
    if isinstance(node, ast.FunctionDef):
        node.name = FUNCTION  # its own name may be that of a global
    body = [ast.Expr(node)] if isinstance(node, ast.Lambda) else [node]
    if class_name is not None:
        around = _template(f"class ___{class_name}: pass")  # another name, which means the same
        around.body = body
        body = [around]
    outer.body = body
    for argument in _all_arguments(node):
        argument.annotation = None
    node.args.defaults = [ast.Constant(None) for _ in node.args.defaults]
    node.args.kw_defaults = [each and ast.Constant(None) for each in node.args.kw_defaults]
    if isinstance(node, ast.FunctionDef):
        node.returns = None
    module = ast.Module([_at(outer, node)], [])
    return ast.fix_missing_locations(module)


def text_of(node: ast.AST) -> str:
    """A syntax tree as text."""
    return ast.unparse(node)


def _all_arguments(node: Any) -> list[ast.arg]:
    given = node.args
    rest = [each for each in (given.vararg, given.kwarg) if each is not None]
    return [*given.posonlyargs, *given.args, *given.kwonlyargs, *rest]


def _first_argument(node: ast.FunctionDef) -> str | None:
    """What a plain `super()` takes as the instance."""
    given = [*node.args.posonlyargs, *node.args.args]
    return given[0].arg if given else None


def _own(nodes: Iterable[ast.AST]) -> Iterable[ast.AST]:
    """What is in the scope of the code itself, not in functions inside it."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _FUNCTIONS):
            waiting.extend(ast.iter_child_nodes(node))


def _suspends(body: Sequence[ast.AST]) -> bool:
    return any(isinstance(each, (ast.Yield, ast.YieldFrom, ast.Await)) for each in _own(body))


def _transfers(nodes: Iterable[ast.AST]) -> bool:
    """Whether the code may return, or leave a turn of a loop around it."""
    for node in nodes:
        if isinstance(node, (ast.Return, ast.Break, ast.Continue)):
            return True
        if isinstance(node, (ast.For, ast.While)):
            if _returns([*node.body, *node.orelse]) or _transfers(node.orelse):
                return True
        elif not isinstance(node, _FUNCTIONS) and _transfers(ast.iter_child_nodes(node)):
            return True
    return False


def _returns(nodes: Iterable[ast.AST]) -> bool:
    return any(isinstance(each, ast.Return) for each in _own(nodes))


def _ends(body: Sequence[ast.stmt]) -> bool:
    """Whether every way through the code leaves it by a jump."""
    if not body:
        return False
    last = body[-1]
    if isinstance(last, ast.If):
        return _ends(last.body) and _ends(last.orelse)
    return isinstance(last, (ast.Return, ast.Break, ast.Continue))


def _tidy(body: list[ast.stmt]) -> list[ast.stmt]:
    """What follows an `if` that jumps away goes into the other branch: it means the same."""
    found: list[ast.stmt] = []
    for place, statement in enumerate(body):
        found.append(statement)
        if isinstance(statement, (ast.Return, ast.Break, ast.Continue)):
            break
        if isinstance(statement, ast.While) and assigned([statement.test]):
            _take_test_inside(statement)
        rest = body[place + 1 :]
        if isinstance(statement, ast.If):
            first, second = _ends(statement.body), _ends(statement.orelse)
            if first and second:
                rest = []
            if first:
                statement.orelse = [*statement.orelse, *rest]
            elif second:
                statement.body = [*statement.body, *rest]
        for field in ("body", "orelse", "finalbody"):
            inner = getattr(statement, field, None)
            if inner and not isinstance(statement, _FUNCTIONS):
                setattr(statement, field, _tidy(inner))
        for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
            part.body = _tidy(part.body)
        if isinstance(statement, ast.If) and (first or second):
            break
    return found


def _take_test_inside(node: ast.While) -> None:
    """A test that assigns becomes part of the body, which needs what it assigns."""
    if _transfers(node.orelse):
        raise Refused("a `while` whose test assigns, with an `else` that jumps", node.lineno)
    test = ast.UnaryOp(ast.Not(), node.test)
    end = _at(ast.If(test, [*node.orelse, ast.Break()], []), node.test)
    node.body = [end, *node.body]
    node.test, node.orelse = _at(ast.Constant(True), node.test), []


class _Function:
    """One function being rewritten."""

    def __init__(self, node: ast.FunctionDef, owner: str | None) -> None:
        self.node = node
        self.expressions = Expressions(owner)
        self.globals, free = declared(node.body)
        self.always: Names = captured(node.body) | free
        self.outside = sorted(assigned(node.body) & free)
        bound = assigned(node.body) - self.globals - free
        self.bindings = sorted(bound)
        node.body = _tidy(node.body)
        self.coded = any(isinstance(s, _COMPOUND) and _transfers([s]) for s in node.body)
        if self.coded:
            self.always |= {RETURNED}
        self.live = Liveness(node.body, self.always)
        self._count = 0

    def result(self) -> ast.FunctionDef:
        node = self.node
        start = []
        if node.body and isinstance(node.body[0], ast.Expr) and ast.get_docstring(node) is not None:
            start.append(node.body.pop(0))
        declarations = [s for s in node.body if isinstance(s, (ast.Global, ast.Nonlocal))]
        body = [s for s in node.body if not isinstance(s, (ast.Global, ast.Nonlocal))]
        start += declarations
        # Who calls this in a branch or a loop does not see what it sets.
        start += [ast.Expr(call("effect", ast.Constant(name))) for name in self.outside]
        if self.bindings:  # names that only inner functions assign are this function's all the same
            start.append(_template(f"if 0: {' = '.join(self.bindings)} = None"))
        if self.coded:
            start += [_template(f"{CODE} = 0"), _template(f"{RETURNED} = {AG}.UNSET")]
            body = self.block(body, self.always)
            body.append(_at(_template(f"return {AG}.result({CODE}, {RETURNED})"), body[-1]))
        else:
            body = self.block(body, self.always)
        node.body = [_at(each, node) for each in start] + body or [ast.Pass()]
        return node

    # Blocks ---------------------------------------------------------------------------------------

    def block(self, body: Sequence[ast.stmt], out: Names) -> list[ast.stmt]:
        """The statements in a row; `out` is needed after them."""
        found: list[ast.stmt] = []
        for place, statement in enumerate(body):
            if isinstance(statement, (ast.Return, ast.Break, ast.Continue)):
                return found + self._jump(statement)
            rest = body[place + 1 :]
            coded = rest and isinstance(statement, _COMPOUND) and _transfers([statement])
            found += self._statement(statement)  # which takes it apart
            if coded:
                names = self._names(rest, out)
                name, definition = self._part("rest", rest, out)
                chained = call("chain", _name(CODE), _name(name), *names)
                return [*found, definition, _at(_assign(CODE, chained), rest[0])]
        return found

    def _jump(self, node: ast.Return | ast.Break | ast.Continue) -> list[ast.stmt]:
        if not isinstance(node, ast.Return):
            code = BREAK if isinstance(node, ast.Break) else CONTINUE
            return [_at(_assign(CODE, ast.Constant(code)), node)]
        value = ast.Constant(None) if node.value is None else self.expressions.visit(node.value)
        if not self.coded:
            return [ast.copy_location(ast.Return(value), node)]
        given = _at(_assign(RETURNED, value), node)
        return [given, _at(_assign(CODE, ast.Constant(RETURN)), node)]

    def _part(
        self, kind: str, body: Sequence[ast.stmt], out: Names, argument: str = ""
    ) -> tuple[str, ast.stmt]:
        """A block as a function that shares the variables around it: its name, its definition."""
        self._count += 1
        name = f"_ag_{kind}_{self._count}"
        definition = _template(f"def {name}({argument}): pass")
        coded = _transfers(body)
        names = assigned(body) | ({RETURNED} if _returns(body) else set())
        lines: list[ast.stmt] = []
        if names - self.globals:
            lines.append(ast.Nonlocal(sorted(names - self.globals)))
        if names & self.globals:
            lines.append(ast.Global(sorted(names & self.globals)))
        if coded:
            lines.append(_assign(CODE, ast.Constant(0)))
        lines = [_at(line, body[0]) for line in lines]
        lines += self.block(body, out)
        if coded:
            lines.append(_at(ast.Return(_name(CODE)), body[-1]))
        definition.body = lines
        return name, _at(definition, body[0])

    def _names(self, body: Sequence[ast.AST], out: Names) -> list[ast.expr]:
        """The names that the code assigns, and those of them that are needed later."""
        names = (assigned(body) - self.globals) | ({RETURNED} if _returns(body) else set())
        return [_strings(names), _strings(names & out)]

    # Statements -----------------------------------------------------------------------------------

    def _statement(self, node: ast.stmt) -> list[ast.stmt]:
        if isinstance(node, ast.If):
            return self._if(node)
        if isinstance(node, ast.While):
            return self._while(node)
        if isinstance(node, ast.For):
            return self._for(node)
        if isinstance(node, (ast.With, ast.Try, ast.Match)):
            return [self._native(node)]
        if isinstance(node, ast.Assert):
            return [self._assert(node)]
        if isinstance(node, ast.FunctionDef):
            return [self.inner(node)]
        if isinstance(node, (ast.ClassDef, ast.AsyncFunctionDef)):
            return [node]
        effects = _effects(node, self.globals)
        guards = [
            _at(ast.Expr(call("effect", ast.Constant(what))), node) for what in sorted(effects)
        ]
        return [*guards, self.expressions.visit(node)]

    def inner(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """A function inside of this one."""
        node.decorator_list = [self.expressions.visit(each) for each in node.decorator_list]
        if _suspends(node.body):
            return node
        return _Function(node, _first_argument(node)).result()

    def _if(self, node: ast.If) -> list[ast.stmt]:
        out = self.live.after[node]
        test = self.expressions.visit(node.test)
        both = [*node.body, *node.orelse]
        names, coded = self._names(both, out), _transfers(both)
        found: list[ast.stmt] = []
        parts: list[ast.expr] = []
        for kind, body in (("then", node.body), ("otherwise", node.orelse)):
            if body:
                name, definition = self._part(kind, body, out)
                found.append(definition)
                parts.append(_name(name))
            else:
                parts.append(ast.Constant(None))
        return [*found, self._run(call("if_", test, *parts, *names), node, coded)]

    def _run(self, value: ast.expr, node: ast.stmt, coded: bool) -> ast.stmt:
        line: ast.stmt = _assign(CODE, value) if coded else ast.Expr(value)
        placed: ast.stmt = _at(line, node)
        return placed

    def _orelse(self, node: ast.For | ast.While) -> tuple[list[ast.stmt], ast.expr]:
        if not node.orelse:
            return [], ast.Constant(None)
        name, definition = self._part("else", node.orelse, self.live.after[node])
        return [definition], _name(name)

    def _while(self, node: ast.While) -> list[ast.stmt]:
        out = self.live.after[node] | self.live.before[node]
        names, coded = self._names([*node.body, *node.orelse], out), _transfers([node])
        self._count += 1
        test = _template(f"def _ag_test_{self._count}(): pass")
        test.body = [ast.Return(self.expressions.visit(node.test))]
        body, definition = self._part("body", node.body, out)
        orelse, last = self._orelse(node)
        names.append(_strings(self.live.after[node]))
        value = call("while_", _name(test.name), _name(body), last, *names)
        return [_at(test, node), definition, *orelse, self._run(value, node, coded)]

    def _for(self, node: ast.For) -> list[ast.stmt]:
        out = self.live.after[node] | self.live.before[node]
        names, coded = self._names([node.target, *node.body, *node.orelse], out), _transfers([node])
        source = self.expressions.visit(node.iter)
        bind = ast.copy_location(ast.Assign([node.target], _name(ITEM)), node.target)
        body, definition = self._part("body", [bind, *node.body], out, ITEM)
        orelse, last = self._orelse(node)
        names.append(_strings(self.live.after[node]))
        value = call("for_", source, _name(body), last, *names)
        return [definition, *orelse, self._run(value, node, coded)]

    def _native(self, node: ast.With | ast.Try | ast.Match) -> ast.stmt:
        out = self.live.after[node]
        if isinstance(node, ast.With):
            for item in node.items:
                item.context_expr = self.expressions.visit(item.context_expr)
            node.body = self.block(node.body, out)
            return node
        if isinstance(node, ast.Match):
            node.subject = self.expressions.visit(node.subject)
            for case in node.cases:
                if case.guard is not None:
                    case.guard = self.expressions.visit(case.guard)
                case.body = self.block(case.body, out)
            return node
        if node.orelse and _transfers(node.body):
            raise Refused("a `try` that is left by a jump and has an `else`", node.lineno)
        node.body = self.block(node.body, out)
        node.orelse = self.block(node.orelse, out)
        node.finalbody = self.block(node.finalbody, out)
        for handler in node.handlers:
            handler.body = self.block(handler.body, out)
        return node

    def _assert(self, node: ast.Assert) -> ast.stmt:
        checked = _template("if __debug__: pass")
        arguments = [self.expressions.visit(node.test)]
        if node.msg is not None:
            arguments.append(_later(self.expressions.visit(node.msg)))
        checked.body = [ast.Expr(call("assert_", *arguments))]
        placed: ast.stmt = _at(checked, node)
        return placed


def _effects(node: ast.stmt, outer: set[str]) -> Names:
    """What the statement changes that is no variable of the function, as text."""
    targets: list[ast.expr] = []
    if isinstance(node, (ast.Assign, ast.Delete)):
        targets = list(node.targets)
    elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
        targets = [node.target]
    found = NONE
    for target in targets:
        for each in ast.walk(target):
            if isinstance(each, ast.Attribute) and not isinstance(each.ctx, ast.Load):
                found |= {ast.unparse(each)}
            elif isinstance(each, ast.Subscript) and not isinstance(each.ctx, ast.Load):
                if not isinstance(each.value, ast.Name) or each.value.id in outer:
                    found |= {ast.unparse(each)}
            elif isinstance(each, ast.Name) and each.id in outer:
                found |= {each.id}
    return found


def _name(name: str) -> ast.Name:
    return name_of(name)


def _later(node: ast.expr) -> ast.expr:
    """`node` as a function without arguments."""
    return function_of(node)


def _strings(names: Iterable[str]) -> ast.expr:
    items: list[ast.expr] = [ast.Constant(name) for name in sorted(names)]
    return ast.Tuple(items, ast.Load())


def _assign(name: str, value: ast.expr) -> ast.Assign:
    return ast.Assign([ast.Name(name, ast.Store())], value)


def _template(text: str) -> Any:
    """A statement that stands nowhere yet."""
    node = ast.parse(text).body[0]
    for each in ast.walk(node):
        for attribute in each._attributes:
            if hasattr(each, attribute):
                delattr(each, attribute)
    return node


def _at(node: Any, place: ast.AST) -> Any:
    """`node` where `place` stands in the file; parts that have a place keep it."""
    for each in ast.walk(node):
        if "lineno" in each._attributes and not hasattr(each, "lineno"):
            ast.copy_location(each, place)
    return node
