"""Pickles: a program for Python's unpickler. Its instructions are listed, none is carried out."""

from __future__ import annotations

import pickletools
from sys import stdlib_module_names
from typing import IO, Any

from .report import Inspection

_MOST_CODES = 1_000_000
_TEXTS = {"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE", "STRING", "BINSTRING"}
_TEXTS |= {"SHORT_BINSTRING"}
_STORES = {"PUT", "BINPUT", "LONG_BINPUT"}
_FETCHES = {"GET", "BINGET", "LONG_BINGET"}
_CALLS = {"REDUCE", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "BUILD"}
_USUAL = (
    "numpy",
    "collections",
    "torch",
    "sklearn",
    "scipy",
    "pandas",
    "joblib",
    "copyreg",
    "_codecs",
)


def read(file: IO[bytes], report: Inspection, where: str) -> None:
    """Add the names that a pickle imports. It is never safe to open; those names say how unsafe."""
    names: dict[str, None] = {}
    calls = 0
    try:
        for called, name in _imports(file):
            calls = called
            if name:
                names.setdefault(name)
    except Exception as error:  # whatever pickletools makes of bytes that are no pickle
        what = f"the instructions of the pickle end: {error}"
        if any(name.startswith("joblib.") for name in names):
            what = (
                "joblib puts arrays between the instructions; what follows the first is not listed"
            )
        report.stop(where, what)
    report.names = list(dict.fromkeys([*report.names, *names]))
    why = f"whoever made the file chose what loading it does ({calls:,} calls here)"
    report.add("danger", "a pickle, which runs code when it is loaded", where, why)
    odd = [name for name in names if name.partition(".")[0] not in _USUAL]
    for name in sorted(odd, key=lambda name: name.partition(".")[0] not in stdlib_module_names):
        report.add(
            "danger", f"imports {name}", where, "it is not what arrays and models are made of"
        )


def _imports(file: IO[bytes]) -> Any:
    """(calls so far, name that is imported or "") for each instruction."""
    texts: list[str] = []
    memo: dict[int, str] = {}
    last, calls = "", 0
    for number, (code, argument, _) in enumerate(pickletools.genops(file)):
        if number > _MOST_CODES:
            raise ValueError(f"after {_MOST_CODES:,} they are not read on")
        if code.name in _TEXTS:
            last = str(argument)
            texts = [*texts[-3:], last]
        elif code.name == "MEMOIZE":
            memo[len(memo)] = last
        elif code.name in _STORES:
            memo[int(argument or 0)] = last
        elif code.name in _FETCHES:
            last = memo.get(int(argument or 0), "?")
            texts = [*texts[-3:], last]
        calls += code.name in _CALLS
        if code.name == "STACK_GLOBAL":
            yield calls, ".".join(texts[-2:])
            last = "?"
        elif code.name in ("GLOBAL", "INST"):
            yield calls, str(argument).replace(" ", ".")
            last = "?"
        else:
            yield calls, ""
