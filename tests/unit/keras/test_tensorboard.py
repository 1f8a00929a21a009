"""What TensorBoard's own reader finds after a training."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lamina import keras
from lamina.core.errors import InvalidArgumentError, MissingPackageError
from lamina.core.events import CURRENT
from lamina.keras.callbacks import LambdaCallback, TensorBoard
from tests.unit.core.test_events import plugin, read, values

pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")

X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)


def fit(folder: Path, *others: Any, **options: Any) -> Any:
    """A model after two epochs of four batches, two batches of validation each."""
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(2, name="hidden"), keras.layers.Dense(1, name="out")]
    )
    model.compile(keras.optimizers.SGD(0.01), "mse", metrics=["mae"])
    callbacks = [TensorBoard(folder, **options), *others]
    split = {"validation_split": 0.2, "batch_size": 8, "epochs": 2, "verbose": 0}
    model.fit(X, X.sum(1), callbacks=callbacks, **split)
    return model


def numbers(found: Any, tag: str) -> dict[int, float]:
    return {step: float(value) for step, value in values(found, tag).items()}


def test_measures_of_epochs(tmp_path: Path) -> None:
    history = fit(tmp_path).history.history
    train, validation = read(tmp_path / "train"), read(tmp_path / "validation")
    tags = ["epoch_loss", "epoch_mae", "epoch_learning_rate"]
    assert train.Tags()["tensors"] == ["keras", *tags]
    for name in ("loss", "mae"):
        for found, key in ((train, name), (validation, f"val_{name}")):
            wanted = {step: np.float32(value) for step, value in enumerate(history[key])}
            assert numbers(found, f"epoch_{name}") == wanted
        steps = numbers(validation, f"evaluation_{name}_vs_iterations")
        assert list(steps) == [4, 8]
        assert list(steps.values()) == list(numbers(validation, f"epoch_{name}").values())
    assert numbers(train, "epoch_learning_rate") == {0: np.float32(0.01), 1: np.float32(0.01)}


def test_the_graph_of_layers(tmp_path: Path) -> None:
    model = fit(tmp_path)
    train = read(tmp_path / "train")
    assert plugin(train, "keras") == "graph_keras_model"
    assert json.loads(values(train, "keras")[0].item()) == json.loads(model.to_json())
    fit(tmp_path / "without", write_graph=False)
    assert "keras" not in read(tmp_path / "without" / "train").Tags()["tensors"]


def test_measures_of_batches(tmp_path: Path) -> None:
    seen = []
    note = LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(logs["loss"]))
    fit(tmp_path, note, update_freq=3, write_steps_per_second=True)
    train = read(tmp_path / "train")
    assert numbers(train, "batch_loss") == {3: np.float32(seen[2]), 6: np.float32(seen[5])}
    assert min(numbers(train, "batch_steps_per_second").values()) > 0
    assert list(numbers(train, "epoch_steps_per_second")) == [0, 1]
    assert not TensorBoard(tmp_path).hears_batches
    assert TensorBoard(tmp_path, update_freq="batch").update_freq == 1


def test_summaries_of_ones_own_go_to_the_same_file(tmp_path: Path) -> None:
    def write(batch: int, logs: Any) -> None:
        assert CURRENT.step == batch % 4 + 1 + (4 if CURRENT.step > 4 else 0)
        if CURRENT.is_recording():
            CURRENT.writer.scalar("own", batch, CURRENT.step)

    fit(tmp_path, LambdaCallback(on_train_batch_end=write), update_freq=2)
    assert numbers(read(tmp_path / "train"), "own") == {2: 1, 4: 3, 6: 1, 8: 3}
    assert CURRENT.writer is None


def test_weights(tmp_path: Path) -> None:
    model = fit(tmp_path, histogram_freq=1, write_images=True)
    train = read(tmp_path / "train")
    names = [f"{weight.path}/{kind}" for weight in model.weights for kind in ("histogram", "image")]
    names.remove(f"{model.name}/out/bias/image")  # one number makes no picture, in Keras neither
    assert set(names) <= set(train.Tags()["tensors"])
    edges = values(train, f"{model.name}/hidden/kernel/histogram")[1]
    kernel = model.layers[0].kernel.numpy()
    np.testing.assert_allclose([edges[0, 0], edges[-1, 1]], [kernel.min(), kernel.max()])
    assert edges[:, 2].sum() == 6
    assert values(train, f"{model.name}/hidden/kernel/image")[0][:2].tolist() == [b"3", b"2"]


def test_embeddings_are_files_for_the_projector(tmp_path: Path) -> None:
    class Rows(keras.layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.embeddings = self.add_weight(shape=(3, 2), name="embeddings")

        def call(self, inputs: Any) -> Any:
            return inputs @ self.embeddings

    model = keras.Sequential([keras.Input((3,)), Rows(name="rows"), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    options = {"embeddings_freq": 1, "write_graph": False}
    listener = TensorBoard(tmp_path, embeddings_metadata={"rows": "labels.tsv"}, **options)
    model.fit(X, X.sum(1), epochs=1, verbose=0, callbacks=[listener])
    assert (tmp_path / "projector_config.pbtxt").read_text("utf-8") == (
        'embeddings {\n  tensor_name: "rows"\n  tensor_path: "rows.tsv"\n'
        '  metadata_path: "labels.tsv"\n}\n'
    )
    np.testing.assert_allclose(np.loadtxt(tmp_path / "rows.tsv"), model.layers[0].embeddings)
    listener = TensorBoard(tmp_path, embeddings_metadata={"row": "labels.tsv"}, **options)
    with pytest.raises(InvalidArgumentError, match="names 'row'; the embeddings are rows"):
        listener.set_model(model)


def test_evaluation_alone_is_written(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    loss = model.evaluate(X, X.sum(1), verbose=0, callbacks=[TensorBoard(tmp_path)])
    found = read(tmp_path / "validation")
    assert numbers(found, "evaluation_loss_vs_iterations") == {0: np.float32(loss)}


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="profile_batch must be 0"):
        TensorBoard(tmp_path, profile_batch=(2, 4))
    with pytest.raises(InvalidArgumentError, match="update_freq is 'epoch', 'batch' or a positive"):
        TensorBoard(tmp_path, update_freq="step")


KILLED = """
import os, sys
import numpy as np
from lamina import keras

