"""Elements made ahead by a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

import lamina as tf
from lamina.data.background import Background, ahead

SPEC = tf.TensorSpec((), tf.int64)


def test_making_and_taking_overlap() -> None:
    made = threading.Event()

    def slow() -> Iterator[int]:
        yield 0
        made.set()
        yield 1

    dataset = tf.data.Dataset.from_generator(slow, output_signature=SPEC).prefetch(2)
    iterator = iter(dataset)
    next(iterator)
    assert made.wait(5)  # the second is made while we hold the first


def test_no_more_than_the_capacity_is_made_ahead() -> None:
    count = [0]

    def endless() -> Iterator[int]:
        while True:
            count[0] += 1
            yield count[0]

    iterator = ahead(endless, 3)
    assert next(iterator) == 1
    time.sleep(0.05)
    assert count[0] <= 1 + 3 + 3
    iterator.close()


def test_a_dropped_iterator_ends_its_thread() -> None:
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 0
        finally:
            closed.set()

    iterator = iter(tf.data.Dataset.from_generator(endless, output_signature=SPEC).prefetch(1))
    next(iterator)
    del iterator
    assert closed.wait(5)


def test_errors_cross_over_after_what_was_made_before() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise KeyError("lost")

    iterator = ahead(failing, 5)
    assert next(iterator) == 1
    with pytest.raises(KeyError, match="lost"):
        next(iterator)


def test_sizes_bound_what_waits() -> None:
    background = Background(lambda: iter(range(100)), 50, room=10, size_of=lambda item: 4)
    time.sleep(0.05)
    assert background.take(50) == [0, 1, 2]  # 12 is the first sum of 10 or more
    background.close()


@pytest.mark.parametrize("seed", [None, 5])
@pytest.mark.parametrize("parallel", [None, 3])
def test_what_is_drawn_ahead_does_not_depend_on_how_far_ahead_that_is(
    parallel: Any, seed: Any
) -> None:
    def program(pause: float) -> tuple[float, list[float]]:
        tf.random.set_seed(3)
        dataset = tf.data.Dataset.range(8).map(lambda _: tf.random.uniform((), seed=seed), parallel)
        iterator = iter(dataset.prefetch(8))
        drawn = [float(next(iterator))]
        time.sleep(pause)
        own = float(tf.random.uniform((), seed=seed))
        return own, [*drawn, *map(float, iterator)]

    own, drawn = program(0.05)
    assert program(0.0) == (own, drawn)
    assert len({own, *drawn}) == 9
    tf.random.set_seed(3)
    assert own == float(tf.random.uniform((), seed=seed))
