"""A training that was interrupted goes on where it stood."""

from __future__ import annotations

import json
import os
import re
import time
from contextlib import suppress
from typing import Any

from ...core.callers import warn
from ...core.errors import (
    DataLossError,
    FailedPreconditionError,
    InvalidArgumentError,
    MissingFileError,
)
from ...core.files import check_folder, remove_leftovers, write_bytes
from ...core.locking import FolderLock
from ...core.packing import packed, unpacked
from ...core.showing import shown
from ..saving.archive import opened
from .base import Callback, Logs
from .counting import CountsBatches

SHARE = 0.1
"""Of the time that writing after epochs may take."""
_NAME = re.compile(r"training-(\d{6,})\.npz")
_MOST_METADATA = 1 << 16  # bytes
_OF_KERAS = ("latest.weights.h5", "training_metadata.json")  # what Keras would have written


class BackupAndRestore(CountsBatches, Callback):
    """Keeps where a training stands in the folder `backup_dir`, so that it can go on from there.

    A later `fit` with the same folder, model and data takes up after the last batch that was kept,
    and ends bit for bit as one that was never interrupted: weights, optimizer, metrics, history,
    random numbers, the order of the rows and the state of callbacks (their `get_state`) are kept.
    It is written after each epoch, or after every `save_freq` batches, when all other callbacks
    have heard; not after each of epochs so short that writing would take more than a tenth of the
    time. A file goes when the next one is safe on the disk; with `double_checkpoint`, one more is
    kept, for the case that the disk loses the last. A training that ends removes its files unless
    `delete_checkpoint=False`. With `save_before_preemption`, SIGTERM waits for the end of a step
    and a last file.

    The folder belongs to one training. FailedPreconditionError: the model or the data are others
    than those of the training that is kept, or another process is training with the folder. A
    backup that Keras wrote is taken over from its epoch.
    """

    comes_last = True

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: int | str = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
        *,
        save_before_preemption: bool = False,
    ) -> None:
        super().__init__()
        if not backup_dir:
            raise InvalidArgumentError("BackupAndRestore needs a folder: backup_dir is empty")
        self.backup_dir = os.fspath(backup_dir)
        self._save_after(save_freq)
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self.save_before_preemption = save_before_preemption
        self._number = 0  # of the last file
        self._due = 0.0  # when the next file is due after an epoch
        self._lock = FolderLock(self.backup_dir)

    def get_state(self) -> Any:
        return self._counter.state()

    def set_state(self, state: Any) -> None:
        self._counter.restore(state)

    # Restoring

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if not self.model.built:
            raise FailedPreconditionError(
                f"BackupAndRestore: the model {self.model.name!r} must be built before fit, or "
                "nothing can be restored; start it with keras.Input, or call it on data first"
            )
        check_folder(self.backup_dir)
        self._lock.take()
        remove_leftovers(self.backup_dir)
        self._counter.start()
        self._due = 0.0
        files = self._files()
        self._number = files[-1][0] if files else 0
        damaged: DataLossError | None = None
        for _, path in reversed(files):
            try:
                with opened(path) as file:
                    state = unpacked(file.read(), path)
            except DataLossError as error:
                damaged = error
                continue
            if damaged is not None:
                warn(f"{damaged}. The training goes on from the one before")
            self.model._training.standing.restore(state, path)
            if damaged is None:
                self._prune()
            return
        if damaged is not None:
            raise DataLossError(f"{damaged}. To begin anew, remove it") from damaged
        self._take_from_keras()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to go on from."""
        return not (os.path.isdir(self.backup_dir) and self._files())

    def _files(self) -> list[tuple[int, str]]:
        """Numbers and paths of the files, the last one last."""
        names = [(_NAME.fullmatch(name), name) for name in os.listdir(self.backup_dir)]
        folder = self.backup_dir
        return sorted((int(match[1]), os.path.join(folder, name)) for match, name in names if match)

    def _take_from_keras(self) -> None:
        """Weights, optimizer and epoch of a backup that Keras wrote."""
        weights, metadata = (os.path.join(self.backup_dir, name) for name in _OF_KERAS)
        if not os.path.exists(weights):
            return
        optimizer = self.model.optimizer
        if optimizer is not None and not optimizer.built:
            optimizer.build(self.model.trainable_variables)
        self.model.load_weights(weights)
        if os.path.exists(metadata):
            self.model._training.standing.epoch = _epoch_in(metadata)

    # Saving

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._counter.start_epoch()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self._counter.is_due(batch):
            self.save()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._counter.start_epoch()
        is_last = self.model.stop_training or epoch + 1 == (self.params or {}).get("epochs")
        is_due = self.save_freq == "epoch" and time.perf_counter() >= self._due
        if is_due or (is_last and not self.delete_checkpoint):
            self.save()

    def save(self) -> None:
        """Write where the training stands now."""
        begin = time.perf_counter()
        state = self.model._training.standing.state()
        path = os.path.join(self.backup_dir, f"training-{self._number + 1:06d}.npz")
        try:
            write_bytes(path, packed(state, "the state of the training"))
        except MissingFileError:
            raise MissingFileError(
                f"BackupAndRestore: the folder {self.backup_dir!r} is gone. Is another program "
                "removing it?"
            ) from None
        self._number += 1
        self._prune()
        end = time.perf_counter()
        self._due = end + (end - begin) * (1 / SHARE - 1)

    def _prune(self) -> None:
        """Remove the files that newer ones make needless."""
        for _, old in self._files()[: -2 if self.double_checkpoint else -1]:
            with suppress(OSError):  # one more than needed does no harm
                os.remove(old)

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.delete_checkpoint:
            self.forget()

    def forget(self) -> None:
        """Remove what is kept, and the folder where nothing else is in it."""
        if not os.path.isdir(self.backup_dir):
            return
        self._lock.take()
        remove_leftovers(self.backup_dir)
        others = (os.path.join(self.backup_dir, name) for name in _OF_KERAS)
        for path in (*(path for _, path in self._files()), *others):
            with suppress(FileNotFoundError):
                os.remove(path)
        self._release()
        with suppress(OSError):  # it holds what is not ours
            os.rmdir(self.backup_dir)

    def _release(self) -> None:
        self._lock.give_back()


def _epoch_in(metadata: str) -> int:
    """The epoch that Keras's file says."""
    with opened(metadata) as file:
        content = file.read(_MOST_METADATA)
    try:
        epoch = json.loads(content)["epoch"]
        if type(epoch) is not int or epoch < 0:
            raise ValueError(f"epoch {epoch!r}")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataLossError(f"{metadata} is damaged: {shown(error)}") from error
    return epoch
