"""What a FeatureSpace is told of each column, and of columns that are crossed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.errors import InvalidArgumentError
from ...ops import array
from ..configurable import Configurable, deserialize_nested, register
from ..layers.layer import Layer
from ..layers.preprocessing.base import Preprocessing
from ..layers.preprocessing.discretization import Discretization
from ..layers.preprocessing.hashing import Hashing
from ..layers.preprocessing.lookups import IntegerLookup, StringLookup
from ..layers.preprocessing.normalization import Normalization
from ..layers.preprocessing.rescaling import Rescaling
from ..naming import unique_name

_MODULE = "keras.src.layers.preprocessing.feature_space"  # where Keras's files say that these are


def _checked_mode(mode: Any, known: Sequence[str]) -> str:
    if mode not in known:
        raise InvalidArgumentError(
            f"the output_mode of a feature is one of {', '.join(map(repr, known))}; got {mode!r}"
        )
    return str(mode)


@register(_MODULE)
class Cross(Configurable):
    """Features that are hashed together into `crossing_dim` buckets."""

    def __init__(
        self, feature_names: Sequence[str], crossing_dim: int, output_mode: str = "one_hot"
    ) -> None:
        self.feature_names = tuple(feature_names)
        self.crossing_dim = crossing_dim
        self.output_mode = _checked_mode(output_mode, ("int", "one_hot"))

    @property
    def name(self) -> str:
        return "_X_".join(self.feature_names)


@register(_MODULE)
class Feature(Configurable):
    """One column: its dtype, the layer that it goes through, and what comes out of the space."""

    def __init__(self, dtype: str, preprocessor: Any, output_mode: str) -> None:
        self.dtype = dtype
        self.preprocessor = deserialize_nested(preprocessor)
        self.output_mode = _checked_mode(output_mode, ("int", "one_hot", "float"))


@register(_MODULE)
class TFDIdentity(Preprocessing):
    """Numbers as they are, in the layer's dtype."""

    def call(self, x: Any) -> Any:
        """The inputs."""
        return array.cast(x, self.compute_dtype)


@register(_MODULE)
class TFDConcat(Layer):
    """Tensors joined along an axis."""

    def __init__(self, axis: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, xs: Any) -> Any:
        """The inputs as one tensor."""
        return array.concat(list(xs), self.axis)


def _named(name: str | None, kind: str) -> str:
    return f"{name or unique_name(kind)}_preprocessor"


class FeatureKinds:
    """The kinds of features, as class methods of FeatureSpace that make a `Feature`."""

    @classmethod
    def cross(
        cls, feature_names: Sequence[str], crossing_dim: int, output_mode: str = "one_hot"
    ) -> Cross:
        """Features hashed together into `crossing_dim` buckets."""
        return Cross(feature_names, crossing_dim, output_mode=output_mode)

    @classmethod
    def feature(cls, dtype: str, preprocessor: Any, output_mode: str) -> Feature:
        """A feature that goes through a layer of yours."""
        return Feature(dtype, preprocessor, output_mode)

    @classmethod
    def float(cls, name: str | None = None) -> Feature:
        """Numbers as they are."""
        layer = TFDIdentity(dtype="float32", name=_named(name, "float"))
        return Feature("float32", layer, "float")

    @classmethod
    def float_rescaled(
        cls, scale: Any = 1.0, offset: Any = 0.0, name: str | None = None
    ) -> Feature:
        """Numbers times `scale` plus `offset`."""
        layer = Rescaling(scale=scale, offset=offset, name=_named(name, "float_rescaled"))
        return Feature("float32", layer, "float")

    @classmethod
    def float_normalized(cls, name: str | None = None) -> Feature:
        """Numbers with mean 0 and variance 1."""
        return Feature("float32", Normalization(name=_named(name, "float_normalized")), "float")

    @classmethod
    def float_discretized(
        cls,
        num_bins: int | None,
        bin_boundaries: Any = None,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """The bins that numbers fall into; with `bin_boundaries` they are not learned."""
        layer = Discretization(
            num_bins=None if bin_boundaries is not None else num_bins,
            bin_boundaries=bin_boundaries,
            name=_named(name, "float_discretized"),
        )
        return Feature("float32", layer, output_mode)

    @classmethod
    def integer_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Integers by a vocabulary that is learned."""
        layer = IntegerLookup(
            name=_named(name, "integer_categorical"),
            max_tokens=max_tokens,
            num_oov_indices=num_oov_indices,
        )
        return Feature("int32", layer, output_mode)

    @classmethod
    def string_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Strings by a vocabulary that is learned."""
        layer = StringLookup(
            name=_named(name, "string_categorical"),
            max_tokens=max_tokens,
            num_oov_indices=num_oov_indices,
        )
        return Feature("string", layer, output_mode)

    @classmethod
    def string_hashed(
        cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None
    ) -> Feature:
        """Strings in buckets of their hash."""
        layer = Hashing(name=_named(name, "string_hashed"), num_bins=num_bins)
        return Feature("string", layer, output_mode)

    @classmethod
    def integer_hashed(
        cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None
    ) -> Feature:
        """Integers in buckets of their hash."""
        layer = Hashing(name=_named(name, "integer_hashed"), num_bins=num_bins)
        return Feature("int32", layer, output_mode)
