"""tf.Module: an object that finds its variables."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

from ..core import nest
from ..core.errors import InvalidArgumentError
from ..core.pending import WAITING, resume
from ..core.scopes import current_prefix, entered
from ..tensor.variable import Variable


class Module:
    """Base of things that hold variables: as attributes, in lists, tuples and dicts, in modules.

    Layers of Keras among the attributes count as modules.

    Example:
        class Line(tf.Module):
            def __init__(self):
                super().__init__()
                self.slope = tf.Variable(1.0)
    """

    def __init__(self, name: str | None = None) -> None:
        name = name or _snake_case(type(self).__name__)
        if not name.isidentifier():
            raise InvalidArgumentError(
                f"the name of a module is a Python identifier, such as 'hidden_1'; got {name!r}"
            )
        self._name = name
        self._scope_name = f"{current_prefix()}{name}/"

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if WAITING:
            resume()

    @property
    def name(self) -> str:
        return self._name

    @property
    def name_scope(self) -> NameScope:
        """What names of variables made in the module's methods begin with."""
        return NameScope(self._scope_name)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """All variables, own ones first, attributes in alphabetical order."""
        return tuple(self._flatten(predicate=_is_variable))

    @property
    def trainable_variables(self) -> tuple[Variable, ...]:
        return tuple(variable for variable in self.variables if variable.trainable)

    @property
    def non_trainable_variables(self) -> tuple[Variable, ...]:
        return tuple(variable for variable in self.variables if not variable.trainable)

    @property
    def submodules(self) -> tuple[Any, ...]:
        """All modules inside of this one."""
        return tuple(self._flatten(predicate=_is_module))

    def _flatten(
        self,
        recursive: bool = True,
        predicate: Callable[[Any], bool] | None = None,
        attribute_traversal_key: Callable[[str], Any] | None = None,
        with_path: bool = False,
        expand_composites: bool = False,
    ) -> Iterator[Any]:
        """What `predicate` holds for among the attributes, then among those of modules inside.

        With `with_path`, pairs of (attribute, place in it, …) and the thing.
        """
        wanted = predicate or (lambda item: True)
        key = attribute_traversal_key or str
        for path, item in _inside(self, recursive, wanted, key, (), {id(self)}):
            yield (path, item) if with_path else item

    @classmethod
    def with_name_scope(cls, method: Callable[..., Any]) -> Callable[..., Any]:
        """`method`, with names of variables made in it below the module's `name_scope`."""

        @functools.wraps(method)
        def scoped(self: Module, *args: Any, **kwargs: Any) -> Any:
            with self.name_scope:
                return method(self, *args, **kwargs)

        return scoped


class NameScope:
    """A name scope that can be entered again and again."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._entered: list[Any] = []

    def __enter__(self) -> str:
        scope = entered(self.name)
        self._entered.append(scope)
        return scope.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._entered.pop().__exit__(kind, error, trace)


def _is_variable(item: Any) -> bool:
    return isinstance(item, Variable)


def _is_module(item: Any) -> bool:
    return isinstance(item, Module) or _is_layer(item)


def _is_layer(item: Any) -> bool:
    """Whether it is a layer of Keras: this room is below and knows it by what it has."""
    return hasattr(item, "own_variables") and hasattr(item, "trainable_weights")


def _inside(
    holder: Any,
    recursive: bool,
    wanted: Callable[[Any], bool],
    key: Callable[[str], Any],
    path: tuple[Any, ...],
    seen: set[int],
) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Things that are wanted, and the way to them; each once, nearest first."""
    modules = []
    attributes = vars(holder)
    if _is_layer(holder):
        attributes = {name: getattr(holder, name) for name in ("submodules", "variables")}
    for name in sorted(attributes, key=key):
        for place, leaf in _leaves(attributes[name]):
            if id(leaf) in seen:
                continue
            seen.add(id(leaf))
            here = (*path, name, *place)
            if wanted(leaf):
                yield here, leaf
            if recursive and _is_module(leaf):
                modules.append((here, leaf))
    for place, module in modules:
        yield from _inside(module, recursive, wanted, key, place, seen)


def _leaves(
    value: Any, ways: frozenset[int] = frozenset()
) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """What lies in nested lists, tuples and dicts, with its place in them."""
    if not isinstance(value, (dict, list, tuple)):
        yield (), value
    elif id(value) not in ways:  # a list may hold itself
        inner = ways | {id(value)}
        ordered = nest.sorted_keys(value) if isinstance(value, dict) else range(len(value))
        for name in ordered:
            yield from (((name, *place), leaf) for place, leaf in _leaves(value[name], inner))


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


__all__ = ["Module"]
