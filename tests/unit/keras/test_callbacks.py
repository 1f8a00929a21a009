from __future__ import annotations

import csv
import io
import sys
from typing import Any

import numpy as np
import pytest

from lamina import keras
from lamina.core.errors import (
    ArgumentTypeError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    UnimplementedError,
)
from lamina.keras import callbacks, optimizers
from lamina.keras.callbacks import (
    Callback,
    CallbackList,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ProgbarLogger,
    ReduceLROnPlateau,
    TerminateOnNaN,
)


class Model:
    """What callbacks see of a model: weights that count epochs, an optimizer, files."""

    def __init__(self) -> None:
        self.stop_training = False
        self.metrics: list[Any] = []
        self.optimizer = optimizers.SGD(0.5)
        self.weights = 0
        self.saved: list[tuple[str, int]] = []
        self.history: Any = None

    def get_weights(self) -> int:
        return self.weights

    def set_weights(self, weights: int) -> None:
        self.weights = weights

    def save(self, path: str, overwrite: bool) -> None:
        assert overwrite
        self.saved.append((path, self.weights))

    save_weights = save


def train(listeners: list[Any], epochs: list[dict[str, float]], **options: Any) -> Model:
    """Epochs of three batches with the given logs; the model's weights are the epoch's number."""
    model = options.pop("model", None) or Model()
    told = CallbackList(
        listeners, add_history=True, model=model, epochs=len(epochs), steps=3, **options
    )
    model.stop_training = False
    with told:
        told.on_train_begin()
        logs: dict[str, float] = {}
        for epoch, measures in enumerate(epochs):
            told.on_epoch_begin(epoch)
            model.weights = epoch + 1
            for batch in range(3):
                told.on_train_batch_begin(batch)
                told.on_train_batch_end(batch, lambda: dict(measures))  # noqa: B023
            logs = dict(measures)
            told.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
        told.on_train_end(logs)
    return model


def losses(*values: float) -> list[dict[str, float]]:
    return [{"loss": value, "val_loss": value} for value in values]


# The list -----------------------------------------------------------------------------------------


def test_hooks_are_told_in_order_with_their_arguments():
    seen = []

    class Notes(Callback):
        def on_train_begin(self, logs=None):
            seen.append(("train", self.params["epochs"], type(self.model)))

        def on_epoch_begin(self, epoch, logs=None):
            seen.append(("epoch", epoch, logs))

        def on_train_batch_end(self, batch, logs=None):
            seen.append(("batch", batch, logs))

        def on_epoch_end(self, epoch, logs=None):
            seen.append(("end", epoch, logs))

    train([Notes()], [{"loss": 2.0}])
    assert seen == [
        ("train", 1, Model),
        ("epoch", 0, {}),
        *(("batch", number, {"loss": 2.0}) for number in range(3)),
        ("end", 0, {"loss": 2.0}),
    ]


def test_batches_are_wanted_only_where_somebody_listens():
    class Former(Callback):
        def on_batch_end(self, batch, logs=None):
            pass

    class Tests(Callback):
        def on_test_batch_begin(self, batch, logs=None):
            pass

    quiet = CallbackList([EarlyStopping(), ModelCheckpoint("a.keras"), History()])
    assert not (
        quiet.wants_train_batches or quiet.wants_test_batches or quiet.wants_predict_batches
    )
    assert CallbackList([Former()]).wants_train_batches
    assert CallbackList([ModelCheckpoint("a.keras", save_freq=2)]).wants_train_batches
    assert CallbackList([LambdaCallback(on_train_batch_end=print)]).wants_train_batches
    tests = CallbackList([Tests()])
    assert (tests.wants_train_batches, tests.wants_test_batches) == (False, True)
    tests.append(Former())
    assert tests.wants_train_batches


def test_logs_of_batches_are_worked_out_once_and_only_for_those_who_look():
    calls = []

    def logs():
        calls.append(1)
        return {"loss": 1.0}

    told = CallbackList(
        [LambdaCallback(on_train_batch_end=lambda batch, logs: None)] * 2, model=Model()
    )
    told.on_train_batch_end(0, logs)
    assert len(calls) == 1
    bar = CallbackList(None, model=Model(), verbose=1, epochs=1)
    bar.on_epoch_begin(0)
    bar.on_train_batch_end(0, logs)
    assert len(calls) == 1


def test_what_is_no_callback_is_refused():
    with pytest.raises(ArgumentTypeError, match=r"objects with hooks.*got 3"):
        CallbackList([3])
    with pytest.raises(ArgumentTypeError, match="Make an object of the class first"):
        CallbackList([EarlyStopping])
    with pytest.raises(InvalidArgumentError, match="verbose is 0"):
        CallbackList(verbose=7)
    with pytest.raises(ArgumentTypeError, match=r"on_epoch_ends.*Did you mean 'on_epoch_end'"):
        LambdaCallback(on_epoch_ends=print)
    with pytest.raises(UnimplementedError, match="ModelCheckpoint or BackupAndRestore"):
        _ = callbacks.OrbaxCheckpoint
    with pytest.raises(AttributeError, match="Did you mean 'EarlyStopping'"):
        _ = callbacks.EarlyStoping


