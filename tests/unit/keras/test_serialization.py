"""What files may name: classes, functions, objects of users; models made from words alone."""

from __future__ import annotations

import functools
import json
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest

import lamina as tf
from lamina.core.errors import (
    ArgumentTypeError,
    DataLossError,
    InvalidArgumentError,
    UnimplementedError,
    UnknownNameError,
)
from tests.unit.keras.saved_models import (
    CLASSES,
    OUR_CLASSES,
    X,
    Y,
    assert_same_predictions,
    built,
    functional,
    ours,
    scheduled,
    sequential,
    subclassed,
    theirs,
    uncompiled,
)


@pytest.mark.parametrize("build", [sequential, functional, scheduled])
def test_json_there_and_back(build):
    model = built(build, ours)
    for k in (ours, theirs):
        again = k.models.model_from_json(model.to_json(indent=1), custom_objects=CLASSES[k])
        assert [w.shape for w in again.weights] == [tuple(w.shape) for w in model.weights]
        assert again.optimizer.name == model.optimizer.name
    there = built(build, theirs).to_json()
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
    with pytest.raises(UnknownNameError, match=r"model\.keras: the class 'Wide' of tests\."):
        ours.models.load_model(tmp_path / "model.keras")


def test_objects_given_by_plain_names_stand_for_registered_ones(tmp_path):
    @ours.saving.register_keras_serializable("shop", "thrice")
    def triple(x):
        return x * 3

    model = ours.Sequential([ours.Input((4,)), ours.layers.Dense(2, activation=triple)])
    model.save(tmp_path / "model.keras")
    ours.utils.get_custom_objects().clear()
    again = ours.models.load_model(tmp_path / "model.keras", custom_objects={"thrice": triple})
    assert again.layers[0].activation is triple
    with pytest.raises(UnknownNameError, match="the function 'shop>thrice' is not known"):
        ours.models.load_model(tmp_path / "model.keras")


BASES = {
    "constraint": (lambda k: k.constraints.MaxNorm, {"max_value": 3}),
    "dense": (lambda k: k.layers.Dense, {"units": 4, "activation": "relu"}),
    "initializer": (lambda k: k.initializers.Constant, {"value": 0.5}),
    "layer": (lambda k: k.layers.Layer, {}),
    "loss": (lambda k: k.losses.Loss, {}),
    "metric": (lambda k: k.metrics.Metric, {}),
    "model": (lambda k: k.Model, {}),
    "optimizer": (lambda k: k.optimizers.SGD, {"learning_rate": 0.5}),
    "regularizer": (lambda k: k.regularizers.L2, {"l2": 0.5}),
    "schedule": (
        lambda k: k.optimizers.schedules.ExponentialDecay,
        {"initial_learning_rate": 1.0, "decay_steps": 3, "decay_rate": 0.5},
    ),
}


@pytest.mark.parametrize(("base", "arguments"), BASES.values(), ids=BASES)
def test_a_configuration_of_ones_own_adds_to_that_of_the_base(base, arguments):
    def config(k):
        class Own(base(k)):
            def __init__(self, table):
                super().__init__(**arguments)
                self.table = table

            def get_config(self):
                return dict(table=type(self.table).__name__, **super().get_config())

        given = Own(object()).get_config()  # which no file can hold
        return {name: value for name, value in given.items() if name != "quantization_config"}

    expected = config(theirs)
    found = config(ours)
    assert sorted(found) == sorted(expected)
    assert {name: found[name] for name in arguments} == {n: expected[n] for n in arguments}


def test_a_class_without_configuration_is_not_registered():
    with pytest.raises(InvalidArgumentError, match=r"has no get_config\(\)"):
        ours.saving.register_keras_serializable()(type("Odd", (), {}))
    with pytest.raises(ArgumentTypeError, match="in parentheses"):
        ours.saving.register_keras_serializable(ours.layers.Dense)


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


def with_lambdas(factor):
    return ours.Sequential(
        [
            ours.Input((4,)),
            ours.layers.Dense(2, activation=lambda x: x * factor),
            ours.layers.Lambda(lambda x: x + 1.0),
        ]
    )


