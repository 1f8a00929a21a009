"""The base of layers and models: weights, building, calling, configuration."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np

from ...core import nest
from ...core.dtypes import as_dtype
from ...core.errors import (
    ArgumentTypeError,
    FailedPreconditionError,
    InvalidArgumentError,
    UnimplementedError,
    nearest,
)
from ...ir.bind import STATE
from ...ir.graph import eagerly
from ...ir.value import Value
from ...ops import array, math
from ...prims.elementwise import cast
from ...tensor.convert import to_tensor
from ...tensor.tensor import Tensor
from ...tensor.variable import Variable
from .. import constraints, initializers, regularizers
from ..backend import floatx
from ..configurable import Configurable, register
from ..metrics import Metric
from ..naming import unique_name
from ..random import SeedGenerator
from .context import CALLS, Frame, spend
from .symbolic import call_symbolically, is_symbolic, output_shape
from .weight import Weight

INTERNAL = frozenset(
    {
        *("_arguments", "_call_losses", "_own_weights", "_inbound", "_functional", "_training"),
        "_compile_arguments",
    }
)
"""Attributes that hold no parts of the layer."""

_BASE = ("name", "trainable", "dtype")


@register("keras.layers")
class Layer(Configurable):
    """A function of tensors with weights.

    A subclass makes its weights in `build(input_shape)` (or in the constructor) with
    `add_weight` and computes in `call(inputs, …)`. Layers and variables in its attributes, in
    lists and dicts of them too, are its parts.

    Example:
        class Linear(tf.keras.layers.Layer):
            def __init__(self, units):
                super().__init__()
                self.units = units

            def build(self, input_shape):
                self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")

            def call(self, inputs):
                return inputs @ self.kernel
    """

    input_shape_arguments: ClassVar[tuple[str, ...]] = (
        "input_shape",
        "input_dim",
        "batch_input_shape",
    )

    built: bool
    activity_regularizer: Any
    declared_input_shape: tuple[Any, ...] | None
    _own_weights: list[Any]
    _call_losses: list[Any]
    _inbound: list[Any]
    _trainable: bool
    _build_shape: Any
    _name: str | None
    _dtype: str

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        layer = super().__new__(cls, *args, **kwargs)
        set_attribute = object.__setattr__
        set_attribute(layer, "built", False)
        set_attribute(layer, "_own_weights", [])
        set_attribute(layer, "_call_losses", [])
        set_attribute(layer, "_trainable", True)
        set_attribute(layer, "_build_shape", None)
        set_attribute(layer, "_name", None)
        set_attribute(layer, "_dtype", "float32")
        set_attribute(layer, "activity_regularizer", None)
        set_attribute(layer, "_inbound", [])
        return layer

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self._name = _checked_name(name) if name else unique_name(type(self).__name__)
        self._trainable = bool(trainable)
        self._dtype = _dtype_name(dtype)
        self.autocast = autocast
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.declared_input_shape = _declared_shape(kwargs)
        if kwargs:
            unknown, cls = min(kwargs), type(self)
            known = {*_named_arguments(cls), *_named_arguments(Layer), *self.input_shape_arguments}
            raise ArgumentTypeError(
                f"{cls.__name__} does not know the argument {unknown!r}; its arguments are "
                f"{', '.join(sorted(known))}.{nearest(unknown, known)}"
            )

    # Names and types

    @property
    def name(self) -> str:
        if self._name is None:
            raise FailedPreconditionError(
                f"{type(self).__name__}.__init__ must call super().__init__() first"
            )
        return self._name

    @property
    def dtype(self) -> str:
        return self._dtype

    @property
    def compute_dtype(self) -> str:
        return self._dtype

    @property
    def variable_dtype(self) -> str:
        return self._dtype

    # Weights

    def add_weight(
        self,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """A new variable of the layer; Glorot uniform for floats, zeros for integers by default.

        The first argument may also be the name, as in TensorFlow 2.0.
        """
        if isinstance(shape, str):
            shape, name = initializer, shape
            initializer = None
        if kwargs:
            raise UnimplementedError(
                f"add_weight does not do {', '.join(sorted(kwargs))}; its arguments are shape, "
                "initializer, dtype, trainable, regularizer, constraint and name"
            )
        shape = tuple(int(dim) for dim in (() if shape is None else shape))
        dtype = as_dtype(dtype or self.variable_dtype)
        if initializer is None:
            initializer = "glorot_uniform" if dtype.is_floating else "zeros"
        spend(shape, dtype.size)
        with eagerly():
            value = initializers.get(initializer)(shape, dtype=dtype)
            weight = Weight(
                value,
                trainable=trainable,
                name=name or unique_name("variable"),
                dtype=dtype,
                constraint=constraints.get(constraint),
                regularizer=regularizers.get(regularizer),
                owner=self.name,
            )
        self._own_weights.append(weight)
        return weight

    def _parts(self) -> Iterator[Any]:
        """Layers, variables, metrics and seed generators among the attributes, each once."""
        seen: set[int] = set()
        for name, value in list(vars(self).items()):
            if name not in INTERNAL:
                yield from _find_parts(value, seen)

    def _layers_inside(self) -> list[Layer]:
        return [part for part in self._parts() if isinstance(part, Layer)]

    def _flatten_layers(self) -> list[Layer]:
        """The layer and all inside it, each once."""
        found: dict[int, Layer] = {id(self): self}
        queue = [self]
        while queue:
            for layer in queue.pop(0)._layers_inside():
                if id(layer) not in found:
                    found[id(layer)] = layer
                    queue.append(layer)
        return list(found.values())

    def own_variables(self) -> list[Variable]:
        """Weights that are not those of layers inside; those made trainable come first."""
        found = [*self._own_weights, *(v for v in self._parts() if isinstance(v, Variable))]
        found.sort(key=lambda weight: not getattr(weight, "made_trainable", weight.trainable))
        return list({id(weight): weight for weight in found}.values())

    def _variables(self, *, with_state: bool) -> list[Variable]:
        state: list[Variable] = []
        nested: list[Variable] = []
        for part in self._parts():
            if isinstance(part, Layer):
                nested += part._variables(with_state=with_state)
            elif with_state and isinstance(part, Metric):
                state += part.variables
            elif with_state and isinstance(part, SeedGenerator):
                state.append(part.state)
        return list({id(v): v for v in (*self.own_variables(), *state, *nested)}.values())

    @property
    def variables(self) -> list[Variable]:
        """Weights and other state (metrics, seeds), each once."""
        return self._variables(with_state=True)

    @property
    def weights(self) -> list[Variable]:
        """Trainable and other weights, own ones first."""
        return self._variables(with_state=False)

    @property
    def trainable_weights(self) -> list[Variable]:
        if not self._trainable:
            return []
        frozen = {
            id(weight)
            for layer in self._flatten_layers()
            if not layer._trainable
            for weight in layer.weights
        }
        return [w for w in self.weights if w.trainable and id(w) not in frozen]

    @property
    def non_trainable_weights(self) -> list[Variable]:
        trainable = {id(weight) for weight in self.trainable_weights}
        return [weight for weight in self.weights if id(weight) not in trainable]

    @property
    def trainable_variables(self) -> list[Variable]:
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        trainable = {id(weight) for weight in self.trainable_weights}
        return [weight for weight in self.variables if id(weight) not in trainable]

    @property
    def trainable(self) -> bool:
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for layer in self._layers_inside():
            layer.trainable = value

    def count_params(self) -> int:
        """How many numbers the weights hold."""
        if not self.built and not self.weights:
            raise FailedPreconditionError(
                f"the layer {self.name!r} has no weights yet; call it on data or build it first"
            )
        return sum(int(np.prod(weight.shape)) for weight in self.weights)

    def get_weights(self) -> list[Any]:
        """Copies of the weights as NumPy arrays."""
        return [np.array(weight.numpy()) for weight in self.weights]

    def set_weights(self, weights: Any) -> None:
        """Take over arrays in the order of `get_weights`; all are checked before any is set."""
        own = self.weights
        if len(weights) != len(own):
            raise InvalidArgumentError(
                f"the layer {self.name!r} has {len(own)} weights; got {len(weights)} arrays"
                + ("" if self.built else ". It is not built yet: call it on data first.")
            )
        arrays = [np.asarray(array) for array in weights]
        for weight, given in zip(own, arrays, strict=True):
            if tuple(weight.shape) != given.shape:
                raise InvalidArgumentError(
                    f"the weight {weight.name!r} of {self.name!r} has shape {weight.shape}; "
                    f"got an array of shape {given.shape}"
                )
        for weight, given in zip(own, arrays, strict=True):
            weight.assign(given)

    # Losses

    def add_loss(self, loss: Any) -> None:
        """Add scalars to what training minimizes; called inside `call`."""
        if callable(loss):
            raise UnimplementedError(
                "add_loss of a function was removed from Keras; add the value in call()"
            )
        for item in nest.flatten(loss):
            if CALLS.frames:
                CALLS.frames[-1].losses.append(to_tensor(item))
            else:
                self._call_losses.append(to_tensor(item))

    @property
    def losses(self) -> list[Any]:
        """What the last call added, and the regularization of trainable weights."""
        regularizers_of = [(w, getattr(w, "regularizer", None)) for w in self.trainable_weights]
        penalties = [penalty(w) for w, penalty in regularizers_of if penalty is not None]
        return [*self._call_losses, *penalties]

    # Building and calling

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of `input_shape` (None for the batch)."""
        self.built = True

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The layer's computation; subclasses write it."""
        raise UnimplementedError(f"{type(self).__name__} has no call()")

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """The shape of the result for inputs of a shape, found by tracing `call`."""
        return output_shape(self, *args, **kwargs)

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build for the input shape that a file remembers."""
        shape = config.get("input_shape")
        if shape is not None and not self.built:
            self._build_for(as_tuples(shape))

    def get_build_config(self) -> dict[str, Any] | None:
        """The input shape that the layer was built for."""
        return None if self._build_shape is None else {"input_shape": _lists(self._build_shape)}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Build on the first call, then compute."""
        _ = self.name  # raises where super().__init__() was not called
        arguments, keywords = self._converted(args, kwargs)
        if STATE.trace is None and is_symbolic(arguments, keywords):
            return call_symbolically(self, arguments, keywords)
        if not self.built:
            self._build_on(arguments, keywords)
        return self._run(arguments, keywords)

    def _run(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        frames = CALLS.frames
        training = keywords.get("training")
        if training is None and frames:
            training = frames[-1].training
        signature = _call_signature(type(self))
        if signature.training and keywords.get("training") is None:
            default = signature.training_default
            keywords = {**keywords, "training": training if training is not None else default}
        elif not signature.training:
            keywords = {k: v for k, v in keywords.items() if k != "training"}
        frame = Frame(training)
        CALLS.frames = (*frames, frame)
        try:
            outputs = self.call(*arguments, **keywords)
        finally:
            CALLS.frames = frames
        if self.activity_regularizer is not None:
            for output in nest.flatten(outputs):
                frame.losses.append(self._activity_loss(output))
        self._call_losses = frame.losses
        if frames:
            frames[-1].losses.extend(frame.losses)
        return outputs

    def _activity_loss(self, output: Any) -> Any:
        """The activity penalty, averaged over the batch as Keras does."""
        assert self.activity_regularizer is not None
        rows = array.cast(array.shape(output)[0], output.dtype)
        return math.divide(self.activity_regularizer(output), rows)

    def _converted(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Arrays and numbers as tensors, floats in the layer's dtype."""
        wanted = np.dtype(self._dtype) if self.autocast else None
        if len(args) == 1 and isinstance(args[0], Value) and not kwargs:
            return (_autocast(args[0], wanted),), kwargs
        arguments = tuple(_convert_argument(argument, wanted) for argument in args)
        keywords = {
            name: value if name == "training" else _convert_argument(value, wanted)
            for name, value in kwargs.items()
        }
        return arguments, keywords

    def _build_on(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        data = arguments or tuple(v for k, v in keywords.items() if k != "training")
        if not data:
            with eagerly():
                self.build(None)
            self.built = True
            return
        shapes = [nest.map_structure(_shape_of, argument) for argument in data]
        self._build_for(shapes[0], shapes[1:])

    def _build_for(self, shape: Any, others: Any = ()) -> None:
        """Run the subclass's `build` outside of any trace."""
        wanted = [
            parameter
            for parameter in inspect.signature(self.build).parameters.values()
            if parameter.default is parameter.empty
            and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        ]
        with eagerly():
            self.build(*[shape, *others][: max(1, len(wanted))])
        self._build_shape = shape
        self.built = True

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self._name}, built={self.built}>"

    # Configuration

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; the base's first."""
        config = {
            "name": self.name,
            "trainable": self._trainable,
            "dtype": dtype_policy(self._dtype),
        }
        skipped = {*config, *self.input_shape_arguments, "autocast", "kwargs"}
        rest = super().get_config()
        config.update({name: value for name, value in rest.items() if name not in skipped})
        if config.get("activity_regularizer", 0) is None:
            del config["activity_regularizer"]
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A layer made of what `get_config` gave, here or in Keras.

        A constructor that lacks the base's arguments (name, trainable, dtype) is made without.
        """
        parameters = inspect.signature(cls.__init__).parameters
        if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
            return super().from_config(config)
        base = {key: config[key] for key in _BASE if key in config and key not in parameters}
        layer = super().from_config({key: v for key, v in config.items() if key not in base})
        layer._name = _checked_name(base.get("name", layer.name))
        if _dtype_name(base.get("dtype", layer.dtype)) != layer.dtype:
            raise InvalidArgumentError(
                f"{cls.__name__} was saved with another dtype; let its constructor take **kwargs "
                "and pass them to super().__init__()"
            )
        if not base.get("trainable", True):
            layer.trainable = False
        return layer


def _named_arguments(cls: type[Layer]) -> list[str]:
    parameters = inspect.signature(cls.__init__).parameters.values()
    return [p.name for p in parameters if p.kind is not p.VAR_KEYWORD and p.name != "self"]


class _CallSignature:
    """What `call` of a class accepts."""

    __slots__ = ("training", "training_default")

    def __init__(self, cls: type[Layer]) -> None:
        parameters = inspect.signature(cls.call).parameters
        has_keywords = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        named = parameters.get("training")
        self.training = named is not None or (has_keywords and cls.call is not Layer.call)
        default = None if named is None else named.default
        self.training_default = None if default is inspect.Parameter.empty else default


_SIGNATURES: dict[Any, _CallSignature] = {}


def _call_signature(cls: type[Layer]) -> _CallSignature:
    method: Callable[..., Any] = cls.call
    if method not in _SIGNATURES:
        _SIGNATURES[method] = _CallSignature(cls)
    return _SIGNATURES[method]


def _find_parts(value: Any, seen: set[int]) -> Iterator[Any]:
    if isinstance(value, (Layer, Variable, Metric, SeedGenerator)):
        if id(value) not in seen:
            seen.add(id(value))
            yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _find_parts(item, seen)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _find_parts(item, seen)


def _convert_argument(argument: Any, wanted: np.dtype[Any] | None) -> Any:
    if isinstance(argument, Value):
        return _autocast(argument, wanted)
    if argument is None or isinstance(argument, (bool, str)):
        return argument
    if isinstance(argument, dict):
        return {key: _convert_argument(value, wanted) for key, value in argument.items()}
    if isinstance(argument, (list, tuple)) and not _is_numbers(argument):
        return type(argument)(_convert_argument(item, wanted) for item in argument)
    if isinstance(argument, (int, float, list, tuple)) or hasattr(argument, "__array__"):
        return _autocast(to_tensor(argument), wanted)
    return argument


def _is_numbers(argument: Any) -> bool:
    """A nested list of plain numbers stands for one tensor."""
    leaves = nest.flatten(argument)
    return bool(leaves) and all(isinstance(leaf, (int, float, np.generic)) for leaf in leaves)


def _autocast(tensor: Any, wanted: np.dtype[Any] | None) -> Any:
    dtype = tensor.spec.dtype
    if wanted is None or dtype == wanted or dtype.kind != "f" or wanted.kind != "f":
        return tensor
    return cast(tensor, wanted)


def _shape_of(leaf: Any) -> Any:
    return (None, *leaf.shape[1:]) if isinstance(leaf, Tensor) and leaf.shape else ()


def _checked_name(name: Any) -> str:
    if not isinstance(name, str) or "/" in name:
        raise InvalidArgumentError(f"the name of a layer is a string without '/'; got {name!r}")
    return name


def _dtype_name(dtype: Any) -> str:
    if dtype is None:
        return floatx()
    if isinstance(dtype, dict):
        dtype = dtype.get("config", {}).get("name", "float32")
    name = getattr(dtype, "name", dtype)
    if isinstance(name, str) and name.startswith("mixed_"):
        raise UnimplementedError(
            f"the dtype policy {name!r} is not implemented; use 'float32' or 'float64'"
        )
    return as_dtype(name).name


def dtype_policy(dtype: str) -> dict[str, Any]:
    """A dtype as Keras writes it in a configuration."""
    return {
        "module": "keras",
        "class_name": "DTypePolicy",
        "config": {"name": dtype},
        "registered_name": None,
    }


def _declared_shape(kwargs: dict[str, Any]) -> tuple[Any, ...] | None:
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


def _lists(shape: Any) -> Any:
    if isinstance(shape, dict):
        return {key: _lists(value) for key, value in shape.items()}
    return [_lists(item) for item in shape] if isinstance(shape, (list, tuple)) else shape


def as_tuples(shape: Any) -> Any:
    """Shapes read from JSON: the innermost lists as tuples."""
    if isinstance(shape, dict):
        return {key: as_tuples(value) for key, value in shape.items()}
    if isinstance(shape, list):
        converted = [as_tuples(item) for item in shape]
        return tuple(converted) if not any(isinstance(i, tuple) for i in converted) else converted
    return shape
