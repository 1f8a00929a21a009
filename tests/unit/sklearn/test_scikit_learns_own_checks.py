"""scikit-learn's own suite for estimators, whole: no check is expected to fail."""

from __future__ import annotations

from typing import Any

from sklearn.utils.estimator_checks import parametrize_with_checks

from lamina.sklearn import DenseClassifier, DenseRegressor

ESTIMATORS = [
    DenseClassifier(),
    DenseRegressor(),
    DenseClassifier((16,), dropout=0.1, class_weight="balanced", learning_rate=0.01, epochs=60),
    DenseRegressor((16,), activation="tanh", l2=1e-4, standardize_target=False, learning_rate=0.01),
]


@parametrize_with_checks(ESTIMATORS)
def test_check(estimator: Any, check: Any) -> None:
    check(estimator)
