"""What `compile` sets up, and what TensorFlow's training steps call of it."""

from __future__ import annotations

from typing import Any

from ...core import nest
from ...ops import array, math
from ...tensor.function import Function
from .compiled import CompiledLoss, CompiledMetrics
from .serving import Serving


class TrainingState:
    """What `compile` sets up."""

    def __init__(self) -> None:
        self.optimizer: Any = None
        self.loss: CompiledLoss | None = None
        self.metrics: CompiledMetrics | None = None
        self.loss_tracker: Any = None
        self.run_eagerly = False
        self.jit_compile = False
        self.steps_per_execution = 1
        self.trainable: list[tuple[Any, bool]] = []  # layers, and whether they were to be trained
        self.layers: tuple[int, list[Any]] | None = None  # all inside, and when they were found
        self.told_of_change = False
        self.programs: dict[Any, Function] = {}
        self.serving = Serving()
        self.calling = Serving()
        self.call_program: tuple[int, Function] | None = None  # when it was traced, and it
        self.place: Any = None  # where the training stood in which the model's file was saved
        self.standing: Any = None  # of a call of `fit`, for callbacks that keep it
        self.single: dict[Any, Any] = {}  # steps for single batches of a kind


class LossOfTensorFlow:
    """`model.compiled_loss`: the compiled loss with penalties, counted in the metric `loss`."""

    def __init__(self, state: TrainingState) -> None:
        self._state = state

    def __call__(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, regularization_losses: Any = None
    ) -> Any:
        """The total, a scalar."""
        extra = [math.reduce_sum(item) for item in regularization_losses or ()]
        total = None
        if self._state.loss is not None:
            total = self._state.loss(y_true, y_pred, sample_weight)
        for item in extra:
            total = item if total is None else total + item
        if total is None:
            total = array.zeros(())
        rows = array.shape(nest.flatten(y_pred)[0])[0]
        self._state.loss_tracker.update_state(total, sample_weight=rows)
        return total

    @property
    def metrics(self) -> list[Any]:
        """The mean loss, and those of several outputs."""
        return [self._state.loss_tracker, *(self._state.loss.metrics if self._state.loss else ())]

    def reset_state(self) -> None:
        """Count anew."""
        for metric in self.metrics:
            metric.reset_state()
