"""What streams into fit: in time, in bounded memory, with errors and ends where they belong."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import lamina as tf

keras = tf.keras
X = np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32)
Y = (X[:, :1] > 0).astype(np.float32)


def _model(**options: Any) -> Any:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, "sigmoid")])
    model.compile(optimizer="sgd", loss="binary_crossentropy", **options)
    return model


def _batches(count: int) -> Iterator[Any]:
    for _ in range(count):
        yield X, Y


class Heard(keras.callbacks.Callback):
    """Remembers the batches that it hears of."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.ended: list[int] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.begun.append(batch)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        assert set(logs) == {"loss"}
        self.ended.append(batch)


@pytest.mark.parametrize("eager", [False, True])
def test_an_error_in_the_middle_loses_nothing(eager: bool) -> None:
    def failing() -> Iterator[Any]:
        yield from _batches(7)
        raise KeyError("disk")

    model, other = _model(run_eagerly=eager), _model()
    other.set_weights(model.get_weights())
    with pytest.raises(KeyError, match="disk"):
        model.fit(failing(), steps_per_epoch=5, epochs=3, verbose=0)
    assert model.history.epoch == [0] and len(model.history.history["loss"]) == 1
    other.fit(_batches(7), verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], other.get_weights()[0], rtol=1e-6)


def test_loading_overlaps_training() -> None:
    threads = set()

    def recorded() -> Iterator[Any]:
        for batch in _batches(4):
            threads.add(threading.current_thread())
            yield batch

    _model().fit(recorded(), verbose=0)
    assert threads - {threading.current_thread()}


def test_a_long_generator_takes_little_memory() -> None:
    batch = np.zeros((10_000, 3), np.float32), np.zeros((10_000, 1), np.float32)
    model = _model()
    model.fit(iter([batch]), verbose=0)
    made: list[int] = []

    def rows() -> Iterator[Any]:
        for number in range(1000):  # 10^7 rows, 160 MB
            made.append(number)
            yield batch[0].copy(), batch[1].copy()

    tracemalloc.start()
    try:
        model.fit(rows(), verbose=0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(made) == 1000 and peak < 120e6


def test_a_generator_may_fill_the_same_arrays_again() -> None:
    def rows() -> Iterator[Any]:
        x, y = np.zeros((8, 3), np.float32), np.zeros((8, 1), np.float32)
        for start in range(0, 64, 8):
            x[:], y[:] = X[start : start + 8], Y[start : start + 8]
            yield x, y

    model, other = _model(), _model()
    other.set_weights(model.get_weights())
    model.fit(rows(), verbose=0)
    other.fit(X, Y, batch_size=8, shuffle=False, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], other.get_weights()[0])


def test_data_that_end_early_are_told_and_training_ends() -> None:
    model = _model()
    with pytest.warns(UserWarning, match="ran out of data"):
        history = model.fit(_batches(5), steps_per_epoch=2, epochs=4, verbose=0)
    assert history.epoch == [0, 1, 2]
    with pytest.warns(UserWarning, match="ran out of data"):
        history = model.fit(X, Y, batch_size=32, steps_per_epoch=3, epochs=2, verbose=0)
    assert history.epoch == [0, 1]


def test_a_dataset_of_unknown_length_begins_anew_in_each_epoch() -> None:
    dataset = tf.data.Dataset.from_tensor_slices((X, Y)).filter(lambda x, y: x[0] > 0).batch(8)
    heard = Heard()
    _model().fit(dataset, epochs=2, verbose=0, callbacks=[heard])
    steps = len(list(dataset))
    assert heard.ended == [*range(steps)] * 2


