"""`tf.data.experimental`: CSV files, and the former names of what datasets can do."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..core.errors import InvalidArgumentError, nearest
from ..core.outside import lacking
from . import choosing, csv_files
from .csv_files import CsvFormat, CsvTable
from .dataset import Dataset
from .files import CsvDataset
from .grouping import Listed, integer
from .mapping import AUTOTUNE
from .node import node_of
from .options import (
    AutoShardPolicy,
    AutotuneOptions,
    DistributeOptions,
    ExternalStatePolicy,
    OptimizationOptions,
    ThreadingOptions,
)
from .rows import INFINITE as INFINITE_CARDINALITY
from .rows import UNKNOWN as UNKNOWN_CARDINALITY
from .sources import file_names
from .structure import common_spec, normalize, spec_of

Transformation = Callable[[Dataset], Dataset]


def make_csv_dataset(
    file_pattern: Any,
    batch_size: int,
    column_names: Any = None,
    column_defaults: Any = None,
    label_name: str | None = None,
    select_columns: Any = None,
    field_delim: str = ",",
    use_quote_delim: bool = True,
    na_value: str = "",
    header: bool = True,
    num_epochs: int | None = None,
    shuffle: bool = True,
    shuffle_buffer_size: int = 10000,
    shuffle_seed: int | None = None,
    prefetch_buffer_size: int | None = None,
    num_parallel_reads: int | None = None,
    sloppy: bool = False,
    num_rows_for_inference: int | None = 100,
    compression_type: str | None = None,
    ignore_errors: bool = False,
    encoding: str = "utf-8",
) -> Dataset:
    """Batches of the rows of CSV files: a dict of columns, or (dict, column `label_name`).

    Dtypes are found out from the first rows unless `column_defaults` gives dtypes (a value is
    needed in every row) or values for missing ones. `num_epochs=None` repeats for ever. Files are
    read once and kept as columns, so nothing is left for `num_parallel_reads` and `sloppy` to do.
    """
    paths = csv_files.matching(file_pattern, file_names(file_pattern))
    form = CsvFormat(
        field_delim,
        quotes=use_quote_delim,
        header=header,
        compression=compression_type,
        encoding=encoding,
    )
    names = csv_files.column_names(paths, form) if column_names is None else list(column_names)
    if len(set(names)) != len(names):
        raise InvalidArgumentError(f"column names differ from each other; got {names}")
    chosen = csv_files.places(names, select_columns)
    combine = _combining([names[place] for place in chosen], label_name)
    if column_defaults is None:
        fields = csv_files.inferred(paths, form, chosen, num_rows_for_inference, na_value)
    else:
        fields = csv_files.fields_of(list(column_defaults), chosen, len(names))
    table = CsvTable(paths, form, fields, combine, na_value, ignore_errors, len(names))
    dataset = Dataset(table)
    if shuffle:
        dataset = dataset.shuffle(shuffle_buffer_size, shuffle_seed)
    if num_epochs != 1:
        dataset = dataset.repeat(num_epochs)
    dataset = dataset.batch(batch_size, drop_remainder=num_epochs is None)
    return dataset.prefetch(prefetch_buffer_size)


def _combining(names: list[Any], label: str | None) -> Callable[[Any], Any]:
    """Columns of `names` become a dict of them, or (dict, the column `label`)."""
    if label is not None and label not in names:
        raise InvalidArgumentError(
            f"label_name {label!r} is no column that is read.{nearest(label, names)}"
        )

    def combine(columns: Any) -> Any:
        features = dict(zip(names, columns, strict=True))
        return features if label is None else (features, features.pop(label))

    return combine


def cardinality(dataset: Dataset) -> Any:
    """How many elements there are: int64, INFINITE_CARDINALITY or UNKNOWN_CARDINALITY."""
    return dataset.cardinality()


def assert_cardinality(expected_cardinality: Any) -> Transformation:
    """For `apply`: the same elements, of which there are as many as is said."""
    count = integer(expected_cardinality, "expected_cardinality")
    return lambda dataset: Dataset(choosing.Checked(node_of(dataset, "apply"), count))


def Counter(start: int = 0, step: int = 1, dtype: Any = "int64") -> Dataset:
    """start, start + step, … for ever."""
    return Dataset.counter(start, step, dtype)


def enumerate_dataset(start: int = 0) -> Transformation:
    """For `apply`: `Dataset.enumerate`."""
    return lambda dataset: dataset.enumerate(start)


def from_list(elements: Any, name: str | None = None) -> Dataset:
    """The elements of a list, which may have different shapes."""
    found = [normalize(element) for element in elements]
    if not found:
        raise InvalidArgumentError("from_list needs at least one element")
    specs = [spec_of(element) for element in found]
    return Dataset(Listed(found, functools.reduce(_common, specs)))


def _common(first: Any, second: Any) -> Any:
    return common_spec(first, second, "from_list")


def group_by_window(
    key_func: Callable[..., Any],
    reduce_func: Callable[..., Any],
    window_size: Any = None,
    window_size_func: Callable[..., Any] | None = None,
) -> Transformation:
    """For `apply`: `Dataset.group_by_window`."""
    return lambda dataset: dataset.group_by_window(
        key_func, reduce_func, window_size, window_size_func
    )


def get_structure(dataset_or_iterator: Any) -> Any:
    """The type of an element."""
    return dataset_or_iterator.element_spec


def get_single_element(dataset: Dataset) -> Any:
    """The only element of a dataset."""
    return dataset.get_single_element()


def ignore_errors(log_warning: bool = False) -> Transformation:
    """For `apply`: `Dataset.ignore_errors`."""
    return lambda dataset: dataset.ignore_errors(log_warning)


def shuffle_and_repeat(
    buffer_size: int, count: int | None = None, seed: int | None = None
) -> Transformation:
    """For `apply`: `Dataset.shuffle`, then `repeat`."""
    return lambda dataset: dataset.shuffle(buffer_size, seed).repeat(count)


def map_and_batch(
    map_func: Callable[..., Any],
    batch_size: int,
    num_parallel_batches: int | None = None,
    drop_remainder: bool = False,
    num_parallel_calls: int | None = None,
) -> Transformation:
    """For `apply`: `Dataset.map`, then `batch`."""
    return lambda dataset: dataset.map(map_func, num_parallel_calls).batch(
        batch_size, drop_remainder
    )


def scan(initial_state: Any, scan_func: Callable[..., Any]) -> Transformation:
    """For `apply`: `Dataset.scan`."""
    return lambda dataset: dataset.scan(initial_state, scan_func)


def take_while(predicate: Callable[..., Any]) -> Transformation:
    """For `apply`: `Dataset.take_while`."""
    return lambda dataset: dataset.take_while(predicate)


def unbatch() -> Transformation:
    """For `apply`: `Dataset.unbatch`."""
    return lambda dataset: dataset.unbatch()


def unique() -> Transformation:
    """For `apply`: `Dataset.unique`."""
    return lambda dataset: dataset.unique()


sample_from_datasets = Dataset.sample_from_datasets
choose_from_datasets = Dataset.choose_from_datasets

RandomDataset = Dataset.random

__all__ = [
    "AUTOTUNE",
    "INFINITE_CARDINALITY",
    "UNKNOWN_CARDINALITY",
    "AutoShardPolicy",
    "AutotuneOptions",
    "Counter",
    "CsvDataset",
    "DistributeOptions",
    "ExternalStatePolicy",
    "OptimizationOptions",
    "RandomDataset",
    "ThreadingOptions",
    "assert_cardinality",
    "cardinality",
    "choose_from_datasets",
    "enumerate_dataset",
    "from_list",
    "get_single_element",
    "get_structure",
    "group_by_window",
    "ignore_errors",
    "make_csv_dataset",
    "map_and_batch",
    "sample_from_datasets",
    "scan",
    "shuffle_and_repeat",
    "take_while",
    "unbatch",
    "unique",
]  # fmt: skip

__getattr__ = lacking("tf.data.experimental", __all__)
