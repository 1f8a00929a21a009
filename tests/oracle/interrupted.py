"""Trainings that are interrupted, and the kinds of data that they have."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina import keras
from lamina.keras.callbacks import BackupAndRestore

ROWS, BATCH, EPOCHS = 50, 8, 5  # seven batches an epoch, the last of them short
X = np.random.default_rng(0).normal(size=(ROWS, 4)).astype(np.float32)
Y = X.sum(1, keepdims=True)


def network(optimizer: Any = None, **settings: Any) -> Any:
    """Dropout and shuffling draw random numbers; Adam remembers."""
    keras.utils.set_random_seed(7)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(6, activation="relu"),
            keras.layers.Dropout(0.4),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(1),
        ]
    )
    optimizer = optimizer or keras.optimizers.Adam(0.01)
    model.compile(optimizer, "mse", metrics=["mae"], **settings)
    return model


class Interrupt(keras.callbacks.Callback):
    """Ctrl-C at the end of an epoch, or within it."""

    def __init__(self, epoch: int, batch: int | None = None) -> None:
        super().__init__()
        self.at, self.batch, self.now = epoch, batch, 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.now = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if (self.now, batch) == (self.at, self.batch):
            raise KeyboardInterrupt

    def on_epoch_begin_or_end(self, epoch: int) -> None:
        if epoch == self.at and self.batch is None:
            raise KeyboardInterrupt

    def on_test_begin(self, logs: Any = None) -> None:
        self.on_epoch_begin_or_end(self.now)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.on_epoch_begin_or_end(epoch)


class Sums(keras.callbacks.Callback):
    """A callback with a state of its own, which draws random numbers of all kinds."""

    def __init__(self) -> None:
        super().__init__()
        self.sums: list[Any] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        drawn = float(tf.random.uniform(())) + float(tf.random.uniform((), seed=3))
        drawn += random.random() + np.random.rand()
        self.sums.append((batch, logs["loss"], drawn))

    def get_state(self) -> Any:
        return {"sums": np.array(self.sums)}

    def set_state(self, state: Any) -> None:
        self.sums = [(int(batch), *rest) for batch, *rest in state["sums"].tolist()]


def arrays(**options: Any) -> dict[str, Any]:
    return {"x": X, "y": Y, "batch_size": BATCH, **options}


def dataset(change: Callable[[Any], Any], **options: Any) -> dict[str, Any]:
    return {"x": change(tf.data.Dataset.from_tensor_slices((X, Y))), **options}


def noisy(x: Any, y: Any) -> Any:
    return x + tf.random.normal(tf.shape(x)) * 0.1, y


def seeded(x: Any, y: Any) -> Any:
    return x + tf.random.normal(tf.shape(x), seed=3) * 0.1, y


def drawn(data: Any) -> Any:
    """Random numbers of generators that functions have around them, in the last batch, too."""
    own, layer = tf.random.Generator.from_seed(1), keras.layers.GaussianNoise(0.1, seed=2)

    def from_generator(x: Any, y: Any) -> Any:
        return x + own.normal(tf.shape(x)) * 0.1, y

    data = data.map(from_generator, num_parallel_calls=2)
    return data.batch(BATCH).map(lambda x, y: (layer(x, training=True), y)).prefetch(3)


def batches() -> Iterator[Any]:
    while True:
        for start in range(0, ROWS, BATCH):
            yield X[start : start + BATCH], Y[start : start + BATCH]


def shifted() -> Iterator[Any]:
    for start in range(0, ROWS, BATCH):
        rows = slice(start, start + BATCH)
        yield X[rows] + np.float32(np.random.rand()), Y[rows]


def read_ahead() -> Any:
    signature = tf.TensorSpec((None, 4)), tf.TensorSpec((None, 1))
    return tf.data.Dataset.from_generator(shifted, output_signature=signature).prefetch(3)


class Shuffled(keras.utils.PyDataset):
    """Rows in an order that changes at the end of each epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.order = np.arange(ROWS)

    def __len__(self) -> int:
        return 7

    def __getitem__(self, index: int) -> Any:
        rows = self.order[index * BATCH : (index + 1) * BATCH]
        return X[rows], Y[rows]

    def on_epoch_end(self) -> None:
        np.random.shuffle(self.order)


class Kept(Shuffled):
    """The same, saying what its state is, with a generator that nobody seeds."""

    def __init__(self) -> None:
        super().__init__()
        self.random = np.random.default_rng(5)

    def on_epoch_end(self) -> None:
        self.order = self.random.permutation(ROWS)

    def get_state(self) -> Any:
        return {"order": self.order, "random": repr(self.random.bit_generator.state)}

    def set_state(self, state: Any) -> None:
        import ast

        self.order = state["order"]
        self.random.bit_generator.state = ast.literal_eval(state["random"])


