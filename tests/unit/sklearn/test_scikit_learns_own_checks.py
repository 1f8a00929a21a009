"""scikit-learn's own suite for estimators, whole: no check is expected to fail."""

from __future__ import annotations

from typing import Any

from lamina import keras
from lamina.sklearn import DenseClassifier, DenseRegressor, KerasClassifier, KerasRegressor
from tests.tools.estimator_checks import checks_of

OUTPUTS = {"multiclass": "softmax", "binary": "sigmoid", "multilabel-indicator": "sigmoid"}


def build(meta: dict[str, Any], units: int = 32) -> Any:
    output = OUTPUTS.get(meta["target_type_"], "linear")
    hidden = keras.layers.Dense(units, "relu")
    return keras.Sequential([hidden, keras.layers.Dense(meta["n_outputs_expected_"], output)])


BUILT: dict[str, Any] = {"optimizer__learning_rate": 0.01, "epochs": 100, "batch_size": 100}
ESTIMATORS = [
    DenseClassifier(),
    DenseRegressor(),
    KerasClassifier(build, **BUILT),
    KerasRegressor(build, units=16, **BUILT),
]


@checks_of(ESTIMATORS)
def test_check(estimator: Any, check: Any) -> None:
    check(estimator)
