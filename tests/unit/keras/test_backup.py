"""Trainings that were interrupted."""

from __future__ import annotations

import random
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina import keras
from lamina.core.errors import (
    ArgumentTypeError,
    DataLossError,
    FailedPreconditionError,
    InvalidArgumentError,
    MissingFileError,
)
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


def batches() -> Iterator[Any]:
    while True:
        for start in range(0, ROWS, BATCH):
            yield X[start : start + BATCH], Y[start : start + BATCH]


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
    "streams with a memory": lambda: dataset(lambda data: stream(data).cache()),
    "validation from a dataset": lambda: arrays(
        validation_data=dataset(lambda data: stream(data).repeat())["x"], validation_steps=3
    ),
    "generator": lambda: {"x": batches(), "steps_per_epoch": 5},
    "PyDataset": lambda: {"x": Shuffled()},
    "PyDataset with a state": lambda: {"x": Kept()},
}
PLACES = {"after an epoch": (2, None, "epoch"), "within an epoch": (2, 3, 2)}


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


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("data", DATA)
def test_what_goes_on_ends_as_what_was_never_interrupted(
    tmp_path: Path, data: str, place: str
) -> None:
    whole, resumed = interrupted(tmp_path, (network, DATA[data]), PLACES[place], callbacks)
    assert_same(whole, resumed)


OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "averages": lambda: keras.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.9),
    "accumulation": lambda: keras.optimizers.SGD(0.01, momentum=0.9, gradient_accumulation_steps=3),
    "loss scale": lambda: keras.optimizers.LossScaleOptimizer(
        keras.optimizers.Adam(0.01), dynamic_growth_steps=3
    ),
    "schedule": lambda: keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 30)),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers_go_on(tmp_path: Path, optimizer: str, place: str) -> None:
    make = (lambda: network(OPTIMIZERS[optimizer]()), arrays)
    assert_same(*interrupted(tmp_path, make, PLACES[place], list))


@pytest.mark.parametrize("settings", [{"run_eagerly": True}, {"steps_per_execution": 2}, {}])
def test_callbacks_of_batches_go_on(tmp_path: Path, settings: dict[str, Any]) -> None:
    kept: list[Sums] = []

    def sums() -> list[Any]:
        kept.append(Sums())
        return kept[-1:]

    make = (lambda: network(**settings), arrays)
    whole, resumed = interrupted(tmp_path, make, (2, 3, 2), sums)
    assert_same(whole, resumed)
    assert kept[-1].sums == kept[0].sums


def test_averages_are_swapped_as_they_were(tmp_path: Path) -> None:
    make = (lambda: network(OPTIMIZERS["averages"]()), lambda: arrays(validation_split=0.2))
    for swap in (False, True):
        for place in PLACES.values():
            swaps = partial(keras.callbacks.SwapEMAWeights, swap)
            assert_same(*interrupted(tmp_path, make, place, lambda swaps=swaps: [swaps()]))


def test_files_beside_it_are_those_of_one_training(tmp_path: Path) -> None:
    def files() -> list[Any]:
        return [
            keras.callbacks.CSVLogger(tmp_path / "log.csv"),
            keras.callbacks.ModelCheckpoint(
                tmp_path / "{epoch}.weights.h5", "loss", save_best_only=True, save_weights_only=True
            ),
        ]

    logs = []
    for place in (None, *PLACES.values()):
        if place is None:
            network().fit(**arrays(), epochs=EPOCHS, verbose=0, callbacks=files())
        else:
            interrupted(tmp_path / "more", (network, arrays), place, list)
            for number in range(1, EPOCHS + 1):
                (tmp_path / f"{number}.weights.h5").unlink(missing_ok=True)
            keeper = BackupAndRestore(tmp_path / "kept", save_freq=place[2])
            with pytest.raises(KeyboardInterrupt):
                network().fit(
                    **arrays(),
                    epochs=EPOCHS,
                    verbose=0,
                    callbacks=[*files(), Interrupt(*place[:2]), keeper],
                )
            assert len((tmp_path / "log.csv").read_text("utf-8").splitlines()) == 3 + (
                place[1] is None
            )
            network().fit(**arrays(), epochs=EPOCHS, verbose=0, callbacks=[*files(), keeper])
        written = sorted(path.name for path in tmp_path.glob("*.h5"))
        logs.append(((tmp_path / "log.csv").read_text("utf-8"), written))
    assert logs[0] == logs[1] == logs[2]


