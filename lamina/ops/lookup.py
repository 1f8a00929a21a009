"""tf.lookup: tables from keys to values, of strings or whole numbers; Python looks them up."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.dtypes import INT64, STRING, DType, as_dtype, numpy_dtype
from ..core.errors import ArgumentTypeError, InvalidArgumentError, MissingFileError
from ..core.hashing import farmhash64
from ..core.spaces import Space
from ..ir.bind import new_value
from ..prims.text import map_text
from ..tensor.convert import constant_value, to_tensor
from .names import namespace


class TextFileIndex:
    """What a column of a file may be: its whole line, or the line's number."""

    WHOLE_LINE = -2
    LINE_NUMBER = -1


def _plain(array: Any) -> list[Any]:
    """Numbers and bytes as Python has them."""
    found: list[Any] = np.asarray(array).reshape(-1).tolist()
    return found


class _Initializer:
    """What a table begins with: keys, values and their dtypes."""

    def __init__(
        self, keys: list[Any], values: list[Any], key_dtype: Any, value_dtype: Any
    ) -> None:
        self.key_dtype: DType = as_dtype(key_dtype)
        self.value_dtype: DType = as_dtype(value_dtype)
        self.items: dict[Any, Any] = {}
        for key, value in zip(keys, values, strict=True):
            if self.items.setdefault(key, value) != value:
                raise InvalidArgumentError(f"the key {key!r} has two values")


class KeyValueTensorInitializer(_Initializer):
    """Keys and the value of each."""

    def __init__(
        self,
        keys: Any,
        values: Any,
        key_dtype: Any = None,
        value_dtype: Any = None,
        name: str | None = None,
    ) -> None:
        key, value = (
            to_tensor(part, dtype) for part, dtype in ((keys, key_dtype), (values, value_dtype))
        )
        if key.spec.shape != value.spec.shape:
            raise InvalidArgumentError(
                f"keys and values have equal shapes; got {key.spec.shape} and {value.spec.shape}"
            )
        known = [_plain(constant_value(part, "a table's content")) for part in (key, value)]
        super().__init__(known[0], known[1], key.dtype, value.dtype)


class TextFileInitializer(_Initializer):
    """Keys and values from two columns of a text file; see `TextFileIndex`."""

    def __init__(
        self,
        filename: str | os.PathLike[str],
        key_dtype: Any,
        key_index: int,
        value_dtype: Any,
        value_index: int,
        vocab_size: int | None = None,
        delimiter: str = "\t",
        name: str | None = None,
        value_index_offset: int = 0,
    ) -> None:
        try:
            with open(filename, "rb") as file:
                lines = file.read().splitlines()[:vocab_size]
        except OSError as error:
            raise MissingFileError(f"cannot read {filename}: {error.strerror or error}") from None
        if vocab_size is not None and len(lines) < vocab_size:
            raise InvalidArgumentError(
                f"{filename} has {len(lines)} lines; vocab_size={vocab_size} was asked for"
            )
        separator = delimiter.encode()

        def column(index: int, dtype: Any, offset: int = 0) -> list[Any]:
            read = (
                bytes
                if numpy_dtype(dtype) == STRING
                else lambda text: numpy_dtype(dtype).type(text).item()
            )
            if index == TextFileIndex.LINE_NUMBER:
                return [number + offset for number in range(len(lines))]
            if index == TextFileIndex.WHOLE_LINE:
                return [read(line) for line in lines]
            return [read(line.split(separator)[index]) for line in lines]

        try:
            keys = column(key_index, key_dtype)
            values = column(value_index, value_dtype, value_index_offset)
        except (IndexError, ValueError) as error:
            raise InvalidArgumentError(f"{filename}: {error}") from None
        super().__init__(keys, values, key_dtype, value_dtype)


