"""A Python function made of machine code: an array of rows in, an array of rows out.

It is called by CPython's vector protocol (METH_FASTCALL) and looks at the array's object itself:
type, dtype, flags, rank and width, at the offsets of NumPy's ABI on 64-bit builds with a GIL. What
is not exactly as expected goes to a Python function. The object that it is bound to is an int64
array, its table; no address is in the code, so compiled objects can be kept.
"""

from __future__ import annotations

import ctypes
import sys
import sysconfig
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.shapes import B
from ...ir.value import Spec
from .builder import I32, I64, PTR, Code, Module, Reg
from .writer import BATCH, ERROR, FIRST, LAST, ROWS, SLOTS, STOP

if TYPE_CHECKING:
    from .lowering import Lowering
    from .session import Session

# The table: 64-bit words.
(
    CONTEXT,
    TYPE,
    DTYPE,
    WIDTH,
    NEW,
    OUT_TYPE,
    OUT_WIDTH,
    OTHER,
    VECTORCALL,
    CAPACITY,
    RELEASE,
    DIMS,
) = range(12)
_WORDS = 16
# NumPy's array object: offsets in bytes.
_OBJECT_TYPE, _DATA, _RANK, _DIMS, _DTYPE, _FLAGS = 8, 16, 24, 32, 56, 64
_C_CONTIGUOUS, _ALIGNED = 0x1, 0x100
_NEW_INDEX = 93  # of PyArray_New in NumPy's table of functions
_METH_FASTCALL = 0x80


def is_possible(inputs: tuple[Spec, ...], outputs: tuple[Spec, ...], *, tiles: bool) -> bool:
    """Whether a program has one array of rows as input, besides weights, and one as output."""
    batches = [spec for spec in inputs if B in spec.shape]
    return (
        tiles
        and len(batches) == len(outputs) == 1
        and all(len(s.shape) == 2 and s.shape[0] is B for s in (*batches, *outputs))
    )


def can_run() -> bool:
    """Whether objects of this Python lie as the code expects."""
    free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    return (
        sys.implementation.name == "cpython" and ctypes.sizeof(ctypes.c_void_p) == 8
    ) and not free_threaded


def emit_fastcall(module: Module, lowering: Lowering | None) -> None:
    """`predict(table, arguments, count)`, which fills the context and calls `run`.

    Without a `lowering` the program has no such form, and the function is empty.
    """
    code = Code(
        module, "predict", [(PTR, "table"), (PTR, "arguments"), (I64, "count")], PTR, internal=False
    )
    table, arguments, count = code.arguments
    if lowering is None:
        code.ret(Reg(PTR, "null"))
        return
    words = code.load(PTR, code.at(table, _DATA, "i8"))
    other = "other"
    _expect(code, code.icmp("eq", count, code.int(1)), other)
    array = code.load(PTR, arguments)
    _expect(code, _same(code, array, _OBJECT_TYPE, words, TYPE), other)
    _expect(code, _same(code, array, _DTYPE, words, DTYPE), other)
    flags = code.load(I32, code.at(array, _FLAGS, "i8"))
    wanted = Reg(I32, str(_C_CONTIGUOUS | _ALIGNED))
    _expect(code, code.icmp("eq", code.op("and", flags, wanted), wanted), other)
    rank = code.load(I32, code.at(array, _RANK, "i8"))
    _expect(code, code.icmp("eq", rank, Reg(I32, "2")), other)
    sizes = code.load(PTR, code.at(array, _DIMS, "i8"))
    width = code.load(I64, code.at(sizes, 1, I64))
    _expect(code, code.icmp("eq", width, _word(code, words, WIDTH)), other)
    rows = code.load(I64, sizes)
    _expect(code, code.icmp("sgt", rows, code.int(0)), other)
    _expect(code, code.icmp("sle", rows, _word(code, words, CAPACITY)), other)
    _answer(code, lowering, words, array, rows)
    code.label(other)
    function, call = _word(code, words, OTHER, PTR), _word(code, words, VECTORCALL, PTR)
    result = code.call_pointer(PTR, call, function, arguments, count, Reg(PTR, "null"))
    code.ret(result)


