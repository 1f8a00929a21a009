"""What is inside of a layer: weights, layers, metrics, seeds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ...core.dtypes import as_dtype
from ...core.errors import (
    ArgumentTypeError,
    FailedPreconditionError,
    InvalidArgumentError,
    UnimplementedError,
)
from ...ir.graph import eagerly
from ...tensor.variable import Variable
from .. import constraints, initializers, regularizers
from ..configurable import Configurable
from ..dtype_policies import DTypePolicy
from ..limits import spend
from ..metrics import Metric
from ..naming import unique_name
from ..random import SeedGenerator
from .context import name_of, path_with
from .weight import Weight

INTERNAL = frozenset(
    {
        *("_arguments", "_call_losses", "_own_weights", "_inbound", "_functional", "_training"),
        *("_compile_arguments", "input_vocabulary", "input_idf_weights", "bin_boundaries"),
    }
)
"""Attributes that hold no parts of a layer."""


class Container(Configurable):
    """The holder of variables, and of other containers, in its attributes, lists and dicts."""

    built: bool
    _own_weights: list[Any]
    _trainable: bool
    _made_frozen: bool  # by its constructor, with all that is inside
    _name: str | None
    _policy: DTypePolicy

    @property
    def name(self) -> str:
        if self._name is None:
            raise FailedPreconditionError(
                f"{type(self).__name__}.__init__ must call super().__init__() first"
            )
        return self._name

    @property
    def dtype(self) -> str:
        return self._policy.variable_dtype

    @property
    def variable_dtype(self) -> str:
        return self._policy.variable_dtype

    @property
    def compute_dtype(self) -> str:
        return self._policy.compute_dtype

    # Finding

    def _parts(self) -> Iterable[Any]:
        """Containers, variables, metrics and seed generators among the attributes, each once."""
        found: dict[int, Any] = {}
        for name, value in list(vars(self).items()):
            if type(value) not in _PLAIN and name not in INTERNAL:
                _find_parts(value, found)
        return found.values()

    def _layers_inside(self) -> list[Container]:
        return [part for part in self._parts() if isinstance(part, Container)]

    def _flatten_layers(self, include_self: bool = True, recursive: bool = True) -> list[Container]:
        """The layer and all inside it, each once."""
        found: dict[int, Container] = {id(self): self}
        queue = [self]
        while queue:
            for layer in queue.pop(0)._layers_inside():
                if id(layer) not in found:
                    found[id(layer)] = layer
                    if recursive:
                        queue.append(layer)
        return list(found.values())[0 if include_self else 1 :]

    @property
    def submodules(self) -> tuple[Container, ...]:
        """All layers inside: TensorFlow's name."""
        return tuple(self._flatten_layers(include_self=False))

    def own_variables(self) -> list[Variable]:
        """Weights that are not those of layers inside; those made trainable come first."""
        found = [*self._own_weights, *(v for v in self._parts() if isinstance(v, Variable))]
        found.sort(key=lambda weight: not getattr(weight, "made_trainable", weight.trainable))
        return list({id(weight): weight for weight in found}.values())

    def _variables(self, *, with_state: bool) -> list[Variable]:
        state: list[Variable] = []
        nested: list[Variable] = []
        for part in self._parts():
            if isinstance(part, Container):
                nested += part._variables(with_state=with_state)
            elif with_state and isinstance(part, SeedGenerator):
                state.append(part.state)
        return list({id(v): v for v in (*self.own_variables(), *state, *nested)}.values())

    @property
    def variables(self) -> list[Variable]:
        """Weights and the state of random numbers, each once; not that of metrics."""
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
            for weight in (layer.weights if layer._made_frozen else layer.own_variables())
        }
        return [w for w in self.weights if w._trainable and id(w) not in frozen]

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
        self._set_trainable(bool(value))
        for layer in self._layers_inside():
            layer.trainable = value

    def _set_trainable(self, value: bool) -> None:
        """Let this layer alone be trainable or not."""
        self._trainable, self._made_frozen = value, False
        for weight in self.own_variables():
            if isinstance(weight, Weight):
                weight.follow_layer(value)

    def _freeze_like_another(self) -> None:
        """Be frozen as a model whose layers were made again, some of which may be trainable."""
        if all(layer._trainable for layer in self._flatten_layers(include_self=False)):
            self.trainable = False
        else:
            self._set_trainable(False)

    @property
    def metrics(self) -> list[Metric]:
        """The metrics of the layer and of those inside."""
        found = [
            part
            for layer in self._flatten_layers()
            for part in layer._parts()
            if isinstance(part, Metric)
        ]
        return list({id(metric): metric for metric in found}.values())

    @property
    def metrics_variables(self) -> list[Variable]:
        """The state of all metrics."""
        return [variable for metric in self.metrics for variable in metric.variables]

    def count_params(self) -> int:
        """How many numbers the weights hold."""
        if not self.built and not self.weights:
            raise InvalidArgumentError(
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

    # Making

    def add_weight(
        self,
        *positional: Any,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: Any = None,
        overwrite_with_gradient: bool = False,
        name: str | None = None,
        autocast: bool = True,
        **kwargs: Any,
    ) -> Any:
        """A new variable of the layer; Glorot uniform for floats, zeros for integers by default.

        `aggregation` would say how copies on several devices are joined; there is one device.
        Positional arguments are `shape, initializer, dtype, trainable` as in Keras 3, or, with a
        name first, `name, shape, dtype, initializer` as in TensorFlow 2.
        `autocast=False`: it is read as it is where the layer computes in another dtype.
        """
        places = _named_by_place(positional)
        shape, initializer = places.get("shape", shape), places.get("initializer", initializer)
        dtype, name = places.get("dtype", dtype), places.get("name", name)
        trainable = places.get("trainable", trainable)
        refused = [*kwargs, *(["overwrite_with_gradient"] if overwrite_with_gradient else [])]
        if refused:
            raise UnimplementedError(
                f"add_weight does not do {', '.join(sorted(refused))}; its arguments are shape, "
                "initializer, dtype, trainable, regularizer, constraint, name and autocast"
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
                owner=name_of(path_with(self)),
                autocast=autocast,
            )
        self._own_weights.append(weight)
        return weight

    def add_variable(self, *positional: Any, **kwargs: Any) -> Any:
        """`add_weight` by another name."""
        return self.add_weight(*positional, **kwargs)


def _named_by_place(values: tuple[Any, ...]) -> dict[str, Any]:
    """Positional arguments of `add_weight` by name."""
    named_first = bool(values) and isinstance(values[0], str)
    names = ("name", "shape", "dtype", "initializer") if named_first else _BY_PLACE
    if len(values) > len(names):
        raise ArgumentTypeError(
            f"add_weight takes at most {len(names)} arguments by place ({', '.join(names)}); "
            f"got {len(values)}. Name the others."
        )
    return dict(zip(names, values, strict=False))


_BY_PLACE = ("shape", "initializer", "dtype", "trainable")


_PLAIN = frozenset((str, int, float, bool, type(None)))  # most attributes, which hold no parts


def _find_parts(value: Any, found: dict[int, Any]) -> None:
    if isinstance(value, (Container, Variable, Metric, SeedGenerator)):
        found.setdefault(id(value), value)
    elif isinstance(value, (list, tuple)):
        for item in value:
            if type(item) not in _PLAIN:
                _find_parts(item, found)
    elif isinstance(value, dict):
        for item in value.values():
            if type(item) not in _PLAIN:
                _find_parts(item, found)
