"""Packages that only some of lamina needs: where one is missing, the error says how to get it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .errors import MissingPackageError

_OWN = __name__.partition(".")[0]


@contextmanager
def needed(what: str, package: str, otherwise: str = "", extra: str = "") -> Iterator[None]:
    """Around the imports of a package: MissingPackageError where they fail.

    `what` needs it, `otherwise` does without; `extra` is lamina's that brings it along.
    """
    try:
        yield
    except ImportError as error:
        if (error.name or "").partition(".")[0] == _OWN:
            raise
        command = f'pip install "{_OWN}[{extra}]"' if extra else f"pip install {package}"
        raise MissingPackageError(
            f"{what}: this needs the package {package}, which can't be imported here ({error}). "
            f"Install it with {command}{otherwise and ', or '}{otherwise}"
        ) from error
