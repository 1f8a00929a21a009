"""Events for TensorBoard: measures, weights and layers of a training."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np

from ...core.callers import warn
from ...core.errors import InvalidArgumentError, OpError
from ...core.events import CURRENT, EventWriter
from ...core.files import make_folder, replacing
from .base import Callback, Logs

_PROJECTOR = "projector_config.pbtxt"


class TensorBoard(Callback):
    """Writes what `tensorboard --logdir log_dir` shows: `train` and `validation` are its runs.

    `epoch_…` are the measures of epochs, with the learning rate; `batch_…` those after every
    `update_freq` batches ("batch" is 1, "epoch" none); `evaluation_…_vs_iterations` those of
    validation over the optimizer's updates. Every `histogram_freq` epochs come the weights as
    distributions (with `write_images`, as pictures too); every `embeddings_freq` epochs the rows
    of embeddings for the projector, with the files of labels that `embeddings_metadata` names
    (one, or by layer). `write_graph` writes the layers of sequential and functional models.
    `write_steps_per_second` times the steps. While training goes batch by batch, `tf.summary`
    writes to the same files.

    There is no profile to be written: `profile_batch` other than 0 raises InvalidArgumentError.
    """

    kept = ("_train_batch", "_test_batch")

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: int | str = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ) -> None:
        super().__init__()
        if profile_batch:
            raise InvalidArgumentError(
                f"profile_batch must be 0: there is no profiler of TensorBoard's kind; got "
                f"{profile_batch!r}. LAMINA_DEBUG=times prints where the time goes."
            )
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = 1 if update_freq == "batch" else update_freq
        self.embeddings_freq = embeddings_freq
        self.embeddings_metadata = embeddings_metadata
        if self.update_freq != "epoch" and not _is_positive(self.update_freq):
            raise InvalidArgumentError(
                f"update_freq is 'epoch', 'batch' or a positive number of batches; got "
                f"{update_freq!r}"
            )
        self._writers: dict[str, EventWriter] = {}
        self._kept: list[tuple[Any, ...]] = []  # what `tf.summary` wrote to before
        self._train_batch = self._test_batch = 0
        self._updates_before, self._epoch_start, self._batch_start = 0, 0.0, 0.0

    @property
    def hears_batches(self) -> bool:
        """Batches matter only where they are written."""
        return self.update_freq != "epoch"

    def _writer(self, run: str) -> EventWriter:
        if run not in self._writers:
            self._writers[run] = EventWriter(os.path.join(self.log_dir, run))
        return self._writers[run]

    def set_model(self, model: Any) -> None:
        """Take `model` over, and write its layers."""
        self.model = model
        self._writers = {}
        if model is None:
            return
        if self.write_graph and hasattr(model, "inputs") and model.built:
            writer = self._writer("train")
            try:
                writer.keras_graph("keras", model.to_json())
            except (OpError, TypeError) as error:
                warn(f"TensorBoard gets no graph of layers: {error}")
        if self.embeddings_freq:
            self._announce_embeddings()

    # Training

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._train_batch = 0
        self._enter("train", 0)

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._leave()
        for writer in self._writers.values():
            writer.close()

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._train_batch += 1
        self._leave()
        self._enter("train", self._train_batch)
        self._batch_start = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if not CURRENT.is_recording():
            return
        writer, step = self._writer("train"), self._train_batch
        if self.write_steps_per_second:
            seconds = max(time.perf_counter() - self._batch_start, 1e-9)
            writer.scalar("batch_steps_per_second", 1 / seconds, step)
        for name, value in (logs or {}).items():
            writer.scalar(f"batch_{name}", value, step)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if self.write_steps_per_second:
            self._updates_before = _updates(self.model)
            self._epoch_start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs:
            self._write_measures(epoch, logs)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            for layer in self._embeddings():
                with replacing(self._rows_path(layer)) as file:
                    np.savetxt(file, np.asarray(layer.embeddings), delimiter="\t")
        self._flush()  # a training that is killed keeps its whole epochs

    # Evaluation

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._enter("validation", self._test_batch)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._test_batch += 1
        self._leave()
        self._enter("validation", self._test_batch)

    def on_test_end(self, logs: Logs | None = None) -> None:
        if self.model.optimizer is not None:
            step = _updates(self.model)
            for name, value in (logs or {}).items():
                self._writer("validation").scalar(f"evaluation_{name}_vs_iterations", value, step)
        self._leave()
        self._flush()

    def _flush(self) -> None:
        for writer in self._writers.values():
            writer.flush()

    # What is written

    def _write_measures(self, epoch: int, logs: Logs) -> None:
        measures = {name: value for name, value in logs.items() if not name.startswith("val_")}
        rate = getattr(self.model.optimizer, "learning_rate", None)
        if rate is not None:
            measures["learning_rate"] = float(rate)
        if self.write_steps_per_second:
            seconds = max(time.perf_counter() - self._epoch_start, 1e-9)
            updates = _updates(self.model) - self._updates_before
            measures["steps_per_second"] = updates / seconds
        for name, value in measures.items():
            self._writer("train").scalar(f"epoch_{name}", value, epoch)
        for name, value in logs.items():
            if name.startswith("val_"):
                run = self._writer("validation")
                run.scalar(f"epoch_{name.removeprefix('val_')}", value, epoch)

    def _write_weights(self, epoch: int) -> None:
        writer = self._writer("train")
        for layer in self.model.layers:
            for weight in layer.weights:
                name = weight.path
                writer.histogram(f"{name}/histogram", weight, epoch)
                picture = _picture(np.asarray(weight)) if self.write_images else None
                if picture is not None:
                    writer.image(f"{name}/image", picture, epoch)
        writer.flush()

    def _enter(self, run: str, step: int) -> None:
        """Let `tf.summary` write to a run, where batches are written."""
        if self.update_freq == "epoch":
            return
        frequency = self.update_freq
        assert isinstance(frequency, int)
        self._kept.append((CURRENT.writer, CURRENT.step, CURRENT.records))
        CURRENT.writer, CURRENT.step = self._writer(run), step
        CURRENT.records = step % frequency == 0

    def _leave(self) -> None:
        if self._kept:
            CURRENT.writer, CURRENT.step, CURRENT.records = self._kept.pop()

    def _release(self) -> None:
        while self._kept:
            self._leave()

    # Embeddings

    def _embeddings(self) -> list[Any]:
        return [layer for layer in self.model.layers if hasattr(layer, "embeddings")]

    def _rows_path(self, layer: Any) -> str:
        return os.path.join(self.log_dir, f"{layer.name}.tsv")

    def _announce_embeddings(self) -> None:
        """Tell the projector which files hold rows, and which hold their labels."""
        names = [layer.name for layer in self._embeddings()]
        labels = self.embeddings_metadata or {}
        labels = dict.fromkeys(names, labels) if isinstance(labels, str) else labels
        unknown = set(labels) - set(names)
        if unknown:
            raise InvalidArgumentError(
                f"embeddings_metadata names {min(unknown)!r}; the embeddings are {', '.join(names)}"
            )
        entries = []
        for layer in self._embeddings():
            fields = {"tensor_name": layer.name, "tensor_path": f"{layer.name}.tsv"}
            if layer.name in labels:
                fields["metadata_path"] = os.fspath(labels[layer.name])
            inner = "".join(f'  {key}: "{value}"\n' for key, value in fields.items())
            entries.append(f"embeddings {{\n{inner}}}\n")
        make_folder(self.log_dir)
        with open(os.path.join(self.log_dir, _PROJECTOR), "w", encoding="utf-8") as file:
            file.write("".join(entries))


def _is_positive(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number > 0


def _updates(model: Any) -> int:
    return int(np.asarray(model.optimizer.iterations))


def _picture(weight: Any) -> Any:
    """A weight as a picture lying on its long side; None for more than three axes."""
    values = np.squeeze(weight)
    if values.ndim == 1:
        return values.reshape(1, -1, 1, 1)
    if values.ndim == 2:
        values = values.T if values.shape[0] > values.shape[1] else values
        return values.reshape(1, *values.shape, 1)
    return None
