"""tf.data: what each operation gives, on rows of arrays (indices move) and on other elements."""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import lamina as tf

Dataset = tf.data.Dataset


def values(dataset: Any) -> list[Any]:
    """The elements as plain Python."""

    def plain(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: plain(value) for key, value in part.items()}
        return tuple(map(plain, part)) if isinstance(part, tuple) else np.asarray(part).tolist()

    return [plain(element) for element in dataset.as_numpy_iterator()]


def of_arrays(count: int) -> Any:
    return Dataset.from_tensor_slices(np.arange(count))


def of_a_generator(count: int) -> Any:
    return Dataset.from_generator(
        lambda: iter(range(count)), output_signature=tf.TensorSpec((), tf.int64)
    )


SAME: dict[str, tuple[Callable[[Any], Any], list[Any]]] = {
    "take": (lambda d: d.take(3), [0, 1, 2]),
    "take_all": (lambda d: d.take(-1), list(range(10))),
    "take_none": (lambda d: d.take(0), []),
    "skip": (lambda d: d.skip(7), [7, 8, 9]),
    "skip_all": (lambda d: d.skip(-1), []),
    "shard": (lambda d: d.shard(3, 1), [1, 4, 7]),
    "repeat": (lambda d: d.take(2).repeat(3), [0, 1] * 3),
    "repeat_endless": (lambda d: d.take(2).repeat().take(5), [0, 1, 0, 1, 0]),
    "repeat_none": (lambda d: d.repeat(0), []),
    "batch": (lambda d: d.batch(4), [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]),
    "batch_drop": (lambda d: d.batch(4, drop_remainder=True), [[0, 1, 2, 3], [4, 5, 6, 7]]),
    "repeat_batch": (lambda d: d.take(3).repeat(2).batch(4), [[0, 1, 2, 0], [1, 2]]),
    "batch_repeat": (lambda d: d.take(3).batch(2).repeat(2), [[0, 1], [2], [0, 1], [2]]),
    "batch_take": (lambda d: d.batch(4).take(1), [[0, 1, 2, 3]]),
    "batch_skip": (lambda d: d.batch(4).skip(2), [[8, 9]]),
    "batch_shard": (lambda d: d.batch(3).shard(2, 1), [[3, 4, 5], [9]]),
    "shard_repeat": (lambda d: d.take(5).repeat(2).shard(2, 0), [0, 2, 4, 1, 3]),
    "batch_batch": (lambda d: d.batch(3).take(2).batch(2), [[[0, 1, 2], [3, 4, 5]]]),
    "unbatch": (lambda d: d.batch(4).unbatch(), list(range(10))),
    "rebatch": (lambda d: d.batch(4).rebatch(5), [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]),
    "concatenate": (lambda d: d.take(2).concatenate(d.skip(9)), [0, 1, 9]),
    "concatenate_whole": (lambda d: d.concatenate(d).batch(20), [[*range(10), *range(10)]]),
    "zip": (lambda d: Dataset.zip((d, d.skip(8))), [(0, 8), (1, 9)]),
    "zip_arguments": (lambda d: Dataset.zip(d, d).take(1), [(0, 0)]),
    "zip_dict": (lambda d: Dataset.zip({"b": d, "a": d.skip(9)}), [{"b": 0, "a": 9}]),
    "enumerate": (lambda d: d.enumerate(5).take(2), [(5, 0), (6, 1)]),
    "map": (lambda d: d.map(lambda v: v * 2).take(3), [0, 2, 4]),
    "map_tuple": (lambda d: Dataset.zip((d, d)).map(lambda a, b: a + b).take(2), [0, 2]),
    "map_list": (lambda d: d.map(lambda v: [v, [v, v]]).take(1), [(0, [0, 0])]),
    "map_list_inside": (lambda d: d.map(lambda v: (v, [v, v])).take(1), [(0, [0, 0])]),
    "map_csv": (
        lambda d: (
            d.take(1)
            .map(lambda v: tf.strings.as_string(v) + ",a")
            .map(lambda line: tf.io.decode_csv(line, [0, ""]))
        ),
        [(0, b"a")],
    ),
    "map_batches": (
        lambda d: d.batch(4).map(lambda v: v + 1),
        [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]],
    ),
    "map_values": (lambda d: d.map(lambda v: int(v.numpy()) + 1).take(2), [1, 2]),
    "map_threads": (lambda d: d.map(lambda v: v + 1, num_parallel_calls=3), list(range(1, 11))),
    "filter": (lambda d: d.filter(lambda v: v % 3 == 0), [0, 3, 6, 9]),
    "take_while": (lambda d: d.take_while(lambda v: v < 3), [0, 1, 2]),
    "flat_map": (lambda d: d.take(3).flat_map(Dataset.range), [0, 0, 1]),
    "interleave": (
        lambda d: d.take(3).interleave(
            lambda v: Dataset.from_tensors(v).repeat(3), cycle_length=2, block_length=2
        ),
        [0, 0, 1, 1, 0, 1, 2, 2, 2],
    ),
    "interleave_threads": (
        lambda d: d.take(2).interleave(
            lambda v: Dataset.from_tensors(v).repeat(2), 2, num_parallel_calls=tf.data.AUTOTUNE
        ),
        [0, 1, 0, 1],
    ),
    "window": (
        lambda d: d.window(4, 3, 2, True).flat_map(lambda w: w.batch(4)),
        [[0, 2, 4, 6], [3, 5, 7, 9]],
    ),
    "window_rest": (
        lambda d: d.window(4).flat_map(lambda w: w.batch(4)),
        [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]],
    ),
    "window_of_pairs": (
        lambda d: (
            Dataset.zip((d, d))
            .window(9)
            .take(1)
            .flat_map(lambda a, b: Dataset.zip((a.skip(8), b.take(1))))
        ),
        [(8, 0)],
    ),
    "scan": (
        lambda d: d.scan(np.int64(0), lambda total, v: (total + v, total + v)).take(4),
        [0, 1, 3, 6],
    ),
    "open_sizes": (
        lambda d: (
            d.map(lambda v: (tf.numpy_function(np.arange, [v], tf.int64), [v]))
            .map(lambda numbers, v: tf.reduce_sum(numbers) + v[0])
            .take(4)
        ),
        [0, 1, 3, 6],
    ),
    "scan_list": (lambda d: d.scan(np.int64(0), lambda total, v: [v, total]).take(2), [0, 0]),
    "unique": (lambda d: d.map(lambda v: v % 3).unique(), [0, 1, 2]),
    "cache": (lambda d: d.cache().map(lambda v: v), list(range(10))),
    "prefetch": (lambda d: d.prefetch(2), list(range(10))),
    "apply": (lambda d: d.apply(lambda inner: inner.take(1)), [0]),
    "choose": (
        lambda d: Dataset.choose_from_datasets(
            [d, d.map(lambda v: v + 100)], Dataset.from_tensor_slices(np.array([1, 0, 1]))
        ),
        [100, 0, 101],
    ),
    "group": (
        lambda d: d.group_by_window(
            lambda v: v % 2, lambda key, window: window.batch(3), window_size=3
        ),
        [[0, 2, 4], [1, 3, 5], [6, 8], [7, 9]],
    ),
}


