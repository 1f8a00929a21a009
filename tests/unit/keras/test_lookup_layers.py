"""Lookups: how they learn, what is refused, files, native code, and networks on mixed tables."""

from __future__ import annotations

import copy
import logging
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import lamina as tf
from lamina.backends.llvm.program import NativeProgram

LAYERS = tf.keras.layers
WORDS = ["red", "blue", "red", "green", "blue", "red"]
STREAMS: dict[str, Any] = {
    "list": lambda: WORDS,
    "array": lambda: np.array(WORDS),
    "objects": lambda: np.array(WORDS, object),
    "series": lambda: pd.Series(WORDS),
    "category": lambda: pd.Series(WORDS, dtype="category"),
    "polars": lambda: pl.Series(WORDS),
    "tensor": lambda: tf.constant(WORDS),
    "generator": lambda: (np.array(part) for part in (WORDS[:2], WORDS[2:])),
    "batches": lambda: tf.data.Dataset.from_tensor_slices(WORDS).batch(4),
    "single": lambda: tf.data.Dataset.from_tensor_slices(WORDS),
}


@pytest.mark.parametrize("stream", STREAMS)
def test_strings_are_learned_from_every_kind_of_data(stream: str) -> None:
    lookup = LAYERS.StringLookup()
    lookup.adapt(STREAMS[stream]())
    assert lookup.get_vocabulary() == ["[UNK]", "red", "blue", "green"]
    assert lookup.get_vocabulary(include_special_tokens=False) == ["red", "blue", "green"]
    assert lookup(["green", "pink"]).numpy().tolist() == [3, 0]


def test_steps_say_how_much_of_a_stream_counts() -> None:
    lookup = LAYERS.IntegerLookup()
    lookup.adapt(iter([np.array([1, 2]), np.array([2, 3]), np.array([4])]), steps=2)
    assert lookup.get_vocabulary() == [-1, 2, 3, 1]


def test_a_vocabulary_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes(b"red\r\nblue\n")
    for given in (path, str(path)):
        lookup = LAYERS.StringLookup(vocabulary=given, mask_token="")
        assert lookup.get_vocabulary() == ["", "[UNK]", "red", "blue"]
        assert lookup.get_config()["vocabulary"] is None
    numbers = tmp_path / "numbers.txt"
    numbers.write_text("12\n36")
    assert LAYERS.IntegerLookup(vocabulary=numbers)([36, 5]).numpy().tolist() == [2, 0]
    model = tf.keras.Sequential([tf.keras.Input((1,), dtype="string"), lookup])
    model.save(tmp_path / "model.keras")
    path.unlink()
    again = tf.keras.models.load_model(tmp_path / "model.keras")
    assert again.layers[0].get_vocabulary() == lookup.get_vocabulary()


def test_a_configuration_cannot_name_a_file_to_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("a\nb")
    config = LAYERS.StringLookup(vocabulary=["a"]).get_config()
    config["vocabulary"] = str(tmp_path / "secret")
    with pytest.raises(NotImplementedError, match="not read for safety"):
        LAYERS.StringLookup.from_config(config)


def test_a_layer_that_learns_anew_changes_programs_that_were_traced() -> None:
    lookup = LAYERS.IntegerLookup(vocabulary=[3, 4])
    model = tf.keras.Sequential([tf.keras.Input((1,), dtype="int64"), lookup])
    x = np.array([[3], [4], [5]])
    for _ in range(3):
        assert model.predict(x, verbose=0).ravel().tolist() == [1, 2, 0]
    lookup.set_vocabulary([5, 4])
    assert model.predict(x, verbose=0).ravel().tolist() == [0, 2, 1]


def test_layers_learn_after_a_model_is_written_down() -> None:
    inputs = tf.keras.Input((1,), dtype="string")
    lookup = LAYERS.StringLookup()
    model = tf.keras.Model(inputs, lookup(inputs))
    lookup.adapt(WORDS)
    assert model.predict(np.array([["blue"]]), verbose=0).tolist() == [[2]]


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count", "tf_idf"])
@pytest.mark.parametrize("mask", [None, 0])
def test_integers_are_looked_up_natively(
    mode: str, mask: Any, caplog: pytest.LogCaptureFixture
) -> None:
    lookup = LAYERS.IntegerLookup(output_mode=mode, mask_token=mask)
    table = np.random.default_rng(0).integers(0, 9, (60, 3))
    lookup.adapt(table[:40])
    inputs = tf.keras.Input((3,), dtype="int64")
    outputs = LAYERS.Dense(1)(LAYERS.Flatten()(LAYERS.Rescaling(0.1)(lookup(inputs))))
    model = tf.keras.Model(inputs, outputs)
    model.compile("sgd", "mse")
    with caplog.at_level(logging.WARNING, "lamina"):
        losses = model.fit(table, table.mean(1), epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0] and not caplog.records
    for function in model._training.programs.values():
        for program in function._traces.programs.values():
            assert isinstance(program._compiled(), NativeProgram)


