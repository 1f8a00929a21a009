"""Who runs: a library in one of the ways that its users would choose."""

from __future__ import annotations

from typing import NamedTuple

from bench.cases import Case


class Contestant(NamedTuple):
    """`peer` names its environment, `worker` its script, `variant` the way, to that script.

    `jobs`: what it takes part in.
    """

    name: str
    peer: str
    worker: str
    variant: str
    jobs: frozenset[str]

    def can(self, job: str, case: Case) -> bool:
        """Whether the library can do `job` on `case`."""
        if self.peer == "sklearn" and case.dropout:
            return False
        return job in self.jobs


TRAIN, GROW, ONE, MANY, START = "train", "growth", "one", "many", "start"

_ALL = frozenset((TRAIN, ONE, MANY, START))
CONTESTANTS = {
    contestant.name: contestant
    for contestant in (
        Contestant("lamina", "lamina", "with_keras", "lamina", _ALL | {GROW}),
        Contestant(
            "JAX, epoch in a scan", "jax", "with_jax", "scan", frozenset((TRAIN, GROW, START))
        ),
        Contestant("JAX, jit step", "jax", "with_jax", "step", _ALL),
        Contestant("PyTorch", "torch", "with_torch", "eager", _ALL | {GROW}),
        Contestant("PyTorch, torch.compile", "torch", "with_torch", "compiled", _ALL),
        Contestant("Keras on TensorFlow", "keras-tensorflow", "with_keras", "tensorflow", _ALL),
        Contestant("Keras on JAX", "keras-jax", "with_keras", "jax", _ALL),
        Contestant("scikit-learn", "sklearn", "with_sklearn", "", _ALL),
        Contestant("ONNX Runtime", "onnxruntime", "with_onnxruntime", "", frozenset((ONE, MANY))),
    )
}
