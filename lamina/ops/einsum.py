"""Einstein's sum convention, by transposes, products of matrices and sums."""

from __future__ import annotations

from typing import Any

from ..core.dtypes import INT32
from ..core.errors import InvalidArgumentError
from ..core.shapes import B, broadcast_shapes, element_count
from ..prims import elementwise as prim
from ..prims.broadcast import broadcast, fill_like, iota, reduce_sum, reshape
from ..prims.layout import transpose
from ..tensor.arithmetic import matmul
from ..tensor.convert import promote

_ELLIPSIS_LETTERS = "0123456789"
"""Stand for the axes of an ellipsis, the last of them always for the last axis."""


def einsum(equation: str, *inputs: Any, name: str | None = None) -> Any:
    """The sum of products that `equation` writes, such as "bij,bjk->bik".

    Letters that the result lacks are summed over; a letter that stands twice in one operand
    takes its diagonal; "..." stands for leading axes, which broadcast. Without "->" the result has
    the letters that stand once, in alphabetical order.
    """
    tensors = promote(*inputs)
    terms, result = _parse(equation, [len(tensor.spec.shape) for tensor in tensors])
    sizes = _sizes(equation, terms, tensors)
    operands = [_prepared(term, tensor, sizes) for term, tensor in zip(terms, tensors, strict=True)]
    while len(operands) > 1:
        first, second, *rest = operands
        needed = set(result).union(*(letters for letters, _ in rest))
        operands = [_contract(first, second, needed), *rest]
    letters, tensor = _summed(operands[0], set(result))
    return transpose(tensor, tuple(letters.index(letter) for letter in result))


Operand = tuple[str, Any]
"""The letters of a tensor's axes, each once, and the tensor."""


def _parse(equation: str, ranks: list[int]) -> tuple[list[str], str]:
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(ranks):
        raise InvalidArgumentError(
            f"einsum {equation!r} has {len(terms)} operands; got {len(ranks)} tensors"
        )
    widest = 0
    for place, (term, rank) in enumerate(zip(terms, ranks, strict=True)):
        width = rank - len(term.replace("...", ""))
        if width < 0 or (width and "..." not in term) or width > len(_ELLIPSIS_LETTERS):
            raise InvalidArgumentError(
                f"einsum {equation!r}: operand {place} ({term!r}) does not fit a tensor of rank "
                f"{rank}"
            )
        terms[place] = term.replace("...", _ELLIPSIS_LETTERS[10 - width :] if width else "")
        widest = max(widest, width)
    spread = _ELLIPSIS_LETTERS[10 - widest :] if widest else ""
    if arrow:
        result = right.replace("...", spread)
    else:
        joined = "".join(terms)
        once = [x for x in sorted(set(joined)) if joined.count(x) == 1 and x not in spread]
        result = spread + "".join(once)
    _check_letters(equation, terms, result)
    return terms, result


def _check_letters(equation: str, terms: list[str], result: str) -> None:
    known = set("".join(terms))
    odd = [x for x in known if not (x.isalpha() or x in _ELLIPSIS_LETTERS)]
    unknown = [x for x in result if x not in known]
    if odd or unknown or len(set(result)) != len(result):
        raise InvalidArgumentError(
            f"einsum {equation!r} is not understood; expected letters as in 'bij,bjk->bik', each "
            "at most once in the result and there only if an operand has it"
        )


def _sizes(equation: str, terms: list[str], tensors: list[Any]) -> dict[str, Any]:
    """The size of each letter; axes of an ellipsis may be 1 where others are longer."""
    sizes: dict[str, Any] = {}
    for term, tensor in zip(terms, tensors, strict=True):
        for letter, size in zip(term, tensor.spec.shape, strict=True):
            known = sizes.setdefault(letter, size)
            if letter in _ELLIPSIS_LETTERS:
                (sizes[letter],) = broadcast_shapes((known,), (size,))
            elif known != size:
                raise InvalidArgumentError(
                    f"einsum {equation!r}: {letter!r} has sizes {known} and {size}"
                )
    return sizes


def _prepared(term: str, tensor: Any, sizes: dict[str, Any]) -> Operand:
    """The operand with its ellipsis axes at full size, and with diagonals taken."""
    tensor = broadcast(tensor, tuple(sizes[letter] for letter in term))
    for letter in sorted(set(term)):
        while term.count(letter) > 1:
            first = term.index(letter)
            second = term.index(letter, first + 1)
            shape = tensor.spec.shape
            on = prim.equal(iota(shape, first, INT32), iota(shape, second, INT32))
            tensor = reduce_sum(prim.select(on, tensor, fill_like(tensor, 0)), (second,))
            term = term[:second] + term[second + 1 :]
    return term, tensor


def _summed(operand: Operand, needed: set[str]) -> Operand:
    letters, tensor = operand
    axes = tuple(axis for axis, letter in enumerate(letters) if letter not in needed)
    return "".join(letter for letter in letters if letter in needed), reduce_sum(tensor, axes)


def _contract(first: Operand, second: Operand, needed: set[str]) -> Operand:
    """The product of two operands, summed over the letters that nothing else needs."""
    a, x = _summed(first, needed | set(second[0]))
    b, y = _summed(second, needed | set(first[0]))
    inner = [letter for letter in a if letter in b and letter not in needed]
    both = [letter for letter in a if letter in b and letter in needed]
    left = [letter for letter in a if letter not in b]
    right = [letter for letter in b if letter not in a]
    sizes = dict(zip(a + b, (*x.spec.shape, *y.spec.shape), strict=True))
    if not inner or (len(inner) > 1 and any(sizes[letter] is B for letter in inner)):
        letters = "".join([*both, *left, *right, *inner])
        shape = tuple(sizes[letter] for letter in letters)
        product = prim.multiply(*(broadcast(_aligned(o, letters), shape) for o in ((a, x), (b, y))))
        return _summed((letters, product), needed)
    for free in (left, right):  # B times another size is no size: keep it as an axis of its own
        batch = [letter for letter in free if sizes[letter] is B]
        if batch and (both or len(free) > 1):
            free.remove(batch[0])
            both.append(batch[0])
    grid = tuple(sizes[letter] for letter in [*both, *left, *right])
    x = _matrices((a, x), both, left, inner)
    y = _matrices((b, y), both, inner, right)
    return "".join([*both, *left, *right]), reshape(matmul(x, y), grid)


def _aligned(operand: Operand, letters: str) -> Any:
    """The tensor with its axes in the order of `letters`, size 1 where it lacks one."""
    own, tensor = operand
    order = [letter for letter in letters if letter in own]
    moved = transpose(tensor, tuple(own.index(letter) for letter in order))
    sizes = iter(moved.spec.shape)
    return reshape(moved, tuple(next(sizes) if letter in own else 1 for letter in letters))


def _matrices(operand: Operand, batch: list[str], rows: list[str], columns: list[str]) -> Any:
    aligned = _aligned(operand, "".join([*batch, *rows, *columns]))
    shape = aligned.spec.shape
    split = len(batch) + len(rows)
    return reshape(
        aligned, (*shape[: len(batch)], _joined(shape[len(batch) : split]), _joined(shape[split:]))
    )


def _joined(sizes: tuple[Any, ...]) -> Any:
    return sizes[0] if len(sizes) == 1 else element_count(sizes)
