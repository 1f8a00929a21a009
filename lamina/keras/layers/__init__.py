"""Layers."""

from __future__ import annotations

from typing import Any

from ...core.errors import InvalidArgumentError
from ...core.outside import lacking
from ..configurable import custom_object_scope, get_from
from ..configurable import deserialize as _deserialize
from ..configurable import serialize as _serialize
from . import experimental
from .activations import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax
from .batch_normalization import BatchNormalization
from .core import Input, InputLayer
from .dense import Dense
from .einsum_dense import EinsumDense
from .embedding import Embedding, ReversibleEmbedding
from .group_normalization import GroupNormalization
from .input_spec import InputSpec
from .layer import Layer
from .layer_normalization import LayerNormalization, RMSNormalization, UnitNormalization
from .masking import Identity, Masking
from .merging import (
    Add,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
from .pooling import GlobalAveragePooling1D, GlobalMaxPooling1D
from .preprocessing.category_encoding import CategoryEncoding
from .preprocessing.discretization import Discretization
from .preprocessing.hashing import HashedCrossing, Hashing
from .preprocessing.lookups import IntegerLookup, StringLookup
from .preprocessing.normalization import Normalization
from .preprocessing.rescaling import Rescaling
from .regularization import (
    ActivityRegularization,
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout1D,
)
from .reshaping import (
    Cropping1D,
    Flatten,
    Permute,
    RepeatVector,
    Reshape,
    UpSampling1D,
    ZeroPadding1D,
)
from .spectral_normalization import SpectralNormalization
from .wrapping import Lambda, Pipeline, TimeDistributed, Wrapper

GlobalAvgPool1D = GlobalAveragePooling1D
GlobalMaxPool1D = GlobalMaxPooling1D

__all__ = [
    "ELU",
    "Activation",
    "ActivityRegularization",
    "Add",
    "AlphaDropout",
    "Average",
    "CategoryEncoding",
    "Concatenate",
    "Discretization",
    "Rescaling",
    "HashedCrossing",
    "Hashing",
    "IntegerLookup",
    "StringLookup",
    "Cropping1D",
    "BatchNormalization",
    "Dense",
    "Dot",
    "Dropout",
    "EinsumDense",
    "Embedding",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAvgPool1D",
    "GlobalMaxPool1D",
    "GlobalMaxPooling1D",
    "Identity",
    "GroupNormalization",
    "Input",
    "InputLayer",
    "InputSpec",
    "Lambda",
    "Layer",
    "LeakyReLU",
    "Masking",
    "Maximum",
    "Minimum",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "Pipeline",
    "ReLU",
    "RepeatVector",
    "Reshape",
    "ReversibleEmbedding",
    "Softmax",
    "SpectralNormalization",
    "SpatialDropout1D",
    "Subtract",
    "TimeDistributed",
    "UpSampling1D",
    "Wrapper",
    "ZeroPadding1D",
    "add",
    "average",
    "concatenate",
    "LayerNormalization",
    "RMSNormalization",
    "UnitNormalization",
    "deserialize",
    "dot",
    "experimental",
    "get",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]


def get(identifier: Any) -> Any:
    """A layer from an instance or a configuration."""
    return get_from("keras.layers", identifier)


def serialize(layer: Any) -> Any:
    """The configuration of a layer, as plain data."""
    return _serialize(layer)


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """The layer that a configuration describes."""
    if not isinstance(config, dict):
        raise InvalidArgumentError(
            f"a layer's configuration is a dict; got {type(config).__name__}"
        )
    with custom_object_scope(custom_objects):
        return _deserialize(config)


_FORMER = {
    "DenseFeatures": "feature columns are gone; FeatureSpace, or Normalization, StringLookup, "
    "CategoryEncoding and Embedding do their work",
    "ThresholdedReLU": "it is ReLU(threshold=theta) today",
}
"""Layers that Keras had before version 3, and what to use instead."""

__getattr__ = lacking("keras.layers", __all__, _FORMER)