class _Table:
    """Looks keys up in `_items`; what is not there has the default value."""

    def __init__(self, key_dtype: Any, value_dtype: Any, default: Any, name: str | None) -> None:
        self.key_dtype: DType = as_dtype(key_dtype)
        self.value_dtype: DType = as_dtype(value_dtype)
        known = constant_value(to_tensor(default, self.value_dtype), "the default value")
        (self._default,) = _plain(known)
        self.default_value = new_value(np.array(known))
        self.name = name or "table"
        self._items: dict[Any, Any] = {}

    def _find(self, key: Any) -> Any:
        return self._items.get(key, self._default)

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The value of each key."""
        tensor = to_tensor(keys)
        if tensor.dtype != self.key_dtype:
            raise ArgumentTypeError(
                f"the table's keys are {self.key_dtype.name}; got {tensor.dtype.name}"
            )
        return map_text(self._finder(), tensor, dtype=numpy_dtype(self.value_dtype))

    def _finder(self) -> Callable[[Any], Any]:
        return self._find

    __getitem__ = lookup

    def size(self, name: str | None = None) -> Any:
        """How many keys there are (int64)."""
        return new_value(np.array(len(self._items), INT64))

    def export(self, name: str | None = None) -> tuple[Any, Any]:
        """All keys and their values."""
        pairs = (
            (list(self._items), self.key_dtype),
            (list(self._items.values()), self.value_dtype),
        )
        keys, values = (
            new_value(np.array(part, numpy_dtype(dtype)))
            if numpy_dtype(dtype) != STRING
            else to_tensor(part, dtype)
            for part, dtype in pairs
        )
        return keys, values


class StaticHashTable(_Table):
    """A table that never changes: `table.lookup(keys)`, `table[keys]`."""

    def __init__(
        self,
        initializer: Any,
        default_value: Any,
        name: str | None = None,
        experimental_is_anonymous: bool = False,
    ) -> None:
        super().__init__(initializer.key_dtype, initializer.value_dtype, default_value, name)
        self._items = dict(initializer.items)


class StaticVocabularyTable(_Table):
    """Words to numbers; other words to one of `num_oov_buckets` numbers behind, by their hash."""

    def __init__(
        self,
        initializer: Any,
        num_oov_buckets: int,
        lookup_key_dtype: Any = None,
        name: str | None = None,
        experimental_is_anonymous: bool = False,
    ) -> None:
        if num_oov_buckets <= 0:
            raise InvalidArgumentError(f"num_oov_buckets is positive; got {num_oov_buckets}")
        key_dtype = lookup_key_dtype or (initializer.key_dtype if initializer else "string")
        super().__init__(key_dtype, INT64, 0, name)
        self._items = dict(initializer.items) if initializer else {}
        if sorted(self._items.values()) != list(range(len(self._items))):
            raise InvalidArgumentError("the numbers of a vocabulary are 0, 1, … each once")
        self._buckets = num_oov_buckets

    def _find(self, key: Any) -> Any:
        if key in self._items:
            return self._items[key]
        text = key if isinstance(key, bytes) else str(key).encode()
        return len(self._items) + farmhash64(text) % self._buckets

    def size(self, name: str | None = None) -> Any:
        """How many numbers there are, those of unknown words included."""
        return new_value(np.array(len(self._items) + self._buckets, INT64))


class MutableHashTable(_Table):
    """A table that grows: `insert(keys, values)`, `remove(keys)`."""

    def __init__(
        self,
        key_dtype: Any,
        value_dtype: Any,
        default_value: Any,
        name: str = "MutableHashTable",
        checkpoint: bool = True,
        experimental_is_anonymous: bool = False,
    ) -> None:
        super().__init__(key_dtype, value_dtype, default_value, name)

    def _pairs(self, keys: Any, values: Any) -> list[tuple[Any, Any]]:
        known = [
            _plain(constant_value(to_tensor(part, dtype), "what a table is given"))
            for part, dtype in ((keys, self.key_dtype), (values, self.value_dtype))
        ]
        return list(zip(known[0], known[1], strict=True))

    def insert(self, keys: Any, values: Any, name: str | None = None) -> None:
        """Let keys have values, also those that have one already."""
        # A new dict, for what was looked up in the old one may be remembered.
        self._items = {**self._items, **dict(self._pairs(keys, values))}

    def remove(self, keys: Any, name: str | None = None) -> None:
        """Take keys out; those that are not in it are left alone."""
        gone = set(_plain(constant_value(to_tensor(keys, self.key_dtype), "the keys")))
        self._items = {key: value for key, value in self._items.items() if key not in gone}

    erase = remove


class DenseHashTable(MutableHashTable):
    """A table that grows; `empty_key` and `deleted_key` are keys that it never has."""

    def __init__(
        self,
        key_dtype: Any,
        value_dtype: Any,
        default_value: Any,
        empty_key: Any,
        deleted_key: Any,
        initial_num_buckets: int | None = None,
        name: str = "MutableDenseHashTable",
        checkpoint: bool = True,
        experimental_is_anonymous: bool = False,
    ) -> None:
        super().__init__(key_dtype, value_dtype, default_value, name)
        reserved = (to_tensor(key, self.key_dtype) for key in (empty_key, deleted_key))
        self._reserved = {key for part in reserved for key in _plain(constant_value(part, "a key"))}

    def insert(self, keys: Any, values: Any, name: str | None = None) -> None:
        """Let keys have values; the two reserved keys cannot have one."""
        pairs = self._pairs(keys, values)
        if self._reserved & {key for key, _ in pairs}:
            raise InvalidArgumentError(f"the keys {self._reserved} are reserved by this table")
        self._items = {**self._items, **dict(pairs)}


experimental = Space(
    "lamina.lookup.experimental",
    DenseHashTable=DenseHashTable,
    MutableHashTable=MutableHashTable,
)

__all__ = [
    "KeyValueTensorInitializer", "StaticHashTable", "StaticVocabularyTable", "TextFileIndex",
    "TextFileInitializer", "experimental",
]  # fmt: skip
__getattr__ = namespace(__name__, __all__)
