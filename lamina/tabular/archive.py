"""The encoding of a table, kept inside the model's own `.keras` archive.

A `.keras` file is a zip archive; Keras reads the members that it knows and leaves others alone. The
encoding is one more, `lamina.json`: JSON and nothing else, checked value by value when it is read,
so that a stranger's file can neither run code nor go unnoticed when it is wrong.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

from ..core import release
from ..core.archives import checked_archive
from ..core.errors import DataLossError, InvalidArgumentError, MissingFileError
from ..core.json_text import parsed
from ..keras.saving.archive import opened
from .encoding import Encoder, Feature
from .target import TASKS, Target

MEMBER = "lamina.json"
FORMAT = "lamina tabular encoding"
VERSION = 1
_KINDS = ("number", "boolean", "category")


def encoder_bytes(encoder: Encoder) -> bytes:
    """The encoder as the content of the member `MEMBER`."""
    return json.dumps(to_json(encoder), ensure_ascii=False, allow_nan=False, indent=1).encode()


def read_encoder(path: str | os.PathLike[str]) -> Encoder:
    """The encoder in a `.keras` archive; DataLossError for a damaged file or none of ours."""
    path = Path(path)
    if path.is_dir():
        raise InvalidArgumentError(f"{path} is a folder. Name the model: {path / 'model.keras'}.")
    if not path.exists():
        raise MissingFileError(f"There is no model {str(path)!r}.")
    with opened(path) as file, checked_archive(file, path, "a .keras file") as archive:
        if MEMBER not in archive.namelist():
            raise DataLossError(
                f"{path} does not say how to encode a table (it has no {MEMBER}). Only models "
                "that `lamina train` or `tabular.train` saved can predict from a table."
            )
        content = archive.read(MEMBER)
    value = parsed(content, f"{MEMBER} in {path}")
    try:
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair can't be shown later
        return from_json(value)
    except (ValueError, OverflowError, RecursionError) as error:
        raise DataLossError(f"{MEMBER} in {path} is damaged: {error}") from None


def has_encoder(path: str | os.PathLike[str]) -> bool:
    """Whether a `.keras` archive is of a table's model; DataLossError for a damaged file."""
    if Path(path).suffix != ".keras" or not Path(path).is_file():
        return False
    with opened(path) as file, checked_archive(file, path, "a .keras file") as archive:
        return MEMBER in archive.namelist()


def to_json(encoder: Encoder) -> dict[str, Any]:
    """The encoder as plain JSON values."""
    features = []
    for feature in encoder.features:
        item: dict[str, Any] = {"name": feature.name, "kind": feature.kind}
        if feature.kind == "category":
            item |= {"categories": list(feature.categories), "other": feature.other}
        else:
            item |= {"median": feature.median, "missing": feature.missing}
        features.append(item)
    target = encoder.target
    return {
        "format": FORMAT,
        "version": VERSION,
        "lamina": release.VERSION,
        "features": features,
        "target": {
            "name": target.name,
            "task": target.task,
            "classes": list(target.classes),
            "threshold": target.threshold,
        },
        "omitted": [{"name": name, "reason": reason} for name, reason in encoder.omitted],
    }


def from_json(value: Any) -> Encoder:
    """The encoder that `to_json` wrote; ValueError names the first value that is wrong."""
    top = _Reader(value, "the file")
    if top.text("format") != FORMAT:
        raise ValueError(f"its format is not {FORMAT!r}")
    version = top.get("version", int)
    if version != VERSION:
        raise ValueError(f"version {version} of the format; this lamina reads version {VERSION}")
    features = tuple(_feature(item) for item in top.items("features"))
    omitted = tuple((item.text("name"), item.text("reason")) for item in top.items("omitted"))
    target = _target(_Reader(top.get("target", dict), "target"))
    names = [feature.name for feature in features] + [name for name, _ in omitted] + [target.name]
    if not features or len(set(names)) != len(names):
        raise ValueError("features must be there, each name once")
    return Encoder(features, target, omitted)


def _feature(item: _Reader) -> Feature:
    name, kind = item.text("name"), item.text("kind", _KINDS)
    if kind == "category":
        categories = item.texts("categories")
        return Feature(name, kind, categories=categories, other=item.get("other", bool))
    median = float(item.get("median", (int, float)))
    if not math.isfinite(median):
        raise ValueError(f"{item.place}.median is not finite")
    return Feature(name, kind, median=median, missing=item.get("missing", bool))


def _target(item: _Reader) -> Target:
    name, task = item.text("name"), item.text("task", TASKS)
    classes = item.texts("classes", least=0)
    fits = {"binary": len(classes) == 2, "multiclass": len(classes) >= 2, "regression": not classes}
    if not fits[task]:
        raise ValueError(f"target.classes has {len(classes)} labels, which is no {task} task")
    threshold = float(item.get("threshold", (int, float)))
    if not 0 < threshold < 1:
        raise ValueError("target.threshold is not between 0 and 1")
    return Target(name, task, classes, threshold)


class _Reader:
    """A JSON object whose members are asked for by name and type."""

    def __init__(self, value: Any, place: str) -> None:
        if not isinstance(value, dict):
            raise ValueError(f"{place} must be an object")
        self.value = value
        self.place = place

    def get(self, name: str, kind: type | tuple[type, ...]) -> Any:
        value = self.value.get(name)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise ValueError(f"{self.place}.{name} is missing or of the wrong type")
        return value

    def text(self, name: str, known: tuple[str, ...] = ()) -> str:
        value: str = self.get(name, str)
        if known and value not in known:
            raise ValueError(f"{self.place}.{name} is none of {', '.join(known)}")
        return value

    def texts(self, name: str, least: int = 1) -> tuple[str, ...]:
        values: list[Any] = self.get(name, list)
        if not all(isinstance(text, str) for text in values) or len(set(values)) != len(values):
            raise ValueError(f"{self.place}.{name} must be different texts")
        if len(values) < least:
            raise ValueError(f"{self.place}.{name} is empty")
        return tuple(values)

    def items(self, name: str) -> list[_Reader]:
        values: list[Any] = self.get(name, list)
        return [_Reader(item, f"{name}[{index}]") for index, item in enumerate(values)]
