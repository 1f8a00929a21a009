"""keras.utils for data: splits, windows over time, sequences of one length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lamina as tf

utils = tf.keras.utils
X = np.arange(20.0, dtype=np.float32).reshape(10, 2)
Y = np.arange(10)

SIZES = [(0.8, None), (None, 0.25), (3, None), (3, 4), (0.5, 0.3), (2, 0.5)]


@pytest.mark.parametrize(("left", "right"), SIZES)
@pytest.mark.parametrize("kind", ["array", "list", "dataset", "batches"])
def test_splits(kind: str, left: Any, right: Any) -> None:
    data: Any = {"array": X, "list": [X, Y]}.get(kind)
    if data is None:
        data = tf.data.Dataset.from_tensor_slices((X, Y))
        data = data.batch(4) if kind == "batches" else data
    halves = utils.split_dataset(data, left_size=left, right_size=right)
    first = round(left * 10) if isinstance(left, float) else left
    second = round(right * 10) if isinstance(right, float) else right
    first = 10 - second if first is None else first
    second = 10 - first if second is None else second
    for half, wanted in zip(halves, (X[:first], X[10 - second :]), strict=True):
        rows = half.unbatch() if kind == "batches" else half
        found = [row[0] if isinstance(row, tuple) else row for row in rows.as_numpy_iterator()]
        np.testing.assert_array_equal(found, wanted)
    if kind == "batches":
        assert next(iter(halves[0]))[0].shape[0] == min(4, first)


def test_splits_are_shuffled_by_a_seed() -> None:
    def rows(seed: int) -> list[list[int]]:
        halves = utils.split_dataset(Y, 0.5, shuffle=True, seed=seed)
        return [[int(row) for row in half] for half in halves]

    left, right = rows(1)
    assert sorted(left + right) == list(range(10)) != left + right
    assert rows(1) == [left, right] != rows(2)


WINDOWS: list[dict[str, Any]] = [
    {"sequence_length": 3},
    {"sequence_length": 3, "sequence_stride": 2, "sampling_rate": 2},
    {"sequence_length": 2, "start_index": 2, "end_index": 8},
    {"sequence_length": 4, "batch_size": None},
]


@pytest.mark.parametrize("options", WINDOWS)
@pytest.mark.parametrize("targets", [None, Y])
def test_windows_over_time(options: dict[str, Any], targets: Any) -> None:
    dataset = utils.timeseries_dataset_from_array(X, targets, **{"batch_size": 3, **options})
    start, end = options.get("start_index", 0), options.get("end_index", 10)
    rate, stride = options.get("sampling_rate", 1), options.get("sequence_stride", 1)
    length = options["sequence_length"]
    places = range(start, end - (length - 1) * rate, stride)
    if options.get("batch_size", 3) is not None:
        batch = next(iter(dataset))
        assert (batch if targets is None else batch[0]).shape[0] == 3
        dataset = dataset.unbatch()
    found = list(dataset.as_numpy_iterator())
    assert len(found) == len(places)
    for element, place in zip(found, places, strict=True):
        window, target = element if targets is not None else (element, place)
        np.testing.assert_array_equal(window, X[place : place + length * rate : rate])
        assert target == place


def test_windows_are_trained_on() -> None:
    series = np.sin(np.arange(300) / 5).astype(np.float32)[:, None]
    data = utils.timeseries_dataset_from_array(series[:-8], series[8:], 8, shuffle=True, seed=1)
    model = tf.keras.Sequential([tf.keras.layers.Flatten(), tf.keras.layers.Dense(1)])
    model.compile(tf.keras.optimizers.Adam(0.05), "mse")
    assert model.fit(data, epochs=60, verbose=0).history["loss"][-1] < 0.02


SEQUENCES: list[tuple[Any, dict[str, Any]]] = [
    ([[1], [2, 3], [4, 5, 6]], {}),
    ([[1], [2, 3], [4, 5, 6]], {"maxlen": 2}),
    ([[1], [2, 3], [4, 5, 6]], {"maxlen": 2, "padding": "post", "truncating": "post"}),
    ([[1], [2, 3], []], {"maxlen": 4, "value": -1, "dtype": "float32", "padding": "post"}),
    ([[[1, 2]], [[3, 4], [5, 6]]], {}),
    ([["a"], ["b", "c"]], {"dtype": object, "value": "-"}),
]


@pytest.mark.parametrize(("sequences", "options"), SEQUENCES)
def test_sequences_of_one_length(sequences: Any, options: dict[str, Any]) -> None:
    import keras

    expected = keras.utils.pad_sequences(sequences, **options)
    found = utils.pad_sequences(sequences, **options)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


BAD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "no_size": (lambda: utils.split_dataset(X), ValueError, "left_size or right_size"),
    "share": (lambda: utils.split_dataset(X, 1.5), ValueError, "share between"),
    "sum": (lambda: utils.split_dataset(X, 0.8, 0.4), ValueError, "more than 1"),
    "rows": (lambda: utils.split_dataset(X, 6, 6), ValueError, "12 rows"),
    "type": (lambda: utils.split_dataset(X, "half"), TypeError, "left_size"),
    "data": (lambda: utils.split_dataset(3, 0.5), TypeError, "arrays"),
    "short": (lambda: utils.timeseries_dataset_from_array(X, None, 11), ValueError, "too short"),
    "rate": (
        lambda: utils.timeseries_dataset_from_array(X, None, 2, sampling_rate=0),
        ValueError,
        "sampling_rate",
    ),
    "end": (
        lambda: utils.timeseries_dataset_from_array(X, None, 2, end_index=10),
        ValueError,
        "end_index",
    ),
    "padding": (lambda: utils.pad_sequences([[1]], padding="both"), ValueError, "'pre' or 'post'"),
    "sequence": (lambda: utils.pad_sequences([1, 2]), ValueError, "list of sequences"),
    "images": (
        lambda: utils.image_dataset_from_directory,
        AttributeError,
        "outside of what lamina is for",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_mistakes_are_told(name: str) -> None:
    act, error, words = BAD[name]
    with pytest.raises(error, match=words):
        act()
