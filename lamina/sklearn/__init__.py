"""Networks as estimators of scikit-learn, for its pipelines, searches and measures.

from lamina.sklearn import DenseClassifier
DenseClassifier(layers=(64, 32), dropout=0.2, class_weight="balanced").fit(X, y)
"""

from ..core.packages import needed

with needed("lamina.sklearn", "scikit-learn (1.6 or later)", extra="sklearn"):
    from .dense import DenseClassifier, DenseRegressor
    from .wrapping import KerasClassifier, KerasRegressor

__all__ = ["DenseClassifier", "DenseRegressor", "KerasClassifier", "KerasRegressor"]
