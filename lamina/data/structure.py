"""Elements of datasets: tuples and dicts of arrays inside, of tensors outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..core import nest
from ..core.dtypes import Array
from ..core.errors import ArgumentTypeError, InvalidArgumentError, describe
from ..core.shapes import TensorShape
from ..ir.bind import new_value
from ..ir.value import Value
from ..tensor.convert import to_tensor
from ..tensor.spec import TensorSpec, TypeSpec


class DatasetSpec(TypeSpec):
    """The type of an element that is a dataset itself (a window)."""

    def __init__(self, element_spec: Any, dataset_shape: Any = ()) -> None:
        self.element_spec = element_spec
        self.dataset_shape = TensorShape(dataset_shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DatasetSpec) and self.element_spec == other.element_spec

    def __hash__(self) -> int:
        return hash(tuple(nest.flatten(self.element_spec)))

    def __repr__(self) -> str:
        return f"DatasetSpec({self.element_spec!r}, {self.dataset_shape!r})"


def is_dataset(value: Any) -> bool:
    """Whether `value` is a dataset, or what one is made of inside."""
    return hasattr(value, "__lamina_node__")


def rebuild(structure: Any, children: Sequence[Any]) -> Any:
    """A tuple, named tuple or dict like `structure` with other children."""
    if isinstance(structure, Mapping):
        return dict(zip(structure, children, strict=True))
    return type(structure)(*children) if hasattr(structure, "_fields") else tuple(children)


def normalize(value: Any, what: str = "an element") -> Any:
    """`value` as an element: tuples and dicts stay, all else becomes arrays (lists, too)."""
    if type(value) is np.ndarray and value.dtype.kind in "fiub":
        return to_tensor(value).array
    if isinstance(value, Mapping):
        return rebuild(value, [normalize(v, f"{what}[{k!r}]") for k, v in value.items()])
    if isinstance(value, tuple):
        return rebuild(value, [normalize(v, f"{what}[{i}]") for i, v in enumerate(value)])
    if is_dataset(value):
        return value.__lamina_node__()
    if value is None:
        raise ArgumentTypeError(f"{what} is None; a dataset holds tensors. Leave it out")
    array = to_tensor(value).array
    if array is None:
        raise ArgumentTypeError(
            f"{what} is a symbolic tensor, which has no values; datasets are made of values"
        )
    return array


def owned(element: Any) -> Any:
    """An element with memory of its own, which later changes of somebody's arrays do not reach."""
    return nest.map_structure(
        lambda leaf: np.array(leaf) if isinstance(leaf, np.ndarray) else leaf, element
    )


def to_tensors(element: Any) -> Any:
    """The arrays of an element as tensors."""
    if type(element) is tuple:
        return tuple([to_tensors(part) for part in element])
    if isinstance(element, (dict, tuple)):
        children = element.values() if isinstance(element, dict) else element
        return rebuild(element, [to_tensors(part) for part in children])
    if isinstance(element, np.ndarray):
        return new_value(element)
    return element if isinstance(element, Value) or is_dataset(element) else to_tensor(element)


def spec_of(element: Any) -> Any:
    """The type of an element."""

    def one(leaf: Any) -> Any:
        if is_dataset(leaf):
            return DatasetSpec(leaf.__lamina_node__().spec)
        return TensorSpec(leaf.shape, leaf.dtype)

    return nest.map_structure(one, element)


def of_any_size(spec: Any) -> Any:
    """The type with all sizes open."""

    def one(leaf: Any) -> Any:
        if isinstance(leaf, DatasetSpec):
            return leaf
        return TensorSpec([None] * len(leaf.shape), leaf.dtype)

    return nest.map_structure(one, spec)


def with_leading(spec: Any, size: int | None) -> Any:
    """The type of batches of `size` elements of type `spec`."""

    def one(leaf: Any) -> Any:
        if isinstance(leaf, DatasetSpec):
            raise InvalidArgumentError("elements that are datasets cannot be batched; use flat_map")
        if leaf.shape.rank is None:
            return TensorSpec(None, leaf.dtype)
        return TensorSpec((size, *leaf.shape), leaf.dtype)

    return nest.map_structure(one, spec)


def without_leading(spec: Any) -> Any:
    """The type of the rows of elements of type `spec`."""

    def one(leaf: Any) -> Any:
        if leaf.shape.rank == 0:
            raise InvalidArgumentError("unbatch expects elements with rows; got a scalar")
        return leaf if leaf.shape.rank is None else TensorSpec(leaf.shape[1:], leaf.dtype)

    return nest.map_structure(one, spec)


def is_same_type(first: Any, second: Any) -> bool:
    """Whether two types of elements have one structure and the same dtypes."""
    try:
        nest.assert_same_structure(first, second)
    except InvalidArgumentError:
        return False
    pairs = zip(nest.flatten(first), nest.flatten(second), strict=True)
    return all(
        isinstance(a, DatasetSpec) == isinstance(b, DatasetSpec)
        and (isinstance(a, DatasetSpec) or a.dtype == b.dtype)
        for a, b in pairs
    )


def common_spec(first: Any, second: Any, what: str) -> Any:
    """The type that covers two: sizes that differ become None."""
    if not is_same_type(first, second):
        raise ArgumentTypeError(
            f"{what} expects datasets with elements of one type; got {first!r} and {second!r}"
        )

    def one(a: Any, b: Any) -> Any:
        if isinstance(a, DatasetSpec):
            return a
        if a.shape.rank is None or a.shape.rank != b.shape.rank:
            return TensorSpec(None, a.dtype)
        sizes = [x if x == y else None for x, y in zip(a.shape, b.shape, strict=True)]
        return TensorSpec(sizes, a.dtype)

    return nest.map_structure(one, first, second)


def stacked(elements: Sequence[Any]) -> Any:
    """Elements of one shape as a batch."""
    first = elements[0]
    if isinstance(first, np.ndarray):
        return _stack(elements, 0)
    columns = zip(*(nest.flatten(element) for element in elements), strict=True)
    return nest.pack_sequence_as(first, [_stack(column, n) for n, column in enumerate(columns)])


def _stack(arrays: Sequence[Any], component: int) -> Array:
    first = arrays[0]
    if is_dataset(first):
        raise InvalidArgumentError("elements that are datasets cannot be batched; use flat_map")
    for number, array in enumerate(arrays):
        if array.shape != first.shape:
            raise InvalidArgumentError(
                f"a batch takes elements of one shape: in component {component}, the first has "
                f"{first.shape}, number {number} has {array.shape}. Use padded_batch, or map "
                "them to one shape"
            )
    return np.stack(arrays)


def row_count(structure: Any, what: str) -> int:
    """How many rows the arrays of `structure` have, all the same."""
    leaves = nest.flatten(structure)
    if not leaves:
        raise InvalidArgumentError(f"{what} expects at least one tensor")
    for leaf in leaves:
        if not leaf.ndim:
            raise InvalidArgumentError(
                f"{what} slices tensors along their first axis; got a scalar ({describe(leaf)}). "
                "Use from_tensors for a single element"
            )
    sizes = sorted({len(leaf) for leaf in leaves})
    if len(sizes) > 1:
        raise InvalidArgumentError(
            f"{what} expects tensors with equally many rows; got {', '.join(map(str, sizes))}"
        )
    return int(sizes[0])
