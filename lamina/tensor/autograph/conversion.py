"""From a function to one whose control flow on tensors becomes part of the graph."""

from __future__ import annotations

import functools
import importlib
import os
import threading
from opcode import hasjabs, hasjrel, opmap
from types import CellType, CodeType, FunctionType, MethodType, SimpleNamespace
from typing import Any

from ...core.errors import InvalidArgumentError
from ...ir.bind import STATE
from . import loops, runtime
from .builtins import TABLE
from .merging import UNSET

_PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep
_STANDARD = os.path.dirname(os.__file__) + os.sep
_LIBRARIES = ("site-packages", "dist-packages")
_KEPT: dict[tuple[CodeType, str], CodeType | None] = {}
_LOCK = threading.Lock()
_TELLING = {*hasjabs, *hasjrel, *(opmap[name] for name in opmap if "CALL" in name)}
_MARK = "__lamina_autograph__"  # an attribute of functions that stay as they are


def do_not_convert(func: Any = None) -> Any:
    """A decorator: inside of tf.function, the function's control flow stays Python's."""
    if func is None:
        return do_not_convert

    @functools.wraps(func)
    def unconverted(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **kwargs)

    setattr(unconverted, _MARK, False)
    return unconverted


def callee(function: Any) -> Any:
    """What a rewritten function calls in place of `function`."""
    if STATE.trace is None:
        return function
    try:
        own = TABLE.get(function)
    except TypeError:  # it cannot be hashed
        own = None
    return converted(function) if own is None else own


def traced(function: Any) -> Any:
    """`function`, rewritten where a trace is going on: for code that calls what users wrote."""
    return function if STATE.trace is None else converted(function)


def converted(function: Any, *, always: bool = False) -> Any:
    """`function` with its control flow rewritten, where it is the user's code and has some.

    `always`: it was asked for by name, wherever its file is.
    """
    if isinstance(function, FunctionType):
        code = function.__code__
        if "_ag" in code.co_freevars:  # it stands in a function that was rewritten
            return function
        if getattr(function, _MARK, True) is False or not _is_users(code, always=always):
            return function
        new = rewritten_code(code)
        return function if new is None else _with_code(function, new)
    if isinstance(function, MethodType):
        inner = converted(function.__func__, always=always)
        return function if inner is function.__func__ else MethodType(inner, function.__self__)
    if isinstance(function, functools.partial):
        inner = converted(function.func, always=always)
        if inner is function.func:
            return function
        return functools.partial(inner, *function.args, **function.keywords)
    if isinstance(function, type):
        return function
    method = vars(type(function)).get("__call__")
    if isinstance(method, FunctionType) and _is_users(method.__code__):
        return MethodType(converted(method), function)
    return function


@functools.lru_cache(maxsize=4096)
def _is_installed(name: str) -> bool:
    """Whether a file belongs to a package that somebody installed, or to Python."""
    installed = any(f"{os.sep}{each}{os.sep}" in name for each in _LIBRARIES)
    return installed or name.startswith((_STANDARD, "<frozen"))


def _is_users(code: CodeType, *, always: bool = False) -> bool:
    name = code.co_filename
    return not name.startswith(_PACKAGE) and (always or not _is_installed(name))


def rewritten_code(code: CodeType) -> CodeType | None:
    """The code with its control flow replaced; None where there is nothing to replace."""
    key = code, code.co_filename
    with _LOCK:
        if key not in _KEPT:
            _KEPT[key] = _rewrite(code) if has_control_flow(code) else None
        return _KEPT[key]


def has_control_flow(code: CodeType) -> bool:
    """Whether the code jumps, or calls something that may be the user's."""
    return any(op in _TELLING for op in code.co_code[::2]) or any(
        isinstance(each, CodeType) and has_control_flow(each) for each in code.co_consts
    )


def _rewrite(code: CodeType) -> CodeType | None:
    rewriting = importlib.import_module(".rewriting", __package__)  # the syntax tree's tools
    found = rewriting.definition_of(code)
    if found is None:
        return None
    try:
        node = rewriting.rewritten(found.node)
    except rewriting.Refused:
        return None
    holder = rewriting.holder(node, code.co_freevars, found.class_name)
    name = "<lambda>" if code.co_name == "<lambda>" else rewriting.FUNCTION
    inner = _inner(compile(holder, code.co_filename, "exec"), name)
    return inner.replace(co_name=code.co_name, co_qualname=code.co_qualname)


def rewritten_text(function: Any) -> str:
    """The text of a function with its control flow replaced."""
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    rewriting = importlib.import_module(".rewriting", __package__)
    found = None if code is None else rewriting.definition_of(code)
    if found is None:
        raise InvalidArgumentError(
            f"the text of {getattr(function, '__name__', function)!r} is not at hand; it must "
            "stand in a file or a notebook"
        )
    text: str = rewriting.text_of(rewriting.rewritten(found.node))
    return text


def _inner(module: CodeType, name: str) -> CodeType:
    """The function of this name that the module defines somewhere inside."""
    waiting = [module]
    for each in waiting:
        if each.co_name == name:
            return each
        waiting.extend(inner for inner in each.co_consts if isinstance(inner, CodeType))
    raise AssertionError(name)


def _with_code(function: FunctionType, code: CodeType) -> FunctionType:
    """`function` with other code: the same globals, cells, defaults and attributes."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    cells["_ag"] = _AG_CELL
    closure = tuple([cells[name] for name in code.co_freevars])
    new = FunctionType(
        code, function.__globals__, function.__name__, function.__defaults__, closure
    )
    new.__kwdefaults__ = function.__kwdefaults__
    new.__dict__.update(function.__dict__)
    new.__qualname__, new.__module__ = function.__qualname__, function.__module__
    return new


_AG = SimpleNamespace(
    UNSET=UNSET,
    callee=callee,
    **{
        name: getattr(module, name)
        for module, names in (
            (runtime, "if_ chain result choose and_ or_ not_ assert_ effect"),
            (loops, "while_ for_"),
        )
        for name in names.split()
    },
)
_AG_CELL = CellType(_AG)
