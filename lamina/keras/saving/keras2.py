"""What Keras 2 (TensorFlow 2.0 to 2.15) wrote in other words than Keras 3 does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.json_text import parsed
from ..optimizers import Nadam

_WRAPPERS = ("LossFunctionWrapper", "MeanMetricWrapper")
_FUNCTION = {"module": "builtins", "class_name": "function", "registered_name": "function"}
_CLASSES = {"Policy": "DTypePolicy"}
_SLOTS: dict[str, tuple[str, ...]] = {
    "accum_grad": ("accumulated_grad",),
    "accum_var": ("accumulated_delta_var",),
    "m": ("momentum",),
    "mg": ("average_gradient",),
    "rms": ("velocity",),
    "u": ("norm",),
    "v": ("velocity", "norm"),
    "vhat": ("velocity_hat",),
}
"""What optimizers remember: Keras 2's name, and those of Keras 3 of which an optimizer has one."""


def modern_text(text: bytes, metadata: bytes | None, where: str) -> bytes:
    """The configuration in a `.keras` file, as Keras 3 writes it, where Keras 2 wrote the file."""
    about = {} if metadata is None else parsed(metadata, where)
    version = about.get("keras_version") if isinstance(about, dict) else None
    if not str(version).startswith("2."):
        return text
    return json.dumps(modernized(parsed(text, where))).encode()


def _modernize_object(described: dict[str, Any], config: dict[str, Any]) -> None:
    """A loss says its function although its class does, and leaves its reduction to Keras."""
    name = described.get("class_name")
    described["class_name"] = _CLASSES.get(str(name), name)
    if str(module := described.get("module")).startswith("tf_keras."):  # Keras 2, by itself
        described["module"] = str(module).removeprefix("tf_")
    if isinstance(function := config.get("fn"), str):
        del config["fn"]
        if name in _WRAPPERS:
            config["fn"] = {**_FUNCTION, "config": function}
    if config.get("reduction") == "auto":
        config["reduction"] = "sum_over_batch_size"


def _renumber(layers: list[Any], network: dict[str, Any]) -> None:
    """Count the calls of models within a model from 0: each had been called by itself before.

    Keras 3 goes on counting those of functional models from 1 where they are outputs.
    """
    started = {
        layer.get("name"): layer.get("class_name")
        for layer in layers
        if isinstance(layer, dict) and _starts_with_input(layer.get("config"))
    }
    for place in _places(network, set(started)):
        if place["keras_history"][1]:
            place["keras_history"][1] -= 1
    for key in ("input_layers", "output_layers"):
        for place in network.get(key) or ():
            if isinstance(place, list) and place and place[1]:
                place[1] -= started.get(place[0]) == "Sequential"


def _starts_with_input(config: Any) -> bool:
    inner = config.get("layers") if isinstance(config, dict) else None
    first = inner[0] if isinstance(inner, list) and inner else None
    return isinstance(first, dict) and first.get("class_name") == "InputLayer"


def _places(item: Any, names: set[Any]) -> list[dict[str, Any]]:
    """All tensors in the calls of a network's layers that come from layers of these names."""
    if isinstance(item, dict):
        history = item.get("keras_history")
        if isinstance(history, list) and len(history) > 1 and history[0] in names:
            return [item]
        nested = [value for key, value in item.items() if key != "config" or "class_name" in item]
        return [place for value in nested for place in _places(value, names)]
    if isinstance(item, list):
        return [place for value in item for place in _places(value, names)]
    return []


def modernized(config: Any) -> Any:
    """Calls of layers, inputs, losses and policies as Keras 3 writes them.

    What is not as Keras 2 wrote it stays as it is.
    """
    if isinstance(config, list):
        return [modernized(item) for item in config]
    if not isinstance(config, dict):
        return config
    found = {key: modernized(value) for key, value in config.items()}
    if isinstance(inner := found.get("config"), dict):
        _modernize_object(found, inner)
    if isinstance(nodes := found.get("inbound_nodes"), list):
        found["inbound_nodes"] = [_call(n) if isinstance(n, list) else n for n in nodes]
    layers = config.get("layers")
    if isinstance(layers, list) and any(_is_old(layer) for layer in layers):
        _renumber(layers, found)
        for key in ("input_layers", "output_layers"):
            places = found.get(key)
            if isinstance(places, list) and len(places) == 1:
                found[key] = places[0]
    return found


def _is_old(layer: Any) -> bool:
    nodes = layer.get("inbound_nodes") if isinstance(layer, dict) else None
    return isinstance(nodes, list) and any(isinstance(node, list) for node in nodes)


