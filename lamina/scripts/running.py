"""A script or notebook, run unmodified with lamina in the place of TensorFlow and Keras."""

from __future__ import annotations

import ast
import linecache
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any

from .aliases import TARGETS, install_as
from .notebook import Piece, note_skipped, read_pieces

FAILED = 1
_SCRIPT = "LAMINA_SCRIPT"  # tells processes that a script starts which one it is
INTERRUPTED = 130  # 128 + SIGINT, as shells report it


def run(path: str, arguments: Sequence[str] = ()) -> int:
    """Run `path` as `python path arguments` would, and return its exit status.

    `tensorflow`, `keras` and `tf_keras` are lamina. An exception prints the traceback of the
    script's own lines; SystemExit passes through.
    """
    pieces = read_pieces(Path(path))
    note_skipped(pieces, lambda text: print("lamina:", text, file=sys.stderr))  # noqa: T201
    main = ModuleType("__main__")
    main.__dict__.update(__file__=path, __builtins__=__builtins__, __loader__=None)
    if path.endswith(".ipynb"):
        main.__dict__["display"] = _display
    else:  # what processes that the script starts import in its place
        main.__spec__ = ModuleSpec("lamina.scripts.child", None)
        os.environ[_SCRIPT] = path
    sys.modules["__main__"] = main
    sys.argv = [path, *arguments]
    sys.path[:1] = [str(Path(path).resolve().parent)]
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a script ends by it, as under python
    install_as(*TARGETS)
    try:
        for piece in pieces:
            for code in _compiled(piece):
                exec(code, main.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        _print_traceback(error, {piece.name for piece in pieces})
        return INTERRUPTED if isinstance(error, KeyboardInterrupt) else FAILED
    return 0


def definitions() -> dict[str, Any]:
    """What the script defines in a process that it started."""
    path = os.environ[_SCRIPT]
    install_as(*TARGETS)
    names: dict[str, Any] = {"__name__": "__mp_main__", "__file__": path}
    for piece in read_pieces(Path(path)):
        for code in _compiled(piece):
            exec(code, names)
    return names


def _compiled(piece: Piece) -> list[CodeType]:
    """The code of a piece; the last expression of a cell is shown, unless `;` ends it."""
    if not piece.cell:
        return [compile(piece.text, piece.name, "exec", dont_inherit=True)]
    lines = piece.text.splitlines(keepends=True)
    linecache.cache[piece.name] = (len(piece.text), None, lines, piece.name)
    tree = ast.parse(piece.text, piece.name)
    shown: list[ast.stmt] = []
    if tree.body and isinstance(tree.body[-1], ast.Expr) and not piece.text.rstrip().endswith(";"):
        shown = [tree.body.pop()]
    code = [compile(tree, piece.name, "exec", dont_inherit=True)]
    if shown:
        code.append(compile(ast.Interactive(shown), piece.name, "single", dont_inherit=True))
    return code


def _display(*values: Any) -> None:
    for value in values:
        print(value)  # noqa: T201


def _print_traceback(error: BaseException, names: set[str]) -> None:
    """What Python prints, from the script's first line on."""
    trace: TracebackType | None = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename not in names:
        trace = trace.tb_next
    sys.stdout.flush()
    traceback.print_exception(type(error), error, trace)


__all__ = ["definitions", "run"]
