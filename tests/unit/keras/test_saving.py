"""Models and weights in files: the same here and in Keras, both ways."""

from __future__ import annotations

import io
import json
import zipfile

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamina.core.errors import FailedPreconditionError, InvalidArgumentError
from tests.unit.keras.saved_models import (
    BUILDERS,
    CLASSES,
    X,
    Y,
    another,
    assert_same,
    assert_same_predictions,
    built,
    load,
    ours,
    scheduled,
    sequential,
    theirs,
)


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize(
    ("writer", "reader"),
    [(ours, ours), (ours, theirs), (theirs, ours)],
    ids=["ours-ours", "ours-theirs", "theirs-ours"],
)
def test_models_from_one_library_open_in_the_other(build, writer, reader, tmp_path):
    model = built(build, writer)
    model.save(tmp_path / "model.keras")
    again = load(reader, tmp_path / "model.keras")
    assert_same(model, again)
    again.save(tmp_path / "again.keras")
    assert_same(model, load(writer, tmp_path / "again.keras"))


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize("writer", [ours, theirs], ids=["ours", "theirs"])
def test_weights_from_one_library_fit_models_of_the_other(build, writer, tmp_path):
    reader = theirs if writer is ours else ours
    path = tmp_path / "all.weights.h5"
    first, second = built(build, writer), another(build, reader)
    first.save_weights(path)
    second.load_weights(path)
    assert_same(first, second)


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def layout(content):
    found = {}
    with h5py.File(io.BytesIO(content)) as file:
        file.visititems(lambda name, item: found.update({name: getattr(item, "shape", None)}))
    return found


@pytest.mark.parametrize("build", BUILDERS)
def test_files_are_laid_out_as_keras_does(build, tmp_path):
    written = {}
    for k in (ours, theirs):
        built(build, k).save(tmp_path / "model.keras")
        written[k] = members(tmp_path / "model.keras")
    assert list(written[ours]) == list(written[theirs])
    weights = "model.weights.h5"
    assert layout(written[ours][weights]) == layout(written[theirs][weights])
    mine, other = (json.loads(written[k]["config.json"]) for k in (ours, theirs))
    for key in ("class_name", "registered_name"):
        assert mine[key] == other[key]
    if "layers" in mine["config"]:
        kinds = [[layer["class_name"] for layer in m["config"]["layers"]] for m in (mine, other)]
        assert kinds[0] == kinds[1]


def test_training_goes_on_where_it_stopped(tmp_path):
    model = scheduled(ours)
    model.save(tmp_path / "model.keras")
    again = load(ours, tmp_path / "model.keras")
    for either in (model, again):
        either.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    assert_same(model, again)


@st.composite
def networks(draw):
    """Layers to call (some again) and on what: pairs of indices of earlier results."""
    steps = draw(st.integers(1, 9))
    return [
        (
            draw(st.integers(0, 3)),
            draw(st.integers(0, number + 1)),
            draw(st.integers(0, number + 1)),
        )
        for number in range(steps)
    ]


@settings(max_examples=60)
@given(networks(), st.lists(st.integers(2, 10), min_size=1, max_size=3, unique=True))
def test_layers_of_functional_models_are_in_the_order_of_keras(steps, outputs):
    orders = []
    for k in (ours, theirs):
        known = [k.Input((4,), name="a"), k.Input((4,), name="b")]
        tied = [k.layers.Dense(4, name=f"tied{i}") for i in range(2)]
        for number, (kind, first, second) in enumerate(steps):
            if kind == 3:
                layer = CLASSES[k]["Join"](name=f"join{number}")
                known.append(layer(known[first], known[second]))
            else:
                layer = tied[kind] if kind < 2 else k.layers.Dense(4, name=f"own{number}")
                known.append(layer(known[first]))
        wanted = [known[min(index, len(known) - 1)] for index in outputs]
        model = k.Model(known[:2], wanted)
        orders.append([layer.name for layer in model.layers])
    assert orders[0] == orders[1]


# What is shared, frozen, changed ------------------------------------------------------------------


def test_a_layer_in_two_models_stays_one_layer(tmp_path):
    tied = ours.layers.Dense(4, name="tied")
    parts = [ours.Sequential([ours.Input((4,)), tied, ours.layers.Dense(2)]) for _ in range(2)]
    inputs = ours.Input((4,), name="a")
    model = ours.Model(inputs, [parts[0](inputs), parts[1](inputs)])
    model.save(tmp_path / "model.keras")
    for k in (ours, theirs):  # Keras cannot open what it writes of such a model itself
        again = load(k, tmp_path / "model.keras")
        first, second = (part.layers[0] for part in again.layers[1:])
        assert first is second
        assert len(again.weights) == len(model.weights) == 6
        for a, b in zip(model.predict(X, verbose=0), again.predict(X, verbose=0), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)


