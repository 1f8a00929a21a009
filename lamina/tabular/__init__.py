"""Tables: from a file or a data frame with a target column to a trained network, and predictions.

result = tabular.train("clients.csv", target="default")
result.save("clients")
predictions = tabular.load("clients/model.keras").predict("new_clients.csv")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ..core.errors import UnknownNameError, nearest

if TYPE_CHECKING:
    from .encoding import Encoder, Feature
    from .exporting import export_predictor
    from .prediction import Predictions, Predictor, load
    from .reading import read_csv, table_of
    from .result import Evaluation, Plan, Result
    from .settings import Settings
    from .splitting import Split
    from .table import Table, as_table
    from .target import Target
    from .training import DivergedError, fit, prepare, train

# Imported when first used: `lamina.plot` needs the figures in `.evaluation`, but no Keras.
_HOMES = {
    "encoding": ("Encoder", "Feature"),
    "exporting": ("export_predictor",),
    "prediction": ("Predictions", "Predictor", "load"),
    "reading": ("read_csv", "table_of"),
    "result": ("Evaluation", "Plan", "Result"),
    "settings": ("Settings",),
    "splitting": ("Split",),
    "table": ("Table", "as_table"),
    "target": ("Target",),
    "training": ("DivergedError", "fit", "prepare", "train"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

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
    "export_predictor",
    "fit",
    "load",
    "prepare",
    "read_csv",
    "table_of",
    "train",
]


def __getattr__(name: str) -> Any:
    if name == "evaluation" or name in _HOMES:
        return importlib.import_module(f".{name}", __name__)
    if name not in _HOME:
        raise UnknownNameError(f"lamina.tabular has no {name!r}.{nearest(name, _HOME)}")
    value = globals()[name] = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