@pytest.mark.parametrize("source", [of_arrays, of_a_generator])
@pytest.mark.parametrize("name", SAME)
def test_the_elements_of(name: str, source: Callable[[int], Any]) -> None:
    make, expected = SAME[name]
    dataset = make(source(10))
    assert values(dataset) == expected
    assert values(dataset) == expected  # a second walk starts anew
    length = int(dataset.cardinality())
    if source is of_arrays and length >= 0:
        assert length == len(dataset) == len(expected)
    for element in dataset.take(1):
        tf.nest.map_structure(_assert_fits, element, dataset.element_spec)


def _assert_fits(tensor: tf.Tensor, spec: tf.TensorSpec) -> None:
    assert spec.is_compatible_with(tensor)


@pytest.mark.parametrize("source", [of_arrays, of_a_generator])
@pytest.mark.parametrize("size", [1, 3, 10, 50])
def test_a_shuffle_keeps_all_and_moves_no_further_than_its_buffer(
    source: Callable[[int], Any], size: int
) -> None:
    dataset = source(40).shuffle(size, seed=3)
    first, second = values(dataset), values(dataset)
    assert sorted(first) == list(range(40)) == sorted(second)
    assert all(value <= place + size - 1 for place, value in enumerate(first))
    assert (first == second) == (size == 1)  # each walk has its own order


