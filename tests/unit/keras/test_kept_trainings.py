"""The files of trainings that were interrupted: what is refused, lost, mended, and left."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lamina import keras
from lamina.core.errors import (
    ArgumentTypeError,
    DataLossError,
    FailedPreconditionError,
    FileWriteError,
    InvalidArgumentError,
    MissingFileError,
)
from lamina.core.locking import NAME
from lamina.core.packing import packed, unpacked
from lamina.keras.callbacks import BackupAndRestore, backup
from lamina.keras.training.stepper import Stepper
from tests.oracle.interrupted import (
    EPOCHS,
    ROWS,
    Interrupt,
    Shuffled,
    Sums,
    X,
    Y,
    arrays,
    assert_same,
    batches,
    dataset,
    network,
)

pytestmark = pytest.mark.usefixtures("files_after_each_epoch")


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
    with pytest.warns(UserWarning, match=r"training-000003\.npz.*damaged.*the one before"):
        model.fit(**arrays(), epochs=EPOCHS, verbose=0, callbacks=[BackupAndRestore(tmp_path)])
    assert_same(whole, model)
    stopped(tmp_path, double_checkpoint=True)
    for path in (last, former):
        path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataLossError, match=r"training-000002\.npz.*is damaged.*remove it"):
        network().fit(**arrays(), verbose=0, callbacks=[BackupAndRestore(tmp_path)])


def test_what_is_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "training-000001.npz").mkdir()
    with pytest.raises(InvalidArgumentError, match=r"training-000001\.npz is a folder"):
        network().fit(**arrays(), verbose=0, callbacks=[BackupAndRestore(tmp_path)])
    (tmp_path / "file").touch()
    with pytest.raises(FileWriteError, match=r"The folder .*file' cannot be made"):
        network().fit(**arrays(), verbose=0, callbacks=[BackupAndRestore(tmp_path / "file")])


def test_one_file_is_kept_where_no_more_is_asked_for(tmp_path: Path) -> None:
    stopped(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["training-000003.npz"]


def wider() -> Any:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(7), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    return model


def judged(loss: Any, metrics: Any) -> Any:
    model = network()
    model.compile(model.optimizer, loss, metrics=metrics)
    return model


@pytest.mark.parametrize(
    ("make", "data", "message"),
    [
        (wider, arrays, r"it has 6 layers, and this one has 4"),
        (lambda: network("sgd"), arrays, r"optimizers, number 0, was Adam and is SGD"),
        (
            lambda: network(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 9))),
            arrays,
            r"was Adam and is Adam with CosineDecay",
        ),
        (lambda: network(keras.optimizers.Adam(use_ema=True)), arrays, r"what adam\S* keeps had"),
        (lambda: judged("mae", ["mae"]), arrays, r"loss, number 0, was mean_squared_error and is"),
        (lambda: judged("mse", ["mse"]), arrays, r"metrics, number 1, was mae and is mse"),
        (network, lambda: arrays(shuffle=False), r"was arrays shuffled and is arrays in order"),
        (
            network,
            lambda: dataset(lambda data: data.batch(10)),
            r"was arrays shuffled and is a tf.data.Dataset",
        ),
        (
            network,
            lambda: arrays(validation_data=(X, Y)),
            r"data validation was None and is arrays in order",
        ),
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


def _state(state: Any, name: str) -> Any:
    return next(kept for kind, kept in state["callbacks"] if kind == name)


def _set(*path: Any) -> Callable[[Any], None]:
    """What changes the value at a path in the state of a training: keys, then the value."""

    def change(state: Any) -> None:
        *way, key, value = path
        for step in way:
            state = state[step]
        state[key] = value

    return change


HOSTILE: dict[str, tuple[Callable[[Any], Any], str]] = {
    "another attribute": (lambda s: _state(s, "TensorBoard").update(log_dir="out"), "log_dir"),
    "a method": (lambda s: _state(s, "History").update(on_epoch_end=1), "'on_epoch_end'"),
    "memory": (_set("random", "numpy", 1, 10**9), "outside of their words"),
    "before memory": (_set("random", "numpy", 1, -1), "outside of their words"),
    "another version": (_set("random", "python", 0, "x"), "ValueError: state with version"),
    "epochs without end": (_set("epoch", -(10**9)), "epoch -1000000000"),
    "a batch of text": (_set("batch", "7"), "batch '7'"),
    "no description": (lambda s: s.pop("fits"), "KeyError"),
    "no logs": (lambda s: s.pop("logs"), "KeyError"),
    "logs of text": (_set("logs", "loss"), "logs 'loss'"),
    "no callbacks": (_set("callbacks", 5), "TypeError"),
    "a number as a state": (_set("callbacks", [["History", 5]]), "AttributeError"),
    "text as weights": (lambda s: _set("variables", 0, s["variables"][0].astype("S3"))(s), "weigh"),
    "ragged weights": (_set("variables", 0, [[1], [2, 3]]), "inhomogeneous"),
    "an optimizer of nothing": (_set("optimizers", 0, {}), "KeyError"),
    "a generator of text": (_set("random", "process", "generator", ["a"]), "ValueError"),
    "a place of text": (_set("start", "feeds", ["x"]), "TypeError"),
    "a text for a terminal": (_set("epoch", "\x1b[2J"), r"epoch '\\x1b"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_files_of_strangers_are_refused(tmp_path: Path, name: str) -> None:
    change, message = HOSTILE[name]
    callbacks = [keras.callbacks.TensorBoard(tmp_path / "logs"), BackupAndRestore(tmp_path / "a")]
    with pytest.raises(KeyboardInterrupt):
        network().fit(**arrays(), epochs=3, verbose=0, callbacks=[Interrupt(2), *callbacks])
    (path,) = (tmp_path / "a").iterdir()
    state = unpacked(path.read_bytes(), "")
    change(state)
    path.write_bytes(packed(state, ""))
    model = network()
    before = model.get_weights()
    with pytest.raises(DataLossError, match=f"{path.name} is damaged.*{message}") as caught:
        model.fit(**arrays(), epochs=3, verbose=0, callbacks=callbacks)
    assert str(caught.value).isprintable()
    for ours, theirs in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("form", [1, "2", [2], np.arange(3), None])
def test_files_of_another_form_are_refused(tmp_path: Path, form: Any) -> None:
    (tmp_path / "training-000001.npz").write_bytes(packed({"format": form}, ""))
    with pytest.raises(DataLossError, match=r"training-000001.*another version of lamina"):
        network().fit(**arrays(), verbose=0, callbacks=[BackupAndRestore(tmp_path)])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
def test_a_pipe_is_no_file_of_a_training(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "training-000001.npz")
    with pytest.raises(InvalidArgumentError, match="is a device or a pipe"):
        network().fit(**arrays(), verbose=0, callbacks=[BackupAndRestore(tmp_path)])


def test_names_that_count_up_make_no_other_training(tmp_path: Path) -> None:
    for callbacks in ([Interrupt(2)], []):
        model = judged("mse", [keras.metrics.F1Score()])  # f1_score, then f1_score_1
        data = arrays(y=(Y > 0).astype(np.float32), epochs=3, verbose=0)
        with pytest.raises(KeyboardInterrupt) if callbacks else nullcontext():
            model.fit(**data, callbacks=[*callbacks, BackupAndRestore(tmp_path)])


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


@pytest.mark.parametrize(
    ("data", "cure"),
    [
        (lambda: {"x": batches(), "steps_per_epoch": 5}, "one that is new"),
        (lambda: {"x": Shuffled()}, "give it get_state and set_state"),
    ],
    ids=["a generator", "a PyDataset"],
)
def test_data_that_were_used_within_the_first_epoch_are_refused(
    tmp_path: Path, data: Any, cure: str
) -> None:
    keeper, used = BackupAndRestore(tmp_path, save_freq=1), data()
    with pytest.raises(KeyboardInterrupt):
        network().fit(**used, epochs=2, verbose=0, callbacks=[Interrupt(0, 2), keeper])
    with pytest.raises(InvalidArgumentError, match=f"has been used already.*{cure}"):
        network().fit(**used, epochs=2, verbose=0, callbacks=[keeper])


@pytest.mark.parametrize("place", [(1, None, "epoch"), (1, 2, 1)])
def test_errors_of_ones_own_code_do_not_blame_the_file(tmp_path: Path, place: Any) -> None:
    def gone() -> Any:
        raise OSError("the disk with the rows is gone")
        yield

    def failing(_: Any) -> None:
        raise KeyError("lost")

    keeper, sums = BackupAndRestore(tmp_path, save_freq=place[2]), Sums()
    steps = {"steps_per_epoch": 5, "epochs": 3, "verbose": 0}
    with pytest.raises(KeyboardInterrupt):
        network().fit(batches(), **steps, callbacks=[sums, Interrupt(*place[:2]), keeper])
    whole = itertools.chain(itertools.islice(batches(), 2), gone())
    with pytest.raises(OSError, match="the disk with the rows is gone"):
        network().fit((batch for batch in whole), **steps, callbacks=[sums, keeper])
    sums.set_state = failing
    with pytest.raises(KeyError, match="lost"):
        network().fit(batches(), **steps, callbacks=[sums, keeper])


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
    for text in ("{", '{"epoch": Infinity}', '{"epoch": -1}', "[" * 60_000):
        metadata.write_text(text, "utf-8")
        with pytest.raises(DataLossError, match=r"training_metadata\.json is damaged"):
            network().fit(**arrays(), verbose=0, callbacks=[keeper])


def test_leftovers_of_killed_processes_go(tmp_path: Path) -> None:
    (tmp_path / ".lamina-0123456789ab").write_bytes(b"half")
    stopped(tmp_path)
    assert all(path.suffix == ".npz" for path in tmp_path.iterdir())


def test_a_folder_that_vanishes_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    remove = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: shutil.rmtree(folder))
    with pytest.raises(MissingFileError, match=r"the folder .* is gone"):
        network().fit(**arrays(), verbose=0, callbacks=[remove, BackupAndRestore(folder)])


@pytest.mark.skipif(sys.platform == "win32", reason="nothing can wait for the end of a process")
@pytest.mark.parametrize("hook", ["on_epoch_begin", "on_epoch_end", "on_train_batch_end"])
def test_a_signal_to_end_waits_for_a_last_file(tmp_path: Path, hook: str) -> None:
    def rate() -> Any:
        return keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9)

    whole = network()
    whole.fit(**arrays(), epochs=EPOCHS, verbose=0, callbacks=[rate()])
    keeper = BackupAndRestore(tmp_path, save_freq=1000, save_before_preemption=True)
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    end = keras.callbacks.LambdaCallback(
        **{hook: lambda number, logs: number != 2 or signal.raise_signal(signal.SIGTERM)}
    )
    try:
        with pytest.raises(SystemExit):
            network().fit(**arrays(), epochs=EPOCHS, verbose=0, callbacks=[end, rate(), keeper])
        assert heard == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)
    second = network()
    second.fit(**arrays(), epochs=EPOCHS, verbose=0, callbacks=[rate(), keeper])
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


_HOLD = """
import fcntl, sys
with open(sys.argv[1], "w") as file:
    fcntl.lockf(file, fcntl.LOCK_EX)
    print(flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no locks of POSIX")
def test_a_folder_that_another_process_uses_is_refused(tmp_path: Path) -> None:
    stopped(tmp_path)
    assert not (tmp_path / NAME).exists()  # given back after an error
    command = [sys.executable, "-S", "-c", _HOLD, str(tmp_path / NAME)]
    keeper = BackupAndRestore(tmp_path)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdin is not None and other.stdout is not None
        other.stdout.readline()
        for use in (keeper.forget, partial(network().fit, **arrays(), callbacks=[keeper])):
            with pytest.raises(FailedPreconditionError, match="another process is using"):
                use()
        other.stdin.close()
    (tmp_path / NAME).unlink(missing_ok=True)
    (tmp_path / NAME).mkdir()
    with pytest.raises(FileWriteError, match=f"{NAME} cannot be written"):
        keeper.forget()
    (tmp_path / NAME).rmdir()
    (tmp_path / NAME).write_text("of a process that was killed", "utf-8")
    network().fit(**arrays(), epochs=EPOCHS, verbose=0, callbacks=[keeper])
    assert not tmp_path.exists()


def test_short_epochs_share_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "SHARE", 1e-9)
    written: list[int] = []
    save = BackupAndRestore.save
    monkeypatch.setattr(
        BackupAndRestore, "save", lambda self: (written.append(self._number), save(self))
    )
    keeper = BackupAndRestore(tmp_path, delete_checkpoint=False)
    first = network()
    first.fit(**arrays(), epochs=EPOCHS, verbose=0, callbacks=[keeper])
    assert written == [0, 1]  # after the first epoch, and the last
    again = network()
    again.fit(**arrays(), epochs=EPOCHS, verbose=0, callbacks=[keeper])
    assert_same(first, again)


def test_native_code_stops_only_where_a_file_is_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("llvmlite")
    spans: list[tuple[int, int]] = []
    run_many = Stepper.run_many

    def run(self: Stepper, first: int, last: int, after: Any) -> None:
        spans.append((first, last))
        run_many(self, first, last, after)

    monkeypatch.setattr(Stepper, "run_many", run)
    keeper = BackupAndRestore(tmp_path, save_freq=10)
    network().fit(**arrays(), epochs=4, verbose=0, callbacks=[keeper])
    assert spans == [(0, 7), (0, 3), (3, 7), (0, 6), (6, 7), (0, 7)]


def test_an_attribute_of_that_name_is_not_taken_for_a_state(tmp_path: Path) -> None:
    class Own(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.kept = [np.ones(3), self]  # type: ignore[misc,assignment]

    network().fit(**arrays(), verbose=0, callbacks=[Own(), BackupAndRestore(tmp_path)])
