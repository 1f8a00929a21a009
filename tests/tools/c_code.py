"""Exported C, compiled and called."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

COMPILER = shutil.which(os.environ.get("CC") or "gcc") or shutil.which("cc")
needs_compiler = pytest.mark.skipif(
    COMPILER is None or sys.platform == "win32", reason="there is no C compiler (set CC)"
)
STRICT = ("-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Werror")
UNDEFINED = ("-fsanitize=undefined", "-fno-sanitize-recover=all")
SANITIZED = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g")


def build(sources: Sequence[Path], target: Path, *flags: str) -> None:
    """Compile and link; an error shows what the compiler says."""
    assert COMPILER is not None
    command = [COMPILER, *flags, *map(str, sources), "-o", str(target), "-lm"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"


class Called:
    """The function of an exported model in a shared library."""

    def __init__(self, source: Path, name: str, outputs: Sequence[Any], *flags: str) -> None:
        library = source.with_suffix(".so")
        flags = flags or (() if source.suffix == ".o" else ("-O1", *STRICT, *UNDEFINED))
        build([source], library, "-shared", "-fPIC", *flags)
        self._function = getattr(ctypes.CDLL(str(library)), f"{name}_predict")
        self._outputs = [(spec.shape[1:], spec.dtype) for spec in outputs]

    def __call__(self, *inputs: Any) -> list[np.ndarray]:
        """The outputs for these rows."""
        arrays = [np.ascontiguousarray(array) for array in inputs]
        rows = len(arrays[0])
        results = [np.zeros((rows, *shape), dtype) for shape, dtype in self._outputs]
        status = self.status(rows, *arrays, *results)
        assert status == 0, f"the function returned {status}"
        return results

    def status(self, rows: int, *arrays: Any) -> int:
        """What the function returns for these arrays (None: a null pointer)."""
        pointers = [
            ctypes.c_void_p(None if array is None else array.ctypes.data) for array in arrays
        ]
        found: int = self._function(*pointers, rows)
        return found
