"""What one step of training, evaluation or prediction does; subclasses may write their own."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ...core import nest
from ...core.callers import warn
from ...core.errors import FailedPreconditionError, InvalidArgumentError
from ...ops import array, math
from ...tensor.tape import GradientTape
from ..metrics import Metric
from .compiled import CompiledMetrics
from .data import unpack_x_y_sample_weight
from .state import LossOfTensorFlow, TrainingState


class Steps:
    """Loss, metrics and steps of a model."""

    name: str
    _training: TrainingState

    # Metrics ------------------------------------------------------------------------------------

    @property
    def metrics(self) -> list[Any]:
        """The loss, metrics in attributes, the losses of several outputs, the compiled metrics."""
        state = self._training
        own = [part for part in self._parts() if isinstance(part, Metric)]  # type: ignore[attr-defined]
        inner = [
            part
            for layer in self._flatten_layers()[1:]  # type: ignore[attr-defined]
            for part in layer._parts()
            if isinstance(part, Metric)
        ]
        found = [state.loss_tracker] if state.loss_tracker is not None else []
        found += [*own, *inner, *(state.loss.metrics if state.loss else [])]
        found += state.metrics.metrics if state.metrics else []
        return list({id(metric): metric for metric in found}.values())

    @property
    def metrics_names(self) -> list[str]:
        """The names of what `evaluate` returns, in its order."""
        return [metric.name for metric in self.metrics]

    def reset_metrics(self) -> None:
        """Start all metrics again."""
        for metric in self.metrics:
            metric.reset_state()

    def _resetter(self) -> Callable[[], None]:
        """`reset_metrics` for one training: the metrics are looked for once, if they are ours."""
        if not self._is_default("reset_metrics", "metrics"):
            return self.reset_metrics
        metrics = self.metrics

        def reset() -> None:
            for metric in metrics:
                metric.reset_state()

        return reset

    def _is_default(self, *names: str) -> bool:
        return all(getattr(type(self), name) is getattr(Steps, name) for name in names)

    def get_metrics_result(self) -> dict[str, Any]:
        """All results by name."""
        results: dict[str, Any] = {}
        for metric in self.metrics:
            result = metric.result()
            if isinstance(result, dict):
                results.update(result)
            else:
                results[metric.name] = result
        return results

    @property
    def compiled_loss(self) -> LossOfTensorFlow:
        """The loss as training steps of TensorFlow 2 call it, with `regularization_losses=`."""
        self._require_compiled("compiled_loss")
        return LossOfTensorFlow(self._training)

    @property
    def compiled_metrics(self) -> CompiledMetrics:
        """The compiled metrics as training steps of TensorFlow 2 call them: `update_state`."""
        self._require_compiled("compiled_metrics")
        assert self._training.metrics is not None
        return self._training.metrics

    def _require_compiled(self, what: str) -> None:
        if self._training.loss_tracker is None:
            raise FailedPreconditionError(
                f"the model must be compiled before {what}: model.compile(optimizer=..., loss=...)"
            )

    # Parts of a step ----------------------------------------------------------------------------

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The compiled loss plus what layers add (penalties, add_loss)."""
        state = self._training
        total = None
        if state.loss is not None and y is not None:
            total = state.loss(y, y_pred, sample_weight)
        for extra in self.losses:  # type: ignore[attr-defined]
            extra = math.reduce_sum(extra)
            total = extra if total is None else total + extra
        if total is None:
            if state.loss is None:
                raise FailedPreconditionError(
                    "there is no loss: pass one to compile(loss=...), e.g. 'binary_crossentropy', "
                    "or use add_loss in a layer"
                )
            raise InvalidArgumentError("the loss needs targets: pass y")
        return total

    def _compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
        """`compute_loss`, also one that was written before it knew of `training`."""
        if "training" in inspect.signature(self.compute_loss).parameters:
            return self.compute_loss(x, y, y_pred, sample_weight, training=training)
        return self.compute_loss(x, y, y_pred, sample_weight)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Count a batch in the compiled metrics; the results so far."""
        self._update_metrics(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def _update_metrics(self, y: Any, y_pred: Any, sample_weight: Any) -> None:
        state = self._training
        if state.metrics is not None and y is not None:
            state.metrics.update_state(y, y_pred, sample_weight)

    def _track_loss(self, loss: Any, x: Any) -> None:
        rows = array.shape(nest.flatten(x)[0])[0]
        self._training.loss_tracker.update_state(loss, sample_weight=rows)

    # Steps --------------------------------------------------------------------------------------

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of training on a batch; results by name."""
        found: dict[str, Any] = self.compute_metrics(*self._learn(data))
        return found

    def _update_weights(self, data: Any) -> None:
        """`train_step` without its results, which are worked out when somebody asks."""
        _, y, y_pred, sample_weight = self._learn(data)
        self._update_metrics(y, y_pred, sample_weight)

    def _learn(self, data: Any) -> tuple[Any, Any, Any, Any]:
        """Change the weights; what metrics need."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with GradientTape() as tape:
            y_pred = self(x, training=True)  # type: ignore[operator]
            loss = self._compute_loss(x, y, y_pred, sample_weight, True)
            scaled = self._training.optimizer.scale_loss(loss)
        self._track_loss(loss, x)
        weights = self.trainable_weights  # type: ignore[attr-defined]
        if weights:
            gradients = tape.gradient(scaled, weights)
            self._training.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        else:
            warn(f"the model {self.name!r} has no trainable weights: fit changes nothing")
        return x, y, y_pred, sample_weight

    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of evaluation on a batch; results by name."""
        found: dict[str, Any] = self.compute_metrics(*self._judge(data))
        return found

    def _score(self, data: Any) -> None:
        """`test_step` without its results."""
        _, y, y_pred, sample_weight = self._judge(data)
        self._update_metrics(y, y_pred, sample_weight)

    def _judge(self, data: Any) -> tuple[Any, Any, Any, Any]:
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)  # type: ignore[operator]
        loss = self._compute_loss(x, y, y_pred, sample_weight, False)
        self._track_loss(loss, x)
        return x, y, y_pred, sample_weight

    def predict_step(self, data: Any) -> Any:
        """The predictions for a batch."""
        x, _, _ = unpack_x_y_sample_weight(data)
        return self(x, training=False)  # type: ignore[operator]
