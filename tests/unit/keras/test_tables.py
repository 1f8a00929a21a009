"""fit, evaluate and predict on tables: columns are found by name, and checked before training."""

from __future__ import annotations

import copy
import pickle
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from lamina import keras
from lamina.core.errors import ArgumentTypeError, DataLossError, InvalidArgumentError
from tests.unit.keras.memory_tables import INPUTS, KINDS, TABLE


def _model() -> Any:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Dense(4, "relu"), keras.layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def _trained() -> Any:
    model = _model()
    model.fit(TABLE, y="default", sample_weight="w", epochs=2, verbose=0)
    return model


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_trains_as_its_arrays_do(kind: str) -> None:
    expected, found = _model(), _model()
    keras.utils.set_random_seed(0)
    options: dict[str, Any] = {"epochs": 2, "verbose": 0, "validation_split": 0.2}
    table = KINDS[kind](TABLE)
    history = found.fit(table, y="default", sample_weight="w", **options)
    keras.utils.set_random_seed(0)
    arrays = INPUTS, TABLE["default"].to_numpy()
    wanted = expected.fit(*arrays, sample_weight=TABLE["w"].to_numpy(), **options)
    assert history.history == wanted.history
    assert found.input_columns == ("a", "b", "t")
    predicted = expected.predict(INPUTS, verbose=0)
    turned = KINDS[kind](TABLE[["w", "t", "b", "default", "a"]])
    assert np.array_equal(found.predict(turned, verbose=0), predicted)
    assert np.array_equal(found.predict_on_batch(turned), predicted)
    if kind != "structured array":
        assert np.array_equal(found.predictor()(turned), predicted)
        np.testing.assert_allclose(found(turned, training=False), predicted, rtol=1e-6)
    assert found.evaluate(turned, verbose=0) == expected.evaluate(*arrays, verbose=0)
    assert found.test_on_batch(turned) == expected.test_on_batch(*arrays)
    step = found.train_on_batch(turned, y="default")
    assert step == expected.train_on_batch(*arrays)


def test_validation_data_may_be_a_table_with_the_targets_in_it() -> None:
    first, second = _model(), _model()
    keras.utils.set_random_seed(0)
    found = first.fit(TABLE, y="default", validation_data=TABLE.head(20)[::-1], verbose=0)
    arrays = INPUTS[19::-1], TABLE["default"].to_numpy()[19::-1]
    columns = TABLE[["a", "b", "t", "w"]]
    wide = columns.to_numpy().astype(np.float32)
    keras.utils.set_random_seed(0)
    wanted = second.fit(
        wide, TABLE["default"].to_numpy(), validation_data=(wide[19::-1], arrays[1]), verbose=0
    )
    assert found.history == wanted.history


def test_predictions_come_by_name_from_fast_code_too() -> None:
    model = _trained()
    expected = model.predict(INPUTS, verbose=0)
    for _ in range(3):
        assert np.array_equal(model.predict(TABLE[["t", "b", "a"]], verbose=0), expected)


def test_names_stay_with_files_copies_and_pickles_but_not_with_clones(tmp_path: Any) -> None:
    model = _trained()
    model.save(tmp_path / "model.keras")
    turned = TABLE[["t", "a", "b"]]
    expected = model.predict(turned, verbose=0)
    for other in (
        keras.models.load_model(tmp_path / "model.keras"),
        pickle.loads(pickle.dumps(model)),
        copy.deepcopy(model),
    ):
        assert other.input_columns == ("a", "b", "t")
        assert np.array_equal(other.predict(turned, verbose=0), expected)
        with pytest.raises(InvalidArgumentError, match="no column 'b'"):
            other.predict(TABLE[["a", "t"]], verbose=0)
    assert keras.models.clone_model(model).input_columns is None


def test_keras_opens_a_model_that_knows_its_columns(tmp_path: Any) -> None:
    model = _trained()
    model.save(tmp_path / "model.keras")
    import keras as original

    found = original.saving.load_model(tmp_path / "model.keras").predict(INPUTS, verbose=0)
    np.testing.assert_allclose(found, model.predict(INPUTS, verbose=0), atol=1e-6)


