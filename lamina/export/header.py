"""The header in C of an exported model, and the names in it: for its source and for its object."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..core.errors import InvalidArgumentError, UnimplementedError
from ..core.files import FilePath, check_file, replacing
from ..core.release import VERSION
from ..core.shapes import B
from .c.types import c_type
from .graph import Inference, Port

_TEXT = """\
/* {name}: a dense network as a C function, written by lamina {version}.
 *
 * Rows of {inputs} numbers go in, one after the other, and rows of {outputs} come out:
 *
{ports}
 *
 * `rows` may be any number that is not negative. Inputs and outputs must not overlap.
 * The function returns {upper}_OK, or one of the other values below, with outputs then undefined.
 * It allocates no memory and keeps no state, so threads may call it at the same time; it takes
 * about {stack} bytes of stack.{remarks}
 */
#ifndef LAMINA_{upper}_H
#define LAMINA_{upper}_H

#include <stdint.h>

{sizes}

#define {upper}_OK 0
#define {upper}_BAD_ARGUMENT (-1) /* a null pointer, or a negative number of rows */
#define {upper}_BAD_INDEX (-2) /* an input that counts something is out of range */
#define {upper}_BAD_VALUE (-3) /* an integer divided by 0, or to a negative power */
#define {upper}_LAMINA_VERSION "{version}"

#ifdef __cplusplus
extern "C" {{
#endif

{signature};

#ifdef __cplusplus
}}
#endif

#endif
"""


class Argument(NamedTuple):
    """An input or output in C: name, type, and how many numbers a row has."""

    name: str
    kind: str
    width: int
    port: Port


class Interface(NamedTuple):
    """What the function of an exported model is called with."""

    name: str
    inputs: tuple[Argument, ...]
    outputs: tuple[Argument, ...]
    metadata: dict[str, str]

    def signature(self) -> str:
        """The declaration of the function, without a semicolon."""
        parts = [f"const {x.kind} *{x.name}" for x in self.inputs]
        parts += [f"{x.kind} *{x.name}" for x in self.outputs]
        return f"int {self.name}_predict({', '.join([*parts, 'int rows'])})"


def interface(inference: Inference) -> Interface:
    """The arguments in C. UnimplementedError where an end has no rows or a type that C lacks."""
    return Interface(
        identifier(inference.name),
        _arguments("in", inference.inputs),
        _arguments("out", inference.outputs),
        inference.metadata,
    )


def identifier(name: str) -> str:
    """`name` as C allows it: letters, digits and underscores."""
    found = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")
    if not found:
        raise InvalidArgumentError(
            f"a function in C cannot be named after {name!r}: expected letters or digits. "
            "Give a name=."
        )
    return f"model_{found}" if found[0].isdigit() else found


def _arguments(stem: str, ports: Sequence[Port]) -> tuple[Argument, ...]:
    found: list[Argument] = []
    for port in ports:
        shape = port.spec.shape
        if shape[:1] != (B,) or B in shape[1:]:
            raise UnimplementedError(
                f"{port.name!r} of type {port.spec!r} has no rows of one size; the exported "
                "function takes and gives as many rows as it is told, along the first axis. Let "
                "all inputs and outputs have the batch first, and only there."
            )
        name = stem if len(ports) == 1 else f"{stem}_{identifier(port.name)}"
        while any(name.upper() == other.name.upper() for other in found):  # as macros have them
            name += "_"
        width = 1
        for size in shape[1:]:
            width *= int(size)
        found.append(Argument(name, c_type(port.spec.dtype), width, port))
    return tuple(found)


def header(made: Interface, stack: int, remark: str = "") -> str:
    """The header's text. `stack`: bytes that a call takes; `remark`: another line."""
    upper = made.name.upper()
    lines = [*_told(made.metadata), *(["", remark] if remark else [])]
    return _TEXT.format(
        name=made.name,
        upper=upper,
        version=VERSION,
        inputs=" + ".join(str(x.width) for x in made.inputs),
        outputs=" + ".join(str(x.width) for x in made.outputs),
        ports="\n".join(f" *   {_described(x)}" for x in (*made.inputs, *made.outputs)),
        stack=stack,
        remarks="".join(f"\n * {line}".rstrip() for line in lines),
        sizes="\n".join(
            [*_sizes(upper, "INPUTS", made.inputs), *_sizes(upper, "OUTPUTS", made.outputs)]
        ),
        signature=made.signature(),
    )


def _told(metadata: dict[str, str]) -> list[str]:
    """What is said of the model; of a list in JSON each item, by its place."""
    lines = []
    for key, text in metadata.items():
        items = _items(text)
        lines += ["", f"{_plain(key)}:"] if items else ["", f"{_plain(key)}: {_plain(text)}"]
        for place, item in enumerate(items):
            about = item if isinstance(item, dict) else {"": item}
            words = [f"{name}: {value}" if name else str(value) for name, value in about.items()]
            lines.append(_plain(f"  [{place}] {', '.join(words)}"))
    return lines


def _items(text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return []
    return found if isinstance(found, list) else []


def _plain(text: str) -> str:
    """Text for one line of a comment in C."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in text)
    for mark in ("*/", "/*", "??", "??"):  # twice: of three in a row, two are left
        shown = shown.replace(mark, " ".join(mark))  # "??/" is a trigraph
    return shown


def _described(argument: Argument) -> str:
    sizes = argument.port.spec.shape[1:]
    shape = " x ".join(["rows", *map(str, sizes)])
    name = _plain(argument.port.name)
    order = ", the last axis fastest" if len(sizes) > 1 else ""
    truth = ", 0 or 1" if argument.port.spec.dtype.kind == "b" else ""
    return f"{argument.name}: {shape} numbers of type {argument.kind}{truth} ({name}){order}"


def _sizes(upper: str, word: str, arguments: Sequence[Argument]) -> list[str]:
    """Macros for the numbers in a row, of all arguments and of each of several."""
    lines = [f"#define {upper}_{word} {sum(x.width for x in arguments)} /* numbers in a row */"]
    if len(arguments) > 1:
        lines += [f"#define {upper}_{x.name.upper()} {x.width}" for x in arguments]
    return lines


def write_both(path: FilePath, content: bytes, text: str) -> None:
    """The file and, beside it, its header; neither is touched where one cannot be written."""
    if os.path.realpath(beside(path)) == os.path.realpath(path):
        raise InvalidArgumentError(
            f"{path} is where the header goes. Name the file that goes beside it, as 'name.c'."
        )
    check_file(beside(path))
    with replacing(path) as file, replacing(beside(path)) as second:
        file.write(content)
        file.flush()  # on a full disk it fails before the header takes its place
        second.write(text.encode())


def beside(path: FilePath) -> Path:
    """Where the header of a file is."""
    return Path(path).with_suffix(".h")
