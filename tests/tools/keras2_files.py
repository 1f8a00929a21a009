"""Write the files of tests/data/keras2 with Keras 2, and what its models do next.

Run it where TensorFlow and tf_keras are installed: `python tests/tools/keras2_files.py`. Each
model is trained for two steps and saved; `expected.npz` has its predictions, and its weights after
one more step.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tf_keras as keras  # type: ignore[import-not-found]

FOLDER = Path(__file__).parent.parent / "data" / "keras2"
RNG = np.random.default_rng(0)
X = RNG.normal(size=(8, 3)).astype(np.float32)
P = RNG.normal(size=(8, 1)).astype(np.float32)
Q = np.eye(2, dtype=np.float32)[RNG.integers(0, 2, 8)]
LEGACY = keras.optimizers.legacy


class Scale(keras.layers.Layer):  # type: ignore[misc]
    """A class of a user."""

    def __init__(self, start: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self.start = start

    def build(self, shape: Any) -> None:
        self.factor = self.add_weight(
            "factor", shape=(shape[-1],), initializer=keras.initializers.Constant(self.start)
        )

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "start": self.start}


def sequential(optimizer: Any, **options: Any) -> Any:
    """Layers one after the other, without an Input."""
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Dense(4, "relu", input_shape=(3,), kernel_regularizer="l2", name="first"),
            layers.BatchNormalization(name="norm"),
            layers.Dropout(0.0, name="drop"),
            layers.LeakyReLU(alpha=0.2, name="leaky"),
            layers.Dense(1, kernel_constraint="max_norm", name="last"),
        ],
        name="sequential",
    )
    model.compile(optimizer, keras.losses.Huber(0.5), metrics=["mae", "mse"], **options)
    return model


def functional() -> Any:
    """Shared and nested layers, two inputs and outputs, operators."""
    layers = keras.layers
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    shared = layers.Dense(4, activation="tanh", name="shared")
    inner = keras.Sequential([layers.Dense(2, input_shape=(4,), name="deep")], name="inner")
    joined = layers.Concatenate(name="joined")([shared(a), shared(b)])
    summed = layers.Add(name="summed")([shared(a), layers.Dense(4, name="own")(joined)])
    p = layers.Dense(1, name="p")(summed)
    q = layers.Softmax(name="q")(inner(summed))
    model = keras.Model([a, b], [p, q], name="functional")
    model.compile(
        keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
        loss={"p": "mse", "q": "categorical_crossentropy"},
        loss_weights={"p": 1.0, "q": 0.5},
        metrics={"q": ["accuracy"]},
    )
    return model


def custom() -> Any:
    """A layer of a user, and a schedule."""
    model = keras.Sequential([Scale(0.5, input_shape=(3,), name="scale"), keras.layers.Dense(1)])
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    model.compile(keras.optimizers.RMSprop(schedule, momentum=0.5), "mse")
    return model


def single(optimizer: Any) -> Any:
    """One layer, for what an optimizer keeps; Keras 2 counts steps of Nadam well only eagerly."""
    model = keras.Sequential([keras.layers.Dense(1, input_shape=(3,))])
    model.compile(optimizer, "mse", run_eagerly=True)
    return model


OPTIMIZERS = {
    "adafactor": lambda: keras.optimizers.Adafactor(0.1),
    "averages": lambda: keras.optimizers.Adam(0.1, use_ema=True, ema_overwrite_frequency=3),
    "nadam": lambda: keras.optimizers.Nadam(0.1),
    "sgd": lambda: keras.optimizers.SGD(
        keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5, staircase=True)
    ),
}
MODELS: dict[str, tuple[Any, Any, Any]] = {
    "sequential": (lambda: sequential(keras.optimizers.Adam(0.01)), X, P),
    "legacy_adam": (lambda: sequential(LEGACY.Adam(0.01, amsgrad=True)), X, P),
    "legacy_sgd": (lambda: sequential(LEGACY.SGD(0.01, momentum=0.9, decay=0.1)), X, P),
    "functional": (functional, [X, X[::-1]], [P, Q]),
    "custom": (custom, X, P),
    **{name: (lambda make=make: single(make()), X, P) for name, make in OPTIMIZERS.items()},
}


def main() -> None:
    """Write all files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    known: dict[str, Any] = {"X": X, "P": P, "Q": Q}
    for name, (build, x, y) in MODELS.items():
        keras.utils.set_random_seed(1)
        model = build()
        for _ in range(2):
            model.train_on_batch(x, y)
        model.save(FOLDER / f"{name}.h5", save_format="h5")
        if name in ("sequential", "functional", *OPTIMIZERS):
            model.save(FOLDER / f"{name}.keras")
        if name in ("sequential", "functional"):
            model.save_weights(FOLDER / f"{name}_weights.h5")
        found = model.predict(x, verbose=0)
        for number, array in enumerate(found if isinstance(found, list) else [found]):
            known[f"{name}/prediction/{number}"] = array
        model.train_on_batch(x, y)
        for number, array in enumerate(model.get_weights()):
            known[f"{name}/weight/{number}"] = array
    np.savez_compressed(FOLDER / "expected.npz", **known)


if __name__ == "__main__":
    main()
