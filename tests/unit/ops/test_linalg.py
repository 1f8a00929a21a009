"""Decompositions, and what linear algebra refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lamina as tf
from lamina.core.errors import InvalidArgumentError, SymbolicShapeError, UnimplementedError
from lamina.prims import decompositions
from lamina.tensor.function import Function

RNG = np.random.default_rng(0)
TALL = RNG.normal(size=(2, 5, 3))
SQUARE = RNG.normal(size=(2, 3, 3))
SYMMETRIC = SQUARE + SQUARE.transpose(0, 2, 1)


def test_svd() -> None:
    s, u, v = tf.linalg.svd(TALL)
    assert (u.shape, s.shape, v.shape) == ((2, 5, 3), (2, 3), (2, 3, 3))
    np.testing.assert_allclose(u @ tf.linalg.diag(s) @ tf.linalg.adjoint(v), TALL, atol=1e-12)
    np.testing.assert_allclose(tf.linalg.svd(TALL, compute_uv=False), s)
    assert tf.linalg.svd(TALL, full_matrices=True)[1].shape == (2, 5, 5)
    np.testing.assert_allclose(tf.norm(TALL, 2, axis=[1, 2]), s[:, 0])


def test_qr() -> None:
    q, r = tf.linalg.qr(TALL)
    np.testing.assert_allclose(q @ r, TALL, atol=1e-12)
    np.testing.assert_allclose(tf.matmul(q, q, transpose_a=True), [np.eye(3)] * 2, atol=1e-12)
    assert tf.linalg.qr(TALL, full_matrices=True)[0].shape == (2, 5, 5)


def test_eigenvalues_of_symmetric_matrices() -> None:
    values, vectors = tf.linalg.eigh(SYMMETRIC)
    np.testing.assert_allclose(
        SYMMETRIC @ vectors.numpy(), vectors * values[:, None, :], atol=1e-12
    )
    np.testing.assert_allclose(tf.linalg.eigvalsh(SYMMETRIC), values)


def test_others_by_numpy() -> None:
    sign, log = tf.linalg.slogdet(SQUARE)
    np.testing.assert_allclose(sign * tf.exp(log), np.linalg.det(SQUARE))
    np.testing.assert_allclose(tf.linalg.pinv(TALL), np.linalg.pinv(TALL))
    assert int(tf.linalg.matrix_rank(np.outer([1.0, 2.0], [3.0, 4.0]))) == 1
    b = RNG.normal(size=(5, 2))
    expected = np.linalg.lstsq(TALL[0], b, rcond=None)[0]
    np.testing.assert_allclose(tf.linalg.lstsq(TALL[0], b, fast=False), expected)


@pytest.mark.parametrize("name", ["svd", "qr", "eigh", "eigvalsh", "slogdet", "pinv"])
def test_decompositions_are_traced_and_differentiated(name: str) -> None:
    function = getattr(tf.linalg, name)

    def slopes(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            parts = [tf.reduce_sum(part**2) for part in tf.nest.flatten(function(x))]
            total = tf.add_n(parts)
        return tape.gradient(total, x)

    x = tf.constant(SYMMETRIC)
    np.testing.assert_allclose(tf.function(slopes)(x), slopes(x), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("call", "shape", "message"),
    [
        (lambda x: tf.linalg.svd(x, full_matrices=True)[1], (3, 2), "full_matrices=False"),
        (lambda x: tf.linalg.qr(x)[1], (2, 3), "no more columns than rows"),
        (lambda x: tf.linalg.qr(x, full_matrices=True)[0], (3, 2), "mode='reduced'"),
        (lambda x: decompositions.lu(x)[0], (3, 2), "lu_factor needs square matrices"),
    ],
)
def test_gradients_that_are_not_known(call: Any, shape: tuple[int, int], message: str) -> None:
    x = tf.constant(RNG.normal(size=shape))
    with tf.GradientTape() as tape:
        tape.watch(x)
        found = call(x)
    with pytest.raises(UnimplementedError, match=message):
        tape.gradient(found, x)


def test_full_singular_vectors_keep_the_gradient_of_the_values() -> None:
    x = tf.constant(TALL)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        full, reduced = (tf.linalg.svd(x, full_matrices=full)[0] for full in (True, False))
    np.testing.assert_allclose(tape.gradient(full, x), tape.gradient(reduced, x), atol=1e-12)


def test_singular_and_misshapen_matrices() -> None:
    with pytest.raises(InvalidArgumentError, match="inv: Singular matrix"):
        tf.linalg.inv(np.zeros((2, 2)))
    with pytest.raises(InvalidArgumentError, match="inv expects square matrices"):
        tf.linalg.inv(np.zeros((2, 3)))
    with pytest.raises(InvalidArgumentError, match="cholesky"):
        tf.linalg.cholesky(-np.eye(2))
    with pytest.raises(InvalidArgumentError, match=r"Give a vector a last axis"):
        tf.linalg.solve(np.eye(2), [1.0, 2.0])
    with pytest.raises(InvalidArgumentError, match="needs fast=True"):
        tf.linalg.lstsq(TALL[0], TALL[0], l2_regularizer=1.0, fast=False)
    with pytest.raises(InvalidArgumentError, match="no diagonal 3"):
        tf.linalg.diag_part(np.eye(3), k=3)
    with pytest.raises(
        InvalidArgumentError, match=r"solve expects matrices that fit; got .*3, 3.*2, 2"
    ):
        tf.linalg.solve(np.eye(3), np.ones((2, 2)))
    with pytest.raises(InvalidArgumentError, match=r"expected matrices .* got shape \(2,\)"):
        tf.linalg.band_part([1.0, 2.0], 0, 0)
    with pytest.raises(InvalidArgumentError, match=r"set_diag expects shape \(2,\); got \(3,\)"):
        tf.linalg.set_diag(np.ones((2, 3)), np.ones(3))
    with pytest.raises(InvalidArgumentError, match="matrix norm"):
        tf.norm(np.eye(3), "nuclear", axis=[0, 1])
    with pytest.raises(InvalidArgumentError, match="vector norm"):
        tf.norm([1.0], -1)
    with pytest.raises(InvalidArgumentError, match="cross expects"):
        tf.linalg.cross([1.0, 2.0], [1.0, 2.0])


def test_solve_broadcasts_and_takes_integers() -> None:
    a = np.array([[2, 0], [0, 4]])
    found = tf.linalg.solve(a, np.ones((3, 2, 1)))
    np.testing.assert_allclose(found, np.tile([[0.5], [0.25]], (3, 1, 1)))


def test_the_norm_of_zeros_has_a_gradient() -> None:
    x = tf.zeros([3])
    with tf.GradientTape() as tape:
        tape.watch(x)
        length = tf.norm(x)
    np.testing.assert_array_equal(tape.gradient(length, x), [0, 0, 0])


# Sums of products ---------------------------------------------------------------------------------


@given(st.data())
def test_einsum_on_random_equations(data: st.DataObject) -> None:
    sizes = {letter: data.draw(st.integers(1, 3)) for letter in "abcd"}
    count = data.draw(st.integers(1, 3))
    terms = [
        "".join(data.draw(st.lists(st.sampled_from("abcd"), max_size=3))) for _ in range(count)
    ]
    letters = sorted(set("".join(terms)))
    result = "".join(data.draw(st.permutations(letters)))[: data.draw(st.integers(0, 4))]
    equation = f"{','.join(terms)}->{result}"
    arrays = [RNG.normal(size=[sizes[letter] for letter in term]) for term in terms]
    np.testing.assert_allclose(
        tf.einsum(equation, *arrays), np.einsum(equation, *arrays), rtol=1e-10, atol=1e-10
    )


@given(st.data())
def test_tensordot_on_random_axes(data: st.DataObject) -> None:
    common = data.draw(st.lists(st.integers(1, 3), max_size=2))
    shapes, axes = [], []
    for _ in range(2):
        free = data.draw(st.lists(st.integers(1, 3), max_size=2))
        places = data.draw(st.permutations(range(len(common) + len(free))))
        shapes.append([(common + free)[place] for place in places])
        axes.append([places.index(i) for i in range(len(common))])
    a, b = (RNG.normal(size=shape) for shape in shapes)
    np.testing.assert_allclose(
        tf.tensordot(a, b, axes), np.tensordot(a, b, axes), rtol=1e-10, atol=1e-10
    )


@pytest.mark.parametrize(
    ("equation", "shapes", "message"),
    [
        ("ij,jk->ik", [(2, 3)], "2 operands; got 1"),
        ("ijk->i", [(2, 3)], "does not fit a tensor of rank 2"),
        ("ij,jk->ik", [(2, 3), (4, 5)], "'j' has sizes 3 and 4"),
        ("ij->ijj", [(2, 3)], "not understood"),
        ("ij->k", [(2, 3)], "not understood"),
        ("i*->i", [(2, 3)], "not understood"),
    ],
)
def test_einsum_refuses(equation: str, shapes: list[Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        tf.einsum(equation, *(np.ones(shape) for shape in shapes))


def test_products_with_a_batch_that_is_summed_over() -> None:
    w = tf.constant(RNG.normal(size=(4, 2)))

    def gradient_like(x: Any) -> Any:
        return tf.einsum("bi,bj->ij", x, x @ w), tf.tensordot(x, x, [[0], [0]])

    traced = Function(gradient_like, symbolic_batch=True)
    for rows in (1, 6):
        x = tf.constant(RNG.normal(size=(rows, 4)))
        for found, expected in zip(traced(x), gradient_like(x), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert traced.trace_count == 1


def test_a_batch_joined_with_another_axis_is_traced_for_each_size() -> None:
    def joined(x: Any) -> Any:
        return tf.reshape(x, [-1])

    traced = Function(joined, symbolic_batch=True)
    for rows in (1, 6):
        assert traced(tf.ones([rows, 4])).shape == (rows * 4,)
    assert traced.trace_count == 2
    with pytest.raises(SymbolicShapeError, match="cannot be reshaped to \\[-1\\] for every"):
        traced.get_concrete_function(tf.TensorSpec([None, 4]))
