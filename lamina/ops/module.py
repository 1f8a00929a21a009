"""tf.Module: an object that finds its variables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from ..tensor.variable import Variable


class Module:
    """Base of things that hold variables: as attributes, in lists, tuples and dicts, in modules.

    Example:
        class Line(tf.Module):
            def __init__(self):
                super().__init__()
                self.slope = tf.Variable(1.0)
    """

    def __init__(self, name: str | None = None) -> None:
        self._name = name or _snake_case(type(self).__name__)

    @property
    def name(self) -> str:
        return self._name

    @property
    def variables(self) -> tuple[Variable, ...]:
        """All variables, those of attributes in alphabetical order."""
        return tuple(item for item in self._flatten() if isinstance(item, Variable))

    @property
    def trainable_variables(self) -> tuple[Variable, ...]:
        return tuple(variable for variable in self.variables if variable.trainable)

    @property
    def non_trainable_variables(self) -> tuple[Variable, ...]:
        return tuple(variable for variable in self.variables if not variable.trainable)

    @property
    def submodules(self) -> tuple[Module, ...]:
        """All modules inside of this one."""
        return tuple(item for item in self._flatten() if isinstance(item, Module))

    def _flatten(self) -> list[Any]:
        """Variables and modules inside, each once."""
        seen: dict[int, Any] = {id(self): self}
        return list(_inside(vars(self), seen))

    @classmethod
    def with_name_scope(cls, method: Callable[..., Any]) -> Callable[..., Any]:
        """`method` as it is: names have no effect on results."""
        return method


def _inside(holder: Any, seen: dict[int, Any]) -> Iterator[Any]:
    items: list[Any]
    if isinstance(holder, dict):
        items = [holder[key] for key in sorted(holder, key=str)]
    else:
        items = list(holder)
    for item in items:
        if isinstance(item, (Variable, Module)):
            if id(item) not in seen:
                seen[id(item)] = item
                yield item
                if isinstance(item, Module):
                    yield from _inside(vars(item), seen)
        elif isinstance(item, (list, tuple, dict)) and id(item) not in seen:
            seen[id(item)] = item
            yield from _inside(item, seen)


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


__all__ = ["Module"]
