"""Things that can be named, configured, written to a file and made again.

The constructor's arguments are captured once, so `get_config` needs no code in the classes. The
configuration of an object is `{"module", "class_name", "config", "registered_name"}`, as Keras 3
writes it; `deserialize` makes objects of registered classes only and never runs code.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar

import numpy as np

from ..core.errors import ArgumentTypeError, InvalidArgumentError, UnknownNameError, nearest
from ..core.registry import Registry

C = TypeVar("C", bound="type[Any]")

FAMILIES: dict[str, Registry[Any]] = {}
"""By Keras module name (`keras.losses` …): everything that can be named there."""

_CUSTOM: dict[str, Any] = {}
"""What users registered, by registered name (`package>name`)."""


def family(module: str, kind: str) -> Registry[Any]:
    """The registry of `module`, made on first use; `kind` is the word for messages."""
    return FAMILIES.setdefault(module, Registry(kind))


def register(module: str, *aliases: str) -> Callable[[C], C]:
    """A decorator: a class (or function) of `module`, found by its name, snake_case and aliases.

    A function that is registered under the snake_case name of a class keeps that name.
    """

    def decorate(item: C) -> C:
        name = item.__name__
        plural = module.rpartition(".")[2]
        known = family(module, plural.removesuffix("es" if plural.endswith("sses") else "s"))
        snake = () if snake_case(name) in known else (snake_case(name),)
        known.add(item, *dict.fromkeys((name, *snake, *aliases)))
        if isinstance(item, type):
            item._keras_module = module  # type: ignore[attr-defined]
        return item

    return decorate


def snake_case(name: str) -> str:
    """`BatchNormalization` as `batch_normalization`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return spaced.lower()


