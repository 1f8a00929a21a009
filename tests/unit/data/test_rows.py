"""Chains of operations give the same elements on indices of arrays and element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lamina as tf

Step = tuple[str, tuple[Any, ...]]
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("take"), st.tuples(st.integers(-1, 9))),
    st.tuples(st.just("skip"), st.tuples(st.integers(-1, 9))),
    st.tuples(st.just("shard"), st.sampled_from([(1, 0), (2, 0), (2, 1), (3, 2)])),
    st.tuples(st.just("repeat"), st.tuples(st.integers(0, 3))),
    st.tuples(st.just("batch"), st.tuples(st.integers(1, 4), st.booleans())),
    st.tuples(st.just("unbatch"), st.just(())),
    st.tuples(st.just("cache"), st.just(())),
    st.tuples(st.just("prefetch"), st.tuples(st.integers(0, 2))),
)


def chain(dataset: Any, steps: list[Step]) -> Any:
    """The dataset after the steps that fit it: only batches are taken apart."""
    depth = 0
    for name, arguments in steps:
        if name == "unbatch" and not depth:
            continue
        depth += {"batch": 1, "unbatch": -1}.get(name, 0)
        dataset = getattr(dataset, name)(*arguments)
    return dataset


def elements(dataset: Any) -> list[Any]:
    return [np.asarray(element).tolist() for element in dataset.as_numpy_iterator()]


def of_a_generator(rows: int) -> Any:
    spec = tf.TensorSpec((), tf.int64)
    return tf.data.Dataset.from_generator(lambda: iter(range(rows)), output_signature=spec)


@settings(deadline=None, max_examples=300)
@given(st.integers(1, 12), st.lists(STEPS, max_size=6))
def test_both_ways_give_the_same(rows: int, steps: list[Step]) -> None:
    arrays = chain(tf.data.Dataset.range(rows), steps)
    single = chain(of_a_generator(rows), steps)
    try:
        expected = elements(single)
    except tf.errors.InvalidArgumentError:  # batches of different sizes do not batch
        with pytest.raises(tf.errors.InvalidArgumentError, match="one shape"):
            elements(arrays)
        return
    assert elements(arrays) == expected == elements(arrays)
    length = int(arrays.cardinality())
    assert length in (len(expected), tf.data.UNKNOWN_CARDINALITY)


@settings(deadline=None, max_examples=100)
@given(
    st.integers(1, 40),
    st.integers(1, 50),
    st.integers(0, 3),
    st.sampled_from([lambda d: d, lambda d: d.batch(3).unbatch(), lambda d: d.repeat(2)]),
)
def test_buffers_of_indices_and_of_elements(
    rows: int, size: int, seed: int, more: Callable[[Any], Any]
) -> None:
    """Each element leaves once, and none before it could have come into the buffer."""
    for source in (tf.data.Dataset.range(rows), of_a_generator(rows)):
        before = elements(more(source))
        after = elements(more(source).shuffle(size, seed=seed))
        assert sorted(after) == sorted(before)
        places = {value: place for place, value in reversed(list(enumerate(before)))}
        assert all(places[value] < place + size for place, value in enumerate(after))
