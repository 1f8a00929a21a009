"""JAX with optax: a jit-compiled step that Python calls, or a whole epoch in one lax.scan.

The variant names which: step or scan. XLA takes as many threads as the variable NPROC says.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from bench.cases import EPSILON, Array, Case
from bench.workers.common import Call, Worker, main, timed_epochs

ACTIVATIONS = {
    "relu": jax.nn.relu,
    "sigmoid": jax.nn.sigmoid,
    "softmax": jax.nn.softmax,
    "linear": lambda x: x,
}


class Jax(Worker):
    """A network of pairs (weights, bias)."""

    def build(self, case: Case) -> None:
        self.case = case
        weights = [jnp.asarray(values) for values in case.weights()]
        self.parameters = list(zip(weights[0::2], weights[1::2]))
        self.optimizer = optax.adam(1e-3, eps=EPSILON)
        self.state = self.optimizer.init(self.parameters)
        self.step = jax.jit(self._step, donate_argnums=0)
        self.scan = jax.jit(self._scan, donate_argnums=0)

    def _outputs(self, parameters: Any, x: Any, key: Any = None) -> Any:
        """What the last layer gives, before its activation; with dropout if there is a key."""
        for number, (layer, (weights, bias)) in enumerate(zip(self.case.layers, parameters)):
            x = x @ weights + bias
            if number == len(parameters) - 1:
                break
            x = ACTIVATIONS[layer.activation](x)
            if key is not None and self.case.dropout:
                kept = 1 - self.case.dropout
                mask = jax.random.bernoulli(jax.random.fold_in(key, number), kept, x.shape)
                x = jnp.where(mask, x / kept, 0)
        return x

    def _loss(self, parameters: Any, x: Any, y: Any, key: Any) -> Any:
        outputs = self._outputs(parameters, x, key)
        if self.case.loss == "binary_crossentropy":
            errors = optax.sigmoid_binary_cross_entropy(outputs, y)
        elif self.case.loss == "sparse_categorical_crossentropy":
            errors = optax.softmax_cross_entropy_with_integer_labels(outputs, y)
        else:
            errors = (outputs - y) ** 2
        penalties = [jnp.sum(weights**2) for weights, _ in parameters[:-1]] if self.case.l2 else []
        return errors.mean() + self.case.l2 * sum(penalties)

    def _step(self, carried: Any, features: Any, targets: Any, rows: Any) -> Any:
        parameters, state, key = carried
        key, drawn = jax.random.split(key) if self.case.dropout else (key, key)
        loss, gradients = jax.value_and_grad(self._loss)(
            parameters, features[rows], targets[rows], drawn
        )
        updates, state = self.optimizer.update(gradients, state)
        return (optax.apply_updates(parameters, updates), state, key), loss

    def _scan(self, carried: Any, features: Any, targets: Any, order: Any) -> Any:
        """An epoch: the full batches in a loop, then the rows that are left."""
        batch = self.case.batch
        full = len(order) // batch

        def body(carried: Any, rows: Any) -> Any:
            return self._step(carried, features, targets, rows)

        carried, losses = jax.lax.scan(body, carried, order[: full * batch].reshape(full, batch))
        if full * batch < len(order):
            carried, _ = body(carried, order[full * batch :])
        return carried, losses.mean()

    def epochs(self, features: Array, targets: Array, count: int) -> tuple[list[float], float]:
        x, y = jnp.asarray(features), jnp.asarray(targets)
        draw, batch = np.random.default_rng(0), self.case.batch
        self.carried = (self.parameters, self.state, jax.random.key(0))

        def epoch_of_steps() -> float:
            order = draw.permutation(len(features)).astype("int32")
            losses = []
            for start in range(0, len(order), batch):
                self.carried, loss = self.step(self.carried, x, y, order[start : start + batch])
                losses.append(loss)
            return float(np.mean(losses))

        def epoch_in_a_scan() -> float:
            order = draw.permutation(len(features)).astype("int32")
            self.carried, loss = self.scan(self.carried, x, y, order)
            return float(loss)

        return timed_epochs(epoch_in_a_scan if self.variant == "scan" else epoch_of_steps, count)

    def calls(self) -> dict[str, Call]:
        last = ACTIVATIONS[self.case.layers[-1].activation]
        forward = jax.jit(lambda parameters, x: last(self._outputs(parameters, x)))

        def call(x: Array) -> Any:
            return np.asarray(forward(self.parameters, x))

        return {"jit": call}

    def versions(self) -> dict[str, str]:
        return {"JAX": jax.__version__, "optax": optax.__version__}


if __name__ == "__main__":
    main(Jax)
