"""Strings: what TensorFlow gives, eagerly and traced; what is refused; networks that read them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina import keras
from lamina.core.hashing import farmhash64, murmurhash64, siphash64
from tests.oracle.strings import CALLS, HASHES


@pytest.mark.parametrize("name", CALLS)
def test_gives_what_tensorflow_gives(name: str) -> None:
    call, expected = CALLS[name]
    found = call(tf).numpy()
    assert (found.tolist() if isinstance(found, np.ndarray) else found) == expected


@pytest.mark.parametrize("size", HASHES)
def test_hashes_have_the_bits_of_tensorflow(size: int) -> None:
    data = bytes((37 * i + 11 * size + 1) % 251 for i in range(size))
    found = farmhash64(data), siphash64(data, (1, 2)), murmurhash64(data)
    assert tuple(number % 2**62 for number in found) == HASHES[size]
    buckets = tf.strings.to_hash_bucket_fast([data], 7), HASHES[size][0] % 7
    if size:
        strong = tf.strings.to_hash_bucket_strong(data, 2**62, key=[1, 2])
        assert int(strong) == HASHES[size][1]
        assert int(tf.strings.to_hash_bucket_fast(data, 2**62)) == HASHES[size][0]
    assert buckets[0].dtype == tf.int64


@pytest.mark.parametrize(
    "value",
    [
        ["é", "b"],
        ("é", b"b"),
        np.array(["é", "b"]),
        np.array(["é", "b"], object),
        np.array(["é".encode(), b"b"]),
        np.array(["é", "b"], np.dtypes.StringDType()),
        [np.str_("é"), np.str_("b")],
        [tf.constant("é"), "b"],
    ],
)
def test_text_of_every_kind_becomes_bytes(value: Any) -> None:
    tensor = tf.constant(value)
    assert tensor.dtype == tf.string
    assert tensor.numpy().tolist() == ["é".encode(), b"b"]
    assert tensor.numpy().dtype == object


def test_the_dtype_is_known_by_its_names() -> None:
    for name in ("string", str, bytes, object, tf.string, np.dtype("U3"), np.dtype("S3")):
        assert tf.as_dtype(name) is tf.string
    assert tf.string == "string" and tf.string != "float32" and tf.float64 != None  # noqa: E711
    assert tf.string.as_numpy_dtype is np.object_ and tf.string.name == "string"
    assert repr(tf.constant(["a"])) == (
        "<tf.Tensor: shape=(1,), dtype=string, numpy=array([b'a'], dtype=object)>"
    )
    with pytest.raises(TypeError, match="no smallest or largest"):
        _ = tf.string.max


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tf.constant(["a", None]), "NoneType 'None' stands among them; fill missing"),
        (lambda: tf.constant(np.array(["a", np.nan], object)), "fill missing entries first"),
        (lambda: tf.constant(["a", 1]), "do not mix: int '1'"),
        (lambda: tf.constant(np.array(["a", [1]], object)), "strings and lists do not mix"),
        (lambda: tf.constant(["1"], tf.float32), "use tf.strings.to_number"),
        (lambda: tf.constant([1], tf.string), "use tf.strings.as_string"),
        (lambda: tf.cast(tf.constant("1"), tf.float32), "cannot cast to float32: got string"),
        (lambda: tf.constant("1") + 1, "strings and numbers do not go together"),
        (lambda: tf.constant("1") == 1.5, "strings and numbers do not go together"),
        (lambda: tf.ones((2,), tf.string), "no string 1"),
        (lambda: tf.reduce_sum(tf.constant(["a"])), "expects numbers; got string"),
        (lambda: tf.reduce_max(tf.constant(["a"])), "expects ordered values; got string"),
        (lambda: tf.cumsum(tf.constant(["a"])), "got string"),
        (lambda: tf.keras.ops.equal(tf.constant(["a"]), 1), "do not go together"),
        (lambda: tf.strings.lower([1]), "expects strings; got dtype int32"),
        (lambda: tf.strings.lower("a", encoding="latin-1"), "encoding is"),
        (lambda: tf.strings.length("a", unit="LINES"), "unit is one of"),
        (lambda: tf.strings.substr("abc", 4, 1), "out of range for the string b'abc'"),
        (lambda: tf.strings.to_number("x"), "b'x' is no such number"),
        (lambda: tf.strings.to_number("1_0"), "is no such number"),
        (lambda: tf.strings.to_number("3000000000", tf.int32), "is no such number"),
        (lambda: tf.strings.to_number("1", tf.uint8), "got uint8"),
        (lambda: tf.strings.as_string([1], precision=2), "are for floats"),
        (lambda: tf.strings.as_string([1.0], shortest=True, scientific=True), "cannot both"),
        (lambda: tf.strings.regex_full_match("a", "("), "is no regular expression"),
        (lambda: tf.strings.split(["a b", "a"]), "1 to 2 pieces make a ragged"),
        (lambda: tf.strings.format("{} {}", tf.constant(1)), "has 2 placeholders"),
        (lambda: tf.strings.join([]), "at least one tensor"),
        (lambda: tf.strings.to_hash_bucket("a", 0), "num_buckets is at least 1"),
        (lambda: tf.strings.ngrams, "models of text"),
        (lambda: tf.strings.uper, "Did you mean 'upper'"),
    ],
)
def test_what_makes_no_sense_is_refused(call: Any, message: str) -> None:
    with pytest.raises(tf.errors.OpError, match=message):
        call()


def test_strings_are_ordered_by_their_bytes() -> None:
    words = tf.constant(["b", "é", "a", "Z"])
    for call in (tf.sort, tf.function(tf.sort)):
        assert [word.decode() for word in call(words).numpy()] == ["Z", "a", "b", "é"]
    assert (words < "b").numpy().tolist() == [False, False, True, True]
    assert tf.keras.ops.equal(words, "a").numpy().tolist() == [False, False, True, False]


def test_variables_hold_strings() -> None:
    variable = tf.Variable(["a", "b"])
    variable.assign(["c", "d"])
    assert variable.numpy().tolist() == [b"c", b"d"] and "dtype=string" in repr(variable)


def test_a_sum_of_two_strings_is_a_string() -> None:
    add = tf.function(lambda a: a + "b")
    for found in (tf.constant("a") + "b", add(tf.constant("a"))):
        assert found.dtype == tf.string and found.numpy() == b"ab"


def test_a_trace_serves_strings_of_any_batch() -> None:
    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.string)])
    def lengths(words: Any) -> Any:
        joined = tf.strings.join([words[:, 0], words[:, 1]], separator=" ")
        return joined, 2.0 * tf.cast(tf.strings.length(joined), tf.float32)

    for rows in (1, 3):
        joined, doubled = lengths([["a", "bb"]] * rows)
        assert joined.numpy().tolist() == [b"a bb"] * rows
        assert doubled.numpy().tolist() == [8.0] * rows
    assert lengths.trace_count == 1
    assert "map_text" in lengths.show()


def test_a_network_reads_strings() -> None:
    words = keras.Input((1,), dtype="string", name="words")
    numbers = keras.Input((1,), name="numbers")
    size = tf.cast(tf.strings.length(words), tf.float32)
    joined = keras.layers.Dense(8, activation="relu")(size * numbers)
    model = keras.Model([words, numbers], keras.layers.Dense(1)(joined))
    model.compile("adam", "mse")
    text = np.array([["a"], ["bb"], ["ccc"]] * 20)
    data = [text, np.ones((60, 1))]
    target = np.tile([1.0, 2.0, 3.0], 20)
    history = model.fit(data, target, epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]
    found = model.predict(data, verbose=0)
    as_objects = [text.astype(object), data[1]]
    np.testing.assert_array_equal(model.predict(as_objects, verbose=0), found)
    np.testing.assert_allclose(model([tf.constant(text), data[1]]), found, rtol=1e-6)
    np.testing.assert_allclose(
        model.evaluate(data, target, verbose=0), np.mean((found[:, 0] - target) ** 2), rtol=1e-5
    )
    with pytest.raises(TypeError, match="expects float32 for its input 'numbers'; got string"):
        model.predict([text, text], verbose=0)
