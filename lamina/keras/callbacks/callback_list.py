"""The list that tells all callbacks."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any

from ...core import nest
from ...core.errors import ArgumentTypeError, InvalidArgumentError
from .base import HOOKS, Callback, Logs, hears
from .history import History
from .progress import ProgbarLogger


class CallbackList:
    """Callbacks that are told together, each only what it listens to.

    Where nobody listens to batches, `wants_train_batches` (and so on) is false, and the caller
    need not tell. The logs at the end of a batch may be given as a function: it is called where
    somebody needs them. As a context, the list lets callbacks give back what they hold, after an
    error, too.
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool | None = None,
        model: Any = None,
        **params: Any,
    ) -> None:
        params["verbose"] = verbosity(params.get("verbose", 0))
        self.callbacks = [] if callbacks is None else nest.flatten(callbacks)
        for callback in self.callbacks:
            if not any(hasattr(callback, hook) for hook in HOOKS) or isinstance(callback, type):
                raise ArgumentTypeError(
                    f"callbacks are objects with hooks such as on_epoch_end; got {callback!r:.80}"
                    f"{'. Make an object of the class first' * isinstance(callback, type)}"
                )
        if params["verbose"] if add_progbar is None else add_progbar:
            self._provide(ProgbarLogger, 0)
        if add_history:
            self._provide(History, len(self.callbacks))
        self._depth = 0
        self._told: dict[str, list[Callable[..., Any]]] = {}
        self.set_params(params)
        self.set_model(model)

    def _provide(self, kind: type[Callback], place: int) -> None:
        if not any(isinstance(callback, kind) for callback in self.callbacks):
            self.callbacks.insert(place, kind())

    def append(self, callback: Any) -> None:
        """One more."""
        self.callbacks.append(callback)
        self._told = {}

    def set_params(self, params: dict[str, Any]) -> None:
        """Tell all of them `params`."""
        self.params = params
        self._told = {}
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Tell all of them the model."""
        self.model = model
        for callback in self.callbacks:
            callback.set_model(model)

    def __enter__(self) -> CallbackList:
        self._depth += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._depth -= 1
        for callback in self.callbacks:
            if not self._depth and isinstance(callback, Callback):
                callback._release()

    def _listeners(self, hook: str) -> list[Callable[..., Any]]:
        """The methods to call, found once."""
        if hook not in self._told:
            heard = [callback for callback in self.callbacks if hears(callback, hook)]
            heard.sort(key=lambda callback: getattr(callback, "comes_last", False))
            self._told[hook] = [getattr(callback, hook) for callback in heard]
        return self._told[hook]

    def _wants(self, kind: str) -> bool:
        return any(self._listeners(f"on_{kind}_batch_{end}") for end in ("begin", "end"))

    def wants_each(self, kind: str) -> bool:
        """Whether a callback listens to each batch; the progress is content with some of them.

        So are those that say by `batches_left()` how many may pass before they want to hear.
        """
        return any(
            not isinstance(listener, ProgbarLogger) and not hasattr(listener, "batches_left")
            for end in ("begin", "end")
            for listener in self._listening(f"on_{kind}_batch_{end}")
        )

    def _listening(self, hook: str) -> list[Any]:
        """The callbacks whose hook it is, or the functions."""
        return [getattr(method, "__self__", None) for method in self._listeners(hook)]

    def batches_left(self, kind: str) -> int:
        """How many batches may pass before a callback that counts them wants to hear."""
        counting = self._listening(f"on_{kind}_batch_end")
        found = [each.batches_left() for each in counting if hasattr(each, "batches_left")]
        return min(found, default=1 << 62)

    def end_span(self, kind: str, batch: int, logs: Any) -> None:
        """Tell of a batch all but the progress."""
        self._tell_end(f"on_{kind}_batch_end", batch, logs, progress=False)

    def show_progress(self, kind: str, batch: int, logs: Any) -> None:
        """Tell of a batch the progress alone."""
        hook = f"on_{kind}_batch_end"
        for method, listener in zip(self._listeners(hook), self._listening(hook), strict=True):
            if isinstance(listener, ProgbarLogger):
                method(batch, logs)

    @property
    def wants_train_batches(self) -> bool:
        """Whether any callback listens to the batches of training."""
        return self._wants("train")

    @property
    def wants_test_batches(self) -> bool:
        """Whether any callback listens to the batches of evaluation."""
        return self._wants("test")

    @property
    def wants_predict_batches(self) -> bool:
        """Whether any callback listens to the batches of prediction."""
        return self._wants("predict")

    def _tell(self, hook: str, *arguments: Any) -> None:
        for method in self._listeners(hook):
            method(*arguments)

    def _tell_end(
        self,
        hook: str,
        batch: int,
        logs: Logs | Callable[[], Logs] | None,
        progress: bool = True,
    ) -> None:
        """The end of a batch: logs are worked out once, for the first who looks at them."""
        found: Logs | None = None
        for method in self._listeners(hook):
            if isinstance(getattr(method, "__self__", None), ProgbarLogger):
                if progress:
                    method(batch, logs)
                continue
            if found is None:
                found = (logs() if callable(logs) else logs) or {}
            method(batch, found)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._tell("on_train_begin", logs or {})

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._tell("on_train_end", logs or {})

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._tell("on_epoch_begin", epoch, logs or {})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._tell("on_epoch_end", epoch, {} if logs is None else logs)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._tell("on_train_batch_begin", batch, logs or {})

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._tell_end("on_train_batch_end", batch, logs)

    on_batch_begin = on_train_batch_begin
    on_batch_end = on_train_batch_end

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._tell("on_test_begin", logs or {})

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._tell("on_test_end", logs or {})

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._tell("on_test_batch_begin", batch, logs or {})

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self._tell_end("on_test_batch_end", batch, logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._tell("on_predict_begin", logs or {})

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._tell("on_predict_end", logs or {})

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._tell("on_predict_batch_begin", batch, logs or {})

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        self._tell_end("on_predict_batch_end", batch, logs)


def verbosity(verbose: Any) -> int:
    """`verbose` as 0 (silent), 1 (a progress bar) or 2 (a line an epoch); 'auto' is 1."""
    if verbose == "auto":
        return 1
    if verbose in (0, 1, 2):  # also False and True
        return int(verbose)
    raise InvalidArgumentError(
        f"verbose is 0 (silent), 1 (a progress bar), 2 (a line an epoch) or 'auto'; got {verbose!r}"
    )
