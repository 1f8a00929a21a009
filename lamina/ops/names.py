"""What a namespace says of names that it lacks: what to use instead, or the nearest name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..core import outside
from ..core.errors import OpError

_FUNCTION = "call Python functions directly, or decorate them with @tf.function"
_MOVED = ("ceil", "cumprod", "erf", "expm1", "is_finite", "is_inf")
_MOVED_TOO = ("is_nan", "log", "log1p", "log_sigmoid", "reciprocal", "rsqrt", "softplus", "xlogy")

ABSENT = {
    **dict.fromkeys(
        ("python", "core", "compiler", "_api"),
        "TensorFlow's inner modules are not there; import from tensorflow.keras or tensorflow",
    ),
    "enable_eager_execution": "operations run at once from the start; leave it out",
    "softmax_cross_entropy_with_logits_v2": "it is called softmax_cross_entropy_with_logits",
    **{
        f"{name}Optimizer": f"use tf.keras.optimizers.{keras}"
        for name, keras in {
            **{same: same for same in ("Adam", "Adagrad", "Adadelta", "Ftrl")},
            "GradientDescent": "SGD",
            "RMSProp": "RMSprop",
            "Momentum": "SGD(momentum=…)",
        }.items()
    },
    "Session": _FUNCTION,
    "InteractiveSession": _FUNCTION,
    "placeholder": "give tensors as arguments, or use keras.Input for a model's inputs",
    "get_variable": "use tf.Variable, or a layer's add_weight",
    "variable_scope": "use tf.Variable, or a layer's add_weight",
    "get_default_graph": _FUNCTION,
    "global_variables_initializer": "variables have their values from the start; leave it out",
    "initialize_all_variables": "variables have their values from the start; leave it out",
    "gradients": "use tf.GradientTape",
    "contrib": "it left TensorFlow with version 2; see tf.keras, tf.nn and tf.linalg",
    "layers": "use tf.keras.layers",
    "estimator": "use tf.keras models",
    "logging": "use Python's logging",
    "app": "call your main function directly",
    "flags": "use argparse",
    "mul": "it is called tf.multiply since TensorFlow 1",
    "sub": "it is called tf.subtract since TensorFlow 1",
    "neg": "it is called tf.negative since TensorFlow 1",
    "div": "use tf.divide, or tf.math.floordiv for integers",
    "pack": "it is called tf.stack since TensorFlow 1",
    "to_float": "use tf.cast(x, tf.float32)",
    "to_double": "use tf.cast(x, tf.float64)",
    "to_int32": "use tf.cast(x, tf.int32)",
    "to_int64": "use tf.cast(x, tf.int64)",
    "random_normal": "it is called tf.random.normal since TensorFlow 2",
    "random_uniform": "it is called tf.random.uniform since TensorFlow 2",
    "truncated_normal": "it is called tf.random.truncated_normal since TensorFlow 2",
    "set_random_seed": "it is called tf.random.set_seed since TensorFlow 2",
    "matrix_inverse": "it is called tf.linalg.inv since TensorFlow 2",
    "assign": "use variable.assign(value)",
    "assign_add": "use variable.assign_add(value)",
    "conv2d": "convolutions are left out: lamina is about dense networks",
    "max_pool2d": "pooling is left out: lamina is about dense networks",
    **{name: f"it is called tf.math.{name} since TensorFlow 2" for name in (*_MOVED, *_MOVED_TOO)},
}


def name_error(module: str, name: str, known: Iterable[str]) -> OpError:
    """The error for `module.name` where only `known` exist."""
    place = module.replace("lamina.ops.", "lamina.")
    reason = outside.outside(f"tf{place.removeprefix('lamina')}.{name}")
    if name in ABSENT and not (place != "lamina" and "tf.math" in ABSENT[name]):
        reason = reason or ABSENT[name]
    return outside.name_error(place, name, known, reason)


def namespace(module: str, members: Iterable[str]) -> Callable[[str], Any]:
    """The `__getattr__` of a module whose names are `members`."""

    def missing(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise name_error(module, name, members)

    return missing
