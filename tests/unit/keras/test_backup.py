"""Trainings that were interrupted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lamina import keras
from lamina.core.errors import DataLossError, FailedPreconditionError, InvalidArgumentError
from lamina.keras.callbacks import BackupAndRestore


def network() -> Any:
    """Dropout and shuffling draw random numbers; Adam remembers."""
    keras.utils.set_random_seed(7)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(6, activation="relu"),
            keras.layers.Dropout(0.4, seed=3),
            keras.layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "mse")
    return model


def fit(model: Any, *callbacks: Any) -> Any:
    x = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    return model.fit(x, x.sum(1), epochs=5, batch_size=8, verbose=0, callbacks=list(callbacks))


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

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if epoch == self.at and self.batch is None:
            raise KeyboardInterrupt


@pytest.mark.parametrize("batch", [None, 3])
def test_what_goes_on_ends_as_what_was_never_interrupted(tmp_path: Path, batch: int | None) -> None:
    whole = network()
    fit(whole)
    first = network()
    with pytest.raises(KeyboardInterrupt):
        fit(first, BackupAndRestore(tmp_path / "kept"), Interrupt(2, batch))
    second = network()
    keras.utils.set_random_seed(99)  # another process would not have the numbers either
    history = fit(second, BackupAndRestore(tmp_path / "kept"))
    assert history.epoch == ([3, 4] if batch is None else [2, 3, 4])
    for ours, theirs in zip(second.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert not (tmp_path / "kept").exists()


def test_batches_are_counted_over_epochs(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        fit(network(), BackupAndRestore(tmp_path, save_freq=5), Interrupt(1, 3))
    found = json.loads((tmp_path / "training_metadata.json").read_text("utf-8"))
    assert (found["epoch"], found["batch"]) == (1, 2)  # seven batches make an epoch: 7 + 3 = 10
    model = network()
    assert fit(model, BackupAndRestore(tmp_path)).epoch == [1, 2, 3, 4]
    assert int(model.optimizer.iterations) == 10 + 4 * 7


def test_a_damaged_file_is_left_for_the_one_before(tmp_path: Path) -> None:
    keeper = BackupAndRestore(tmp_path, double_checkpoint=True)
    with pytest.raises(KeyboardInterrupt):
        fit(network(), keeper, Interrupt(2))
    (tmp_path / "latest.weights.h5").write_bytes(b"half a file")
    assert fit(network(), keeper).epoch == [2, 3, 4]
    with pytest.raises(KeyboardInterrupt):
        fit(network(), BackupAndRestore(tmp_path), Interrupt(1))
    (tmp_path / "training_metadata.json").write_text("{", "utf-8")
    with pytest.raises(DataLossError, match=r"training_metadata\.json is damaged"):
        fit(network(), BackupAndRestore(tmp_path))


def test_a_backup_of_keras_is_taken_over(tmp_path: Path) -> None:
    first = network()
    fit(first)
    first.save_weights(tmp_path / "latest.weights.h5")
    (tmp_path / "training_metadata.json").write_text('{"epoch": 4, "batch": 0}', "utf-8")
    assert fit(network(), BackupAndRestore(tmp_path)).epoch == [4]


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="backup_dir is empty"):
        BackupAndRestore("")
    with pytest.raises(InvalidArgumentError, match="'epoch' or a positive number"):
        BackupAndRestore(tmp_path, save_freq="batch")
    listener = keras.callbacks.experimental.BackupAndRestore(tmp_path)
    listener.set_model(keras.Sequential([keras.layers.Dense(1)]))
    with pytest.raises(FailedPreconditionError, match="must be built before fit"):
        listener.on_train_begin()
