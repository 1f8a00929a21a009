"""Models and weights in files: the same here and in Keras, both ways."""

from __future__ import annotations

import io
import json
import threading
import zipfile

import h5py
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lamina as tf
from lamina.core.errors import (
    ArgumentTypeError,
    DataLossError,
    FailedPreconditionError,
    InvalidArgumentError,
    UnimplementedError,
    UnknownNameError,
)

ours, theirs = tf.keras, keras
RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 4)).astype(np.float32)
Y = (X.sum(1, keepdims=True) > 0).astype(np.float32)


def own_classes(k):
    """The same classes of a user, on lamina or on Keras."""

    class Join(k.layers.Layer):
        def call(self, first, second):
            return first * 2 + second

    class Block(k.layers.Layer):
        def __init__(self, units=3, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.inner = k.layers.Dense(units)
            self.many = [k.layers.Dense(2), [k.layers.Dense(units)]]
            self.by_name = {"z": k.layers.Dense(2), "a": k.layers.Dense(3)}
            self._private = k.layers.Dense(units, use_bias=False)
            self.shift = self.add_weight(shape=(units,), name="shift", trainable=False)
            self.scale = self.add_weight(shape=(1,), initializer="ones", name="scale")

        def call(self, x):
            x = self.many[1][0](self.many[0](self.inner(x)))
            x = self._private(self.by_name["a"](self.by_name["z"](x)))
            return x * self.scale + self.shift

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    class Net(k.Model):
        def __init__(self, units=3, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.block = Block(units)
            self.top = k.layers.Dense(1)
            self._last = k.layers.Dense(1)
            self.alpha = k.Variable(2.0)
            self.drop = k.layers.Dropout(0.5)
            self.seen = k.metrics.Mean(name="seen")

        def call(self, x, training=None):
            return self._last(self.top(self.drop(self.block(x), training=training))) * self.alpha

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    return {"Join": Join, "Block": Block, "Net": Net}


OUR_CLASSES, THEIR_CLASSES = own_classes(ours), own_classes(theirs)
CLASSES = {ours: OUR_CLASSES, theirs: THEIR_CLASSES}


def sequential(k):
    model = k.Sequential(
        [
            k.Input((4,)),
            k.layers.Normalization(),
            k.layers.Dense(6, activation="relu", kernel_regularizer="l2", bias_initializer="ones"),
            k.layers.Dropout(0.4),
            k.layers.Flatten(),
            k.layers.Activation("tanh"),
            k.layers.Dense(1, activation="sigmoid", name="out"),
        ]
    )
    model.layers[0].adapt(X)
    model.compile("adam", "binary_crossentropy", metrics=["accuracy", "AUC"])
    model.fit(X, Y, epochs=2, verbose=0)
    return model


def scheduled(k):
    schedule = k.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    model = k.Sequential([k.layers.Dense(3, activation="gelu"), k.layers.Dense(1)])
    model.compile(
        k.optimizers.SGD(schedule, momentum=0.9, nesterov=True, clipnorm=1.0),
        k.losses.Huber(delta=0.5),
        metrics=[k.metrics.MeanAbsoluteError(name="distance"), "mse"],
    )
    model.fit(X, Y, batch_size=8, verbose=0)  # built by data, not by an Input
    return model


def functional(k):
    a, b = k.Input((4,), name="a"), k.Input((4,), name="b")
    shared = k.layers.Dense(4, activation="relu", name="shared")
    join = CLASSES[k]["Join"](name="join")
    inner = k.Sequential([k.Input((4,)), k.layers.Dense(2), k.layers.Dropout(0.1)], name="two")
    joined = join(shared(a), shared(k.layers.Dense(4)(b)))
    dropped = k.layers.Dropout(0.2)(joined, training=False)
    outputs = {"one": k.layers.Dense(1, name="one")(dropped), "two": inner(joined)}
    model = k.Model({"a": a, "b": b}, outputs)
    model.compile(
        k.optimizers.AdamW(1e-3, weight_decay=0.01, amsgrad=True),
        loss={"one": "mse", "two": k.losses.MeanAbsoluteError()},
        loss_weights={"one": 1.0, "two": 0.5},
        metrics={"one": ["mae"]},
    )
    model.fit({"a": X, "b": X[::-1]}, {"one": Y, "two": X[:, :2]}, verbose=0)
    return model


def subclassed(k):
    model = CLASSES[k]["Net"](3)
    model.compile("rmsprop", "mse")
    model.fit(X, Y, verbose=0)
    return model


def uncompiled(k):
    inputs = k.Input((4,))
    return k.Model(inputs, k.layers.Dense(2, activation="softmax", use_bias=False)(inputs))


BUILDERS = [sequential, scheduled, functional, subclassed, uncompiled]


def inputs_of(model):
    return {"a": X, "b": X[::-1]} if "two" in {x.name for x in model.layers} else X


def predictions(model):
    found = model.predict(inputs_of(model), verbose=0)
    return list(found.values()) if isinstance(found, dict) else [found]


def variables_of(model):
    optimizer = getattr(model, "optimizer", None)
    return [] if optimizer is None else optimizer.variables


def assert_same(first, second):
    """Predictions and the optimizer's state agree."""
    for a, b in zip(predictions(first), predictions(second), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6 * max(1, np.abs(a).max()))
    one, two = (variables_of(model) for model in (first, second))
    assert len(one) == len(two)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(np.array(a), np.array(b), atol=1e-6)


def load(k, path):
    return k.models.load_model(path, custom_objects=CLASSES[k])


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize("writer", [ours, theirs], ids=["ours", "theirs"])
@pytest.mark.parametrize("reader", [ours, theirs], ids=["ours", "theirs"])
def test_models_from_one_library_open_in_the_other(build, writer, reader, tmp_path):
    if writer is theirs is reader:
        pytest.skip("that is Keras's own business")
    model = build(writer)
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
    first, second = build(writer), build(reader)
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
        build(k).save(tmp_path / "model.keras")
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


def assert_same_predictions(first, second):
    for a, b in zip(predictions(first), predictions(second), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_a_model_that_was_never_trained_has_a_fresh_optimizer(tmp_path):
    for writer, reader in [(ours, ours), (ours, theirs), (theirs, ours)]:
        model = writer.Sequential([writer.Input((4,)), writer.layers.Dense(1)])
        model.compile(writer.optimizers.Adam(0.25), "mse")
        model.save(tmp_path / "model.keras")
        again = load(reader, tmp_path / "model.keras")
        assert float(again.optimizer.learning_rate) == 0.25
        assert len(again.optimizer.variables) == 2 + 2 * 2


def test_optimizer_state_of_another_optimizer_is_left_out_with_a_warning(tmp_path):
    model, other = sequential(ours), sequential(ours)
    model.save_weights(tmp_path / "a.weights.h5")
    other.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="'sgd.*' has 2 variables, its state in the file 10"):
        other.load_weights(tmp_path / "a.weights.h5")
    assert_same_predictions(model, other)
    assert int(other.optimizer.iterations) == 0


def test_without_compiling(tmp_path):
    model = sequential(ours)
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


# JSON, custom objects, clones ---------------------------------------------------------------------


@pytest.mark.parametrize("build", [sequential, functional, scheduled])
def test_json_there_and_back(build):
    model = build(ours)
    for k in (ours, theirs):
        again = k.models.model_from_json(model.to_json(indent=1), custom_objects=CLASSES[k])
        assert [w.shape for w in again.weights] == [tuple(w.shape) for w in model.weights]
        assert again.optimizer.name == model.optimizer.name
    there = build(theirs).to_json()
    back = ours.models.model_from_json(there, custom_objects=OUR_CLASSES)
    assert [tuple(w.shape) for w in back.weights] == [tuple(w.shape) for w in model.weights]


def test_json_that_is_none():
    with pytest.raises(DataLossError, match="the JSON is damaged"):
        ours.models.model_from_json("{")
    with pytest.raises(DataLossError, match="is a JSON object"):
        ours.models.model_from_json("[]")
    with pytest.raises(DataLossError, match="describes a Dense, not a model"):
        ours.models.model_from_json(
            json.dumps(ours.saving.serialize_keras_object(ours.layers.Dense(1)))
        )


def test_registered_classes_and_functions(tmp_path):
    @ours.saving.register_keras_serializable("shop", "twice")
    def double(x):
        return x * 2

    @ours.utils.register_keras_serializable(package="shop")
    class Wide(ours.layers.Dense):
        pass

    try:
        assert ours.saving.get_registered_name(Wide) == "shop>Wide"
        assert ours.saving.get_registered_object("shop>twice") is double
        assert ours.utils.get_custom_objects()["shop>Wide"] is Wide
        model = ours.Sequential([ours.Input((4,)), Wide(2, activation=double)])
        model.save(tmp_path / "model.keras")
        again = ours.models.load_model(tmp_path / "model.keras")
        assert type(again.layers[0]) is Wide
        assert again.layers[0].activation is double
        assert_same_predictions(model, again)
    finally:
        ours.utils.get_custom_objects().clear()
    with pytest.raises(UnknownNameError, match=r"model\.keras: the class of .* 'Wide'"):
        ours.models.load_model(tmp_path / "model.keras")


def test_a_class_without_configuration_is_not_registered():
    with pytest.raises(InvalidArgumentError, match=r"has no get_config\(\)"):
        ours.saving.register_keras_serializable()(type("Odd", (), {}))


def test_scopes_are_of_one_thread_and_nest():
    first, second = object(), object()
    seen = []
    with ours.saving.CustomObjectScope({"a": first}):
        with ours.utils.custom_object_scope({"a": second, "b": first}):
            assert ours.saving.get_registered_object("a") is second
            thread = threading.Thread(
                target=lambda: seen.append(ours.saving.get_registered_object("a"))
            )
            thread.start()
            thread.join()
        assert ours.saving.get_registered_object("a") is first
        assert ours.saving.get_registered_object("b") is None
    assert ours.saving.get_registered_object("a") is None
    assert seen == [None]


def test_functions_of_ones_own_in_losses_metrics_and_activations(tmp_path):
    def swish(x):
        return x * tf.nn.sigmoid(x)

    def distance(y_true, y_pred):
        return tf.reduce_mean(tf.abs(y_true - y_pred), axis=-1)

    model = ours.Sequential([ours.Input((4,)), ours.layers.Dense(1, activation=swish)])
    model.compile("adam", distance, metrics=[distance])
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "model.keras")
    objects = {"swish": swish, "distance": distance}
    again = ours.models.load_model(tmp_path / "model.keras", objects)
    assert again.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)
    with pytest.raises(UnknownNameError, match="the function 'distance' is not known"):
        ours.models.load_model(tmp_path / "model.keras")


