"""Networks on tables of numbers and words, as TensorFlow's and Keras's guides write them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lamina as tf
from lamina import keras
from lamina.keras import layers
from lamina.keras.utils import FeatureSpace


@pytest.fixture(scope="module")
def pets() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = 600
    frame = pd.DataFrame(
        {
            "Type": rng.choice(["Cat", "Dog"], rows),
            "Age": rng.integers(0, 60, rows),
            "Breed": rng.choice(["Tabby", "Mix", "Terrier", "Persian"], rows),
            "Health": rng.choice(["Healthy", "Minor", "Serious"], rows),
            "Fee": rng.uniform(0, 300, rows),
            "Photos": rng.integers(0, 8, rows),
        }
    )
    frame["target"] = ((frame.Type == "Cat") & (frame.Fee < 200) | (frame.Age < 10)).astype(int)
    return frame


def _dataset(frame: pd.DataFrame, batch_size: int = 32) -> Any:
    columns = frame.copy()
    labels = columns.pop("target")
    given = {key: value.to_numpy()[:, tf.newaxis] for key, value in columns.items()}
    dataset = tf.data.Dataset.from_tensor_slices((given, labels))
    return dataset.shuffle(buffer_size=len(frame)).batch(batch_size).prefetch(batch_size)


def test_preprocessing_layers_inside_of_a_model(pets: pd.DataFrame, tmp_path: Path) -> None:
    train, validation = _dataset(pets.iloc[:500]), _dataset(pets.iloc[500:])

    def normalization(name: str) -> Any:
        layer = layers.Normalization(axis=None)
        layer.adapt(train.map(lambda x, y: x[name]))
        return layer

    def categories(name: str, dtype: str) -> Any:
        lookup = layers.StringLookup if dtype == "string" else layers.IntegerLookup
        index = lookup(max_tokens=5)
        index.adapt(train.map(lambda x, y: x[name]))
        encoder = layers.CategoryEncoding(num_tokens=index.vocabulary_size())
        return lambda feature: encoder(index(feature))

    inputs, encoded = {}, []
    for name, dtype in {"Photos": "float32", "Fee": "float32", "Age": "int64"}.items():
        inputs[name] = keras.Input(shape=(1,), name=name, dtype=dtype)
        layer = normalization(name) if dtype == "float32" else categories(name, dtype)
        encoded.append(layer(inputs[name]))
    for name in ("Type", "Breed", "Health"):
        inputs[name] = keras.Input(shape=(1,), name=name, dtype="string")
        encoded.append(categories(name, "string")(inputs[name]))
    x = layers.Dense(32, activation="relu")(layers.concatenate(encoded))
    model = keras.Model(inputs, layers.Dense(1)(layers.Dropout(0.1)(x)))
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss=loss, metrics=["accuracy"])
    model.fit(train, epochs=12, validation_data=validation, verbose=0)
    assert model.evaluate(validation, return_dict=True, verbose=0)["accuracy"] > 0.85

    model.save(tmp_path / "pets.keras")
    again = keras.models.load_model(tmp_path / "pets.keras")
    sample = {"Type": "Cat", "Age": 3, "Breed": "Tabby", "Health": "Healthy", "Fee": 9.0}
    sample["Photos"] = 2
    row = {name: tf.convert_to_tensor([value]) for name, value in sample.items()}
    probability = tf.nn.sigmoid(again.predict(row, verbose=0)[0])
    assert float(probability) > 0.5
    np.testing.assert_allclose(again.predict(row, verbose=0), model.predict(row, verbose=0))


def test_a_feature_space_before_a_model(pets: pd.DataFrame, tmp_path: Path) -> None:
    train = _dataset(pets)
    space = FeatureSpace(
        features={
            "Type": FeatureSpace.string_categorical(num_oov_indices=0),
            "Health": "string_categorical",
            "Age": FeatureSpace.float_discretized(num_bins=8),
            "Fee": "float_normalized",
            "Photos": FeatureSpace.integer_categorical(num_oov_indices=0),
        },
        crosses=[FeatureSpace.cross(("Type", "Age"), crossing_dim=32)],
        output_mode="concat",
    )
    space.adapt(train.map(lambda x, _: x))
    encoded = train.map(lambda x, y: (space(x), y), num_parallel_calls=tf.data.AUTOTUNE)
    features = space.get_encoded_features()
    hidden = layers.Dropout(0.1)(layers.Dense(32, activation="relu")(features))
    predictions = layers.Dense(1, activation="sigmoid")(hidden)
    training = keras.Model(inputs=features, outputs=predictions)
    training.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    history = training.fit(encoded.prefetch(tf.data.AUTOTUNE), epochs=15, verbose=0).history
    assert history["accuracy"][-1] > 0.85

    inference = keras.Model(inputs=space.get_inputs(), outputs=predictions)
    columns = dict(pets.drop(columns="target"))
    found = inference.predict(columns, verbose=0)
    assert ((found[:, 0] > 0.5) == pets.target).mean() > 0.85
    space.save(tmp_path / "space.keras")
    again = keras.saving.load_model(tmp_path / "space.keras")
    np.testing.assert_allclose(training.predict(again(columns), verbose=0), found, atol=1e-6)


def test_wide_and_deep_networks_from_a_file(pets: pd.DataFrame, tmp_path: Path) -> None:
    pets.to_csv(tmp_path / "pets.csv", index=False)
    numbers, words = ["Age", "Fee", "Photos"], ["Type", "Breed", "Health"]
    defaults = [[0.0] if name in numbers else ["NA"] for name in pets.columns[:-1]]
    train = tf.data.experimental.make_csv_dataset(
        str(tmp_path / "pets.csv"),
        batch_size=64,
        column_names=list(pets.columns),
        column_defaults=[*defaults, [0]],
        label_name="target",
        num_epochs=1,
        header=True,
        shuffle=True,
    ).cache()

    def encoded(inputs: Any, *, embedded: bool) -> Any:
        found = []
        for name, value in inputs.items():
            if name in words:
                vocabulary = list(pets[name].unique())
                mode = "int" if embedded else "binary"
                lookup = layers.StringLookup(
                    vocabulary=vocabulary, num_oov_indices=0, output_mode=mode
                )
                if embedded:
                    size = int(math.sqrt(len(vocabulary)))
                    value = layers.Embedding(len(vocabulary), size)(lookup(value))
                else:
                    value = lookup(keras.ops.expand_dims(value, -1))
            else:
                value = keras.ops.expand_dims(value, -1)
            found.append(value)
        return layers.concatenate(found)

    inputs = {
        name: layers.Input(name=name, shape=(), dtype="string" if name in words else "float32")
        for name in [*numbers, *words]
    }
    wide = layers.BatchNormalization(momentum=0.8)(encoded(inputs, embedded=False))
    deep = layers.Dense(16)(encoded(inputs, embedded=True))
    deep = layers.ReLU()(layers.BatchNormalization(momentum=0.8)(deep))
    outputs = layers.Dense(2, activation="softmax")(layers.concatenate([wide, deep]))
    model = keras.Model(inputs=inputs, outputs=outputs)
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.02),
        loss=keras.losses.SparseCategoricalCrossentropy(),
        metrics=[keras.metrics.SparseCategoricalAccuracy()],
    )
    model.fit(train, epochs=15, verbose=0)
    assert model.evaluate(train, verbose=0)[1] > 0.8
