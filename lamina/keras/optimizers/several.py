"""Several optimizers for the parts of one model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from typing import Any

from ...core.errors import ArgumentTypeError, InvalidArgumentError, UnknownNameError
from ...tensor.variable import Variable
from ..configurable import Configurable, register, serialize
from ..limits import checked_pattern
from .base import Optimizer
from .loss_scale import LossScaleOptimizer


@register("keras.optimizers", "optimizermap")
class OptimizerMap(Configurable, MutableMapping[str, Any]):
    """Which optimizer changes which variable, by patterns of paths.

    A key is a variable's path, or a regular expression of whole paths; what no key fits is
    changed by `default_optimizer`. A path that two patterns fit is an error.

    Example:
        chosen = tf.keras.optimizers.OptimizerMap(tf.keras.optimizers.SGD())
        chosen["encoder/.*"] = tf.keras.optimizers.Adam()
    """

    def __init__(self, default_optimizer: Any, optimizer_map: dict[str, Any] | None = None) -> None:
        self.default_optimizer = _checked(default_optimizer)
        if optimizer_map is not None and not isinstance(optimizer_map, dict):
            raise ArgumentTypeError(
                f"optimizer_map is a dict of optimizers; got {type(optimizer_map).__name__}"
            )
        self.optimizer_map: dict[str, Any] = {}
        for key, optimizer in (optimizer_map or {}).items():
            self[key] = optimizer

    def __getitem__(self, key: str) -> Any:
        if key in self.optimizer_map:
            return self.optimizer_map[key]
        fitting = [pattern for pattern in self.optimizer_map if re.fullmatch(pattern, key)]
        if len(fitting) > 1:
            raise InvalidArgumentError(
                f"several optimizers are meant for {key!r}: the patterns {', '.join(fitting)} fit"
            )
        return self.optimizer_map[fitting[0]] if fitting else self.default_optimizer

    def __setitem__(self, key: str, optimizer: Any) -> None:
        if not isinstance(key, str):
            raise InvalidArgumentError(f"a key is the text of a path; got {key!r}")
        if key in self.optimizer_map:
            raise InvalidArgumentError(f"{key!r} has an optimizer already; delete it first")
        self.optimizer_map[checked_pattern(key)] = _checked(optimizer)

    def __delitem__(self, key: str) -> None:
        del self.optimizer_map[key]

    def __len__(self) -> int:
        return len(self.optimizer_map)

    def __iter__(self) -> Iterator[str]:
        return iter(self.optimizer_map)

    def __call__(self, variable: Any) -> Any:
        """The optimizer of a variable."""
        return self[variable.path]


@register("keras.optimizers", "multioptimizer")
class MultiOptimizer(Optimizer):
    """Gives each variable to the optimizer that `optimizer_map` names for it.

    `optimizer_map`: an `OptimizerMap`, or a function from a variable to an optimizer. Rates are
    read and set at the `optimizers`. `loss_scale_factor` holds for all of them.
    """

    def __init__(
        self,
        optimizer_map: OptimizerMap | Callable[[Any], Any],
        loss_scale_factor: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(0.0, loss_scale_factor=loss_scale_factor, name=name)
        self.optimizer_map = optimizer_map
        self.optimizers: list[Any] = []
        self._chosen: list[Any] = []  # for each variable
        if isinstance(optimizer_map, OptimizerMap):
            for optimizer in (*optimizer_map.values(), optimizer_map.default_optimizer):
                self._add(optimizer)

    def _add(self, optimizer: Any) -> None:
        if all(optimizer is not known for known in self.optimizers):
            self._update_together(optimizer)
            optimizer.loss_scale_factor = self.loss_scale_factor
            self.optimizers.append(optimizer)

    def build(self, variables: Iterable[Variable]) -> None:
        """Choose, and let each optimizer make what it remembers of its variables."""
        variables = list(variables)
        super().build(variables)
        for variable in self._trainable_variables[len(self._chosen) :]:
            self._chosen.append(_checked(self.optimizer_map(variable)))
            self._add(self._chosen[-1])
        for optimizer, own in self._shares(variables):
            optimizer.build([variables[place] for place in own])

    def _shares(self, variables: Sequence[Variable]) -> Iterator[tuple[Any, list[int]]]:
        """The optimizers with the places of their variables."""
        chosen = [self._chosen[self._get_variable_index(variable)] for variable in variables]
        for optimizer in self.optimizers:
            own = [place for place, each in enumerate(chosen) if each is optimizer]
            if own:
                yield optimizer, own

    @property
    def variables(self) -> list[Variable]:
        return [*self._variables, *(v for inner in self.optimizers for v in inner.variables)]

    def variables_for(self, trained: Iterable[Variable]) -> list[Variable]:
        trained = list(trained)
        return [*self._variables, *(v for o in self.optimizers for v in o.variables_for(trained))]

    def _asked_rates(self) -> list[Callable[[], Any]]:
        return [rate for optimizer in self.optimizers for rate in optimizer._asked_rates()]

    def _update(self, variables: list[Variable], arguments: Sequence[Any]) -> None:
        rest = iter(arguments[len(variables) :])
        rates = {id(each): [next(rest) for _ in each._asked_rates()] for each in self.optimizers}
        for optimizer, own in self._shares(variables):
            gradients = [arguments[i] for i in own]
            optimizer._update([variables[i] for i in own], [*gradients, *rates[id(optimizer)]])
        self._iterations.assign_add(1)

    @property
    def learning_rate(self) -> Any:
        raise UnknownNameError(
            "a MultiOptimizer has no learning rate of its own; read and set those of its "
            "`optimizers`"
        )

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        _ = self.learning_rate

    lr = learning_rate

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        variables = list(var_list)
        for optimizer, own in self._shares(variables):
            optimizer.finalize_variable_values([variables[i] for i in own])

    def get_config(self) -> dict[str, Any]:
        """What chooses, the loss scale and the name."""
        return {
            "optimizer_map": serialize(self.optimizer_map),
            "loss_scale_factor": self.loss_scale_factor,
            "name": self.name,
        }


def _checked(optimizer: Any) -> Any:
    """An optimizer that others may be put beside."""
    if not isinstance(optimizer, Optimizer):
        raise ArgumentTypeError(
            f"an Optimizer is expected; got {type(optimizer).__name__} {str(optimizer)[:60]!r}"
        )
    if isinstance(optimizer, (LossScaleOptimizer, MultiOptimizer)):
        raise InvalidArgumentError(
            f"a {type(optimizer).__name__} cannot be one of several optimizers; put the plain "
            "optimizers there"
        )
    return optimizer
