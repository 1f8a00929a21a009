"""tf.compat: texts and bytes, and what is left of TensorFlow 1."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

import lamina as tf
from lamina.core.errors import ArgumentTypeError, UnimplementedError


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (tf.compat.as_text(b"caf\xc3\xa9"), "café"),
        (tf.compat.as_str("x"), "x"),
        (tf.compat.as_bytes("é"), b"\xc3\xa9"),
        (tf.compat.as_bytes(bytearray(b"x")), b"x"),
        (tf.compat.as_str_any(3), "3"),
        (tf.compat.as_str_any(b"x"), "x"),
        (tf.compat.path_to_str(Path("a")), "a"),
        (tf.compat.path_to_str(3), 3),
        (tf.compat.path_to_bytes(Path("a")), b"a"),
    ],
)
def test_texts_and_bytes(found: Any, expected: Any) -> None:
    assert found == expected and type(found) is type(expected)


def test_what_is_no_text_is_named() -> None:
    with pytest.raises(ArgumentTypeError, match="got 3"):
        tf.compat.as_text(3)


def test_names_of_tensorflow_2_are_under_v2() -> None:
    assert tf.compat.v2 is tf
    with tf.install_as("tensorflow"):
        names: dict[str, Any] = {}
        exec("import tensorflow.compat.v2 as t; from tensorflow.compat import v1", names)
    assert names["t"].constant is tf.constant


def test_what_is_left_of_tensorflow_1(caplog: pytest.LogCaptureFixture) -> None:
    tf.compat.v1.enable_eager_execution()
    tf.compat.v1.enable_v2_behavior()
    tf.compat.v1.set_random_seed(3)
    first = float(tf.random.normal([]))
    tf.random.set_seed(3)
    assert float(tf.random.normal([])) == first
    log = tf.compat.v1.logging
    before = tf.get_logger().level
    try:
        log.set_verbosity(log.ERROR)
        assert log.get_verbosity() == logging.ERROR
        log.info("not %s", "seen")
        log.error("was %s", "seen")
    finally:
        tf.get_logger().setLevel(before)
    assert [record.message for record in caplog.records] == ["was seen"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Session", "tf.function"),
        ("matmul", "tf.matmul is there"),
        ("unheard_of", "write TensorFlow 2 code"),
    ],
)
def test_other_names_tell_what_to_do(name: str, message: str) -> None:
    with pytest.raises(AttributeError, match=rf"compat.v1.{name}: .*{message}"):
        getattr(tf.compat.v1, name)


@pytest.mark.parametrize("name", ["disable_eager_execution", "disable_v2_behavior"])
def test_graphs_do_not_come_back(name: str) -> None:
    with pytest.raises(UnimplementedError, match="ended with TensorFlow 1"):
        getattr(tf.compat.v1, name)()


def test_initializers_have_their_names_of_tensorflow() -> None:
    made = tf.random_normal_initializer(mean=3.0, stddev=0.0)
    assert made([2]).numpy().tolist() == [3.0, 3.0]
    assert tf.zeros_initializer is tf.initializers.Zeros
    assert "ones_initializer" in dir(tf)
