"""Trainings that were interrupted end as those that were not."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina import keras
from lamina.core.config import config
from lamina.core.errors import DataLossError
from lamina.keras.callbacks import BackupAndRestore
from lamina.keras.place import read_place
from tests.oracle.interrupted import (
    BATCH,
    DATA,
    EPOCHS,
    PLACES,
    Interrupt,
    Sums,
    X,
    Y,
    arrays,
    assert_same,
    callbacks,
    dataset,
    interrupted,
    network,
    noisy,
)

pytestmark = pytest.mark.usefixtures("files_after_each_epoch")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("data", DATA)
def test_what_goes_on_ends_as_what_was_never_interrupted(
    tmp_path: Path, data: str, place: str
) -> None:
    whole, resumed = interrupted(tmp_path, (network, DATA[data]), PLACES[place], callbacks)
    assert_same(whole, resumed)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("limit", [None, 5])
def test_tables_in_files_go_on(tmp_path: Path, limit: int | None, place: str) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    x, y = np.tile(X, (4, 1)), np.tile(Y[:, 0], 4)
    columns = {f"x{i}": x[:, i] for i in range(4)} | {"y": y}
    path = tmp_path / "rows.parquet"
    parquet.write_table(pyarrow.table(columns), path, row_group_size=16)
    before, config.table_memory = config.table_memory, 1000  # bytes: much less than the table

    def data() -> dict[str, Any]:
        return {"x": str(path), "y": "y", "batch_size": BATCH, "steps_per_epoch": limit}

    try:
        assert_same(*interrupted(tmp_path, (network, data), PLACES[place], callbacks))
    finally:
        config.table_memory = before


@pytest.mark.parametrize("place", PLACES)
def test_datasets_that_remember_in_files_go_on(tmp_path: Path, place: str) -> None:
    folders = iter(("first", "second", "second"))  # the file outlives the interruption

    def data() -> dict[str, Any]:
        folder = tmp_path / next(folders)
        folder.mkdir(exist_ok=True)
        path = str(folder / "cached")
        return dataset(lambda data: data.map(noisy).cache(path).shuffle(30).batch(BATCH))

    assert_same(*interrupted(tmp_path, (network, data), PLACES[place], list))


@pytest.mark.parametrize("name", ["streams into a memory", "generator that is read ahead"])
@pytest.mark.parametrize("place", PLACES)
def test_a_dataset_that_has_been_read_goes_on(tmp_path: Path, place: str, name: str) -> None:
    data = [DATA[name]() for _ in range(2)]
    passed = iter((data[0], data[1], data[1]))
    assert_same(*interrupted(tmp_path, (network, lambda: next(passed)), PLACES[place], list))


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


class Drawing(keras.callbacks.Callback):
    """Draws NumPy's random numbers between epochs."""

    kept = ("drawn",)
    drawn = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.drawn += np.random.rand()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs["drawn"] = self.drawn


@pytest.mark.parametrize("place", PLACES)
def test_what_callbacks_draw_beside_a_stream_goes_on(tmp_path: Path, place: str) -> None:
    make = network, DATA["dataset that streams"]
    assert_same(*interrupted(tmp_path, make, PLACES[place], lambda: [Drawing()]))


def test_metrics_that_the_first_batch_makes_go_on(tmp_path: Path) -> None:
    def make() -> Any:
        model = network()
        model.compile(model.optimizer, "mse", metrics=[keras.metrics.F1Score(name="f1")])
        return model

    data = partial(arrays, y=(Y > 0).astype(np.float32))
    assert_same(*interrupted(tmp_path, (make, data), (2, 3, 2), list))


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

    logs: list[Any] = []
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
            done = place[0] + (place[1] is None)
            lines = (tmp_path / "log.csv").read_text("utf-8").splitlines()
            assert len(lines) == done + bool(done)
            network().fit(**arrays(), epochs=EPOCHS, verbose=0, callbacks=[*files(), keeper])
        written = sorted(path.name for path in tmp_path.glob("*.h5"))
        logs.append(((tmp_path / "log.csv").read_text("utf-8"), written))
    assert all(found == logs[0] for found in logs)


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


SAVED = ("arrays", "weighted", "validation", "dataset", "dataset that streams")


@pytest.mark.parametrize("data", [*SAVED, "dataset whose operations have seeds"])
def test_a_saved_model_goes_on_at_its_epoch(tmp_path: Path, data: str) -> None:
    whole = network()
    history = whole.fit(**DATA[data](), epochs=EPOCHS, verbose=0)
    keeper = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras")
    network().fit(**DATA[data](), epochs=4, verbose=0, callbacks=[keeper])
    keras.utils.set_random_seed(99)
    resumed = keras.models.load_model(tmp_path / "3.keras")
    more = resumed.fit(**DATA[data](), epochs=EPOCHS, initial_epoch=3, verbose=0)
    assert {name: values[3:] for name, values in history.history.items()} == more.history
    for ours, theirs in zip(resumed.variables, whole.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


def test_a_saved_model_begins_anew_at_another_epoch(tmp_path: Path) -> None:
    keeper = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras")
    network().fit(**arrays(), epochs=2, verbose=0, callbacks=[keeper])
    found = []
    for seed in (1, 2, 1):
        keras.utils.set_random_seed(seed)
        model = keras.models.load_model(tmp_path / "2.keras")
        found.append(model.fit(**arrays(), epochs=1, verbose=0).history["loss"])
    assert found[0] == found[2] != found[1]


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b'{"epoch": 1}', b"[" * 100_000, b'{"epoch": -1, "seed": 1}']
)
def test_a_damaged_place_is_told(content: bytes) -> None:
    with pytest.raises(DataLossError, match=r"a\.keras: its lamina_place\.json is damaged"):
        read_place(content, "a.keras")
