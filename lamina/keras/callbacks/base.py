"""What listens to training: the base class, and the list that tells everybody."""

from __future__ import annotations

from typing import Any, ClassVar

from ...core.errors import DataLossError
from ...core.output import write_line
from ...core.showing import shown
from ..settings import is_interactive_logging_enabled

Logs = dict[str, Any]


class Callback:
    """Hears what happens in fit, evaluate and predict: subclass it and override hooks.

    `self.model` is the model, `self.params` a dict with "verbose", "epochs" and "steps". Epochs
    and batches count from 0. `logs` holds the measures so far by name, as Python numbers. Batches
    cost time only where a hook of a batch is overridden.
    """

    model: Any = None
    params: dict[str, Any] | None = None
    comes_last = False  # whether it hears after all others
    kept: ClassVar[tuple[str, ...]] = ()  # attributes that `get_state` gives

    def get_state(self) -> Any:
        """What the callback must have to go on with an interrupted training; None for nothing.

        Numbers, text, arrays, and lists and dicts of them, which `BackupAndRestore` keeps.
        """
        return {name: getattr(self, name) for name in type(self).kept} or None

    def set_state(self, state: Any) -> None:
        """Take over what `get_state` gave: after `on_train_begin`, and after `on_epoch_begin`.

        Those attributes and no others: what a file names does not decide what is set.
        """
        known = self.get_state() or {}
        for name, value in state.items():
            if name not in known:
                raise DataLossError(f"a {type(self).__name__} does not keep {shown(name, 80)!r}")
            setattr(self, name, value)

    def set_params(self, params: dict[str, Any]) -> None:
        """Take `params` over."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Take `model` over."""
        self.model = model

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Training begins."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Training ends; `logs` are those of the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """An epoch begins."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """An epoch ends; `logs` has those of validation too, as `val_…`."""

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """The former name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """The former name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of training begins."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of training ends."""
        self.on_batch_end(batch, logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Evaluation begins (also that of an epoch)."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Evaluation ends."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of evaluation begins."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of evaluation ends."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Prediction begins."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Prediction ends."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of prediction begins."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of prediction ends; `logs["outputs"]` holds its outputs."""

    def _release(self) -> None:
        """Training, evaluation or prediction is over, after an error, too."""


HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))
_FORMER = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}


def say(text: str) -> None:
    """A line for the person at the screen, or for the log where nobody sits there."""
    if not is_interactive_logging_enabled():
        _log(text)
        return
    write_line(text)


def _log(text: str) -> None:
    import logging

    logging.getLogger("lamina").info("%s", text)


def hears(callback: Any, hook: str) -> bool:
    """Whether `callback` does anything in `hook`."""
    method = getattr(callback, hook, None)
    if method is None or ("_batch_" in hook and not getattr(callback, "hears_batches", True)):
        return False
    if getattr(method, "__func__", method) is not getattr(Callback, hook):
        return True
    return hook in _FORMER and hears(callback, _FORMER[hook])
