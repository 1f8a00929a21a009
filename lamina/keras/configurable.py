"""Things that can be named, configured, written to a file and made again.

The constructor's arguments are captured once, so `get_config` needs no code in the classes. The
configuration of an object is `{"module", "class_name", "config", "registered_name"}`, as Keras 3
writes it; `deserialize` makes objects of registered classes only and never runs code.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, TypeVar

import numpy as np

from ..core.dtypes import DType, numpy_dtype
from ..core.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    UnknownNameError,
    nearest,
)
from ..core.registry import Registry
from .custom_objects import custom_object as custom_object
from .custom_objects import custom_object_scope as custom_object_scope
from .custom_objects import registered_name
from .lambdas import is_lambda, lambda_config, lambda_of
from .limits import check_object

C = TypeVar("C", bound=Callable[..., Any])

FAMILIES: dict[str, Registry[Any]] = {}
"""By Keras module name (`keras.losses` …): everything that can be named there."""

WRITTEN_MODULES = {
    "DTypePolicy": "keras",
    "FloatDTypePolicy": "keras",
    "Functional": "keras.src.models.functional",
    "LossFunctionWrapper": "keras.src.losses.losses",
    "Model": "keras",
    "Sequential": "keras",
}
"""Where files say that a class stands, if not in its family's module."""

WITHOUT_MEANING: dict[str, Any] = {
    "input_axes": None,
    "optional": False,
    "output_axes": None,
    "quantization_config": None,
}
"""Arguments that Keras writes and lamina does not have, with the value that asks for nothing."""


def family(module: str, kind: str) -> Registry[Any]:
    """The registry of `module`, made on first use; `kind` is the word for messages."""
    return FAMILIES.setdefault(module, Registry(kind))


def register(module: str, *aliases: str) -> Callable[[C], C]:
    """A decorator: a class (or function) of `module`, found by its name, snake_case and aliases.

    A function that is registered under the snake_case name of a class keeps that name.
    """

    def decorate(item: C) -> C:
        thing: Any = item
        name = thing.__name__
        plural = module.rpartition(".")[2]
        known = family(module, plural.removesuffix("es" if plural.endswith("sses") else "s"))
        snake = () if snake_case(name) in known else (snake_case(name),)
        known.add(thing, *dict.fromkeys((name, *snake, *aliases)))
        if isinstance(item, type):
            thing._keras_module = module
        return item

    return decorate


def snake_case(name: str) -> str:
    """`BatchNormalization` as `batch_normalization`, `Conv2D` as `conv2d`, as Keras has it."""
    word = re.sub(r"\W+", "", name)
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=.)(?=[A-Z][a-z])", "_", word)
    return spaced.lower()


