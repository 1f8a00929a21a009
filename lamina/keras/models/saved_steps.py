"""Operations of keras.ops between layers, as Keras's files write them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ...core import nest
from ...core.errors import InvalidArgumentError, UnimplementedError, UnknownNameError, nearest
from .. import ops
from ..configurable import deserialize_nested, serialize, snake_case
from ..layers.symbolic import SOME_ROWS, KerasTensor, Operation
from ..limits import spend_besides
from ..ops.operation import class_name

# How many of the first arguments are tensors that an operation is called on; 1 where not said.
_TENSORS = {
    2: """
        add allclose append arctan2 binary_crossentropy bitwise_and bitwise_left_shift bitwise_or
        bitwise_right_shift bitwise_xor categorical_crossentropy cdist correlate cross digitize
        divide divide_no_nan dot equal floor_divide fmax fmin fmod full_like gcd geomspace get_item
        greater greater_equal heaviside hypot in_top_k inner isin kron lcm ldexp left_shift less
        less_equal linspace logaddexp logaddexp2 logical_and logical_or logical_xor logspace lstsq
        matmul maximum minimum mod multiply nanpercentile nanquantile nextafter not_equal outer
        percentile power quantile right_shift rms_normalization scatter searchsorted segment_max
        segment_min segment_prod segment_sum slice solve solve_triangular
        sparse_categorical_crossentropy subtract take take_along_axis tensordot true_divide
        vdot""",
    3: "scatter_update select slice_update where",
    4: "isclose",
}
_COUNTS = {name: count for count, names in _TENSORS.items() for name in names.split()}
# The arguments that an operation is called on, where they are not the first ones.
_CALLED_ON = {
    "average": ("x", "weights"),
    "batch_normalization": ("x", "mean", "variance", "offset", "scale"),
    "full": ("fill_value",),
    "layer_normalization": ("x", "gamma", "beta"),
    "pad": ("x", "constant_values"),
}
# Those of them that files give by name.
_BY_NAME = {"average": "weights", "pad": "constant_values", "rms_normalization": "scale"}
_MODULES = "keras.src.ops."
_HOMES = {"cast": "core", "saturate_cast": "core", "logdet": "math", "slogdet": "numpy"}


_TWICE = ("abs", "conj", "swish", "hard_swish")
_REPEATED = {
    "array_split": ("indices_or_sections", 2**16),
    "diff": ("n", 2**16),
    "geomspace": ("num", 32),
    "linspace": ("num", 32),
    "logspace": ("num", 32),
    "split": ("indices_or_sections", 2**16),
    "tensordot": ("axes", 2**16),
}
"""Settings that say how often something is done or made while a model is read, and the bytes that
each time is worth."""
CLASSES = {class_name(name): name for name in ops.__all__ if name not in _TWICE}
"""Operations by the name of Keras's class."""


def home(name: str) -> str:
    """The module of Keras that the class of an operation is in."""
    homes = ("core", "linalg", "math", "nn", "numpy")
    known = (home for home in homes if name in getattr(ops, home).__all__)
    return _MODULES + (_HOMES.get(name) or next(known, "einops"))


def _called_on(name: str, parameters: Sequence[str]) -> tuple[str, ...]:
    return _CALLED_ON.get(name) or tuple(parameters[: _COUNTS.get(name, 1)])


def _several(parameters: Any) -> str | None:
    """The parameter that takes any number of tensors, if there is one."""
    return next((p.name for p in parameters.values() if p.kind is p.VAR_POSITIONAL), None)


def step_config(step: Operation, name: str, plain: Callable[[Any], Any]) -> dict[str, Any]:
    """The configuration of one operation; `plain` writes what it is called on."""
    from inspect import signature

    assert step.function is not None
    operation = step.function.__name__
    bound = signature(step.function).bind(*step.arguments, **step.keywords)
    bound.apply_defaults()
    given: dict[str, Any] = dict(bound.arguments)
    several = _several(bound.signature.parameters)
    given |= given.pop("kwargs", {})
    called = (several,) if several else _called_on(operation, list(bound.signature.parameters))
    by_name = _BY_NAME.get(operation)
    keywords = {key: given.pop(key) for key in called if key == by_name}
    arguments = [given.pop(key) for key in called if key != by_name]
    kind = class_name(operation)
    return {
        "module": home(operation),
        "class_name": kind,
        "config": {"name": name, **{key: _setting(value) for key, value in given.items()}},
        "registered_name": kind,
        "name": name,
        "inbound_nodes": [
            {
                "args": plain(list(arguments[0]) if several else arguments),
                "kwargs": plain(keywords),
            }
        ],
    }


def _setting(value: Any) -> Any:
    if any(isinstance(leaf, KerasTensor) for leaf in nest.flatten(value)):
        raise UnimplementedError(
            "a symbolic tensor as a setting of an operation cannot be saved; put the operation "
            "into the call() of a Layer"
        )
    return serialize(value)


class SavedStep:
    """An operation read from a file, to be called on symbolic tensors as it was."""

    def __init__(self, function: Callable[..., Any], name: str, settings: dict[str, Any]) -> None:
        self.function = function
        self._name = name
        self.settings = settings
        self._inbound: list[Operation] = []

    @property
    def name(self) -> str:
        return self._name

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        from inspect import signature

        if not any(isinstance(leaf, KerasTensor) for leaf in nest.flatten([arguments, keywords])):
            raise InvalidArgumentError(
                f"the operation {self._name!r} is called on no tensor of the model"
            )
        self._spend(nest.flatten([arguments, keywords]))
        parameters = signature(self.function).parameters
        settings = dict(self.settings)
        if _several(parameters):
            first = [settings.pop(name) for name in list(parameters)[:1] if name in settings]
            arguments = (*first, *arguments)
        else:
            called = _called_on(self.function.__name__, list(parameters))
            keywords |= dict(zip(called, arguments, strict=False))
            arguments = ()
        if isinstance(keywords.get("key"), list):
            keywords["key"] = tuple(keywords["key"])  # files have no tuples
        result = self.function(*arguments, **keywords, **settings)
        step = nest.flatten(result)[0].operation
        step.name = self._name
        self._inbound.append(step)
        return result

    def _spend(self, leaves: list[Any]) -> None:
        """Count what working the step out for symbols takes: little, unless a file means harm."""
        kind = self.function.__name__
        what = f"the operation {self._name!r}"
        name, worth = _REPEATED.get(kind, ("", 0))
        if isinstance(times := self.settings.get(name), int):
            spend_besides((times,), what, worth)
        if kind not in ("diagflat", "unstack"):
            return
        shape = next(leaf for leaf in leaves if isinstance(leaf, KerasTensor)).shape
        sizes = [size or SOME_ROWS[0] for size in shape]
        if kind == "unstack":
            spend_besides((max(sizes, default=1),), what, 2**13)
        else:
            spend_besides((math.prod(sizes), math.prod(sizes)), what, 1)


def saved_step(config: dict[str, Any]) -> SavedStep | None:
    """The operation of keras.ops that a configuration means; None where it is a layer's."""
    if not str(config.get("module")).startswith((_MODULES, "keras.ops")):
        return None
    kind = str(config.get("class_name"))
    if kind not in CLASSES:
        raise UnknownNameError(f"keras.ops has no class {kind!r}.{nearest(kind, CLASSES)}")
    settings = deserialize_nested(dict(config.get("config") or {}))
    name = settings.pop("name", None) or snake_case(kind)
    return SavedStep(getattr(ops, CLASSES[kind]), name, settings)
