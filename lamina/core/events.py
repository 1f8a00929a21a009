"""Files of events that TensorBoard shows: numbers, distributions, pictures and texts over steps.

`EventWriter` writes one file; `CURRENT` is what is written to where nobody names a writer. The
records and their layout are those of the package `tensorboard` (the extra of that name).
"""

from __future__ import annotations

import itertools
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from .errors import FailedPreconditionError, FileWriteError, InvalidArgumentError, describe
from .files import make_folder
from .packages import needed

_NUMBERS = itertools.count()  # so that two files of one second and process differ
_CHANNELS = {1: 0, 2: 4, 3: 2, 4: 6}  # of a picture, as PNG calls them
_GRAPH_OF_LAYERS = "graph_keras_model"  # TensorBoard's name for a Keras model in JSON


class EventWriter:
    """Writes events to a new file in `folder`, which is made; TensorBoard reads along.

    Records are on disk after `flush`, after `close`, and after every `max_queue` records or
    `flush_seconds`. Raises MissingPackageError where `tensorboard` is not installed.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        filename_suffix: str = "",
        max_queue: int = 10,
        flush_seconds: float = 120.0,
    ) -> None:
        import socket

        with needed("event files", "tensorboard", extra="tensorboard"):
            from tensorboard.summary.writer.record_writer import RecordWriter

        self.folder = os.fspath(folder)
        make_folder(self.folder)
        host = f"{socket.gethostname()}.{os.getpid()}.{next(_NUMBERS)}"
        name = f"events.out.tfevents.{int(time.time()):010d}.{host}{filename_suffix}"
        self.path = os.path.join(self.folder, name)
        self._lock = threading.Lock()
        with self._writing():
            self._records = RecordWriter(open(self.path, "wb"))  # noqa: SIM115 (see close)
        self._max_queue, self._flush_seconds = max_queue, flush_seconds
        self._waiting, self._flushed = 0, time.monotonic()
        self._write(file_version="brain.Event:2")
        self.flush()

    # What is written

    def scalar(self, tag: str, value: Any, step: int, description: str | None = None) -> None:
        """One number."""
        from tensorboard.plugins.scalar.summary_v2 import scalar_pb

        number = np.asarray(value)
        if number.size != 1 or number.dtype.kind not in "biuf":
            raise InvalidArgumentError(f"the scalar {tag!r} is one number; got {describe(value)}")
        summary = scalar_pb(tag, number.reshape(()).astype(np.float32), description)
        self._write(step=int(step), summary=summary)

    def histogram(
        self,
        tag: str,
        values: Any,
        step: int,
        buckets: int | None = None,
        description: str | None = None,
    ) -> None:
        """How numbers are distributed, counted in `buckets` (30) equal parts of their range."""
        from tensorboard.plugins.histogram.summary_v2 import histogram_pb

        numbers = np.asarray(values)
        if numbers.dtype.kind not in "biuf":
            raise InvalidArgumentError(
                f"the histogram {tag!r} is of numbers; got {describe(values)}"
            )
        finite = numbers[np.isfinite(numbers)]
        self._write(step=int(step), summary=histogram_pb(tag, finite, buckets, description))

    def text(self, tag: str, value: Any, step: int, description: str | None = None) -> None:
        """A text in Markdown; an array of texts is shown as a table."""
        from tensorboard.plugins.text.summary_v2 import text_pb

        texts = value if isinstance(value, str) else np.asarray(value).astype(str).astype(object)
        self._write(step=int(step), summary=text_pb(tag, texts, description))

    def image(
        self,
        tag: str,
        images: Any,
        step: int,
        max_outputs: int = 3,
        description: str | None = None,
    ) -> None:
        """Pictures (count, height, width, channels): whole numbers to 255, or floats to 1."""
        from tensorboard.plugins.image.metadata import create_summary_metadata

        pixels = np.asarray(images)
        if pixels.ndim != 4 or pixels.shape[-1] not in _CHANNELS or pixels.dtype.kind not in "uif":
            raise InvalidArgumentError(
                f"images are (count, height, width, 1 to 4 channels); got {describe(images)}"
            )
        if pixels.dtype.kind == "f":
            pixels = np.clip(pixels, 0, 1) * 255.5  # as TensorFlow rounds
        shown = np.clip(pixels[:max_outputs], 0, 255).astype(np.uint8)
        size = [str(pixels.shape[2]).encode(), str(pixels.shape[1]).encode()]
        found = np.array([*size, *map(_png, shown)], dtype=object)
        metadata = create_summary_metadata(display_name=None, description=description)
        self._tensor(tag, found, step, metadata)

    def keras_graph(self, tag: str, json: str, step: int = 0) -> None:
        """The layers of a model, from its JSON; TensorBoard draws them."""
        from tensorboard.compat.proto.summary_pb2 import SummaryMetadata

        plugin = SummaryMetadata.PluginData(plugin_name=_GRAPH_OF_LAYERS, content=b"1")
        found = np.array(json.encode(), dtype=object)
        self._tensor(tag, found, step, SummaryMetadata(plugin_data=plugin))

    def tensor(self, tag: str, value: Any, step: int, metadata: Any = None) -> None:
        """Numbers or texts for a plugin: `metadata` (a SummaryMetadata or its bytes) says whose."""
        from tensorboard.compat.proto.summary_pb2 import SummaryMetadata

        if isinstance(metadata, bytes):
            metadata = SummaryMetadata.FromString(metadata)
        self._tensor(tag, value, step, metadata)

    def raw(self, content: bytes, step: int) -> None:
        """Summaries as they stand: a Summary in its binary form."""
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
        from tensorboard.compat.proto.summary_pb2 import Summary

        try:
            summary = Summary.FromString(content)
        except (DecodeError, TypeError) as error:
            raise InvalidArgumentError(
                f"a Summary in binary form is expected; got {describe(content)}: {error}"
            ) from error
        self._write(step=int(step), summary=summary)

    def _tensor(self, tag: str, value: Any, step: int, metadata: Any) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.util.tensor_util import make_tensor_proto

        summary = Summary()
        summary.value.add(tag=tag, metadata=metadata, tensor=make_tensor_proto(value))
        self._write(step=int(step), summary=summary)

    # The file

    def _write(self, **fields: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        if self._records.closed:
            raise FailedPreconditionError(
                f"the event file {self.path} is closed; make a new writer"
            )
        data = Event(wall_time=time.time(), **fields).SerializeToString()
        with self._writing():
            self._records.write(data)
            self._waiting += 1
            late = time.monotonic() - self._flushed > self._flush_seconds
        if late or self._waiting >= self._max_queue:
            self.flush()

    def flush(self) -> None:
        """Put all that was written on disk."""
        with self._writing():
            if not self._records.closed:
                self._records.flush()
                self._waiting, self._flushed = 0, time.monotonic()

    def __del__(self) -> None:
        if "_records" in vars(self):
            with suppress(FileWriteError):  # it was told when it happened
                self.close()

    def close(self) -> None:
        """Write what is left and close the file."""
        with self._writing():
            if not self._records.closed:
                self._records.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except OSError as error:
            reason = error.strerror or error
            raise FileWriteError(f"{self.path} cannot be written: {reason}.") from error


class Current(threading.local):
    """Where summaries go that name no writer: this thread's writer, step, and whether to write."""

    writer: EventWriter | None = None
    step: int | None = None
    records: Callable[[], Any] | bool = True

    def is_recording(self) -> bool:
        """Whether there is a writer and it is wanted now."""
        wanted = self.records() if callable(self.records) else self.records
        return self.writer is not None and bool(wanted)


CURRENT = Current()


def _png(pixels: Any) -> bytes:
    """A picture (height, width, channels) of bytes as a PNG file."""
    import zlib

    height, width, channels = pixels.shape
    rows = pixels.reshape(height, width * channels)
    filtered = np.pad(rows, ((0, 0), (1, 0))).tobytes()  # each row begins with its filter: none

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, _CHANNELS[channels], 0, 0, 0)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(filtered)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