class Configurable:
    """Remembers what its constructor was called with."""

    _keras_module: ClassVar[str] = ""
    _arguments: dict[str, Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        instance = super().__new__(cls)
        object.__setattr__(instance, "_arguments", _bound_arguments(cls, args, kwargs))
        return instance

    @classmethod
    def _handed_on(cls, values: Sequence[Any]) -> dict[str, Any]:
        """The values of `*args` by the names that they have in the constructors of bases."""
        constructors = [vars(base)["__init__"] for base in cls.__mro__ if "__init__" in vars(base)]
        found: dict[str, Any] = {}
        for constructor in constructors[1:]:
            parameters = list(inspect.signature(constructor).parameters.values())[1:]
            places = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
            found.update(zip(places, values, strict=False))
            values = values[len(places) :]
        return found

    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]:
        return (), self._arguments  # copies and pickles are made by __new__ as well

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, in a form that JSON can hold.

        An attribute of an argument's name says its present value. To a `get_config` of the user
        that calls this one, it gives the arguments of lamina's class alone.
        """
        return {name: serialize(getattr(self, name, value)) for name, value in self._told().items()}

    def _told(self) -> dict[str, Any]:
        """The arguments that `get_config` gives, by name."""
        cls = type(self)
        if _is_own(next(base for base in cls.__mro__ if "get_config" in vars(base))):
            return self._arguments
        bases = [base for base in cls.__mro__ if _is_own(base) and "__init__" in vars(base)]
        known = {name for base in bases for name in _signature(base).parameters}
        told = {name: value for name, value in self._arguments.items() if name in known}
        nearest_base = _signature(bases[0]).parameters if bases else ()
        given = {name: getattr(self, name) for name in nearest_base if hasattr(self, name)}
        return {**given, **told}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """An object made of what `get_config` gave, here or in Keras."""
        known = _signature(cls).parameters
        return cls(
            **{
                name: deserialize_nested(value)
                for name, value in config.items()
                if name in known or name not in WITHOUT_MEANING or value != WITHOUT_MEANING[name]
            }
        )


def _is_own(cls: type) -> bool:
    """Whether a class is lamina's, not a user's."""
    return cls.__module__.partition(".")[0] == __name__.partition(".")[0]


def _bound_arguments(
    cls: type[Configurable], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """Arguments by name, defaults included; surplus keywords by their own names."""
    signature = _signature(cls)
    try:
        bound = signature.bind(None, *args, **kwargs)
    except TypeError as error:
        raise _constructor_error(cls, signature, error, kwargs) from None
    bound.apply_defaults()
    arguments = dict(list(bound.arguments.items())[1:])
    by_name = signature.parameters[next(reversed(signature.parameters))]
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            arguments.update(arguments.pop(parameter.name, {}))
        elif parameter.kind is parameter.VAR_POSITIONAL:
            values = arguments.pop(parameter.name, ())
            if by_name.kind is by_name.VAR_KEYWORD:  # so that the names can be given again
                arguments.update(cls._handed_on(values))
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


# To plain data ------------------------------------------------------------------------------------


class _Sharing:
    """The objects of one file: one that occurs twice is one object again after loading."""

    def __init__(self, own: dict[str, Any] | None) -> None:
        self.own = own  # users' classes and functions, by the names that configurations have
        self.configs: dict[int, tuple[Any, dict[str, Any]]] = {}  # by the id of the object
        self.objects: dict[Any, Any] = {}  # by the id in the file


_SHARING: ContextVar[_Sharing | None] = ContextVar("sharing", default=None)


@contextmanager
def sharing(own: dict[str, Any] | None = None) -> Iterator[None]:
    """Inside, an object that is serialized or deserialized twice stays one object.

    Where `own` is given, it gets the classes and functions that lamina does not know by name, each
    under a name that no other has: with it as custom objects, all is found again.
    """
    token = _SHARING.set(_Sharing(own))
    try:
        yield
    finally:
        _SHARING.reset(token)


def serialize(item: Any) -> Any:
    """`item` as plain data: a dict for an object, a name for a function of Keras.

    Raises ArgumentTypeError for what no file can name: callables without a name, unknown kinds.
    """
    if item is None or isinstance(item, (bool, int, float, str)):
        return item
    if isinstance(item, Mapping) and not hasattr(item, "get_config"):
        return _plain(dict(item))
    if isinstance(item, (list, tuple)):
        return _plain(list(item))
    if isinstance(item, (DType, np.dtype)):
        return item.name
    if isinstance(item, bytes):
        return {"class_name": "__bytes__", "config": {"value": item.decode()}}
    if isinstance(item, slice):
        bounds = {"start": item.start, "stop": item.stop, "step": item.step}
        return {"class_name": "__slice__", "config": bounds}
    if item is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if hasattr(item, "get_config") and not isinstance(item, type):
        return _object_config(item)
    if hasattr(item, "numpy") or isinstance(item, (np.generic, np.ndarray)):
        return _array_config(np.asarray(item))
    if callable(item):
        return _function_config(item)
    raise ArgumentTypeError(
        f"a {type(item).__name__} cannot be written to a configuration; give its class a "
        "get_config() and decorate it with @keras.saving.register_keras_serializable()"
    )


def _array_config(array: np.ndarray[Any, Any]) -> Any:
    if array.ndim == 0:
        return array.item()
    return {
        "class_name": "__numpy__",
        "config": {"value": array.tolist(), "dtype": array.dtype.name},
    }


def _function_config(function: Callable[..., Any]) -> Any:
    name = registered_name(function)
    if name is None:
        builtin = next((n for f in FAMILIES.values() if (n := f.name_of(function))), None)
        if builtin is not None:
            return builtin
        if is_lambda(function) and _own() is None:
            return lambda_config(function, serialize)
        name = getattr(function, "__name__", None)
    if name is None:
        raise ArgumentTypeError(
            f"{function!r:.80} has no name to be found by, so it cannot be written to a file; "
            "define it with `def` and decorate it with @keras.saving.register_keras_serializable()"
        )
    return {
        "module": "builtins",
        "class_name": "function",
        "config": _named(function, name),
        "registered_name": "function",
    }


def _own() -> dict[str, Any] | None:
    """Where users' classes and functions are kept beside their configurations; see `sharing`."""
    scope = _SHARING.get()
    return None if scope is None else scope.own


