"""compile, fit, evaluate, predict: what makes a layer a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from ...core import nest
from ...core.callers import warn
from ...core.dtypes import STRING
from ...core.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
)
from ...tensor.function import Function
from .. import optimizers
from ..columns import Columns
from ..configurable import deserialize_nested, serialize
from ..layers.context import CHANGES, LEARNED
from ..layers.layer import Layer
from ..layers.symbolic import KerasTensor, spec_of_shape, trace_call
from ..metrics import Mean
from ..optimizers.state import SCHEDULED
from ..settings import max_epochs
from . import loop
from .compiled import CompiledLoss, CompiledMetrics
from .data import Batches, arrays_of, unpack_x_y_sample_weight
from .feed import feed_for, feeds_for_fit, is_stream
from .generators import GeneratorMethods, set_workers
from .prediction import predict
from .serving import Frozen, Serving
from .single import SingleSteps
from .state import TrainingState
from .stepper import Stepper
from .steps import Steps
from .table_checks import EVALUATE, FIT, PREDICT
from .tables import inputs_of, take, take_validation


class Trainer(GeneratorMethods, Steps):
    """The training half of a model; `Model` adds it to `Layer`."""

    name: str
    built: bool
    stop_training: bool
    history: Any
    _columns: Columns | None = None

    def _init_trainer(self) -> None:
        self._training = TrainingState()
        self.stop_training = False
        self.history = None

    # compile ------------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Say how the model is trained: optimizer, losses and metrics (one, or one an output).

        `run_eagerly=True` runs the Python code of each step. A step is compiled as the backend in
        force does it, so `jit_compile` changes nothing. `auto_scale_loss`: a model with the policy
        "mixed_float16" is trained by a LossScaleOptimizer.
        """
        group = 1 if steps_per_execution is None else steps_per_execution
        if int(group) != group or group < 1:
            raise InvalidArgumentError(f"steps_per_execution is a positive integer; got {group!r}")
        names = self._output_names()
        state = TrainingState()
        state.optimizer = optimizers.get(optimizer)
        policy = self.dtype_policy.name  # type: ignore[attr-defined]
        if auto_scale_loss and policy == "mixed_float16" and state.optimizer is not None:
            state.optimizer = optimizers.scaled(state.optimizer)
        state.loss = None if loss is None else CompiledLoss(loss, loss_weights, names)
        state.metrics = CompiledMetrics(metrics, weighted_metrics, names)
        state.loss_tracker = Mean(name="loss")
        state.run_eagerly = bool(run_eagerly)
        state.jit_compile = bool(jit_compile)
        state.trainable = [(layer, layer._trainable) for layer in self._flatten_layers()]  # type: ignore[attr-defined]
        state.steps_per_execution = int(group)
        self._training = state
        self._compile_arguments = {
            "optimizer": state.optimizer,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": jit_compile,
        }
        self.stop_training = False

    def get_compile_config(self) -> dict[str, Any]:
        """The arguments of `compile` as plain data; empty for a model that was not compiled."""
        found: dict[str, Any] = serialize(self._compile_arguments) if self.compiled else {}
        return found

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile with what `get_compile_config` gave, here or in Keras, and make the slots."""
        if type(self).compile is not Trainer.compile:
            warn(
                f"{type(self).__name__} has a compile() of its own, which loading does not call; "
                "compile the model yourself, or define compile_from_config()"
            )
            return
        self.compile(**deserialize_nested(config))
        if self.built and self.optimizer is not None:
            self.optimizer.build(self.trainable_weights)  # type: ignore[attr-defined]

    def _output_names(self) -> list[str] | None:
        try:
            names: list[str] = self.output_names  # type: ignore[attr-defined]
        except (AttributeError, FailedPreconditionError):
            return None
        return names

    @property
    def compiled(self) -> bool:
        return self._training.loss_tracker is not None

    @property
    def input_columns(self) -> tuple[str, ...] | None:
        """The names of the columns that the model was trained on; None for unnamed ones."""
        return None if self._columns is None else self._columns.inputs

    @property
    def optimizer(self) -> Any:
        return self._training.optimizer

    @optimizer.setter
    def optimizer(self, value: Any) -> None:
        self._training.optimizer = value

    @property
    def loss(self) -> Any:
        return self._training.loss.given if self._training.loss else None

    @property
    def steps_per_execution(self) -> int:
        """How many batches are one to callbacks."""
        return self._training.steps_per_execution

    @steps_per_execution.setter
    def steps_per_execution(self, value: int) -> None:
        self._training.steps_per_execution = value

    @property
    def run_eagerly(self) -> bool:
        return self._training.run_eagerly

    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None:
        self._training.run_eagerly = bool(value)
        self._forget_programs()

    @property
    def jit_compile(self) -> bool:
        """What was asked for; steps are compiled as the backend in force does it."""
        return self._training.jit_compile

    @jit_compile.setter
    def jit_compile(self, value: Any) -> None:
        self._training.jit_compile = bool(value)

    # Programs -----------------------------------------------------------------------------------

    def _program(self, kind: str, step: Callable[..., Any]) -> Callable[..., Any]:
        """`step` traced once for the weights that are trainable now; plain when run eagerly."""
        state = self._training
        if state.run_eagerly:
            return step
        key = self._program_key(kind)
        if key not in state.programs:
            state.programs[key] = Function(step, symbolic_batch=True, eager=kind == "results")
        return state.programs[key]

    def _program_key(self, kind: str) -> Any:
        """What the program depends on; for predictions, not on which weights are trained."""
        state = self._training
        if kind != "predict":
            flags = tuple(layer._trainable for layer in self._flatten_layers())  # type: ignore[attr-defined]
            trained = tuple(id(weight) for weight in self.trainable_weights)  # type: ignore[attr-defined]
            return kind, LEARNED[0], SCHEDULED[0], flags, trained
        if state.layers is None or state.layers[0] != CHANGES[0]:
            state.layers = CHANGES[0], self._flatten_layers()  # type: ignore[attr-defined]
        return kind, LEARNED[0], tuple(layer._trainable for layer in state.layers[1])

    def _forget_programs(self) -> None:
        """Trace anew: the network is another one."""
        state = self._training
        state.programs.clear()
        state.single.clear()
        state.serving, state.calling = Serving(), Serving()

    def _stepper(self, kind: str) -> Stepper:
        """How batches are worked on: the step, and where its results come from."""
        step: Callable[..., Any]
        if kind == "train" and self._is_default("train_step", "compute_metrics"):
            step, own = self._update_weights, False
        elif kind == "test" and self._is_default("test_step", "compute_metrics"):
            step, own = self._score, False
        else:
            step, own = (self.train_step if kind == "train" else self.test_step), True
        results = None if own else self._program("results", self.get_metrics_result)
        return Stepper(self._program(kind, step), results)

    def _require(self, what: str, *, training: bool) -> None:
        if not self.compiled:
            raise FailedPreconditionError(
                f"the model must be compiled before {what}: model.compile(optimizer=..., loss=...)"
            )
        custom = not self._is_default("train_step" if training else "test_step")
        if training and self._training.optimizer is None and not custom:
            raise FailedPreconditionError(f"{what} needs an optimizer: compile(optimizer=...)")

    def _prepare(self, batches: Batches, *, training: bool) -> None:
        """Make weights, metrics and optimizer slots before the first step."""
        rows = unpack_x_y_sample_weight(batches.batch(slice(0, 1)))
        x, y, _ = (None if part is None else nest.map_structure(_symbol, part) for part in rows)
        if self._has_call():
            if not self.built:
                self._build_on((x,), {})  # type: ignore[attr-defined]
            result, specs = trace_call(self, (x,), {"training": False})
            loss = self._training.loss if self._is_default("compute_loss") else None
            if loss is not None and batches.y is not None:
                loss.check(batches.y, result)
            if self._training.metrics is not None and y is not None:
                outputs = nest.pack_sequence_as(result, [KerasTensor(spec) for spec in specs])
                self._training.metrics.build(y, outputs)
        if training and self._training.optimizer is not None:
            weights = self.trainable_weights  # type: ignore[attr-defined]
            if weights and self._is_default("train_step"):
                self._training.optimizer.build(weights)

    def _has_call(self) -> bool:
        return type(self).call is not Layer.call  # type: ignore[attr-defined]

    # fit, evaluate, predict ---------------------------------------------------------------------

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: dict[Any, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
        max_queue_size: int | None = None,
        workers: int | None = None,
        use_multiprocessing: bool | None = None,
    ) -> Any:
        """Train for `epochs` passes over the data; the `History` of loss and metrics.

        `x`, `y`: arrays or frames with one row an example (lists or dicts of them for several
        inputs and outputs). Or `x` gives batches, (x, y) or (x, y, sample_weight): a
        tf.data.Dataset, a generator, a PyDataset, or what can be iterated like a DataLoader of
        PyTorch; a thread makes them ahead. `validation_split` takes the last share of the rows
        before shuffling. An error or Ctrl-C loses nothing of what was trained. `workers` and what
        goes with it, of TensorFlow 2, are settings of a PyDataset.
        """
        set_workers(x, max_queue_size, workers, use_multiprocessing)
        self._require("fit", training=True)
        taken = take(self, x, y, sample_weight, purpose=FIT)
        feed, validation = feeds_for_fit(
            *taken[:3],
            take_validation(self, validation_data, y, taken.columns),
            batch_size=batch_size,
            shuffle=shuffle,
            class_weight=class_weight,
            steps=steps_per_epoch,
            validation_split=validation_split,
            validation_steps=validation_steps,
            validation_batch_size=validation_batch_size,
        )
        with self._as_compiled():
            self._prepare(feed.sample(), training=True)
            self._columns = taken.columns or self._columns
            return loop.fit(
                self,
                feed,
                validation,
                epochs=min(epochs, max_epochs() or epochs),
                initial_epoch=initial_epoch,
                verbose=verbose,
                callbacks=callbacks,
                validation_freq=validation_freq,
            )

    @contextmanager
    def _as_compiled(self) -> Iterator[None]:
        """Inside, layers are trainable as they were when `compile` was called: Keras's rule."""
        state = self._training
        changed = [(layer, was) for layer, was in state.trainable if layer._trainable is not was]
        if changed and not state.told_of_change:
            names = ", ".join(layer.name for layer, _ in changed[:8])
            warn(
                f"`trainable` of {names} was changed after compile(); training goes by what it was "
                "then. Call compile() again to let the change count."
            )
            state.told_of_change = True
        try:
            for layer, was in changed:
                layer._trainable = was
            yield
        finally:
            for layer, was in changed:
                layer._trainable = not was

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        max_queue_size: int | None = None,
        workers: int | None = None,
        use_multiprocessing: bool | None = None,
    ) -> Any:
        """Loss and metrics on data: a number, a list in the order of `metrics_names`, or a dict."""
        set_workers(x, max_queue_size, workers, use_multiprocessing)
        self._require("evaluate", training=False)
        data = take(self, x, y, sample_weight, purpose=EVALUATE)[:3]
        feed = feed_for(*data, batch_size=batch_size, steps=steps)
        self._prepare(feed.sample(), training=False)
        logs = loop.evaluate(self, feed, verbose=verbose, callbacks=callbacks)
        if return_dict:
            return logs
        return _in_order(logs, self.metrics_names)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
        max_queue_size: int | None = None,
        workers: int | None = None,
        use_multiprocessing: bool | None = None,
    ) -> Any:
        """The outputs for all rows of `x` as NumPy arrays.

        Rows that do not know of each other are worked on together, whatever `batch_size` is.
        """
        serving = self._training.serving
        if verbose == 0 and callbacks is None and steps is None and serving.is_ready():
            return serving.function(x)
        set_workers(x, max_queue_size, workers, use_multiprocessing)
        x = take(self, x, purpose=PREDICT).x
        feed = feed_for(x, batch_size=batch_size, steps=steps)
        program = self._program("predict", self.predict_step)
        found = predict(self, program, feed, verbose=verbose, callbacks=callbacks)
        if not is_stream(x) and steps is None:
            serving.consider(program, feed.sample().x, self._predict_anything)
        return found

    def _predict_anything(self, x: Any) -> Any:
        """What compiled code does not take: other dtypes, structures, many rows, bad input."""
        program = self._program("predict", self.predict_step)
        feed = feed_for(take(self, x, purpose=PREDICT).x)
        return predict(self, program, feed, verbose=0, callbacks=None)

    def predictor(self) -> Any:
        """A function from rows to predictions for serving, with the weights as they are now.

        It takes a NumPy array of the input's dtype and width, (rows, features), C-contiguous, and
        gives a new array (rows, outputs) in well below a microsecond for one row of a small
        network. Other dtypes and memory orders are converted. Weights that change later do not
        change it. Where the model has no compiled form, the function is slower.

        Example:
            predict = model.predictor()
            predict(rows)  # (rows, features) float32
        """
        shape = getattr(self, "input_shape", None)
        if not self.built or not isinstance(shape, tuple) or None in shape[1:]:
            raise FailedPreconditionError(
                "predictor() needs a built model with one input of fixed width: call the model on "
                "rows once, or give it an Input"
            )
        dtype = nest.flatten(self.input)[0].spec.dtype  # type: ignore[attr-defined]
        rows = np.full((1, *shape[1:]), b"" if dtype == STRING else 0, dtype)
        program = Function(self.predict_step, symbolic_batch=True).program_for(rows)
        frozen = Frozen(program, rows, partial(inputs_of, self, known=self._columns))
        return program.predictor(frozen) or frozen

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: dict[Any, float] | None = None,
        return_dict: bool = False,
        reset_metrics: bool = True,
    ) -> Any:
        """One step on a batch; its loss and metrics, counted anew unless `reset_metrics=False`."""
        taken = take(self, x, y, sample_weight, purpose=FIT)
        batches = Batches(*taken[:3])
        batches.weigh_classes(class_weight, some=True)
        with self._as_compiled():
            found = self._on_batch("train", batches, return_dict, reset_metrics)
        self._columns = taken.columns or self._columns
        return found

    def test_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        return_dict: bool = False,
        reset_metrics: bool = True,
    ) -> Any:
        """Loss and metrics on a batch, counted anew unless `reset_metrics=False`."""
        batches = Batches(*take(self, x, y, sample_weight, purpose=EVALUATE)[:3])
        return self._on_batch("test", batches, return_dict, reset_metrics)

    def _on_batch(self, kind: str, batches: Batches, return_dict: bool, reset: bool) -> Any:
        batches.batch_size = batches.rows
        key = kind, batches.kinds()
        known = self._training.single
        single = known.get(key)
        if single is None or not single.is_valid():
            training = kind == "train"
            self._require(f"{kind}_on_batch", training=training)
            self._prepare(batches, training=training)
            single = known[key] = SingleSteps(self, self._stepper(kind))
        logs = single.run(batches, reset=reset)
        return logs if return_dict else _in_order(logs, single.names)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch as NumPy arrays."""
        serving = self._training.serving
        if serving.is_ready():
            return serving.function(x)
        rows = arrays_of(take(self, x, purpose=PREDICT).x, "x")
        program = self._program("predict", self.predict_step)
        outputs = program((rows,) if isinstance(rows, (list, tuple)) else rows)
        serving.consider(program, rows, self._predict_anything)
        return nest.map_structure(np.asarray, outputs)


def _in_order(logs: dict[str, Any], names: list[str]) -> Any:
    """Results in the order of `names`, then others; a single one by itself."""
    known = [name for name in names if name in logs]
    values = [logs[name] for name in (*known, *sorted(set(logs) - set(known)))]
    return values[0] if len(values) == 1 else values


def _symbol(rows: Any) -> KerasTensor:
    """A symbolic batch of rows like these."""
    return KerasTensor(spec_of_shape((None, *rows.shape[1:]), rows.dtype))