def test_many_integers_are_looked_up_by_hash() -> None:
    tokens = list(range(0, 4000, 2))
    lookup = LAYERS.IntegerLookup(vocabulary=tokens, mask_token=1)
    x = np.array([[0, 1, 2, 3998, 3999]])
    assert lookup(x).numpy().tolist() == [[2, 0, 3, 2001, 1]]
    program = tf.function(lookup)
    assert program(x).numpy().tolist() == [[2, 0, 3, 2001, 1]]


def test_a_network_on_a_mixed_table_learns() -> None:
    rng = np.random.default_rng(0)
    colors = rng.choice(["red", "blue", "green"], 300)
    sizes = rng.integers(1, 4, 300)
    weights = rng.normal(50, 9, 300)
    target = (colors == "red") * 2.0 + (sizes == 2) - (weights > 50)
    table = pd.DataFrame({"color": colors, "size": sizes, "weight": weights})
    color = tf.keras.Input((1,), dtype="string", name="color")
    size = tf.keras.Input((1,), dtype="int64", name="size")
    weight = tf.keras.Input((1,), name="weight")
    by_color = LAYERS.StringLookup(output_mode="one_hot")
    by_size = LAYERS.IntegerLookup(output_mode="one_hot")
    bins = LAYERS.Discretization(num_bins=4, output_mode="one_hot")
    for layer, name in ((by_color, "color"), (by_size, "size"), (bins, "weight")):
        layer.adapt(table[name])
    crossed = LAYERS.HashedCrossing(20, output_mode="one_hot")((color, size))
    encoded = [by_color(color), by_size(size), bins(weight), crossed]
    model = tf.keras.Model(
        {"color": color, "size": size, "weight": weight},
        LAYERS.Dense(1)(LAYERS.Dense(16, activation="relu")(LAYERS.Concatenate()(encoded))),
    )
    model.compile(tf.keras.optimizers.Adam(0.02), "mse")
    losses = model.fit(dict(table), target, epochs=15, verbose=0).history["loss"]
    assert losses[-1] < 0.1 * losses[0]
    one = {"color": np.array([["red"]]), "size": np.array([[2]]), "weight": np.array([[40.0]])}
    assert abs(model.predict(one, verbose=0).item() - 3.0) < 0.7


BAD: list[tuple[Any, type[Exception], str]] = [
    (lambda k: k.StringLookup(max_tokens=1), ValueError, "greater than 1"),
    (lambda k: k.StringLookup(pad_to_max_tokens=True), ValueError, "needs max_tokens"),
    (lambda k: k.StringLookup(num_oov_indices=-1), ValueError, "not negative"),
    (lambda k: k.StringLookup(output_mode="hot"), ValueError, "output_mode of StringLookup"),
    (lambda k: k.StringLookup(invert=True, output_mode="count"), ValueError, "invert=True"),
    (lambda k: k.StringLookup(sparse=True), NotImplementedError, "sparse"),
    (lambda k: k.StringLookup(idf_weights=[1.0]), ValueError, "idf_weights are for"),
    (lambda k: k.StringLookup(vocabulary=["a"], output_mode="tf_idf"), ValueError, "needs idf"),
    (lambda k: k.StringLookup(vocabulary=[]), ValueError, "at least one token"),
    (lambda k: k.StringLookup(vocabulary=["a", "a"]), ValueError, r"repeated: \['a'\]"),
    (lambda k: k.StringLookup(vocabulary=["a", ""], mask_token=""), ValueError, "mask_token ''"),
    (lambda k: k.StringLookup(vocabulary=["a", "[UNK]"], invert=True), ValueError, "oov_token"),
    (lambda k: k.StringLookup(vocabulary=["a", "b"], max_tokens=2), ValueError, "3 entries"),
    (lambda k: k.StringLookup(vocabulary="/no/such/file"), ValueError, "cannot be read"),
    (lambda k: k.StringLookup(vocabulary=["a"]).adapt(["b"]), RuntimeError, "does not adapt"),
    (lambda k: k.StringLookup(output_mode="count")(["a"]), RuntimeError, "no vocabulary yet"),
    (lambda k: k.StringLookup()(["a"]), RuntimeError, "no vocabulary yet"),
    (lambda k: k.IntegerLookup()([1]), RuntimeError, "no vocabulary yet"),
    (lambda k: k.StringLookup(invert=True)([1]), RuntimeError, "no vocabulary yet"),
    (lambda k: k.StringLookup().adapt(np.zeros((0, 2), str)), ValueError, "at least one token"),
    (lambda k: k.StringLookup(vocabulary=["a"])([1]), TypeError, "IntegerLookup takes integers"),
    (lambda k: k.StringLookup(vocabulary=["a"], salt=[1, 2, 3]), ValueError, "salt of"),
    (
        lambda k: k.StringLookup(vocabulary=["a"], num_oov_indices=0)(["b"]),
        ValueError,
        "'b' is not",
    ),
    (lambda k: k.IntegerLookup(vocabulary=[1], salt=3), ValueError, "salt is for"),
    (lambda k: k.IntegerLookup(vocabulary=["a"]), TypeError, "takes integers"),
    (lambda k: k.IntegerLookup(vocabulary_dtype="int32"), ValueError, "are int64"),
    (lambda k: k.IntegerLookup(oov_method="best"), ValueError, "oov_method is"),
    (lambda k: k.Hashing(0), ValueError, "positive number"),
    (lambda k: k.Hashing(3, dtype="float32"), ValueError, "gives integers"),
    (lambda k: k.Hashing(3, output_mode="tf_idf"), ValueError, "output_mode of Hashing"),
    (lambda k: k.HashedCrossing(3)(["a"]), ValueError, "two or more inputs"),
    (lambda k: k.HashedCrossing(3)((["a"], ["b", "c"])), ValueError, "have one shape"),
    (lambda k: k.HashedCrossing(3)((["a"], [1.5])), ValueError, "integers and strings"),
    (lambda k: k.TextVectorization, AttributeError, "texts and sequences"),
]


