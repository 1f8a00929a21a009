"""Which TensorFlow and Keras names a script uses that lamina lacks, found without running it."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..core.errors import InvalidArgumentError, nearest
from .aliases import TARGETS
from .notebook import Piece, read_pieces

_FORGIVING = {"AttributeError", "BaseException", "Exception", "ImportError", "ModuleNotFoundError"}


class Lack(NamedTuple):
    """A name that lamina lacks: where it stands, how it is written, what to do instead."""

    where: str
    line: int
    name: str
    advice: str

    def __str__(self) -> str:
        return f"{self.where}:{self.line}: {self.name}: {self.advice}"


class Known(NamedTuple):
    """What a name of the script stands for: an object of lamina, or an instance of a class."""

    value: Any
    path: str
    instance: bool = False


def check(path: str) -> list[Lack]:
    """The names of `path`, a script or notebook, that lamina lacks, in order of lines."""
    checker = _Checker()
    for piece in read_pieces(Path(path)):
        checker.read(piece)
    return checker.lacks


class _Checker(ast.NodeVisitor):
    """Follows imports, assignments and attributes; a name that may be anything is left alone."""

    def __init__(self) -> None:
        self.lacks: list[Lack] = []
        self._scopes: list[dict[str, Known | None]] = [{}]
        self._where = ""
        self._guards = 0
        self._given: set[str] = set()  # names that the script gives to objects

    def read(self, piece: Piece) -> None:
        """Check one piece of code; names of earlier pieces are known."""
        self._where = piece.name
        try:
            tree = ast.parse(piece.text, piece.name)
        except SyntaxError as error:
            line = f": {error.text.strip()}" if error.text else ""
            raise InvalidArgumentError(
                f"{piece.name}, line {error.lineno}: {error.msg}{line}"
            ) from None
        self._given |= _given_names(tree)
        self.visit(tree)

    # Names

    def _lookup(self, name: str) -> Known | None:
        for scope in reversed(self._scopes):
            if name in scope:
                found: Known | None = scope[name]
                return found
        return None

    def _report(self, node: ast.AST, name: str, advice: str) -> None:
        if not self._guards:
            lack = Lack(self._where, getattr(node, "lineno", 0), name, advice)
            if lack not in self.lacks:
                self.lacks.append(lack)

    def _member(self, node: ast.AST, owner: Known, name: str) -> Known | None:
        """`owner.name`, reported where it does not exist."""
        path = f"{owner.path}.{name}"
        if owner.instance or isinstance(owner.value, type):
            if name not in self._given and not _has_member(owner.value, name):
                self._report(node, path, _advice_for_member(owner.value, name))
            return None
        try:
            return Known(getattr(owner.value, name), path)
        except AttributeError as error:
            self._report(node, path, str(error))
            return None

    def _known(self, node: ast.expr) -> Known | None:
        """What an expression stands for, as far as that is plain to see."""
        if isinstance(node, ast.Name):
            return self._lookup(node.id)
        if isinstance(node, ast.Attribute):
            owner = self._known(node.value)
            return None if owner is None else self._member(node, owner, node.attr)
        if isinstance(node, ast.Call):
            made = self._known(node.func)
            if made is not None and isinstance(made.value, type) and not made.instance:
                return Known(made.value, f"{made.path}()", instance=True)
            if isinstance(node.func, ast.Name) and node.func.id == "super":
                return self._lookup("super()")
        return None

    # Statements

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            top = alias.name.partition(".")[0]
            found = self._module(node, alias.name) if top in TARGETS else None
            if alias.asname is None:
                root = Known(importlib.import_module(TARGETS[top]), top) if top in TARGETS else None
                self._scopes[-1][top] = root
            else:
                self._scopes[-1][alias.asname] = found

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        ours = node.level == 0 and module.partition(".")[0] in TARGETS
        owner = self._module(node, module) if ours else None
        for alias in node.names:
            if alias.name == "*" and owner is not None:
                for name in getattr(owner.value, "__all__", ()):
                    self._scopes[-1][name] = Known(getattr(owner.value, name), name)
                continue
            found = None if owner is None else self._member(node, owner, alias.name)
            self._scopes[-1][alias.asname or alias.name] = found

    def _module(self, node: ast.AST, name: str) -> Known | None:
        top, *rest = name.split(".")
        found: Known | None = Known(importlib.import_module(TARGETS[top]), top)
        for part in rest:
            found = found and self._member(node, found, part)
        return found

    def visit_Assign(self, node: ast.Assign) -> None:
        value = self._known(node.value)
        self.generic_visit(node)
        for target in node.targets:
            self._bind(target, value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        value = None if node.value is None else self._known(node.value)
        self.generic_visit(node)
        self._bind(node.target, value)

    def _bind(self, target: ast.expr, value: Known | None) -> None:
        for name in ast.walk(target):
            if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                self._scopes[-1][name.id] = value if name is target else None

    def visit_Call(self, node: ast.Call) -> None:
        """Arguments by name, where the function says which ones it takes."""
        self.generic_visit(node)
        called = self._quietly(node.func)
        if called is None or called.instance:
            return
        names = _argument_names(called.value)
        for keyword in node.keywords:
            if names is not None and keyword.arg is not None and keyword.arg not in names:
                text = f"it has no argument {keyword.arg!r}.{nearest(keyword.arg, names)}"
                self._report(keyword, f"{called.path}(…, {keyword.arg}=…)", text)

    def _quietly(self, node: ast.expr) -> Known | None:
        """What an expression stands for, reporting nothing: that was done before."""
        self._guards += 1
        try:
            return self._known(node)
        finally:
            self._guards -= 1

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Load):
            self._known(node)
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self._scopes[-1][node.id] = None

    def visit_Try(self, node: ast.Try) -> None:
        guarded = any(_forgives(handler) for handler in node.handlers)
        self._guards += guarded
        for statement in node.body:
            self.visit(statement)
        self._guards -= guarded
        for other in (*node.handlers, *node.orelse, *node.finalbody):
            self.visit(other)

    # Scopes

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for outside in (*node.decorator_list, *_defaults(node.args)):
            self.visit(outside)
        self._scopes[-1][node.name] = None
        self._inside(node.args, node.body)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for default in _defaults(node.args):
            self.visit(default)
        self._inside(node.args, [node.body])

    def _inside(self, arguments: ast.arguments, body: Iterable[ast.AST]) -> None:
        everyone = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        names = [argument.arg for argument in everyone]
        names += [extra.arg for extra in (arguments.vararg, arguments.kwarg) if extra]
        instance = self._scopes[-1].get("self()")
        scope: dict[str, Known | None] = dict.fromkeys(names)
        if instance is not None and names:
            scope[names[0]] = instance
        self._scopes.append(scope)
        for statement in body:
            self.visit(statement)
        self._scopes.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for outside in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(outside)
        bases = [self._known(base) for base in node.bases]
        self._scopes[-1][node.name] = None
        scope: dict[str, Known | None] = {}
        if len(bases) == 1 and bases[0] is not None and isinstance(bases[0].value, type):
            base = bases[0]
            own = type(node.name, (), dict.fromkeys(_own_names(node)))
            scope["self()"] = Known((own, base.value), f"{node.name} (a {base.path})", True)
            scope["super()"] = Known(base.value, "super()", instance=True)
        self._scopes.append(scope)
        for statement in node.body:
            self.visit(statement)
        self._scopes.pop()


def _given_names(tree: ast.AST) -> set[str]:
    """Attributes that are assigned to anything, and names of arguments in calls."""
    nodes = list(ast.walk(tree))
    stored = {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    return stored | {node.arg for node in nodes if isinstance(node, ast.keyword) and node.arg}


def _argument_names(thing: Any) -> set[str] | None:
    """Names of the arguments that a function or class takes; None where it may take any."""
    try:
        parameters = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return {parameter.name for parameter in parameters}


def _defaults(arguments: ast.arguments) -> Iterator[ast.expr]:
    yield from arguments.defaults
    yield from (default for default in arguments.kw_defaults if default is not None)


def _forgives(handler: ast.ExceptHandler) -> bool:
    """Whether an `except` expects that a name may be missing."""
    if handler.type is None:
        return True
    return any(
        isinstance(name, ast.Name) and name.id in _FORGIVING for name in ast.walk(handler.type)
    )


def _own_names(node: ast.ClassDef) -> set[str]:
    """Names that a class of the script gives to itself or its instances."""
    names = {
        child.attr
        for child in ast.walk(node)
        if isinstance(child, ast.Attribute) and isinstance(child.ctx, ast.Store)
    }
    for child in ast.walk(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(child.name)
        elif isinstance(child, ast.Name) and child.id == "setattr":
            names.add("__getattr__")  # it may give itself any name
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            names.add(child.id)
    return names


def _has_member(owner: Any, name: str) -> bool:
    """Whether instances of a class (or of either of two) may have the attribute `name`."""
    classes = owner if isinstance(owner, tuple) else (owner,)
    return any(
        hasattr(each, name) or hasattr(each, "__getattr__") or name in _assigned(each)
        for each in classes
    )


def _assigned(owner: type) -> set[str]:
    """Attributes that the methods of a class and its bases give to `self`."""
    found: set[str] = set()
    for each in owner.__mro__:
        found.update(getattr(each, "__annotations__", ()))
        try:
            source = textwrap.dedent(inspect.getsource(each))
        except (OSError, TypeError):
            continue
        found.update(re.findall(r"\bself\.(\w+)\b[^=\n]*=", source))
    return found


def _advice_for_member(owner: Any, name: str) -> str:
    classes = owner if isinstance(owner, tuple) else (owner,)
    names = {item for each in classes for item in dir(each) if not item.startswith("_")}
    return f"{classes[-1].__name__} has no {name!r}.{nearest(name, names)}"
