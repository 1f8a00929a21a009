"""tf.lookup: tables from keys to values; IndexedSlices, which are some rows of a tensor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import lamina as tf
from lamina.core.errors import ArgumentTypeError, InvalidArgumentError, NotFoundError


def static(keys: Any, values: Any, default: Any) -> Any:
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), default)


@pytest.mark.parametrize(
    ("keys", "values", "default", "asked", "expected"),
    [
        (["a", "b"], [1, 2], -1, ["b", "?", "a"], [2, -1, 1]),
        ([5, 7], ["five", "seven"], "?", [[7, 6]], [[b"seven", b"?"]]),
        (["a"], [0.5], -1.0, [], []),
        ([[1, 2]], [[10, 20]], 0, 2, 20),
    ],
)
def test_a_static_table(keys: Any, values: Any, default: Any, asked: Any, expected: Any) -> None:
    table = static(keys, values, default)
    dtype = tf.constant(keys).dtype
    tensor = tf.constant(asked, dtype)
    assert table.lookup(tensor).numpy().tolist() == expected
    assert tf.function(table.lookup)(tensor).numpy().tolist() == expected
    assert table[tensor].dtype == tf.constant(values).dtype == table.value_dtype
    assert table.key_dtype == dtype
    exported = [part.numpy().tolist() for part in table.export()]
    flat = [tf.reshape(tf.constant(part), [-1]).numpy().tolist() for part in (keys, values)]
    assert exported == flat and int(table.size()) == len(flat[0])


def test_a_vocabulary_has_numbers_for_unknown_words() -> None:
    made = tf.lookup.KeyValueTensorInitializer(["a", "b"], tf.constant([0, 1], tf.int64))
    table = tf.lookup.StaticVocabularyTable(made, 3)
    assert table.lookup(tf.constant(["b", "x", "y"])).numpy().tolist() == [1, 4, 4]  # TensorFlow's
    assert int(table.size()) == 5
    empty = tf.lookup.StaticVocabularyTable(None, 5)
    assert empty.lookup(tf.constant(["b", "x", "y"])).numpy().tolist() == [2, 0, 0]
    with pytest.raises(InvalidArgumentError, match="each once"):
        tf.lookup.StaticVocabularyTable(tf.lookup.KeyValueTensorInitializer(["a"], [3]), 1)
    with pytest.raises(InvalidArgumentError, match="is positive"):
        tf.lookup.StaticVocabularyTable(None, 0)


def test_a_table_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("cat 10\ndog 20\nowl 30\n")
    index = tf.lookup.TextFileIndex
    made = tf.lookup.TextFileInitializer(path, tf.string, 0, tf.int64, 1, delimiter=" ")
    assert int(tf.lookup.StaticHashTable(made, -1)[tf.constant("owl")]) == 30
    lines = tf.lookup.TextFileInitializer(
        path, "string", index.WHOLE_LINE, "int64", index.LINE_NUMBER, vocab_size=2,
        value_index_offset=5,
    )  # fmt: skip
    table = tf.lookup.StaticHashTable(lines, -1)
    assert table[tf.constant(["dog 20", "owl 30"])].numpy().tolist() == [6, -1]
    with pytest.raises(NotFoundError, match="cannot read"):
        tf.lookup.TextFileInitializer(tmp_path / "absent", "string", 0, "int64", 1)
    with pytest.raises(InvalidArgumentError, match="has 3 lines; vocab_size=9"):
        tf.lookup.TextFileInitializer(path, "string", -2, "int64", -1, vocab_size=9)
    with pytest.raises(InvalidArgumentError, match=r"words\.txt: "):
        tf.lookup.TextFileInitializer(path, "string", 0, "int64", 7)


def test_tables_that_grow() -> None:
    table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    traced = tf.function(table.lookup)
    asked = tf.constant(["a", "b"])
    assert traced(asked).numpy().tolist() == [-1, -1]
    table.insert(["a", "b"], [1, 2])
    table.insert(["b"], [3])
    assert traced(asked).numpy().tolist() == table[asked].numpy().tolist() == [1, 3]
    table.remove(["a", "?"])
    assert table[asked].numpy().tolist() == [-1, 3] and int(table.size()) == 1
    dense = tf.lookup.experimental.DenseHashTable(tf.int64, tf.int64, -1, 0, -9)
    dense.insert([4], [5])
    assert int(dense[tf.constant(4, tf.int64)]) == 5
    with pytest.raises(InvalidArgumentError, match="are reserved"):
        dense.insert([0], [5])


def test_what_does_not_fit_is_named() -> None:
    with pytest.raises(ArgumentTypeError, match="keys are string; got int32"):
        static(["a"], [1], 0).lookup(tf.constant(1))
    with pytest.raises(InvalidArgumentError, match="equal shapes"):
        static(["a"], [1, 2], 0)
    with pytest.raises(InvalidArgumentError, match="has two values"):
        static(["a", "a"], [1, 2], 0)


# Rows ---------------------------------------------------------------------------------------------


def test_slices_are_a_tensor_where_one_is_wanted() -> None:
    rows = tf.IndexedSlices([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [2, 0, 2], [3, 2])
    expected = [[3, 4], [0, 0], [6, 8]]
    assert tf.convert_to_tensor(rows).numpy().tolist() == expected
    assert (-rows).shape == (3, 2) and float(tf.reduce_sum(-rows)) == -21
    assert rows.dtype == tf.float32 and rows.indices.numpy().tolist() == [2, 0, 2]
    assert "IndexedSlices(indices=" in repr(rows)
    x = tf.Variable(tf.zeros([3, 2]))
    tf.keras.optimizers.SGD(1.0).apply_gradients([(rows, x)])
    assert x.numpy().tolist() == [[-3, -4], [0, 0], [-6, -8]]
    bare = tf.IndexedSlices([[1.0]], [0])
    assert bare.shape.rank is None
    with pytest.raises(InvalidArgumentError, match="give it one"):
        tf.convert_to_tensor(bare)


def test_a_gradient_flows_through_slices() -> None:
    values = tf.Variable([[1.0], [2.0]])
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(tf.square(tf.IndexedSlices(values, [1, 1], [3, 1])))
    assert tape.gradient(total, values).numpy().tolist() == [[6.0], [6.0]]