class Twice(keras.Model):
    """A training step of its own, with two optimizers, one of them in an attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = keras.layers.Dense(4), keras.layers.Dense(1)
        self.other = keras.optimizers.Adam(0.02)
        self.build((None, 4))

    def build(self, shape: Any) -> None:
        self.first.build(shape)
        self.second.build((None, 4))

    def call(self, x: Any) -> Any:
        return self.second(self.first(x))

    def train_step(self, data: Any) -> Any:
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(y - self(x, training=True)))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients[:2], self.first.weights, strict=True))
        self.other.apply_gradients(zip(gradients[2:], self.second.weights, strict=True))
        return {"loss": loss}


@pytest.mark.parametrize("place", PLACES)
def test_steps_of_ones_own_go_on(tmp_path: Path, place: str) -> None:
    def make() -> Any:
        keras.utils.set_random_seed(1)
        model = Twice()
        model.compile(keras.optimizers.SGD(0.01, momentum=0.9))
        return model

    assert_same(*interrupted(tmp_path, (make, arrays), PLACES[place], list))


def test_a_training_that_was_to_stop_stops(tmp_path: Path) -> None:
    keeper = BackupAndRestore(tmp_path / "kept", delete_checkpoint=False)
    stop = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: setattr(model, "stop_training", epoch == 1)
    )
    model = network()
    model.fit(**arrays(), epochs=EPOCHS, verbose=0, callbacks=[keeper, stop])
    again = network()
    again.fit(**arrays(), epochs=EPOCHS, verbose=0, callbacks=[keeper])
    assert again.history.epoch == [0, 1]
    assert_same(model, again)


def test_a_training_that_has_ended_goes_on_for_more_epochs(tmp_path: Path) -> None:
    whole = network()
    whole.fit(**arrays(), epochs=5, verbose=0)
    keeper = BackupAndRestore(tmp_path / "kept", delete_checkpoint=False)
    network().fit(**arrays(), epochs=3, verbose=0, callbacks=[keeper])
    more = network()
    more.fit(**arrays(), epochs=5, verbose=0, callbacks=[keeper])
    assert_same(whole, more)
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["training-000005.npz"]


def stopped(folder: Path, **settings: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        network().fit(
            **arrays(),
            epochs=EPOCHS,
            verbose=0,
            callbacks=[Interrupt(3), BackupAndRestore(folder, **settings)],
        )


@pytest.mark.parametrize("damage", [lambda content: content[:-100], lambda content: b""])
def test_a_damaged_file_is_left_for_the_one_before(tmp_path: Path, damage: Any) -> None:
    stopped(tmp_path, double_checkpoint=True)
    last, former = tmp_path / "training-000003.npz", tmp_path / "training-000002.npz"
    last.write_bytes(damage(last.read_bytes()))
    whole, model = network(), network()
    whole.fit(**arrays(), epochs=EPOCHS, verbose=0)
    with pytest.warns(UserWarning, match=r"training-000003\.npz is damaged.*the one before"):
        model.fit(**arrays(), epochs=EPOCHS, verbose=0, callbacks=[BackupAndRestore(tmp_path)])
    assert_same(whole, model)
    stopped(tmp_path, double_checkpoint=True)
    for path in (last, former):
        path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataLossError, match=r"training-000002\.npz is damaged"):
        network().fit(**arrays(), verbose=0, callbacks=[BackupAndRestore(tmp_path)])


def test_one_file_is_kept_where_no_more_is_asked_for(tmp_path: Path) -> None:
    stopped(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["training-000003.npz"]


def wider() -> Any:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(7), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    return model


@pytest.mark.parametrize(
    ("make", "data", "message"),
    [
        (wider, arrays, r"it has 6 layers, and this one has 4"),
        (lambda: network("sgd"), arrays, r"optimizers, number 0, was Adam and is SGD"),
        (network, lambda: arrays(x=X[:40], y=Y[:40]), r"rows was 50 and is 40"),
        (network, lambda: arrays(batch_size=10), r"batch was 8 and is 10"),
        (network, lambda: arrays(steps_per_epoch=2), r"limit was None and is 2"),
        (network, lambda: arrays(sample_weight=np.ones(ROWS)), r"it has 2 data training arrays"),
    ],
)
def test_another_training_is_refused(tmp_path: Path, make: Any, data: Any, message: str) -> None:
    stopped(tmp_path)
    model = make()
    before = model.get_weights()
    with pytest.raises(FailedPreconditionError, match=message):
        model.fit(**data(), epochs=EPOCHS, verbose=0, callbacks=[BackupAndRestore(tmp_path)])
    for ours, theirs in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert (tmp_path / "training-000003.npz").exists()


def test_data_that_cannot_be_where_they_were_are_refused(tmp_path: Path) -> None:
    keeper = BackupAndRestore(tmp_path)
    used = batches()
    with pytest.raises(KeyboardInterrupt):
        network().fit(
            used, epochs=EPOCHS, steps_per_epoch=5, verbose=0, callbacks=[Interrupt(2), keeper]
        )
    with pytest.raises(InvalidArgumentError, match="pass one that is new"):
        network().fit(used, epochs=EPOCHS, steps_per_epoch=5, verbose=0, callbacks=[keeper])
    short = (batch for batch, _ in zip(batches(), range(8), strict=False))
    with pytest.raises(InvalidArgumentError, match="the data end after 3 batches of an epoch"):
        network().fit(short, epochs=EPOCHS, steps_per_epoch=5, verbose=0, callbacks=[keeper])


def test_what_cannot_be_kept_is_told(tmp_path: Path) -> None:
    class Odd(keras.callbacks.Callback):
        kept = ("model",)

    with pytest.raises(ArgumentTypeError, match=r"\['callbacks'\].*is a Sequential"):
        network().fit(**arrays(), verbose=0, callbacks=[Odd(), BackupAndRestore(tmp_path / "a")])
    keeper = BackupAndRestore(tmp_path / "b")
    with pytest.raises(KeyboardInterrupt):
        network().fit(**arrays(), epochs=9, verbose=0, callbacks=[Sums(), Interrupt(2), keeper])
    with pytest.warns(UserWarning, match="had a Sums, whose state is lost"):
        network().fit(**arrays(), epochs=3, verbose=0, callbacks=[keeper])


def test_a_backup_of_keras_is_taken_over(tmp_path: Path) -> None:
    first = network()
    first.fit(**arrays(), epochs=4, verbose=0)
    first.save_weights(tmp_path / "latest.weights.h5")
    metadata = tmp_path / "training_metadata.json"
    metadata.write_text('{"epoch": 4, "batch": 0}', "utf-8")
    (tmp_path / "mine.txt").write_text("stays", "utf-8")
    second, keeper = network(), BackupAndRestore(tmp_path)
    second.fit(**arrays(), epochs=EPOCHS, verbose=0, callbacks=[keeper])
    assert second.history.epoch == [4]
    assert int(second.optimizer.iterations) == 5 * 7
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    first.save_weights(tmp_path / "latest.weights.h5")
    metadata.write_text("{", "utf-8")
    with pytest.raises(DataLossError, match=r"training_metadata\.json is damaged"):
        network().fit(**arrays(), verbose=0, callbacks=[keeper])


def test_leftovers_of_killed_processes_go(tmp_path: Path) -> None:
    (tmp_path / ".lamina-0123456789ab").write_bytes(b"half")
    stopped(tmp_path)
    assert all(path.suffix == ".npz" for path in tmp_path.iterdir())


def test_a_folder_that_vanishes_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    remove = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: folder.rmdir())
    with pytest.raises(MissingFileError, match=r"the folder .* is gone"):
        network().fit(**arrays(), verbose=0, callbacks=[remove, BackupAndRestore(folder)])


@pytest.mark.skipif(sys.platform == "win32", reason="nothing can wait for the end of a process")
def test_a_signal_to_end_waits_for_a_last_file(tmp_path: Path) -> None:
    whole = network()
    whole.fit(**arrays(), epochs=EPOCHS, verbose=0)
    keeper = BackupAndRestore(tmp_path, save_freq=1000, save_before_preemption=True)
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    end = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: epoch != 2 or signal.raise_signal(signal.SIGTERM)
    )
    try:
        with pytest.raises(SystemExit):
            network().fit(**arrays(), epochs=EPOCHS, verbose=0, callbacks=[end, keeper])
        assert heard == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)
    second = network()
    second.fit(**arrays(), epochs=EPOCHS, verbose=0, callbacks=[keeper])
    assert_same(whole, second)


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="backup_dir is empty"):
        BackupAndRestore("")
    with pytest.raises(InvalidArgumentError, match="'epoch' or a positive number"):
        BackupAndRestore(tmp_path, save_freq="batch")
    listener = keras.callbacks.experimental.BackupAndRestore(tmp_path)
    listener.set_model(keras.Sequential([keras.layers.Dense(1)]))
    with pytest.raises(FailedPreconditionError, match="must be built before fit"):
        listener.on_train_begin()
