"""The base of models: a layer that can be trained, summarized and saved."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from ...core import nest
from ...core.errors import InvalidArgumentError, nearest
from ...core.offers import offered
from ...data.frames import may_be_table
from ...ir.bind import STATE
from ...ir.graph import eagerly
from ...tensor.function import Function
from ...tensor.tensor import Tensor
from ..configurable import FAMILIES, register, serialize, sharing
from ..custom_objects import CustomObjectScope
from ..layers.arguments import has_shape
from ..layers.context import CALLS, CHANGES, building, name_of
from ..layers.layer import Layer
from ..layers.symbolic import KerasTensor, spec_of_shape, trace_call
from ..masks import any_mask, masks_of
from ..saving import load_weights, model_from_text, save_model, save_weights
from ..training.tables import inputs_of
from ..training.trainer import Trainer
from ..utils.summary import html_summary, print_summary
from . import copying

_ARRAYS = (np.ndarray, Tensor)
_OWN = __name__.removesuffix(".models.model") + "."


@register("keras.models")
class Model(Trainer, Layer):
    """A network: `Model(inputs, outputs)` of symbolic tensors, or a subclass with `call`.

    A subclass that is made of symbolic tensors, as for a `train_step` of its own, is both.

    Example:
        inputs = tf.keras.Input((23,))
        hidden = tf.keras.layers.Dense(16, activation="relu")(inputs)
        model = tf.keras.Model(inputs, tf.keras.layers.Dense(1, activation="sigmoid")(hidden))
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is Model and (args or "inputs" in kwargs):
            return super().__new__(_functional_class(), *args, **kwargs)
        return super().__new__(cls, *args, **kwargs)

    @classmethod
    def _handed_on(cls, values: Sequence[Any]) -> dict[str, Any]:
        """Only symbolic tensors are surely handed on as the inputs and outputs."""
        symbolic = [isinstance(leaf, KerasTensor) for leaf in nest.flatten(list(values[:2]))]
        return super()._handed_on(values) if symbolic and all(symbolic) else {}

    def __init__(self, inputs: Any = None, outputs: Any = None, **kwargs: Any) -> None:
        if inputs is self:  # `super().__init__(self)`, as guides of TensorFlow write it
            inputs = None
        if inputs is not None or outputs is not None:
            self.__class__ = _functional_form(type(self))
            _functional_class().__init__(self, inputs, outputs, **kwargs)
            return
        super().__init__(**kwargs)
        self._init_trainer()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute, by compiled code where the model is made of lamina's layers and nobody records.

        That is the case for the second of two calls on rows between which no variable was written.
        """
        if args and type(args[0]) not in _ARRAYS and may_be_table(args[0]):
            args = inputs_of(self, args[0], self._columns), *args[1:]
        if len(args) != 1 or kwargs or STATE.trace is not None or STATE.recorders or CALLS.frames:
            return super().__call__(*args, **kwargs)
        if "_training" not in self.__dict__:
            return super().__call__(*args)  # which says that super().__init__() is missing
        x = args[0]
        array = x if type(x) is np.ndarray else getattr(x, "array", None)
        if array is not None and array.dtype.kind not in "fiub":
            return super().__call__(x)
        calling = self._training.calling
        if array is not None and calling.is_ready():
            self._call_losses = []
            return Tensor(calling.function(array))
        found = super().__call__(x)
        masked = any_mask(masks_of(found))  # machine code gives arrays without masks
        if array is not None and array.ndim == 2 and not masked and self._is_plain():
            floats = array.dtype.kind == "f"  # integers are categories, and stay
            wanted = array.astype(self.variable_dtype, copy=False) if floats else array
            calling.consider(self._call_program(), wanted, self._call_anything)
        return found

    def _call_program(self) -> Function | None:
        """A call traced since attributes of layers were last set; None where code runs eagerly."""
        state = self._training
        if state.run_eagerly:
            return None
        if state.call_program is None or state.call_program[0] != CHANGES[0]:
            state.call_program = CHANGES[0], Function(super().__call__, symbolic_batch=True)
        return state.call_program[1]

    def _call_anything(self, x: Any) -> Any:
        return np.asarray(super().__call__(x))

    def _is_plain(self) -> bool:
        """Whether running the model's Python code again would do nothing but compute."""
        return self.built and all(
            type(layer).__module__.startswith(_OWN)
            and getattr(layer, "activity_regularizer", None) is None
            for layer in self._flatten_layers()
        )

    def __copy__(self) -> Any:  # two models with the same weights would be no copies
        return copying.copied(self, {})

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return copying.copied(self, memo)

    def __reduce_ex__(self, protocol: Any) -> Any:
        if copying.is_described(self):
            return copying.reduced(self)
        return super().__reduce_ex__(protocol)

    def __getstate__(self) -> dict[str, Any]:
        return copying.state_of(self)

    def __setstate__(self, state: dict[str, Any]) -> None:
        copying.set_state(self, state)

    @property
    def layers(self) -> list[Layer]:
        """The layers directly inside the model."""
        return [part for part in self._parts() if isinstance(part, Layer)]

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of a name or at an index."""
        if (name is None) == (index is None):
            raise InvalidArgumentError("get_layer expects a name or an index")
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise InvalidArgumentError(
                    f"layer index {index} is out of range: the model has {len(self.layers)} layers"
                )
            return self.layers[index]
        found = next((layer for layer in self.layers if layer.name == name), None)
        if found is None:
            names = [layer.name for layer in self.layers]
            raise InvalidArgumentError(
                f"the model has no layer {name!r}; its layers are {', '.join(names)}."
                f"{nearest(str(name), names)}"
            )
        return found

    def build(self, input_shape: Any) -> None:
        """Make all weights by tracing `call` on a batch of `input_shape`."""
        if input_shape is not None and type(self).call is not Layer.call:
            placeholder = _placeholders(input_shape, self.compute_dtype)
            trace_call(self, (placeholder,), {})
        self.built = True

    def _build_on(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        """Inputs that are several arguments of `call` have no one shape: the call is traced."""
        given = [*arguments, *(value for name, value in keywords.items() if name != "mask")]
        if type(self).build is not Model.build or sum(map(has_shape, given)) < 2:
            super()._build_on(arguments, keywords)
            return
        with eagerly(), building(self):
            stand_ins = nest.map_structure(_stand_in, (list(arguments), keywords))
            trace_call(self, tuple(stand_ins[0]), stand_ins[1])
            self._path = name_of(CALLS.path)
        self.built = True

    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
    ) -> None:
        """Print a table of the layers, their output shapes and numbers of parameters."""
        print_summary(
            self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range
        )

    def _repr_html_(self) -> str:
        """What a notebook shows of a model: its summary, with the layers inside of layers."""
        return html_summary(self)

    def export(
        self,
        filepath: Any,
        format: str | None = None,
        verbose: bool | None = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> None:
        """Write what `call(training=False)` computes to a file that runs without lamina.

        The ending of the file name says its format where `format` does not. `input_signature`:
        specs of the inputs, where the model does not say them; `name`, `metadata` and options of
        the format follow by name.
        """
        offered("export_model")(self, filepath, format, verbose, input_signature, **kwargs)

    def save(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Write architecture, weights and optimizer state to a `.keras` file, or to a folder."""
        save_model(self, filepath, overwrite=overwrite, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True, **former: Any) -> None:
        """Write the weights to a file, whose ending says its format, or a checkpoint."""
        save_weights(self, filepath, overwrite, **former)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> Any:
        """Read the weights in a file or a checkpoint, whose result says what was found."""
        return load_weights(self, filepath, skip_mismatch=skip_mismatch, **kwargs)

    def _told(self) -> dict[str, Any]:
        """The arguments that `get_config` gives; symbolic tensors that were not given are none."""
        unset = {name for name in ("inputs", "outputs") if self._arguments.get(name) is None}
        return {name: value for name, value in super()._told().items() if name not in unset}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Any:
        """A model made of what `get_config` gave, here or in Keras.

        Classes and functions of one's own are registered or given in `custom_objects`.
        """
        with CustomObjectScope(custom_objects):
            return cls._made(config)

    @classmethod
    def _made(cls, config: dict[str, Any]) -> Any:
        if "input_layers" in config and "output_layers" in config:
            return _functional_class()._connected(cls, config)
        return super().from_config(config)

    def to_json(self, **kwargs: Any) -> str:
        """The architecture as JSON."""
        with sharing():
            return json.dumps(serialize(self), **kwargs)


