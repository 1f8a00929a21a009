"""Integers as vectors of zeros and ones."""

from __future__ import annotations

from typing import Any

from ....core.errors import InvalidArgumentError
from ....ops import array
from ...configurable import register
from .base import Preprocessing, as_indices, checked_mode, encoded, refuse_sparse, whole

_MODES = ("one_hot", "multi_hot", "count")


@register("keras.layers")
class CategoryEncoding(Preprocessing):
    """Integers below `num_tokens` as vectors of that length; others as zeros.

    "multi_hot": 1 for each number that occurs in a row; "count": how often it does, or the sum of
    `count_weights` there; "one_hot": each number by itself.

    Example: `tf.keras.layers.CategoryEncoding(3, "one_hot")([0, 2])`.
    """

    def __init__(
        self,
        num_tokens: Any = None,
        output_mode: str = "multi_hot",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.output_mode = checked_mode(output_mode, "CategoryEncoding", _MODES)
        if num_tokens is None or num_tokens < 1:
            raise InvalidArgumentError(
                f"num_tokens is how many categories there are, at least 1; got {num_tokens!r}. "
                "IntegerLookup learns categories from data."
            )
        self.num_tokens = num_tokens
        self.sparse = refuse_sparse(sparse)

    def call(self, inputs: Any, count_weights: Any = None) -> Any:
        """The encoded inputs."""
        weights = None
        if count_weights is not None:
            if self.output_mode != "count":
                raise InvalidArgumentError(
                    f"count_weights is for output_mode 'count'; got {self.output_mode!r}"
                )
            weights = array.cast(whole(count_weights), self.compute_dtype)
        indices = as_indices(inputs)
        return encoded(indices, self.output_mode, self.num_tokens, self.dtype, weights)

    def get_config(self) -> dict[str, Any]:
        """The arguments, without `sparse`, which Keras does not write either."""
        config = super().get_config()
        del config["sparse"]
        return config
