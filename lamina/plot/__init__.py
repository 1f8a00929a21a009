"""Pictures: of a training run, of what a network gets right and wrong, and of the network itself.

Each function takes `ax=` (axes to draw on; by default a new figure) and `style=` ("light" or
"dark"), returns the axes, and leaves matplotlib's global settings alone. matplotlib is imported
when the first picture is drawn.
"""

from __future__ import annotations

from .activation import activations, why_nonlinear
from .animation import animate_optimizers
from .boundary import decision_boundary
from .classification import calibration, confusion_matrix, precision_recall, roc
from .depth import WeightHistory, gradients, initializers, weights
from .diagram import network
from .fitting import overfitting
from .landscape import loss_landscape
from .race import compare_optimizers, race
from .regression import residuals
from .report import Report, write_report
from .surface import surface
from .training import history

__all__ = [
    "Report",
    "WeightHistory",
    "activations",
    "animate_optimizers",
    "calibration",
    "compare_optimizers",
    "confusion_matrix",
    "decision_boundary",
    "gradients",
    "history",
    "initializers",
    "loss_landscape",
    "network",
    "overfitting",
    "precision_recall",
    "race",
    "residuals",
    "roc",
    "surface",
    "weights",
    "why_nonlinear",
    "write_report",
]
