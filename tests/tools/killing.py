"""Kills trainings at random moments, and compares them with those that nobody killed.

    python -m tests.tools.killing --kills 2000

Each training is started again until it ends. What it ends with must have the same bits as without
any kill: weights, the optimizer's state, the history, and the files of callbacks.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import pkgutil
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import lamina as tf
from lamina import keras
from lamina.backends import llvm
from lamina.core import files
from lamina.core.packing import packed
from lamina.keras.callbacks import backup

ROWS, WIDTH, EPOCHS, BATCH = 96, 5, 12, 8
RESULT = "result.npz"
START, EPOCH, WRITING, BETWEEN, END = range(5)
PHASES = ("before training", "within an epoch", "while writing", "between epochs", "at the end")
_DELAYS = {START: 0.1, EPOCH: 0.04, WRITING: 0.001}  # seconds to a kill, in the mean
_LONGEST = 300.0  # seconds that a process may take, on a machine that is busy
SLOTS = 2  # trainings at a time


def llvm_is_there() -> bool:
    """Whether native code can be made."""
    return find_spec("llvmlite") is not None


def rows() -> tuple[Any, Any]:
    x = np.random.default_rng(3).normal(size=(ROWS, WIDTH)).astype(np.float32)
    return x, (np.abs(x).sum(1, keepdims=True) > 4).astype(np.float32)


def network(optimizer: Any, **settings: Any) -> Any:
    model = keras.Sequential(
        [
            keras.Input((WIDTH,)),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dropout(0.3),
            keras.layers.GaussianNoise(0.1),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer, "binary_crossentropy", metrics=["accuracy", "auc"], **settings)
    return model


def dataset() -> Any:
    return tf.data.Dataset.from_tensor_slices(rows()).shuffle(40)


def noisy(x: Any, y: Any) -> Any:
    return x + tf.random.normal(tf.shape(x)) * 0.1, y


class Sums(keras.callbacks.Callback):
    """A state of its own, and random numbers drawn between steps."""

    kept = ("total", "drawn")
    total = drawn = 0.0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.total += logs["loss"]
        self.drawn += random.random() + float(tf.random.uniform(()))


class Phases(keras.callbacks.Callback):
    """Tells the process that kills where the training is."""

    def __init__(self, phase: Any) -> None:
        super().__init__()
        self.phase = phase

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.phase.value = EPOCH

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.phase.value = BETWEEN


def many(folder: Path) -> tuple[Any, dict[str, Any], list[Any], Any]:
    """Validation, and callbacks that change the training."""
    x, y = rows()
    callbacks = [
        keras.callbacks.EarlyStopping(patience=4, restore_best_weights=True),
        keras.callbacks.ReduceLROnPlateau(patience=1, factor=0.7),
        keras.callbacks.CSVLogger(folder / "log.csv"),
        keras.callbacks.ModelCheckpoint(
            folder / "best.weights.h5", save_best_only=True, save_weights_only=True
        ),
    ]
    data = {"x": x, "y": y, "batch_size": BATCH, "validation_split": 0.25}
    return network(keras.optimizers.Adam(0.01)), data, callbacks, "epoch"


def within(folder: Path) -> tuple[Any, dict[str, Any], list[Any], Any]:
    """Native epochs that are cut by files."""
    x, y = rows()
    data = {"x": x, "y": y, "batch_size": BATCH, "class_weight": {0: 1.0, 1: 2.0}}
    optimizer = keras.optimizers.Nadam(0.01, gradient_accumulation_steps=3)
    return network(optimizer), data, [], 5


def chosen(folder: Path) -> tuple[Any, dict[str, Any], list[Any], Any]:
    """A dataset that goes on over epochs."""
    data = {"x": dataset().batch(BATCH).repeat(), "steps_per_epoch": 10}
    rate = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.95)
    return network(keras.optimizers.RMSprop(0.01)), data, [rate], 7


def streamed(folder: Path) -> tuple[Any, dict[str, Any], list[Any], Any]:
    """Batches that a thread makes ahead, with random numbers in them."""
    data = {"x": dataset().map(noisy).batch(BATCH).prefetch(2)}
    return network(keras.optimizers.SGD(0.05, momentum=0.9)), data, [], 4


def stepwise(folder: Path) -> tuple[Any, dict[str, Any], list[Any], Any]:
    """A callback hears of each batch."""
    x, y = rows()
    data = {"x": x, "y": y, "batch_size": BATCH}
    model = network(keras.optimizers.Adam(0.01), steps_per_execution=2)
    return model, data, [Sums()], 6


def scaled(folder: Path) -> tuple[Any, dict[str, Any], list[Any], Any]:
    """Float16 with a loss scale that grows, and averages of weights."""
    x, y = rows()
    keras.mixed_precision.set_global_policy("mixed_float16")
    inner = keras.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.9)
    optimizer = keras.optimizers.LossScaleOptimizer(inner, dynamic_growth_steps=5)
    data = {"x": x, "y": y, "batch_size": BATCH, "validation_split": 0.25}
    return network(optimizer), data, [keras.callbacks.SwapEMAWeights(swap_on_epoch=True)], 3


KINDS: dict[str, Callable[[Path], tuple[Any, dict[str, Any], list[Any], Any]]] = {
    made.__name__: made for made in (many, within, chosen, streamed, stepwise, scaled)
}


def train(kind: str, folder: Path, phase: Any) -> None:
    """One training, as a program would do it; its result is written into `folder`."""
    backup.SHARE = 1.0  # a file after each epoch, however short it is
    keras.utils.set_random_seed(11)
    model, data, callbacks, save_freq = KINDS[kind](folder)
    keeper = backup.BackupAndRestore(
        folder / "backup", save_freq, delete_checkpoint=False, double_checkpoint=kind == "many"
    )
    with _told_of_writes(phase):
        history = model.fit(
            **data, epochs=EPOCHS, verbose=0, callbacks=[*callbacks, Phases(phase), keeper]
        )
    phase.value = END
    variables = [np.array(v) for v in (*model.variables, *model.optimizer.variables)]
    sums = [[each.total, each.drawn] for each in callbacks if isinstance(each, Sums)]
    logs = [p.read_text("utf-8") for p in folder.glob("*.csv")]
    tree = {"variables": variables, "history": history.history, "sums": sums, "logs": logs}
    tree["next"] = float(tf.random.uniform(())) + random.random()
    files.write_bytes(folder / RESULT, packed(tree, "the result"))


@contextmanager
def _told_of_writes(phase: Any) -> Any:
    """Inside, the phase is WRITING while a file of a backup is written."""
    own = backup.write_bytes

    def write(path: Any, content: bytes) -> None:
        before, phase.value = phase.value, WRITING
        own(path, content)
        phase.value = before

    backup.write_bytes = write
    try:
        yield
    finally:
        backup.write_bytes = own


class Slot:
    """One training that is killed and started again until it ends."""

    def __init__(self, context: Any, kind: str, folder: Path, chance: random.Random) -> None:
        self.kind, self.folder, self._chance, self._context = kind, folder, chance, context
        self.phase = context.RawValue("i", START)
        self.kills: Counter[str] = Counter()
        self.start()

    def start(self) -> None:
        """Start the process, and choose when to kill it."""
        self.phase.value = START
        self._from = self._chance.choices((START, EPOCH, WRITING), (1, 6, 4))[0]
        self._delay = self._chance.expovariate(1 / _DELAYS[self._from])
        self._began: float | None = None  # when it came to that phase
        arguments = self.kind, self.folder, self.phase
        self._process = self._context.Process(target=train, args=arguments, daemon=True)
        self._process.start()
        self._started = time.perf_counter()

    def look(self, kill: bool = True) -> bool:
        """Kill where it is time, and start again; whether the training has ended."""
        now = time.perf_counter()
        if self._process.exitcode is not None:
            self._process.join()
            if self._process.exitcode:
                raise AssertionError(f"{self.kind} ended with exit code {self._process.exitcode}")
            return True
        if now - self._started > _LONGEST:
            self._process.kill()
            raise AssertionError(f"{self.kind} did not end in {_LONGEST} seconds")
        phase = self.phase.value
        if self._began is None and phase == self._from:
            self._began = now
        if kill and self._began is not None and now - self._began >= self._delay:
            self._process.kill()
            self._process.join()
            if self._process.exitcode == 0:  # it was faster
                return True
            self.kills[PHASES[self.phase.value]] += 1
            self.start()
        return False


def reference(context: Any, folder: Path) -> dict[str, bytes]:
    """What each training ends with that nobody kills."""
    found = {}
    for kind in KINDS:
        (folder / kind).mkdir()
        slot = Slot(context, kind, folder / kind, random.Random(0))
        while not slot.look(kill=False):
            time.sleep(0.001)
        found[kind] = (folder / kind / RESULT).read_bytes()
    return found


def run(kills: int, seed: int, say: Callable[[str], None] = print) -> Counter[str]:
    """Kill so many times; how many kills hit each phase. AssertionError: a result differs."""
    context = multiprocessing.get_context("spawn" if sys.platform == "win32" else "fork")
    for module in pkgutil.iter_modules(llvm.__path__) if llvm_is_there() else ():
        import_module(f"{llvm.__name__}.{module.name}")  # once, not in each process
    hit: Counter[str] = Counter()
    ended = 0
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        expected = reference(context, root)
        say(f"{len(expected)} trainings without a kill")
        slots: list[Slot] = []
        number = 0
        while slots or hit.total() < kills:
            while len(slots) < SLOTS and hit.total() + _killed(slots) < kills:
                kind = list(KINDS)[number % len(KINDS)]
                folder = root / f"{kind}-{number}"
                folder.mkdir()
                slots.append(Slot(context, kind, folder, random.Random(seed * 1_000_003 + number)))
                number += 1
            for slot in list(slots):
                if slot.look(kill=hit.total() + _killed(slots) < kills):
                    _compare(slot, expected[slot.kind])
                    hit += slot.kills
                    ended += 1
                    slots.remove(slot)
            time.sleep(0.0001)
    say(f"{ended} trainings after {hit.total()} kills ended with the same bits")
    say(", ".join(f"{hit[phase]} {phase}" for phase in PHASES))
    return hit


def _killed(slots: list[Slot]) -> int:
    return sum(slot.kills.total() for slot in slots)


def _compare(slot: Slot, expected: bytes) -> None:
    found = (slot.folder / RESULT).read_bytes()
    if found != expected:
        raise AssertionError(
            f"{slot.kind} ended otherwise after {slot.kills.total()} kills ({dict(slot.kills)})"
        )
    left = [path.name for path in (slot.folder / "backup").iterdir()]
    if len(left) > 2 or any(name.startswith(".") for name in left):
        raise AssertionError(f"{slot.kind} has left {left}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    begin = time.perf_counter()
    hit = run(options.kills, options.seed)
    print(f"{time.perf_counter() - begin:.0f} s")
    least = math.ceil(options.kills / 20)
    for phase in (PHASES[EPOCH], PHASES[WRITING]):
        if hit[phase] < least:
            raise SystemExit(f"only {hit[phase]} kills hit {phase}, of {options.kills}")


if __name__ == "__main__":
    main()
