"""What every optimizer accepts besides its own arguments: names old and new, checks."""

from __future__ import annotations

from typing import Any, TypedDict

from ...core.errors import ArgumentTypeError, InvalidArgumentError, nearest
from ...tensor.tensor import Operators, Tensor
from .schedules import InverseTimeDecay


class CommonOptions(TypedDict, total=False):
    """Keyword arguments of `Optimizer`, which every optimizer passes on."""

    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    decay: float | None
    name: str | None


class Options(CommonOptions, total=False):
    """Those and the weight decay, which AdamW has among its own arguments."""

    weight_decay: float | None


OPTION_NAMES = (
    *("name", "learning_rate", "weight_decay", "clipnorm", "global_clipnorm", "clipvalue"),
    *("use_ema", "ema_momentum", "ema_overwrite_frequency", "loss_scale_factor"),
    "gradient_accumulation_steps",
)
"""The options that a configuration holds, in Keras's order."""

FORMER_NAMES = {"lr": "learning_rate", "beta1": "beta_1", "beta2": "beta_2"}
"""Names that TensorFlow 1 and early Keras gave to arguments."""

WITHOUT_MEANING = frozenset({"jit_compile", "is_legacy_optimizer"})
"""What configurations of TensorFlow 2.11 to 2.15 hold and what changes no number here."""


def present_names(cls: type, arguments: dict[str, Any]) -> dict[str, Any]:
    """Keyword arguments under their present names; an `epsilon` of None is left out."""
    renamed: dict[str, Any] = {}
    for name, value in arguments.items():
        new = FORMER_NAMES.get(name, name)
        if new in renamed or (new != name and new in arguments):
            raise InvalidArgumentError(
                f"{cls.__name__}: {name} is the former name of {new}; give only one of them"
            )
        if name != "epsilon" or value is not None:
            renamed[new] = value
    return renamed


def check_options(optimizer: Any, unknown: dict[str, Any]) -> None:
    """Raise where the options of `optimizer` make no sense."""
    kind = type(optimizer).__name__
    if unknown:
        name = next(iter(unknown))
        known = [*optimizer._arguments, *OPTION_NAMES, "decay"]
        raise ArgumentTypeError(
            f"{kind} got an unknown argument {name!r}.{nearest(name, set(known) - set(unknown))}"
        )
    clips = {
        name: getattr(optimizer, name) for name in ("clipnorm", "clipvalue", "global_clipnorm")
    }
    given = {name: value for name, value in clips.items() if value is not None}
    if len(given) > 1:
        raise InvalidArgumentError(
            f"{kind}: only one of clipnorm, clipvalue and global_clipnorm can be given; got {given}"
        )
    for name, value in {**given, "loss_scale_factor": optimizer.loss_scale_factor}.items():
        if value is not None and not value > 0:
            raise InvalidArgumentError(f"{kind}: {name} must be greater than 0; got {value!r}")
    steps = optimizer.gradient_accumulation_steps
    if steps is not None and (not isinstance(steps, int) or steps < 2):
        raise InvalidArgumentError(
            f"{kind}: gradient_accumulation_steps must be an integer from 2 on (None applies "
            f"every gradient); got {steps!r}"
        )
    check_between(optimizer, "ema_momentum")
    frequency = optimizer.ema_overwrite_frequency
    if frequency is not None and (not isinstance(frequency, int) or frequency < 1):
        raise InvalidArgumentError(
            f"{kind}: ema_overwrite_frequency must be a positive integer or None; got {frequency!r}"
        )


def check_between(optimizer: Any, *names: str) -> None:
    """Raise where one of these arguments lies outside of [0, 1]."""
    for name in names:
        value = getattr(optimizer, name)
        if not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise InvalidArgumentError(
                f"{type(optimizer).__name__}: {name} must be a number from 0 to 1; got {value!r}"
            )


def read_rate(learning_rate: Any, decay: float | None) -> Any:
    """A learning rate as given: a float, a schedule, or a function without arguments.

    `decay` is TensorFlow's former time decay, rate / (1 + decay · iterations).
    """
    if not isinstance(learning_rate, (Operators, Tensor)) and callable(learning_rate):
        if decay:
            raise InvalidArgumentError("decay= goes with a number as learning rate, not a schedule")
        return learning_rate
    try:
        rate = float(learning_rate)
    except (TypeError, ValueError):
        raise ArgumentTypeError(
            "a learning rate is a number, a LearningRateSchedule or a function without "
            f"arguments; got {type(learning_rate).__name__} {str(learning_rate)[:40]!r}"
        ) from None
    if decay:
        return InverseTimeDecay(rate, decay_steps=1, decay_rate=decay)
    return rate
