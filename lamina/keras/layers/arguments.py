"""What layers are called on, and what they are made with, brought into one form."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ...core import nest
from ...core.errors import InvalidArgumentError, UnimplementedError
from ...ir.value import Value
from ...ops.common import owned
from ...prims.elementwise import cast
from ...tensor.convert import to_tensor
from ...tensor.tensor import Tensor
from ..masks import keep_mask, masks_of

# Calls -------------------------------------------------------------------------------------------


class CallSignature:
    """What `call` of a class accepts."""

    __slots__ = ("first", "masks", "names", "training", "training_default")

    def __init__(self, cls: type[Any]) -> None:
        parameters = inspect.signature(cls.call).parameters
        has_keywords = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        named = parameters.get("training")
        self.training = named is not None or has_keywords
        default = None if named is None else named.default
        self.training_default = None if default is inspect.Parameter.empty else default
        by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        self.names = [p.name for p in parameters.values() if p.kind in by_place][1:]
        self.first = self.names[0] if self.names else ""
        self.masks = [name for name in parameters if name == "mask" or name.endswith("_mask")]

    def with_masks(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> dict[str, Any]:
        """`keywords` with the masks that the tensors bring, where `call` takes them.

        `mask` is that of the only argument with tensors; where there are several, `x_mask` is
        that of `x`.
        """
        by_place = dict(zip(self.names, arguments, strict=False))
        given = {**by_place, **keywords}
        tensors = {name: value for name, value in given.items() if has_shape(value)}
        wanted = {"mask": next(iter(tensors.values()))} if len(tensors) == 1 else {}
        if len(tensors) > 1:
            wanted = {f"{name}_mask": value for name, value in tensors.items()}
        found = {
            name: masks_of(value)
            for name, value in wanted.items()
            if name in self.masks and name not in by_place and keywords.get(name) is None
        }
        return {**keywords, **found}


def has_shape(argument: Any) -> bool:
    """Whether an argument is a tensor, or a structure of tensors and of nothing else."""
    if isinstance(argument, Value):
        return True
    leaves = nest.flatten(argument) if nest.is_nested(argument) else []
    return bool(leaves) and all(leaf is None or isinstance(leaf, Value) for leaf in leaves)


_SIGNATURES: dict[Any, CallSignature] = {}


def call_signature(cls: type[Any]) -> CallSignature:
    """What `call` of `cls` accepts, looked up once."""
    method: Callable[..., Any] = cls.call
    if method not in _SIGNATURES:
        _SIGNATURES[method] = CallSignature(cls)
    return _SIGNATURES[method]


def convert_argument(argument: Any, wanted: np.dtype[Any] | None, numbers: bool = True) -> Any:
    """Arrays, however nested, as tensors, and Python's `numbers` too; floats as `wanted`."""
    if isinstance(argument, Value):
        return autocast_tensor(argument, wanted)
    if argument is None or isinstance(argument, (bool, str)):
        return argument
    if isinstance(argument, dict):
        return {key: convert_argument(value, wanted, numbers) for key, value in argument.items()}
    if isinstance(argument, (list, tuple)) and not (numbers and _is_numbers(argument)):
        return type(argument)(convert_argument(item, wanted, numbers) for item in argument)
    plain = numbers and isinstance(argument, (int, float, list, tuple))
    if plain or hasattr(argument, "__array__"):
        tensor = to_tensor(argument)
        cast_tensor = autocast_tensor(tensor, wanted)
        return owned(argument) if cast_tensor is tensor else cast_tensor
    return argument


def _is_numbers(argument: Any) -> bool:
    """A nested list of plain numbers stands for one tensor."""
    leaves = nest.flatten(argument)
    return bool(leaves) and all(isinstance(leaf, (int, float, np.generic)) for leaf in leaves)


def autocast_tensor(tensor: Any, wanted: np.dtype[Any] | None) -> Any:
    """A tensor of floats as `wanted`; others as they are."""
    dtype = tensor.spec.dtype
    if wanted is None or dtype == wanted or dtype.kind != "f" or wanted.kind != "f":
        return tensor
    return keep_mask(tensor, cast(tensor, wanted))


def shape_of(leaf: Any) -> Any:
    """The shape of a batch, None for the number of rows."""
    return (None, *leaf.shape[1:]) if isinstance(leaf, Tensor) and leaf.shape else ()


class NamedShapes(dict[str, Any]):
    """Shapes by the arguments of `build`."""


