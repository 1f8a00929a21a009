"""Where models and weights lie: what a path must look like, and what is found there."""

from __future__ import annotations

import os
from typing import Any

from ...core.errors import ArgumentTypeError, InvalidArgumentError, UnimplementedError
from ...core.files import FilePath
from .archive import opened
from .checked_hdf5 import SIGNATURE
from .hdf5 import ENDINGS

CONFIG = "config.json"
_MODELS = (".keras", *ENDINGS)


def checked_path(path: FilePath, what: str) -> str:
    """`path` as text; ArgumentTypeError for what is none, as open files."""
    try:
        text = os.fspath(path)
    except TypeError:
        raise ArgumentTypeError(
            f"the file of {what} is a path; got {type(path).__name__}"
        ) from None
    if not isinstance(text, str):
        raise InvalidArgumentError(f"the file name of {what} is text; got {text!r:.200}")
    return text


def model_to_write(path: FilePath, save_format: Any = None) -> str:
    """The path of a file that a model is written to, whose ending says the format."""
    text = checked_path(path, "a model")
    if not text.endswith(_MODELS):
        named = text.rstrip("/" + os.sep) + ".keras"
        raise InvalidArgumentError(
            f"{_wrong_ending(text)}. Save it as {named!r}; TensorFlow's folders (SavedModel) are "
            "not written"
        )
    by_ending = "keras" if text.endswith(".keras") else "h5"
    if save_format not in (None, by_ending):
        raise UnimplementedError(
            f"save_format is {by_ending!r} for {text!r}, by its ending; got {save_format!r}. Leave "
            "it out, and name the file .keras or .h5"
        )
    return text


def model_to_read(path: FilePath) -> tuple[str, str]:
    """The path of a model, and what is there: a "folder", an "archive" or "hdf5".

    TensorFlow 2 wrote HDF5 to files that end in .keras, too, so the content says it, not the name.
    """
    text = checked_path(path, "a model")
    if os.path.isfile(os.path.join(text, CONFIG)):
        return text, "folder"
    if os.path.isfile(os.path.join(text, "saved_model.pb")):
        raise UnimplementedError(
            f"{text!r} is a SavedModel, a program of TensorFlow's, which is not run. Where "
            "TensorFlow is, load it and save it as 'model.keras', or its weights as "
            "'model.weights.h5'"
        )
    if not text.endswith(_MODELS):
        missing = "" if os.path.exists(text) else ", and there is nothing of that name"
        raise InvalidArgumentError(_wrong_ending(text) + missing)
    return text, "hdf5" if text.endswith(ENDINGS) or holds_hdf5(text) else "archive"


def holds_hdf5(path: str) -> bool:
    """Whether the file at `path` begins as HDF5 does."""
    with opened(path) as file:
        return file.read(len(SIGNATURE)) == SIGNATURE


def _wrong_ending(text: str) -> str:
    return f"the file name of a model ends in {' or '.join(_MODELS)}; got {text!r}"