def stream(data: Any) -> Any:
    return data.shuffle(20).map(noisy).batch(BATCH).prefetch(2)


DATA: dict[str, Callable[[], dict[str, Any]]] = {
    "arrays": arrays,
    "no shuffling": lambda: arrays(shuffle=False),
    "shuffled within batches": lambda: arrays(shuffle="batch"),
    "weighted": lambda: arrays(sample_weight=np.arange(ROWS) / ROWS),
    "part of the rows an epoch": lambda: arrays(
        x=np.tile(X, (4, 1)), y=np.tile(Y, (4, 1)), steps_per_epoch=5
    ),
    "validation": lambda: arrays(validation_split=0.2),
    "dataset": lambda: dataset(lambda data: data.shuffle(20).batch(BATCH)),
    "dataset that repeats": lambda: dataset(
        lambda data: data.shuffle(20).batch(BATCH).repeat(), steps_per_epoch=5
    ),
    "dataset with a memory": lambda: dataset(lambda data: data.shuffle(20).cache().batch(BATCH)),
    "dataset that streams": lambda: dataset(stream),
    "dataset that streams on": lambda: dataset(
        lambda data: stream(data).repeat(), steps_per_epoch=5
    ),
    "dataset whose operations have seeds": lambda: dataset(
        lambda data: data.shuffle(20).map(seeded, 2).batch(BATCH).prefetch(2)
    ),
    "dataset whose functions have generators": lambda: dataset(drawn),
    "streams with a memory": lambda: dataset(lambda data: stream(data).cache()),
    "streams into a memory": lambda: dataset(
        lambda data: data.map(noisy).batch(BATCH).cache().map(noisy)
    ),
    "streams into two memories": lambda: dataset(
        lambda data: data.map(noisy).cache().shuffle(20).map(noisy).batch(BATCH).cache()
    ),
    "streams on from a memory": lambda: dataset(
        lambda data: data.map(noisy).cache().shuffle(20).repeat().batch(BATCH), steps_per_epoch=5
    ),
    "validation from a dataset": lambda: arrays(
        validation_data=dataset(lambda data: stream(data).repeat())["x"], validation_steps=3
    ),
    "validation from a generator": lambda: arrays(validation_data=batches(), validation_steps=3),
    "generator": lambda: {"x": batches(), "steps_per_epoch": 5},
    "generator that is read ahead": lambda: {"x": read_ahead()},
    "PyDataset": lambda: {"x": Shuffled()},
    "PyDataset with a state": lambda: {"x": Kept()},
}
PLACES = {
    "after an epoch": (2, None, "epoch"),
    "within an epoch": (2, 3, 2),
    "within the first": (0, 2, 1),
}


def callbacks() -> list[Any]:
    """Others than those of batches."""
    return [
        keras.callbacks.EarlyStopping("loss", patience=2, restore_best_weights=True),
        keras.callbacks.ReduceLROnPlateau("loss", patience=1, factor=0.5),
        keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9),
    ]


def interrupted(
    folder: Path,
    make: tuple[Callable[[], Any], Callable[[], Any]],
    place: tuple[Any, ...],
    more: Callable[[], list[Any]],
) -> tuple[Any, Any]:
    """A training that ran through, and one that was interrupted and resumed."""
    whole = make[0]()
    whole.fit(**make[1](), epochs=EPOCHS, verbose=0, callbacks=more())
    first, keeper = make[0](), BackupAndRestore(folder / "kept", save_freq=place[2])
    with pytest.raises(KeyboardInterrupt):
        first.fit(
            **make[1](),
            epochs=EPOCHS,
            verbose=0,
            callbacks=[Interrupt(*place[:2]), keeper, *more()],
        )
    second = make[0]()
    second.fit(**make[1](), epochs=EPOCHS, verbose=0, callbacks=[keeper, *more()])
    assert not (folder / "kept").exists()
    return whole, second


def assert_same(whole: Any, resumed: Any) -> None:
    """Weights, the optimizer's state, the history: to the bit."""
    assert resumed.history.epoch == whole.history.epoch
    assert resumed.history.history == whole.history.history
    pairs = zip(
        (*resumed.variables, *resumed.optimizer.variables),
        (*whole.variables, *whole.optimizer.variables),
        strict=True,
    )
    for ours, theirs in pairs:
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))
