"""Keras, on TensorFlow or on JAX, and lamina: they are written alike, so one script measures them.

The variant names which: lamina, tensorflow or jax.
"""

from __future__ import annotations

import importlib
import os
import time
from typing import Any

from bench.cases import Array, Case
from bench.workers.common import Call, Worker, enough, main


class Keras(Worker):
    """`compile` and `fit` with their defaults."""

    def __init__(self, variant: str, threads: int) -> None:
        super().__init__(variant, threads)
        if variant == "lamina":
            self.library = importlib.import_module("lamina")  # it reads LAMINA_THREADS
            self.keras = self.library.keras
            return
        os.environ["KERAS_BACKEND"] = variant
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        self.library = importlib.import_module(variant)
        if variant == "tensorflow":  # JAX reads NPROC
            self.library.config.threading.set_intra_op_parallelism_threads(threads)
            self.library.config.threading.set_inter_op_parallelism_threads(threads)
        self.keras = importlib.import_module("keras")

    def build(self, case: Case) -> None:
        layers, regularizers = self.keras.layers, self.keras.regularizers
        self.model = self.keras.Sequential([layers.Input((case.features,))])
        penalty = {"kernel_regularizer": regularizers.L2(case.l2)} if case.l2 else {}
        for layer in case.layers[:-1]:
            self.model.add(layers.Dense(layer.units, activation=layer.activation, **penalty))
            if case.dropout:
                self.model.add(layers.Dropout(case.dropout))
        last = case.layers[-1]
        self.model.add(layers.Dense(last.units, activation=last.activation))
        self.model.compile(optimizer="adam", loss=case.loss)
        self.batch = case.batch

    def begin_with(self, weights: list[Array]) -> None:
        self.keras.utils.set_random_seed(0)
        self.model.set_weights(weights)

    def epochs(self, features: Array, targets: Array, count: int) -> tuple[list[float], float]:
        seconds: list[float] = []

        class Clock(self.keras.callbacks.Callback):  # type: ignore[name-defined]
            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                seconds.append(time.perf_counter() - start - sum(seconds))
                self.model.stop_training = enough(seconds)

        start = time.perf_counter()
        history = self.model.fit(
            features,
            targets,
            batch_size=self.batch,
            epochs=count,
            verbose=0,
            callbacks=[Clock()],
        )
        return seconds, float(history.history["loss"][-1])

    def calls(self) -> dict[str, Call]:
        model = self.model
        ways = {"predict": lambda x: model.predict(x, verbose=0), "call": model}
        if hasattr(model, "predictor"):
            ways["predictor"] = model.predictor()
        return ways

    def bulk_calls(self) -> dict[str, Call]:
        model = self.model
        if self.variant == "lamina":
            return self.calls()
        return {"predict": lambda x: model.predict(x, batch_size=len(x), verbose=0)}

    def versions(self) -> dict[str, str]:
        names = {"lamina": "lamina", "tensorflow": "TensorFlow", "jax": "JAX"}
        found = {names[self.variant]: self.library.__version__}
        return found if self.variant == "lamina" else {**found, "Keras": self.keras.__version__}


if __name__ == "__main__":
    main(Keras)