def _answer(code: Code, lowering: Lowering, words: Reg, array: Reg, rows: Reg) -> None:
    dims = code.at(words, DIMS, I64)
    code.store(rows, dims)
    code.store(_word(code, words, OUT_WIDTH), code.at(dims, 1, I64))
    new = _word(code, words, NEW, PTR)
    null, zero = Reg(PTR, "null"), Reg(I32, "0")
    kind = code.cast("trunc", _word(code, words, OUT_TYPE), I32)
    subtype = _word(code, words, TYPE, PTR)
    result = code.call_pointer(
        PTR, new, subtype, Reg(I32, "2"), dims, kind, null, null, zero, zero, null
    )
    made, failed = code.fresh("made"), code.fresh("failed")
    code.branch(code.icmp("eq", result, null), failed, made)
    code.label(failed)
    code.ret(null)
    code.label(made)
    context = _word(code, words, CONTEXT, PTR)
    number = next(n for n, v in enumerate(lowering.graph.inputs) if B in v.spec.shape)
    place = SLOTS + lowering.inputs[number]
    values = {
        place: code.load(PTR, code.at(array, _DATA, "i8")),
        place + 1: _word(code, words, WIDTH),
        SLOTS + lowering.results[0]: code.load(PTR, code.at(result, _DATA, "i8")),
        ROWS: rows,
        BATCH: rows,
        FIRST: code.int(0),
        LAST: code.int(1),
    }
    for slot, value in values.items():
        code.store(value, code.at(context, slot, I64), 8)
    code.call("void", "run", context, code.int(0))
    bad, good = code.fresh("bad"), code.fresh("good")
    error = code.load(I64, code.at(context, ERROR, I64), 8)
    code.branch(code.icmp("ne", error, code.int(0)), bad, good)
    code.label(bad)  # the slow way says what is wrong
    for word in (ERROR, STOP):
        code.store(code.int(0), code.at(context, word, I64), 8)
    code.call_pointer("void", _word(code, words, RELEASE, PTR), result)
    code.jump("other")
    code.label(good)
    code.ret(result)


def _word(code: Code, words: Reg, place: int, kind: str = I64) -> Reg:
    return code.load(kind, code.at(words, place, I64), 8)


def _same(code: Code, array: Reg, offset: int, words: Reg, place: int) -> Reg:
    found = code.load(PTR, code.at(array, offset, "i8"))
    return code.icmp("eq", found, _word(code, words, place, PTR))


def _expect(code: Code, condition: Reg, otherwise: str) -> None:
    good = code.fresh("good")
    code.branch(condition, good, otherwise)
    code.label(good)


# Binding ----------------------------------------------------------------------------------------


class _Method(ctypes.Structure):
    """CPython's PyMethodDef."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


class _Table(np.ndarray[Any, Any]):
    """What a function is bound to; it keeps alive what the code and CPython point at."""

    kept: Any


def bind(
    session: Session, address: int, limit: int, other: Callable[[Any], Any]
) -> Callable[[Any], Any]:
    """The function at `address` for a session whose weights are packed.

    `other` takes what is no array of exactly the input's type with at most `limit` rows.
    """
    program = session.program
    spec = next(spec for spec in program.input_specs if B in spec.shape)
    output = program.output_specs[0]
    table = np.zeros(_WORDS, np.int64).view(_Table)
    table[CONTEXT] = session.context.ctypes.data
    alone = np.dtype(spec.dtype.type)  # the object that arrays have, of equal ones
    table[TYPE], table[DTYPE] = id(np.ndarray), id(alone)
    table[WIDTH], table[OUT_WIDTH] = spec.shape[1], output.shape[1]
    table[NEW], table[OUT_TYPE] = _array_new(), output.dtype.num
    table[OTHER], table[VECTORCALL] = id(other), _address("PyObject_Vectorcall")
    table[RELEASE] = _address("Py_DecRef")
    table[CAPACITY] = limit
    doc = b"predict(rows) -> rows: an array in, an array out, without a copy of the weights."
    method = _Method(b"predict", address, _METH_FASTCALL, doc)
    new = ctypes.pythonapi.PyCFunction_NewEx
    new.restype, new.argtypes = (
        ctypes.py_object,
        (ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p),
    )
    table.kept = method, session, other
    function: Callable[[Any], Any] = new(ctypes.addressof(method), table, None)
    return function


def _address(name: str) -> int:
    return ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value or 0


def _array_new() -> int:
    from numpy._core import _multiarray_umath  # type: ignore[attr-defined]

    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
    functions = get(_multiarray_umath._ARRAY_API, None)
    return int(ctypes.cast(functions, ctypes.POINTER(ctypes.c_void_p))[_NEW_INDEX] or 0)
