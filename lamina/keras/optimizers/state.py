"""What an optimizer remembers: variables made for the variables that it changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import signature
from typing import Any

import numpy as np

from ...core.dtypes import FLOAT32, INT32
from ...core.errors import ArgumentTypeError, InvalidArgumentError
from ...core.pending import WAITING, resume
from ...ops.elementwise import floordiv
from ...prims.elementwise import cast
from ...tensor.convert import to_tensor
from ...tensor.program import Program
from ...tensor.variable import Variable
from ..configurable import Configurable
from .options import present_names, read_rate
from .schedules import LearningRateSchedule

SCHEDULED = [0]
"""How often an optimizer was given a schedule in place of its rate: programs hold the former."""


class _PresentNames(type):
    """Lets constructors, and what is captured of their calls, see present names only."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return super().__call__(*args, **present_names(cls, kwargs))


class OptimizerState(Configurable, metaclass=_PresentNames):
    """The variables of an optimizer, in the order in which Keras's files hold them."""

    name: str
    use_ema: bool
    gradient_accumulation_steps: int | None

    def __init__(self, learning_rate: Any) -> None:
        """Start with the count of iterations and the learning rate (a float, or what gives it)."""
        self.built = False
        self._variables: list[Variable] = []
        self._trainable_variables: list[Variable] = []
        self._places: dict[int, int] = {}  # of the trainable variables, by their ids
        self._slots: list[dict[str, Variable]] = []
        self._averages: list[Variable] = []
        self._accumulators: list[Variable] = []
        self._programs: dict[tuple[int, ...], Program] = {}  # traced updates
        self._iterations = self.add_variable((), dtype=INT32, name="iteration")
        self._learning_rate = learning_rate
        if isinstance(learning_rate, float):
            self._learning_rate = self.add_variable((), learning_rate, name="learning_rate")

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if name[0] != "_" and name not in ("learning_rate", "lr", "valid"):
            vars(self).setdefault("_programs", {}).clear()  # another argument, another update

    def _update_together(self, other: OptimizerState) -> None:
        """Let a change of `other`, which this one calls, be a change of its own updates."""
        other._programs = self._programs

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_programs": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        places = enumerate(self._trainable_variables)
        self._places = {id(variable): place for place, variable in places}

    def slots(self) -> Sequence[Mapping[str, float]]:
        """What is remembered of each variable: names with the values that they start from.

        The slots of one group lie side by side, variable by variable; group follows group.
        """
        return ()

    @property
    def variables(self) -> list[Variable]:
        """All state: iteration, learning rate, averages, accumulated gradients, slots."""
        return list(self._variables)

    def build_rest(self, trained: Iterable[Variable]) -> None:
        """Make the state of variables that are trained since others were."""
        trained = list(trained)
        if self.built and any(id(variable) not in self._places for variable in trained):
            self.build(trained)

    def variables_for(self, trained: Iterable[Variable]) -> list[Variable]:
        """`variables` in the order of an optimizer that was built once, for all of `trained`.

        Files have this order. What is remembered of variables not trained any more is left out.
        """
        known = [variable for variable in trained if id(variable) in self._places]
        if not self.built or [*map(id, known)] == [*map(id, self._trainable_variables)]:
            return self.variables
        parameters = signature(type(self).__init__).parameters.values()
        named = any(p.name == "name" or p.kind is p.VAR_KEYWORD for p in parameters)
        name = {"name": self.name} if named else {}
        twin: OptimizerState = type(self)(**{**self._arguments, **name})
        if known:
            twin.build(known)
        keys = {id(variable): key for key, variable in twin._meanings().items()}
        own = self._meanings()
        return [own.get(keys[id(variable)], variable) for variable in twin.variables]

    def _meanings(self) -> dict[tuple[Any, str], Variable]:
        """The variables by what they are: name and trained variable, or name and number."""
        found: dict[tuple[Any, str], Variable] = {}
        lists = {"average": self._averages, "accumulator": self._accumulators}
        for place, (trained, slots) in enumerate(zip(self._trainable_variables, self._slots)):
            kept = {**slots, **{name: each[place] for name, each in lists.items() if each}}
            found.update({(id(trained), name): each for name, each in kept.items()})
        known = set(map(id, found.values()))
        for variable in self._variables:
            if id(variable) not in known:
                name = variable.name.removeprefix(f"{self.name}/")
                number = sum(key[1] == name for key in found)
                found[number, name] = variable
        return found

    @property
    def slot_variables(self) -> list[dict[str, Variable]]:
        """What is remembered of each trainable variable, by name."""
        return [dict(slots) for slots in self._slots]

    @property
    def iterations(self) -> Any:
        """How many updates were made."""
        if self.gradient_accumulation_steps:
            return floordiv(self._iterations, self.gradient_accumulation_steps)
        return self._iterations

    @property
    def learning_rate(self) -> Any:
        """The learning rate of the next update; a variable that can be set unless scheduled."""
        rate = self._learning_rate
        if isinstance(rate, LearningRateSchedule):
            return rate(self._iterations)
        return rate if isinstance(rate, Variable) else rate()

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        rate = read_rate(learning_rate, None) if callable(learning_rate) else learning_rate
        if isinstance(rate, Variable) or not callable(rate):
            if not isinstance(self._learning_rate, Variable):
                raise ArgumentTypeError(
                    f"the learning rate of this {type(self).__name__} follows "
                    f"{type(self._learning_rate).__name__}; make the optimizer with a number to "
                    "set it later"
                )
            self._learning_rate.assign(cast(to_tensor(rate), FLOAT32))
            return
        if isinstance(self._learning_rate, Variable):
            self._variables = [v for v in self._variables if v is not self._learning_rate]
        self._learning_rate = rate
        self._programs.clear()
        SCHEDULED[0] += 1

    lr = learning_rate

    def add_variable(
        self, shape: Any, initializer: Any = 0.0, dtype: Any = FLOAT32, name: str = "variable"
    ) -> Variable:
        """A new variable of the optimizer's state.

        `initializer` is a number or a function of shape and dtype.
        """
        made = initializer(shape, dtype) if callable(initializer) else initializer
        array = np.broadcast_to(np.asarray(made, dtype), shape)
        variable = Variable(array, trainable=False, name=f"{self.name}/{name}")
        self._variables.append(variable)
        if WAITING and self.built:  # a class may make more than the base's `build`
            resume()
        return variable

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str, initializer: Any = 0.0
    ) -> Variable:
        """A new variable of the state, of the type of another, named after it."""
        spec = reference_variable.spec
        full_name = f"{reference_variable.path.replace('/', '_')}_{name}"
        return self.add_variable(spec.shape, _start(initializer), spec.dtype, full_name)

    def add_optimizer_variables(
        self, trainable_variables: Iterable[Variable], name: Any, initializer: Any = 0.0
    ) -> Any:
        """A list of new variables, one for each of others; several lists for several names."""
        names = [name] if isinstance(name, str) else list(name)
        several = isinstance(initializer, (list, tuple))
        starts = initializer if several else [initializer] * len(names)
        lists: list[list[Variable]] = [[] for _ in names]
        for variable in trainable_variables:
            for made, each, start in zip(lists, names, starts, strict=True):
                made.append(self.add_variable_from_reference(variable, each, start))
        return lists[0] if isinstance(name, str) else tuple(lists)

    def build(self, variables: Iterable[Variable]) -> None:
        """Make the state that `variables` need; those known already keep theirs."""
        new = [variable for variable in variables if id(variable) not in self._places]
        for variable in new:
            self._places[id(variable)] = len(self._trainable_variables)
            self._trainable_variables.append(variable)
            self._slots.append({})
        if self.use_ema:
            self._averages += self.add_optimizer_variables(new, "average")
        if self.gradient_accumulation_steps:
            self._accumulators += self.add_optimizer_variables(new, "gradient_accumulator")
        self.make_slots(new)
        self.built = True
        if WAITING:
            resume()

    def make_slots(self, variables: Sequence[Variable]) -> None:
        """Make what is remembered of new `variables`."""
        for group in self.slots():
            for variable in variables:
                for name, start in group.items():
                    self.add_slot(
                        variable, name, self.add_variable_from_reference(variable, name, start)
                    )

    def add_slot(self, variable: Variable, name: str, slot: Variable) -> None:
        """Let `slot` be what is remembered of `variable` under `name`."""
        self._slots[self._get_variable_index(variable)][name] = slot

    def _get_variable_index(self, variable: Variable) -> int:
        return self._places[id(variable)]

    @property
    def weights(self) -> list[Variable]:
        """`variables`, as TensorFlow 2 named them."""
        return self.variables

    def get_weights(self) -> list[Any]:
        """The values of `variables` as NumPy arrays."""
        return [np.array(variable) for variable in self.variables]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Let `variables` have these values."""
        if len(weights) != len(self.variables):
            raise InvalidArgumentError(
                f"{self.name} has {len(self.variables)} variables; got {len(weights)} values. "
                "Call optimizer.build(model.trainable_variables) before set_weights."
            )
        for variable, value in zip(self.variables, weights, strict=True):
            variable.assign(np.asarray(value).astype(variable.spec.dtype))


def _start(initializer: Any) -> float | Callable[..., Any]:
    """The number or function that an initializer's name means."""
    known = {"zeros": 0.0, "ones": 1.0}
    if isinstance(initializer, str):
        if initializer not in known:
            raise InvalidArgumentError(
                f"the state of an optimizer starts from 'zeros', 'ones', a number or an "
                f"initializer; got {initializer!r}"
            )
        return known[initializer]
    return initializer  # type: ignore[no-any-return]
