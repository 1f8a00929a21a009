"""Vectors for integers: what categories become in a network."""

from __future__ import annotations

from typing import Any

from ...core.callers import warn
from ...core.errors import InvalidArgumentError
from ...ops import array, math
from .. import constraints, initializers, regularizers
from ..configurable import register
from ..masks import set_mask
from .layer import Layer


def _positive(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise InvalidArgumentError(
            f"{name} is a positive integer; got {name}={value!r:.80} of type {type(value).__name__}"
        )
    return value


@register("keras.layers")
class Embedding(Layer):
    """A learned vector of `output_dim` numbers for each integer from 0 to input_dim - 1.

    (batch, …) of integers to (batch, …, output_dim). With `mask_zero`, 0 stands for a missing
    entry. `weights` are the vectors to begin with, an array (input_dim, output_dim). An integer
    out of range raises IndexRangeError.

    Example: `tf.keras.layers.Embedding(7, 3)(weekdays)`.
    """

    input_shape_arguments = ("input_shape", "batch_input_shape")  # `input_dim` is its own

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        **kwargs: Any,
    ) -> None:
        if kwargs.pop("input_length", None) is not None:
            warn("Embedding needs no `input_length` any more; leave it out")
        self._arguments.pop("input_length", None)
        super().__init__(**kwargs)
        self.input_dim = _positive("input_dim", input_dim)
        self.output_dim = _positive("output_dim", output_dim)
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = mask_zero
        self.supports_masking = mask_zero
        self.autocast = False
        if weights is not None:
            self.build()
            one = isinstance(weights, list) and len(weights) == 1
            self.set_weights(weights if one else [weights])

    def build(self, input_shape: Any = None) -> None:
        """Make the vectors."""
        if not self.built:
            self.embeddings = self.add_weight(
                shape=(self.input_dim, self.output_dim),
                initializer=self.embeddings_initializer,
                name="embeddings",
                regularizer=self.embeddings_regularizer,
                constraint=self.embeddings_constraint,
            )

    def call(self, inputs: Any) -> Any:
        """The vectors of the inputs."""
        whole = inputs.spec.dtype.name in ("int32", "int64")
        indices = inputs if whole else array.cast(inputs, "int32")
        return array.cast(array.gather(self.embeddings, indices), self.compute_dtype)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Which integers are not 0, with `mask_zero`; else None."""
        return math.not_equal(inputs, 0) if self.mask_zero else None


@register("keras.layers")
class ReversibleEmbedding(Embedding):
    """An Embedding that also goes back: vectors (…, output_dim) to scores (…, input_dim).

    Back, `layer(x, reverse=True)`, is x Eᵀ with the embeddings E (`tie_weights`) or x R with a
    matrix R of its own, in `reverse_dtype` if that is given; `logit_soft_cap` c bends the scores s
    to c tanh(s / c).
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        reverse_dtype: Any = None,
        logit_soft_cap: float | None = None,
        **kwargs: Any,
    ) -> None:
        self.tie_weights = tie_weights
        self.reverse_dtype = reverse_dtype
        self.logit_soft_cap = logit_soft_cap
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer,
            embeddings_regularizer,
            embeddings_constraint,
            mask_zero,
            **kwargs,
        )

    def build(self, input_shape: Any = None) -> None:
        """Make the vectors, and the matrix back where it is not theirs."""
        if not self.built:
            super().build(input_shape)
            if not self.tie_weights:
                self.reverse_embeddings = self.add_weight(
                    shape=(self.output_dim, self.input_dim),
                    initializer=self.embeddings_initializer,
                    name="reverse_embeddings",
                )

    def call(self, inputs: Any, reverse: bool = False) -> Any:
        """The vectors of integers, or the scores of vectors."""
        if not reverse:
            found = super().call(inputs)
            if self.mask_zero:
                set_mask(found, math.not_equal(inputs, 0))
            return found
        back = array.transpose(self.embeddings) if self.tie_weights else self.reverse_embeddings
        dtype = self.reverse_dtype or self.compute_dtype
        scores = array.cast(inputs, dtype) @ array.cast(back, dtype)
        cap = self.logit_soft_cap
        return scores if cap is None else math.tanh(scores / cap) * cap

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """None: `call` gives the mask, for only one direction has one."""
        return None
