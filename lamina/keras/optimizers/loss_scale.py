"""Dynamic loss scaling."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import Any

from ...core.dtypes import INT32
from ...core.errors import ArgumentTypeError, InvalidArgumentError
from ...ops.elementwise import equal, is_finite, logical_and, where
from ...ops.reduction import reduce_all
from ...prims.elementwise import cast
from ...tensor.convert import to_tensor
from ...tensor.tape import GradientTape
from ...tensor.variable import Variable
from ..configurable import register, serialize
from .base import Optimizer

_OF_THE_INNER = {
    **dict.fromkeys(("weight_decay", "clipnorm", "global_clipnorm", "clipvalue")),
    **dict.fromkeys(("ema_overwrite_frequency", "loss_scale_factor")),
    "gradient_accumulation_steps": None,
    "use_ema": False,
    "ema_momentum": 0.99,
}
"""Arguments that belong to the wrapped optimizer, with the values that old files hold."""


@register("keras.optimizers", "lossscaleoptimizer")
class LossScaleOptimizer(Optimizer):
    """Another optimizer, fed with gradients of a loss that was multiplied by a scale.

    Small gradients do not vanish in float16 then. An update with a gradient that is not finite is
    left out and halves the scale; `dynamic_growth_steps` finite ones in a row double it.
    Source: Micikevicius et al. 2018, "Mixed precision training", section 3.2.
    """

    def __init__(
        self,
        inner_optimizer: Any,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if not kwargs.pop("dynamic", True):
            raise InvalidArgumentError(
                "LossScaleOptimizer has no dynamic=False; give the optimizer that it wraps a "
                "loss_scale_factor instead"
            )
        for key, value in kwargs.items():
            if key not in _OF_THE_INNER or value != _OF_THE_INNER[key]:
                raise InvalidArgumentError(
                    f"LossScaleOptimizer does not take {key}; give it to the optimizer it wraps"
                )
        if not isinstance(inner_optimizer, Optimizer):
            raise ArgumentTypeError(
                "LossScaleOptimizer wraps an Optimizer; got "
                f"{type(inner_optimizer).__name__} {str(inner_optimizer)[:60]!r}"
            )
        super().__init__(0.0, name=name)
        self.inner_optimizer = inner_optimizer
        self.initial_scale = initial_scale
        self.dynamic_growth_steps = dynamic_growth_steps
        self._unscaled = False  # whether the gradients that come next were divided by the scale
        self._update_together(inner_optimizer)
        inner_optimizer.loss_scale_factor = None  # else gradients would be divided twice

    def build(self, variables: Iterable[Variable]) -> None:
        variables = list(variables)
        if not self.built:
            self.step_counter = self.add_variable((), 0, INT32, "step_counter")
            self.dynamic_scale = self.add_variable((), self.initial_scale, name="dynamic_scale")
        self.inner_optimizer.build(variables)
        super().build(variables)

    @property
    def variables(self) -> list[Variable]:
        return [*self._variables, *self.inner_optimizer.variables]

    def variables_for(self, trained: Iterable[Variable]) -> list[Variable]:
        return [*self._variables, *self.inner_optimizer.variables_for(trained)]

    def _asked_rates(self) -> list[Callable[[], Any]]:
        return self.inner_optimizer._asked_rates()

    def _update(self, variables: list[Variable], arguments: Sequence[Any]) -> None:
        gradients, rates = arguments[: len(variables)], arguments[len(variables) :]
        inner, scale, counter = self.inner_optimizer, self.dynamic_scale, self.step_counter
        finite = reduce(logical_and, [reduce_all(is_finite(each)) for each in gradients])
        inner.valid = finite
        try:
            divided = [g / cast(scale.read_value(), g.spec.dtype) for g in gradients]
            inner._update(variables, [*divided, *rates])
        finally:
            inner.valid = None
        grown = equal(counter, self.dynamic_growth_steps - 1)
        scale.assign(where(finite, where(grown, scale * 2.0, scale), scale * 0.5))
        counter.assign(where(finite & ~grown, counter + 1, 0))

    @property
    def learning_rate(self) -> Any:
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        self.inner_optimizer.learning_rate = learning_rate

    lr = learning_rate

    @property
    def iterations(self) -> Any:
        return self.inner_optimizer.iterations

    def scale_loss(self, loss: Any) -> Any:
        """The loss times the scale."""
        return loss * (self.dynamic_scale if self.built else self.initial_scale)

    def minimize(
        self,
        loss: Any,
        var_list: Any,
        grad_loss: Any = None,
        name: str | None = None,
        tape: GradientTape | None = None,
    ) -> Any:
        """As `Optimizer.minimize`, with the gradients of the scaled loss."""
        if tape is None or callable(loss):
            loss = self.get_scaled_loss(loss)
        else:
            with tape:
                loss = self.scale_loss(loss)
        return super().minimize(loss, var_list, grad_loss, name, tape)

    def get_scaled_loss(self, loss: Any) -> Any:
        """`scale_loss` by the name of TensorFlow 2; a function gives a function."""
        return (lambda: self.scale_loss(loss())) if callable(loss) else self.scale_loss(loss)

    def get_unscaled_gradients(self, grads: Iterable[Any]) -> list[Any]:
        """The gradients of the loss itself, which the next `apply` takes as such (TensorFlow 2)."""
        self._unscaled = True
        return _times(1.0 / self.loss_scale, grads)

    def apply(self, grads: Sequence[Any], trainable_variables: Any = None) -> None:
        """One update by gradients of the scaled loss, or by what `get_unscaled_gradients` gave."""
        if self._unscaled:
            self._unscaled = False
            grads = _times(self.loss_scale, grads)
        super().apply(grads, trainable_variables)

    @property
    def loss_scale(self) -> Any:
        """The scale now, a tensor."""
        return to_tensor(self.dynamic_scale if self.built else self.initial_scale)

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self) -> dict[str, Any]:
        """Name, wrapped optimizer, first scale and how often it grows."""
        return {
            "name": self.name,
            "inner_optimizer": serialize(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }


def _times(factor: Any, gradients: Iterable[Any]) -> list[Any]:
    known = [g if g is None else to_tensor(g) for g in gradients]
    return [g if g is None else g * cast(factor, g.spec.dtype) for g in known]
