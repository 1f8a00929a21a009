"""The optimizer: what all of them share around the pure update of one parameter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ...core import nest
from ...core.callers import warn
from ...core.config import config
from ...core.dtypes import FLOAT32
from ...core.errors import (
    ArgumentTypeError,
    FailedPreconditionError,
    InvalidArgumentError,
    UnimplementedError,
)
from ...ir.bind import STATE
from ...ops.elementwise import clip_by_value, equal, floormod, not_equal, where
from ...ops.reduction import clip_by_global_norm, clip_by_norm
from ...prims.elementwise import cast
from ...tensor.convert import to_tensor
from ...tensor.program import Program
from ...tensor.tape import GradientTape
from ...tensor.variable import Variable
from ..configurable import custom_object, serialize
from ..naming import unique_name
from ..scopes import standing_for
from .options import OPTION_NAMES, WITHOUT_MEANING, check_options, read_rate
from .schedules import LearningRateSchedule
from .state import OptimizerState

Slots = Mapping[str, Any]


class Optimizer(OptimizerState):
    """Changes variables along their gradients.

    A subclass says what it remembers of each variable (`slots`) and how one variable changes
    (`step`, a pure function). What surrounds it is here, in this order: loss scale, accumulation,
    clipping, weight decay (x ← x - x · weight_decay · rate), the step, the average of
    the weights (`use_ema`), constraints, the count of iterations.

    `learning_rate` is a number, a `LearningRateSchedule`, or a function without arguments, which
    is asked before each update (in a traced training step only while that is traced).
    Of `clipnorm` (each gradient), `global_clipnorm` (all together) and `clipvalue` (each element),
    one can be given. With `gradient_accumulation_steps`, one update is made of the mean of so
    many gradients. `decay` is TensorFlow's former time decay, rate / (1 + decay · iterations).
    """

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        decay: float | None = None,
        **unknown: Any,
    ) -> None:
        self.name = name or unique_name(type(self).__name__)
        self.weight_decay = weight_decay
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        self.use_ema = use_ema
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        check_options(self, unknown)
        self._excluded: tuple[list[Variable], list[str]] = [], []
        self._updating: Any = None  # inside an accumulating update: whether this one counts
        self.valid: Any = None  # inside an update that may be called off: whether it holds
        super().__init__(read_rate(learning_rate, decay))

    def step(
        self, gradient: Any, variable: Any, slots: Slots, rate: Any, count: Any
    ) -> tuple[Any, Slots]:
        """The new value of `variable` and of its slots, in the operations of tensors.

        `rate` and `count` (updates including this one) are scalars of the variable's dtype.
        """
        raise UnimplementedError(f"{type(self).__name__} must define step or update_step")

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Change `variable` and its slots by one `step`."""
        dtype = variable.spec.dtype
        slots = self._slots[self._get_variable_index(variable)]
        values: Slots = {name: slot.read_value() for name, slot in slots.items()}
        rate = cast(to_tensor(learning_rate), dtype)
        count = cast(to_tensor(self.iterations) + 1, dtype)
        value, values = self.step(gradient, variable.read_value(), values, rate, count)
        self.assign(variable, value)
        for name, slot_value in values.items():
            self.assign(slots[name], slot_value)

    def begin_update(self) -> None:
        """What happens once, before the steps of all variables."""

    # Updates

    def minimize(
        self,
        loss: Any,
        var_list: Any,
        grad_loss: Any = None,
        name: str | None = None,
        tape: GradientTape | None = None,
    ) -> Any:
        """One update of `var_list` (variables, or a function that gives them); the iterations.

        `loss` is a function without arguments, or a tensor that was computed under `tape`. Of a
        loss that is no scalar, the sum is minimized (weighted by `grad_loss`).
        """
        gradients, variables = self._gradients(loss, var_list, grad_loss, tape)
        return self.apply_gradients(zip(gradients, variables, strict=True))

    def get_gradients(self, loss: Any, params: Any) -> list[Any]:
        """The gradients of `loss` (a function without arguments) by the variables `params`."""
        return self._gradients(loss, params, None, None)[0]

    def _gradients(
        self, loss: Any, var_list: Any, grad_loss: Any, tape: GradientTape | None
    ) -> tuple[list[Any], list[Any]]:
        if isinstance(loss, (Variable, np.ndarray)) or not callable(loss):
            if tape is None:
                raise InvalidArgumentError(
                    f"{type(self).__name__}: a loss that is a tensor needs the tape that saw its "
                    "computation: minimize(loss, var_list, tape=tape); or pass a function without "
                    "arguments that computes the loss"
                )
        else:
            tape = tape or GradientTape()
            with tape:
                if not callable(var_list):
                    tape.watch(var_list)
                loss = to_tensor(loss())
        variables = nest.flatten(var_list() if callable(var_list) else var_list)
        return tape.gradient(loss, variables, grad_loss), variables

    def apply_gradients(
        self, grads_and_vars: Iterable[Any], name: str | None = None, **unknown: Any
    ) -> Any:
        """One update from pairs (gradient, variable); the number of updates."""
        if unknown:
            raise ArgumentTypeError(
                f"apply_gradients got {next(iter(unknown))!r}, which belongs to distributed "
                "training with TensorFlow; leave it out"
            )
        pairs = list(grads_and_vars)
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])
        return self._iterations

    def apply(self, grads: Sequence[Any], trainable_variables: Any = None) -> None:
        """One update; `trainable_variables` may be left out once the optimizer is built."""
        arguments, variables = _fitted(grads, self._known(grads, trainable_variables))
        if not variables:
            return
        arguments += [cast(to_tensor(rate()), FLOAT32) for rate in self._asked_rates()]
        traced = STATE.trace is None and not config.eager_functions
        for argument in arguments:
            traced = traced and argument.array is not None
        if traced:
            self._program(variables, arguments).run(arguments)
        else:
            self._update(variables, arguments)

    def _asked_rates(self) -> list[Callable[[], Any]]:
        """The functions that are asked for a rate at each update."""
        rate = self._learning_rate
        return [] if isinstance(rate, (Variable, LearningRateSchedule)) else [rate]

    def stateless_apply(
        self, optimizer_variables: Any, grads: Sequence[Any], trainable_variables: Any
    ) -> tuple[list[Any], list[Any]]:
        """What an update makes of values of the trainable and the optimizer's variables.

        No variable is written. The optimizer must be built.
        """
        if not self.built:
            raise FailedPreconditionError(
                "stateless_apply needs a built optimizer; call optimizer.build(variables) first"
            )
        trained, own = self._trainable_variables, self.variables
        with (
            standing_for(own, optimizer_variables, "optimizer_variables") as state,
            standing_for(trained, trainable_variables, "trainable_variables") as values,
        ):
            self.apply(grads, trained)
            return list(map(values, trained)), list(map(state, own))

    def _known(self, gradients: Sequence[Any], variables: Any) -> list[Variable]:
        """The variables that `gradients` belong to, built."""
        if variables is None:
            if not self.built:
                raise FailedPreconditionError(
                    "apply(gradients) without variables needs a built optimizer; pass the "
                    "variables, or call optimizer.build(variables) first"
                )
            variables = self._trainable_variables
        wanted: list[Variable] = list(variables)
        if len(gradients) != len(wanted):
            raise InvalidArgumentError(
                f"{len(gradients)} gradients were given for {len(wanted)} variables"
            )
        for variable in wanted:
            if id(variable) not in self._places:
                self._add_unknown(wanted)
                break
        return wanted

    def _add_unknown(self, variables: list[Any]) -> None:
        for variable in variables:
            if not isinstance(variable, Variable):
                raise ArgumentTypeError(
                    f"an optimizer changes variables; got a {type(variable).__name__}. Pairs are "
                    "(gradient, variable)."
                )
        self.build(variables)

    def _program(self, variables: list[Variable], arguments: list[Any]) -> Program:
        """The update traced once for these variables."""
        key = (id(self), *[id(variable) for variable in variables])
        program = self._programs.get(key)
        if program is None:
            specs = [argument.spec for argument in arguments]
            program = Program(
                f"{self.name}_update",
                lambda *symbols: self._update(variables, symbols),
                specs,
                eager=True,
            )
            self._programs[key] = program
        return program

    def _update(self, variables: list[Variable], arguments: Sequence[Any]) -> None:
        """All of one update; `arguments` are the gradients, and the rate that was asked for."""
        gradients = list(arguments[: len(variables)])
        rate = arguments[-1] if len(arguments) > len(variables) else self.learning_rate
        if self.loss_scale_factor is not None:
            gradients = [gradient / self.loss_scale_factor for gradient in gradients]
        try:
            if self.gradient_accumulation_steps:
                gradients = self._accumulated(gradients, variables)
            gradients = self._clipped(gradients)
            self._decay_weights(variables, rate)
            self.begin_update()
            for gradient, variable in zip(gradients, variables, strict=True):
                self.update_step(gradient, variable, rate)
        finally:
            self._updating = None
        if self.use_ema:
            self._average_weights()
        for variable in variables:
            if variable.constraint is not None:
                self._write(variable, variable.constraint(variable.read_value()))
        self._write(self._iterations, self._iterations + 1)

    def assign(self, variable: Variable, value: Any) -> None:
        """Let `variable` have `value`; nothing happens while gradients are only accumulated."""
        if self._updating is not None:
            value = where(self._updating, value, variable.read_value())
        self._write(variable, value)

    def _write(self, variable: Variable, value: Any) -> None:
        if self.valid is not None:
            value = where(self.valid, value, variable.read_value())
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """Add `value`."""
        self.assign(variable, variable.read_value() + value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """Subtract `value`."""
        self.assign(variable, variable.read_value() - value)

    def _accumulated(self, gradients: list[Any], variables: list[Variable]) -> list[Any]:
        """The means of the gradients since the last update; sets whether this is an update."""
        steps = self.gradient_accumulation_steps
        self._updating = updating = equal(floormod(self._iterations + 1, steps), 0)
        means = []
        for gradient, variable in zip(gradients, variables, strict=True):
            accumulator = self._accumulators[self._get_variable_index(variable)]
            total = gradient + accumulator
            self._write(accumulator, where(updating, 0.0, total))
            means.append(total / steps)
        return means

    def _clipped(self, gradients: list[Any]) -> list[Any]:
        if self.clipnorm is not None:
            return [clip_by_norm(gradient, self.clipnorm) for gradient in gradients]
        if self.global_clipnorm is not None:
            return clip_by_global_norm(gradients, self.global_clipnorm)[0]
        if self.clipvalue is not None:
            limit = self.clipvalue
            return [clip_by_value(gradient, -limit, limit) for gradient in gradients]
        return gradients

    def exclude_from_weight_decay(
        self, var_list: Iterable[Variable] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Let these variables, and those with a match of `var_names` in their names, not decay."""
        if self.built:
            raise FailedPreconditionError(
                "exclude_from_weight_decay must be called before the optimizer is built (before "
                "the first update, or fit)"
            )
        self._excluded = list(var_list or ()), list(var_names or ())

    def _decays(self, variable: Variable) -> bool:
        excluded, names = self._excluded
        named = any(re.search(name, variable.name) for name in names)
        return not named and all(variable is not each for each in excluded)

    def decay_of(self, variable: Variable) -> float | None:
        """The weight decay of a variable that is not excluded from it."""
        return self.weight_decay

    def _decay_weights(self, variables: list[Variable], rate: Any) -> None:
        for variable in variables:
            decay = self.decay_of(variable)
            if decay is not None and self._decays(variable):
                value = variable.read_value()
                share = decay * cast(to_tensor(rate), variable.spec.dtype)
                self.assign(variable, value - value * share)

    def _average_weights(self) -> None:
        """a ← m a + (1 - m) x, with m = 0 at the first update."""
        for variable, average in zip(self._trainable_variables, self._averages, strict=True):
            later = cast(not_equal(self.iterations, 0), variable.spec.dtype)
            momentum = later * self.ema_momentum
            self._write(average, momentum * average + (1.0 - momentum) * variable)
            if self.ema_overwrite_frequency:
                due = equal(floormod(self.iterations + 1, self.ema_overwrite_frequency), 0)
                self._write(variable, where(due, average, variable))

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        """Let variables have the averages of their values, where `use_ema` keeps them.

        Before the first update there are none, and variables stay as they are.
        """
        if self.use_ema:
            has_averages = not_equal(self.iterations, 0)
            for variable in var_list:
                average = self._averages[self._get_variable_index(variable)]
                variable.assign(where(has_averages, average, variable))

    def scale_loss(self, loss: Any) -> Any:
        """The loss times `loss_scale_factor`, whose gradients the update divides again."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    # Configuration

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as Keras names and orders them."""
        own = super().get_config()
        rate = self._learning_rate
        values = {name: getattr(self, name) for name in OPTION_NAMES if name != "learning_rate"}
        values["learning_rate"] = float(rate) if isinstance(rate, Variable) else rate
        own.pop("decay", None)  # it is in the schedule
        return {name: serialize(values[name]) for name in OPTION_NAMES} | {
            name: value for name, value in own.items() if name not in values
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """An optimizer made of what `get_config` gave."""
        kept = {name: value for name, value in config.items() if name not in WITHOUT_MEANING}
        if isinstance(kept.get("learning_rate"), str):
            kept["learning_rate"] = custom_object(kept["learning_rate"]) or kept["learning_rate"]
        return super().from_config(kept)


def _fitted(
    gradients: Sequence[Any], variables: Sequence[Variable]
) -> tuple[list[Any], list[Variable]]:
    """Gradients as tensors of their variables' types, and these variables.

    Variables without a gradient are left out, of which a warning tells.
    """
    tensors, kept, missing = [], [], []
    for gradient, variable in zip(gradients, variables, strict=True):
        if gradient is None:
            missing.append(variable.name)
            continue
        tensor, wanted = to_tensor(gradient), variable.spec
        have = tensor.spec
        if have.shape != wanted.shape or have.dtype != wanted.dtype:
            tensor = _converted(tensor, variable)
        tensors.append(tensor)
        kept.append(variable)
    if missing:
        _report(missing, all_of_them=not kept)
    return tensors, kept


def _converted(tensor: Any, variable: Variable) -> Any:
    spec = variable.spec
    if tensor.spec.shape != spec.shape:
        raise InvalidArgumentError(
            f"the gradient of {variable.name} has shape {tensor.spec.shape}; the variable has "
            f"shape {spec.shape}"
        )
    return cast(tensor, spec.dtype)


def _report(missing: list[str], all_of_them: bool) -> None:
    """Say which variables have no gradient."""
    names = ", ".join(missing[:8])
    if all_of_them:
        raise InvalidArgumentError(
            f"no variable has a gradient: the loss does not depend on {names}. Compute it from "
            "these variables, under the tape."
        )
    warn(f"the loss does not depend on {names}: the optimizer leaves them as they are")
