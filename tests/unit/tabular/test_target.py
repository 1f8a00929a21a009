"""What is predicted: tasks, classes, and targets of no use."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.core.errors import InvalidArgumentError, NotFoundError
from lamina.tabular.table import as_table
from lamina.tabular.target import Target, known_rows


def of(values, task="auto"):
    return Target.of(as_table({"y": values}), "y", task)


@pytest.mark.parametrize(
    ("values", "task", "classes"),
    [
        ([0, 1, 1], "binary", ("0", "1")),
        ([2.5, -1.0, 2.5], "binary", ("-1", "2.5")),
        (["yes", "no", "no"], "binary", ("no", "yes")),
        ([True, False, True], "binary", ("False", "True")),
        (["TRUE", "True", "false"], "binary", ("false", "true")),
        (["b", "c", "a"], "multiclass", ("a", "b", "c")),
        ([10, 9, 2, 2], "multiclass", ("2", "9", "10")),
        (list(range(21)), "regression", ()),
        ([1, 2.5, 3], "regression", ()),
    ],
)
def test_the_task_follows_from_the_values(values, task, classes):
    target = of(values)
    assert (target.task, target.classes) == (task, classes)


def test_the_task_can_be_chosen():
    assert of([1, 2, 3], "regression").classes == ()
    assert len(of(list(range(30)), "multiclass").classes) == 30
    assert of([1, 2], "multiclass") == Target("y", "multiclass", ("1", "2"))


def test_codes_and_numbers():
    table = as_table({"y": ["b", "a", "b"], "n": [1.5, 2, 3]})
    codes = Target.of(table, "y").encode(table)
    assert codes.dtype == np.int32
    assert codes.tolist() == [1, 0, 1]
    numbers = Target.of(table, "n").encode(table)
    assert numbers.dtype == np.float32
    assert numbers.tolist() == [1.5, 2, 3]


def test_one_class_in_several_spellings():
    table = as_table({"y": ["1", "1.0", "0", "00"]})
    target = Target.of(table, "y")
    assert target.classes == ("0", "1")
    assert target.encode(table).tolist() == [1, 1, 0, 0]


def test_whole_numbers_too_large_for_a_float_keep_apart():
    table = as_table({"y": ["1000000000000000001", "1000000000000000000"] * 2})
    target = Target.of(table, "y")
    assert target.classes == ("1000000000000000000", "1000000000000000001")
    assert target.encode(table).tolist() == [1, 0, 1, 0]


def test_rows_without_a_target():
    assert known_rows(as_table({"y": [1, None, "?", "x"]}), "y").tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize(
    ("values", "task", "message"),
    [
        ([1, 1, 1], "auto", "is '1' in every row"),
        (["1", "1.0", "1"], "auto", "is '1' in every row"),
        ([1e18, 1e18 + 1], "auto", "is '1e\\+18' in every row"),
        ([*map(str, range(50)), "x"], "auto", "row 50: the target 'y' holds 'x' among numbers"),
        ([1e9 + i / 100 for i in range(50)], "auto", "too little for a network in float32"),
        ([1, 2, np.inf], "auto", "row 2: the target 'y' holds inf"),
        ([1, 2, 1e300], "auto", r"row 2: the target 'y' holds 1e\+300"),
        ([1, 2, 3], "binary", "needs a target with two different values; 'y' has 3"),
        (["1", "2", "x"], "regression", "row 2: the target 'y' holds 'x', which is not a number"),
        (list(range(1001)), "multiclass", "1,001 different values.*Train as regression"),
        ([f"t{i}" for i in range(1001)], "auto", "1,001 different values.*fewer different texts"),
        ([0, 1], "binry", "no task 'binry'.*'binary'"),
    ],
)
def test_targets_of_no_use_say_why(values, task, message):
    with pytest.raises(InvalidArgumentError, match=message):
        of(values, task)


def test_no_such_column():
    with pytest.raises(NotFoundError, match="no column 'z'"):
        Target.of(as_table({"y": [1, 2]}), "z")
