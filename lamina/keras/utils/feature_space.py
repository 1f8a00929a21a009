"""FeatureSpace: the columns of a table as one vector for a network, or as several."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ...core.errors import ArgumentTypeError, FailedPreconditionError, InvalidArgumentError
from ...data import frames, tables
from ...ops import array
from ...tensor.convert import to_tensor
from ..configurable import deserialize_nested, register, serialize
from ..layers.core import Input
from ..layers.layer import Layer
from ..layers.preprocessing.base import as_values
from ..layers.preprocessing.category_encoding import CategoryEncoding
from ..layers.preprocessing.discretization import Discretization
from ..layers.preprocessing.hashing import HashedCrossing, Hashing
from ..layers.preprocessing.lookup import Lookup
from ..layers.preprocessing.normalization import Normalization
from ..saving.files import save_model
from .features import Cross, Feature, FeatureKinds, TFDConcat

_ROWS = 32  # that are learned from at a time; quantiles depend on it a little


@register("keras.utils")
class FeatureSpace(FeatureKinds, Layer):
    """The features of a table, each encoded as its kind asks, concatenated or in a dict.

    `features`: for each column a kind by name ("float_normalized", "string_categorical" …) or
    `FeatureSpace.float_discretized(num_bins=4)` and the like. `crosses`: columns that are hashed
    together. What has to be learned is learned by `adapt` from a dataset or a data frame.

    Example:
        space = FeatureSpace({"age": "float_normalized", "job": "string_categorical"})
        space.adapt(frame)
        vectors = space(frame)
        outputs = keras.layers.Dense(1)(space.get_encoded_features())
        model = keras.Model(space.get_inputs(), outputs)
    """

    def __init__(
        self,
        features: Mapping[str, Any],
        output_mode: str = "concat",
        crosses: Any = None,
        crossing_dim: int = 32,
        hashing_dim: int = 32,
        num_discretization_bins: int = 32,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if not features:
            raise InvalidArgumentError("a FeatureSpace needs features: {'column': 'float', …}")
        if output_mode not in ("concat", "dict"):
            raise InvalidArgumentError(
                f"output_mode of FeatureSpace is 'concat' or 'dict'; got {output_mode!r}"
            )
        self.output_mode = output_mode
        self.crossing_dim = crossing_dim
        self.hashing_dim = hashing_dim
        self.num_discretization_bins = num_discretization_bins
        self.features = {key: self._feature(key, value) for key, value in features.items()}
        self.crosses = [self._checked_cross(cross) for cross in crosses or ()]
        self.crosses_by_name = {cross.name: cross for cross in self.crosses}
        self.inputs = {
            key: Input(shape=(1,), dtype=feature.dtype, name=key)
            for key, feature in self.features.items()
        }
        self.preprocessors = {key: item.preprocessor for key, item in self.features.items()}
        self.crossers = {
            cross.name: HashedCrossing(cross.crossing_dim, name=cross.name)
            for cross in self.crosses
        }
        self.one_hot_encoders: dict[str, Any] = {}
        self.concat: Any = None
        self.encoded_features: Any = None
        self._adapted = False

    def _feature(self, name: str, value: Any) -> Feature:
        if isinstance(value, dict):
            value = deserialize_nested(value)
        if isinstance(value, Feature):
            return value
        arguments = {
            "float_discretized": {"num_bins": self.num_discretization_bins},
            "integer_hashed": {"num_bins": self.hashing_dim},
            "string_hashed": {"num_bins": self.hashing_dim},
        }
        kinds = ("float", "float_normalized", "float_rescaled", *arguments)
        kinds += ("integer_categorical", "string_categorical")
        if value not in kinds:
            raise InvalidArgumentError(
                f"the feature {name!r} is of a kind among {', '.join(kinds)}, or made by "
                f"FeatureSpace.feature(…); got {value!r}"
            )
        made: Feature = getattr(self, value)(name=name, **arguments.get(value, {}))
        return made

    def _checked_cross(self, given: Any) -> Cross:
        cross = deserialize_nested(given) if isinstance(given, dict) else given
        if not isinstance(cross, Cross):
            if not self.crossing_dim:
                raise InvalidArgumentError("crosses need crossing_dim, the number of buckets")
            cross = Cross(cross, self.crossing_dim)
        unknown = [name for name in cross.feature_names if name not in self.features]
        if unknown:
            raise InvalidArgumentError(
                f"the cross {cross.name} is of features that are not there: {unknown}"
            )
        return cross

    # Learning ------------------------------------------------------------------------------------

    def adapt(self, dataset: Any) -> None:
        """Learn from a dataset of dicts, a dict of columns, a data frame, or a file of a table."""
        dataset = self._columns_of(dataset)
        if not isinstance(dataset, dict) and not hasattr(dataset, "__iter__"):
            raise ArgumentTypeError(
                "a FeatureSpace learns from a dataset of dicts or a dict of columns; got "
                f"{type(dataset).__name__}"
            )
        for name in self._learners():
            self.preprocessors[name].adapt(_column(dataset, name))
        self._adapted = True
        self.encoded_features, self.one_hot_encoders, self.concat = None, {}, None
        self.get_encoded_features()

    def _columns_of(self, data: Any) -> Any:
        """The features in a table as a dict of columns; what is no table as it is."""
        names = tuple(self.features)
        if isinstance(data, dict):
            table, known, where = None, tuple(map(str, data)), "the dict"
        else:
            table = tables.table_of(data)
            if table is None:
                return data
            known, where = table.names or (), table.where
        unknown = frames.unknown_columns(known, names, where)
        if unknown:
            raise InvalidArgumentError(unknown)
        if table is None:
            return data
        frame = tables.read(table, names)
        return {name: frame.column(name).values for name in names}

    def _learners(self) -> list[str]:
        """The features whose layers learn."""
        found = []
        for name, layer in self.preprocessors.items():
            given = (
                (isinstance(layer, Normalization) and layer.input_mean is not None)
                or (isinstance(layer, Lookup) and layer._has_input_vocabulary)
                or (isinstance(layer, Discretization) and layer.num_bins is None)
            )
            if hasattr(layer, "adapt") and not given:
                found.append(name)
        return found

    def _check_adapted(self) -> None:
        learners = self._learners()
        if learners and not self._adapted:
            raise FailedPreconditionError(
                f"call adapt(dataset) on the FeatureSpace first: the features "
                f"{', '.join(map(repr, learners))} learn from data"
            )

    # Encoding ------------------------------------------------------------------------------------

    def get_inputs(self) -> dict[str, Any]:
        """The symbolic inputs of a model by the names of features."""
        self.get_encoded_features()
        return self.inputs

    def get_encoded_features(self) -> Any:
        """The symbolic features, encoded: a tensor, or a dict of them."""
        self._check_adapted()
        if self.encoded_features is None:
            self.encoded_features = self._encode(self.inputs)
            self.built = True
        return self.encoded_features

    def _encode(self, data: dict[str, Any]) -> Any:
        found = {name: layer(data[name]) for name, layer in self.preprocessors.items()}
        crossed = {
            cross.name: self.crossers[cross.name]([found[name] for name in cross.feature_names])
            for cross in self.crosses
        }
        specs: dict[str, Any] = {**self.features, **self.crosses_by_name}
        encoded = {
            name: self._encoded(name, values[name], specs[name].output_mode)
            for values in (found, crossed)
            for name in sorted(values)
        }
        if self.output_mode == "dict":
            return encoded
        for name, values in encoded.items():
            if values.dtype.is_integer or values.dtype == "string":
                raise InvalidArgumentError(
                    f"the feature {name!r} is not encoded (its dtype is {values.dtype.name}), so "
                    "it cannot be concatenated; give FeatureSpace output_mode='dict'"
                )
        if self.concat is None:
            self.concat = TFDConcat(axis=-1)
        return self.concat(list(encoded.values()))

    def _encoded(self, name: str, values: Any, mode: str) -> Any:
        """A feature as a vector where it is to be "one_hot"."""
        if mode != "one_hot":
            return values
        if name not in self.one_hot_encoders:
            if not values.dtype.is_integer:
                raise InvalidArgumentError(
                    f"the feature {name!r} has output_mode 'one_hot', so its layer should give "
                    f"integers; it gives {values.dtype.name}"
                )
            layer = self.preprocessors.get(name) or self.crossers[name]
            self.one_hot_encoders[name] = CategoryEncoding(_categories(name, layer))
        return self.one_hot_encoders[name](values)

    def __call__(self, data: Any) -> Any:
        """The encoded features of a dict of columns, a data frame, or one row's values."""
        self.get_encoded_features()
        data = self._columns_of(data)
        if not isinstance(data, dict):
            raise ArgumentTypeError(
                f"a FeatureSpace is called on a dict from columns to values, or on a data frame; "
                f"got {type(data).__name__}"
            )
        given = {name: to_tensor(data[name]) for name in self.features}
        single = all(not value.shape for value in given.values())
        rows = {name: _as_column(value) for name, value in given.items()}
        encoded = self._encode(rows)
        if not single:
            return encoded
        if isinstance(encoded, dict):
            return {name: array.squeeze(value, 0) for name, value in encoded.items()}
        return array.squeeze(encoded, 0)

    # Files ---------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments; features with what they learned."""
        return {
            "features": serialize(self.features),
            "output_mode": self.output_mode,
            "crosses": serialize(self.crosses),
            "crossing_dim": self.crossing_dim,
            "hashing_dim": self.hashing_dim,
            "num_discretization_bins": self.num_discretization_bins,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A space made of what `get_config` gave, here or in Keras."""
        return cls(**config)

    def get_build_config(self) -> dict[str, Any]:
        """What each feature's layer was built for."""
        return {
            name: feature.preprocessor.get_build_config() for name, feature in self.features.items()
        }

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build the layers of features; what they learned is in the file."""
        for name, inner in config.items():
            layer = self.features[name].preprocessor
            if not layer.built:
                layer.build_from_config(inner or {})
        self._adapted = self.built = True

    def save(self, filepath: Any, overwrite: bool = True) -> None:
        """Write the space to a `.keras` file, which `keras.models.load_model` reads."""
        if self._adapted:
            self.get_encoded_features()  # makes the layers that a file has places for
        save_model(self, filepath, overwrite=overwrite)


def _as_column(value: Any) -> Any:
    """A value or a line of values as a column; a column as it is."""
    rank = len(value.shape)
    if rank == 0:
        return array.reshape(value, (1, 1))
    return array.expand_dims(value, -1) if rank == 1 else value


def _categories(name: str, layer: Any) -> int:
    """How many integers a layer gives."""
    if isinstance(layer, Lookup):
        return layer.vocabulary_size()
    if isinstance(layer, CategoryEncoding):
        return int(layer.num_tokens)
    if isinstance(layer, Discretization):
        return int(layer.num_bins or len(layer.bin_boundaries or ()) + 1)
    if isinstance(layer, (HashedCrossing, Hashing)):
        return int(layer.num_bins)
    raise InvalidArgumentError(
        f"the feature {name!r} has output_mode 'one_hot', but lamina does not know how many "
        f"categories a {type(layer).__name__} gives; give it output_mode='int'"
    )


def _column(dataset: Any, name: str) -> Iterator[Any]:
    """Batches of one column, each of shape (rows, 1); single values are gathered."""
    if isinstance(dataset, dict):
        values = as_values(dataset[name])
        parts: Iterator[Any] = (
            values[start : start + _ROWS] for start in range(0, len(values), _ROWS)
        )
    else:
        rows = (row[0] if isinstance(row, tuple) else row for row in dataset)
        parts = _gathered(as_values(row[name]) for row in rows)
    for part in parts:
        yield part[:, None] if part.ndim == 1 else part


def _gathered(parts: Iterator[Any]) -> Iterator[Any]:
    first = next(parts, None)
    if first is None:
        return
    whole_stream = itertools.chain([first], parts)
    if first.ndim:
        yield from whole_stream
        return
    while batch := list(itertools.islice(whole_stream, _ROWS)):
        yield np.stack(batch)