@pytest.mark.parametrize("number", range(len(BAD)))
def test_what_makes_no_sense_is_refused(number: int) -> None:
    act, error, words = BAD[number]
    with pytest.raises(error, match=words):
        act(LAYERS)


def test_vectors_keep_the_size_of_their_vocabulary() -> None:
    lookup = LAYERS.StringLookup(output_mode="multi_hot")
    lookup.adapt(["a", "b"])
    with pytest.raises(RuntimeError, match="vectors of 3 numbers"):
        lookup.set_vocabulary(["a", "b", "c"])
    lookup.set_vocabulary(["c", "d"])
    assert lookup(["c"]).numpy().tolist() == [0, 1, 0]


def test_a_predictor_takes_strings() -> None:
    lookup = LAYERS.StringLookup(vocabulary=["red", "blue"], output_mode="one_hot")
    model = tf.keras.Sequential([tf.keras.Input((1,), dtype="string"), lookup, LAYERS.Dense(1)])
    x = np.array([["red"], ["pink"]])
    np.testing.assert_allclose(model.predictor()(x), model.predict(x, verbose=0), rtol=1e-6)


def test_copies_know_the_vocabulary() -> None:
    lookup = LAYERS.StringLookup(output_mode="tf_idf")
    lookup.adapt([["red", "blue"], ["red", "red"]])
    model = tf.keras.Sequential([tf.keras.Input((2,), dtype="string"), lookup, LAYERS.Dense(1)])
    x = np.array([["red", "pink"], ["blue", "red"]])
    wanted = model.predict(x, verbose=0)
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert copied.layers[0].get_vocabulary() == lookup.get_vocabulary()
        np.testing.assert_array_equal(copied.predict(x, verbose=0), wanted)
    again = pickle.loads(pickle.dumps(lookup))
    np.testing.assert_array_equal(again(x), lookup(x))


def test_clones_have_no_vocabulary_yet() -> None:
    lookup = LAYERS.StringLookup()
    lookup.adapt(WORDS)
    model = tf.keras.Sequential([tf.keras.Input((1,), dtype="string"), lookup])
    cloned = tf.keras.models.clone_model(model)
    with pytest.raises(tf.errors.FailedPreconditionError, match="no vocabulary yet"):
        cloned.predict(np.array([["red"]]), verbose=0)


def test_layers_have_the_names_of_older_versions() -> None:
    old = LAYERS.experimental.preprocessing
    assert all(getattr(old, name) is getattr(LAYERS, name) for name in old.__all__)
    with pytest.raises(AttributeError, match="became HashedCrossing"):
        _ = old.CategoryCrossing
    with pytest.raises(AttributeError, match="texts and sequences"):
        _ = old.TextVectorization


def test_a_token_with_a_line_break_cannot_be_saved(tmp_path: Path) -> None:
    lookup = LAYERS.StringLookup()
    lookup.adapt(["a\nb"])
    model = tf.keras.Sequential([tf.keras.Input((1,), dtype="string"), lookup])
    with pytest.raises(ValueError, match="has a line break"):
        model.save(tmp_path / "model.keras")
