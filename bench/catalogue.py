"""Every activation, layer, loss, metric and optimizer in a small network, beside Keras on JAX.

    python -m bench.catalogue --rounds 3 --page docs/speed.md

Each is put into the network 23-16-8-1 (3 outputs where classes are predicted), which `fit` trains
on 10,000 rows in batches of 32. Both libraries go through the whole list, each in a process of its
own, in turn, several times over. What counts is the median of the time of a step in an epoch
after the first, which compiles.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from bench import machine
from bench.environments import install
from bench.text import number, table
from lamina.keras.configurable import FAMILIES

PEERS = ("lamina", "keras-jax")


class Item(NamedTuple):
    """One thing to train with: what kind it is, its name, and what its constructor is given."""

    kind: str
    name: str
    arguments: dict[str, Any] = {}  # noqa: RUF012
    targets: str = "binary"


def _targets(name: str) -> str:
    """The kind of targets that a loss or a metric is for."""
    lowered = name.lower()
    if "sparse" in lowered or "generalized" in lowered or lowered == "meaniou":
        return "classes"
    if "categorical" in lowered or "onehot" in lowered or lowered in ("kldivergence", "f1score"):
        return "onehot"
    return "binary"


ACTIVATION_ARGUMENTS = {"threshold": {"threshold": 0.5, "default_value": 0.0}}
METRIC_ARGUMENTS: dict[str, dict[str, Any]] = {
    **{name: {"num_classes": 3, "target_class_ids": [0, 1]} for name in ("IoU", "OneHotIoU")},
    "MeanIoU": {"num_classes": 3, "sparse_y_pred": False},
    "OneHotMeanIoU": {"num_classes": 3},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "TopKCategoricalAccuracy": {"k": 2},
    "SparseTopKCategoricalAccuracy": {"k": 2},
}
# Layers between the first and the second dense layer, on rows of 16 numbers.
LAYERS: dict[str, dict[str, Any]] = {
    "Dense": {"units": 16},
    "EinsumDense": {"equation": "ab,bc->ac", "output_shape": 16, "bias_axes": "c"},
    **{name: {} for name in ("Identity", "Flatten", "ReLU", "LeakyReLU", "PReLU", "ELU")},
    **{name: {} for name in ("Softmax", "ActivityRegularization", "BatchNormalization")},
    **{name: {} for name in ("LayerNormalization", "RMSNormalization", "UnitNormalization")},
    "GroupNormalization": {"groups": 4},
    "Activation": {"activation": "tanh"},
    "Dropout": {"rate": 0.2},
    "AlphaDropout": {"rate": 0.2},
    "GaussianDropout": {"rate": 0.2},
    "GaussianNoise": {"stddev": 0.1},
    "Reshape": {"target_shape": [4, 4]},
    "RepeatVector": {"n": 2},
    "Rescaling": {"scale": 0.5, "offset": 0.1},
}
# Layers on rows of 4 × 4 numbers, and layers that join two inputs of 16.
ON_MATRICES: dict[str, dict[str, Any]] = {
    "Permute": {"dims": [2, 1]},
    "SpatialDropout1D": {"rate": 0.2},
    "Cropping1D": {"cropping": 1},
    "ZeroPadding1D": {"padding": 1},
    "UpSampling1D": {"size": 2},
    "GlobalAveragePooling1D": {},
    "GlobalMaxPooling1D": {},
}
JOINING: dict[str, dict[str, Any]] = {
    **{name: {} for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")},
    "Concatenate": {},
    "Dot": {"axes": 1},
}
WRAPPING: dict[str, dict[str, Any]] = {"SpectralNormalization": {}}
ON_INDICES: dict[str, dict[str, Any]] = {
    name: {"input_dim": 50, "output_dim": 8} for name in ("Embedding", "ReversibleEmbedding")
}
ELSEWHERE = {
    **dict.fromkeys(("Layer", "Wrapper", "InputLayer", "Lambda", "Masking"), "computes nothing"),
    **dict.fromkeys(("Normalization", "CategoryEncoding", "Discretization"), "prepares data"),
    **dict.fromkeys(("StringLookup", "IntegerLookup", "Hashing", "HashedCrossing"), "looks up"),
    **dict.fromkeys(("TimeDistributed", "Pipeline"), "other layers' work"),
}
"""Layers that are left out, and why."""


def names(module: str) -> list[str]:
    """What lamina has in `module`, each by its own name."""
    family = FAMILIES[module]
    found = {family[name].__name__: family[name] for name in family}
    return [name for name, item in found.items() if item.__module__.startswith("lamina.")]


def items() -> list[Item]:
    """The whole list."""
    bases = ("Loss", "LossFunctionWrapper", "Metric", "MeanMetricWrapper", "Mean", "Sum")
    losses = [name for name in names("keras.losses") if name[0].isupper() and name not in bases]
    metrics = [name for name in names("keras.metrics") if name[0].isupper() and name not in bases]
    wrappers = ("Optimizer", "LossScaleOptimizer", "MultiOptimizer", "OptimizerMap")
    optimizers = [name for name in names("keras.optimizers") if name not in wrappers]
    found = [
        Item("activation", name, ACTIVATION_ARGUMENTS.get(name, {}))
        for name in names("keras.activations")
        if name != "glu"  # which halves its input
    ]
    found += [Item("layer", name, arguments) for name, arguments in LAYERS.items()]
    found += [Item("layer on matrices", name, given) for name, given in ON_MATRICES.items()]
    found += [Item("joining layer", name, given) for name, given in JOINING.items()]
    found += [Item("wrapping layer", name, given) for name, given in WRAPPING.items()]
    found += [Item("layer on indices", name, given) for name, given in ON_INDICES.items()]
    found += [Item("loss", name, {}, _targets(name)) for name in losses]
    found += [
        Item("metric", name, METRIC_ARGUMENTS.get(name, {}), _targets(name)) for name in metrics
    ]
    return found + [Item("optimizer", name) for name in optimizers]


def measure(peer: str, todo: list[Item], quick: bool) -> dict[str, Any]:
    """What one library says of each item: microseconds, or an error."""
    with tempfile.TemporaryDirectory(prefix="lamina-bench-") as folder:
        path = Path(folder) / "items.json"
        path.write_text(json.dumps([item._asdict() for item in todo]), encoding="utf-8")
        script = machine.ROOT / "bench" / "workers" / "with_catalogue.py"
        command = [install(peer), str(script), peer, str(path), *(["--quick"] if quick else [])]
        found = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, text=True, cwd=machine.ROOT
        )
    result: dict[str, Any] = json.loads(found.stdout.splitlines()[-1])
    return result


def page(todo: list[Item], rounds: dict[str, list[dict[str, Any]]]) -> str:
    """The table of medians and ratios, kind by kind."""
    versions = {
        name: text for runs in rounds.values() for name, text in runs[0]["versions"].items()
    }
    parts = [
        f"""# Speed by name

