"""Write tests/data/lookups: vocabularies, hashes and statistics in files of Keras on TensorFlow.

Run it where both are installed: `KERAS_BACKEND=tensorflow python tests/tools/lookup_files.py`.
Keras looks words up by TensorFlow, which the tests do without: what it answered is kept beside the
files. Those that are there are of Keras 3.15.1 and TensorFlow 2.21.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent.parent / "data" / "lookups"
COLUMNS: dict[str, Any] = {
    "word": np.array(["a", "b", "zz", "c", "é", "a"]),
    "whole": np.array([3, 7, -99, 1, 3, 2]),
    "size": np.linspace(-2, 5, 6, dtype="float32"),
}
_KINDS = {"word": "string", "whole": "int64", "size": "float32"}
_WORDS, _WHOLES = ["a", "é", "c"], [3, 7, 1]


def layers(keras: Any) -> Any:
    """A model with an output of each kind of layer: those of `adapted` learn from a column."""
    make = keras.layers
    inputs = {name: keras.Input((1,), dtype=kind, name=name) for name, kind in _KINDS.items()}
    adapted = [
        ("word", make.StringLookup(mask_token="zz")),
        ("word", make.StringLookup(output_mode="tf_idf")),
        ("whole", make.IntegerLookup()),
        ("size", make.Discretization(num_bins=3)),
        ("size", make.Normalization()),
    ]
    for name, layer in adapted:
        layer.adapt(COLUMNS[name][:, None])
    words = make.StringLookup(vocabulary=_WORDS, num_oov_indices=2, name="words")
    fixed = [
        ("word", words),
        ("word", make.Hashing(num_bins=7)),
        ("word", make.Hashing(num_bins=7, salt=[1, 2], mask_value="zz")),
        ("word", make.Hashing(num_bins=5, salt=3, output_mode="one_hot")),
        ("whole", make.IntegerLookup(vocabulary=_WHOLES, num_oov_indices=3)),
        ("whole", make.Hashing(num_bins=7)),
        ("size", make.Discretization(bin_boundaries=[0.0, 1.0])),
    ]
    outputs = [layer(inputs[name]) for name, layer in (*adapted, *fixed)]
    crossed = make.HashedCrossing(num_bins=9)((inputs["word"], inputs["whole"]))
    back = make.StringLookup(vocabulary=_WORDS, num_oov_indices=2, invert=True)
    return keras.Model(inputs, [*outputs, crossed, back(words(inputs["word"]))])


def feature_space(keras: Any, tf: Any) -> Any:
    """A FeatureSpace of each kind of feature."""
    kind = keras.utils.FeatureSpace
    found = kind(
        features={
            "word": kind.string_categorical(num_oov_indices=1),
            "whole": kind.integer_categorical(),
            "size": kind.float_normalized(),
            "bins": kind.float_discretized(num_bins=3),
            "hashed": kind.string_hashed(num_bins=5),
            "scaled": kind.float_rescaled(scale=2.0),
        },
        crosses=[kind.cross(("word", "whole"), crossing_dim=8)],
        output_mode="concat",
    )
    found.adapt(tf.data.Dataset.from_tensor_slices(features()))
    return found


def features() -> dict[str, Any]:
    """The columns under the names of the features."""
    more = {"bins": "size", "hashed": "word", "scaled": "size"}
    return {**COLUMNS, **{name: COLUMNS[of] for name, of in more.items()}}


def answers(model: Any, tf: Any) -> list[Any]:
    """What the model of `layers` says."""
    outputs = model({name: tf.constant(values[:, None]) for name, values in COLUMNS.items()})
    return [np.asarray(output) for output in outputs]


def main() -> None:
    """Write the files, and what their models say."""
    import keras
    import tensorflow as tf  # type: ignore[import-not-found]

    FOLDER.mkdir(exist_ok=True)
    keras.utils.set_random_seed(0)
    model, space = layers(keras), feature_space(keras, tf)
    model.save(FOLDER / "layers.keras")
    space.save(FOLDER / "feature_space.keras")
    said = {f"output{n:02}": answer for n, answer in enumerate(answers(model, tf))}
    known = {name: x.astype("S") if x.dtype == object else x for name, x in said.items()}
    of_space = np.asarray(space({name: tf.constant(x) for name, x in features().items()}))
    np.savez_compressed(FOLDER / "expected.npz", feature_space=of_space, **known)


if __name__ == "__main__":
    main()
