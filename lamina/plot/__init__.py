"""Pictures: of a training run, of what a network gets right and wrong, and of the network itself.

Each function takes `ax=` (axes to draw on; by default a new figure) and `style=` ("light" or
"dark"), returns the axes, and leaves matplotlib's global settings alone. matplotlib is imported
when the first picture is drawn.
"""

from __future__ import annotations

from .classification import calibration, confusion_matrix, precision_recall, roc
from .diagram import network
from .regression import residuals
from .report import Report, write_report
from .training import history

__all__ = [
    "Report",
    "calibration",
    "confusion_matrix",
    "history",
    "network",
    "precision_recall",
    "residuals",
    "roc",
    "write_report",
]
