"""Keras's optimizers beside ours: for each name the arguments to compare, how many steps agree.

Every optimizer that lamina registers needs a row in ARGUMENTS; the contract suite says so.
"""

from __future__ import annotations

import warnings
from typing import Any

import keras
import numpy as np

RELATIVE = 1e-5  # float32, after STEPS updates
ABSOLUTE = 1e-6
STEPS = 100
SHAPES = {"kernel": (4, 3), "bias": (3,), "scale": ()}

ARGUMENTS: dict[str, list[dict[str, Any]]] = {
    "SGD": [
        {"learning_rate": 0.1},
        {"learning_rate": 0.05, "momentum": 0.9},
        {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True},
    ],
    "RMSprop": [
        {},
        {"learning_rate": 0.01, "momentum": 0.9, "rho": 0.8},
        {"learning_rate": 0.01, "centered": True, "epsilon": 1e-4},
        {"learning_rate": 0.01, "momentum": 0.5, "centered": True, "epsilon": 1e-4},
    ],
    "Adam": [
        {},
        {"learning_rate": 0.1, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3},
        {"learning_rate": 0.01, "amsgrad": True},
    ],
    "AdamW": [{}, {"learning_rate": 0.01, "weight_decay": 0.1}],
    "Adagrad": [{"learning_rate": 0.1}, {"initial_accumulator_value": 0.5}],
    "Adadelta": [{"learning_rate": 1.0}, {"rho": 0.8, "epsilon": 1e-3}],
    "Adamax": [{"learning_rate": 0.01}],
    "Nadam": [{"learning_rate": 0.01}, {"beta_1": 0.8}],
    "Ftrl": [
        {"learning_rate": 0.1},
        {
            "learning_rate": 0.1,
            "l1_regularization_strength": 0.01,
            "l2_regularization_strength": 0.1,
            "l2_shrinkage_regularization_strength": 0.05,
            "beta": 0.1,
        },
    ],
    "Lion": [{}, {"learning_rate": 0.01, "beta_1": 0.8}],
    "Lamb": [{"learning_rate": 0.01}],
    "Adafactor": [
        {},
        {"learning_rate": 0.5, "beta_2_decay": -0.6, "clip_threshold": 0.5, "relative_step": False},
    ],
    "Muon": [
        {},
        {"learning_rate": 0.05, "nesterov": False, "rms_rate": None, "ns_steps": 3},
        {"exclude_layers": ["ker"], "adam_lr_ratio": 0.5, "adam_weight_decay": None},
        {"weight_decay": None, "adam_weight_decay": 0.1},
    ],
    "ScheduleFreeAdamW": [{}, {"learning_rate": 0.1, "warmup_steps": 10, "beta_1": 0.8}],
}

WRAPPERS = {
    "LossScaleOptimizer": "wraps another; tests/unit/keras/test_loss_scale.py",
    "MultiOptimizer": "holds others; tests/unit/keras/test_several_optimizers.py",
    "OptimizerMap": "chooses for MultiOptimizer",
}

OPTIONS: list[dict[str, Any]] = [
    {"clipnorm": 0.5},
    {"global_clipnorm": 0.5},
    {"clipvalue": 0.1},
    {"weight_decay": 0.1},
    {"use_ema": True, "ema_momentum": 0.9},
    {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 3},
    {"gradient_accumulation_steps": 4},
    {"gradient_accumulation_steps": 3, "global_clipnorm": 0.5, "weight_decay": 0.1},
    {"loss_scale_factor": 8.0},
]
"""What the base class does around the steps of each."""


def samples(seed: int = 0, steps: int = STEPS) -> tuple[list[Any], list[list[Any]]]:
    """Start values and, for each step, gradients of the three SHAPES, float32."""
    draw = np.random.default_rng(seed)
    values = [draw.normal(size=shape).astype("float32") for shape in SHAPES.values()]
    sizes = 10.0 ** draw.uniform(-2, 1, size=steps)
    gradients = [
        [np.asarray(size * draw.normal(size=shape), "float32") for shape in SHAPES.values()]
        for size in sizes
    ]
    return values, gradients


def expected(
    name: str, arguments: dict[str, Any], gradients: list[list[Any]], values: list[Any]
) -> tuple[list[Any], keras.optimizers.Optimizer]:
    """The variables after Keras's updates, and Keras's optimizer with its state."""
    optimizer = getattr(keras.optimizers, name)(**arguments)
    pairs = zip(values, SHAPES, strict=True)
    variables = [keras.Variable(value, name=label) for value, label in pairs]
    optimizer.build(variables)
    for step in gradients:
        optimizer.apply(step, variables)
    return [np.asarray(variable) for variable in variables], optimizer


def expected_config(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """What Keras's get_config says."""
    return _config(getattr(keras.optimizers, name)(**arguments))


def config_there_and_back(serialized: dict[str, Any]) -> dict[str, Any]:
    """The configuration of the optimizer that Keras makes of `serialized`."""
    return _config(keras.saving.deserialize_keras_object(serialized))


def _config(optimizer: keras.optimizers.Optimizer) -> dict[str, Any]:
    with warnings.catch_warnings():  # Keras 3.15 has not followed NumPy 2 in its variables
        warnings.simplefilter("ignore", DeprecationWarning)
        config: dict[str, Any] = optimizer.get_config()
    return config