def test_a_layer_used_elsewhere_before(tmp_path):
    dense = ours.layers.Dense(2)
    for size in range(3):
        dense(ours.Input((4,), name=f"before{size}"))
    inputs = ours.Input((4,))
    model = ours.Model(inputs, dense(dense.__class__(4)(inputs)))
    model.save(tmp_path / "model.keras")
    assert_same(model, load(ours, tmp_path / "model.keras"))
    assert_same(model, load(theirs, tmp_path / "model.keras"))


def test_a_model_from_the_middle_of_another(tmp_path):
    inputs = ours.Input((4,))
    hidden = ours.layers.Dense(3, activation="relu")(inputs)
    whole = ours.Model(inputs, ours.layers.Dense(2)(ours.layers.Dropout(0.5)(hidden)))
    front, back = ours.Model(inputs, hidden), ours.Model(hidden, whole.output)
    assert back.weights == whole.weights[2:]
    np.testing.assert_array_equal(back(front(X)), whole(X))
    back.save(tmp_path / "model.keras")
    for k in (ours, theirs):
        again = load(k, tmp_path / "model.keras")
        np.testing.assert_allclose(again(np.array(front(X))), whole(X), atol=1e-6)


def test_frozen_layers_and_weights(tmp_path):
    model = sequential(ours)
    model.layers[1].trainable = False
    model.layers[-1].kernel.trainable = False  # its place among the weights stays
    model.compile("sgd", "mse")
    model.save(tmp_path / "model.keras")
    for k in (ours, theirs):
        again = load(k, tmp_path / "model.keras")
        assert not again.layers[1].trainable
        assert_same_predictions(model, again)


def test_a_model_that_was_never_trained_has_a_fresh_optimizer(tmp_path):
    for writer, reader in [(ours, ours), (ours, theirs), (theirs, ours)]:
        model = writer.Sequential([writer.Input((4,)), writer.layers.Dense(1)])
        model.compile(writer.optimizers.Adam(0.25), "mse")
        model.save(tmp_path / "model.keras")
        again = load(reader, tmp_path / "model.keras")
        assert float(again.optimizer.learning_rate) == 0.25
        assert len(again.optimizer.variables) == 2 + 2 * 2


def test_optimizer_state_of_another_optimizer_is_left_out_with_a_warning(tmp_path):
    model, other = built(sequential, ours), sequential(ours)
    model.save_weights(tmp_path / "a.weights.h5")
    other.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="'sgd.*' has 2 variables, its state in the file 10"):
        other.load_weights(tmp_path / "a.weights.h5")
    assert_same_predictions(model, other)
    assert int(other.optimizer.iterations) == 0


def test_nadam_as_keras_wrote_it_up_to_3_8(tmp_path):
    """Its product came before what it remembers of each variable."""
    path = tmp_path / "a.weights.h5"
    layers = ours.layers
    model, other = (
        ours.Sequential([ours.Input((4,)), layers.Dense(3), layers.Dense(1)]) for _ in range(2)
    )
    for each in (model, other):
        each.compile(ours.optimizers.Nadam(0.01), "mse", run_eagerly=True)
        each.optimizer.build(each.trainable_weights)
    x, y = X, np.ones((len(X), 1), "float32")
    model.train_on_batch(x, y)
    model.save_weights(path)
    with h5py.File(path, "r+") as file:
        group = file["optimizer/vars"]
        names = sorted(group, key=int)
        for old in names[2:]:
            group.move(old, f"former_{old}")
        for new, old in zip(names[2:], [names[-1], *names[2:-1]], strict=True):
            group.move(f"former_{old}", new)
    other.load_weights(path)
    for each in (model, other):
        each.train_on_batch(x, y)
    for first, second in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_only_a_built_optimizer_takes_its_state_with_the_weights(tmp_path):
    path = tmp_path / "a.weights.h5"
    for k in (ours, theirs):
        model, other = built(sequential, k), sequential(k)
        model.save_weights(path)
        other.compile(k.optimizers.Adam(0.5), "mse")
        match = "before load_weights" if k is ours else "Skipping variable loading"
        with pytest.warns(UserWarning, match=match):
            other.load_weights(path)
        assert int(np.asarray(other.optimizer.iterations)) == 0
        assert float(np.asarray(other.optimizer.learning_rate)) == 0.5
        other.optimizer.build(other.trainable_variables)
        other.load_weights(path)
        assert int(np.asarray(other.optimizer.iterations)) > 0


def test_without_compiling(tmp_path):
    model = built(sequential, ours)
    model.save(tmp_path / "model.keras")
    again = ours.models.load_model(tmp_path / "model.keras", compile=False)
    assert again.optimizer is None
    assert not again.compiled
    assert_same_predictions(model, again)