class Death(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 3:
            os._exit(9)  # nothing is closed, nothing is flushed

model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
written = keras.callbacks.TensorBoard(sys.argv[1], histogram_freq=1)
model.fit(np.ones((8, 3)), np.ones((8, 1)), epochs=9, verbose=0, callbacks=[written, Death()])
"""


def test_a_killed_training_leaves_its_whole_epochs(tmp_path: Path) -> None:
    died = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert died.returncode == 9
    found = read(tmp_path / "train")
    for tag in found.Tags()["tensors"]:
        assert tag == "keras" or list(values(found, tag)) == [0, 1, 2]


def test_a_training_that_goes_on_in_the_same_folder_is_one_line(tmp_path: Path) -> None:
    model = fit(tmp_path)
    options = {"initial_epoch": 2, "epochs": 5, "verbose": 0}
    model.fit(X, X.sum(1), callbacks=[TensorBoard(tmp_path)], **options)
    assert list(numbers(read(tmp_path / "train"), "epoch_loss")) == [0, 1, 2, 3, 4]


def test_the_graph_plugin_draws_the_layers(tmp_path: Path) -> None:
    keras_util = pytest.importorskip("tensorboard.plugins.graph.keras_util")
    inputs = keras.Input((3,), name="x")
    inner = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)], name="inner")
    joined = keras.layers.Concatenate(name="both")([inputs, inner(inputs)])
    model = keras.Model(inputs, keras.layers.Dense(1, name="out")(joined), name="net")
    TensorBoard(tmp_path).set_model(model)
    text = values(read(tmp_path / "train"), "keras")[0].item()
    graph = keras_util.keras_model_to_graph_def(json.loads(text))
    drawn = {node.name: list(node.input) for node in graph.node}
    assert drawn["net/out"] == ["net/both"] and "net/x" in drawn["net/both"]
    assert any(name.startswith("net/inner/") for name in drawn)


def test_without_the_package_training_does_not_begin(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard.summary.writer.record_writer", None)
    with pytest.raises(MissingPackageError, match=r"lamina\[tensorboard\]"):
        fit(tmp_path)
    assert not list(tmp_path.iterdir())


def test_after_an_error_summaries_go_where_they_went_before(tmp_path: Path) -> None:
    failing = LambdaCallback(on_epoch_end=lambda epoch, logs: 1 / 0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ZeroDivisionError):
        model.fit(
            np.ones((4, 2)), np.ones(4), verbose=0, callbacks=[failing, TensorBoard(tmp_path)]
        )
    assert CURRENT.writer is None
