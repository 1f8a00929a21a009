"""`tf.data.Dataset`: elements one after the other, and what can be done with them."""

from __future__ import annotations

import builtins
import glob
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..core.dtypes import INT64
from ..core.errors import ArgumentTypeError, InvalidArgumentError, UnknownNameError, nearest
from ..ir.bind import new_value
from . import choosing, grouping, mapping, sources, storing
from .background import ahead
from .grouping import integer, positive
from .iterator import DatasetIterator, NumpyIterator, check_not_traced
from .mapping import AUTOTUNE
from .node import Node, node_of
from .options import Options
from .order import Seeds
from .rows import INFINITE, UNKNOWN
from .structure import is_dataset, normalize, owned, to_tensors

_FILES = "it reads and writes files of TensorFlow's own; see cache(filename)"
_LEFT_OUT = {
    "save": _FILES,
    "load": _FILES,
    "snapshot": _FILES,
    "ragged_batch": "tensors are dense; use padded_batch",
    "sparse_batch": "tensors are dense; use padded_batch",
    "bucket_by_sequence_length": "use group_by_window and padded_batch",
    "rejection_resample": "use class_weight= in fit, or filter and sample_from_datasets",
}


class Dataset:
    """A sequence of elements (tensors, or tuples and dicts of them) that can be walked through.

    Operations give new datasets and do no work; iterating does. Each iteration starts anew.

    Example:
        for x, y in tf.data.Dataset.from_tensor_slices((features, labels)).shuffle(100).batch(32):
            ...
    """

    def __init__(self, node: Node, options: Options | None = None) -> None:
        self._node = node
        self._options = options or Options()

    def __lamina_node__(self) -> Node:
        return self._node

    def _then(self, node: Node) -> Dataset:
        return Dataset(node, self._options)

    # Sources ------------------------------------------------------------------------------------

    @staticmethod
    def from_tensors(tensors: Any, name: str | None = None) -> Dataset:
        """One element."""
        return Dataset(sources.Single(owned(normalize(tensors))))

    @staticmethod
    def from_tensor_slices(tensors: Any, name: str | None = None) -> Dataset:
        """The rows of tensors, arrays, lists; tuples and dicts of them give such elements."""
        return Dataset(sources.Slices(owned(normalize(tensors, "tensors"))))

    @staticmethod
    def from_generator(
        generator: Callable[..., Any],
        output_types: Any = None,
        output_shapes: Any = None,
        args: Any = None,
        output_signature: Any = None,
        name: str | None = None,
    ) -> Dataset:
        """What the iterator yields that `generator(*args)` returns, called for each iteration."""
        if not callable(generator):
            raise ArgumentTypeError(
                f"from_generator expects a function that returns an iterator; got "
                f"{type(generator).__name__}. Wrap it: lambda: ..."
            )
        spec = sources.signature(output_signature, output_types, output_shapes)
        given = tuple(_plain(normalize(item)) for item in args or ())
        return Dataset(sources.Generated(generator, given, spec))

    @staticmethod
    def range(*args: Any, output_type: Any = "int64", name: str | None = None) -> Dataset:
        """The numbers of range(stop), range(start, stop) or range(start, stop, step)."""
        numbers = builtins.range(*(integer(item, "a bound of range") for item in args))
        return Dataset(sources.Numbers(numbers, output_type))

    @staticmethod
    def random(
        seed: int | None = None,
        rerandomize_each_iteration: bool | None = None,
        name: str | None = None,
    ) -> Dataset:
        """Endless random int64 numbers below 2^32."""
        return Dataset(sources.Random(seed, bool(rerandomize_each_iteration)))

    @staticmethod
    def counter(
        start: Any = 0, step: Any = 1, dtype: Any = "int64", name: str | None = None
    ) -> Dataset:
        """start, start + step, … for ever."""
        first, by = integer(start, "start"), integer(step, "step")
        return Dataset(sources.Counted(first, by, dtype))

    @staticmethod
    def zip(*args: Any, datasets: Any = None, name: str | None = None) -> Dataset:
        """Elements side by side: zip((a, b)), zip(a, b) or zip({"x": a, "y": b})."""
        if datasets is not None:
            args = (datasets,)
        given = args[0] if len(args) == 1 else args
        return Dataset(choosing.Zipped(_nodes(given)))

    @staticmethod
    def sample_from_datasets(
        datasets: Any,
        weights: Any = None,
        seed: int | None = None,
        stop_on_empty_dataset: bool = False,
        rerandomize_each_iteration: bool | None = None,
    ) -> Dataset:
        """Elements of several datasets, drawn by their weights."""
        nodes = [node_of(item, "sample_from_datasets") for item in datasets]
        seeds = Seeds(seed, bool(rerandomize_each_iteration))
        drawn, choices = choosing.sampled(weights, nodes, seeds)
        return Dataset(choosing.Selected(drawn, choices, stop_on_empty_dataset))

    @staticmethod
    def choose_from_datasets(
        datasets: Any, choice_dataset: Any, stop_on_empty_dataset: bool = True
    ) -> Dataset:
        """Elements of several datasets, in the order of a dataset of their numbers."""
        nodes = [node_of(item, "choose_from_datasets") for item in datasets]
        numbers = node_of(choice_dataset, "choose_from_datasets")
        return Dataset(
            choosing.Selected(nodes, lambda: map(int, numbers.elements()), stop_on_empty_dataset)
        )

    @staticmethod
    def list_files(
        file_pattern: Any,
        shuffle: bool | None = None,
        seed: int | None = None,
        name: str | None = None,
    ) -> Dataset:
        """The names of the files that match a pattern, shuffled unless `shuffle=False`."""
        patterns = sources.file_names(file_pattern)
        names = sorted({name for pattern in patterns for name in glob.glob(pattern)})
        if not names:
            raise InvalidArgumentError(f"no file matches {', '.join(patterns)}")
        dataset = Dataset.from_tensor_slices(names)
        return dataset if shuffle is False else dataset.shuffle(len(names), seed)

    # Which elements -----------------------------------------------------------------------------

    def take(self, count: Any, name: str | None = None) -> Dataset:
        """The first `count` elements; all for -1."""
        return self._then(choosing.Take(self._node, integer(count, "count")))

    def skip(self, count: Any, name: str | None = None) -> Dataset:
        """All but the first `count` elements; none for -1."""
        return self._then(choosing.Skip(self._node, integer(count, "count")))

    def shard(self, num_shards: Any, index: Any, name: str | None = None) -> Dataset:
        """Every `num_shards`-th element from number `index` on."""
        shards, first = integer(num_shards, "num_shards"), integer(index, "index")
        return self._then(choosing.Shard(self._node, shards, first))

    def repeat(self, count: Any = None, name: str | None = None) -> Dataset:
        """The elements `count` times over; for ever for None or -1."""
        return self._then(choosing.Repeat(self._node, integer(count, "count")))

    def shuffle(
        self,
        buffer_size: Any,
        seed: Any = None,
        reshuffle_each_iteration: bool | None = None,
        name: str | None = None,
    ) -> Dataset:
        """Elements through a buffer of `buffer_size`, from which each leaves at random.

        A buffer as large as the dataset gives all orders alike.
        """
        size = positive(buffer_size, "buffer_size")
        number = None if seed is None else integer(seed, "seed")
        anew = reshuffle_each_iteration is not False
        return self._then(choosing.Shuffle(self._node, size, number, anew))

    def concatenate(self, dataset: Dataset, name: str | None = None) -> Dataset:
        """The elements of this dataset, then those of another."""
        return self._then(choosing.Concatenated(self._node, node_of(dataset, "concatenate")))

    def enumerate(self, start: Any = 0, name: str | None = None) -> Dataset:
        """(number, element)."""
        return self._then(choosing.Numbered(self._node, integer(start, "start")))

    def unique(self, name: str | None = None) -> Dataset:
        """Each element the first time only."""
        return self._then(choosing.Unique(self._node))

    # Functions on elements ----------------------------------------------------------------------

    def map(
        self,
        map_func: Callable[..., Any],
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
        synchronous: bool | None = None,
        use_unbounded_threadpool: bool = False,
        name: str | None = None,
    ) -> Dataset:
        """`map_func` of each element; the parts of a tuple are its arguments.

        Python code runs once, while it is traced, or for each element where it needs values.
        """
        in_order = self._in_order(deterministic)
        return self._then(mapping.Map(self._node, map_func, num_parallel_calls, in_order))

    def _in_order(self, deterministic: bool | None) -> bool:
        wanted = self._options.deterministic if deterministic is None else deterministic
        return wanted is not False

    def filter(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:
        """The elements for which `predicate` is true."""
        return self._then(mapping.Filter(self._node, predicate))

    def take_while(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:
        """The elements before the first for which `predicate` is false."""
        return self._then(mapping.Filter(self._node, predicate, up_to=True))

    def flat_map(self, map_func: Callable[..., Any], name: str | None = None) -> Dataset:
        """The elements of the datasets that `map_func` returns, one after the other."""
        return self._then(mapping.Flat(self._node, map_func))

    def interleave(
        self,
        map_func: Callable[..., Any],
        cycle_length: int | None = None,
        block_length: int | None = None,
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> Dataset:
        """`block_length` elements of each of `cycle_length` datasets that `map_func` gives in turn.

        With `num_parallel_calls`, each of them is read ahead by a thread.
        """
        cycle = os.cpu_count() or 1 if cycle_length in (None, AUTOTUNE) else cycle_length
        block = 1 if block_length is None else block_length
        cycle, block = positive(cycle, "cycle_length"), positive(block, "block_length")

        def read(node: Node) -> Iterator[Any]:
            if num_parallel_calls is None:
                return node.elements()
            return ahead(node.elements, block)

        return self._then(mapping.Interleaved(self._node, map_func, cycle, block, read))

    def scan(
        self, initial_state: Any, scan_func: Callable[..., Any], name: str | None = None
    ) -> Dataset:
        """The outputs of `(state, output) = scan_func(state, element)`."""
        return self._then(mapping.Scan(self._node, normalize(initial_state), scan_func))

    def reduce(
        self, initial_state: Any, reduce_func: Callable[..., Any], name: str | None = None
    ) -> Any:
        """The last state of `state = reduce_func(state, element)`."""
        check_not_traced("Dataset.reduce was called")
        state = normalize(initial_state)
        for element in self._node.elements():
            found = mapping.parts(reduce_func(to_tensors(state), to_tensors(element)))
            state = normalize(mapping.as_tensors(found))
        return to_tensors(state)

    def ignore_errors(self, log_warning: bool = False, name: str | None = None) -> Dataset:
        """The elements for which the function of a `map` just before does not fail."""
        if not isinstance(self._node, mapping.Map):
            raise InvalidArgumentError(
                "ignore_errors stands right after the map whose function may fail; put it there"
            )
        return self._then(mapping.Tolerant(self._node, log_warning))

    def apply(self, transformation_func: Callable[[Dataset], Dataset]) -> Dataset:
        """`transformation_func(self)`."""
        found = transformation_func(self)
        node_of(found, "the function of apply")
        return found

    # Groups -------------------------------------------------------------------------------------

    def batch(
        self,
        batch_size: Any,
        drop_remainder: bool = False,
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> Dataset:
        """`batch_size` elements at a time, stacked.

        Rows of arrays are gathered a batch at once, so there is no work to share out:
        `num_parallel_calls` changes nothing.
        """
        size = positive(batch_size, "batch_size")
        return self._then(grouping.Batch(self._node, size, bool(drop_remainder)))

    def padded_batch(
        self,
        batch_size: Any,
        padded_shapes: Any = None,
        padding_values: Any = None,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> Dataset:
        """`batch_size` elements at a time, each filled up to one shape."""
        size = positive(batch_size, "batch_size")
        node = grouping.PaddedBatch(
            self._node, size, padded_shapes, padding_values, bool(drop_remainder)
        )
        return self._then(node)

    def unbatch(self, name: str | None = None) -> Dataset:
        """The rows of the elements, one by one."""
        return self._then(grouping.Unbatch(self._node))

    def rebatch(
        self, batch_size: Any, drop_remainder: bool = False, name: str | None = None
    ) -> Dataset:
        """Batches of another size; several sizes are taken in turn."""
        return self.unbatch().batch(batch_size, drop_remainder)

    def window(
        self,
        size: Any,
        shift: Any = None,
        stride: Any = 1,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> Dataset:
        """Windows of `size` elements as datasets, one for each part of an element.

        They begin `shift` (`size`) elements apart and hold every `stride`-th element.
        """
        length = positive(size, "size")
        step = length if shift is None else positive(shift, "shift")
        node = grouping.Window(
            self._node, length, step, positive(stride, "stride"), bool(drop_remainder)
        )
        return self._then(_Wrapped(node))

    def group_by_window(
        self,
        key_func: Callable[..., Any],
        reduce_func: Callable[..., Any],
        window_size: Any = None,
        window_size_func: Callable[..., Any] | None = None,
        name: str | None = None,
    ) -> Dataset:
        """Elements gathered by a key up to `window_size` of them; `reduce_func(key, window)`."""
        if (window_size is None) == (window_size_func is None):
            raise InvalidArgumentError(
                "group_by_window takes one of window_size and window_size_func"
            )

        def size_of(key: Any) -> int:
            if window_size_func is None:
                return positive(window_size, "window_size")
            found = window_size_func(new_value(np.array(key, INT64)))
            return positive(int(found), "window_size")

        node = grouping.GroupByWindow(self._node, key_func, reduce_func, size_of, Dataset)
        return self._then(node)

    # Keeping ------------------------------------------------------------------------------------

    def cache(self, filename: Any = "", name: str | None = None) -> Dataset:
        """The elements of the first whole iteration kept in memory, or in a file."""
        path = sources.file_names(filename)[0] if filename else ""
        if path:
            return self._then(storing.Saved(self._node, f"{path}.npz"))
        return self._then(storing.Cached(self._node))

    def prefetch(self, buffer_size: Any, name: str | None = None) -> Dataset:
        """Elements made by a thread, up to `buffer_size` ahead of who takes them."""
        size = AUTOTUNE if buffer_size is None else integer(buffer_size, "buffer_size")
        return self._then(storing.Prefetched(self._node, size))

    def with_options(self, options: Options, name: str | None = None) -> Dataset:
        """The same elements, with more options."""
        if not isinstance(options, Options):
            raise ArgumentTypeError(f"expected tf.data.Options; got {type(options).__name__}")
        return Dataset(self._node, self._options.merge(options))

    def options(self) -> Options:
        """The options set so far."""
        return self._options

    # Looking ------------------------------------------------------------------------------------

    @property
    def element_spec(self) -> Any:
        """The type of an element: a structure of tf.TensorSpec."""
        return self._node.spec

    def cardinality(self, name: str | None = None) -> Any:
        """How many elements there are: int64, INFINITE_CARDINALITY or UNKNOWN_CARDINALITY."""
        return new_value(np.array(self._node.length(), INT64))

    def get_single_element(self, name: str | None = None) -> Any:
        """The only element."""
        check_not_traced("get_single_element was called")
        elements = self._node.elements()
        first = next(elements, None)
        if first is None:
            raise InvalidArgumentError("get_single_element: the dataset is empty")
        if next(elements, None) is not None:
            raise InvalidArgumentError("get_single_element: there is more than one element")
        return to_tensors(first)

    def as_numpy_iterator(self) -> NumpyIterator:
        """The elements as NumPy arrays."""
        return NumpyIterator(self._node.elements())

    def __iter__(self) -> DatasetIterator:
        return DatasetIterator(self._node)

    def __len__(self) -> int:
        length = self._node.length()
        if length == INFINITE:
            raise ArgumentTypeError("the dataset is infinite, so it has no length; use take()")
        if length == UNKNOWN:
            raise ArgumentTypeError(
                "the dataset's length is not known; see tf.data.experimental.assert_cardinality"
            )
        return length

    def __bool__(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in _LEFT_OUT:
            raise UnknownNameError(f"Dataset.{name} is left out: {_LEFT_OUT[name]}")
        raise UnknownNameError(f"a Dataset has no {name!r}.{nearest(name, dir(self))}")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} element_spec={self.element_spec!r}>"


class _Wrapped(choosing.Chosen):
    """A node whose elements are nodes, handed out as datasets."""

    def produce(self) -> Iterator[Any]:
        return map(_as_datasets, self.node.elements())


def _as_datasets(element: Any) -> Any:
    if isinstance(element, dict):
        return {key: _as_datasets(part) for key, part in element.items()}
    if isinstance(element, tuple):
        return tuple(_as_datasets(part) for part in element)
    return Dataset(element) if is_dataset(element) else element


def _nodes(structure: Any) -> Any:
    """The nodes of a structure of datasets."""
    if isinstance(structure, dict):
        return {key: _nodes(part) for key, part in structure.items()}
    if isinstance(structure, (tuple, list)):
        return tuple(_nodes(part) for part in structure)
    return node_of(structure, "zip")


def _plain(array: Any) -> Any:
    return array[()] if isinstance(array, np.ndarray) and not array.ndim else array
