"""A trained network with the encoding of its table: predict, save, load."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt

from ..core.errors import DataLossError, InvalidArgumentError
from ..keras import Sequential, saving
from ..keras.saving.archive import write_archive
from ..keras.saving.files import model_members
from .archive import MEMBER, encoder_bytes, read_encoder
from .encoding import Encoder, Inputs
from .reading import table_of
from .target import Target

_BATCH = 4096


@dataclass(frozen=True, slots=True)
class Predictions:
    """What the network says about each row of a table, in the table's order.

    `values`: the probability of the second class (binary), of every class (multiclass, one column
    each), or the predicted number (regression); float32, shape (rows,) or (rows, classes).
    """

    target: Target
    values: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.values)

    @property
    def codes(self) -> npt.NDArray[np.int64]:
        """The predicted class of each row as its place in `target.classes`.

        Of two classes it is the second from `target.threshold` on, of several the most probable.
        """
        if not self.target.classes:
            raise InvalidArgumentError("A regression has no classes; read `values`.")
        if self.target.task == "binary":
            codes = self.values.astype(np.float64) >= self.target.threshold
            return codes.astype(np.int64)
        return np.asarray(np.argmax(self.values, axis=1), np.int64)

    @property
    def classes(self) -> list[str]:
        """The predicted class of each row by name."""
        return [self.target.classes[code] for code in self.codes.tolist()]

    @property
    def columns(self) -> dict[str, list[Any]]:
        """As named columns: `prediction`; or `class` and one `probability_NAME` per class.

        A binary task has the probability of its second class only.
        """
        if self.target.task == "regression":
            return {"prediction": self.values.tolist()}
        named = self.values.reshape(len(self), -1).T
        names = self.target.classes[-1:] if self.target.task == "binary" else self.target.classes
        columns = zip((f"probability_{name}" for name in names), named, strict=True)
        return {"class": self.classes, **{name: values.tolist() for name, values in columns}}

    def write_csv(self, file: TextIO) -> None:
        """Write a header and a line per row to an open text file."""
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(zip(*map(_shown, self.columns.values()), strict=True))


def _shown(values: list[Any]) -> Iterator[str]:
    return (value if isinstance(value, str) else f"{value:.7g}" for value in values)


@dataclass(frozen=True, slots=True)
class Predictor:
    """A Keras model and the encoder that turns a table into its inputs."""

    model: Sequential
    encoder: Encoder

    def predict(self, table: Any) -> Predictions:
        """Predictions for every row of a file, a dict of columns or a data frame.

        Columns are found by name; those that the model does not use are ignored.
        """
        return self.predict_encoded(self.encoder.encode(table_of(table)))

    def predict_encoded(self, inputs: Inputs) -> Predictions:
        """Predictions for inputs that `encoder.encode` made."""
        outputs = np.asarray(self.model.predict(inputs, batch_size=_BATCH, verbose=0), np.float32)
        values = outputs if self.encoder.target.task == "multiclass" else outputs[:, 0]
        return Predictions(self.encoder.target, values)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Save as a `.keras` file that Keras opens too; it is complete or not there at all."""
        path = Path(path)
        if path.suffix != ".keras":
            raise InvalidArgumentError(f"A model's file name ends in .keras; got {str(path)!r}.")
        write_archive(path, {**model_members(self.model), MEMBER: encoder_bytes(self.encoder)})
        return path


def load(path: str | os.PathLike[str]) -> Predictor:
    """The predictor in a `.keras` file that `Predictor.save` (or `lamina train`) wrote.

    Nothing in the file is run as code. Raises NotFoundError where there is no file, DataLossError
    where it is damaged, no table's model, or its network and its encoding do not fit.
    """
    encoder = read_encoder(path)
    model = saving.load_model(path)
    outputs = len(encoder.target.classes) if encoder.target.task == "multiclass" else 1
    expected = ((None, len(encoder.input_names)), (None, outputs))
    found = (model.input_shape, model.output_shape)
    if found != expected:
        raise DataLossError(
            f"{path}: the network's inputs and outputs {found} do not fit its encoding {expected}."
        )
    return Predictor(model, encoder)
