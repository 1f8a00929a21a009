"""Variables and functions that several threads use at once."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest

import lamina as tf


def _together(work: Any, threads: int = 4) -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        running = [threading.Thread(target=work) for _ in range(threads)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
    finally:
        sys.setswitchinterval(before)


@pytest.mark.parametrize("wrap", [lambda f: f, tf.function])
def test_threads_that_add_to_a_variable_take_turns(wrap: Any) -> None:
    v, w = tf.Variable(0), tf.Variable([0, 0])

    @wrap
    def add() -> None:
        v.assign_add(1)
        w.scatter_nd_add([[1]], [2])

    add()
    _together(lambda: [add() for _ in range(100)])
    assert int(v) == 401 and w.numpy().tolist() == [0, 802]


def test_threads_make_the_variables_of_a_function_once() -> None:
    class Counter(tf.Module):
        count = None

        @tf.function
        def __call__(self, x: Any) -> Any:
            if self.count is None:
                self.count = tf.Variable(0.0)
            self.count.assign_add(tf.reduce_sum(x))
            return self.count + 0.0

    for _ in range(5):
        counter = Counter()
        _together(lambda counter=counter: [counter(tf.ones([n])) for n in (1, 2, 3)])
        assert float(counter.count) == 4 * (1 + 2 + 3)


def test_a_loop_does_not_keep_a_variable_from_what_feeds_it() -> None:
    v = tf.Variable(0)
    data = tf.data.Dataset.range(20).map(lambda x: tf.cast(v.assign_add(1), tf.int64) * 0 + x)

    @tf.function
    def run(data: Any) -> None:
        for _ in data:
            v.assign_add(0)

    thread = threading.Thread(target=run, args=(data.prefetch(2),), daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
