"""TensorShape, with known and unknown rank, as TensorFlow has it."""

from __future__ import annotations

import pickle

import pytest

from lamina.core.shapes import TensorShape

UNKNOWN = TensorShape(None)
SHAPE = TensorShape([None, 3])


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (SHAPE.merge_with([4, None]), [4, 3]),
        (SHAPE.merge_with(None), [None, 3]),
        (UNKNOWN.merge_with([2]), [2]),
        (SHAPE.concatenate([2]), [None, 3, 2]),
        (SHAPE.most_specific_compatible_shape([2, 3]), [None, 3]),
        (SHAPE.__radd__([1]), [1, None, 3]),
        (SHAPE.__add__((1,)), [None, 3, 1]),
        (SHAPE.with_rank(2), [None, 3]),
        (UNKNOWN.with_rank(2), [None, None]),
        (SHAPE.with_rank_at_least(1), [None, 3]),
        (SHAPE.with_rank_at_most(2), [None, 3]),
        (pickle.loads(pickle.dumps(SHAPE)), [None, 3]),
    ],
)
def test_shapes_from_shapes(found, expected):
    assert isinstance(found, TensorShape)
    assert found == expected


@pytest.mark.parametrize(
    "found",
    [
        UNKNOWN,
        TensorShape(UNKNOWN),
        UNKNOWN[1:],
        SHAPE.concatenate(None),
        UNKNOWN.__add__([1]),
        SHAPE.most_specific_compatible_shape([1]),
        pickle.loads(pickle.dumps(UNKNOWN)),
    ],
)
def test_an_unknown_rank_stays_unknown(found):
    assert found.rank is found.ndims is found.dims is found.num_elements() is found[0] is None
    assert not found and not found.is_fully_defined()
    assert found == UNKNOWN != SHAPE and hash(found) == hash(UNKNOWN)
    assert (repr(found), str(found)) == ("TensorShape(None)", "<unknown>")
    assert found.is_compatible_with([1, 2]) and TensorShape([1]).is_compatible_with(found)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (UNKNOWN.as_list, "unknown rank"),
        (lambda: len(UNKNOWN), "unknown rank"),
        (lambda: list(UNKNOWN), "unknown rank"),
        (SHAPE.assert_is_fully_defined, r"\(None, 3\) must be fully defined"),
        (lambda: SHAPE.with_rank(3), "must have rank 3"),
        (lambda: SHAPE.with_rank_at_least(3), "at least 3"),
        (lambda: SHAPE.with_rank_at_most(1), "at most 1"),
        (lambda: SHAPE.assert_has_rank(3), "must have rank 3"),
        (lambda: SHAPE.assert_same_rank([1]), r"the rank of \(1,\)"),
        (lambda: SHAPE.assert_is_compatible_with([1, 2]), r"compatible with \(1, 2\)"),
        (lambda: SHAPE.merge_with([1, 2]), r"compatible with \(1, 2\)"),
        (lambda: TensorShape([-1]), "must be >= 0"),
    ],
)
def test_what_does_not_fit_is_an_error(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_what_is_no_shape_is_named():
    with pytest.raises(TypeError, match="each an integer or None; got 'x'"):
        TensorShape("x")


def test_a_shape_is_a_case_of_a_wider_one():
    assert SHAPE.is_subtype_of(UNKNOWN) and TensorShape([2, 3]).is_subtype_of(SHAPE)
    assert not SHAPE.is_subtype_of(TensorShape([2, 3])) and not SHAPE.is_subtype_of((None, 3))