@pytest.mark.parametrize("source", [of_arrays, of_a_generator])
def test_a_buffer_gives_each_of_its_elements_alike(source: Callable[[int], Any]) -> None:
    dataset = source(6).shuffle(3, seed=1).take(1).repeat(600)
    counts = collections.Counter(values(dataset))
    assert set(counts) == {0, 1, 2} and min(counts.values()) > 150


def test_shuffles_are_repeatable() -> None:
    def two() -> list[Any]:
        tf.random.set_seed(7)
        dataset = of_arrays(30).shuffle(30)
        return [values(dataset), values(dataset)]

    assert two() == two()
    fixed = of_arrays(30).shuffle(30, reshuffle_each_iteration=False)
    assert values(fixed) == values(fixed)
    batches = of_arrays(12).batch(3).shuffle(4, seed=1)
    assert sorted(values(batches)) == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]
    kept = of_arrays(30).shuffle(30).cache()
    assert values(kept) == values(kept)
    endless = of_arrays(5).repeat().shuffle(7, seed=2).batch(10).take(20)
    assert collections.Counter(np.concatenate(values(endless)).tolist()).keys() == set(range(5))


def test_structures_come_as_they_went_in() -> None:
    Pair = collections.namedtuple("Pair", "left right")
    x, y = np.ones((4, 2), np.float32), np.arange(4)
    dataset = Dataset.from_tensor_slices(({"b": x, "a": y}, Pair(y, [1.0, 2.0, 3.0, 4.0])))
    spec = dataset.element_spec
    assert list(spec[0]) == ["b", "a"] and type(spec[1]) is Pair
    assert spec[1].right == tf.TensorSpec((), tf.float32)
    first = next(iter(dataset.batch(2)))
    assert list(first[0]) == ["b", "a"] and type(first[1]) is Pair
    assert first[0]["b"].shape == (2, 2) and isinstance(first[1].left, tf.Tensor)
    mapped = dataset.map(lambda features, pair: Pair(features["a"], pair.right))
    assert type(next(iter(mapped))) is Pair and values(mapped)[1] == (1, 2.0)


def test_arrays_are_copied_and_lists_are_tensors() -> None:
    array = np.zeros(3)
    dataset = Dataset.from_tensor_slices(array)
    array[:] = 7
    assert values(dataset) == [0.0, 0.0, 0.0]
    assert Dataset.from_tensor_slices([[1, 2], [3, 4]]).element_spec == tf.TensorSpec(
        (2,), tf.int32
    )
    assert values(Dataset.from_tensors([1, 2])) == [[1, 2]]


def test_a_traced_function_runs_its_python_once() -> None:
    calls = []

    def double(v: tf.Tensor) -> tf.Tensor:
        calls.append(v)
        return v * 2

    dataset = of_arrays(20).map(double)
    assert values(dataset) == list(range(0, 40, 2)) and len(calls) == 1
    weight = tf.Variable(np.int64(3))
    scaled = of_arrays(3).map(lambda v: v * weight)
    assert values(scaled) == [0, 3, 6]
    weight.assign(np.int64(5))
    assert values(scaled) == [0, 5, 10]


