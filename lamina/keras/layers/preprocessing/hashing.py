"""Categories as buckets of a hash: no vocabulary is needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from ....core.dtypes import BOOL, INT64, STRING, type_name
from ....core.errors import InvalidArgumentError
from ....core.hashing import cross64, farmhash64, siphash64
from ....ops import array
from ....ops.strings import as_string
from ....prims.text import map_text
from ...configurable import register
from ...settings import floatx
from ..context import CALLS
from ..layer import Layer
from .base import MODES, Preprocessing, as_indices, checked_mode, encoded, refuse_sparse, whole

_REMEMBERED = 1 << 16  # hashes of categories that are kept, for they come again and again


def hashed(salt: list[int] | None) -> Callable[[Any], int]:
    """The hash of a string, or of the digits of an integer: FarmHash64, with a salt SipHash64."""
    if salt is None:
        return lambda item: farmhash64(_digits(item))
    key = salt[0], salt[1]
    return lambda item: siphash64(_digits(item), key)


def _digits(item: Any) -> bytes:
    return item if isinstance(item, bytes) else b"%d" % item


def checked_salt(salt: Any, owner: str) -> list[int] | None:
    """A salt as two integers."""
    if salt is None:
        return None
    if isinstance(salt, int):
        return [salt, salt]
    if isinstance(salt, (list, tuple)) and len(salt) == 2:
        return list(salt)
    raise InvalidArgumentError(f"salt of {owner} is one integer or two of them; got {salt!r}")


@register("keras.layers")
class Hashing(Preprocessing):
    """Strings and integers as one of `num_bins` buckets, by FarmHash64 or, with `salt`, SipHash64.

    Bucket 0 is kept for `mask_value` where that is given. The buckets are Keras's.

    Example: `tf.keras.layers.Hashing(num_bins=3)([["A"], ["B"]])`.
    """

    def __init__(
        self,
        num_bins: Any,
        mask_value: Any = None,
        salt: Any = None,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        mode = checked_mode(output_mode, "Hashing", MODES)
        if dtype is None:
            dtype = "int64" if mode == "int" else floatx()
        super().__init__(dtype=dtype, **kwargs)
        if num_bins is None or num_bins < 1:
            raise InvalidArgumentError(f"num_bins is a positive number of buckets; got {num_bins}")
        if mode == "int" and self.dtype not in ("int32", "int64"):
            raise InvalidArgumentError(
                f"Hashing gives integers: dtype is 'int32' or 'int64'; got {self.dtype!r}"
            )
        self.output_mode = mode
        self.sparse = refuse_sparse(sparse)
        self.num_bins = num_bins
        self.mask_value = mask_value
        self.salt = checked_salt(salt, "Hashing")

    def call(self, inputs: Any) -> Any:
        """The buckets of the inputs."""
        if inputs.spec.dtype == BOOL:
            inputs = as_string(inputs)
        elif inputs.spec.dtype != STRING:
            inputs = as_indices(inputs)
        mask = None
        bins = self.num_bins
        if self.mask_value is not None and bins > 1:
            bins -= 1
            mask = inputs == self.mask_value
        digest = lru_cache(_REMEMBERED)(hashed(self.salt))
        found = map_text(lambda item: digest(item) % bins, inputs, dtype=INT64)
        if mask is not None:
            found = array.where(mask, 0, found + 1)
        return encoded(found, self.output_mode, self.num_bins, self.dtype)


@register("keras.layers")
class HashedCrossing(Layer):
    """Each combination of two or more categories as one of `num_bins` buckets.

    The inputs are strings or integers of shape (), (batch,) or (batch, 1). The buckets are Keras's.

    Example: `tf.keras.layers.HashedCrossing(num_bins=5)((["A", "B"], [101, 102]))`.
    """

    def __init__(
        self,
        num_bins: int,
        output_mode: str = "int",
        sparse: bool = False,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        mode = checked_mode(output_mode, "HashedCrossing", ("int", "one_hot"))
        if mode == "int" and dtype is None:
            dtype = "int64"
        super().__init__(name=name, dtype=dtype, **kwargs)
        self.num_bins = num_bins
        self.output_mode = mode
        self.sparse = refuse_sparse(sparse)

    def _converted(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if args and isinstance(args[0], (list, tuple)):
            args = (tuple(whole(item) for item in args[0]), *args[1:])
        return super()._converted(args, kwargs)

    def call(self, inputs: Any) -> Any:
        """The buckets of the combinations."""
        parts = list(inputs) if isinstance(inputs, (list, tuple)) else []
        if len(parts) < 2:
            raise InvalidArgumentError(
                "HashedCrossing is called on a list of two or more inputs: layer((first, second))"
            )
        shape = parts[0].spec.shape
        for part in parts:
            if part.spec.shape != shape or len(shape) > 2 or (len(shape) == 2 and shape[1] != 1):
                raise InvalidArgumentError(
                    "the inputs of HashedCrossing have one shape: (), (batch,) or (batch, 1); got "
                    f"{', '.join(str(tuple(item.shape)) for item in parts)}"
                )
            if part.spec.dtype.kind not in "iuO" and not CALLS.only_types:
                raise InvalidArgumentError(
                    "HashedCrossing takes integers and strings; got dtype "
                    f"{type_name(part.spec.dtype)}. Discretization makes integers of numbers."
                )
        cross = lru_cache(_REMEMBERED)(lambda *items: cross64(items) % self.num_bins)
        found = map_text(cross, *parts, dtype=INT64)
        return encoded(found, self.output_mode, self.num_bins, self.dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments, in Keras's form."""
        config = super().get_config()
        del config["trainable"]
        return {**config, "dtype": self.dtype}
