"""From columns to inputs: what becomes of each kind, and what is remembered."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.core.errors import InvalidArgumentError, NotFoundError
from lamina.tabular.encoding import Encoder, Feature
from lamina.tabular.table import as_table
from lamina.tabular.target import Target

ROWS = 100
TARGET = Target("y", "binary", ("0", "1"))
EVERY = np.arange(ROWS)


def fit(training=EVERY, ignore=(), **columns):
    table = as_table({**columns, "y": EVERY % 2})
    return Encoder.fit(table, TARGET, training, ignore)


def feature(**columns):
    (found,) = fit(**columns).features
    return found


def left_out(**columns):
    """Why the one column is left out, beside one that is not."""
    ((_, reason),) = fit(other=EVERY**2, **columns).omitted
    return reason


def repeated(*values):
    return [values[index % len(values)] for index in range(ROWS)]


def test_numbers_stay_and_missing_ones_become_the_median():
    found = feature(a=repeated("1", "2", "9", "NA"))
    assert found == Feature("a", "number", median=2.0, missing=True)
    inputs = found.encode(as_table({"a": [None, 7.0]}))
    assert inputs.dtype == np.float32
    assert inputs.tolist() == [[2, 1], [7, 0]]
    assert found.input_names == ("a", "a missing")


def test_no_indicator_where_nothing_was_missing():
    found = feature(a=repeated(1, 2, 9))
    assert found == Feature("a", "number", median=2.0)
    assert found.encode(as_table({"a": [None]})).tolist() == [[2]]


def test_true_and_false():
    found = feature(a=repeated(True, False, True))
    assert found == Feature("a", "boolean", median=1.0)
    assert found.encode(as_table({"a": ["FALSE", "true", "", "1"]})).tolist() == [
        [0],
        [1],
        [1],
        [1],
    ]


def test_texts_are_categories_and_unseen_ones_none_of_them():
    found = feature(a=repeated("u", "v", "NA"))
    assert found == Feature("a", "category", categories=("", "u", "v"))
    assert found.input_names == ("a = (missing)", "a = u", "a = v")
    inputs = found.encode(as_table({"a": ["v", None, "w"]}))
    assert inputs.tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 0]]


def test_rare_texts_are_one_category():
    values = repeated("u", "v")
    values[:3] = "s", "s", "t"
    found = feature(a=values)
    assert found == Feature("a", "category", categories=("u", "v"), other=True)
    inputs = found.encode(as_table({"a": ["u", "s", "never seen"]}))
    assert inputs.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 1]]


def test_the_commonest_texts_are_kept():
    values = [f"t{index % 25}" if index % 4 else "common" for index in range(1000)]
    table = as_table({"a": values, "y": np.arange(1000) % 2})
    (found,) = Encoder.fit(table, TARGET, np.arange(1000)).features
    assert len(found.categories) == 20
    assert "common" in found.categories
    assert found.other


def test_a_number_that_is_there_or_not_is_a_category():
    assert feature(a=repeated(1, None)).categories == ("", "1")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (repeated(3), "the same value everywhere"),
        (repeated("x"), "the same text everywhere"),
        (repeated(None), "empty"),
        (repeated(""), "empty"),
        (list(range(7, 7 + ROWS)), "it counts the rows"),
        (
            [f"id {row}" for row in range(ROWS)],
            "100 different texts in 100 training rows, such as 'id 0'",
        ),
        (
            [f"id {row // 2}" for row in range(ROWS)],
            "50 different texts in 100 training rows, such as 'id 0'",
        ),
        (
            repeated(2.0**30, 2.0**30 + 1),
            "the same value everywhere in float32; subtract a constant",
        ),
    ],
)
def test_columns_of_no_use_are_left_out(values, reason):
    assert left_out(a=values) == reason


def test_columns_are_left_out_on_demand():
    encoder = fit(a=EVERY**2, b=EVERY**3, ignore=["b"])
    assert [feature.name for feature in encoder.features] == ["a"]
    assert encoder.omitted == (("b", "asked to"),)
    with pytest.raises(NotFoundError, match="no column 'c'"):
        fit(a=EVERY**2, ignore=["c"])
    with pytest.raises(InvalidArgumentError, match="target 'y' can't be ignored"):
        fit(a=EVERY**2, ignore=["y"])


def test_only_the_training_rows_decide():
    values = np.where(EVERY < 50, EVERY % 5, 1000).astype(float)
    found = Encoder.fit(as_table({"a": values, "y": EVERY % 2}), TARGET, np.arange(50)).features[0]
    assert found.median == 2.0


def test_numbers_are_scaled_and_flags_are_not():
    encoder = fit(a=repeated(1, 2, None, 9), b=repeated("u", "v"), c=repeated(True, False))
    table = as_table({"a": [0, 10], "b": ["u", "v"], "c": [True, False]})
    mean, variance = encoder.scaling(encoder.encode(table))
    np.testing.assert_array_equal(mean, [5, 0, 0, 0, 0])
    np.testing.assert_array_equal(variance, [25, 1, 1, 1, 1])


@pytest.mark.parametrize(("size", "word"), [(1e-9, "small"), (1e20, "large")])
def test_numbers_that_float32_can_not_scale(size, word):
    columns = {"a": np.array(repeated(1, 2)) * size}
    encoder = fit(**columns)
    with pytest.raises(InvalidArgumentError, match=f"'a'.*too {word}.*another unit"):
        encoder.scaling(encoder.encode(as_table(columns)))


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e39])
def test_infinite_numbers_have_a_row(value):
    values = [*range(98), value, 3]
    with pytest.raises(
        InvalidArgumentError, match=r"row 98: column 'a' holds .*infinite in float32"
    ):
        fit(a=values)
    with pytest.raises(InvalidArgumentError, match="row 1: column 'a'"):
        Feature("a", "number").encode(as_table({"a": [1, value]}))


def test_a_word_among_many_numbers_is_a_mistake():
    with pytest.raises(InvalidArgumentError, match="row 40: column 'a' holds 'oops' among numbers"):
        fit(a=[str(row * row) if row != 40 else "oops" for row in range(ROWS)])


@pytest.mark.parametrize(
    ("kind", "expected"), [("number", "a number"), ("boolean", "true or false")]
)
def test_a_cell_of_the_wrong_kind_has_a_row(kind, expected):
    with pytest.raises(
        InvalidArgumentError, match=f"row 1: column 'a' holds 'x' where .* {expected}"
    ):
        Feature("a", kind).encode(as_table({"a": ["1", "x"]}))


def test_missing_columns_are_named_with_the_nearest():
    encoder = fit(age=EVERY**2, size=EVERY**3)
    with pytest.raises(
        NotFoundError,
        match=r"lacks 2 columns that the model needs: 'age' \(did you mean 'Age'\?\), ",
    ):
        encoder.encode(as_table({"Age": [1]}))


def test_columns_are_found_by_name_and_others_ignored():
    encoder = fit(a=EVERY**2, b=EVERY**3, c=repeated(1))
    table = as_table({"new": [0], "b": [2], "c": [5], "a": [1], "y": [0]})
    assert encoder.encode(table).tolist() == [[1, 2]]
    assert encoder.unknown_columns(table) == ["new"]


def test_a_table_without_anything_to_learn_from():
    with pytest.raises(InvalidArgumentError, match=r"no column to learn from.*a: the same value"):
        fit(a=repeated(1))
    with pytest.raises(InvalidArgumentError, match="no column to learn from"):
        fit()
