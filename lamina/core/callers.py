"""Whose line led here: the nearest code outside of lamina, for messages and warnings."""

from __future__ import annotations

import sys
import warnings
from types import FrameType

_BETWEEN = (__name__.partition(".")[0], "contextlib")  # whose decorators are around some methods
_CALLED = ("numpy", "random")  # what lamina calls, and does not blame people's code for


def user_line() -> str:
    """`file:line` of the nearest caller outside of lamina, for messages."""
    frame = _user_frame()
    return "<unknown>" if _is_ours(frame) else f"{frame.f_code.co_filename}:{frame.f_lineno}"


def raising_line(error: BaseException) -> str | None:
    """`file:line` of the last call outside of lamina on the way to an error, if there is one."""
    found, trace = None, error.__traceback__
    while trace is not None:
        if not _is_ours(trace.tb_frame, also=_CALLED):
            found = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line of the nearest caller outside of lamina."""
    frame = _user_frame()
    names = frame.f_globals
    seen = names.setdefault("__warningregistry__", {})
    where = frame.f_code.co_filename, frame.f_lineno, names.get("__name__")
    warnings.warn_explicit(message, category, *where, seen)


def _user_frame() -> FrameType:
    """The nearest one outside of lamina; the outermost of all where there is none."""
    frame = sys._getframe(1)
    while frame.f_back is not None and _is_ours(frame):
        frame = frame.f_back
    return frame


def _is_ours(frame: FrameType, also: tuple[str, ...] = ()) -> bool:
    return frame.f_globals.get("__name__", "").partition(".")[0] in (*_BETWEEN, *also)