def test_history_keeps_what_the_epochs_brought():
    model = train([], losses(3.0, 2.0))
    assert model.history.epoch == [0, 1]
    assert model.history.history == {"loss": [3.0, 2.0], "val_loss": [3.0, 2.0]}


# EarlyStopping ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "values", "epochs", "weights"),
    [
        ({}, (3, 2, 2, 1), 3, 3),
        ({"patience": 2}, (3, 2, 2, 1, 4, 4, 4), 6, 6),
        ({"patience": 2, "restore_best_weights": True}, (3, 2, 2.5, 2.5, 2.5), 4, 2),
        ({"restore_best_weights": True}, (3, 2, 1), 3, 3),
        ({"min_delta": 0.5}, (3, 2.6, 2.0), 2, 2),
        ({"mode": "max"}, (1, 2, 2), 3, 3),
        ({"mode": "min", "start_from_epoch": 2}, (1, 2, 3, 2, 2), 5, 5),
        ({"baseline": 2.5, "patience": 2}, (3, 2.9, 2.8, 2.0), 4, 4),
        ({"baseline": 0.5, "patience": 2}, (3, 4, 5), 2, 2),
        ({"monitor": "loss", "patience": 1}, (1, 1, 1), 2, 2),
    ],
)
def test_early_stopping_does_what_keras_does(arguments, values, epochs, weights):
    import keras as reference

    model = train([EarlyStopping(**arguments)], losses(*values))
    assert len(model.history.epoch) == epochs
    assert model.weights == weights
    theirs = Model()
    theirs.optimizer = None
    listener = reference.callbacks.EarlyStopping(**arguments)
    listener.set_model(theirs)
    listener.on_train_begin()
    for epoch, logs in enumerate(losses(*values)):
        theirs.weights = epoch + 1
        listener.on_epoch_end(epoch, logs)
        if theirs.stop_training:
            break
    listener.on_train_end()
    assert (epoch + 1, theirs.weights) == (epochs, weights)


def test_early_stopping_can_be_extended_by_keras_names():
    class Listening(EarlyStopping):
        def on_epoch_end(self, epoch, logs=None):
            value = self.get_monitor_value(logs)
            if self.best is None or self.monitor_op(value, self.best):
                self.best = value

    for mode, best in (("min", 1), ("max", 3)):
        listener = Listening(mode=mode)
        train([listener], losses(2, 1, 3, 2))
        assert listener.best == best


def test_early_stopping_says_what_it_did(capsys):
    train([EarlyStopping(verbose=1, restore_best_weights=True)], losses(1, 2))
    assert capsys.readouterr().out == (
        "Epoch 2: early stopping\nThe model has the weights of its best epoch, 1.\n"
    )


def test_a_measure_that_is_missing_is_named():
    with pytest.warns(
        UserWarning, match=r"follows 'val_auc'.*have loss, val_loss.*validation_data"
    ):
        train([EarlyStopping("val_auc")], losses(1))


@pytest.mark.parametrize(
    ("name", "value", "better"),
    [("val_loss", 1, 0.5), ("accuracy", 0.5, 0.6), ("val_auc", 0.5, 0.6), ("my_error", 2, 1)],
)
def test_names_say_which_way_is_better(name, value, better):
    follower = EarlyStopping(name)
    assert follower.is_improvement(better, value)
    assert not follower.is_improvement(value, better)


def test_a_name_that_does_not_say_needs_a_mode():
    with pytest.raises(InvalidArgumentError, match="mode='max' or mode='min'"):
        train([EarlyStopping("wobble")], [{"wobble": 1.0}, {"wobble": 1.0}])
    with pytest.warns(UserWarning, match="got 'best', which is taken as 'auto'"):
        assert EarlyStopping(mode="best").mode == "auto"


# ModelCheckpoint ----------------------------------------------------------------------------------


def test_checkpoints_of_every_epoch(tmp_path):
    path = tmp_path / "new" / "{epoch:02d}-{val_loss:.2f}.keras"
    model = train([ModelCheckpoint(path)], losses(3, 2))
    assert model.saved == [
        (str(tmp_path / "new" / "01-3.00.keras"), 1),
        (str(tmp_path / "new" / "02-2.00.keras"), 2),
    ]
    assert (tmp_path / "new").is_dir()