def test_python_functions_run_for_each_element() -> None:
    calls = []

    def note(v: tf.Tensor) -> tf.Tensor:
        tf.py_function(lambda: calls.append(1), [], ())
        return v

    assert values(of_arrays(3).map(note)) == [0, 1, 2] and len(calls) == 3


def test_generators_keep_what_was_promised() -> None:
    def rows(count: Any, offset: Any = 0) -> Iterator[Any]:
        for number in range(count):
            yield {"x": [number + offset, 1.5], "y": number}

    spec = {"x": tf.TensorSpec((2,), tf.float32), "y": tf.TensorSpec((), tf.int32)}
    dataset = Dataset.from_generator(rows, output_signature=spec, args=(2, 10))
    assert values(dataset) == [{"x": [10.0, 1.5], "y": 0}, {"x": [11.0, 1.5], "y": 1}]
    old = Dataset.from_generator(
        lambda: ((n, [1.0] * n) for n in range(3)), (tf.int64, tf.float32), ((), (None,))
    )
    assert old.element_spec[1].shape.as_list() == [None]
    assert values(old.padded_batch(3)) == [([0, 1, 2], [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])]
    unknown = Dataset.from_generator(lambda: iter([1, 2]), tf.int32)
    assert unknown.element_spec.shape.rank is None and values(unknown) == [1, 2]
    whole = Dataset.from_generator(lambda: iter([1.0, np.float32(2), np.array(3.0)]), tf.int32)
    assert values(whole) == [1, 2, 3]
    for bad in (["text"], [(1, 2)], [[1.0, 2.0]], [1.5]):
        with pytest.raises(TypeError):
            values(Dataset.from_generator(lambda b=bad: iter(b), tf.int32, ()))


def test_keys_that_are_numbers_keep_their_parts() -> None:
    keys = 2, 10, 1
    types = {key: tf.TensorSpec((), tf.int64) for key in keys}
    made = Dataset.from_generator(lambda: iter([{k: k for k in keys}]), output_signature=types)
    zipped = Dataset.zip({key: Dataset.range(key, key + 1) for key in keys})
    padded = made.map(lambda x: {k: x[k][None] for k in keys}).padded_batch(
        1, {key: [key] for key in keys}
    )
    for dataset in (made, zipped):
        assert {k: int(v) for k, v in next(iter(dataset)).items()} == {k: k for k in keys}
    assert {k: v.shape[1] for k, v in next(iter(padded)).items()} == {k: k for k in keys}


def test_a_generator_may_fill_the_same_array_again() -> None:
    def rows() -> Iterator[Any]:
        row = np.zeros(2, np.float32)
        for number in range(3):
            row[:] = number
            yield row

    dataset = Dataset.from_generator(rows, output_signature=tf.TensorSpec((2,), tf.float32))
    expected = [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]
    assert values(dataset.batch(3)) == [expected] and values(dataset.prefetch(3)) == expected


def test_padding() -> None:
    ragged = Dataset.range(1, 4).map(lambda n: tf.ones((int(n.numpy()),), tf.int64) * n)
    assert values(ragged.padded_batch(2)) == [[[1, 0], [2, 2]], [[3, 3, 3]]]
    padded = ragged.padded_batch(2, padded_shapes=(4,), padding_values=-1, drop_remainder=True)
    assert values(padded) == [[[1, -1, -1, -1], [2, 2, -1, -1]]]
    with pytest.raises(ValueError, match="as large as"):
        values(ragged.padded_batch(3, padded_shapes=(2,)))
    with pytest.raises(ValueError, match="one shape"):
        values(ragged.batch(2))