def _functional_class() -> Any:
    found: Any = FAMILIES["keras.models"]["Functional"]  # a subclass, in its own file
    return found


_FORMS: WeakKeyDictionary[type[Model], type[Model]] = WeakKeyDictionary()


def _functional_form(cls: type[Model]) -> type[Model]:
    """`cls` with the network of a functional model behind its own methods."""
    functional = _functional_class()
    if issubclass(cls, functional):
        return cls
    if cls not in _FORMS:
        names = {"__module__": cls.__module__, "__qualname__": cls.__qualname__}
        _FORMS[cls] = type(cls.__name__, (cls, functional), {**names, "written_class": cls})
    return _FORMS[cls]


def model_from_json(json_string: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """The model whose architecture `to_json` wrote, here or in Keras; its weights are new."""
    return model_from_text(json_string, "the JSON of the model", custom_objects)


def _stand_in(leaf: Any) -> Any:
    """A symbol in the place of a tensor with a batch."""
    if not isinstance(leaf, Tensor) or not leaf.shape:
        return leaf
    return KerasTensor(spec_of_shape((None, *leaf.shape[1:]), leaf.spec.dtype.name))


def _placeholders(shape: Any, dtype: str) -> Any:
    if isinstance(shape, dict):
        return {key: _placeholders(item, dtype) for key, item in shape.items()}
    if isinstance(shape, (list, tuple)) and any(isinstance(item, (list, tuple)) for item in shape):
        return [_placeholders(item, dtype) for item in shape]
    return KerasTensor(spec_of_shape(tuple(shape), dtype))