def test_checkpoints_of_the_best_only(tmp_path, capsys):
    keeper = ModelCheckpoint(
        tmp_path / "best.weights.h5", save_best_only=True, save_weights_only=True, verbose=1
    )
    model = train([keeper], losses(3, 4, 2, 2))
    assert [weights for _, weights in model.saved] == [1, 3]
    assert "Epoch 2: val_loss did not improve from 3\n" in capsys.readouterr().out
    start = ModelCheckpoint("a.keras", save_best_only=True, initial_value_threshold=2.5)
    assert [weights for _, weights in train([start], losses(3, 4, 2)).saved] == [3]


def test_checkpoints_after_so_many_batches():
    model = train([ModelCheckpoint("{epoch}-{batch}.keras", save_freq=2)], losses(1, 1))
    assert [path for path, _ in model.saved] == ["1-2.keras", "2-1.keras", "2-3.keras"]
    model = train([ModelCheckpoint("{epoch}.keras", period=2)], losses(1, 1, 1, 1, 1))
    assert [path for path, _ in model.saved] == ["2.keras", "4.keras"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filepath": "model"}, "ends in .keras or .h5; got 'model'"),
        ({"filepath": "a.keras", "save_weights_only": True}, "does not end in .keras"),
        ({"filepath": "a.keras", "save_freq": 0}, "'epoch' or a positive number"),
        ({"filepath": "a.keras", "save_freq": "batch"}, "'epoch' or a positive number"),
        ({"filepath": "a.keras", "period": 0}, "positive number of epochs; got 0"),
        ({"filepath": "{batch}.keras"}, "batch is known where save_freq is a number"),
        ({"filepath": "{epoch:zz}.keras"}, "cannot be filled in: Unknown format code 'z'"),
        ({"filepath": "{epoch.keras"}, "cannot be filled in: expected '}'"),
    ],
)
def test_checkpoints_that_make_no_sense(arguments, message):
    with pytest.raises(InvalidArgumentError, match=message):
        ModelCheckpoint(**arguments)


def test_checkpoint_names_must_be_known_and_free(tmp_path):
    with pytest.raises(NotFoundError, match=r"asks for 'auc'; known here are epoch, loss"):
        train([ModelCheckpoint("{auc}.keras")], losses(1))
    (tmp_path / "a.keras").mkdir()
    with pytest.raises(InvalidArgumentError, match="is a folder"):
        train([ModelCheckpoint(tmp_path / "a.keras")], losses(1))


# Learning rates -----------------------------------------------------------------------------------


def test_a_scheduler_sets_the_rate_before_each_epoch(capsys):
    model = train([LearningRateScheduler(lambda epoch, rate: rate / 2, verbose=1)], losses(1, 1))
    assert model.history.history["learning_rate"] == [0.25, 0.125]
    assert "Epoch 2: learning rate 0.125" in capsys.readouterr().out
    model = train([LearningRateScheduler(lambda epoch: np.float32(epoch + 1))], losses(1, 1))
    assert model.history.history["learning_rate"] == [1.0, 2.0]
    with pytest.raises(InvalidArgumentError, match="must return a number; got 'fast'"):
        train([LearningRateScheduler(lambda epoch: "fast")], losses(1))

    def broken(epoch, rate):
        return epoch + "x"

    with pytest.raises(TypeError, match="unsupported operand"):
        train([LearningRateScheduler(broken)], losses(1))


@pytest.mark.parametrize(
    "arguments",
    [
        {"patience": 2, "cooldown": 1, "min_lr": 0.2},
        {"patience": 1, "factor": 0.1, "min_delta": 0.5},
        {"monitor": "loss", "mode": "max", "patience": 3, "cooldown": 2},
    ],
)
def test_a_plateau_reduces_the_rate_as_in_keras(arguments):
    import keras as reference

    arguments = {"factor": 0.5, **arguments}
    values = (3, 3, 3, 2.8, 3, 3, 3, 2, 2, 2, 2, 2)
    model = train([ReduceLROnPlateau(**arguments)], losses(*values))
    theirs = Model()
    theirs.optimizer = reference.optimizers.SGD(0.5)
    listener = reference.callbacks.ReduceLROnPlateau(**arguments)
    listener.set_model(theirs)
    listener.on_train_begin()
    rates = []
    for epoch, logs in enumerate(losses(*values)):
        listener.on_epoch_end(epoch, logs)
        rates.append(logs["learning_rate"])
    np.testing.assert_allclose(model.history.history["learning_rate"], rates)
    assert len(set(rates)) > 2


def test_a_plateau_needs_a_factor_below_one():
    with pytest.raises(InvalidArgumentError, match=r"factor is below 1; got 1\.0"):
        ReduceLROnPlateau(factor=1.0)


# Others -------------------------------------------------------------------------------------------


