"""Lookups of strings and of integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.dtypes import INT64, STRING, type_name
from ....core.errors import ArgumentTypeError, InvalidArgumentError
from ....core.strings import encode
from ....ops import array, math
from ...configurable import register
from .base import as_indices
from .lookup import Lookup

_COMPARED = 256
"""Tokens up to which integers are compared with all of them, which is native code."""


@register("keras.layers")
class StringLookup(Lookup):
    """Strings as their places in a vocabulary, which is given or learned by `adapt`.

    Index 0 is that of `mask_token`, if there is one; `num_oov_indices` follow for unknown strings,
    shared out by hash; then comes the vocabulary, most frequent first. `output_mode`: "int", or a
    vector for each string ("one_hot") or row ("multi_hot", "count", "tf_idf"). With `invert`,
    from indices to strings.

    Example:
        lookup = tf.keras.layers.StringLookup()
        lookup.adapt(["red", "green", "red"])
        lookup(["red", "blue"])  # 1, 0
    """

    vocabulary_dtype = "string"

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: Any = None,
        oov_token: Any = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        salt: Any = None,
        **kwargs: Any,
    ) -> None:
        self.encoding = encoding
        super().__init__(
            max_tokens=max_tokens,
            num_oov_indices=num_oov_indices,
            mask_token=mask_token,
            oov_token=oov_token,
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            invert=invert,
            output_mode=output_mode,
            sparse=sparse,
            pad_to_max_tokens=pad_to_max_tokens,
            oov_method=kwargs.pop("oov_method", "floormod"),
            salt=salt,
            name=name,
            **kwargs,
        )

    def _inside(self, values: Any) -> list[Any]:
        found = np.asarray(values, STRING) if isinstance(values, (list, tuple)) else values
        tokens: list[Any] = encode(np.asarray(found)).reshape(-1).tolist()
        return tokens

    def _outside(self, token: Any) -> Any:
        return token.decode(self.encoding, "replace")

    def _token_dtype(self) -> Any:
        return STRING

    def _indices(self, inputs: Any) -> Any:
        if inputs.spec.dtype != STRING:
            raise ArgumentTypeError(
                f"StringLookup takes strings; got dtype {type_name(inputs.spec.dtype)}. "
                "IntegerLookup takes integers."
            )
        return super()._indices(inputs)


@register("keras.layers")
class IntegerLookup(Lookup):
    """Integers as their places in a vocabulary, which is given or learned by `adapt`.

    As StringLookup. Unknown integers share several indices by their rest (`oov_method="floormod"`)
    or by their hash ("farmhash", with `salt` if given).

    Example: `tf.keras.layers.IntegerLookup(vocabulary=[12, 36])([36, 7])` gives 2, 0.
    """

    vocabulary_dtype = "int64"

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: Any = None,
        oov_token: Any = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if vocabulary_dtype != "int64":
            raise InvalidArgumentError(
                f"the tokens of IntegerLookup are int64; got vocabulary_dtype={vocabulary_dtype!r}"
            )
        if salt is not None and oov_method != "farmhash":
            raise InvalidArgumentError(
                f"salt is for oov_method='farmhash'; got oov_method={oov_method!r}"
            )
        super().__init__(
            max_tokens=max_tokens,
            num_oov_indices=num_oov_indices,
            mask_token=mask_token,
            oov_token=oov_token,
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            invert=invert,
            output_mode=output_mode,
            sparse=sparse,
            pad_to_max_tokens=pad_to_max_tokens,
            oov_method=oov_method,
            salt=salt,
            name=name,
            **kwargs,
        )

    def _inside(self, values: Any) -> list[Any]:
        try:
            found = np.asarray(values).reshape(-1)
            whole: list[Any] = found.astype(np.int64).tolist()
        except (TypeError, ValueError):
            raise ArgumentTypeError(
                f"IntegerLookup takes integers; got {values!r:.80}. StringLookup takes strings."
            ) from None
        return whole

    def _outside(self, token: Any) -> Any:
        return token

    def _token_dtype(self) -> Any:
        return INT64

    def _indices(self, inputs: Any) -> Any:
        """By comparing with all tokens; by hash where they are many, or unknown ones are spread."""
        x = as_indices(inputs)
        if self.num_oov_indices != 1 or not 0 < len(self._tokens) <= _COMPARED:
            return super()._indices(x)
        x = array.cast(x, INT64)
        hits = array.expand_dims(x, -1) == np.asarray(self._tokens, np.int64)
        places = np.arange(len(self._tokens), dtype=np.int32) + self._token_start
        found = math.reduce_sum(array.where(hits, places, 0), -1)
        found = array.where(math.reduce_any(hits, -1), found, self._oov_start)
        if self.mask_token is not None:
            masked = 0 if self.output_mode == "int" else -1
            found = array.where(x == np.int64(self.mask_token), masked, found)
        return array.cast(found, INT64)
