"""keras.tree: structures of dicts, lists and tuples, and their leaves.

The values of a dict stand in the order of its sorted keys (an OrderedDict keeps its own); None is
a leaf.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..core.callers import warn
from ..core.errors import ArgumentTypeError, InvalidArgumentError
from ..core.outside import lacking


class MAP_TO_NONE:
    """What the function given to `traverse` returns to put None in a place."""


# Nodes -------------------------------------------------------------------------------------------


def _kind(structure: Any) -> Any:
    """What kind of node it is, the same for nodes that match; None for a leaf."""
    if isinstance(structure, dict):
        return dict
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):
        return type(structure)
    return next((kind for kind in (list, tuple, deque) if isinstance(structure, kind)), None)


def _children(structure: Any) -> list[tuple[Any, Any]]:
    """The keys or indices of a node, in order, and what stands there."""
    if isinstance(structure, OrderedDict):
        return list(structure.items())
    if isinstance(structure, dict):
        try:
            keys = sorted(structure)
        except TypeError:
            keys = sorted(structure, key=lambda key: (type(key).__qualname__, repr(key)))
        return [(key, structure[key]) for key in keys]
    return list(enumerate(structure))


def _rebuilt(structure: Any, children: Iterable[Any]) -> Any:
    """A node like `structure` with other children, in the order of `_children`."""
    items = list(children)
    if isinstance(structure, dict):
        keys = [key for key, _ in _children(structure)]
        found = dict(zip(keys, items, strict=True))
        pairs = [(key, found[key]) for key in structure]
        if isinstance(structure, defaultdict):
            return defaultdict(structure.default_factory, pairs)
        return type(structure)(pairs)
    if isinstance(structure, deque):
        return deque(items, structure.maxlen)
    return type(structure)(*items) if hasattr(structure, "_fields") else type(structure)(items)


def is_nested(structure: Any) -> bool:
    """Whether it is a dict, list, tuple, named tuple or deque."""
    return _kind(structure) is not None


# Leaves ------------------------------------------------------------------------------------------


def flatten(structure: Any) -> list[Any]:
    """The leaves, depth first."""
    return [leaf for _, leaf in _walk(structure, ())]


def flatten_with_path(structure: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """The leaves with their paths: the keys and indices that lead to each."""
    return list(_walk(structure, ()))


def _walk(structure: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if not is_nested(structure):
        yield path, structure
        return
    for key, child in _children(structure):
        yield from _walk(child, (*path, key))


def pack_sequence_as(structure: Any, flat_sequence: Iterable[Any]) -> Any:
    """The leaves in `flat_sequence` in the shape of `structure`."""
    leaves = list(flat_sequence)
    wanted = len(flatten(structure))
    if len(leaves) != wanted:
        raise InvalidArgumentError(f"the structure has {wanted} leaves; got {len(leaves)}")
    rest = iter(leaves)
    return map_structure(lambda _: next(rest), structure)


# Maps --------------------------------------------------------------------------------------------


def map_structure(func: Callable[..., Any], *structures: Any, none_is_leaf: bool = True) -> Any:
    """`func` of the leaves of structures of one shape; None stays unless `none_is_leaf`."""
    _check_function(func)
    if not structures:
        raise InvalidArgumentError("map_structure expects at least one structure")
    return _map(func, structures, none_is_leaf)


def _check_function(func: Any) -> None:
    if not callable(func):
        raise ArgumentTypeError(f"expected a function of leaves; got {type(func).__name__}")


def _map(func: Callable[..., Any], nodes: tuple[Any, ...], none_is_leaf: bool) -> Any:
    first = nodes[0]
    if not is_nested(first) and not any(is_nested(other) for other in nodes[1:]):
        if none_is_leaf or not any(node is None for node in nodes):
            return func(*nodes)
        if all(node is None for node in nodes):
            return None
    rows = _matched(first, nodes)
    return _rebuilt(first, [_map(func, row, none_is_leaf) for row in rows])


def _matched(first: Any, nodes: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """The children of matching nodes, place by place."""
    kind, columns = _kind(first), [dict(_children(node)) for node in nodes if is_nested(node)]
    same = kind is not None and all(_kind(node) is kind for node in nodes)
    if not same or any(column.keys() != columns[0].keys() for column in columns):
        shown = " and ".join(_outline(node) for node in nodes)
        raise InvalidArgumentError(f"the structures do not have the same shape: {shown}")
    return [tuple(column[key] for column in columns) for key in columns[0]]


def _outline(structure: Any) -> str:
    if isinstance(structure, dict):
        return "{" + ", ".join(f"{key!r}: …" for key in list(structure)[:8]) + "}"
    if is_nested(structure):
        return f"{type(structure).__name__} of length {len(structure)}"
    return f"a {type(structure).__name__}"


def map_structure_up_to(shallow_structure: Any, func: Callable[..., Any], *structures: Any) -> Any:
    """`func` of what stands in `structures` at the leaves of `shallow_structure`."""
    _check_function(func)
    if not structures:
        raise InvalidArgumentError("map_structure_up_to expects at least one structure")
    if not is_nested(shallow_structure):
        return func(*structures)
    rows = _matched(shallow_structure, (shallow_structure, *structures))
    children = [map_structure_up_to(shallow, func, *others) for shallow, *others in rows]
    return _rebuilt(shallow_structure, children)


def map_shape_structure(func: Callable[[Any], Any], structure: Any) -> Any:
    """`func` of the shapes in a structure: lists and tuples of integers and None are leaves."""
    _check_function(func)
    if not is_nested(structure) or _is_shape(structure):
        return func(structure)
    children = [map_shape_structure(func, child) for _, child in _children(structure)]
    return _rebuilt(structure, children)


def _is_shape(structure: Any) -> bool:
    return isinstance(structure, (list, tuple)) and all(
        size is None or isinstance(size, int) for size in structure
    )


def traverse(func: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """`structure` with each part for which `func` returns something replaced by that.

    Parts come before what is in them if `top_down`, and those that are replaced are not entered;
    else after. MAP_TO_NONE stands for None.
    """
    _check_function(func)
    if top_down:
        found = func(structure)
        if found is None:
            return _traversed(func, structure, top_down)
    else:
        structure = _traversed(func, structure, top_down)
        found = func(structure)
        if found is None:
            return structure
    return None if found is MAP_TO_NONE else found


def _traversed(func: Callable[[Any], Any], structure: Any, top_down: bool) -> Any:
    if not is_nested(structure):
        return structure
    return _rebuilt(
        structure, [traverse(func, child, top_down) for _, child in _children(structure)]
    )


def lists_to_tuples(structure: Any) -> Any:
    """`structure` with tuples in place of its lists."""
    return traverse(
        lambda part: tuple(part) if isinstance(part, list) else None, structure, top_down=False
    )


# Comparisons -------------------------------------------------------------------------------------


def assert_same_structure(a: Any, b: Any, check_types: Any = None) -> None:
    """Raise a ValueError where the shapes of `a` and `b` differ."""
    if check_types is not None:
        warn(
            "check_types does nothing: kinds of nodes are always compared; see assert_same_paths",
            DeprecationWarning,
        )
    _map(lambda *leaves: None, (a, b), none_is_leaf=True)


def assert_same_paths(a: Any, b: Any) -> None:
    """Raise a ValueError where the paths to the leaves of `a` and `b` differ."""
    own, other = ({path for path, _ in _walk(tree, ())} for tree in (a, b))
    for only, name, rest in ((own - other, "first", "second"), (other - own, "second", "first")):
        if only:
            raise InvalidArgumentError(
                f"the {name} structure has the path {min(only, key=repr)}; the {rest} lacks it"
            )


__all__ = [
    "MAP_TO_NONE", "assert_same_paths", "assert_same_structure", "flatten", "flatten_with_path",
    "is_nested", "lists_to_tuples", "map_shape_structure", "map_structure", "map_structure_up_to",
    "pack_sequence_as", "traverse",
]  # fmt: skip

__getattr__ = lacking("keras.tree", __all__)