def test_what_cannot_be_written_says_so(tmp_path):
    model = ours.Sequential([ours.Input((4,)), ours.layers.Dense(1, activation=lambda x: x)])
    with pytest.raises(ArgumentTypeError, match="no name to be found by"):
        model.save(tmp_path / "model.keras")
    inputs = ours.Input((4,))
    with pytest.raises(UnimplementedError, match="cannot be saved; put it into the call"):
        ours.Model(inputs, ours.layers.Dense(1)(inputs * 2)).save(tmp_path / "model.keras")

    class Hooked(ours.layers.Layer):
        def save_own_variables(self, store):
            store["0"] = 1

        def call(self, x):
            return x

    with pytest.raises(UnimplementedError, match=r"Hooked defines save_own_variables\(\)"):
        ours.Sequential([ours.Input((4,)), Hooked()]).save(tmp_path / "model.keras")
    assert not list(tmp_path.iterdir())


def test_objects_alone():
    optimizer = ours.optimizers.Adam(0.5, beta_1=0.8)
    config = ours.saving.serialize_keras_object({"all": [optimizer, None, 3]})
    again = ours.saving.deserialize_keras_object(config)
    assert again["all"][0].get_config() == optimizer.get_config()
    assert again["all"][1:] == [None, 3]
    array = ours.saving.serialize_keras_object(np.array([[1, 2]], np.int8))
    assert array == theirs.saving.serialize_keras_object(np.array([[1, 2]], np.int8))
    assert ours.saving.deserialize_keras_object(array).dtype == np.int8


@pytest.mark.parametrize("build", [sequential, functional, subclassed, uncompiled])
def test_clones_have_weights_of_their_own(build):
    model = build(ours)
    clone = ours.models.clone_model(model)
    if build is subclassed:
        clone.build((None, 4))
    assert type(clone) is type(model)
    assert not clone.compiled
    assert [w.shape for w in clone.weights] == [w.shape for w in model.weights]
    assert not {id(w) for w in clone.weights} & {id(w) for w in model.weights}
    assert any(
        not np.array_equal(a, b)
        for a, b in zip(clone.get_weights(), model.get_weights(), strict=True)
    )
    clone.set_weights(model.get_weights())
    assert_same_predictions(model, clone)
