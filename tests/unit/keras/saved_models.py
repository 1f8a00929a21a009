"""Models of each kind, made of lamina or of Keras, and what it means that two are the same."""

from __future__ import annotations

import functools

import keras
import numpy as np

import lamina as tf

ours, theirs = tf.keras, keras
RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 4)).astype(np.float32)
Y = (X.sum(1, keepdims=True) > 0).astype(np.float32)
FIT = {"batch_size": 20, "verbose": 0}  # batches of one size, so that Keras compiles once


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
    model.fit(X, Y, epochs=2, **FIT)
    return model


def scheduled(k):
    schedule = k.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    model = k.Sequential([k.layers.Dense(3, activation="gelu"), k.layers.Dense(1)])
    model.compile(
        k.optimizers.SGD(schedule, momentum=0.9, nesterov=True, clipnorm=1.0),
        k.losses.Huber(delta=0.5),
        metrics=[k.metrics.MeanAbsoluteError(name="distance"), "mse"],
    )
    model.fit(X, Y, **FIT)  # built by data, not by an Input
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
    model.fit({"a": X, "b": X[::-1]}, {"one": Y, "two": X[:, :2]}, **FIT)
    return model


def subclassed(k):
    model = CLASSES[k]["Net"](3)
    model.compile("rmsprop", "mse")
    model.fit(X, Y, **FIT)
    return model


def uncompiled(k):
    inputs = k.Input((4,))
    return k.Model(inputs, k.layers.Dense(2, activation="softmax", use_bias=False)(inputs))


BUILDERS = [sequential, scheduled, functional, subclassed, uncompiled]


@functools.cache
def built(build, k):
    """A model that tests share: to be read, not to be changed."""
    k.utils.set_random_seed(1)  # so that rounding is the same in every run
    return build(k)


def another(build, k):
    """A model of the same kind with other weights, which tests may change."""
    model = built(build, k)
    with k.utils.custom_object_scope(CLASSES[k]):
        made = type(model).from_config(model.get_config())
    made(inputs_of(model))
    if compiled := model.get_compile_config():
        made.compile_from_config(compiled)
    return made


def inputs_of(model):
    return {"a": X, "b": X[::-1]} if "two" in {x.name for x in model.layers} else X


def predictions(model):
    found = model.predict(inputs_of(model), batch_size=len(X), verbose=0)
    return list(found.values()) if isinstance(found, dict) else [found]


def variables_of(model):
    optimizer = getattr(model, "optimizer", None)
    return [] if optimizer is None else optimizer.variables


def assert_same_predictions(first, second):
    """All outputs agree to float32's rounding."""
    for a, b in zip(predictions(first), predictions(second), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6 * max(1, np.abs(a).max()))


def assert_same(first, second):
    """Predictions and the optimizer's state agree."""
    assert_same_predictions(first, second)
    one, two = (variables_of(model) for model in (first, second))
    assert len(one) == len(two)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(np.array(a), np.array(b), atol=1e-6)


def load(k, path):
    return k.models.load_model(path, custom_objects=CLASSES[k])
