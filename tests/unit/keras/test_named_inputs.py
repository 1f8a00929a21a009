"""Models with an input for each column, on tables: columns by the names of the inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from lamina import keras
from lamina.core.errors import ArgumentTypeError, InvalidArgumentError
from tests.unit.keras.memory_tables import KINDS, TABLE


@pytest.fixture
def by_name() -> Any:
    keras.utils.set_random_seed(0)
    inputs = {name: keras.Input((1,), name=name) for name in ("b", "a")}
    city = keras.Input((1,), name="city", dtype="string")
    lookup = keras.layers.StringLookup(vocabulary=["Rome", "Oslo"], output_mode="one_hot")
    joined = keras.layers.Concatenate()([inputs["a"], inputs["b"], lookup(city)])
    model = keras.Model({**inputs, "city": city}, keras.layers.Dense(1, "sigmoid")(joined))
    model.compile("adam", "binary_crossentropy")
    return model


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "structured array"])
def test_inputs_with_names_take_the_columns_of_these_names(kind: str, by_name: Any) -> None:
    cities = TABLE.assign(city=["Rome", "Oslo"] * 50)
    table = KINDS[kind](cities)
    by_name.fit(table, y="default", verbose=0)
    arrays = {name: cities[name].to_numpy()[:, None] for name in ("a", "b", "city")}
    found = by_name.predict(table, verbose=0)
    assert np.array_equal(found, by_name.predict(arrays, verbose=0))
    assert not np.array_equal(found[0], found[1])
    with pytest.raises(InvalidArgumentError, match="takes columns by the names of its inputs"):
        by_name.predict(KINDS[kind](TABLE), verbose=0)
    with pytest.raises(InvalidArgumentError, match=r"'city' \(50 of 100 rows\)"):
        by_name.fit(cities.assign(city=[None, "Rome"] * 50), y="default", verbose=0)
    with pytest.raises(InvalidArgumentError, match=r"'city' \(50 of 100 rows\)"):
        absent = pd.Categorical([None, "Rome"] * 50)
        by_name.fit(cities.assign(city=absent), y="default", verbose=0)
    with pytest.raises(ArgumentTypeError, match="where the model takes text"):
        by_name.predict(cities.assign(city=1), verbose=0)


def test_categories_are_texts_for_inputs_of_text(by_name: Any) -> None:
    cities = TABLE.assign(city=pd.Categorical(["Rome", "Oslo"] * 50))
    by_name.fit(cities, y="default", verbose=0)
    texts = cities.assign(city=cities.city.astype(str))
    assert np.array_equal(by_name.predict(cities, verbose=0), by_name.predict(texts, verbose=0))


def test_a_text_that_is_missing_in_every_row_is_predicted_as_one_that_is_missing_in_some(
    by_name: Any,
) -> None:
    cities = TABLE.assign(city=[None, "Rome"] * 50)
    expected = by_name.predict(cities, verbose=0)[:1]
    for kind in ("pandas", "pandas, objects", "polars", "pyarrow"):
        found = by_name.predict(KINDS[kind](cities.head(1)), verbose=0)
        np.testing.assert_allclose(found, expected, rtol=1e-6, err_msg=kind)


@pytest.mark.parametrize("inputs", [1, 2])
def test_inputs_of_whole_numbers_take_all_of_their_digits(inputs: int) -> None:
    numbers = [2**24, 2**24 + 1]
    taken = [keras.Input((1,), name=f"id{place}", dtype="int64") for place in range(inputs)]
    lookup = keras.layers.IntegerLookup(vocabulary=numbers, output_mode="int")
    model = keras.Model(taken, [lookup(symbol) for symbol in taken][-1])
    for dtype in ("int64", "float64", "Int64", "float64[pyarrow]"):
        frame = pd.DataFrame({f"id{place}": numbers for place in range(inputs)}, dtype=dtype)
        assert model.predict(frame, verbose=0).ravel().tolist() == [1, 2], dtype
    for odd in (0.5, np.nan, np.inf):
        frame = pd.DataFrame({f"id{place}": [1.0, odd] for place in range(inputs)})
        with pytest.raises(InvalidArgumentError, match=r"'id0'.* where the model takes whole"):
            model.predict(frame, verbose=0)


def test_an_input_of_several_numbers_takes_no_column() -> None:
    inputs = [keras.Input((2,), name="wide"), keras.Input((1,), name="a")]
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Concatenate()(inputs)))
    with pytest.raises(InvalidArgumentError, match="which one column of a table does not give"):
        model.predict(TABLE, verbose=0)
