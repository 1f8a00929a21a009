"""The base of layers and models: weights, building, calling, configuration."""

from __future__ import annotations

import functools
import inspect
import threading
from typing import Any, ClassVar

import numpy as np

from ...core import nest
from ...core.dtypes import numpy_dtype
from ...core.errors import InvalidArgumentError, UnimplementedError, UnknownArgumentError, nearest
from ...core.pending import WAITING, resume
from ...ir.bind import STATE
from ...ir.graph import eagerly
from ...ir.value import Value
from ...ops import array, math
from ...tensor.autograph.conversion import traced
from ...tensor.convert import to_tensor
from ...tensor.variable import WRITES, standing_in
from .. import dtype_policies, regularizers
from ..configurable import register
from ..dtype_policies import DTypePolicy, DTypePolicyMap
from ..masks import masks_of
from ..metrics import Mean
from ..naming import unique_name
from .arguments import (
    NamedShapes,
    as_lists,
    as_tuples,
    autocast_tensor,
    call_signature,
    checked_metric,
    checked_name,
    convert_argument,
    declared_shape,
    refuse_elsewhere,
    shapes_for,
)
from .connections import Connected
from .context import CALLS, CHANGES, Frame, building, name_of, path_with
from .input_spec import check_inputs
from .mask_passing import pass_mask
from .stateless import stand_ins
from .symbolic import KerasTensor, call_symbolically, is_symbolic, output_shape, trace_call

_BASE = ("name", "trainable", "dtype")
_FLOAT32 = DTypePolicy("float32")
_BUILDING = threading.RLock()

_UNIMPORTANT = frozenset(  # attributes that compute nothing
    ("built", "history", "stop_training", "stop_evaluating", "stop_predicting")
)


