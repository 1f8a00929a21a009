"""Tables: from a file or a data frame with a target column to a trained network, and predictions.

result = tabular.train("clients.csv", target="default")
result.save("clients")
predictions = tabular.load("clients/model.keras").predict("new_clients.csv")
"""

from __future__ import annotations

from .encoding import Encoder, Feature
from .prediction import Predictions, Predictor, load
from .reading import read_csv
from .result import Evaluation, Plan, Result
from .settings import Settings
from .splitting import Split
from .table import Table, as_table
from .target import Target
from .training import DivergedError, fit, prepare, train

__all__ = [
    "DivergedError",
    "Encoder",
    "Evaluation",
    "Feature",
    "Plan",
    "Predictions",
    "Predictor",
    "Result",
    "Settings",
    "Split",
    "Table",
    "Target",
    "as_table",
    "fit",
    "load",
    "prepare",
    "read_csv",
    "train",
]
