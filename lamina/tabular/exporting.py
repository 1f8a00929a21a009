"""A table's network together with its encoding, as a model that is exported.

Numbers, and true and false as 1 and 0, are columns of one float32 input, in the order of the
table; NaN is a missing value. Where a format knows strings, each column of texts is an input of its
own ("" is missing); elsewhere it is a column of the first input, too: the place of the text among
the categories of its column, counted from 0, any other number for a text that is not among them.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ..export import Inference, export, format_of
from ..keras import Input, Model, layers, ops
from .encoding import Encoder, Feature
from .prediction import Predictor

_OUTPUTS = {"binary": "probability", "multiclass": "probabilities", "regression": "prediction"}


def export_predictor(
    predictor: Predictor, path: Any, format: str | None = None, **options: Any
) -> Inference:
    """Write the function from a table's columns to predictions; see `lamina.export.export`."""
    strings = format_of(path, format).strings
    metadata = {**describe(predictor.encoder, strings), **(options.pop("metadata", None) or {})}
    model = table_model(predictor, strings=strings)
    return export(model, path, format, metadata=metadata, **options)


def describe(encoder: Encoder, strings: bool) -> dict[str, str]:
    """What a user of the exported function has to know, as texts by name.

    `columns`: a JSON list of those of the first input, in their order, with the categories of
    texts; `target`; of classes `classes`, a JSON list, and of two `threshold`.
    """
    target = encoder.target
    columns = [
        {"name": f.name, "kind": f.kind, **({"categories": f.categories} if f.categories else {})}
        for f in encoder.features
        if not (strings and f.kind == "category")
    ]
    found = {"columns": json.dumps(columns, ensure_ascii=False), "target": target.name}
    if target.classes:
        found["classes"] = json.dumps(target.classes, ensure_ascii=False)
    if target.task == "binary":
        found["threshold"] = repr(target.threshold)
    return found


def table_model(predictor: Predictor, *, strings: bool) -> Model:
    """The model from columns to what the network gives; `strings`: texts are inputs of strings."""
    encoder = predictor.encoder
    texts = [f for f in encoder.features if strings and f.kind == "category"]
    columns = [f for f in encoder.features if f not in texts]
    taken = [feature.name for feature in texts]
    inputs: list[Any] = []
    parts: dict[str, Any] = {}  # by column the inputs of the network
    if columns:
        inputs.append(Input((len(columns),), name=_free("columns", taken)))
        parts.update(_encoded(inputs[0], columns))
    for feature in texts:
        inputs.append(Input((1,), dtype="string", name=feature.name))
        parts[feature.name] = _vectors(_places_of_texts(inputs[-1], feature), feature)
    if all(feature.kind != "category" and not feature.missing for feature in encoder.features):
        x = _filled(inputs[0], columns)
    else:
        x = layers.Concatenate()([parts[feature.name] for feature in encoder.features])
    output = layers.Identity(name=_free(_OUTPUTS[encoder.target.task], taken))
    return Model(inputs, output(predictor.model(x)), name="predictor")


def _free(name: str, taken: list[str]) -> str:
    """A name that no column has."""
    while name in taken:
        name += "_"
    return name


def _filled(x: Any, columns: list[Feature]) -> Any:
    """The numbers, the median of its column for each that is missing."""
    return ops.where(ops.isnan(x), np.array([f.median for f in columns], np.float32), x)


def _encoded(x: Any, columns: list[Feature]) -> dict[str, Any]:
    """The network's inputs by column."""
    filled, missing = _filled(x, columns), ops.isnan(x)
    found = {}
    for place, feature in enumerate(columns):
        one = slice(place, place + 1)
        if feature.kind == "category":
            found[feature.name] = _vectors(_places_of_codes(x[:, one], feature), feature)
        elif feature.missing:
            flag = ops.cast(missing[:, one], "float32")
            found[feature.name] = ops.concatenate([filled[:, one], flag], axis=1)
        else:
            found[feature.name] = filled[:, one]
    return found


def _places_of_codes(x: Any, feature: Feature) -> Any:
    """The numbers of categories; what is none of them, one beyond."""
    count = len(feature.categories)
    known = ops.logical_and(ops.logical_and(x >= 0, x < count), ops.equal(x, ops.floor(x)))
    return ops.where(known, x, float(count))


def _places_of_texts(x: Any, feature: Feature) -> Any:
    lookup = layers.StringLookup(vocabulary=list(feature.categories))
    place = ops.cast(lookup(x), "float32")  # 0 for what is none of them, then 1, 2 …
    return ops.where(place > 0, place - 1, float(len(feature.categories)))


def _vectors(places: Any, feature: Feature) -> Any:
    """A 1 at the place of the category, one more place for all others where the column has it."""
    return ops.cast(
        ops.equal(places, np.arange(len(feature.input_names), dtype=np.float32)), "float32"
    )