@register("keras.layers")
class Layer(Connected):
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

    _supports_masking: bool = False
    _makes_masks: ClassVar[bool] = False  # whether compute_mask is asked where inputs have none
    _tells_of_lost_masks: ClassVar[bool] = True
    input_spec: Any = None
    activity_regularizer: Any
    declared_input_shape: tuple[Any, ...] | None
    _call_losses: list[Any]
    _loss_functions: list[Any]
    _added_metrics: dict[str, Mean]
    _inbound: list[Any]
    _build_shape: Any
    _path: str | None
    _first_weights: Any

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if name[0] != "_" and name not in _UNIMPORTANT:
            CHANGES[0] += 1
            WRITES[0] += 1

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "compute_mask" in vars(cls):
            cls._supports_masking = cls._makes_masks = True
        if "build" in vars(cls):
            cls.build = _marking(cls.build)  # type: ignore[method-assign]

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        layer = super().__new__(cls, *args, **kwargs)
        set_attribute = object.__setattr__
        set_attribute(layer, "built", False)
        set_attribute(layer, "_own_weights", [])
        set_attribute(layer, "_call_losses", [])
        set_attribute(layer, "_loss_functions", [])
        set_attribute(layer, "_added_metrics", {})
        set_attribute(layer, "_trainable", True)
        set_attribute(layer, "_made_frozen", False)
        set_attribute(layer, "_build_shape", None)
        set_attribute(layer, "_path", None)
        set_attribute(layer, "_first_weights", None)
        set_attribute(layer, "_name", None)
        set_attribute(layer, "_policy", _FLOAT32)
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
        self._name = checked_name(name) if name else unique_name(type(self).__name__)
        if not isinstance(trainable, (bool, np.bool_)):
            raise InvalidArgumentError(f"trainable is True or False; got {trainable!r:.80}")
        self._trainable, self._made_frozen = bool(trainable), not trainable
        self._policy = dtype_policies.get(dtype)
        if isinstance(self._policy, DTypePolicyMap):
            self._policy = self._policy[self._name]
        self.autocast = autocast
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.declared_input_shape = declared_shape(kwargs)
        self._first_weights = kwargs.pop("weights", None)  # as TensorFlow 2 took them
        refuse_elsewhere(type(self).__name__, kwargs)
        if kwargs:
            unknown, cls = min(kwargs), type(self)
            known = {*_named_arguments(cls), *_named_arguments(Layer), *self.input_shape_arguments}
            raise UnknownArgumentError(
                f"{cls.__name__} does not know the argument {unknown!r}; its arguments are "
                f"{', '.join(sorted(known))}.{nearest(unknown, known)}"
            )

    @property
    def dtype_policy(self) -> DTypePolicy:
        """Which dtype the layer computes in, and which its variables have."""
        return self._policy

    @dtype_policy.setter
    def dtype_policy(self, value: Any) -> None:
        self._policy = dtype_policies.get(value)
        CHANGES[0] += 1
        WRITES[0] += 1

    def _cast_dtype(self) -> np.dtype[Any] | None:
        """What the layer's variables are read as within its call, None for what they are."""
        policy = self._policy
        if not self.autocast or policy.compute_dtype == policy.variable_dtype:
            return None
        return numpy_dtype(policy.compute_dtype)

    @property
    def input_dtype(self) -> str:
        """The dtype that floats among the inputs get."""
        return self.compute_dtype

    @property
    def path(self) -> str | None:
        """The names of the layers around this one and its own, with slashes; None until built."""
        return self._path

    # Losses and metrics

    def add_loss(self, loss: Any) -> None:
        """Add scalars to what training minimizes; called inside `call`.

        A function without arguments, as TensorFlow 2 takes it, is asked for its value at each step.
        """
        for item in nest.flatten(loss):
            if callable(item):
                self._loss_functions.append(item)
            elif CALLS.frames:
                CALLS.frames[-1].losses.append(to_tensor(item))
            else:
                self._call_losses.append(to_tensor(item))

    def add_metric(self, value: Any, name: str | None = None, aggregation: str = "mean") -> None:
        """Show the mean of `value` over the batches as `name`; called inside `call` (TensorFlow 2).

        A metric of one's own is better made in the constructor and updated in `call`.
        """
        name = checked_metric(name, aggregation)
        if name not in self._added_metrics:
            with eagerly():
                self._added_metrics[name] = Mean(name=name)
        self._added_metrics[name].update_state(value)

    @property
    def losses(self) -> list[Any]:
        """What the last call added, and the regularization of trainable weights.

        What a call inside of a traced function added belongs to that function alone.
        """
        added = [loss for loss in self._call_losses if loss.trace is None or not loss.trace.closed]
        regularizers_of = [(w, getattr(w, "regularizer", None)) for w in self.trainable_weights]
        penalties = [penalty(w) for w, penalty in regularizers_of if penalty is not None]
        layers: list[Any] = self._flatten_layers()
        functions = [function for layer in layers for function in layer._loss_functions]
        return [*added, *penalties, *(to_tensor(function()) for function in functions)]

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
        if self.built or not config:
            return
        if config.get("input_shape") is not None:
            self._build_for(as_tuples(config["input_shape"]))
        elif "shapes_dict" in config:
            self._build_for(as_tuples(dict(config["shapes_dict"])), named=True)

    def get_build_config(self) -> dict[str, Any] | None:
        """The input shape that the layer was built for; several by the arguments of `build`."""
        if self._build_shape is None:
            return None
        what = "shapes_dict" if isinstance(self._build_shape, NamedShapes) else "input_shape"
        return {what: as_lists(self._build_shape)}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Build on the first call, then compute."""
        _ = self.name  # raises where super().__init__() was not called
        arguments, keywords = self._converted(args, kwargs)
        if self.input_spec is not None:
            self._check_inputs(arguments, keywords)
        if STATE.trace is None and is_symbolic(arguments, keywords):
            return call_symbolically(self, arguments, keywords)
        if not self.built:
            with _BUILDING:  # threads may meet at a layer's first call
                if not self.built:
                    self._build_on(arguments, keywords)
                    if WAITING:
                        resume()
                    if self.input_spec is not None:  # building may have made it
                        self._check_inputs(arguments, keywords)
        return self._run(arguments, keywords)

    def _check_inputs(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        """Raise where the first argument is not what `input_spec` says."""
        first = arguments[0] if arguments else keywords.get(call_signature(type(self)).first)
        check_inputs(self.input_spec, first, self.name)

    def _run(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        frames = CALLS.frames
        signature = call_signature(type(self))
        names = signature.names[: len(arguments)]
        by_place = names.index("training") if "training" in names else None
        training = keywords.get("training") if by_place is None else arguments[by_place]
        if training is None and frames:
            training = frames[-1].training
        if not signature.training:
            keywords = {k: v for k, v in keywords.items() if k != "training"}
        else:
            wanted = training if training is not None else signature.training_default
            if by_place is None:
                keywords = {**keywords, "training": wanted}
            else:
                arguments = (*arguments[:by_place], wanted, *arguments[by_place + 1 :])
        if signature.masks:
            keywords = signature.with_masks(arguments, keywords)
        first = arguments[0] if arguments else keywords.get(signature.first)
        mask = keywords.get("mask")
        mask = masks_of(first) if mask is None else mask
        frame, path = Frame(training, self._cast_dtype()), CALLS.path
        CALLS.frames, CALLS.path = (*frames, frame), path_with(self)
        try:
            outputs = traced(self.call)(*arguments, **keywords)
        finally:
            CALLS.frames, CALLS.path = frames, path
        if self.activity_regularizer is not None:
            for output in nest.flatten(outputs):
                frame.losses.append(self._activity_loss(output))
        self._call_losses = frame.losses
        if frames:
            frames[-1].losses.extend(frame.losses)
        if mask is not None or self._makes_masks:
            pass_mask(self, first, outputs, mask)
        return outputs

    # Masks

    @property
    def supports_masking(self) -> bool:
        """Whether outputs get the mask that `compute_mask` gives; a class that defines it does."""
        return self._supports_masking

    @supports_masking.setter
    def supports_masking(self, value: bool) -> None:
        self._supports_masking = bool(value)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the outputs: that of the inputs, unless a subclass says otherwise."""
        return previous_mask

    def _activity_loss(self, output: Any) -> Any:
        """The activity penalty, averaged over the batch as Keras does."""
        assert self.activity_regularizer is not None
        if not output.spec.shape:
            return self.activity_regularizer(output)
        rows = array.cast(array.shape(output)[0], output.dtype)
        return math.divide_no_nan(self.activity_regularizer(output), rows)

    def _converted(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Arrays as tensors, floats in the layer's dtype.

        Of Python's numbers, those of the first argument and of masks; others are settings.
        """
        wanted = numpy_dtype(self._policy.compute_dtype) if self.autocast else None
        if len(args) == 1 and isinstance(args[0], Value) and not kwargs:
            return (autocast_tensor(args[0], wanted),), kwargs
        signature = call_signature(type(self))
        data = {signature.first, *signature.masks}
        names = (*signature.names, *(None for _ in args))  # of surplus ones, all are data
        arguments = tuple(
            convert_argument(value, wanted, numbers=name is None or name in data)
            for name, value in zip(names, args, strict=False)
        )
        keywords = {
            name: value
            if name == "training"
            else convert_argument(value, wanted, numbers=name in data)
            for name, value in kwargs.items()
        }
        return arguments, keywords

    def _build_on(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        """Build for the shapes of a call's tensors, which `build` takes one of or by name."""
        names = call_signature(type(self)).names
        shape = shapes_for(self.build, names, arguments, keywords)
        self._build_for(shape, named=isinstance(shape, NamedShapes))

    def _build_for(self, shape: Any, *, named: bool = False) -> None:
        """Run the subclass's `build` outside of any trace."""
        with eagerly(), building(self):
            if named:
                self.build(**shape)
            else:
                self.build(shape)
            self._path = name_of(CALLS.path)
        self._build_shape = NamedShapes(shape) if named else shape
        self.built = True

    def save_own_variables(self, store: Any) -> None:
        """Put the layer's own weights into `store`, by number; a subclass may write others."""
        for number, variable in enumerate(self.own_variables()):
            store[str(number)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Take the layer's own weights from `store`, where `save_own_variables` put them."""
        own = self.own_variables()
        if len(store) != len(own):
            raise InvalidArgumentError(
                f"the layer {self.name!r} has {len(own)} weights; the file has {len(store)} for it"
            )
        for number, variable in enumerate(own):
            variable.assign(store[str(number)])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={repr(self._name)[1:-1]}, built={self.built}>"

    def stateless_call(
        self,
        trainable_variables: Any,
        non_trainable_variables: Any,
        *args: Any,
        return_losses: bool = False,
        **kwargs: Any,
    ) -> tuple[Any, ...]:
        """What a call with these values in place of the variables gives, writing none of them.

        The outputs, the values that `non_trainable_variables` would have, and the losses where
        `return_losses` asks for them.
        """
        variables, values = stand_ins(self, trainable_variables, non_trainable_variables)
        with standing_in(variables, values):
            outputs = Layer.__call__(self, *args, **kwargs)
            others = [variable.read_value() for variable in self.non_trainable_variables]
            return (outputs, others, self.losses) if return_losses else (outputs, others)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """What the layer would give for symbolic tensors: symbolic tensors of no model."""
        arguments, keywords = self._converted(args, kwargs)
        if not self.built:
            self._build_on(arguments, keywords)
        structure, specs = trace_call(self, arguments, keywords)
        return nest.pack_sequence_as(structure, [KerasTensor(spec) for spec in specs])

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """`compute_output_spec`."""
        return self.compute_output_spec(*args, **kwargs)

    def quantize(self, *_: Any, **__: Any) -> None:
        """Weights are of floats."""
        raise UnimplementedError("lamina keeps weights as floats; leave quantize() out")

    # Configuration

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; the base's first."""
        config = {
            "name": self.name,
            "trainable": self._trainable,
            "dtype": dtype_policies.serialize(self._policy),
        }
        skipped = {*config, *self.input_shape_arguments, "autocast", "kwargs", "weights"}
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
        layer._name = checked_name(base.get("name", layer.name))
        if dtype_policies.get(base.get("dtype", layer.dtype_policy)) != layer.dtype_policy:
            raise InvalidArgumentError(
                f"{cls.__name__} was saved with another dtype; let its constructor take **kwargs "
                "and pass them to super().__init__()"
            )
        if not base.get("trainable", True):
            layer.trainable = False
        return layer


def _marking(build: Any) -> Any:
    """`build`, which a user may call, so that the layer knows of it."""

    @functools.wraps(build)
    def build_and_mark(self: Layer, *args: Any, **kwargs: Any) -> None:
        with building(self):
            build(self, *args, **kwargs)
            self._path = self._path or name_of(CALLS.path)
        self.built = True
        if self._first_weights is not None:
            weights, self._first_weights = self._first_weights, None
            self.set_weights(weights)
        if WAITING:
            resume()
        if self._build_shape is None:
            self._build_shape = next(iter((*args, *kwargs.values())), None)

    return build_and_mark


def _named_arguments(cls: type[Layer]) -> list[str]:
    parameters = inspect.signature(cls.__init__).parameters.values()
    return [p.name for p in parameters if p.kind is not p.VAR_KEYWORD and p.name != "self"]
