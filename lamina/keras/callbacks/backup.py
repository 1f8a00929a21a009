"""A training that was interrupted goes on where it stood."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from ...core.errors import DataLossError, FailedPreconditionError, InvalidArgumentError
from ...core.files import write_bytes
from ...ops import random
from ..random import SeedGenerator
from .base import Callback, Logs

_WEIGHTS, _METADATA, _FORMER = "latest.weights.h5", "training_metadata.json", "former."


class BackupAndRestore(Callback):
    """Keeps weights, optimizer, epoch and the state of random numbers in the folder `backup_dir`.

    They are written after each epoch, or after every `save_freq` batches. A later `fit` with the
    same folder takes them over and begins at the epoch that was not finished: after whole epochs,
    the result is that of a training which was never interrupted. A training that ends removes
    the folder unless `delete_checkpoint=False`. `double_checkpoint` keeps the state before as
    well, for the case that a write was interrupted. The model must be built before `fit`.
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: int | str = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        if not backup_dir:
            raise InvalidArgumentError("BackupAndRestore needs a folder: backup_dir is empty")
        if save_freq != "epoch" and not (isinstance(save_freq, int) and save_freq > 0):
            raise InvalidArgumentError(
                f"save_freq is 'epoch' or a positive number of batches; got {save_freq!r}"
            )
        self.backup_dir = os.fspath(backup_dir)
        self.save_freq = save_freq
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self._epoch = self._batch = self._waiting = 0

    @property
    def hears_batches(self) -> bool:
        """Batches matter only where they are counted."""
        return self.save_freq != "epoch"

    def _path(self, name: str) -> str:
        return os.path.join(self.backup_dir, name)

    # Restoring

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if not self.model.built:
            raise FailedPreconditionError(
                f"BackupAndRestore: the model {self.model.name!r} must be built before fit, or "
                "nothing can be restored; start it with keras.Input, or call it on data first"
            )
        self._epoch = self._batch = self._waiting = 0
        try:
            self._restore("")
        except (DataLossError, OSError):
            if not os.path.exists(self._path(_FORMER + _WEIGHTS)):
                raise
            self._restore(_FORMER)

    def _restore(self, prefix: str) -> None:
        weights, metadata = self._path(prefix + _WEIGHTS), self._path(prefix + _METADATA)
        if not os.path.exists(weights):
            return
        optimizer = self.model.optimizer
        if optimizer is not None and not optimizer.built:
            optimizer.build(self.model.trainable_variables)
        self.model.load_weights(weights)
        if not os.path.exists(metadata):
            return
        with open(metadata, encoding="utf-8") as file:
            try:
                found = json.load(file)
                self._epoch = int(found["epoch"])
            except (ValueError, KeyError, TypeError) as error:
                raise DataLossError(f"{metadata} is damaged: {error!r}") from error
        self.model._initial_epoch = self._epoch
        _restart(self.model, found.get("random", {}))

    # Saving

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch, self._batch = epoch + 1, 0
        if self.save_freq == "epoch":
            self._save()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._waiting += batch + 1 if batch <= self._batch else batch - self._batch
        self._batch = batch
        assert isinstance(self.save_freq, int)
        if self._waiting >= self.save_freq:
            self._waiting = 0
            self._save()

    def _save(self) -> None:
        import shutil

        os.makedirs(self.backup_dir, exist_ok=True)
        for name in (_WEIGHTS, _METADATA):
            if self.double_checkpoint and os.path.exists(self._path(name)):
                shutil.copyfile(self._path(name), self._path(_FORMER + name))
        self.model.save_weights(self._path(_WEIGHTS), overwrite=True)
        states = _random_states(self.model)
        metadata = {"epoch": self._epoch, "batch": self._batch, "random": states}
        write_bytes(self._path(_METADATA), json.dumps(metadata).encode())

    def on_train_end(self, logs: Logs | None = None) -> None:
        import shutil

        if self.delete_checkpoint and os.path.exists(self.backup_dir):
            shutil.rmtree(self.backup_dir)


def _generators(model: Any) -> list[SeedGenerator]:
    """The sources of random numbers in a model, each once."""
    layers = model._flatten_layers()
    found = [p for layer in layers for p in layer._parts() if isinstance(p, SeedGenerator)]
    return list({id(generator): generator for generator in found}.values())


def _random_states(model: Any) -> dict[str, Any]:
    """What the next random numbers depend on: the process's generator, and the layers' own."""
    own = [np.asarray(generator.state).tolist() for generator in _generators(model)]
    return {"process": np.asarray(random.get_global_generator().state).tolist(), "model": own}


def _restart(model: Any, states: dict[str, Any]) -> None:
    """Let random numbers go on from `states`; a backup that Keras wrote has none."""
    if states:
        random.get_global_generator().reset(np.array(states["process"], np.uint64))
        for generator, state in zip(_generators(model), states["model"], strict=True):
            generator.state.assign(np.array(state, np.uint32))
