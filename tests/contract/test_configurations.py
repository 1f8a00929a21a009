"""Whatever is registered can be written down and made again, here and in Keras."""

from __future__ import annotations

import json

import keras as theirs
import pytest

import lamina as tf
from lamina.keras.configurable import FAMILIES

ours = tf.keras
# Classes whose constructors need arguments; every other registered class is made without any.
ARGUMENTS = {
    "Activation": {"activation": "gelu"},
    "AlphaDropout": {"rate": 0.25, "noise_shape": [None, 1], "seed": 3},
    "CategoryEncoding": {"num_tokens": 3, "output_mode": "count"},
    "CosineDecay": {"initial_learning_rate": 0.5, "decay_steps": 10},
    "CosineDecayRestarts": {"initial_learning_rate": 0.5, "first_decay_steps": 10},
    "Dense": {"units": 3, "kernel_regularizer": "l1", "bias_constraint": "non_neg"},
    "Discretization": {"num_bins": 3, "epsilon": 0.1, "output_mode": "one_hot"},
    "Dot": {"axes": [1, 2], "normalize": True},
    "Dropout": {"rate": 0.25, "seed": 3},
    "EinsumDense": {"equation": "abc,cd->abd", "output_shape": [None, 4], "bias_axes": "d"},
    "Embedding": {"input_dim": 5, "output_dim": 3, "mask_zero": True},
    "ExponentialDecay": {"initial_learning_rate": 0.5, "decay_steps": 10, "decay_rate": 0.5},
    "GaussianDropout": {"rate": 0.25, "seed": 3},
    "GaussianNoise": {"stddev": 0.25, "seed": 3},
    "InputLayer": {"shape": (3,), "name": "x"},
    "IoU": {"num_classes": 3, "target_class_ids": [0, 2], "ignore_class": 1},
    "InverseTimeDecay": {"initial_learning_rate": 0.5, "decay_steps": 10, "decay_rate": 0.5},
    "LossScaleOptimizer": {"inner_optimizer": ours.optimizers.Adam(0.5), "initial_scale": 8.0},
    "MeanIoU": {"num_classes": 3, "sparse_y_pred": False},
    "MultiOptimizer": {"optimizer_map": ours.optimizers.OptimizerMap(ours.optimizers.SGD(0.5))},
    "OneHotIoU": {"num_classes": 3, "target_class_ids": [0, 2]},
    "OneHotMeanIoU": {"num_classes": 3},
    "OptimizerMap": {
        "default_optimizer": ours.optimizers.SGD(0.5),
        "optimizer_map": {"a/.*": ours.optimizers.Adam(0.5)},
    },
    "Permute": {"dims": [2, 1]},
    "PiecewiseConstantDecay": {"boundaries": [1, 2], "values": [0.5, 0.25, 0.125]},
    "Pipeline": {"layers": [ours.layers.Dense(3), ours.layers.ReLU()]},
    "PolynomialDecay": {"initial_learning_rate": 0.5, "decay_steps": 10},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "RepeatVector": {"n": 3},
    "ReversibleEmbedding": {"input_dim": 5, "output_dim": 3, "logit_soft_cap": 2.0},
    "Rescaling": {"scale": [0.5, 2.0], "offset": 1.0},
    "Reshape": {"target_shape": [2, -1]},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpatialDropout1D": {"rate": 0.25, "seed": 3},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "SpectralNormalization": {"layer": ours.layers.Dense(3), "power_iterations": 2},
    "TimeDistributed": {"layer": ours.layers.Dense(3)},
    "Wrapper": {"layer": ours.layers.Dense(3)},
}
# Bases that describe nothing by themselves, what wraps functions, and models, which have their own
# tests.
WITHOUT = {"Initializer", "Regularizer", "Constraint", "Loss", "Metric", "Optimizer", "Layer"}
WITHOUT |= {"LearningRateSchedule", "LossFunctionWrapper", "MeanMetricWrapper"}
# Of those that need TensorFlow in Keras, test_lookups.py and test_feature_space.py.
WITHOUT |= {"StringLookup", "IntegerLookup", "Hashing", "HashedCrossing"}
WITHOUT |= {"FeatureSpace", "Feature", "Cross", "TFDConcat"}
WITHOUT |= {"Lambda", "Model", "Functional", "Sequential"}


def registered():
    found = {
        (module, item.__name__): item
        for module, known in FAMILIES.items()
        for item in (known[name] for name in known)
        if isinstance(item, type) and item.__name__ not in WITHOUT
    }
    return [pytest.param(*key, id=".".join(key)) for key in sorted(found)]


def plain(config):
    return json.loads(json.dumps(config))


def close(first, second):
    """Equal, but for the rounding of floats to float32 and lists of one number."""
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(close(first[k], second[k]) for k in first)
    if isinstance(first, float) and isinstance(second, (int, float)):
        return first == pytest.approx(second, rel=1e-6)
    if isinstance(second, list) and len(second) == 1 and not isinstance(first, list):
        return close(first, second[0])
    return first == second


@pytest.mark.parametrize(("module", "name"), registered())
def test_configurations_mean_the_same_here_and_in_keras(module, name):
    made = FAMILIES[module][name](**ARGUMENTS.get(name, {}))
    config = plain(ours.saving.serialize_keras_object(made))
    again = ours.saving.deserialize_keras_object(config)
    assert type(again) is type(made)
    assert plain(ours.saving.serialize_keras_object(again)) == config
    there = theirs.saving.deserialize_keras_object(plain(config))
    assert type(there).__name__ == name
    back = ours.saving.deserialize_keras_object(plain(theirs.saving.serialize_keras_object(there)))
    assert type(back) is type(made)
    returned = plain(ours.saving.serialize_keras_object(back))
    assert close(config["config"], returned["config"]), (config, returned)
