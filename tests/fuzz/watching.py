"""What reading a file must never do: the interpreter reports it, and it becomes an error."""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
from typing import Any

_RUNS = (
    "os.system os.exec os.posix_spawn os.spawn os.fork subprocess.Popen pty.spawn "
    "socket.connect socket.getaddrinfo socket.bind urllib.Request ftplib.connect "
    "pickle.find_class ctypes.dlopen shutil.unpack_archive webbrowser.open "
    "os.putenv os.chmod os.symlink os.link code.__new__"
)
_FORBIDDEN = frozenset(_RUNS.split())
_CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_PLACES = (_CHECKOUT, sysconfig.get_paths()["stdlib"], sys.prefix, sys.base_prefix)
_SOURCES = tuple(os.path.realpath(place) for place in _PLACES)


class ForbiddenError(BaseException):
    """Something that no file may bring about; no handler of ordinary errors catches it."""


class Watch:
    """Inside a `with` block, this process opens only what is allowed, and runs nothing."""

    active = False

    def __enter__(self) -> Watch:
        Watch.active = True
        return self

    def __exit__(self, *_: object) -> None:
        Watch.active = False


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if not Watch.active:
        return
    if event in _FORBIDDEN:
        raise ForbiddenError(f"{event}{arguments!r:.300}")
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        _check_open(os.fsdecode(arguments[0]), arguments[1])


def _check_open(path: str, mode: Any) -> None:
    """Below the folder for temporary files anything goes; the program's own files are read."""
    real = os.path.realpath(path)
    writes = isinstance(mode, str) and any(letter in mode for letter in "wax+")
    if writes and real.startswith(_SOURCES):
        raise ForbiddenError(f"open({path!r}, {mode!r})")
    if real.startswith(os.path.realpath(tempfile.gettempdir()) + os.sep):
        return
    if writes or not real.startswith(_SOURCES):
        raise ForbiddenError(f"open({path!r}, {mode!r})")


def install() -> None:
    """Begin to listen; it stays for the life of the process and costs nothing outside a `Watch`."""
    sys.addaudithook(_hear)