def test_a_loss_that_is_no_number_ends_training(capsys):
    model = train([TerminateOnNaN()], losses(1, float("nan"), 1))
    assert len(model.history.epoch) == 2
    assert "the loss is nan" in capsys.readouterr().out
    with pytest.raises(FailedPreconditionError, match="loss is inf after batch 0"):
        train([TerminateOnNaN(raise_error=True)], losses(float("inf")))


def test_a_csv_file_of_the_epochs(tmp_path):
    path = tmp_path / "log.csv"
    train([CSVLogger(path)], losses(3, 2))
    train([CSVLogger(path, append=True)], losses(1))
    rows = list(csv.reader(path.read_text("utf-8").splitlines()))
    assert rows == [
        ["epoch", "loss", "val_loss"],
        ["0", "3", "3"],
        ["1", "2", "2"],
        ["0", "1", "1"],
    ]
    path.write_text("epoch,val_loss,mae\n", "utf-8")
    with pytest.warns(UserWarning, match="no column for loss: left out"):
        train([CSVLogger(path, append=True)], losses(1))
    assert path.read_text("utf-8").splitlines() == ["epoch,val_loss,mae", "0,1,NA"]
    train([CSVLogger(path, separator=";")], losses(1))
    assert path.read_text("utf-8").splitlines() == ["epoch;loss;val_loss", "0;1;1"]


# The display --------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_elsewhere_than_in_a_terminal_an_epoch_is_a_line(capsys):
    for verbose in (1, 2, "auto"):
        train([], losses(0.5, 0.25), verbose=verbose)
        first, second = capsys.readouterr().out.splitlines()
        assert first.startswith("Epoch 1/2 - 3/3 - ")
        assert second.endswith("/step - loss: 0.2500 - val_loss: 0.2500")
        assert second.isprintable()
    train([], losses(0.5), verbose=0)
    assert capsys.readouterr().out == ""


def test_a_terminal_shows_a_bar(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    train([], losses(0.5), verbose=1)
    assert "\x1b[?25l" in screen.getvalue()
    assert screen.getvalue().rstrip().endswith("\x1b[?25h"), "the cursor comes back"
    assert "Epoch 1/1 3/3" in screen.getvalue()
    assert "━━━━━━━━━━" in screen.getvalue()
    assert "loss 0.5000  val_loss 0.5000" in screen.getvalue()


def test_measures_stay_whole_where_lines_are_full(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    train([], [{"accuracy": 0.5, "loss": 0.5, "val_accuracy": 0.5, "val_loss": 0.5}], verbose=1)
    lines = [line.rstrip() for line in screen.getvalue().split("\n")]
    assert "  accuracy 0.5000  loss 0.5000  val_accuracy 0.5000" in lines
    assert "  val_loss 0.5000" in lines


def test_an_error_gives_the_cursor_back(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("TERM", "xterm")
    with pytest.raises(FailedPreconditionError):
        train([TerminateOnNaN(raise_error=True)], losses(float("nan")), verbose=1)
    assert screen.getvalue().endswith("\x1b[?25h")


def test_evaluation_and_prediction_are_shown_too(capsys):
    told = CallbackList(None, model=Model(), verbose=1, epochs=1, steps=2)
    told.on_test_begin()
    told.on_test_end({"loss": 0.5})
    told.on_predict_begin()
    told.on_predict_end()
    test, predict = capsys.readouterr().out.splitlines()
    assert test.startswith("2/2 - ")
    assert test.endswith("/step - loss: 0.5000")
    assert predict.startswith("2/2 - ")


def test_steps_of_unknown_number_are_counted(capsys):
    told = CallbackList([ProgbarLogger()], model=Model(), epochs=1, verbose=1)
    assert told.wants_train_batches
    told.on_epoch_begin(0)
    told.on_train_batch_end(41, {})
    told.on_epoch_end(0, {"loss": 12345.678})
    line = capsys.readouterr().out
    assert line.startswith("Epoch 1/1 - 42 steps - ")
    assert line.endswith("loss: 12346\n")


# With a model -------------------------------------------------------------------------------------


def test_fit_tells_its_callbacks():
    keras.utils.set_random_seed(1)
    x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    seen = []
    stopping = EarlyStopping("loss", patience=1, min_delta=1e9, restore_best_weights=True)
    note = LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append((batch, logs["loss"])))
    rates = LearningRateScheduler(lambda epoch: 0.01 * (epoch + 1))
    history = model.fit(
        x, x.sum(1), epochs=5, batch_size=16, verbose=0, callbacks=[stopping, note, rates]
    )
    assert history.epoch == [0, 1]
    np.testing.assert_allclose(history.history["learning_rate"], [0.01, 0.02], rtol=1e-6)
    assert [batch for batch, _ in seen] == [0, 1, 2, 3] * 2
    assert all(isinstance(loss, float) for _, loss in seen)
    assert seen[-1][1] == history.history["loss"][-1]
