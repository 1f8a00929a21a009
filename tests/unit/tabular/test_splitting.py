"""Splits: every row once, each class in its share, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.core.errors import InvalidArgumentError
from lamina.tabular.splitting import split


def divide(target, classes=(), *, validation=0.15, test=0.2, seed=0):
    return split(target, classes, validation_share=validation, test_share=test, seed=seed)


@given(
    counts=st.lists(st.integers(3, 60), min_size=2, max_size=6).filter(lambda c: sum(c) >= 10),
    validation=st.floats(0.05, 0.4),
    test=st.floats(0, 0.4),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_row_once_and_every_class_in_its_share(counts, validation, test, seed):
    target = np.repeat(np.arange(len(counts)), counts)
    classes = tuple(map(str, range(len(counts))))
    parts = divide(target, classes, validation=validation, test=test, seed=seed)
    assert sorted(np.concatenate(parts)) == list(range(len(target)))
    for rows in parts:
        assert np.all(np.diff(rows) > 0)
        share = len(rows) / len(target)
        found = np.bincount(target[rows], minlength=len(counts))
        # A stretch of evenly spaced places holds its share, give or take one at each end; the cut
        # between stretches moves by at most one row of each class.
        assert np.all(np.abs(found - share * np.array(counts)) <= 1 + len(counts))


def test_sizes_are_the_shares():
    parts = divide(np.zeros(1000, np.float32))
    assert [len(rows) for rows in parts] == [650, 150, 200]


def test_no_test_rows_where_none_are_wanted():
    assert len(divide(np.zeros(100), test=0).test) == 0


def test_a_seed_is_a_split():
    target = np.arange(200) % 2
    first, again, other = (divide(target, ("a", "b"), seed=seed).test for seed in (1, 1, 2))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_every_class_is_trained_on():
    target = np.r_[np.zeros(97, int), np.ones(3, int)]
    for seed in range(50):
        assert 1 in target[divide(target, ("a", "b"), seed=seed).training]


@pytest.mark.parametrize(
    ("target", "classes", "message"),
    [
        (np.zeros(9), (), "9 rows with a target are too few"),
        (np.r_[np.zeros(20, int), 1, 1], ("no", "yes"), "class 'yes' has 2 of 22 rows"),
    ],
)
def test_too_little_to_divide(target, classes, message):
    with pytest.raises(InvalidArgumentError, match=message):
        divide(target, classes)
