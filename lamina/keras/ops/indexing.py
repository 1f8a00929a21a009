"""Reading at computed places, choosing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...core.errors import InvalidArgumentError
from ...core.shapes import B, broadcast_shapes
from ...ops import layout
from ...ops.common import axis_of, move_axis
from ...ops.control_flow import vectorized_map
from ...prims import elementwise as prim
from ...prims import index as prim_index
from ...prims.broadcast import broadcast, fill_like, reshape
from ...tensor.indexing import get_item as read
from .comparison import truth
from .operation import operation
from .promotion import common, operands, own, same_shape, tensor
from .sorting import nonzero


@operation
def get_item(x: Any, key: Any) -> Any:
    """`x[key]`."""
    return read(own(x), key)


def _from_front(indices: Any, size: Any) -> Any:
    """Indices counted from the front, also those below 0."""
    if indices.spec.dtype.kind == "u" or size is B:
        return indices
    if indices.array is not None and (indices.array.size == 0 or indices.array.min() >= 0):
        return indices
    behind = prim.less(indices, fill_like(indices, 0))
    return prim.select(behind, prim.add(indices, fill_like(indices, size)), indices)


def _indices(indices: Any) -> Any:
    places = tensor(indices)
    if places.spec.dtype.kind not in "iu":
        raise InvalidArgumentError(f"indices are integers; got dtype {places.spec.dtype.name}")
    return places


@operation
def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """The slices of `x` at `indices` along `axis` (None: of all in a line).

    Indices below 0 count from the end; one outside raises IndexRangeError.
    """
    x, places = tensor(x), _indices(indices)
    x = layout.reshape(x, [-1]) if axis is None else x
    place = 0 if axis is None else axis_of(axis, len(x.spec.shape))
    return prim_index.gather(x, _from_front(places, x.spec.shape[place]), place)


@operation
def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Any:
    """The elements of each line along `axis` (None: of all) at the line's own indices."""
    x, places = tensor(x), _indices(indices)
    if axis is None:
        x, places = layout.reshape(x, [-1]), layout.reshape(places, [-1])
    rank = len(x.spec.shape)
    if len(places.spec.shape) != rank:
        raise InvalidArgumentError(
            f"take_along_axis expects equal ranks; got shapes {x.spec.shape}, {places.spec.shape}"
        )
    last = rank - 1
    place = axis_of(-1 if axis is None else axis, rank)
    lines, wanted = move_axis(x, place, last), move_axis(places, place, last)
    outer = broadcast_shapes(lines.spec.shape[:-1], wanted.spec.shape[:-1])
    lines = broadcast(lines, (*outer, lines.spec.shape[-1]))
    wanted = broadcast(wanted, (*outer, wanted.spec.shape[-1]))
    found = prim_index.take_along(lines, _from_front(wanted, lines.spec.shape[-1]))
    return move_axis(found, last, place)


@operation
def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """x1 where the condition holds, else x2, all broadcast; alone, the places where it holds."""
    if x1 is None and x2 is None:
        return nonzero(condition)
    if x1 is None or x2 is None:
        raise InvalidArgumentError("where expects both x1 and x2, or neither")
    return prim.select(*same_shape(truth(condition), *operands(x1, x2)))


@operation
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """The choice of the first condition that holds, else `default`, all broadcast."""
    if len(condlist) != len(choicelist) or not condlist:
        raise InvalidArgumentError(
            f"select expects as many choices as conditions; got {len(condlist)} conditions and "
            f"{len(choicelist)} choices"
        )
    *choices, rest = common(*choicelist, default)
    parts = same_shape(*map(truth, condlist), *choices, rest)
    count = len(condlist)
    result = parts[-1]
    for holds, choice in zip(reversed(parts[:count]), reversed(parts[count:-1]), strict=True):
        result = prim.select(holds, choice, result)
    return result


def vectorize(
    pyfunc: Callable[..., Any], *, excluded: Any = None, signature: str | None = None
) -> Callable[..., Any]:
    """A function that calls `pyfunc` on each element (each core, with a `signature`).

    Arguments broadcast; those at the places (or of the names) `excluded` are given as they are.
    `signature`, such as "(n),(n)->()", says how many of the last axes each argument's core has.
    """
    held = set(excluded or ())
    cores = _cores(signature) if signature else None

    def call(*arguments: Any, **keywords: Any) -> Any:
        named = {name: value for name, value in keywords.items() if name in held}
        places = [place for place in range(len(arguments)) if place not in held]
        names = [name for name in keywords if name not in named]
        varying = [tensor(arguments[p]) for p in places] + [tensor(keywords[n]) for n in names]
        ranks = cores or [0] * len(varying)
        if len(ranks) != len(varying):
            raise InvalidArgumentError(
                f"the signature {signature!r} is for {len(ranks)} arguments; got {len(varying)}"
            )

        def one(parts: Sequence[Any]) -> Any:
            given = list(arguments)
            for place, part in zip(places, parts, strict=False):
                given[place] = part
            return pyfunc(*given, **named, **dict(zip(names, parts[len(places) :], strict=True)))

        return _mapped(one, varying, ranks)

    return call


def _cores(signature: str) -> list[int]:
    """How many axes the core of each argument has."""
    left = signature.replace(" ", "").partition("->")[0]
    return [
        len([name for name in core.strip("()").split(",") if name])
        for core in left.replace("),(", ");(").split(";")
    ]


def _mapped(one: Callable[..., Any], varying: list[Any], ranks: list[int]) -> Any:
    """`one` on every core of the arguments, broadcast over their leading axes."""
    splits = [len(x.spec.shape) - rank for x, rank in zip(varying, ranks, strict=True)]
    outer: Any = ()
    for x, split in zip(varying, splits, strict=True):
        outer = broadcast_shapes(outer, x.spec.shape[:split])
    if not outer:
        return one(varying)
    flat = [
        layout.reshape(broadcast(x, (*outer, *x.spec.shape[s:])), [-1, *x.spec.shape[s:]])
        for x, s in zip(varying, splits, strict=True)
    ]
    results = vectorized_map(one, flat)
    return _unflattened(results, outer)


def _unflattened(results: Any, outer: Any) -> Any:
    if isinstance(results, (list, tuple)):
        return type(results)(_unflattened(part, outer) for part in results)
    return reshape(results, (*outer, *results.spec.shape[1:]))


__all__ = ["get_item", "select", "take", "take_along_axis", "vectorize", "where"]