def test_lambdas_are_written_and_found_again_in_their_session(tmp_path, monkeypatch):
    for factor in (2.0, 3.0):  # two functions of one code
        model = with_lambdas(factor)
        model.compile("sgd", lambda y, p: tf.reduce_mean(abs(y - p)), metrics=[lambda y, p: y - p])
        assert list(model.fit(X, Y, verbose=0).history) == ["lambda", "loss"]
        model.save(tmp_path / f"{factor}.keras")
    expected = model.predict(X, verbose=0)
    again = {factor: ours.models.load_model(tmp_path / f"{factor}.keras") for factor in (2.0, 3.0)}
    assert np.array_equal(again[3.0].predict(X, verbose=0), expected)
    assert again[2.0].layers[0].activation(1.0) == 2.0
    assert again[3.0].evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)
    loaded = theirs.models.load_model(tmp_path / "3.0.keras", compile=False, safe_mode=False)
    np.testing.assert_allclose(loaded.predict(X, verbose=0), expected, rtol=1e-5, atol=1e-5)
    monkeypatch.setattr("lamina.keras.lambdas._WRITTEN", {})  # as in another session
    with pytest.raises(UnimplementedError, match="never runs code from a file"):
        ours.models.load_model(tmp_path / "3.0.keras")
    rebuilt = with_lambdas(3.0)
    rebuilt.load_weights(tmp_path / "3.0.keras")
    assert np.array_equal(rebuilt.predict(X, verbose=0), expected)


def test_lambdas_that_enclose_a_module_or_their_model_are_written(tmp_path):
    def built(k):
        model = k.Sequential([k.Input((4,)), k.layers.Dropout(np.float32(0.5)), k.layers.Dense(2)])
        model.compile("sgd", lambda y, p: k.ops.mean(abs(y - p)) + 0.0 * len(model.layers))
        return model

    model = built(ours)
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "model.keras")
    again = ours.models.load_model(tmp_path / "model.keras")
    assert again.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)
    loaded = theirs.models.load_model(tmp_path / "model.keras", compile=False)
    assert_same_predictions(model, loaded)


def test_what_cannot_be_written_says_so(tmp_path):
    nameless = functools.partial(tf.pow, y=2.0)
    model = ours.Sequential([ours.Input((4,)), ours.layers.Dense(1, activation=nameless)])
    with pytest.raises(ArgumentTypeError, match="no name to be found by"):
        model.save(tmp_path / "model.keras")
    inputs = ours.Input((4,))
    with pytest.raises(UnimplementedError, match="cannot be saved; put it into the call"):
        ours.Model(inputs, ours.layers.Dense(1)(tf.sin(inputs))).save(tmp_path / "model.keras")
    assert not list(tmp_path.iterdir())


class Hooked(ours.layers.Layer):
    """Keeps a number and a text that are no weights, as a layer in it may do."""

    number, text = 0.0, ""

    def __init__(self, inner=None, **kwargs):
        super().__init__(**kwargs)
        self.inner = inner

    def build(self, shape):
        self.scale = self.add_weight(shape=(), name="scale")
        if self.inner is not None and not self.inner.built:
            self.inner.build(shape)

    def save_own_variables(self, store):
        super().save_own_variables(store)
        store["number"] = self.number

    def load_own_variables(self, store):
        self.number = float(store.pop("number"))
        super().load_own_variables(store)

    def save_assets(self, dir_path):
        (Path(dir_path) / "words" / "of").mkdir(parents=True)
        (Path(dir_path) / "words" / "of" / "text.txt").write_text(self.text)

    def load_assets(self, dir_path):
        self.text = (Path(dir_path) / "words" / "of" / "text.txt").read_text()

    def call(self, x):
        return x * self.scale + self.number