def _call(node: list[Any]) -> dict[str, Any]:
    places = node if node and isinstance(node[0], list) else [node]
    tensors = [
        {"class_name": "__keras_tensor__", "config": {"keras_history": place[:3]}}
        for place in places
    ]
    keywords = places[0][3] if len(places[0]) > 3 else {}
    return {"args": tensors if len(tensors) == 1 else [tensors], "kwargs": keywords}


def present_metrics(metrics: Any, outputs: Sequence[str]) -> Any:
    """Metrics by output as `compile` takes them.

    Keras 2 began their names with the output's, and wrote a list of None where there are none.
    """
    if not isinstance(metrics, list) or not len(metrics) == len(outputs) > 1:
        return metrics
    found: list[Any] = []
    for each, output in zip(metrics, outputs, strict=True):
        known = [metric for metric in each if metric is not None] if isinstance(each, list) else []
        for metric in known:
            config = metric.get("config") if isinstance(metric, dict) else None
            if isinstance(config, dict) and isinstance(config.get("name"), str):
                config["name"] = config["name"].removeprefix(f"{output}_")
        found.append((known or None) if isinstance(each, list) else each)
    return found


def optimizer_order(paths: list[str], optimizer: Any) -> list[Any] | None:
    """The optimizer's variables in the order of Keras 2's names for them; None for unused ones.

    No list where the names are not Keras 2's, or some mean nothing here. Its optimizers wrote
    "Adam/m/dense/kernel:0", those before 2.11 "Adam/dense/kernel/m:0".
    """
    if not paths or not paths[0].endswith(("iteration:0", "iter:0")):
        return None
    former = paths[0].endswith("iter:0")
    queues: dict[str, list[Any]] = {"average": list(optimizer._averages)}
    for slots in _kept_slots(optimizer):
        for name, variable in slots.items():
            queues.setdefault(name, []).append(variable)
    found = [optimizer.variables[0]]
    for path in paths[1:]:
        parts = path.removesuffix(":0").split("/")
        slot = parts[-1] if former or len(parts) < 2 else parts[1]
        names = [name for name in (*_SLOTS.get(slot, ()), slot) if queues.get(name)]
        if slot == "momentum_cache" and isinstance(optimizer, Nadam):
            found.append(optimizer._product)
        elif not names and (slot not in _SLOTS or _remembers(optimizer)):
            return None
        else:
            found.append(queues[names[0]].pop(0) if names else None)
    return found if not any(queues.values()) else None


def order_of_shapes(shapes: list[Any], optimizer: Any, variables: list[Any]) -> list[Any] | None:
    """`variables`, or the optimizer's in an order of former files: the first that has `shapes`."""
    for order in (variables, *_former_orders(optimizer)):
        wanted = [None if variable is None else variable.spec.shape for variable in order]
        if len(order) == len(shapes) and all(
            each in (None, shape) for each, shape in zip(wanted, shapes, strict=True)
        ):
            return order
    return None


def _former_orders(optimizer: Any) -> list[list[Any]]:
    """The optimizer's variables in orders that former files have; None for what means nothing here.

    Keras 2.11 to 2.15 kept no learning rate, no product of Nadam's and no place holders of
    Adafactor's, but the momentum of an SGD without one. Keras 3.0 to 3.8 had Nadam's product
    before what is remembered of each variable.
    """
    slots = {id(v) for kept in _kept_slots(optimizer) for v in kept.values()}
    known = slots | {id(variable) for variable in optimizer._averages}
    found = [v for v in optimizer.variables if id(v) in known]
    unused = [] if _remembers(optimizer) else [None] * len(optimizer.slot_variables)
    orders = [[optimizer.variables[0], *found, *unused]]
    if isinstance(optimizer, Nadam) and optimizer._product is not None:
        others = [v for v in optimizer.variables if v is not optimizer._product]
        first = next((n for n, v in enumerate(others) if id(v) in slots), len(others))
        orders.append([*others[:first], optimizer._product, *others[first:]])
    return orders


def _kept_slots(optimizer: Any) -> list[dict[str, Any]]:
    """What is remembered of each variable, without Adafactor's place holders."""
    return [
        {name: v for name, v in slots.items() if name not in ("r", "c") or v.spec.shape}
        for slots in optimizer.slot_variables
    ]


def _remembers(optimizer: Any) -> bool:
    return any(optimizer.slot_variables)


def missing_values(optimizer: Any, read: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """What Keras 2 did not keep, worked out from what was read: variables with their values."""
    product = getattr(optimizer, "_product", None) if isinstance(optimizer, Nadam) else None
    if not read or product is None or any(variable is product for variable, _ in read):
        return []
    return [(product, np.float32(optimizer.product_after(int(read[0][1]))))]