def _named(item: Any, name: str) -> str:
    """The name of a user's class or function in configurations."""
    own = _own()
    while own is not None and own.setdefault(name, item) is not item:
        name += "'"
    return name


def _object_config(item: Any) -> dict[str, Any]:
    cls = getattr(item, "written_class", type(item))
    name = cls.__name__
    if _is_builtin(cls):
        module: str | None = WRITTEN_MODULES.get(name, cls._keras_module)
        registered = name if name == "Functional" else None
    else:
        module = None if cls.__module__ == "__main__" else cls.__module__
        registered = _named(cls, registered_name(cls) or name)
    config: dict[str, Any] = {
        "module": module,
        "class_name": name,
        "config": _plain(item.get_config()),
        "registered_name": registered,
    }
    for part in ("build_config", "compile_config"):
        getter = getattr(item, f"get_{part}", None)
        found = getter() if getter is not None else None
        if found is not None:
            config[part] = _plain(found)
    scope = _SHARING.get()
    if scope is not None:
        _, first = scope.configs.setdefault(id(item), (item, config))
        if first is not config:
            first["shared_object_id"] = config["shared_object_id"] = id(item)
    return config


def _plain(config: Any) -> Any:
    """`config` with objects that a user's get_config left in it serialized.

    What is plain already stays the same object: `shared_object_id` may come into it later.
    """
    if isinstance(config, dict):
        items = {str(key): _plain(value) for key, value in config.items()}
        same = all(items.get(key) is value for key, value in config.items())
        return config if same else items
    if isinstance(config, list):
        entries = [_plain(value) for value in config]
        return config if all(a is b for a, b in zip(config, entries, strict=True)) else entries
    return [_plain(value) for value in config] if isinstance(config, tuple) else serialize(config)


def _is_builtin(cls: type) -> bool:
    known = FAMILIES.get(getattr(cls, "_keras_module", ""))
    return known is not None and cls.__name__ in known and known[cls.__name__] is cls


# From plain data ----------------------------------------------------------------------------------


def deserialize(config: dict[str, Any]) -> Any:
    """The object of a `{"class_name", "config", …}` dict: a registered class, never an import."""
    class_name, inner = config.get("class_name"), config.get("config")
    if not isinstance(class_name, str):
        raise InvalidArgumentError(
            f"an object's configuration needs a class_name; got {config!r:.200}"
        )
    if class_name in _SPECIAL:
        return _SPECIAL[class_name](inner)
    scope, shared = _SHARING.get(), config.get("shared_object_id")
    if scope is not None and shared in scope.objects:
        return scope.objects[shared]
    cls = _class_of(config, class_name)
    if not isinstance(cls, type):
        return cls  # a registered function
    inner = {} if inner is None else inner
    if not isinstance(inner, dict):
        raise InvalidArgumentError(f"the configuration of {class_name} is not a dict")
    if not hasattr(cls, "from_config"):
        raise ArgumentTypeError(f"the class {class_name} has no from_config()")
    check_object(inner.get("name"))
    made = cls.from_config(inner)
    _finish(made, config)
    if scope is not None and shared is not None:
        scope.objects[shared] = made
    return made