DAMAGED = {
    "no JSON": b"{",
    "a list": b"[]",
    "a number": b'{"inputs": [1], "targets": [], "weight": ""}',
    "twice": b'{"inputs": ["a", "a"], "targets": [], "weight": ""}',
    "no inputs": b'{"inputs": [], "targets": [], "weight": ""}',
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_names_are_refused(name: str, tmp_path: Any) -> None:
    _trained().save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        members = {item: archive.read(item) for item in archive.namelist()}
    members["columns.json"] = DAMAGED[name]
    with zipfile.ZipFile(tmp_path / "odd.keras", "w") as archive:
        for item, content in members.items():
            archive.writestr(item, content)
    with pytest.raises(DataLossError, match=r"columns\.json"):
        keras.models.load_model(tmp_path / "odd.keras")


def _renamed(**names: str) -> pd.DataFrame:
    return TABLE.rename(columns=names)


DAY = pd.Timestamp("2026-01-01")
REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "a misspelt target": (
        lambda: _model().fit(TABLE, y="defalt", verbose=0),
        "no column 'defalt'. Did you mean 'default'? Its columns are: a",
    ),
    "names that would steer a terminal, or fill it": (
        lambda: _model().fit(TABLE[["a", "b"]].set_axis(["\x1b[31m", "x" * 99], axis=1), "y"),
        f"Its columns are: '\\x1b[31m', {'x' * 79}…",
    ),
    "a name beside an array": (
        lambda: _model().fit(INPUTS, y="default", verbose=0),
        "y='default' names a column, and x has no named columns",
    ),
    "a missing column": (
        lambda: _trained().predict(TABLE[["a", "b"]], verbose=0),
        "no column 't'",
    ),
    "a misspelt column": (
        lambda: _trained().evaluate(_renamed(a="aa"), verbose=0),
        "no column 'a'. Did you mean 'aa'",
    ),
    "another column in training": (
        lambda: _trained().fit(TABLE.assign(z=1), y="default", verbose=0),
        "columns that the model was not trained on: 'z'",
    ),
    "text": (
        lambda: _model().fit(TABLE.assign(z="x"), y="default", verbose=0),
        "these columns hold none: 'z' (string, as 'x'). Encode text",
    ),
    "a category": (
        lambda: _model().fit(TABLE.assign(z=pd.Categorical(["u"] * 100)), "default", verbose=0),
        "'z' (categorical, as 'u')",
    ),
    "a Polars Enum": (
        lambda: _model().fit(
            pl.from_pandas(TABLE).with_columns(z=pl.lit("u").cast(pl.Enum(["u"]))),
            "default",
            verbose=0,
        ),
        "'z' (enum, as 'u')",
    ),
    "a date": (
        lambda: _model().fit(TABLE.assign(z=DAY), y="default", verbose=0),
        "'z' (datetime). Make numbers of dates",
    ),
    "a time zone": (
        lambda: _model().fit(TABLE.assign(z=DAY.tz_localize("UTC")), y="default", verbose=0),
        "'z' (datetime)",
    ),
    "complex numbers": (
        lambda: _model().fit(TABLE.assign(z=1j), y="default", verbose=0),
        "'z' (complex128). Make two columns of complex numbers",
    ),
    "nothing but nulls": (
        lambda: _model().fit(
            pl.from_pandas(TABLE).with_columns(z=pl.lit(None)), y="default", verbose=0
        ),
        "'z' (100 of 100 rows)",
    ),
    "integers beyond all floats": (
        lambda: _model().fit(TABLE.assign(z=[10**400] * 100), y="default", verbose=0),
        "'z' (objects such as int 1000",
    ),
    "objects": (
        lambda: _model().fit(TABLE.assign(z=[[1]] * 100), y="default", verbose=0),
        "objects such as list [1]",
    ),
    "text where numbers were": (
        lambda: _trained().predict(TABLE.assign(b="x"), verbose=0),
        "these columns hold none: 'b'",
    ),
    "missing values": (
        lambda: _model().fit(TABLE.assign(a=TABLE.a.where(TABLE.b > 1)), "default", verbose=0),
        f"'a' ({int((TABLE.b <= 1).sum())} of 100 rows)",
    ),
    "a null in Polars": (
        lambda: _model().fit(
            pl.from_pandas(TABLE).with_columns(b=pl.Series([None] + [1] * 99)), "default", verbose=0
        ),
        "'b' (1 of 100 rows)",
    ),
    "missing targets": (
        lambda: _model().fit(TABLE[["a"]], TABLE.default.where(TABLE.b > 1), verbose=0),
        "values are missing in y",
    ),
    "missing weights": (
        lambda: _model().fit(TABLE, "default", sample_weight=TABLE.w.where(TABLE.b > 1)),
        "values are missing in sample_weight",
    ),
    "missing weights in an array of Arrow": (
        lambda: _model().fit(
            TABLE[["a"]], TABLE.b, sample_weight=pa.array([None] + [1.0] * 99), verbose=0
        ),
        "values are missing in sample_weight",
    ),
    "missing targets in an array of pandas": (
        lambda: _model().fit(TABLE[["a"]], pd.array([None] + [1] * 99, "Int64"), verbose=0),
        "values are missing in y",
    ),
    "a structured array of two axes": (
        lambda: _model().fit(np.zeros((5, 2), [("a", "f4"), ("b", "f4")]), y="b", verbose=0),
        "one record for each row; got one of shape (5, 2)",
    ),
    "dates as Python's objects": (
        lambda: _model().fit(TABLE.assign(z=DAY.date()), y="default", verbose=0),
        "date datetime.date(2026, 1, 1)). Make numbers of dates",
    ),
    "pandas's other missing value": (
        lambda: _model().fit(
            TABLE.assign(a=pd.Series([pd.NA, 1.5] * 50, dtype=object)), "default", verbose=0
        ),
        "values are missing in the table: 'a' (50 of 100 rows)",
    ),
    "a call without a column": (
        lambda: _trained()(TABLE[["a", "b"]]),
        "no column 't'",
    ),
    "arrays in a column": (
        lambda: _model().fit(TABLE[["w"]].assign(w=[np.ones(2)] * 100), TABLE.b, verbose=0),
        "a network takes numbers; in the table, these columns hold none: 'w' (objects such as nd",
    ),
    "infinity in numbers of one type": (
        lambda: _model().fit(TABLE[["a"]] * 1e39, TABLE.b, verbose=0),
        "'a' holds values that are infinite in float32",
    ),
    "infinity": (
        lambda: _model().fit(TABLE.assign(a=1e39), y="default", verbose=0),
        "'a' holds values that are infinite in float32",
    ),
    "a target of text": (
        lambda: _model().fit(TABLE.assign(default="yes"), y="default", verbose=0),
        "the target 'default' holds text",
    ),
    "targets of text": (
        lambda: _model().fit(TABLE[["a"]], pd.Series(["x"] * 100), verbose=0),
        "y, a column, holds text",
    ),
    "equal names": (
        lambda: _model().fit(TABLE.set_axis(["a", "a", "b", "default", "w"], axis=1), "default"),
        "more than one of its columns is called 'a', and 'default' is looked for. Rename them",
    ),
    "equal names in predictions": (
        lambda: _trained().predict(pd.DataFrame(INPUTS, columns=["x", "x", "y"]), verbose=0),
        "more than one of its columns is called 'x', and the model takes them by name",
    ),
    "equal names in Arrow": (
        lambda: _trained().evaluate(pa.table([[1.0], [2], [3]], ["a", "b", "b"]), [1], verbose=0),
        "more than one of its columns is called 'b', and the model takes them by name",
    ),
    "numbers in another order for names": (
        lambda: _trained().predict(pd.DataFrame(INPUTS)[[2, 0, 1]], verbose=0),
        "its columns are not all named by texts: '2', '0', '1', and the model takes them by name",
    ),
    "names of two levels": (
        lambda: _model().fit(
            TABLE.set_axis(pd.MultiIndex.from_product([["u"], TABLE.columns]), axis=1), "default"
        ),
        "its columns are not all named by texts: \"('u', 'a')\"",
    ),
    "other lengths": (
        lambda: _model().fit(TABLE[["a"]], TABLE.default.head(10), verbose=0),
        "the numbers of rows differ (x: 100, y: 10)",
    ),
    "no rows": (
        lambda: _model().fit(TABLE.head(0), y="default", verbose=0),
        "the table has no rows",
    ),
    "validation without a column": (
        lambda: _model().fit(TABLE, "default", validation_data=TABLE[["a", "default"]], verbose=0),
        "validation_data: the table has 3 columns missing",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_learned_from_is_refused_by_name(name: str) -> None:
    act, message = REFUSED[name]
    with pytest.raises((InvalidArgumentError, ArgumentTypeError)) as caught:
        act()
    assert message in str(caught.value)


def test_a_model_that_was_not_trained_remembers_nothing() -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(InvalidArgumentError):
        model.fit(TABLE[["a", "b", "default", "w"]], y="default", verbose=0)  # three inputs
    assert model.input_columns is None
    model.fit(TABLE[["a", "b", "default"]], y="default", verbose=0)
    assert model.input_columns == ("a", "b")


def test_unnamed_columns_are_taken_by_their_places() -> None:
    model = _trained()
    expected = model.predict(INPUTS, verbose=0)
    assert np.array_equal(model.predict(pd.DataFrame(INPUTS), verbose=0), expected)
    unaware = keras.models.clone_model(model)
    unaware.set_weights(model.get_weights())
    repeated = pd.DataFrame(INPUTS, columns=["x", "x", "y"])
    assert np.array_equal(unaware.predict(repeated, verbose=0), expected)


def test_missing_values_go_into_predictions_as_nan() -> None:
    found = _trained().predict(TABLE.assign(a=[np.nan, 1] * 50), verbose=0)
    assert np.isnan(found[0]) and np.isfinite(found[1])


def test_columns_may_be_called_as_what_libraries_have() -> None:
    table = TABLE.rename(columns={"a": "buffers", "b": "column_names", "t": "index"})
    model = _model()
    model.fit(table, y="default", sample_weight="w", verbose=0)
    found = model.predict(table, verbose=0)
    assert np.array_equal(found, model.predict(INPUTS, verbose=0))


def test_large_integers_do_not_wrap_around() -> None:
    model = keras.Sequential([keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    frame = pd.DataFrame({"id": np.array([2**63 + 1], np.uint64), "x": np.array([-1], np.int64)})
    assert model.predict(frame, verbose=0).item() == float(2**63)


def test_one_index_in_two_orders_is_told() -> None:
    rows = TABLE.sample(frac=1, random_state=0)
    with pytest.warns(UserWarning, match=r"pass sample_weight\.loc"):
        _model().fit(rows, "default", sample_weight=TABLE["w"], verbose=0)
    with pytest.warns(UserWarning, match="same index in different orders"):
        _model().fit(rows[["a"]], TABLE["default"], verbose=0)
    _model().fit(rows[["a"]].head(50), TABLE["default"].head(50), verbose=0)  # other labels


def test_a_target_among_the_inputs_is_told() -> None:
    with pytest.warns(UserWarning, match="x holds the target: its column 'default' is y"):
        _model().fit(TABLE, TABLE["default"], verbose=0)
    _model().fit(TABLE, 1 - TABLE["default"], verbose=0)  # another column of that name


def test_several_targets() -> None:
    inputs = keras.Input((2,))
    outputs = {name: keras.layers.Dense(1, name=name)(inputs) for name in ("p", "q")}
    frame = TABLE.assign(p=TABLE.a, q=TABLE.b)[["a", "b", "p", "q"]]
    model = keras.Model(inputs, outputs)
    model.compile("sgd", "mse")
    model.fit(frame, y={"p": "p", "q": "q"}, verbose=0)
    assert model.input_columns == ("a", "b")
    single = keras.Sequential([keras.layers.Dense(2)])
    single.compile("sgd", "mse")
    single.fit(frame, y=["p", "q"], verbose=0)
    assert np.isfinite(single.evaluate(frame, verbose=0))
