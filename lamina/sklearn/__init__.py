"""Networks as estimators of scikit-learn, for its pipelines, searches and measures.

from lamina.sklearn import DenseClassifier
DenseClassifier(layers=(64, 32), dropout=0.2, class_weight="balanced").fit(X, y)
"""

from ..core.errors import MissingPackageError

try:
    from .dense import DenseClassifier, DenseRegressor
    from .wrapping import KerasClassifier, KerasRegressor
except ImportError as error:
    if (error.name or "").partition(".")[0] != "sklearn":
        raise
    raise MissingPackageError(
        "lamina.sklearn needs scikit-learn, 1.6 or later: pip install 'lamina[sklearn]'"
    ) from error

__all__ = ["DenseClassifier", "DenseRegressor", "KerasClassifier", "KerasRegressor"]