class Configurable:
    """Remembers what its constructor was called with."""

    _keras_module: ClassVar[str] = ""
    _arguments: dict[str, Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        instance = super().__new__(cls)
        object.__setattr__(instance, "_arguments", _bound_arguments(cls, args, kwargs))
        return instance

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, in a form that JSON can hold.

        An attribute of an argument's name says its present value.
        """
        return {
            name: serialize(getattr(self, name, value)) for name, value in self._arguments.items()
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """An object made of what `get_config` gave."""
        return cls(**{name: deserialize_nested(value) for name, value in config.items()})


def _bound_arguments(cls: type, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Arguments by name, defaults included; surplus keywords by their own names."""
    signature = _signature(cls)
    try:
        bound = signature.bind(None, *args, **kwargs)
    except TypeError as error:
        raise _constructor_error(cls, signature, error, kwargs) from None
    bound.apply_defaults()
    arguments = dict(list(bound.arguments.items())[1:])
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            arguments.update(arguments.pop(parameter.name, {}))
        elif parameter.kind is parameter.VAR_POSITIONAL:
            arguments.pop(parameter.name, None)
    return arguments


_SIGNATURES: dict[Any, inspect.Signature] = {}


def _signature(cls: type) -> inspect.Signature:
    initializer = cls.__init__  # type: ignore[misc]
    if initializer not in _SIGNATURES:
        _SIGNATURES[initializer] = inspect.signature(initializer)
    return _SIGNATURES[initializer]


def _constructor_error(
    cls: type, signature: inspect.Signature, error: TypeError, kwargs: dict[str, Any]
) -> ArgumentTypeError:
    known = [name for name in signature.parameters if name != "self"]
    unknown = [name for name in kwargs if name not in known]
    hint = nearest(unknown[0], known) if unknown else ""
    return ArgumentTypeError(
        f"{cls.__name__}: {error}. Its arguments are {', '.join(known)}.{hint}"
    )


# To and from plain data ---------------------------------------------------------------------------


def serialize(item: Any) -> Any:
    """`item` as plain data: a dict for an object, a name for a registered function."""
    if isinstance(item, Configurable):
        return _object_config(item)
    if item is None or isinstance(item, (bool, int, float, str)):
        return item
    if isinstance(item, (np.generic, np.ndarray)):
        return item.tolist()
    if isinstance(item, Mapping):
        return {str(key): serialize(value) for key, value in item.items()}
    if isinstance(item, (list, tuple)):
        return [serialize(entry) for entry in item]
    if hasattr(item, "numpy"):
        return serialize(item.numpy())
    if callable(item):
        return function_name(item)
    return getattr(item, "name", None) or str(item)


def _object_config(item: Configurable) -> dict[str, Any]:
    cls = type(item)
    registered = registered_name(cls)
    config = item.get_config()
    if registered is None and cls._keras_module and _is_builtin(cls):
        module: str | None = cls._keras_module
    else:
        module = cls.__module__
        registered = registered or cls.__name__
    return {
        "module": module,
        "class_name": cls.__name__,
        "config": config,
        "registered_name": registered,
    }


def _is_builtin(cls: type) -> bool:
    known = FAMILIES.get(getattr(cls, "_keras_module", ""))
    return known is not None and cls.__name__ in known and known[cls.__name__] is cls


def registered_name(item: Any) -> str | None:
    """The name under which a user registered `item`, if so."""
    return next((name for name, known in _CUSTOM.items() if known is item), None)


def function_name(function: Callable[..., Any]) -> str:
    """The name by which a registered function can be found again."""
    registered = registered_name(function)
    if registered:
        return registered
    for known in FAMILIES.values():
        name = known.name_of(function)
        if name:
            return name
    return getattr(function, "__name__", type(function).__name__)


def custom_object(name: str) -> Any:
    """What users registered or passed under `name`, else None."""
    if name in _CUSTOM:
        return _CUSTOM[name]
    matches = [item for known, item in _CUSTOM.items() if known.rpartition(">")[2] == name]
    return matches[0] if len(matches) == 1 else None


def deserialize(config: dict[str, Any]) -> Any:
    """The object of a `{"class_name", "config", …}` dict: a registered class, never an import."""
    name = config.get("registered_name") or config.get("class_name")
    class_name, module = config.get("class_name"), config.get("module") or ""
    if not isinstance(name, str) or not isinstance(class_name, str):
        raise InvalidArgumentError(f"an object's configuration needs a class_name; got {config!r:.200}")
    inner = config.get("config", {})
    if class_name == "function" and isinstance(inner, str):
        return _function(inner)
    cls = custom_object(name) or custom_object(class_name)
    if cls is None:
        cls = _builtin_class(module, class_name)
    if not isinstance(cls, type):
        return cls  # a registered function
    if not isinstance(inner, dict):
        raise InvalidArgumentError(f"the configuration of {class_name} is not a dict")
    return cls.from_config(inner)  # type: ignore[attr-defined]


def _builtin_class(module: str, class_name: str) -> Any:
    preferred = FAMILIES.get(module)
    if preferred is not None and class_name in preferred:
        return preferred[class_name]
    if not module:
        for known in FAMILIES.values():
            if class_name in known:
                return known[class_name]
    names = [name for known in FAMILIES.values() for name in known]
    raise UnknownNameError(
        f"the class {class_name!r} of {module or 'no module'!r} is not known to lamina; pass it in "
        "custom_objects={...}, or decorate it with @keras.saving.register_keras_serializable()."
        f"{nearest(class_name, names)}"
    )


def _function(name: str) -> Any:
    """The function that a configuration names: a user's, a registered one, or a class's own."""
    found = custom_object(name)
    items = [known[name] for known in FAMILIES.values() if name in known]
    functions = [item for item in items if not isinstance(item, type)]
    functions += [item.fn for item in items if hasattr(item, "fn")]
    if found is None and not functions:
        raise UnknownNameError(
            f"the function {name!r} is not known to lamina; pass it in custom_objects={{...}}, or "
            "decorate it with @keras.saving.register_keras_serializable()."
        )
    return functions[0] if found is None else found


def deserialize_nested(value: Any) -> Any:
    """`value` with configurations of objects, however deep, replaced by the objects."""
    if isinstance(value, dict):
        if "class_name" in value and "config" in value:
            return deserialize(value)
        return {key: deserialize_nested(item) for key, item in value.items()}
    if isinstance(value, list):
        return [deserialize_nested(item) for item in value]
    return value


def get_from(module: str, identifier: Any) -> Any:
    """What `identifier` means in `module`: a name, a config, a class, an object, a function.

    Names give functions as they are and instances of classes with default arguments.
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        found = custom_object(identifier)
        if found is None:
            found = FAMILIES[module][identifier]
    else:
        found = identifier
    if isinstance(found, type):
        return found()
    if not callable(found) and not isinstance(found, Configurable):
        raise ArgumentTypeError(
            f"a name, a configuration or a callable is expected as a "
            f"{FAMILIES[module].kind}; got {type(identifier).__name__} {identifier!r:.80}"
        )
    return found


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[C], C]:
    """A decorator that lets files name your class or function."""

    def decorate(item: C) -> C:
        _CUSTOM[f"{package}>{name or item.__name__}"] = item
        return item

    return decorate


@contextmanager
def custom_object_scope(objects: Mapping[str, Any] | None) -> Iterator[None]:
    """Names that configurations may use inside a `with` block."""
    before = dict(_CUSTOM)
    _CUSTOM.update(objects or {})
    try:
        yield
    finally:
        _CUSTOM.clear()
        _CUSTOM.update(before)
