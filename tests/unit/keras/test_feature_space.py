"""FeatureSpace: Keras's vectors, wherever it learns and is called; files; what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import lamina as tf
from lamina.keras.utils import FeatureSpace
from tests.oracle.keras_feature_space import DATA, VECTORS, space

COLUMNS = {name: np.array(values) for name, values in DATA.items()}
SOURCES: dict[str, Any] = {
    "lists": lambda: DATA,
    "arrays": lambda: COLUMNS,
    "frame": lambda: dict(pd.DataFrame(DATA)),
    "frame of pandas": lambda: pd.DataFrame(DATA),
    "frame of Polars": lambda: pl.DataFrame(DATA),
    "rows": lambda: tf.data.Dataset.from_tensor_slices(DATA),
    "batches": lambda: tf.data.Dataset.from_tensor_slices(DATA).batch(3),
    "with targets": lambda: tf.data.Dataset.from_tensor_slices((DATA, [1, 2, 3, 4])).batch(2),
}


def _close(found: Any, wanted: Any = VECTORS) -> None:
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("source", SOURCES)
def test_the_vectors_are_keras_whatever_it_learns_from(source: str) -> None:
    made = space(FeatureSpace)
    made.adapt(SOURCES[source]())
    _close(made(COLUMNS))
    _close(made(DATA))
    _close(made(pl.DataFrame(DATA).lazy()))
    _close(made({name: values[1] for name, values in DATA.items()}), VECTORS[1])


def test_it_encodes_inside_of_datasets() -> None:
    made = space(FeatureSpace)
    made.adapt(DATA)
    rows = tf.data.Dataset.from_tensor_slices(DATA)
    _close(np.stack([row.numpy() for row in rows.map(made)]))
    labelled = tf.data.Dataset.from_tensor_slices((DATA, [1, 2, 3, 4])).batch(2)
    pairs = list(labelled.map(lambda x, y: (made(x), y)))
    _close(np.concatenate([x.numpy() for x, _ in pairs]))


def test_models_begin_with_its_inputs_or_with_its_features() -> None:
    made = space(FeatureSpace)
    made.adapt(DATA)
    encoded = made.get_encoded_features()
    outputs = tf.keras.layers.Dense(1)(encoded)
    training = tf.keras.Model(inputs=encoded, outputs=outputs)
    inference = tf.keras.Model(inputs=made.get_inputs(), outputs=outputs)
    _close(tf.keras.Model(made.get_inputs(), encoded).predict(COLUMNS, verbose=0))
    wanted = inference.predict(COLUMNS, verbose=0)
    _close(training.predict(np.array(VECTORS, np.float32), verbose=0), wanted)
    one = {name: tf.convert_to_tensor([values[2]]) for name, values in DATA.items()}
    _close(inference.predict(one, verbose=0), wanted[2:3])


def test_a_dict_holds_each_feature() -> None:
    made = space(FeatureSpace, output_mode="dict")
    made.adapt(DATA)
    found = made(COLUMNS)
    assert list(found) == ["d", "f", "hi", "hs", "i", "n", "r", "s", "s_X_hs", "s_X_i"]
    _close(np.concatenate(list(found.values()), axis=1))
    kept = FeatureSpace(
        {"s": FeatureSpace.string_categorical(output_mode="int"), "f": "float"},
        output_mode="dict",
    )
    kept.adapt(DATA)
    assert kept(COLUMNS)["s"].numpy().tolist() == [[1], [3], [1], [2]]


def test_files_keep_what_was_learned(tmp_path: Path) -> None:
    made = space(FeatureSpace)
    made.adapt(DATA)
    made.save(tmp_path / "space.keras")
    again = tf.keras.models.load_model(tmp_path / "space.keras")
    _close(again(COLUMNS))
    assert again.get_config() == made.get_config()


def test_layers_of_ones_own_make_features() -> None:
    layer = tf.keras.layers.CategoryEncoding(4, output_mode="one_hot")
    made = FeatureSpace({"i": FeatureSpace.feature("int32", layer, "float"), "f": "float"})
    _close(made(COLUMNS), np.column_stack([COLUMNS["f"], np.eye(4)]))
    bins = FeatureSpace.float_discretized(None, bin_boundaries=[1.5, 3.5])
    _close(FeatureSpace({"d": bins})(COLUMNS), np.eye(3)[[0, 1, 1, 2]])


BAD: list[tuple[Any, type[Exception], str]] = [
    (lambda: FeatureSpace({}), ValueError, "needs features"),
    (lambda: FeatureSpace({"f": "floats"}), ValueError, "of a kind among float,"),
    (lambda: FeatureSpace({"f": "float"}, output_mode="list"), ValueError, "'concat' or 'dict'"),
    (lambda: FeatureSpace({"f": "float"}, crosses=[("f", "g")]), ValueError, r"\['g'\]"),
    (
        lambda: FeatureSpace({"f": "float"}, crosses=[("f",)], crossing_dim=0),
        ValueError,
        "need crossing_dim",
    ),
    (lambda: FeatureSpace({"n": "float_normalized"})(COLUMNS), RuntimeError, "call adapt"),
    (lambda: FeatureSpace({"f": "float"})([1.0]), TypeError, "a dict from columns"),
    (
        lambda: FeatureSpace({"f": "float"})({"g": 1.0}),
        ValueError,
        "no column 'f'. Its columns are: g",
    ),
    (
        lambda: FeatureSpace({"n": "float_normalized"}).adapt(pd.DataFrame({"m": [1.0]})),
        ValueError,
        "the table has no column 'n'. Its columns are: m",
    ),
    (lambda: FeatureSpace({"n": "float_normalized"}).adapt(3), TypeError, "learns from a dataset"),
    (
        lambda: FeatureSpace({"s": FeatureSpace.string_hashed(3, output_mode="int")})(COLUMNS),
        ValueError,
        "is not encoded",
    ),
    (
        lambda: FeatureSpace(
            {"f": FeatureSpace.feature("float32", tf.keras.layers.Rescaling(1), "one_hot")}
        )(COLUMNS),
        ValueError,
        "should give integers",
    ),
    (lambda: FeatureSpace.cross(("f",), 3, output_mode="float"), ValueError, "output_mode of a"),
]


@pytest.mark.parametrize("number", range(len(BAD)))
def test_what_makes_no_sense_is_refused(number: int) -> None:
    act, error, words = BAD[number]
    with pytest.raises(error, match=words):
        act()
