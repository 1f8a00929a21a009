"""tf.train.CheckpointManager: several checkpoints of one program, old ones removed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from ..core.errors import InvalidArgumentError
from ..core.files import FilePath
from ..ir.graph import eagerly
from . import files
from .checkpoint import Checkpoint, CheckpointOptions


class CheckpointManager:
    """Saves a checkpoint again and again in `directory`, and keeps the last `max_to_keep`.

    `keep_checkpoint_every_n_hours`: of those that would go, one in so many hours stays.
    `step_counter` and `checkpoint_interval`: `save` does nothing before so many more steps.
    `init_fn`: called by `restore_or_initialize` where there is no checkpoint yet.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        directory: FilePath,
        max_to_keep: int | None,
        keep_checkpoint_every_n_hours: float | None = None,
        checkpoint_name: str = "ckpt",
        step_counter: Any = None,
        checkpoint_interval: int | None = None,
        init_fn: Callable[[], Any] | None = None,
    ) -> None:
        if max_to_keep is not None and max_to_keep <= 0:
            raise InvalidArgumentError(f"max_to_keep is positive or None; got {max_to_keep}")
        if checkpoint_interval is not None and step_counter is None:
            raise InvalidArgumentError("checkpoint_interval needs a step_counter")
        self.checkpoint = checkpoint
        self._directory = os.fspath(directory)
        self._max_to_keep = max_to_keep
        self._hours = keep_checkpoint_every_n_hours
        self._prefix = os.path.join(self._directory, checkpoint_name)
        self._step_counter = step_counter
        self._interval = checkpoint_interval
        self._init = init_fn
        self._last_step: int | None = None
        self._last_kept = time.time()
        self._kept: dict[str, float] = {}  # prefixes and when they were written
        state = files.get_checkpoint_state(self._directory)
        if state is not None:
            times = state.all_model_checkpoint_timestamps
            every = state.all_model_checkpoint_paths
            if len(times) != len(every):
                times = [self._last_kept] * len(every)
            self._kept = {
                prefix: moment
                for prefix, moment in zip(every, times, strict=True)
                if os.path.exists(f"{prefix}{files.ENDING}")
            }

    @property
    def directory(self) -> str:
        return self._directory

    @property
    def checkpoint_interval(self) -> int | None:
        return self._interval

    @property
    def checkpoints(self) -> list[str]:
        """Those that are kept, the oldest first."""
        return list(self._kept)

    @property
    def latest_checkpoint(self) -> str | None:
        return self.checkpoints[-1] if self._kept else None

    def save(
        self,
        checkpoint_number: Any = None,
        check_interval: bool = True,
        options: CheckpointOptions | None = None,
    ) -> str | None:
        """Write one more; its prefix, or None where the interval is not over yet.

        Its number counts up, or is `checkpoint_number`.
        """
        step = None if self._step_counter is None else int(self._step_counter)
        if check_interval and self._interval and self._last_step is not None:
            assert step is not None
            if step < self._last_step + self._interval:
                return None
        with eagerly():
            self.checkpoint.save_counter.assign_add(1)
        number = int(
            self.checkpoint.save_counter if checkpoint_number is None else checkpoint_number
        )
        prefix = self.checkpoint.write(f"{self._prefix}-{number}", options)
        self._last_step = step
        self._kept.pop(prefix, None)
        self._kept[prefix] = time.time()
        gone = self._surplus()
        files.write_state(self._directory, self.checkpoints, list(self._kept.values()))
        for old in gone:
            with suppress(OSError):
                os.remove(f"{old}{files.ENDING}")
        return prefix

    def _surplus(self) -> list[str]:
        """Take the oldest ones from the list; those whose files are to go."""
        gone = []
        while self._max_to_keep is not None and len(self._kept) > self._max_to_keep:
            oldest, moment = next(iter(self._kept.items()))
            del self._kept[oldest]
            if self._hours is not None and moment - self._last_kept >= 3600 * self._hours:
                self._last_kept = moment
            else:
                gone.append(oldest)
        return gone

    def restore_or_initialize(self) -> str | None:
        """Restore the latest checkpoint and give its prefix; else call `init_fn`, and None."""
        if self.latest_checkpoint is not None:
            self.checkpoint.restore(self.latest_checkpoint)
            if self._step_counter is not None:
                self._last_step = int(self._step_counter)
            return self.latest_checkpoint
        if self._init is not None:
            self._init()
        return None

    def sync(self) -> None:
        """Files are complete when `save` returns; there is nothing to wait for."""


def checkpoints_iterator(
    checkpoint_dir: FilePath,
    min_interval_secs: float = 0,
    timeout: float | None = None,
    timeout_fn: Callable[[], bool] | None = None,
) -> Iterator[str]:
    """Each new latest checkpoint of a folder; waits for the next one, at most `timeout` seconds.

    After a timeout it ends, unless `timeout_fn` gives False.
    """
    last = None
    while True:
        limit = None if timeout is None else time.monotonic() + timeout
        while (found := files.latest_checkpoint(checkpoint_dir)) in (None, last):
            if limit is not None and time.monotonic() + 0.01 > limit:
                break
            time.sleep(0.01)
        if found is None or found == last:
            if timeout_fn is None or timeout_fn():
                return
            continue
        last = found
        started = time.monotonic()
        yield found
        time.sleep(max(0.0, started + min_interval_secs - time.monotonic()))
