"""Every callback of Keras: the same arguments, and what it does to a training."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import keras as reference
import numpy as np
import pytest

from lamina import keras
from lamina.core.errors import UnimplementedError
from tests.oracle.keras_models import data, network, twins

NAMES = [name for name in dir(reference.callbacks) if name[0].isupper()]
OUTSIDE = {"OrbaxCheckpoint": "outside of what lamina is for"}

RUNS: dict[str, list[dict[str, Any]]] = {
    "EarlyStopping": [
        {"monitor": "val_loss", "min_delta": 0.02, "patience": 1},
        {"monitor": "val_mae", "mode": "max", "restore_best_weights": True},
        {"monitor": "loss", "baseline": 0.1, "patience": 2},
        {"monitor": "val_mae", "min_delta": 0.5, "start_from_epoch": 2},
    ],
    "LearningRateScheduler": [
        {"schedule": lambda epoch: 0.1 / (epoch + 1)},
        {"schedule": lambda epoch, rate: rate * 0.7},
    ],
    "ReduceLROnPlateau": [
        {"factor": 0.5, "patience": 1, "min_delta": 0.05, "cooldown": 1},
        {"monitor": "mae", "factor": 0.1, "patience": 1, "min_delta": 1.0, "min_lr": 0.004},
        {"monitor": "val_mae", "mode": "max", "patience": 2},
    ],
    "SwapEMAWeights": [{}, {"swap_on_epoch": True}],
    "CSVLogger": [
        {"filename": "log.csv"},
        {"filename": "log.csv", "separator": ";", "append": True},
    ],
    "ModelCheckpoint": [
        {"filepath": "{epoch:02d}-{val_loss:.2f}.keras"},
        {"filepath": "{epoch}-{batch}.weights.h5", "save_freq": 3, "save_weights_only": True},
        {"filepath": "{epoch}.keras", "monitor": "val_mae", "save_best_only": True},
        {"filepath": "{epoch}-{loss:.1f}.h5", "mode": "min"},
        {
            "filepath": "{epoch}-{batch}-{loss:.2f}.weights.h5",
            "save_freq": 7,
            "save_weights_only": True,
            "save_best_only": True,
            "monitor": "loss",
        },
        {
            "filepath": "{epoch:02d}-{mae:.3f}.keras",
            "save_freq": 5,
            "monitor": "mae",
            "mode": "min",
        },
        {"filepath": "last.weights.h5", "save_weights_only": True, "initial_value_threshold": 1.0},
        {
            "filepath": "{epoch}.keras",
            "save_best_only": True,
            "initial_value_threshold": 0.2,
            "monitor": "val_loss",
        },
        {
            "filepath": "{epoch}.keras",
            "save_best_only": True,
            "initial_value_threshold": 0.3,
            "mode": "max",
        },
    ],
    "BackupAndRestore": [
        {"backup_dir": "kept", "delete_checkpoint": False, "double_checkpoint": True},
        {"backup_dir": "kept", "delete_checkpoint": False, "save_freq": 3},
        {"backup_dir": "kept"},
    ],
    "TerminateOnNaN": [{}],
    "History": [{}],
}
ELSEWHERE = {
    "Callback": "tests/unit/keras/test_callbacks.py",
    "CallbackList": "tests/unit/keras/test_callbacks.py",
    "LambdaCallback": "test_hooks_are_called_as_in_keras",
    "ProgbarLogger": "tests/unit/keras/test_callbacks.py: it looks different here",
    "RemoteMonitor": "tests/unit/keras/test_remote_monitor.py",
    "TensorBoard": "tests/unit/keras/test_tensorboard.py: Keras's needs TensorFlow",
}


@pytest.mark.parametrize("name", NAMES)
def test_every_callback_has_a_row(name: str) -> None:
    if name in OUTSIDE:
        with pytest.raises(UnimplementedError, match=OUTSIDE[name]):
            getattr(keras.callbacks, name)
        return
    assert hasattr(keras.callbacks, name)
    assert (name in RUNS) != (name in ELSEWHERE), f"give {name} rows in RUNS"


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OUTSIDE])
def test_arguments_and_defaults(name: str) -> None:
    ours, theirs = (
        {
            p.name: p.default
            for p in inspect.signature(getattr(module, name)).parameters.values()
            if p.kind is p.POSITIONAL_OR_KEYWORD
        }
        for module in (keras.callbacks, reference.callbacks)
    )
    if name == "CallbackList":  # whether there is a bar is up to `verbose`, as fit does it
        del ours["add_progbar"], theirs["add_progbar"]
    assert ours == theirs
    assert list(ours) == list(theirs)


def _fit(library: Any, model: Any, callbacks: list[Any], **options: Any) -> Any:
    x, y = data(60, 5, 1, "regression")
    optimizer = library.optimizers.SGD(0.03, use_ema=True, ema_momentum=0.8)
    model.compile(optimizer, "mse", metrics=["mae"])
    return model.fit(
        x,
        y / 5,
        batch_size=10,
        epochs=6,
        shuffle=False,
        verbose=0,
        validation_split=0.2,
        callbacks=callbacks,
        **options,
    )


CASES = [(name, number) for name, rows in RUNS.items() for number in range(len(rows))]


@pytest.mark.parametrize(("name", "number"), CASES)
def test_a_training_goes_as_in_keras(
    name: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = twins(lambda library: network(library, 5, 1, None))
    found = []
    for library, model in zip((reference, keras), models, strict=True):
        folder = tmp_path / library.__name__
        folder.mkdir()
        monkeypatch.chdir(folder)
        callback = getattr(library.callbacks, name)(**RUNS[name][number])
        history = _fit(library, model, [callback])
        files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
        if name == "BackupAndRestore":  # what is in the folder is each library's own
            files = ["kept" for path in files if path == "kept" and len(files) > 1]
        logs = (folder / "log.csv").read_text("utf-8") if "log.csv" in files else ""
        found.append((history, files, logs, model.get_weights()))
    (theirs, their_files, their_log, their_weights), (ours, files, log, weights) = found
    assert ours.epoch == theirs.epoch
    assert list(ours.history) == list(theirs.history)
    for measure, values in theirs.history.items():
        np.testing.assert_allclose(ours.history[measure], values, rtol=1e-4, err_msg=measure)
    assert files == their_files
    for mine, other in zip(weights, their_weights, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5)
    separator = RUNS[name][number].get("separator", ",")
    for mine, other in zip(log.split("\n"), their_log.split("\n"), strict=True):
        if other[:1].isdigit():
            numbers = [np.array(line.split(separator), float) for line in (mine, other)]
            np.testing.assert_allclose(*numbers, rtol=1e-4)
        else:
            assert mine.strip() == other.strip()


def test_a_log_without_validation_has_the_columns_of_keras(tmp_path: Path) -> None:
    lines = []
    for library in (reference, keras):
        path = tmp_path / f"{library.__name__}.csv"
        logger = library.callbacks.CSVLogger(str(path))
        logger.on_train_begin()
        logger.on_epoch_end(0, {"loss": 0.5, "a": np.array([1.0, 2.0])})
        logger.on_train_end()
        lines.append(path.read_text("utf-8").split("\n"))
    assert [line.strip() for line in lines[1]] == [line.strip() for line in lines[0]]


HOOKS = [name for name in dir(reference.callbacks.Callback) if name.startswith("on_")]


def test_hooks_are_called_as_in_keras() -> None:
    called: dict[str, list[Any]] = {"keras": [], "lamina.keras": []}
    models = twins(lambda library: network(library, 5, 1, None))
    for library, model in zip((reference, keras), models, strict=True):
        calls = called[library.__name__]

        def hook(name: str, calls: list[Any] = calls) -> Any:
            def note(self: Any, *arguments: Any, **keywords: Any) -> None:
                given = [*arguments, *keywords.values()]
                place = [a for a in given if isinstance(a, int)]
                keys = sorted(key for a in given if isinstance(a, dict) for key in a)
                calls.append((name, *place, *keys))

            return note

        members = {name: hook(name) for name in HOOKS if "on_batch" not in name}
        listener = type("Listener", (library.callbacks.Callback,), members)()
        _fit(library, model, [listener])
        x, y = data(60, 5, 1, "regression")
        model.evaluate(x, y, batch_size=20, verbose=0, callbacks=[listener])
        model.predict(x, batch_size=20, verbose=0, callbacks=[listener])
        lambdas = {
            name: lambda *given, name=name, calls=calls, **named: calls.append(
                (name, len(given) + len(named))
            )
            for name in HOOKS
        }
        _fit(library, model, [library.callbacks.LambdaCallback(**lambdas)])
        calls.append((sorted(listener.params), listener.model is model))
    assert called["lamina.keras"] == called["keras"]


def test_the_model_may_be_stopped_within_an_epoch() -> None:
    models = twins(lambda library: network(library, 5, 1, None))
    seen: list[list[int]] = []
    for library, model in zip((reference, keras), models, strict=True):
        batches: list[int] = []

        class Stop(library.callbacks.Callback):  # type: ignore[name-defined, misc]
            def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
                batches.append(batch)  # noqa: B023 (called in this round only)
                self.model.stop_training = len(batches) == 9  # noqa: B023

        history = _fit(library, model, [Stop()])
        seen.append([*batches, *history.epoch])
    assert seen[1] == seen[0]
