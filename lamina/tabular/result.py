"""What a training run was planned to be, and what came of it."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..core.files import write_bytes
from ..keras import Sequential
from .encoding import Encoder, Inputs
from .output import HISTORY, MODEL, staged
from .prediction import Predictions, Predictor
from .settings import Settings
from .splitting import Split

History = dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class Plan:
    """A training run before its first step: what is trained on what. See `prepare`.

    `unlabelled` rows had no target and were left out; `inputs` and `targets` are the others', and
    `split` holds positions among these.
    """

    encoder: Encoder
    settings: Settings
    split: Split
    inputs: Inputs
    targets: npt.NDArray[Any]
    unlabelled: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How the network does on rows that training has not seen.

    `measures` are those of `lamina.tabular.evaluation.evaluate`; `confusion` counts (true class,
    predicted class) and is None in a regression.
    """

    targets: npt.NDArray[Any]
    predictions: Predictions
    measures: dict[str, float]
    confusion: npt.NDArray[np.int64] | None


@dataclass(frozen=True, slots=True)
class Result:
    """A trained network, how it came about and how good it is.

    `history`: a list per measure, an entry per epoch. `best_epoch` (from 0) is the one whose
    weights were kept. `evaluation` is None where no rows were held out (test_share 0).
    `interrupted`: Ctrl-C ended the training. `threshold_reason`: why the second of two classes is
    predicted from `encoder.target.threshold` on.
    """

    predictor: Predictor
    plan: Plan
    history: History
    best_epoch: int
    evaluation: Evaluation | None
    interrupted: bool
    threshold_reason: str = ""

    @property
    def model(self) -> Sequential:
        """The Keras model; it takes what `encoder.encode` returns."""
        return self.predictor.model

    @property
    def encoder(self) -> Encoder:
        """How a table becomes the model's inputs."""
        return self.predictor.encoder

    def predict(self, table: Any) -> Predictions:
        """See `Predictor.predict`."""
        return self.predictor.predict(table)

    def write(self, folder: Path) -> None:
        """Write `model.keras` and `history.csv` into a folder that exists."""
        self.predictor.save(folder / MODEL)
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("epoch", *self.history))
        writer.writerows(
            (epoch, *(f"{value:.7g}" for value in values))
            for epoch, values in enumerate(zip(*self.history.values(), strict=True), 1)
        )
        write_bytes(folder / HISTORY, text.getvalue().encode())

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Save `model.keras` and `history.csv` into a folder, which is made where it is not there.

        Results that are there already are replaced once the new ones are complete.
        """
        with staged(folder) as stage:
            self.write(stage)
        return Path(folder)
