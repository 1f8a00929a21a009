"""Saving the model, or its weights, as training goes on."""

from __future__ import annotations

import os
from string import Formatter
from typing import Any

from ...core.errors import ArgumentTypeError, InvalidArgumentError, MissingFileError
from ...core.files import check_folder, make_folder
from .base import Logs, say
from .counting import CountsBatches
from .monitor import MonitorCallback


class ModelCheckpoint(CountsBatches, MonitorCallback):
    """Saves the model after each epoch, or after every `save_freq` batches.

    `filepath` may hold `{epoch}` (from 1), `{batch}` and measures, with formats:
    "{epoch:02d}-{val_loss:.3f}.keras". It ends in .keras or .h5; with `save_weights_only`, it is a
    file or a checkpoint as `Model.save_weights` writes them. With `save_best_only`, only a value of
    `monitor` that is better than all before (and than `initial_value_threshold`) is saved. `period`
    is TensorFlow's former number of epochs from one file to the next.
    """

    kept = ("best", "_epochs")

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
        **former: Any,
    ) -> None:
        super().__init__(monitor, mode, initial_value_threshold)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self._save_after(save_freq)
        self.period = _period(former)
        self._epoch = self._epochs = 0
        self._check_fields()
        if not save_weights_only and not self.filepath.endswith((".keras", ".h5")):
            raise InvalidArgumentError(
                f"a file of a model ends in .keras or .h5; got {self.filepath!r}. With "
                "save_weights_only=True, it may be a checkpoint"
            )
        if save_weights_only and self.filepath.endswith(".keras"):
            raise InvalidArgumentError(
                f"a file of weights does not end in .keras; got {self.filepath!r}. Use .weights.h5"
            )

    def _check_fields(self) -> None:
        """Tell of fields of the file's name that nothing can fill, before work is lost."""
        try:
            names = {name for _, name, *_ in Formatter().parse(self.filepath) if name is not None}
            if self.save_freq == "epoch" and "batch" in names:
                raise ValueError("batch is known where save_freq is a number of batches")
            self.filepath.format(**(dict.fromkeys(names, _Measure()) | {"epoch": 1, "batch": 1}))
        except (ValueError, KeyError, IndexError, AttributeError) as error:
            raise InvalidArgumentError(
                f"the file name {self.filepath!r} cannot be filled in: {error}. Fields are "
                "{epoch}, {batch} and names of measures, with formats: {val_loss:.3f}"
            ) from None

    def get_state(self) -> Any:
        return {**super().get_state(), "counter": self._counter.state()}

    def set_state(self, state: Any) -> None:
        self._counter.restore(state["counter"])
        super().set_state({name: state[name] for name in self.kept})

    def on_train_begin(self, logs: Logs | None = None) -> None:
        folder = os.path.dirname(self.filepath)
        if "{" not in folder:
            check_folder(folder or ".")  # before work is lost

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch
        self._counter.start_epoch()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self._counter.is_due(batch):
            self._save({"batch": batch + 1, **(logs or {})}, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch
        self._epochs += 1
        if self.save_freq == "epoch" and self._epochs % self.period == 0:
            self._save(logs or {}, logs)

    def _save(self, fields: dict[str, Any], logs: Logs | None) -> None:
        path = self._path({"epoch": self._epoch + 1, **fields})
        if self.save_best_only and not self._is_best(logs):
            return
        if os.path.isdir(path):
            raise InvalidArgumentError(f"{path} is a folder; ModelCheckpoint needs a file's name")
        make_folder(os.path.dirname(path) or ".")
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)
        if self.verbose:
            say(f"Epoch {self._epoch + 1}: saved {path}")

    def _is_best(self, logs: Logs | None) -> bool:
        value = self.get_monitor_value(logs)
        if value is None:
            return True  # as Keras: rather one file too many than none
        better = self.is_improvement(value, self.best)
        if self.verbose:
            best = "" if self.best is None else f" from {self.best:.5g}"
            change = f"improved{best} to {value:.5g}" if better else f"did not improve{best}"
            say(f"Epoch {self._epoch + 1}: {self.monitor} {change}")
        if better:
            self.best = value
        return better

    def _path(self, fields: dict[str, Any]) -> str:
        try:
            return self.filepath.format(**fields)
        except (KeyError, IndexError) as error:
            raise MissingFileError(
                f"the file name {self.filepath!r} asks for {error}; known here are "
                f"{', '.join(fields)}"
            ) from None


class _Measure:
    """What takes any format, since a measure may be a number or a text."""

    def __format__(self, form: str) -> str:
        return ""


def _period(former: dict[str, Any]) -> int:
    """`period` among TensorFlow's former arguments."""
    period = former.pop("period", 1)
    if former.pop("options", None) is not None or former:
        raise ArgumentTypeError(
            f"ModelCheckpoint does not know {', '.join(former) or 'options'}; files are written "
            "to this machine's disk"
        )
    if not isinstance(period, int) or period < 1:
        raise InvalidArgumentError(f"period is a positive number of epochs; got {period!r}")
    return period