{__doc__.splitlines()[0]} Written by `python -m bench.catalogue` on
{dt.datetime.now(dt.UTC):%Y-%m-%d}, at commit {machine.commit()}, with
{", ".join(f"{name} {text}" for name, text in versions.items())}; rounds: {len(rounds["lamina"])}.

{" ".join(__doc__.splitlines()[4:])}"""
    ]
    ratios = []
    for kind in dict.fromkeys(item.kind for item in todo):
        rows = []
        for item in (item for item in todo if item.kind == kind):
            key = f"{item.kind} {item.name}"
            ours, theirs = (_median(rounds[peer], key) for peer in PEERS)
            ratio = theirs / ours if ours and theirs else None
            ratios += [ratio] if ratio else []
            rows.append([f"`{item.name}`", *map(_text, (ours, theirs)), _text(ratio) + " ×"])
        head = (kind, "lamina, µs", "Keras on JAX, µs", "lamina is faster by")
        parts.append(f"## {kind.capitalize()}s\n\n{table(head, rows)}")
    parts.insert(
        1,
        f"Over all {len(ratios)}, lamina is faster by {min(ratios):.1f} × at least, "
        f"{statistics.median(ratios):.0f} × in the median.",
    )
    return "\n\n".join(parts) + "\n"


def _median(rounds: list[dict[str, Any]], key: str) -> float | None:
    times = [found["microseconds"][key] for found in rounds if key in found["microseconds"]]
    return statistics.median(times) if times else None


def _text(value: float | None) -> str:
    return "–" if value is None else number(value)


def main() -> int:
    """Measure, then print or write the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.catalogue", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="few rows, to try it out")
    parser.add_argument("--only", default="", help="items whose kind or name contains this")
    parser.add_argument("--page", type=Path, help="write the page here")
    options = parser.parse_args()
    todo = [item for item in items() if options.only.lower() in f"{item.kind} {item.name}".lower()]
    rounds: dict[str, list[dict[str, Any]]] = {peer: [] for peer in PEERS}
    for turn in range(options.rounds):
        for peer in PEERS if turn % 2 == 0 else reversed(PEERS):
            rounds[peer].append(measure(peer, todo, options.quick))
            for key, reason in rounds[peer][-1]["errors"].items():
                print(f"{peer}, {key}: left out, {reason}", file=sys.stderr)
    text = page(todo, rounds)
    if options.page:
        options.page.write_text(text, encoding="utf-8")
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
