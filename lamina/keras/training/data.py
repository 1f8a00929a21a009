"""From what people pass to `fit` to arrays, checked before any work is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...core import nest
from ...core.dtypes import Array
from ...core.errors import ArgumentTypeError, InvalidArgumentError, describe
from ...core.strings import encode, looks_like_strings
from ...data.frames import frame_values
from ...ir.value import Value
from ...tensor.convert import widened
from ..settings import floatx


class Batches:
    """Rows of inputs, targets and weights (structures of arrays of one length)."""

    def __init__(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        batch_size: int | None = None,
    ) -> None:
        self.x = arrays_of(x, "x")
        self.y = None if y is None else arrays_of(y, "y")
        weight = None if sample_weight is None else arrays_of(sample_weight, "sample_weight")
        self.rows = _common_length({"x": self.x, "y": self.y, "sample_weight": weight})
        self.sample_weight = weight
        self.batch_size = _checked_batch_size(batch_size)
        self._kinds: tuple[Any, ...] | None = None

    def set_batch_size(self, batch_size: int | None) -> None:
        """Let batches have this many rows; 32 for None."""
        self.batch_size = _checked_batch_size(batch_size)

    def own(self) -> None:
        """Have copies of the arrays: a generator may fill the same ones again."""
        x, y, weight = (
            None if part is None else nest.map_structure(np.array, part)
            for part in (self.x, self.y, self.sample_weight)
        )
        self.x, self.y, self.sample_weight = x, y, weight

    def weigh_classes(self, class_weight: dict[Any, float] | None, *, some: bool = False) -> None:
        """Let rows count by their class; `some`: they need not show a class with a weight."""
        if class_weight is not None:
            self._kinds = None
            self.sample_weight = _by_class(class_weight, self.y, self.sample_weight, some)

    @property
    def steps(self) -> int:
        return -(-self.rows // self.batch_size)

    def batch(self, rows: Any) -> Any:
        """x, (x, y) or (x, y, sample_weight) of some rows, as Keras gives them to a step."""
        x, y, weight = (
            None if part is None else nest.map_structure(lambda a: a[rows], part)
            for part in (self.x, self.y, self.sample_weight)
        )
        if y is None and weight is not None:
            return x, None, weight
        return pack_x_y_sample_weight(x, y, weight)

    def arrays(self) -> list[Array]:
        """All arrays, in the order in which a batch holds them."""
        parts = nest.flatten([self.x, self.y, self.sample_weight])
        return [part for part in parts if part is not None]

    def split(self, share: float) -> tuple[Batches, Batches]:
        """The leading rows, and the last `share` of them."""
        if not 0 < share < 1:
            raise InvalidArgumentError(
                f"validation_split is a share of the rows between 0 and 1; got {share!r}"
            )
        cut = int(np.floor(self.rows * (1 - share)))
        if cut == 0 or cut == self.rows:
            raise InvalidArgumentError(
                f"validation_split={share} of {self.rows} rows leaves one part empty"
            )
        return self.part(slice(0, cut)), self.part(slice(cut, None))

    def part(self, rows: slice) -> Batches:
        """Some of the rows, as views."""

        def take(structure: Any) -> Any:
            return None if structure is None else nest.map_structure(lambda a: a[rows], structure)

        weight = take(self.sample_weight)
        return Batches(take(self.x), take(self.y), weight, self.batch_size)

    def kinds(self) -> tuple[Any, ...]:
        """The widths and dtypes of the arrays: batches of the same kinds run in one program."""
        if self._kinds is None:
            parts = tuple([(array.shape[1:], array.dtype) for array in self.arrays()])
            self._kinds = (self.y is None, self.sample_weight is None, *parts)
        return self._kinds


def joined(several: list[Batches]) -> Batches:
    """Batches of the same kinds, one after the other, the last of which may have fewer rows."""
    first = several[0]
    if len(several) == 1:
        return first

    def join(parts: list[Any]) -> Any:
        if parts[0] is None:
            return None
        return nest.map_structure(lambda *arrays: np.concatenate(arrays), *parts)

    x, y, weight = (
        join([getattr(one, name) for one in several]) for name in ("x", "y", "sample_weight")
    )
    return Batches(x, y, weight, first.batch_size)


def _checked_batch_size(batch_size: Any) -> int:
    if batch_size is None:
        return 32
    if isinstance(batch_size, bool) or int(batch_size) != batch_size or batch_size < 1:
        raise InvalidArgumentError(f"batch_size is a positive integer; got {batch_size!r}")
    return int(batch_size)


def arrays_of(data: Any, what: str) -> Any:
    """A structure of arrays of numbers; floats in Keras's default dtype."""
    if data is None:
        raise InvalidArgumentError(f"{what} is None; expected an array, one row an example")
    if type(data) is np.ndarray:
        return _array(data, what)
    if isinstance(data, (list, tuple)):
        if any(_has_rows(item) for item in data):
            return [arrays_of(item, f"{what}[{i}]") for i, item in enumerate(data)]
        return _array(_as_rows(data, what), what)
    frame = frame_values(data)
    if frame is not None:
        return _array(frame, what)
    if isinstance(data, Mapping):
        return {key: arrays_of(value, f"{what}[{key!r}]") for key, value in data.items()}
    if hasattr(data, "detach") and hasattr(data, "cpu"):  # a tensor of PyTorch, on any device
        data = data.detach().cpu().numpy()
    if isinstance(data, Value) or hasattr(data, "__array__"):
        return _array(np.asarray(data), what)
    if hasattr(data, "toarray"):
        raise ArgumentTypeError(
            f"{what} is a sparse matrix ({type(data).__name__}); networks here take dense rows: "
            "pass x.toarray()"
        )
    if hasattr(data, "__lamina_feed__"):
        raise InvalidArgumentError(
            f"{what} is more than a batch: it is read piece by piece (config.table_memory) by fit, "
            "evaluate and predict"
        )
    raise ArgumentTypeError(f"{what} should be arrays of numbers; got {describe(data)}")