def test_layers_may_keep_state_and_files_of_their_own(tmp_path):
    model = ours.Sequential([ours.Input((4,)), Hooked(Hooked()), ours.layers.Dense(1)])
    model.layers[0].number, model.layers[0].text = 2.5, "kept"
    model.layers[0].inner.text = "inside"
    model.layers[0].scale.assign(3.0)
    model.save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        assert archive.read("assets/layers/hooked/words/of/text.txt") == b"kept"
    objects = {"Hooked": Hooked}
    again = ours.models.load_model(tmp_path / "model.keras", custom_objects=objects)
    assert (again.layers[0].number, again.layers[0].text) == (2.5, "kept")
    assert again.layers[0].inner.text == "inside"
    np.testing.assert_array_equal(again.predict(np.ones((2, 4))), model.predict(np.ones((2, 4))))
    model.save_weights(tmp_path / "model.weights.h5")
    again.layers[0].number = 0.0
    again.load_weights(tmp_path / "model.weights.h5")
    assert again.layers[0].number == 2.5


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["/".join("a" * 1500)], "is no name of a file"),
        (["/twice"], "is no name of a file"),
        (["./here"], "is no name of a file"),
        (["both", "both/inside"], "'both/inside' of a layer cannot be written"),
        (["a" * 3000], "of a layer cannot be written"),
    ],
    ids=["deep", "empty", "dot", "file_and_folder", "long"],
)
def test_files_of_layers_lie_in_their_folder(names, message, tmp_path):
    lookup = ours.layers.StringLookup()
    lookup.adapt(np.array([["a"], ["b"]], object))
    model = ours.Sequential([ours.Input((1,), dtype="string"), lookup])
    model.save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras", "a") as archive:
        for name in names:
            archive.writestr(f"assets/layers/string_lookup/{name}", b"x")
    with pytest.raises(DataLossError, match=message):
        ours.models.load_model(tmp_path / "model.keras")


def test_objects_alone():
    optimizer = ours.optimizers.Adam(0.5, beta_1=0.8)
    config = ours.saving.serialize_keras_object({"all": [optimizer, None, 3]})
    again = ours.saving.deserialize_keras_object(config)
    assert again["all"][0].get_config() == optimizer.get_config()
    assert again["all"][1:] == [None, 3]
    array = ours.saving.serialize_keras_object(np.array([[1, 2]], np.int8))
    assert array == theirs.saving.serialize_keras_object(np.array([[1, 2]], np.int8))
    assert ours.saving.deserialize_keras_object(array).dtype == np.int8
    text = ours.saving.serialize_keras_object("ä".encode())
    assert text == theirs.saving.serialize_keras_object("ä".encode())
    assert ours.saving.deserialize_keras_object(text) == "ä".encode()


@pytest.mark.parametrize("build", [sequential, functional, subclassed, uncompiled])
def test_clones_have_weights_of_their_own(build):
    model = built(build, ours)
    clone = ours.models.clone_model(model)
    if build is subclassed:
        clone.build((None, 4))
    assert type(clone) is type(model)
    assert clone.compiled == model.compiled
    assert [w.shape for w in clone.weights] == [w.shape for w in model.weights]
    assert not {id(w) for w in clone.weights} & {id(w) for w in model.weights}
    assert any(
        not np.array_equal(a, b)
        for a, b in zip(clone.get_weights(), model.get_weights(), strict=True)
    )
    clone.set_weights(model.get_weights())
    assert_same_predictions(model, clone)


def test_classes_of_ones_own_may_be_given_to_from_config():
    class Twice(ours.layers.Layer):
        def call(self, inputs):
            return 2 * inputs

    inputs = ours.Input((3,))
    models = [ours.Model(inputs, Twice()(inputs)), ours.Sequential([ours.Input((3,)), Twice()])]
    for model in models:
        with pytest.raises(AttributeError, match=r"the class 'Twice' of .* is not known"):
            type(model).from_config(model.get_config())
        again = type(model).from_config(model.get_config(), custom_objects={"Twice": Twice})
        assert isinstance(again.layers[-1], Twice)
        assert isinstance(
            ours.Model.from_config(models[0].get_config(), {"Twice": Twice}), ours.Model
        )