def test_caches_keep_the_first_walk(tmp_path: Any) -> None:
    for name in ("", str(tmp_path / "kept")):
        runs = []

        def rows(runs: list[int] = runs) -> Iterator[Any]:
            runs.append(1)
            yield from ((n, np.arange(n)) for n in range(4))

        spec = tf.TensorSpec((), tf.int64), tf.TensorSpec((None,), tf.int64)
        dataset = Dataset.from_generator(rows, output_signature=spec).cache(name)
        expected = [(n, list(range(n))) for n in range(4)]
        assert [values(dataset) for _ in range(3)] == [expected] * 3 and len(runs) == 1
    again = Dataset.from_generator(lambda: iter(()), output_signature=spec)
    assert values(again.cache(str(tmp_path / "kept"))) == expected
    even = Dataset.from_generator(lambda: iter(range(4)), output_signature=spec[0])
    even = even.cache(str(tmp_path / "even")).batch(3)
    assert values(even) == values(even) == [[0, 1, 2], [3]]
    (tmp_path / "even.npz").write_bytes(b"nonsense")
    with pytest.raises(tf.errors.DataLossError, match=r"even\.npz"):
        values(even)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"values_0": np.zeros(12, np.int8)}, "values of int8, expected float32"),
        ({"values_0": np.zeros(12), "shape_0": np.array([4])}, "values of float64"),
        ({"values_0": np.zeros(6, np.float32), "shape_0": np.array([2])}, r"shape \(2,\)"),
        ({"values_0": np.zeros(0, np.float32), "shape_0": np.array([0])}, r"shape \(0,\)"),
        ({"count": np.array(2**40)}, "1,099,511,627,776 elements"),
        ({"count": np.array(-1)}, "-1 elements"),
        ({"count": np.zeros(3)}, "0-dimensional"),
    ],
    ids=["type", "width", "shape", "nothing", "count", "negative", "counts"],
)
def test_a_file_of_other_elements_is_refused(tmp_path: Any, changes: Any, message: str) -> None:
    def kept() -> Any:
        return Dataset.from_tensor_slices(np.ones((3, 4), np.float32)).cache(str(tmp_path / "kept"))

    assert len(values(kept())) == 3
    path = tmp_path / "kept.npz"
    with np.load(path) as file:
        parts = {**file, **changes}
    np.savez(path, **parts)
    with pytest.raises(tf.errors.DataLossError, match=rf"kept\.npz is no file.*{message}"):
        values(kept())


def test_sampling_goes_by_the_weights() -> None:
    parts = [Dataset.from_tensors(np.int64(n)).repeat() for n in range(3)]
    drawn = Dataset.sample_from_datasets(parts, [0.5, 0.5, 0.0], seed=1).take(400)
    counts = collections.Counter(values(drawn))
    assert set(counts) == {0, 1} and 150 < counts[0] < 250
    ending = Dataset.sample_from_datasets([of_arrays(2), of_arrays(3)], [0.0, 1.0])
    assert values(ending) == [0, 1, 2]
    short = Dataset.sample_from_datasets([of_arrays(2), of_arrays(3)], seed=4)
    assert sorted(values(short)) == [0, 0, 1, 1, 2]


def test_reduce_and_single_elements() -> None:
    assert int(of_arrays(5).reduce(np.int64(1), lambda total, v: total + v)) == 11
    both = of_arrays(3).reduce((np.int64(0), 1), lambda state, v: [state[0] + v, state[1]])
    assert tuple(map(int, both)) == (3, 1)
    total, count = of_arrays(4).reduce(
        (np.int64(0), 0), lambda state, v: (state[0] + v, state[1] + 1)
    )
    assert (int(total), int(count)) == (6, 4)
    assert of_arrays(7).batch(7).get_single_element().shape == (7,)
    for count in (0, 2):
        with pytest.raises(ValueError, match="get_single_element"):
            of_arrays(count).get_single_element()


def test_lengths() -> None:
    endless = of_arrays(3).repeat()
    assert int(endless.cardinality()) == tf.data.INFINITE_CARDINALITY
    assert int(of_a_generator(3).cardinality()) == tf.data.UNKNOWN_CARDINALITY
    for dataset in (endless, of_a_generator(3)):
        with pytest.raises(TypeError, match="length"):
            len(dataset)
        assert dataset


