"""Which dtype the result of several has: Keras's lattice of dtypes.

"int" and "float" stand for Python numbers, which give way to what they meet.
"""

from __future__ import annotations

from functools import cache

_NEXT = {
    "bool": ("int",),
    "int": ("uint8", "int8"),
    "uint8": ("uint16", "int16"),
    "uint16": ("uint32", "int32"),
    "uint32": ("uint64", "int64"),
    "uint64": ("float",),
    "int8": ("int16",),
    "int16": ("int32",),
    "int32": ("int64",),
    "int64": ("float",),
    "float": ("float16",),
    "float16": ("float32",),
    "float32": ("float64",),
    "float64": (),
}


def _above(name: str) -> frozenset[str]:
    """`name` and everything that can hold it."""
    return frozenset({name}).union(*(_above(wider) for wider in _NEXT[name]))


_ABOVE = {name: _above(name) for name in _NEXT}


@cache
def join(names: frozenset[str], floatx: str) -> str:
    """The narrowest dtype that holds all of `names`; Python numbers alone are 32 bits wide.

    Their width is that of `floatx`. An integer never widens a float.
    """
    common = frozenset.intersection(*(_ABOVE[name] for name in names))
    found = max(common, key=lambda name: len(_ABOVE[name]))
    if found == "float":
        return floatx
    return "int" + floatx.removeprefix("float") if found == "int" else found
