"""A callback made of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.errors import ArgumentTypeError, nearest
from .base import HOOKS, Callback

Hook = Callable[..., Any] | None


class LambdaCallback(Callback):
    """Calls functions at hooks, each with the hook's arguments.

    Example:
        LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
    """

    def __init__(
        self,
        on_epoch_begin: Hook = None,
        on_epoch_end: Hook = None,
        on_train_begin: Hook = None,
        on_train_end: Hook = None,
        on_train_batch_begin: Hook = None,
        on_train_batch_end: Hook = None,
        **others: Hook,
    ) -> None:
        super().__init__()
        for name in others:
            if name not in HOOKS:
                raise ArgumentTypeError(f"no hook is called {name!r}.{nearest(name, HOOKS)}")
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **others,
        }
        for name, function in given.items():
            if function is not None:
                setattr(self, name, function)
