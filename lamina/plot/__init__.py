"""Pictures: of a training run, of what a network gets right and wrong, and of the network itself.

Each function takes `ax=` (axes to draw on; by default a new figure) and `style=` ("light" or
"dark"), returns the axes, and leaves matplotlib's global settings alone. matplotlib is imported
when the first picture is drawn.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..core.outside import lacking
from .boundary import decision_boundary
from .classification import calibration, confusion_matrix, precision_recall, roc
from .diagram import network
from .regression import residuals
from .report import Report, write_report
from .surface import surface
from .training import history

if TYPE_CHECKING:
    from .activation import activations, why_nonlinear
    from .animation import animate_optimizers
    from .depth import WeightHistory, gradients, initializers, weights
    from .fitting import overfitting
    from .landscape import loss_landscape
    from .racing import compare_optimizers, race

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

_LATER = {  # these train networks, or look into them; the others draw without Keras
    **dict.fromkeys(("activations", "why_nonlinear"), "activation"),
    "animate_optimizers": "animation",
    **dict.fromkeys(("WeightHistory", "gradients", "initializers", "weights"), "depth"),
    "overfitting": "fitting",
    "loss_landscape": "landscape",
    **dict.fromkeys(("compare_optimizers", "race"), "racing"),
}
_missing = lacking("lamina.plot", __all__)


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    return _missing(name)


def __dir__() -> list[str]:
    return __all__
