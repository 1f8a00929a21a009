"""Learning rates that depend on the number of updates made so far."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ...core.dtypes import FLOAT32
from ...core.errors import InvalidArgumentError, UnimplementedError
from ...ops.elementwise import ceil, cos, floor, log, maximum, minimum, pow, where
from ...prims.elementwise import cast
from ...tensor.convert import to_tensor
from ..configurable import Configurable, custom_object_scope, register, serialize
from ..configurable import deserialize as _deserialize

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]

MODULE = "keras.optimizers.schedules"


class LearningRateSchedule(Configurable):
    """A learning rate as a function of the step: subclass it and write `__call__(step)`.

    `step` is an int or an integer tensor, also inside a traced training step; the result is a
    float32 scalar. The constructor's arguments make the configuration.
    """

    def __call__(self, step: Any) -> Any:
        """The learning rate at `step`."""
        raise UnimplementedError(f"{type(self).__name__} must define __call__(self, step)")


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The schedule of what `serialize` gave."""
    with custom_object_scope(custom_objects):
        return _deserialize(config)


def _number(value: Any) -> Any:
    """`value` as a float32 tensor."""
    return cast(to_tensor(value), FLOAT32)


def _positive(schedule: Any, *names: str) -> None:
    for name in names:
        value = getattr(schedule, name)
        if not value > 0:
            raise InvalidArgumentError(
                f"{type(schedule).__name__}: {name} must be greater than 0; got {value!r}"
            )


@register(MODULE)
class ExponentialDecay(LearningRateSchedule):
    """initial_learning_rate · decay_rate^(step / decay_steps).

    With `staircase` the exponent is cut to an integer.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name
        _positive(self, "decay_steps")

    def __call__(self, step: Any) -> Any:
        passed = _number(step) / self.decay_steps
        if self.staircase:
            passed = floor(passed)
        return self.initial_learning_rate * pow(_number(self.decay_rate), passed)


@register(MODULE)
class InverseTimeDecay(LearningRateSchedule):
    """initial_learning_rate / (1 + decay_rate · step / decay_steps).

    With `staircase` step / decay_steps is cut to an integer.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name
        _positive(self, "decay_steps")

    def __call__(self, step: Any) -> Any:
        passed = _number(step) / self.decay_steps
        if self.staircase:
            passed = floor(passed)
        return self.initial_learning_rate / (1.0 + self.decay_rate * passed)


@register(MODULE)
class PiecewiseConstantDecay(LearningRateSchedule):
    """values[i] for boundaries[i-1] < step ≤ boundaries[i]: one value more than boundaries."""

    def __init__(
        self,
        boundaries: Sequence[float],
        values: Sequence[float],
        name: str = "PiecewiseConstant",
    ) -> None:
        if len(values) != len(boundaries) + 1:
            raise InvalidArgumentError(
                "PiecewiseConstantDecay needs one value more than boundaries; got "
                f"{len(boundaries)} boundaries and {len(values)} values"
            )
        if list(boundaries) != sorted(boundaries):
            raise InvalidArgumentError(f"the boundaries must increase; got {list(boundaries)}")
        self.boundaries = list(boundaries)
        self.values = list(values)
        self.name = name

    def __call__(self, step: Any) -> Any:
        step = _number(step)
        rate = _number(self.values[-1])
        for boundary, value in zip(reversed(self.boundaries), reversed(self.values[:-1])):
            rate = where(step <= float(boundary), _number(value), rate)
        return rate


@register(MODULE)
class PolynomialDecay(LearningRateSchedule):
    """(initial - end) (1 - min(step, d) / d)^power + end, with d = decay_steps.

    With `cycle` the rate starts again: d grows to the next multiple of decay_steps.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name
        _positive(self, "decay_steps")

    def __call__(self, step: Any) -> Any:
        step = _number(step)
        total = _number(self.decay_steps)
        if self.cycle:
            total = total * maximum(ceil(step / total), 1.0)
        else:
            step = minimum(step, total)
        span = self.initial_learning_rate - self.end_learning_rate
        left = pow(1.0 - step / total, _number(self.power))
        return span * left + self.end_learning_rate


@register(MODULE)
class CosineDecay(LearningRateSchedule):
    """r ((1 - alpha) (1 + cos(π min(step, d) / d)) / 2 + alpha), with d = decay_steps.

    With a `warmup_target`, `warmup_steps` steps lead in a line from r = initial_learning_rate to
    it; the decay follows, from r = warmup_target. Source: Loshchilov and Hutter 2016, eq. 5.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps
        _positive(self, "decay_steps")

    def __call__(self, step: Any) -> Any:
        step = _number(step)
        if self.warmup_target is None:
            return self._decayed(step, self.initial_learning_rate)
        decayed = self._decayed(step - self.warmup_steps, self.warmup_target)
        if not self.warmup_steps:
            return decayed
        span = self.warmup_target - self.initial_learning_rate
        rising = self.initial_learning_rate + span * (step / self.warmup_steps)
        return where(step < float(self.warmup_steps), rising, decayed)

    def _decayed(self, step: Any, start: float) -> Any:
        passed = minimum(step, float(self.decay_steps)) / self.decay_steps
        share = 0.5 * (1.0 + cos(math.pi * passed))
        return start * ((1.0 - self.alpha) * share + self.alpha)


@register(MODULE)
class CosineDecayRestarts(LearningRateSchedule):
    """Cosine decay over `first_decay_steps`, then again over `t_mul` times as many, and so on.

    Each period starts at `m_mul` times the rate of the one before and ends at the share `alpha`.
    Source: Loshchilov and Hutter 2016 (SGDR).
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = first_decay_steps
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name
        _positive(self, "first_decay_steps", "t_mul", "m_mul")

    def __call__(self, step: Any) -> Any:
        period, passed = self._period(_number(step) / self.first_decay_steps)
        share = 0.5 * pow(_number(self.m_mul), period) * (1.0 + cos(math.pi * passed))
        return self.initial_learning_rate * ((1.0 - self.alpha) * share + self.alpha)

    def _period(self, elapsed: Any) -> tuple[Any, Any]:
        """The number of restarts and the passed share of the period, `elapsed` first periods in.

        The starts of periods are the partial sums (1 - t^i) / (1 - t) of a geometric series.
        """
        if self.t_mul == 1:
            restarts = floor(elapsed)
            return restarts, elapsed - restarts
        growth = _number(self.t_mul)
        restarts = floor(log(1.0 - elapsed * (1.0 - growth)) / log(growth))
        length = pow(growth, restarts)
        return restarts, (elapsed - (1.0 - length) / (1.0 - growth)) / length
