"""Datasets split, windows over time, sequences of one length."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core import nest
from ...core.dtypes import Array
from ...core.errors import ArgumentTypeError, InvalidArgumentError, describe
from ...data import AUTOTUNE, Dataset
from ...data.frames import frame_values
from ...data.grouping import Batch
from ...data.order import draw_seed, shuffled
from ...data.sources import Slices
from ...data.structure import normalize, row_count, stacked


def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Dataset, Dataset]:
    """The first and the last rows of arrays or of a tf.data.Dataset, as two datasets.

    Sizes are shares between 0 and 1 or numbers of rows; one that is None is what the other leaves.
    A dataset that ends with `batch` is split by rows and batched again. Rows are kept in memory.
    """
    if left_size is None and right_size is None:
        raise InvalidArgumentError("split_dataset needs left_size or right_size")
    batch_size = None
    if hasattr(dataset, "__lamina_node__"):
        node: Any = dataset.__lamina_node__()
        if isinstance(node, Batch):
            node, batch_size = node.node, node.size
        rows = list(node.elements())
        if not rows:
            raise InvalidArgumentError("split_dataset cannot split an empty dataset")
        arrays = stacked(rows)
    else:
        arrays = _arrays(dataset)
    count = row_count(arrays, "split_dataset")
    left, right = _sizes(left_size, right_size, count)
    order: Any = np.arange(count)
    if shuffle:
        order = shuffled(count, draw_seed() if seed is None else seed)
    found = []
    for part in (order[:left], order[count - right :]):
        half = Dataset.from_tensor_slices(nest.map_structure(lambda a, p=part: a[p], arrays))
        half = half if batch_size is None else half.batch(batch_size)
        found.append(half.prefetch(AUTOTUNE))
    return found[0], found[1]


def _arrays(data: Any) -> Any:
    """Arrays as a dataset's elements have them: a list is a tuple of arrays."""
    if isinstance(data, (list, tuple)):
        if not data:
            raise InvalidArgumentError("split_dataset needs at least one array; got none")
        return tuple(_arrays(item) for item in data)
    if isinstance(data, dict):
        return {name: _arrays(item) for name, item in data.items()}
    if frame_values(data) is None and not hasattr(data, "__array__"):
        raise ArgumentTypeError(
            f"split_dataset takes a tf.data.Dataset or arrays; got {describe(data)}"
        )
    return np.asarray(data)


def _sizes(left: Any, right: Any, count: int) -> tuple[int, int]:
    """Numbers of rows on the left and on the right."""
    for name, size in (("left_size", left), ("right_size", right)):
        if size is None:
            continue
        if type(size) not in (int, float):
            raise ArgumentTypeError(f"{name} is an integer or a float; got {size!r:.40}")
        if not 0 < size < (count if type(size) is int else 1):
            raise InvalidArgumentError(
                f"{name} is a share between 0 and 1, or a number of rows below {count}; got {size}"
            )
    if type(left) is type(right) is float and left + right > 1:
        raise InvalidArgumentError(
            f"left_size and right_size add up to more than 1: {left + right}"
        )
    numbers = [round(size * count) if type(size) is float else size for size in (left, right)]
    first, second = numbers
    first = count - second if first is None else first
    second = count - first if second is None else second
    if first + second > count:
        raise InvalidArgumentError(
            f"left_size and right_size add up to {first + second} rows; there are {count}"
        )
    if not first or not second:
        raise InvalidArgumentError(f"{count} rows split into {first} and {second}: one is empty")
    return first, second


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str = "tf",
) -> Dataset:
    """Windows over a series: element i is data[p], data[p + rate] …, with p = i · stride.

    With `targets`, elements are (window, targets[p]). Windows are views until they are batched, so
    they take no memory.
    """
    if format != "tf":
        raise InvalidArgumentError(f"format is 'tf'; got {format!r} (grain is left out)")
    series = np.asarray(data)
    _check_range(len(series), start_index, end_index)
    for name, value in (("sampling_rate", sampling_rate), ("sequence_stride", sequence_stride)):
        if not 0 < value < len(series):
            raise InvalidArgumentError(
                f"{name} is above 0 and below the length of the data, {len(series)}; got {value}"
            )
    bounds = slice(start_index or 0, len(series) if end_index is None else end_index)
    series = series[bounds]
    span = (sequence_length - 1) * sampling_rate + 1
    count = len(series) - span + 1
    wanted = None if targets is None else np.asarray(targets)
    if wanted is not None:
        count = min(count, len(wanted))
        wanted = wanted[bounds]
    if count < 1:
        raise InvalidArgumentError(
            f"the data are too short for one window: {len(series)} rows, {span} are needed"
        )
    windows = np.lib.stride_tricks.sliding_window_view(series, span, axis=0)
    windows = np.moveaxis(windows, -1, 1)[:count:sequence_stride, ::sampling_rate]
    source: Any = windows if wanted is None else (windows, wanted[:count:sequence_stride])
    dataset = Dataset(Slices(normalize(source)))  # views: nothing is copied
    if shuffle:
        dataset = dataset.shuffle(len(windows), seed)
    return dataset if batch_size is None else dataset.batch(batch_size).prefetch(AUTOTUNE)


def _check_range(length: int, start: int | None, end: int | None) -> None:
    if start and not 0 <= start < length:
        raise InvalidArgumentError(
            f"start_index is from 0 to below the length of the data, {length}; got {start}"
        )
    if end and not (start or 0) < end < length:
        raise InvalidArgumentError(
            f"end_index is above start_index and below the length of the data, {length}; got {end}"
        )


def pad_sequences(
    sequences: Any,
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> Array:
    """Sequences of different lengths as one array: filled up or cut at the front ("pre") or end.

    The result has shape (number of sequences, `maxlen` or the longest length, …).
    """
    for name, side in (("padding", padding), ("truncating", truncating)):
        if side not in ("pre", "post"):
            raise InvalidArgumentError(f"{name} is 'pre' or 'post'; got {side!r}")
    try:
        lengths = [len(sequence) for sequence in sequences]
    except TypeError:
        raise InvalidArgumentError(
            f"pad_sequences expects a list of sequences; got {describe(sequences)}"
        ) from None
    texts = np.issubdtype(dtype, np.str_) or np.issubdtype(dtype, np.bytes_)
    if isinstance(value, str) and dtype is not object and not texts:
        raise InvalidArgumentError(f"the value {value!r} is no {dtype}; texts need dtype=object")
    size = max(lengths, default=0) if maxlen is None else maxlen
    shape = next((np.asarray(row).shape[1:] for row in sequences if len(row)), ())
    found = np.full((len(lengths), size, *shape), value, dtype)
    for number, sequence in enumerate(sequences):
        if not len(sequence):
            continue
        kept = np.asarray(sequence[-size:] if truncating == "pre" else sequence[:size], dtype)
        if kept.shape[1:] != shape:
            raise InvalidArgumentError(
                f"the entries of sequence {number} have shape {kept.shape[1:]}; those of the first "
                f"have {shape}"
            )
        place = slice(0, len(kept)) if padding == "post" else slice(size - len(kept), size)
        found[number, place] = kept
    return found
