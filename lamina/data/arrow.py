"""PyArrow, which reads Parquet, Arrow and large CSV files, when it is first needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..core.errors import DataLossError, OpError
from ..core.packages import needed


def arrow(what: str) -> Any:
    """PyArrow; MissingPackageError says how to install it to read `what`."""
    with needed(what, "pyarrow", extra="arrow"):
        import pyarrow as pa
    return pa


@contextmanager
def reading(path: str, kind: str) -> Iterator[Any]:
    """PyArrow, inside; what it says of a damaged file becomes a DataLossError that names it."""
    pyarrow = arrow(f"{path} ({kind})")
    try:
        yield pyarrow
    except OpError:
        raise
    except (pyarrow.ArrowException, OSError, ValueError, KeyError, OverflowError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        raise DataLossError(f"{path} cannot be read as {kind}: {reason}") from error
