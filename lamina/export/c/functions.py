"""The functions and tables of a file: each is written where it is first needed, once."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ...core.dtypes import Array
from .types import c_type, table, unsigned


class Functions:
    """What a file defines before its main function. `prefix` begins the names of all."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._texts: dict[str, str] = {}
        self._tables: dict[Any, str] = {}
        self.fails = False

    def plain(self, name: str, text: str) -> str:
        """The name in the file of a function that `text` defines."""
        full = f"{self.prefix}_{name}"
        if full not in self._texts:
            named = re.sub(r"@(?=[A-Z])", f"{self.prefix.upper()}_", text)
            self._texts[full] = named.replace("@", f"{self.prefix}_")
        return full

    def of_type(self, name: str, dtype: np.dtype[Any], text: str) -> str:
        """The name of a function for one dtype; `text` has `T` where the type stands."""
        kind = c_type(dtype)
        for pattern, new in (
            (r"(?<![A-Z])T\b", kind),
            (r"(?<=[a-z])F\b", "f" if dtype.itemsize == 4 else ""),
            (r"\bU\b", unsigned(dtype)),
            (r"\bBITS\b", str(8 * dtype.itemsize)),
        ):
            text = re.sub(pattern, new, text)
        return self.plain(f"{name}_{kind}", text)

    def status(self) -> str:
        """Where a function says what went wrong."""
        self.fails = True
        return "&status"

    def table(self, array: Array) -> str:
        """The name of a constant array, the same for equal ones."""
        key = array.dtype, array.size, array.tobytes()
        if key not in self._tables:
            name = self._tables[key] = f"{self.prefix}_table{len(self._tables)}"
            self._texts[name] = table(name, array)
        return self._tables[key]

    def text(self) -> str:
        """All definitions, in the order in which they were first asked for."""
        return "\n".join(self._texts.values())