def test_steps_per_execution_are_one_to_callbacks() -> None:
    weights = None
    found = []
    for group, expected in ((1, [0, 1, 2, 3, 4]), (2, [1, 3, 4]), (8, [4])):
        heard, model = Heard(), _model(steps_per_execution=group)
        weights = weights or model.get_weights()
        model.set_weights(weights)
        model.fit(X, Y, batch_size=13, shuffle=False, verbose=0, callbacks=[heard])
        assert heard.ended == expected and heard.begun[0] == 0
        assert len(heard.begun) == len(expected)
        found.append(model.get_weights()[0])
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_callbacks_of_batches_see_and_change_the_weights() -> None:
    seen: list[float] = []

    class Resets(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(float(self.model.get_weights()[0][0, 0]))
            self.model.set_weights([np.zeros((3, 1)), np.zeros(1)])

    model = _model()
    model.set_weights([np.zeros((3, 1)), np.zeros(1)])
    options = {"batch_size": 64, "epochs": 3, "shuffle": False, "verbose": 0}
    model.fit([X], [Y], callbacks=[Resets()], **options)
    assert len(set(seen)) == 1 and seen[0] != 0


def test_functions_of_datasets_read_variables_anew_in_each_epoch() -> None:
    scale = tf.Variable(1.0)

    class Zero(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            scale.assign(0.0)

    dataset = tf.data.Dataset.from_tensor_slices((X, Y)).map(lambda x, y: (x * scale, y)).batch(64)
    model = _model()
    model.set_weights([np.ones((3, 1)), np.zeros(1)])
    losses = model.fit(dataset, epochs=2, verbose=0, callbacks=[Zero()]).history["loss"]
    assert losses[1] == pytest.approx(np.log(2), abs=1e-3)


def test_validation_data_that_are_used_up_have_no_results() -> None:
    with pytest.warns(UserWarning, match="ran out of data"):
        found = _model().fit(X, Y, validation_data=_batches(2), epochs=3, verbose=0).history
    assert len(found["val_loss"]) == 1 and found["val_loss"][0] > 0 and len(found["loss"]) == 3


def test_a_dataset_without_batches_is_refused() -> None:
    dataset = tf.data.Dataset.from_tensor_slices((X, Y)).batch(65, drop_remainder=True)
    for act in (_model().fit, _model().evaluate):
        with pytest.raises(ValueError, match="no batches"):
            act(dataset, verbose=0)


def test_shuffled_datasets_are_repeatable_and_see_all_rows() -> None:
    found = []
    for _ in range(2):
        keras.utils.set_random_seed(3)
        model = _model()
        dataset = tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(64).batch(16)
        losses = model.fit(dataset, epochs=2, verbose=0).history["loss"]
        found.append((losses, model.get_weights()[0].tolist()))
    assert found[0] == found[1]
    keras.utils.set_random_seed(3)
    model = _model()
    model.compile("sgd", "binary_crossentropy")
    weights = model.get_weights()
    ordered = model.evaluate(X, Y, verbose=0)
    assert model.evaluate(dataset, verbose=0) == pytest.approx(ordered, rel=1e-5)
    np.testing.assert_array_equal(weights[0], model.get_weights()[0])


@pytest.mark.parametrize("shuffle", [True, "batch"])
def test_shuffled_arrays(shuffle: Any) -> None:
    seen: list[Any] = []

    class Watch(keras.Model):
        def call(self, x: tf.Tensor) -> tf.Tensor:
            return x

        def train_step(self, data: Any) -> dict[str, Any]:
            seen.append(data[0].numpy()[:, 0].astype(int).tolist())
            return {"rows": tf.constant(0.0)}

    model = Watch()
    model.compile(run_eagerly=True)
    rows = np.arange(10.0)[:, None]
    model.fit(rows, rows, batch_size=4, shuffle=shuffle, verbose=0)
    flat = [row for batch in seen for row in batch]
    assert sorted(flat) == list(range(10)) != flat
    in_blocks = [sorted(batch) for batch in seen] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert in_blocks == (shuffle == "batch")


class Numbered(keras.utils.PyDataset):
    """Counts what it is asked for."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.asked: list[int] = []
        self.begun = self.ended = 0

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> Any:
        self.asked.append(index)
        time.sleep(0.002 * (6 - index))
        return X[index : index + 4], Y[index : index + 4]

    def on_epoch_begin(self) -> None:
        self.begun += 1

    def on_epoch_end(self) -> None:
        self.ended += 1


@pytest.mark.parametrize("workers", [1, 3])
def test_py_datasets_are_shuffled_and_told_of_epochs(workers: int) -> None:
    dataset = Numbered(workers=workers)
    _model().fit(dataset, epochs=2, verbose=0)
    assert (dataset.begun, dataset.ended) == (3, 3)  # the first to look at a batch, as Keras
    first, second = dataset.asked[1:7], dataset.asked[7:]
    assert sorted(first) == sorted(second) == list(range(6)) and first != second
    plain = [x[0, 0] for x, _ in dataset]
    np.testing.assert_array_equal(plain, X[:6, 0])


def test_endless_py_datasets() -> None:
    class Endless(keras.utils.PyDataset):
        num_batches = None

        def __getitem__(self, index: int) -> Any:
            return X + index, Y

    assert _model().fit(Endless(), steps_per_epoch=3, epochs=2, verbose=0).epoch == [0, 1]


def test_processes_make_batches(tmp_path: Any) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        """
import os
import numpy as np
from lamina import keras

class Data(keras.utils.PyDataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return np.full((2, 1), os.getpid(), np.float64), np.ones(2)

class Pids(keras.Model):
    def call(self, x):
        return x

    def train_step(self, data):
        pids.add(int(data[0][0, 0]))
        return {"loss": 0.0}

if __name__ == "__main__":
    pids = set()
    model = Pids()
    model.compile(run_eagerly=True)
    model.fit(Data(workers=2, use_multiprocessing=True), verbose=0)
    assert pids and os.getpid() not in pids
    print("done")
"""
    )
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert run.stdout.split() == ["done"], run.stderr


def test_a_loader_that_forgets_its_base_is_told() -> None:
    class Forgetful(Numbered):
        def __init__(self) -> None:
            self.asked = []
            self.begun = self.ended = 0

    with pytest.warns(UserWarning, match="super"):
        _model().fit(Forgetful(), verbose=0)


def test_stopping_inside_of_an_epoch() -> None:
    class Stops(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.stop_training = batch == 2

    heard = Heard()
    history = _model().fit(_batches(50), verbose=0, callbacks=[heard, Stops()])
    assert heard.ended == [0, 1, 2] and history.epoch == [0]


def test_stopping_before_an_epoch_leaves_one_step() -> None:
    class Stops(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.model.stop_training = True

    model, other = _model(), _model()
    other.set_weights(model.get_weights())
    model.fit(X, Y, batch_size=8, shuffle=False, verbose=0, callbacks=[Stops()])
    other.fit(X[:8], Y[:8], batch_size=8, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], other.get_weights()[0])


def test_predictions_of_streams_come_in_order() -> None:
    model = _model()
    wanted = model.predict(X, verbose=0)
    dataset = tf.data.Dataset.from_tensor_slices((X, Y)).batch(10)
    for data in (dataset, dataset.map(lambda x, y: (x, y)), iter([(X[:40],), (X[40:],)])):
        np.testing.assert_allclose(model.predict(data, verbose=0), wanted, rtol=1e-6)
    np.testing.assert_allclose(
        model.predict(dataset.repeat(), steps=3, verbose=0), wanted[:30], rtol=1e-6
    )
    assert model.predict(X, batch_size=20, steps=2, verbose=0).shape == (40, 1)


def test_methods_of_keras_2() -> None:
    model, other = _model(), _model()
    other.set_weights(model.get_weights())
    dataset = Numbered()
    options: dict[str, Any] = {"epochs": 2, "shuffle": False, "verbose": 0}
    history = model.fit_generator(dataset, workers=2, max_queue_size=3, **options)
    assert (dataset.workers, dataset.max_queue_size) == (2, 3) and history.epoch == [0, 1]
    other.fit(Numbered(), **options)
    np.testing.assert_array_equal(model.get_weights()[0], other.get_weights()[0])
    assert model.evaluate_generator(_batches(2)) == other.evaluate(_batches(2), verbose=0)
    wanted = other.predict(X, verbose=0)
    np.testing.assert_allclose(model.predict_generator(iter([X])), wanted, rtol=1e-6)
    other.fit(Numbered(), workers=2, use_multiprocessing=False, verbose=0)


@pytest.mark.parametrize("eager", [False, True])
def test_single_batches(eager: bool) -> None:
    model, other = _model(run_eagerly=eager, metrics=["mae"]), _model(metrics=["mae"])
    other.set_weights(model.get_weights())
    for part in (slice(0, 20), slice(20, 64), slice(0, 64)):
        found = model.train_on_batch(X[part], Y[part])
        wanted = other.fit(X[part], Y[part], batch_size=64, shuffle=False, verbose=0).history
        assert found == pytest.approx([wanted["loss"][0], wanted["mae"][0]], rel=1e-5)
    np.testing.assert_allclose(model.get_weights()[0], other.get_weights()[0], rtol=1e-5)
    first = model.test_on_batch(X[:16], Y[:16], return_dict=True)
    both = model.test_on_batch(X[16:48], Y[16:48], return_dict=True, reset_metrics=False)
    whole = model.evaluate(X[:48], Y[:48], verbose=0, return_dict=True)
    assert both == pytest.approx(whole, rel=1e-5) and first != both
    weighted = model.test_on_batch(X, Y, sample_weight=np.zeros(64))
    assert weighted[0] == 0


def test_single_batches_notice_what_changes() -> None:
    model = _model()
    model.train_on_batch(X, Y)
    model.optimizer.learning_rate = 0.0
    before = model.get_weights()[0]
    model.train_on_batch(X, Y)
    np.testing.assert_array_equal(model.get_weights()[0], before)
    model.optimizer.learning_rate = 0.5
    model.set_weights([np.zeros((3, 1)), np.zeros(1)])
    assert model.train_on_batch(X, Y) == pytest.approx(np.log(2), rel=1e-5)
    assert np.abs(model.get_weights()[0]).max() > 0
    model.layers[0].trainable = False
    model.compile("sgd", "binary_crossentropy")
    before = model.get_weights()[0]
    with pytest.warns(UserWarning, match="no trainable weights"):
        model.train_on_batch(X, Y)
    np.testing.assert_array_equal(model.get_weights()[0], before)


def test_class_weights_of_single_batches() -> None:
    model, other = _model(), _model()
    other.set_weights(model.get_weights())
    model.train_on_batch(X, Y, class_weight={0: 1.0, 1: 4.0})
    other.train_on_batch(X, Y, sample_weight=np.where(Y[:, 0] > 0, 4.0, 1.0))
    np.testing.assert_allclose(model.get_weights()[0], other.get_weights()[0], rtol=1e-6)