def _finish(made: Any, config: dict[str, Any]) -> None:
    """Build and compile as the configuration says."""
    build_config, compile_config = config.get("build_config"), config.get("compile_config")
    if build_config and not getattr(made, "built", True):
        made.build_from_config(build_config)
    if compile_config and hasattr(made, "compile_from_config"):
        made.compile_from_config(compile_config)


def _array_of(inner: Any) -> Any:
    if not isinstance(inner, dict) or not {"value", "dtype"} <= set(inner):
        raise InvalidArgumentError(
            f"an array's configuration needs value and dtype; got {inner!r:.80}"
        )
    return np.array(inner["value"], numpy_dtype(inner["dtype"]))


def _function_of(inner: Any) -> Any:
    found = custom_object(inner) if isinstance(inner, str) else None
    if found is None:
        named = [family[inner] for family in FAMILIES.values() if inner in family]
        # The function of a class (a metric) goes by the class's name in snake case.
        functions = [getattr(item, "fn", item) for item in named]
        found = next((item for item in functions if not isinstance(item, type)), None)
    if found is None:
        raise _unknown("function", inner)
    return found


_SPECIAL: dict[str, Callable[[Any], Any]] = {
    "__bytes__": lambda inner: str(inner["value"]).encode(),
    "__ellipsis__": lambda inner: Ellipsis,
    "__lambda__": lambda_of,
    "__numpy__": _array_of,
    "__slice__": lambda inner: slice(*(inner.get(key) for key in ("start", "stop", "step"))),
    "__tensor__": _array_of,
    "function": _function_of,
}


def _class_of(config: dict[str, Any], class_name: str) -> Any:
    """The class that a configuration means: a user's, else one of a family."""
    registered, module = config.get("registered_name"), config.get("module")
    ours = "module" not in config or module == "keras" or str(module).startswith("keras.")
    names = [registered, class_name]
    if ours and "module" in config:  # Keras writes that "Functional" is registered as such
        names = [] if registered == class_name else [registered]
    for name in names:
        found = custom_object(name) if isinstance(name, str) else None
        if found is not None:
            return found
    found = _builtin_class(str(module), class_name) if ours else None
    if found is None:
        raise _unknown("class", class_name, f" of {module!s:.80}" if module else "")
    return found


def _builtin_class(module: str, class_name: str) -> Any:
    """The class of that name; of several, the one whose family the module's path names."""
    path = module.split(".")
    found = [name for name, known in FAMILIES.items() if class_name in known]
    found.sort(key=lambda name: name != module and name.rpartition(".")[2] not in path)
    item = FAMILIES[found[0]][class_name] if found else None
    return item if isinstance(item, type) else None


def _unknown(kind: str, name: Any, home: str = "") -> UnknownNameError:
    names = [name for known in FAMILIES.values() for name in known]
    return UnknownNameError(
        f"the {kind} {name!r:.80}{home} is not known to lamina, which imports nothing that a "
        "file names; if it is yours and you trust it, pass it in custom_objects={...}, or "
        f"decorate it with @keras.saving.register_keras_serializable().{nearest(str(name), names)}"
    )


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
        found = deserialize(identifier)
    elif isinstance(identifier, str):
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
    home = getattr(type(found), "_keras_module", "")
    if module in _UNMIXED and home and home != module:
        raise ArgumentTypeError(
            f"a {FAMILIES[module].kind} is expected; got a {type(found).__name__} of {home}"
        )
    return found


_UNMIXED = ("keras.constraints", "keras.initializers", "keras.losses", "keras.regularizers")
"""Families in whose place no object of another one stands (a layer may be an activation)."""