def shapes_for(
    build: Callable[..., Any], names: list[str], arguments: tuple[Any, ...], keywords: Any
) -> Any:
    """The shapes of a call's tensors as `build` takes them: that of the first, or several by name.

    `x_shape` is the shape of the argument `x`; where `build` names those that it must be given
    otherwise, their order counts.
    """
    given = {**dict(zip(names, arguments, strict=False)), **keywords}
    if not names:
        given.update((str(place), value) for place, value in enumerate(arguments))
    data = {k: v for k, v in given.items() if k not in ("training", "mask") and has_shape(v)}
    shapes = {name: nest.map_structure(shape_of, value) for name, value in data.items()}
    by_name = {f"{name}_shape": shape for name, shape in shapes.items()}
    all_parameters = inspect.signature(build).parameters.values()
    if not all_parameters:
        return NamedShapes()
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = [each for each in all_parameters if each.kind in kinds]
    wanted = [each.name for each in parameters if each.default is each.empty]
    named = [each.name for each in parameters if each.name in by_name and each.name not in wanted]
    if len(wanted) < 2 and not named:
        return next(iter(shapes.values()), None)
    if not set(wanted) <= set(by_name):
        by_name = {**by_name, **dict(zip(wanted, shapes.values(), strict=False))}
    return NamedShapes((name, by_name[name]) for name in (*wanted, *named) if name in by_name)


# Constructors and configurations -----------------------------------------------------------------


def checked_metric(name: Any, aggregation: Any) -> str:
    """The name of what `add_metric` adds."""
    if not isinstance(name, str):
        raise InvalidArgumentError("add_metric needs a name: add_metric(value, name='...')")
    if aggregation not in ("mean", None):
        raise InvalidArgumentError(
            f"add_metric averages over batches (aggregation='mean'); got {aggregation!r}. Make a "
            "metric in the constructor, and update it in call()"
        )
    return name


def checked_name(name: Any) -> str:
    """`name` where it can be a layer's."""
    if not isinstance(name, str) or "/" in name:
        raise InvalidArgumentError(f"the name of a layer is a string without '/'; got {name!r}")
    return name


def data_format_name(data_format: str | None) -> str:
    """Where features stand: in the last axis unless said otherwise."""
    if data_format not in (None, "channels_last", "channels_first"):
        raise InvalidArgumentError(
            f"data_format is 'channels_last' or 'channels_first'; got {data_format!r}"
        )
    return data_format or "channels_last"


def declared_shape(kwargs: dict[str, Any]) -> tuple[Any, ...] | None:
    """The input shape that a first layer was given, without the batch."""
    batch_shape = kwargs.pop("batch_input_shape", None)
    shape = kwargs.pop("input_shape", None)
    size = kwargs.pop("input_dim", None)
    if batch_shape is not None:
        shape = batch_shape[1:]
    if size is not None:
        shape = (size,)
    if shape is None:
        return None
    return tuple(shape) if isinstance(shape, (list, tuple)) else (int(shape),)


_ELSEWHERE = {
    "lora_rank": "low-rank adaptation is for large pretrained networks; train the layer itself",
    "lora_alpha": "low-rank adaptation is for large pretrained networks; train the layer itself",
    "quantization_config": "weights are floats",
    "gptq_unpacked_column_size": "weights are floats",
    "dynamic": "a layer is traced where it can be, and runs eagerly where not",
}
"""Arguments of Keras's constructors that ask for what lamina does not do, and why it does not."""


def refuse_elsewhere(layer: str, kwargs: dict[str, Any]) -> None:
    """Take these arguments out of `kwargs`, and raise where one asks for something."""
    for name, reason in _ELSEWHERE.items():
        value = kwargs.pop(name, None)
        if value is not None and value is not False:
            raise UnimplementedError(
                f"{layer}: {name}={value!r:.40} is not implemented: {reason}. Leave it out"
            )


def as_lists(shape: Any) -> Any:
    """Shapes as JSON holds them."""
    if isinstance(shape, dict):
        return {key: as_lists(value) for key, value in shape.items()}
    return [as_lists(item) for item in shape] if isinstance(shape, (list, tuple)) else shape


def as_tuples(shape: Any) -> Any:
    """Shapes read from JSON: the innermost lists as tuples."""
    if isinstance(shape, dict):
        return {key: as_tuples(value) for key, value in shape.items()}
    if isinstance(shape, list):
        converted = [as_tuples(item) for item in shape]
        return tuple(converted) if not any(isinstance(i, tuple) for i in converted) else converted
    return shape
