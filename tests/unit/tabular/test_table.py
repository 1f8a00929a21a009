"""Tables from dicts and data frames, and how their cells are read."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from lamina.core.errors import ArgumentTypeError, InvalidArgumentError, NotFoundError
from lamina.tabular.table import TEXT, Column, as_table, to_number, to_text

CELLS = {
    "count": [1, None, 3],
    "name": ["x", None, " y "],
    "flag": [True, False, None],
    "size": [1.5, 2.0, None],
}
FRAMES = {
    "pandas": pd.DataFrame(CELLS),
    "pandas, nullable": pd.DataFrame(CELLS).convert_dtypes(),
    "polars": pl.DataFrame(CELLS),
    "pyarrow": pa.table(CELLS),
    "dict": CELLS,
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES.keys())
def test_every_kind_of_frame_gives_the_same_columns(frame):
    table = as_table(frame)
    assert table.names == ("count", "name", "flag", "size")
    assert table.rows == 3
    for name, expected in (("count", [1, math.nan, 3]), ("size", [1.5, 2, math.nan])):
        numbers, bad = table.column(name).numbers()
        assert bad is None
        np.testing.assert_array_equal(numbers, expected)
    assert table.column("name").texts() == ["x", "", "y"]
    flags, bad = table.column("flag").booleans()
    assert bad is None
    np.testing.assert_array_equal(flags, [1, 0, math.nan])


def test_categories_and_dates_are_texts():
    frame = pd.DataFrame({"a": pd.Categorical(["u", "v"]), "b": pd.to_datetime(["2026-01-02"] * 2)})
    table = as_table(frame)
    assert table.column("a").texts() == ["u", "v"]
    assert table.column("b").texts()[0].startswith("2026-01-02")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1.0),
        ("-2.5e3", -2500.0),
        ("inf", math.inf),
        ("a", None),
        ("1_000", None),
        ("1,5", None),
    ],
)
def test_a_text_is_a_number_or_not(text, number):
    assert to_number(text) == number


@pytest.mark.parametrize("text", ["", "NA", "n/a", "NaN", "null", "None", "?"])
def test_spellings_of_missing(text):
    number = to_number(text)
    assert number is not None
    assert math.isnan(number)
    assert Column("a", np.array([text], TEXT)).texts() == [""]


@pytest.mark.parametrize(
    ("number", "text"), [(3.0, "3"), (0.1, "0.1"), (math.nan, ""), (-0.5, "-0.5")]
)
def test_numbers_as_texts(number, text):
    assert to_text(number) == text


def test_the_first_text_among_numbers_is_found():
    numbers, bad = Column("a", np.array(["1", "", "x", "y"], TEXT)).numbers()
    assert bad == 2
    np.testing.assert_array_equal(numbers, [1, math.nan, math.nan, math.nan])


@pytest.mark.parametrize("values", [["true", "maybe"], ["0", "2"]])
def test_the_first_cell_that_is_no_boolean_is_found(values):
    assert Column("a", np.array(values, TEXT)).booleans()[1] == 1
    if values[1] == "2":
        assert Column("a", np.array([0.0, 2.0])).booleans()[1] == 1


def test_an_unknown_column_is_answered_with_the_nearest():
    with pytest.raises(NotFoundError, match=r"no column 'nam'\. Did you mean 'name'\? Its columns"):
        as_table(CELLS).column("nam")


def test_a_part_of_a_name_suggests_the_whole():
    table = as_table({"a": [1], "default.payment.next.month": [0]})
    with pytest.raises(NotFoundError, match=r"mean 'default\.payment\.next\.month'\?"):
        table.column("Default")


def test_rows_are_called_by_position():
    table = as_table(CELLS)
    assert table.place(2) == "row 2"
    taken = table.take(np.array([True, False, True]))
    assert taken.rows == 2
    assert taken.column("name").texts() == ["x", "y"]


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ({"a": [1, 2], "b": [1]}, InvalidArgumentError, "'a' has 2 rows, 'b' has 1"),
        ({"a": []}, InvalidArgumentError, "no rows"),
        ({}, InvalidArgumentError, "no columns"),
        ({"a": [[1], [2]]}, InvalidArgumentError, "'a' must have one value per row"),
        ({"a": [[1], [2, 3]]}, InvalidArgumentError, "'a' must have one value per row"),
        (3, ArgumentTypeError, "got int"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), InvalidArgumentError, "two columns"),
        (pd.DataFrame([[1, 2]], columns=["1", 1]), InvalidArgumentError, "two columns"),
        (pa.table([[1], [2]], names=["a", "a"]), InvalidArgumentError, "two columns"),
    ],
)
def test_what_is_no_table_says_why(data, error, message):
    with pytest.raises(error, match=message):
        as_table(data)