def _as_rows(data: Any, what: str) -> Array:
    try:
        return np.asarray(data)
    except ValueError:
        message = f"the rows of {what} have different lengths: {describe(data)}"
        raise InvalidArgumentError(message) from None


def _has_rows(item: Any) -> bool:
    """Whether an item of a list is an input of its own."""
    if frame_values(item) is not None or isinstance(item, Mapping):
        return True
    return hasattr(item, "__array__") and np.ndim(item) > 0


def _array(array: Array, what: str) -> Array:
    if array.ndim and (array.dtype.kind in "iub" or array.dtype == floatx()):
        return array
    array = widened(array)
    if array.ndim == 0:
        raise InvalidArgumentError(f"{what} should have one row an example; got a single number")
    if looks_like_strings(array):
        try:
            return encode(array)
        except ArgumentTypeError as error:
            raise ArgumentTypeError(
                f"{what}: {error}. Encode text (one-hot, or an index for each category), or give "
                "columns of text as arrays of their own."
            ) from None
    if array.dtype.kind == "O":
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError):
            odd = next((v for v in array.ravel() if not isinstance(v, (int, float))), None)
            raise ArgumentTypeError(
                f"{what} holds {type(odd).__name__} {str(odd)[:40]!r}; a network takes numbers. "
                "Encode text columns first (one-hot, or an index for each category)."
            ) from None
    if array.dtype.kind not in "fiub":
        raise ArgumentTypeError(f"{what} should hold numbers; got dtype {array.dtype}")
    if array.dtype.kind == "f" and array.dtype != np.dtype(floatx()):
        array = array.astype(floatx())
    return array


def _common_length(parts: dict[str, Any]) -> int:
    sizes = {len(array) for array in nest.flatten(list(parts.values())) if array is not None}
    if len(sizes) == 1 and 0 not in sizes:
        return sizes.pop()
    lengths = {
        f"{name}{f'[{number}]' if nest.is_nested(part) else ''}": len(array)
        for name, part in parts.items()
        if part is not None
        for number, array in enumerate(nest.flatten(part))
    }
    if len(sizes) > 1:
        found = ", ".join(f"{name}: {length}" for name, length in lengths.items())
        raise InvalidArgumentError(f"the numbers of rows differ ({found}); each row is one example")
    raise InvalidArgumentError("there are no rows to work on: the data are empty")


def _by_class(weights: dict[Any, float], y: Any, sample_weight: Any, some: bool) -> Array:
    """The weight of each row by its class, times its own."""
    if not isinstance(weights, dict):
        raise ArgumentTypeError(
            f"class_weight is a dict from classes to weights, e.g. {{0: 1.0, 1: 5.0}}; got "
            f"{describe(weights)}"
        )
    if y is None or nest.is_nested(y):
        raise InvalidArgumentError("class_weight needs one array of targets")
    if sample_weight is not None:
        raise InvalidArgumentError("class_weight and sample_weight cannot be given together")
    classes = np.argmax(y, axis=-1) if y.ndim > 1 and y.shape[-1] > 1 else y.reshape(len(y))
    unknown = set(weights) - set(np.unique(classes).tolist())
    if len(unknown) == len(weights) and not some:
        raise InvalidArgumentError(
            f"none of the classes of class_weight ({sorted(weights)}) is in the targets "
            f"({describe(np.unique(classes))})"
        )
    found = np.ones(len(y), floatx())
    for label, weight in weights.items():
        found[classes == label] = weight
    return found


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """(x, y, sample_weight) of what a batch is; None for what is not there."""
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise InvalidArgumentError(
            f"a batch is x, (x, y) or (x, y, sample_weight); got a tuple of {len(data)}"
        )
    return (*data, None, None)[:3]


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """The batch that `unpack_x_y_sample_weight` takes apart."""
    if y is None:
        return x if not isinstance(x, (tuple, list)) else (x,)
    return (x, y) if sample_weight is None else (x, y, sample_weight)
