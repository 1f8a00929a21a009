"""The C file of a model: tables of weights, functions, and the function that predicts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...core.errors import InvalidArgumentError, UnimplementedError
from ...core.files import FilePath
from ...ir.value import Value
from ..graph import Inference
from ..header import Interface, beside, header, interface, write_both
from .body import Body
from .functions import Functions
from .loops import LOOPS, compute, copy
from .memory import Slots, slots
from .plan import Plan, plan

_TEXT = """\
/* {name}: a dense network, written by lamina. See {header} for how to call it.
 * C99; needs the library of mathematical functions (-lm). */
#include "{header}"

#include <math.h>
#include <stddef.h>
#include <string.h>

{functions}
/* Up to {block} rows at a time. */
static int {name}_block({arguments}, int rows)
{{
    if (rows < 1) {{ /* so that compilers see that all loops run */
        return {upper}_OK;
    }}
{body}
}}

{signature}
{{
    int done = 0;
    if (rows < 0 || (rows > 0 && ({missing}))) {{
        return {upper}_BAD_ARGUMENT;
    }}
    while (done < rows) {{
        const int count = rows - done < {block} ? rows - done : {block};
        const int status = {name}_block({offsets}, count);
        if (status != {upper}_OK) {{
            return status;
        }}
        done += count;
    }}
    return {upper}_OK;
}}
"""
_ROOM = 1 << 16  # bytes of the values of a block of rows, where one row does not take more
_MOST_ROWS = 64
_MOST_STACK = 4 << 20
_OTHERS = 2048  # bytes of stack for all else: sums of a product, addresses


def write_c(inference: Inference, path: FilePath) -> None:
    """`path` as C99, and its header beside it: the same name with the ending `.h`."""
    name = beside(path).name
    if not name.isprintable() or set('"\\') & set(name):
        raise InvalidArgumentError(
            f"a file in C cannot include {name!r}: expected a name without quotation marks, "
            "backslashes and line ends. Name the file otherwise."
        )
    found, text = source(inference, name)
    write_both(path, text.encode(), found)


def source(inference: Inference, header_name: str) -> tuple[str, str]:
    """The header's text and the file's."""
    made = interface(inference)
    planned = plan(inference.graph)
    memory = slots(planned, inference.graph)
    block, stack = _block(memory, inference.name)
    stack += _spare(planned)
    functions = Functions(made.name)
    body = _body(inference, made, planned, memory, functions, block)
    pointers = [f"const {x.kind} *{x.name}" for x in made.inputs]
    pointers += [f"{x.kind} *{x.name}" for x in made.outputs]
    ends = (*made.inputs, *made.outputs)
    text = _TEXT.format(
        name=made.name,
        upper=made.name.upper(),
        header=header_name,
        functions=functions.text(),
        block=block,
        arguments=", ".join(pointers),
        body="\n".join(body),
        signature=made.signature(),
        missing=" || ".join(f"!{x.name}" for x in ends),
        offsets=", ".join(f"{x.name} + (size_t)done * {x.width}" for x in ends),
    )
    return header(made, stack), text


def _block(memory: Slots, name: str) -> tuple[int, int]:
    """How many rows are worked on together, and the bytes of stack for them."""
    per_row = memory.per_row
    rows = max(1, min(_MOST_ROWS, _ROOM // max(per_row, 1)))
    rows = rows // 8 * 8 or rows  # products take eight at a time
    if rows * per_row > _MOST_STACK:
        raise UnimplementedError(
            f"one row of {name!r} needs {per_row} bytes of memory for what its layers pass on; the "
            f"exported function has at most {_MOST_STACK} bytes of stack. Make its layers smaller."
        )
    return rows, rows * per_row + _OTHERS


def _spare(planned: Plan) -> int:
    """The bytes that sorting takes."""
    sorts = [node for node in planned.nodes if node.primitive.name == "argsort"]
    return 4 * max((int(node.inputs[0].spec.shape[-1]) for node in sorts), default=0)


def _body(
    inference: Inference,
    made: Interface,
    planned: Plan,
    memory: Slots,
    functions: Functions,
    block: int,
) -> list[str]:
    names = {id(v): x.name for v, x in zip(inference.graph.inputs, made.inputs, strict=True)}
    ends: Sequence[tuple[Value, str]] = [
        (value, x.name) for value, x in zip(planned.outputs, made.outputs, strict=True)
    ]
    copies = []
    for value, name in ends:
        if id(value) in names or id(value) not in planned.makers:
            copies.append((value, name))
        else:
            names[id(value)] = name
    names.update({key: f"s{number}" for key, number in memory.numbers.items()})
    body = Body(planned, functions, names)
    for node in planned.nodes:
        value = node.outputs[0]
        if id(value) not in planned.stored:
            continue
        if node.primitive.name in LOOPS:
            LOOPS[node.primitive.name](body, node)
        else:
            compute(body, value)
    for value, name in copies:
        copy(body, value, name)
    head = [f"    {kind} s{n}[{size * block}];" for n, (kind, size) in enumerate(memory.declared)]
    head += ["    int status = 0;"] if functions.fails else []
    text = body.text()
    read = set(re.findall(r"\w+", text))
    head += [f"    (void){x.name};" for x in made.inputs if x.name not in read]
    return [*head, text, f"    return {'status' if functions.fails else '0'};"]
