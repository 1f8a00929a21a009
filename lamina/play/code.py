"""The Python program that does what a run on the page does."""

from __future__ import annotations

from .problems import Problem
from .settings import HE, Settings

_CONSTRUCTORS = {
    "sgd": "SGD({rate})",
    "momentum": "SGD({rate}, momentum=0.9)",
    "rmsprop": "RMSprop({rate})",
    "adam": "Adam({rate})",
    "adamw": "AdamW({rate})",
    "nadam": "Nadam({rate})",
    "adagrad": "Adagrad({rate})",
    "lion": "Lion({rate})",
}


def program(settings: Settings, problem: Problem) -> str:
    """Code that makes the data, the network, and trains it; runs as it is."""
    data = problem.code
    lines = ["import numpy as np", ""]
    if "pandas" in data:
        lines = ["import numpy as np", "import pandas", ""]
    lines += ["import lamina as tf"]
    if "problems." in data:
        lines += ["from lamina.play import problems"]
    lines += [
        "",
        "keras = tf.keras",
        f"keras.utils.set_random_seed({settings.seed})",
        *data.splitlines(),
        "",
        "model = keras.Sequential([",
        f"    keras.Input(({len(problem.names)},)),",
        *(f"    {line}," for line in _layer_lines(settings)),
        "])",
        f"optimizer = keras.optimizers.{_optimizer(settings)}",
        'model.compile(optimizer, "binary_crossentropy", metrics=["accuracy"])',
        f"model.fit(x, y, batch_size={settings.batch_size}, epochs=20, "
        f"validation_split={problem.share})",
    ]
    return "\n".join(lines) + "\n"


def _layer_lines(settings: Settings) -> list[str]:
    penalty = ""
    if settings.regularizer != "none":
        name = settings.regularizer.upper()
        penalty = f", kernel_regularizer=keras.regularizers.{name}({settings.penalty})"
    hidden = f'activation="{settings.activation}"'
    if settings.activation in HE:
        hidden += ', kernel_initializer="he_normal"'
    lines = []
    for units in settings.layers:
        lines.append(f"keras.layers.Dense({units}, {hidden}{penalty})")
        if settings.dropout:
            lines.append(f"keras.layers.Dropout({settings.dropout})")
    return [*lines, f'keras.layers.Dense(1, activation="sigmoid"{penalty})']


def _optimizer(settings: Settings) -> str:
    return _CONSTRUCTORS[settings.optimizer].format(rate=settings.learning_rate)
