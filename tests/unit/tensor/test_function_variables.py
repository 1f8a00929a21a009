"""Variables that functions make, read and write while they are traced."""

from __future__ import annotations

import numpy as np
import pytest

import lamina as tf


def test_variables_are_made_on_the_first_call_only() -> None:
    class Count(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.count = None

        @tf.function
        def __call__(self) -> tf.Tensor:
            if self.count is None:
                self.count = tf.Variable(0)
            return self.count.assign_add(1)

    count = Count()
    assert [int(count()) for _ in range(3)] == [1, 2, 3]

    @tf.function
    def always(x: tf.Tensor) -> tf.Tensor:
        return tf.Variable(1.0) * x

    with pytest.raises(ValueError, match=r"only supports singleton tf\.Variables"):
        always(tf.constant(1.0))

    @tf.function
    def update(w: tf.Variable, optimizer: tf.keras.optimizers.Optimizer) -> None:
        with tf.GradientTape() as tape:
            loss = w * w
        optimizer.apply_gradients([(tape.gradient(loss, w), w)])

    w = tf.Variable(1.0)
    update(w, tf.keras.optimizers.SGD(0.25))
    assert float(w) == 0.5
    with pytest.raises(ValueError, match=r"only supports singleton tf\.Variables"):
        update(w, tf.keras.optimizers.Adam())


def test_variables_made_inside_may_begin_with_random_numbers() -> None:
    made: list[tf.Variable] = []

    @tf.function
    def weigh(x: tf.Tensor) -> tf.Tensor:
        if not made:
            made.append(tf.Variable(tf.random.normal((2, 3))))
        return x @ made[0]

    x = tf.ones((1, 2))
    first = weigh(x)
    np.testing.assert_allclose(first, made[0].numpy().sum(0)[None], rtol=1e-6)
    np.testing.assert_array_equal(weigh(x), first)
    assert np.unique(made[0].numpy()).size == 6

    keep: list[tf.Variable] = []

    @tf.function
    def of_argument(x: tf.Tensor) -> None:
        keep.append(tf.Variable(x))

    with pytest.raises(ValueError, match="depends on an argument"):
        of_argument(tf.constant(1.0))