def test_huge_ranges_need_no_memory() -> None:
    huge = Dataset.range(5, 10**15, 3)
    assert len(huge) == (10**15 - 5 + 2) // 3
    assert values(huge.map(lambda v: v * 2).batch(2).take(2)) == [[10, 16], [22, 28]]
    assert values(huge.skip(1023).take(2)) == [5 + 3 * 1023, 5 + 3 * 1024]
    assert len(values(huge.shuffle(10).take(3))) == 3
    assert values(Dataset.range(3, -(10**15), -1, output_type=tf.float32).take(2)) == [3.0, 2.0]


def test_iterators() -> None:
    iterator = iter(of_arrays(2))
    assert int(iterator.get_next()) == 0 and int(next(iterator)) == 1
    assert iterator.element_spec == tf.TensorSpec((), tf.int64)
    with pytest.raises(tf.errors.OutOfRangeError):
        iterator.get_next()
    with pytest.raises(StopIteration):
        next(iterator)


def test_functions_see_new_elements_in_each_call() -> None:
    iterator = iter(of_arrays(4))

    @tf.function
    def double_next() -> Any:
        return next(iterator) * 2

    @tf.function
    def total(dataset: Any) -> Any:
        found = tf.constant(0, tf.int64)
        for value in dataset:
            found += value
        return found

    assert [int(double_next()), int(double_next())] == [0, 2]
    assert int(total(of_arrays(4))) == 6

    @tf.function
    def reduced(dataset: Any) -> Any:
        return dataset.reduce(tf.constant(0, tf.int64), lambda state, value: state + value)

    shuffled = of_arrays(9).shuffle(9).take(3)
    assert len({int(reduced(shuffled)) for _ in range(20)}) > 1


def test_options_are_kept() -> None:
    options = tf.data.Options()
    options.deterministic = False
    options.experimental_distribute.auto_shard_policy = 1
    found = of_arrays(2).with_options(options).take(1).options()
    assert found.deterministic is False and found.experimental_distribute.auto_shard_policy == 1


def test_errors_of_functions_may_be_left_out() -> None:
    def picky(v: tf.Tensor) -> int:
        if v.numpy() == 2:
            raise ValueError("two")
        return int(v.numpy())

    dataset = of_arrays(4).map(picky)
    with pytest.raises(ValueError, match="two"):
        values(dataset)
    assert values(dataset.ignore_errors()) == [0, 1, 3]


BAD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "scalar": (lambda: Dataset.from_tensor_slices(3), ValueError, "from_tensors"),
    "lengths": (lambda: Dataset.from_tensor_slices((np.ones(2), np.ones(3))), ValueError, "2, 3"),
    "batch": (lambda: of_arrays(3).batch(0), ValueError, "batch_size is a positive"),
    "buffer": (lambda: of_arrays(3).shuffle(0), ValueError, "buffer_size"),
    "predicate": (lambda: of_arrays(3).filter(lambda v: v), ValueError, "boolean"),
    "zip": (lambda: Dataset.zip((of_arrays(3), [1])), ValueError, "Dataset"),
    "types": (
        lambda: of_arrays(3).concatenate(Dataset.range(3).map(lambda v: v / 2)),
        TypeError,
        "type",
    ),
    "flat_map": (lambda: values(of_arrays(3).flat_map(lambda v: v)), ValueError, "Dataset"),
    "generator": (lambda: Dataset.from_generator(iter([1]), tf.int32), TypeError, "function"),
    "signature": (lambda: Dataset.from_generator(lambda: iter([1])), TypeError, "output_signature"),
    "records": (lambda: tf.data.TFRecordDataset("a"), AttributeError, "TensorFlow's own files"),
    "name": (lambda: tf.data.Datset, AttributeError, "Did you mean 'Dataset'"),
}


@pytest.mark.parametrize("name", BAD)
def test_mistakes_are_told(name: str) -> None:
    act, error, words = BAD[name]
    with pytest.raises(error, match=words):
        act()
