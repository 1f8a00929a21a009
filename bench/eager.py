"""An eager training step of the course's complete example, beside PyTorch's.

    python -m bench.eager --torch-python PATH

One step: sigmoid(features @ weights + bias) on 1,000 × 3 values, the binary cross-entropy of each
row, the gradient of their sum, RMSprop(0.01, momentum 0.9). Each library runs in an interpreter of
its own (PyTorch in the one that is named, or in that of LAMINA_BENCH_TORCH), in turn, several
times over; what counts is the median.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

Step = Callable[[], object]
ROWS, COLUMNS = 1000, 3


def data() -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    features = draw.normal(size=(ROWS, COLUMNS)).astype("float32")
    return features, (draw.random((ROWS, 1)) < 0.3).astype("float32")


def lamina_step() -> tuple[Step, Callable[[], list[float]]]:
    import lamina as tf

    features, default = data()
    bias, weights = tf.Variable(0.5), tf.Variable(tf.zeros((COLUMNS, 1)))

    def model(bias, weights, features=features):
        product = tf.matmul(features, weights)
        return tf.keras.activations.sigmoid(product + bias)

    def loss_function(bias, weights, targets=default, features=features):
        predictions = model(bias, weights)
        return tf.keras.losses.binary_crossentropy(targets, predictions)

    opt = tf.keras.optimizers.RMSprop(learning_rate=0.01, momentum=0.9)

    def step() -> None:
        opt.minimize(lambda: loss_function(bias, weights), var_list=[bias, weights])

    return step, lambda: [float(bias), *weights.numpy().ravel().tolist()]


def torch_step() -> tuple[Step, Callable[[], list[float]]]:
    import torch

    features, default = map(torch.from_numpy, data())
    bias = torch.tensor(0.5, requires_grad=True)
    weights = torch.zeros((COLUMNS, 1), requires_grad=True)

    def loss_function():
        predictions = torch.sigmoid(features @ weights + bias)
        return torch.nn.functional.binary_cross_entropy(predictions, default, reduction="sum")

    opt = torch.optim.RMSprop([bias, weights], lr=0.01, alpha=0.9, eps=1e-7, momentum=0.9)

    def step() -> None:
        opt.zero_grad()
        loss_function().backward()
        opt.step()

    return step, lambda: [float(bias), *weights.detach().numpy().ravel().tolist()]


PEERS = {"lamina": lamina_step, "torch": torch_step}


def measure(peer: str, steps: int) -> dict[str, object]:
    """Microseconds per step of one library in this interpreter, and where training came to."""
    step, values = PEERS[peer]()
    for _ in range(200):
        step()
    weights = values()
    times = []
    for _ in range(10):
        start = time.perf_counter()
        for _ in range(steps // 10):
            step()
        times.append((time.perf_counter() - start) / (steps // 10) * 1e6)
    return {"microseconds": statistics.median(times), "weights": weights}


def run(python: str, peer: str, steps: int) -> dict[str, object] | None:
    """`measure` in the interpreter `python`; None where it has no such library."""
    root = Path(__file__).resolve().parent.parent
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [python, str(Path(__file__).resolve()), "--peer", peer, "--steps", str(steps)]
    try:
        found = subprocess.run(
            command, check=False, capture_output=True, text=True, env=environment, cwd=root
        )
    except OSError as error:
        print(f"{peer} is left out: {error}")
        return None
    if found.returncode:
        reason = found.stderr.strip().splitlines()[-1:] or ["it failed"]
        print(f"{peer} is left out: {reason[0]}")
        return None
    return json.loads(found.stdout.splitlines()[-1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--torch-python", default=os.environ.get("LAMINA_BENCH_TORCH"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--peer", choices=PEERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        print(json.dumps(measure(options.peer, options.steps)))
        return 0
    interpreters = {"lamina": sys.executable, "torch": options.torch_python}
    if not options.torch_python:
        print("torch is left out: name its interpreter with --torch-python")
    times: dict[str, list[float]] = {}
    weights: dict[str, object] = {}
    for _ in range(options.rounds):
        for peer, python in interpreters.items():
            found = run(python, peer, options.steps) if python else None
            if found is None:
                interpreters[peer] = None
                continue
            times.setdefault(peer, []).append(found["microseconds"])
            weights[peer] = found["weights"]
    for peer, values in times.items():
        spread = f"{min(values):.0f} to {max(values):.0f}"
        print(f"{peer:8s}{statistics.median(values):8.1f} µs a step  ({spread})")
    if {"lamina", "torch"} <= times.keys():
        ratios = [ours / theirs for ours, theirs in zip(times["lamina"], times["torch"])]
        print(f"ratio {statistics.median(ratios):.2f} of PyTorch's time")
        apart = np.abs(np.subtract(weights["lamina"], weights["torch"])).max()
        print(f"weights after 200 steps differ by at most {apart:.1e}")
    return 0 if "lamina" in times else 1


if __name__ == "__main__":
    sys.exit(main())
