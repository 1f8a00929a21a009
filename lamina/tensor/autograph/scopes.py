"""Names in syntax trees: which are assigned, read and needed later."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

Names = frozenset[str]
NONE: Names = frozenset()

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class _Assigned(ast.NodeVisitor):
    """Collects what a function's own scope assigns, and what it declares."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.outer: set[str] = set()  # declared global
        self.free: set[str] = set()  # declared nonlocal

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.names.add(node.id)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.names.add(node.name)
        for each in (*node.decorator_list, *node.args.defaults, *node.args.kw_defaults):
            if each is not None:
                self.visit(each)

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.names.add(node.name)
        for each in (*node.decorator_list, *node.bases):
            self.visit(each)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for each in (*node.args.defaults, *node.args.kw_defaults):
            if each is not None:
                self.visit(each)

    def _comprehension(self, node: ast.expr) -> None:
        """Its own targets stay inside; only `:=` reaches the function."""
        for each in ast.walk(node):
            if isinstance(each, ast.NamedExpr):
                self.names.add(each.target.id)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def visit_alias(self, node: ast.alias) -> None:
        self.names.add(node.asname or node.name.partition(".")[0])

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.names.add(node.name)
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        if node.name:
            self.names.add(node.name)
        self.generic_visit(node)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        if node.name:
            self.names.add(node.name)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        if node.rest:
            self.names.add(node.rest)
        self.generic_visit(node)

    def visit_Global(self, node: ast.Global) -> None:
        self.outer.update(node.names)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self.free.update(node.names)


def assigned(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that the code assigns in its own scope."""
    visitor = _Assigned()
    for node in nodes:
        visitor.visit(node)
    return visitor.names


def declared(nodes: Iterable[ast.AST]) -> tuple[set[str], set[str]]:
    """The names that the code declares global, and those that it declares nonlocal."""
    visitor = _Assigned()
    for node in nodes:
        visitor.visit(node)
    return visitor.outer, visitor.free


def read(node: ast.AST | None) -> Names:
    """The names that an expression or a definition reads, those of code inside it too."""
    if node is None:
        return NONE
    return frozenset(
        each.id
        for each in ast.walk(node)
        if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Store)
    )


def captured(nodes: Iterable[ast.AST]) -> Names:
    """What functions defined in the code read: it may be needed at any time."""
    found: Names = NONE
    for node in nodes:
        for each in ast.walk(node):
            if isinstance(each, _SCOPES):
                found |= read(each)
    return found


class Liveness:
    """For each compound statement of a function what may be read after it.

    `after[node]` holds the names needed where it ends, also by a `break` or `continue`;
    `before[node]`, of loops, those needed where a turn begins.
    """

    def __init__(self, body: Sequence[ast.stmt], always: Names) -> None:
        self.after: dict[ast.stmt, Names] = {}
        self.before: dict[ast.stmt, Names] = {}
        self._always = always
        self._exits: list[tuple[Names, Names]] = []  # of the loops around: break, continue
        self.block(body, always)

    def block(self, body: Sequence[ast.stmt], out: Names) -> Names:
        """What is needed before `body` where `out` is needed after it."""
        for statement in reversed(body):
            out = self._statement(statement, out)
        return out

    def _statement(self, node: ast.stmt, out: Names) -> Names:
        if isinstance(node, (ast.If, ast.While, ast.For, ast.With, ast.Try, ast.Match)):
            known = self.after.get(node, NONE) | out
            if self._exits and _jumps(node):
                known |= self._exits[-1][0] | self._exits[-1][1]
            self.after[node] = known
        if isinstance(node, ast.If):
            return read(node.test) | self.block(node.body, out) | self.block(node.orelse, out)
        if isinstance(node, (ast.While, ast.For)):
            return self._loop(node, out)
        if isinstance(node, (ast.Return, ast.Raise)):
            return read(node) | self._always
        if isinstance(node, (ast.Break, ast.Continue)):
            return self._exits[-1][isinstance(node, ast.Continue)] if self._exits else out
        if isinstance(node, ast.With):
            inner = self.block(node.body, out)
            for item in reversed(node.items):
                if item.optional_vars is not None:
                    inner -= assigned([item.optional_vars]) - self._always
                inner |= read(item.context_expr)
            return inner
        if isinstance(node, ast.Match):
            return self._match(node, out)
        if isinstance(node, ast.Try):
            return self._try(node, out)
        if isinstance(node, ast.Assign):
            written = {t.id for t in node.targets if isinstance(t, ast.Name)}
            written |= {
                each.id
                for target in node.targets
                if isinstance(target, (ast.Tuple, ast.List))
                for each in target.elts
                if isinstance(each, ast.Name)
            }
            return (out - written) | read(node) | self._always
        if isinstance(node, ast.AugAssign):
            target = {node.target.id} if isinstance(node.target, ast.Name) else NONE
            return out | read(node) | target
        return out | read(node)

    def _loop(self, node: ast.While | ast.For, out: Names) -> Names:
        end = self.block(node.orelse, out)
        if isinstance(node, ast.While):
            source, targets, head = NONE, NONE, read(node.test) | end
        else:
            source, head = read(node.iter), end
            targets = frozenset(assigned([node.target]))
        for _ in range(2):  # a second round sees what the next turn needs
            self._exits.append((out, head))
            head |= self.block(node.body, head) - (targets - end)
            self._exits.pop()
        self.before[node] = self.before.get(node, NONE) | head
        return head | source

    def _match(self, node: ast.Match, out: Names) -> Names:
        found = out | read(node.subject)
        for case in node.cases:
            found |= self.block(case.body, out) | read(case.pattern) | read(case.guard)
        return found

    def _try(self, node: ast.Try, out: Names) -> Names:
        """What handlers and `finally` read is needed everywhere in the body."""
        end = self.block(node.finalbody, out)
        caught = self.block(node.finalbody, NONE)
        for handler in node.handlers:
            caught |= self.block(handler.body, end) | read(handler.type)
        before, self._always = self._always, self._always | caught
        found = self.block(node.body, self.block(node.orelse, end) | caught)
        self._always = before
        return found | caught


def _jumps(node: ast.AST) -> bool:
    return any(isinstance(each, (ast.Break, ast.Continue)) for each in ast.walk(node))
