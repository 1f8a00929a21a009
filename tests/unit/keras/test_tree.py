"""Trees, beside Keras's own."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque, namedtuple
from typing import Any

import keras
import pytest

from lamina.keras import tree

Point = namedtuple("Point", "x y")
TREES = [
    3,
    None,
    [],
    (),
    {},
    [1, (2, 3), {"b": 4, "a": [5]}],
    {"z": 1, "a": {"y": None, "b": 2}},
    OrderedDict([("z", 1), ("a", (2,))]),
    defaultdict(list, {"b": 1, "a": 2}),
    Point([1], {"k": 2}),
    deque([1, (2, 3)], maxlen=4),
    {2: "x", 1: "y"},
    [None, {"a": None}],
]


def outcome(function: Any, *arguments: Any, **keywords: Any) -> Any:
    """What a call gives: its result, or that it raised a ValueError."""
    try:
        return function(*arguments, **keywords)
    except ValueError:
        return ValueError


@pytest.mark.parametrize("structure", TREES, ids=repr)
def test_one_structure(structure: Any) -> None:
    for name in ("is_nested", "flatten", "flatten_with_path", "lists_to_tuples"):
        assert getattr(tree, name)(structure) == getattr(keras.tree, name)(structure), name
    leaves = list(range(len(tree.flatten(structure))))
    found = tree.pack_sequence_as(structure, leaves)
    assert found == keras.tree.pack_sequence_as(structure, leaves)
    assert type(found) is type(keras.tree.pack_sequence_as(structure, leaves))
    for none_is_leaf in (True, False):
        mapped = [
            t.map_structure(lambda leaf: (leaf, 0), structure, none_is_leaf=none_is_leaf)
            for t in (tree, keras.tree)
        ]
        assert mapped[0] == mapped[1]
    with pytest.raises(ValueError, match="leaves"):
        tree.pack_sequence_as(structure, [*leaves, 0])


@pytest.mark.parametrize("second", TREES, ids=repr)
@pytest.mark.parametrize("first", TREES, ids=repr)
def test_two_structures(first: Any, second: Any) -> None:
    for name in ("assert_same_structure", "assert_same_paths"):
        assert outcome(getattr(tree, name), first, second) == outcome(
            getattr(keras.tree, name), first, second
        )
    pairs = [
        outcome(t.map_structure, lambda a, b: (a, b), first, second) for t in (tree, keras.tree)
    ]
    assert pairs[0] == pairs[1]


@pytest.mark.parametrize("top_down", [True, False])
@pytest.mark.parametrize("structure", TREES, ids=repr)
def test_traverse(structure: Any, top_down: bool) -> None:
    def change(module: Any) -> Any:
        seen = []

        def visit(part: Any) -> Any:
            seen.append(part)
            if isinstance(part, tuple):
                return "a tuple"
            return module.MAP_TO_NONE if part == 4 else None

        return module.traverse(visit, structure, top_down=top_down), seen

    assert change(tree) == change(keras.tree)


@pytest.mark.parametrize(
    ("shallow", "deep"),
    [([0, 0], [(1, 2), {"a": 3}]), ({"a": 0}, {"a": [1, 2]}), ([[0], 0], [1, 2]), (0, [1])],
)
def test_map_up_to(shallow: Any, deep: Any) -> None:
    found = [
        outcome(t.map_structure_up_to, shallow, lambda part: ("got", part), deep)
        for t in (tree, keras.tree)
    ]
    assert found[0] == found[1]


@pytest.mark.parametrize("structure", [(2, None), [(2, 3), {"a": [None, 4]}], {"a": ()}])
def test_shapes_are_leaves(structure: Any) -> None:
    found = [t.map_shape_structure(list, structure) for t in (tree, keras.tree)]
    assert found[0] == found[1]


def test_errors() -> None:
    with pytest.raises(ValueError, match="do not have the same shape: list of length 1"):
        tree.map_structure(max, [1], [1, 2])
    with pytest.raises(ValueError, match="at least one structure"):
        tree.map_structure(max)
    with pytest.raises(TypeError, match="expected a function"):
        tree.traverse(3, [1])
    with pytest.raises(ValueError, match=r"first structure has the path \('a',\)"):
        tree.assert_same_paths({"a": 1}, {})
    with pytest.warns(DeprecationWarning, match="check_types"):
        tree.assert_same_structure([1], [1], check_types=True)
    with pytest.raises(AttributeError, match="flatten"):
        tree.flaten([1])
