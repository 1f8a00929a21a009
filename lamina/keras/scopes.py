"""keras.StatelessScope, keras.device, keras.remat: where and how code runs."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..core.errors import ArgumentTypeError, InvalidArgumentError, UnimplementedError
from ..ir.bind import STATE
from ..tensor.variable import KEPT, WRITES, Variable


class StatelessScope:
    """Inside, variables have the values of `state_mapping`, and what is written is undone after.

    `state_mapping`: pairs of variables and values. `get_current_value(variable)` is what was
    written, or given, also after the scope. New variables have their values at once, whatever
    `initialize_variables` says.
    """

    def __init__(
        self,
        state_mapping: Iterable[tuple[Variable, Any]] | None = None,
        collect_losses: bool = False,
        initialize_variables: bool = True,
    ) -> None:
        if collect_losses:
            raise UnimplementedError(
                "StatelessScope does not collect losses; use layer.stateless_call(…, "
                "return_losses=True)"
            )
        self._given: list[tuple[Variable, Any]] = []
        for variable, value in state_mapping or ():
            if not isinstance(variable, Variable):
                raise ArgumentTypeError(
                    f"StatelessScope expects pairs of variables and values; got {variable!r:.80}"
                )
            self._given.append((variable, variable._fit(value)))
        self._before: dict[int, tuple[Variable, Any]] = {}
        self._after: dict[int, Any] = {}
        self._trace: Any = None
        self._outer: Any = None

    def __enter__(self) -> StatelessScope:
        self._trace = trace = STATE.trace
        self._before = {} if trace is None else dict(trace.writes)
        self._outer, KEPT.scope = KEPT.scope, self if trace is None else None
        for variable, value in self._given:
            if trace is None:
                self.keep(variable)
                variable._value = value
            else:
                trace.write(variable, value)
        WRITES[0] += 1
        return self

    def keep(self, variable: Variable) -> None:
        """Remember what `variable` holds, before it is written."""
        self._before.setdefault(id(variable), (variable, variable._value))

    def get_current_value(self, variable: Variable) -> Any:
        """The value given for `variable` or written since; None for an untouched one."""
        return self._values().get(id(variable))

    def _values(self) -> dict[int, Any]:
        if self._after:
            return self._after
        if self._trace is None:
            return {key: variable._value for key, (variable, _) in self._before.items()}
        found: dict[int, Any] = {key: pair[1] for key, pair in self._trace.writes.items()}
        return found

    def __exit__(self, *_: Any) -> None:
        KEPT.scope = self._outer
        self._after = self._values()
        if self._trace is None:
            for variable, value in self._before.values():
                variable._value = value
        else:
            self._trace.writes.clear()
            self._trace.writes.update(self._before)
        WRITES[0] += 1


@contextmanager
def standing_for(
    variables: Sequence[Variable], values: Sequence[Any], name: str
) -> Iterator[Callable[[Variable], Any]]:
    """A StatelessScope of as many values as variables; what a variable has in it now."""
    if len(values) != len(variables):
        raise InvalidArgumentError(f"expected {len(variables)} {name}; got {len(values)}")
    with StatelessScope(zip(variables, values, strict=True)) as scope:
        yield scope.get_current_value


@contextmanager
def device(device_name: str) -> Iterator[None]:
    """Run what is inside on the processor, which is the only device: "cpu", "cpu:0"."""
    name = str(device_name).lower()
    if not re.fullmatch(r"(.*/)?(device:)?cpu(:0|:\*)?", name):
        raise InvalidArgumentError(
            f"there is no device {device_name!r}: lamina computes on the processor, 'cpu:0'"
        )
    yield


_REMAT = (None, "full", "activations", "larger_than", "list_of_layers")


class RematScope:
    """Keras's wish to compute again what is not kept; results are the same, and all is kept."""

    def __init__(
        self,
        mode: str | None = "full",
        output_size_threshold: int = 1024,
        layer_names: Any = None,
    ) -> None:
        if mode not in _REMAT:
            raise InvalidArgumentError(
                f"mode is one of {', '.join(map(repr, _REMAT))}; got {mode!r}"
            )

    def __enter__(self) -> RematScope:
        return self

    def __exit__(self, *_: Any) -> None:
        pass


def remat(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f`: what it computes on the way is kept for the gradient, and not computed again."""

    @functools.wraps(f)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return f(*args, **kwargs)

    return wrapper
