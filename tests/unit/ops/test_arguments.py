"""Arguments that make no sense: what was expected, what came."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import lamina as tf
from lamina.core.errors import InvalidArgumentError

CASES = [
    (lambda: tf.concat([], 0), "at least one tensor"),
    (lambda: tf.concat([1, 2], 0), r"scalars have none. Use tf\.stack"),
    (lambda: tf.tile([1, 2], [-1]), r"0 or more; got \[-1\]"),
    (lambda: tf.one_hot([0], -1), "cannot be negative; got -1"),
    (lambda: tf.reduce_sum(tf.ones((2, 3)), axis=[0, 0]), "an axis is given twice"),
    (lambda: tf.reduce_max(tf.ones((2, 3)), axis=(1, -1)), "an axis is given twice"),
    (lambda: tf.constant(2**70), "do not fit int64"),
    (lambda: tf.constant([1, 2**70]), "do not fit int64"),
]


@pytest.mark.parametrize(("call", "message"), CASES)
def test_errors_name_what_came(call: Callable[[], object], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        call()
