"""The layers and the training of a model, read off its configuration; nothing is made."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from ..keras.configurable import snake_case
from .report import Inspection, Layer, Weight
from .suspicion import judge

_ESSENTIAL = (
    *("units", "activation", "rate", "stddev", "axis", "axes", "input_dim", "output_dim"),
    *("target_shape", "equation", "num_tokens", "max_tokens", "alpha", "negative_slope", "n"),
    *("filters", "kernel_size", "strides", "padding", "pool_size", "momentum", "epsilon"),
)
"""What says most about a layer, where it is stated and is not what stands for nothing."""
_NOTHING: tuple[Any, ...] = (None, "linear", [], {})
_MOST_LAYERS, _MOST_DEPTH = 20_000, 16
_TRAINING = ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics")

# The shapes that weights must have, as far as a configuration says; None fits any size.
_SHAPES: dict[str, Callable[[dict[str, Any]], list[tuple[int | None, ...]]]] = {
    "Dense": lambda c: [(None, c["units"])] + ([(c["units"],)] if c.get("use_bias", True) else []),
    "Embedding": lambda c: [(c["input_dim"], c["output_dim"])],
}


def read(config: Any, report: Inspection, where: str) -> None:
    """Add layers and training as `config` states them; what is suspicious becomes a finding."""
    judge(config, report, where)
    if not isinstance(config, dict) or not isinstance(config.get("class_name"), str):
        report.stop(where, "it describes no model")
        return
    inner = config.get("config")
    inner = inner if isinstance(inner, dict) else {"layers": inner}
    report.about["model"] = f"{config['class_name']} {text_of(inner.get('name'))}".rstrip()
    report.layers = list(_layers(inner, ""))[:_MOST_LAYERS]
    if isinstance(config.get("compile_config"), dict):
        read_training(config["compile_config"], report)


def read_training(compiled: dict[str, Any], report: Inspection) -> None:
    """Add what the model is compiled with; "optimizer_config" is Keras 2's name."""
    judge(compiled, report, "compile_config")
    stated = {"optimizer": compiled.get("optimizer_config"), **compiled}
    for key in _TRAINING:
        if stated.get(key) not in _NOTHING:
            report.training[key] = describe(stated[key])


def describe(value: Any, depth: int = 0) -> str:
    """A value of a configuration in a few words: objects by their class and what is set."""
    if isinstance(value, dict) and isinstance(value.get("class_name"), str):
        inner = value.get("config")
        if isinstance(inner, str):
            return inner[:60]
        rate = inner.get("learning_rate") if isinstance(inner, dict) else None
        shown = f"(learning_rate={describe(rate, depth + 1)})" if rate is not None else ""
        return f"{value['class_name'][:60]}{shown}"
    if depth > 2:
        return "…"
    if isinstance(value, dict):
        return ", ".join(f"{k}: {describe(v, depth + 1)}" for k, v in list(value.items())[:8])
    if isinstance(value, list):
        more = ", …" if len(value) > 8 else ""
        return ", ".join(describe(item, depth + 1) for item in value[:8]) + more
    return f"{value:.6g}" if isinstance(value, float) else text_of(value)


def text_of(value: Any) -> str:
    """A plain value as a short text; nothing for None."""
    return "" if value is None else str(value)[:200]


def _layers(inner: dict[str, Any], path: str, depth: int = 0) -> Iterator[Layer]:
    found = inner.get("layers")
    entries = [e for e in found if isinstance(e, dict)] if isinstance(found, list) else []
    shapes = _output_shapes(entries)
    counts: dict[str, int] = {}
    for place, entry in enumerate(entries):
        kind = text_of(entry.get("class_name")) or "?"
        settings = entry.get("config")
        settings = settings if isinstance(settings, dict) else {}
        name = text_of(settings.get("name") or entry.get("name"))
        stem = snake_case(kind)
        counts[stem] = counts.get(stem, -1) + 1
        numbered = f"{stem}_{counts[stem]}" if counts[stem] else stem
        layer = _Placed(
            name, kind, depth, shapes[place] or _own_shape(kind, settings, entry), None,
            {key: settings[key] for key in _ESSENTIAL if settings.get(key) not in _NOTHING},
        )  # fmt: skip
        layer.stored = f"{path}layers/{numbered}"
        layer.expected = _expected(kind, settings)
        yield layer
        if isinstance(settings.get("layers"), list) and depth < _MOST_DEPTH:
            yield from _layers(settings, f"{layer.stored}/", depth + 1)


