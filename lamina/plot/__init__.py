"""Pictures: of a training run, of what a network gets right and wrong, and of the network itself.

Each function takes `ax=` (axes to draw on; by default a new figure) and `style=` ("light" or
"dark"), returns the axes, and leaves matplotlib's global settings alone. matplotlib is imported
when the first picture is drawn.
"""

from __future__ import annotations

from .activation import activations, why_nonlinear
from .animation import animate_optimizers
from .classification import calibration, confusion_matrix, precision_recall, roc
from .diagram import network
from .race import compare_optimizers, race
from .regression import residuals
from .report import Report, write_report
from .surface import surface
from .training import history

__all__ = [
    "Report",
    "activations",
    "animate_optimizers",
    "calibration",
    "compare_optimizers",
    "confusion_matrix",
    "history",
    "network",
    "precision_recall",
    "race",
    "residuals",
    "roc",
    "surface",
    "why_nonlinear",
    "write_report",
]
