"""What users let files name: registered classes and functions, and those of a `with` block."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token
from types import MappingProxyType
from typing import Any, TypeVar

from ..core.errors import ArgumentTypeError, InvalidArgumentError

C = TypeVar("C", bound=Callable[..., Any])

_REGISTERED: dict[str, Any] = {}
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_SCOPE: ContextVar[Mapping[str, Any]] = ContextVar("custom_objects", default=_NOTHING)


class CustomObjectScope:
    """Names that configurations may use inside a `with` block, in this thread.

    Example: `with tf.keras.saving.CustomObjectScope({"Double": Double}): …`
    """

    def __init__(self, custom_objects: Mapping[str, Any] | None) -> None:
        if custom_objects is not None and not isinstance(custom_objects, Mapping):
            raise ArgumentTypeError(
                "custom objects are a dict from names to classes or functions; got "
                f"{type(custom_objects).__name__}"
            )
        self.custom_objects = dict(custom_objects or {})
        self._tokens: list[Token[Mapping[str, Any]]] = []

    def __enter__(self) -> CustomObjectScope:
        self._tokens.append(_SCOPE.set({**_SCOPE.get(), **self.custom_objects}))
        return self

    def __exit__(self, *_: object) -> None:
        _SCOPE.reset(self._tokens.pop())


custom_object_scope = CustomObjectScope


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[C], C]:
    """A decorator that lets files name your class or function, as `package>name`.

    The name is the class's own unless `name` is given. A class needs `get_config`.
    """
    if not isinstance(package, str):
        raise ArgumentTypeError(
            "register_keras_serializable takes the name of a package: decorate with "
            "@keras.saving.register_keras_serializable(), in parentheses"
        )

    def decorate(item: C) -> C:
        if isinstance(item, type) and not hasattr(item, "get_config"):
            raise InvalidArgumentError(
                f"the class {item.__name__} cannot be registered: it has no get_config()"
            )
        thing: Any = item
        _REGISTERED[f"{package}>{name or thing.__name__}"] = item
        return item

    return decorate


def get_custom_objects() -> dict[str, Any]:
    """All that is registered, by name; what is added to this dict is registered too."""
    return _REGISTERED


def custom_object(name: str) -> Any:
    """What stands in the scope or is registered under `name`, with or without package.

    A scope that says `name` without package means that of any package.
    """
    scope = _SCOPE.get()
    for known in (scope, _REGISTERED):
        if name in known:
            return known[name]
    plain = name.rpartition(">")[2]
    if plain in scope:
        return scope[plain]
    matches = {
        id(item): item
        for known in (scope, _REGISTERED)
        for full, item in known.items()
        if full.rpartition(">")[2] == name
    }
    return next(iter(matches.values())) if len(matches) == 1 else None


def registered_name(item: Any) -> str | None:
    """The name under which a user registered `item`, if so."""
    return next((name for name, known in _REGISTERED.items() if known is item), None)


def get_registered_name(obj: Any) -> str:
    """The name that files use for a class or function: `package>name`, else its own."""
    return registered_name(obj) or str(obj.__name__)


def get_registered_object(
    name: str,
    custom_objects: Mapping[str, Any] | None = None,
    module_objects: Mapping[str, Any] | None = None,
) -> Any:
    """What `name` means in a scope, in the registry, or in these dicts; None if nothing."""
    for known in (_SCOPE.get(), _REGISTERED, custom_objects or {}, module_objects or {}):
        if name in known:
            return known[name]
    return None