class _Placed(Layer):
    """A layer, with where its weights lie in a file of Keras 3, and their shapes."""

    stored = ""
    expected: list[tuple[int | None, ...]] | None = None


def _expected(kind: str, settings: dict[str, Any]) -> list[tuple[int | None, ...]] | None:
    try:
        return _SHAPES[kind](settings) if kind in _SHAPES else None
    except KeyError:
        return None


# Shapes -------------------------------------------------------------------------------------------


def _output_shapes(entries: list[dict[str, Any]]) -> list[str | None]:
    """What layers give, where those that take it say so: by name, or one after the other."""
    if any("inbound_nodes" in entry for entry in entries):
        stated: dict[str, str] = {}
        for entry in entries:
            _note_inputs(entry.get("inbound_nodes"), stated)
        return [stated.get(text_of(entry.get("name"))) for entry in entries]
    following = [_build_shape(entry) for entry in entries[1:]]
    return [*following, None] if entries else []


def _note_inputs(value: Any, stated: dict[str, str], depth: int = 0) -> None:
    """Shapes of symbolic tensors in the arguments of a call, by the layer that made them."""
    if depth > _MOST_DEPTH:
        return
    if isinstance(value, dict):
        inner = value.get("config")
        if value.get("class_name") == "__keras_tensor__" and isinstance(inner, dict):
            history = inner.get("keras_history")
            if isinstance(history, list) and history and _is_shape(inner.get("shape")):
                stated.setdefault(text_of(history[0]), _shown(inner["shape"]))
            return
        value = list(value.values())
    for item in value if isinstance(value, list) else ():
        _note_inputs(item, stated, depth + 1)


def _build_shape(entry: dict[str, Any]) -> str | None:
    build = entry.get("build_config")
    shape = build.get("input_shape") if isinstance(build, dict) else None
    return _shown(shape) if shape is not None and _is_shape(shape) else None


def _own_shape(kind: str, settings: dict[str, Any], entry: dict[str, Any]) -> str | None:
    """What an input or the last dense layer gives."""
    for key in ("batch_shape", "batch_input_shape"):
        if kind == "InputLayer" and _is_shape(settings.get(key)):
            return _shown(settings[key])
    build = entry.get("build_config")
    shape = build.get("input_shape") if isinstance(build, dict) else None
    if kind == "Dense" and _is_shape(shape) and shape and isinstance(settings.get("units"), int):
        return _shown([*shape[:-1], settings["units"]])
    return None


def _is_shape(shape: Any) -> bool:
    return isinstance(shape, list) and all(d is None or isinstance(d, int) for d in shape)


def _shown(shape: list[Any]) -> str:
    return str(tuple(shape))[:100]


# Weights ------------------------------------------------------------------------------------------


def count_weights(report: Inspection, grouped: dict[str, list[Weight]], by_name: bool) -> None:
    """Give layers the numbers of their parameters, and take down what does not fit.

    `grouped`: the weights of each layer, by its place in a file of Keras 3, or `by_name`.
    """
    inside: dict[str, list[str]] = {}  # the groups in each, itself among them
    for name in grouped:
        parts = name.split("/")
        for end in range(1, len(parts) + 1):
            inside.setdefault("/".join(parts[:end]), []).append(name)
    used: set[str] = set()
    for layer in report.layers:
        if not isinstance(layer, _Placed) or (by_name and layer.depth):
            continue
        key = layer.name if by_name else layer.stored
        below = inside.get(key, [])
        used.update(below)
        layer.parameters = sum(math.prod(w.shape) for name in below for w in grouped[name])
        if layer.expected is not None:
            _compare(layer, grouped.get(key, []), report)
    for name in grouped.keys() - used if report.layers else ():
        if grouped[name] and name:
            why = "no layer of the configuration owns them; they may be of another model"
            report.add("warning", "weights without a layer", name, why)


def _compare(layer: _Placed, weights: list[Weight], report: Inspection) -> None:
    assert layer.expected is not None
    shapes = [weight.shape for weight in weights]
    fits = len(shapes) == len(layer.expected) and all(
        len(shape) == len(wanted)
        and all(w is None or w == d for d, w in zip(shape, wanted, strict=True))
        for shape, wanted in zip(shapes, layer.expected, strict=True)
    )
    if not fits:
        wanted = ", ".join(str(s).replace("None", "any") for s in layer.expected)
        came = ", ".join(map(str, shapes)) or "none"
        why = f"the configuration says {wanted}; the weights have {came}"
        report.add("warning", "configuration and weights differ", layer.name, why)
