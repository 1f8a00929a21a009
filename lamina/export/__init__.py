"""Models as files that run without lamina."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ..core.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    OutsideError,
    UnknownArgumentError,
    nearest,
)
from ..core.files import FilePath, check_file
from ..core.output import write_line
from .c import write_c
from .graph import Inference, Port, inference_graph
from .native import write_object
from .onnx import write_onnx

__all__ = ["FORMATS", "Format", "Inference", "Port", "export", "format_of", "inference_graph"]


class Format(NamedTuple):
    """A kind of file: `write(inference, path, **options)` makes one, whole or not at all."""

    ending: str
    write: Callable[..., None]
    text: str  # what it is, in a few words
    strings: bool = False  # whether inputs may be strings
    after_file: bool = False  # a function in it is named after the file, not after the model


FORMATS: dict[str, Format] = {
    "onnx": Format(".onnx", write_onnx, "ONNX, which many runtimes read", strings=True),
    "c": Format(".c", write_c, "one file in C99 and its header", after_file=True),
    "o": Format(".o", write_object, "native code to link, and its header", after_file=True),
}

_OUTSIDE = {
    "tf_saved_model": "TensorFlow's graphs are not written",
    "litert": "TensorFlow Lite's files are not written",
    "openvino": "OpenVINO reads ONNX: export to name.onnx",
    "torch": "PyTorch's programs are not written",
}
"""Formats of Keras that are left out, and why."""


def export(
    model: Any,
    filepath: FilePath,
    format: str | None = None,
    verbose: bool | None = None,
    input_signature: Any = None,
    *,
    name: str | None = None,
    metadata: dict[str, str] | None = None,
    **options: Any,
) -> Inference:
    """Write what the model computes (`model(x, training=False)`) to a file of a `format`; it.

    Without `format` the ending of the file name says it. `name` is that of the function,
    `metadata` goes into the file where the format has a place for it; the other options are those
    of the format. See `inference_graph` for `input_signature` and for what cannot be exported.
    """
    chosen, path = format_of(filepath, format), os.fspath(filepath)
    _check_options(chosen, options)
    _check_texts(name, metadata)
    check_file(path)
    if name is None and chosen.after_file:
        name = Path(path).stem
    inference = inference_graph(model, input_signature, name, metadata)
    chosen.write(inference, path, **options)
    if verbose is None or verbose:
        write_line(f"Saved artifact at '{path}'.")
    return inference


def format_of(filepath: FilePath, format: str | None = None) -> Format:
    """The format of this name, else that of the ending of a file name."""
    path = os.fspath(filepath)
    if not isinstance(path, str):
        raise ArgumentTypeError(f"the file of an export is a path; got {type(filepath).__name__}")
    listed = ", ".join(f"{name} ({known.ending})" for name, known in sorted(FORMATS.items()))
    if format is None:
        for known in FORMATS.values():
            if path.endswith(known.ending):
                return known
        raise InvalidArgumentError(
            f"the file name of an export ends in that of a format: {listed}; got {path!r}. There "
            "is no SavedModel; for serving from Python, model.save('name.keras') is a whole model"
        )
    if format in _OUTSIDE:
        raise OutsideError(f"format={format!r}: {_OUTSIDE[format]}; there are {listed}")
    if format not in FORMATS:
        raise InvalidArgumentError(
            f"unknown format {format!r}; there are {listed}.{nearest(format, FORMATS)}"
        )
    return FORMATS[format]


def _check_options(chosen: Format, options: dict[str, Any]) -> None:
    known = list(inspect.signature(chosen.write).parameters)[2:]
    for name in options:
        if name not in known:
            raise UnknownArgumentError(
                f"exports to {chosen.ending} have no option {name!r}; they have "
                f"{', '.join(known) or 'none'}.{nearest(name, known)}"
            )


def _check_texts(name: Any, metadata: Any) -> None:
    if not isinstance(name, str | None):
        raise ArgumentTypeError(f"name= of an export is text; got {name!r}")
    told = {} if metadata is None else metadata
    if not isinstance(told, dict) or not all(isinstance(x, str) for x in [*told, *told.values()]):
        raise ArgumentTypeError(
            f"metadata= of an export is a dict of texts, as {{'author': '…'}}; got {told!r:.100}"
        )
