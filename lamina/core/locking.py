"""A folder that one process at a time writes into."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress

from .errors import FailedPreconditionError, FileWriteError
from .files import FilePath

if sys.platform != "win32":
    import fcntl

NAME = "in-use.lock"
_OTHERS = (errno.EACCES, errno.EAGAIN)  # what the system says where another process has the lock


class FolderLock:
    """Is held until `give_back`, or until the process ends, however it does.

    Processes that this one starts do not hold it. Where the system has no such locks, nothing
    happens.
    """

    def __init__(self, folder: FilePath) -> None:
        self._path = os.path.join(folder, NAME)
        self._file: int | None = None

    def take(self) -> None:
        """FailedPreconditionError: another process holds it."""
        while self._file is None and sys.platform != "win32":
            try:
                file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
            except OSError as error:
                reason = error.strerror or error
                raise FileWriteError(f"{self._path} cannot be written: {reason}.") from error
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(file)
                if error.errno not in _OTHERS:  # a file system without locks
                    return
                folder = os.path.dirname(self._path)
                raise FailedPreconditionError(
                    f"another process is using the folder {folder!r}. Let it end, or name another "
                    "folder: each training needs its own"
                ) from None
            if _is_at(self._path, file):
                self._file = file
            else:  # who held it before has just removed it
                os.close(file)

    def give_back(self) -> None:
        """Let others have it."""
        if self._file is not None:
            with suppress(OSError):
                os.remove(self._path)
            os.close(self._file)
            self._file = None


def _is_at(path: str, file: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(file))
    except FileNotFoundError:
        return False
