"""tf.summary: numbers, distributions, pictures and texts for TensorBoard, over steps.

Inside a traced function each run writes anew, to the writer in force when it was traced.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..core.errors import ArgumentTypeError, InvalidArgumentError
from ..core.events import CURRENT, EventWriter
from ..core.scopes import current_prefix, entered
from ..core.spaces import Space
from ..prims.control import observe
from ..tensor.convert import is_tensor_like, to_tensor
from .names import namespace


class SummaryWriter:
    """Writes to one event file while it is the default: `with writer.as_default():`."""

    def __init__(self, events: EventWriter | None) -> None:
        self._events = events

    @contextmanager
    def as_default(self, step: Any = None) -> Iterator[SummaryWriter]:
        """Let summaries go here, with `step` where that is given."""
        before = CURRENT.writer, CURRENT.step
        self.set_as_default(step)
        try:
            yield self
        finally:
            self.flush()
            CURRENT.writer, CURRENT.step = before

    def set_as_default(self, step: Any = None) -> None:
        """Let summaries go here from now on."""
        CURRENT.writer = self._events
        if step is not None:
            CURRENT.step = step

    def init(self) -> None:
        """The file is there from the start."""

    def flush(self) -> None:
        """Put all that was written on disk."""
        if self._events is not None:
            self._events.flush()

    def close(self) -> None:
        """Write what is left and close the file."""
        if self._events is not None:
            self._events.close()


def create_file_writer(
    logdir: str | os.PathLike[str],
    max_queue: int | None = None,
    flush_millis: int | None = None,
    filename_suffix: str | None = None,
    name: str | None = None,
    experimental_trackable: bool = False,
) -> SummaryWriter:
    """A writer of a new event file in `logdir`. MissingPackageError without `tensorboard`."""
    return SummaryWriter(
        EventWriter(
            logdir,
            ".v2" if filename_suffix is None else filename_suffix,
            10 if max_queue is None else int(max_queue),
            120.0 if flush_millis is None else float(flush_millis) / 1000,
        )
    )


def create_noop_writer() -> SummaryWriter:
    """A writer that writes nothing."""
    return SummaryWriter(None)


def flush(writer: SummaryWriter | None = None, name: str | None = None) -> None:
    """Put on disk what `writer` (None: the default one) has written."""
    if writer is not None:
        writer.flush()
    elif CURRENT.writer is not None:
        CURRENT.writer.flush()


# When something is written ------------------------------------------------------------------------


@contextmanager
def record_if(condition: Any) -> Iterator[None]:
    """Write only while `condition` holds: a truth value, or a function without arguments."""
    before = CURRENT.records
    CURRENT.records = condition
    try:
        yield
    finally:
        CURRENT.records = before


def _wanted() -> Any:
    """Whether to write: a truth value, or a tensor of a traced function."""
    if CURRENT.writer is None:
        return False
    wanted = CURRENT.records
    return wanted() if callable(wanted) else wanted


def should_record_summaries() -> Any:
    """Whether a summary would be written now."""
    wanted = _wanted()
    return wanted if is_tensor_like(wanted) else bool(wanted)


def get_step() -> Any:
    """The step of summaries that name none; None where it is not set."""
    return CURRENT.step


def set_step(step: Any) -> None:
    """Let `step` (a number or a variable) be that of summaries that name none."""
    CURRENT.step = step


@contextmanager
def summary_scope(
    name: str, default_name: str = "summary", values: Any = None
) -> Iterator[tuple[str, str]]:
    """A tag for `name` below the name scope in force, and that scope."""
    with entered(name or default_name) as scope:
        yield scope.removesuffix("/"), scope


# What is written ----------------------------------------------------------------------------------


def _record(
    kind: str, name: str, step: Any, data: Any, write: Callable[[EventWriter, str, Any, int], None]
) -> Any:
    """Let `write(writer, tag, numbers, step)` happen, now or in each run; whether it does."""
    writer, wanted = CURRENT.writer, should_record_summaries()
    if writer is None or wanted is False:
        return False
    moment = CURRENT.step if step is None else step
    if moment is None:
        raise InvalidArgumentError(
            f"tf.summary.{kind} needs a step: pass step=, or call "
            "tf.summary.experimental.set_step(step) first"
        )
    tag = f"{current_prefix()}{name}"
    values = [to_tensor(moment), to_tensor(wanted), *([data] if is_tensor_like(data) else [])]

    def happen(at: Any, condition: Any, *known: Any) -> None:
        if condition.all():
            write(writer, tag, known[0] if known else data, int(at))

    observe([to_tensor(value) for value in values], happen)
    return wanted


def scalar(name: str, data: Any, step: Any = None, description: str | None = None) -> Any:
    """Write one number. True where it was written."""
    number = to_tensor(data)
    return _record("scalar", name, step, number, lambda w, t, x, s: w.scalar(t, x, s, description))


def histogram(
    name: str,
    data: Any,
    step: Any = None,
    buckets: int | None = None,
    description: str | None = None,
) -> Any:
    """Write how numbers are distributed, counted in `buckets` (30)."""
    numbers = to_tensor(data)
    return _record(
        "histogram",
        name,
        step,
        numbers,
        lambda w, t, x, s: w.histogram(t, x, s, buckets, description),
    )


def text(name: str, data: Any, step: Any = None, description: str | None = None) -> Any:
    """Write a text in Markdown; several are shown as a table."""
    if not is_tensor_like(data) and not isinstance(data, (str, bytes, list, tuple, np.ndarray)):
        raise ArgumentTypeError(f"tf.summary.text expects texts; got {type(data).__name__}")
    return _record("text", name, step, data, lambda w, t, x, s: w.text(t, x, s, description))


def image(
    name: str,
    data: Any,
    step: Any = None,
    max_outputs: int = 3,
    description: str | None = None,
) -> Any:
    """Write pictures (count, height, width, channels): whole numbers to 255, or floats to 1."""
    return _record(
        "image", name, step, to_tensor(data),
        lambda w, t, x, s: w.image(t, x, s, int(max_outputs), description),
    )  # fmt: skip


def write(name: str, tensor: Any, step: Any = None, metadata: Any = None) -> Any:
    """Write a tensor for the plugin that `metadata` (a SummaryMetadata or its bytes) names."""
    value = to_tensor(tensor)
    return _record("write", name, step, value, lambda w, t, x, s: w.tensor(t, x, s, metadata))


def write_raw_pb(tensor: Any, step: Any = None, name: str | None = None) -> Any:
    """Write summaries that are there already: a Summary in its binary form."""
    content = to_tensor(tensor)
    return _record("write_raw_pb", "", step, content, lambda w, _, x, s: w.raw(_bytes_of(x), s))


def _bytes_of(content: Any) -> bytes:
    found: bytes = np.asarray(content).item()
    return found


experimental = Space(
    "lamina.summary.experimental",
    get_step=get_step,
    set_step=set_step,
    summary_scope=summary_scope,
    write_raw_pb=write_raw_pb,
)

__all__ = [
    "SummaryWriter", "create_file_writer", "create_noop_writer", "experimental", "flush",
    "histogram", "image", "record_if", "scalar", "should_record_summaries", "text", "write",
]  # fmt: skip
__getattr__ = namespace(__name__, __all__)
