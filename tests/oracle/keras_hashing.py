"""Hashing layers: calls, and what Keras 3.15 on TensorFlow 2.21 gives."""

from __future__ import annotations

from tests.oracle.keras_lookups import Row

ROWS: dict[str, Row] = {
    "Hashing: strings": Row(
        "Hashing",
        {"num_bins": 10},
        None,
        [["a", "zz"], ["b", "b"], ["", "c"]],
        (3, 2),
        [9, 2, 2, 2, 3, 2],
        None,
    ),
    "Hashing: integers": Row(
        "Hashing", {"num_bins": 100}, None, [[1, 2, -3, 4000000000]], (1, 4), [49, 59, 99, 44], None
    ),
    "Hashing: floats": Row(
        "Hashing", {"num_bins": 100}, None, [[1.7, 2.0, -3.2]], (1, 3), [49, 59, 99], None
    ),
    "Hashing: truths": Row("Hashing", {"num_bins": 5}, None, [[True, False]], (1, 2), [0, 2], None),
    "Hashing: mask": Row(
        "Hashing",
        {"num_bins": 10, "mask_value": ""},
        None,
        [["a", "zz"], ["b", "b"], ["", "c"]],
        (3, 2),
        [4, 5, 2, 2, 0, 8],
        None,
    ),
    "Hashing: integer mask": Row(
        "Hashing",
        {"num_bins": 10, "mask_value": 5},
        None,
        [[5, 0], [7, 7], [9, -4]],
        (3, 2),
        [0, 2, 8, 8, 9, 8],
        None,
    ),
    "Hashing: salt": Row(
        "Hashing",
        {"num_bins": 100, "salt": [133, 137]},
        None,
        [["a", "zz"], ["b", "b"], ["", "c"]],
        (3, 2),
        [54, 21, 42, 42, 0, 61],
        None,
    ),
    "Hashing: one salt": Row(
        "Hashing",
        {"num_bins": 100, "salt": 133},
        None,
        [[5, 0], [7, 7], [9, -4]],
        (3, 2),
        [42, 85, 87, 87, 94, 74],
        None,
    ),
    "Hashing: one_hot": Row(
        "Hashing",
        {"num_bins": 3, "output_mode": "one_hot"},
        None,
        [["a", "zz"], ["b", "b"], ["", "c"]],
        (3, 2, 3),
        [1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0],
        None,
    ),
    "Hashing: one_hot column": Row(
        "Hashing",
        {"num_bins": 3, "output_mode": "one_hot"},
        None,
        [["a"], ["z"]],
        (2, 3),
        [1, 0, 0, 0, 1, 0],
        None,
    ),
    "Hashing: multi_hot": Row(
        "Hashing",
        {"num_bins": 3, "output_mode": "multi_hot"},
        None,
        [["a", "zz"], ["b", "b"], ["", "c"]],
        (3, 3),
        [1, 1, 0, 0, 1, 0, 0, 1, 1],
        None,
    ),
    "Hashing: count": Row(
        "Hashing",
        {"num_bins": 3, "output_mode": "count"},
        None,
        [["a", "zz"], ["b", "b"], ["", "c"]],
        (3, 3),
        [1, 1, 0, 0, 2, 0, 0, 1, 1],
        None,
    ),
    "HashedCrossing: string and integer": Row(
        "HashedCrossing",
        {"num_bins": 1000},
        None,
        (["A", "B", "A"], [101, 102, -7]),
        (3,),
        [891, 576, 586],
        None,
    ),
    "HashedCrossing: strings": Row(
        "HashedCrossing", {"num_bins": 1000}, None, (["A", "B"], ["x", "y"]), (2,), [210, 8], None
    ),
    "HashedCrossing: integers": Row(
        "HashedCrossing", {"num_bins": 1000}, None, ([1, 2], [3, 4]), (2,), [651, 547], None
    ),
    "HashedCrossing: three": Row(
        "HashedCrossing",
        {"num_bins": 1000},
        None,
        (["A", "B"], [101, 102], ["q", "r"]),
        (2,),
        [305, 487],
        None,
    ),
    "HashedCrossing: columns": Row(
        "HashedCrossing",
        {"num_bins": 1000},
        None,
        ([["A"], ["B"]], [[101], [102]]),
        (2, 1),
        [891, 576],
        None,
    ),
    "HashedCrossing: one_hot": Row(
        "HashedCrossing",
        {"num_bins": 5, "output_mode": "one_hot"},
        None,
        (["A", "B"], [101, 102]),
        (2, 5),
        [0, 1, 0, 0, 0, 0, 1, 0, 0, 0],
        None,
    ),
    "HashedCrossing: one_hot columns": Row(
        "HashedCrossing",
        {"num_bins": 5, "output_mode": "one_hot"},
        None,
        ([["A"], ["B"]], [[101], [102]]),
        (2, 5),
        [0, 1, 0, 0, 0, 0, 1, 0, 0, 0],
        None,
    ),
}