def test_a_compile_method_of_ones_own_is_not_called(tmp_path):
    class Mine(ours.Model):
        def __init__(self):
            super().__init__()
            self.top = ours.layers.Dense(1)

        def call(self, x):
            return self.top(x)

        def compile(self, temperature):
            super().compile("sgd", "mse")
            self.temperature = temperature

    model = Mine()
    model.compile(2.0)
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "model.keras")
    with pytest.warns(UserWarning, match=r"Mine has a compile\(\) of its own"):
        again = ours.models.load_model(tmp_path / "model.keras", {"Mine": Mine})
    assert_same_predictions(model, again)


def test_a_model_without_weights_is_saved_with_a_warning(tmp_path):
    model = ours.Sequential([ours.layers.Dense(2)])
    with pytest.warns(UserWarning, match="'sequential.*' is saved without weights"):
        model.save(tmp_path / "model.keras")
    for k in (ours, theirs):
        again = load(k, tmp_path / "model.keras")
        assert not again.built
        assert again.predict(X, verbose=0).shape == (40, 2)
    with pytest.raises(FailedPreconditionError, match="has no weights yet that could be saved"):
        model.save_weights(tmp_path / "model.weights.h5")
    with pytest.raises(FailedPreconditionError, match="has no weights yet that could be loaded"):
        model.load_weights(tmp_path / "model.weights.h5")


# Weights that do not fit --------------------------------------------------------------------------


def dense(*sizes):
    stack = [ours.Input((4,)), *(ours.layers.Dense(size) for size in sizes)]
    return ours.Sequential(stack)


def test_weights_of_another_shape_change_nothing(tmp_path):
    dense(3, 2).save_weights(tmp_path / "a.weights.h5")
    model = dense(3, 5)
    before = model.get_weights()
    with pytest.raises(InvalidArgumentError, match=r"layers/dense_1/vars/0 has shape \(3, 2\)"):
        model.load_weights(tmp_path / "a.weights.h5")
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_layers_that_do_not_fit_can_be_skipped(tmp_path):
    source = dense(3, 2)
    source.save_weights(tmp_path / "a.weights.h5")
    model = dense(3, 5)
    before = model.get_weights()
    with pytest.warns(UserWarning, match=r"layers/dense_1/vars/0 has shape \(3, 2\)"):
        model.load_weights(tmp_path / "a.weights.h5", skip_mismatch=True)
    np.testing.assert_array_equal(model.get_weights()[0], source.get_weights()[0])
    np.testing.assert_array_equal(model.get_weights()[2], before[2])


def test_too_few_layers_in_the_file(tmp_path):
    dense(3).save_weights(tmp_path / "a.weights.h5")
    with pytest.raises(InvalidArgumentError, match=r"'dense.*' has 2 weights, the file has 0"):
        dense(3, 2).load_weights(tmp_path / "a.weights.h5")


def test_weights_out_of_a_whole_model(tmp_path):
    model, other = dense(3, 2), dense(3, 2)
    model.save(tmp_path / "model.keras")
    other.load_weights(tmp_path / "model.keras")
    assert_same_predictions(model, other)


def test_other_dtypes(tmp_path):
    wide = ours.Sequential([ours.Input((4,)), ours.layers.Dense(2, dtype="float64")])
    wide.save_weights(tmp_path / "a.weights.h5")
    narrow = dense(2)
    narrow.load_weights(tmp_path / "a.weights.h5")
    np.testing.assert_allclose(narrow.get_weights()[0], wide.get_weights()[0], rtol=1e-7)
    wide.save(tmp_path / "model.keras")
    again = load(ours, tmp_path / "model.keras")
    assert again.get_weights()[0].dtype == np.float64


def test_the_optimizer_of_a_model_that_compiles_itself_goes_on(tmp_path):
    @ours.saving.register_keras_serializable("tests")
    class Own(ours.Model):
        def __init__(self, **options):
            super().__init__(**options)
            self.dense = ours.layers.Dense(1)

        def call(self, inputs):
            return self.dense(inputs)

        def get_compile_config(self):
            return {"rate": float(self.optimizer.learning_rate)}

        def compile_from_config(self, config):
            self.compile(ours.optimizers.Adam(config["rate"]), "mse")

    model = Own()
    model.compile(ours.optimizers.Adam(0.5), "mse")
    model.fit(np.ones((4, 2)), np.ones(4), epochs=3, verbose=0)
    model.save(tmp_path / "own.keras")
    again = ours.models.load_model(tmp_path / "own.keras")
    assert int(again.optimizer.iterations) == 3 and float(again.optimizer.learning_rate) == 0.5
