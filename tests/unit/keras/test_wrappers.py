"""Models as estimators of scikit-learn: in pipelines, searches and cross-validation."""

from __future__ import annotations

import inspect
import pickle
import sys
from typing import Any

import numpy as np
import pytest
import sklearn.base
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lamina import keras
from lamina.core.errors import FailedPreconditionError, MissingPackageError
from tests.tools.estimator_checks import checks_of

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 3))
Y = np.array(["low", "mid", "top"])[np.digitize(X[:, 0], [-0.5, 0.5])]
QUIET = {"verbose": 0, "epochs": 60, "batch_size": 15}


@pytest.fixture(autouse=True)
def _seeded() -> None:
    keras.utils.set_random_seed(1)


def classifier(X: Any, y: Any, units: int = 8) -> Any:
    layers = [keras.layers.Dense(units, "relu"), keras.layers.Dense(y.shape[1], "softmax")]
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.Adam(0.05), "categorical_crossentropy")
    return model


def line(loss: str = "mse") -> Any:
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.1), loss)
    return model


def test_a_classifier_gives_labels_of_any_kind() -> None:
    found = keras.wrappers.SKLearnClassifier(classifier, fit_kwargs=QUIET).fit(X, Y)
    assert found.classes_.tolist() == ["low", "mid", "top"]
    assert found.predict(X[:4]).tolist() == Y[:4].tolist() and found.score(X, Y) > 0.9
    assert found.decision_function(X[:4]).shape == (4, 3)
    assert found.history_.epoch == found.epoch_ == list(range(60))
    assert sklearn.base.is_classifier(found)


def test_it_goes_into_pipelines_searches_and_cross_validation() -> None:
    base = keras.wrappers.SKLearnClassifier(classifier, fit_kwargs=QUIET)
    pipeline = make_pipeline(StandardScaler(), base)
    assert cross_val_score(pipeline, X, Y, cv=2).mean() > 0.7
    grid = {"model_kwargs": [{"units": 1}, {"units": 8}]}
    search = GridSearchCV(base, grid, cv=2).fit(X, Y)
    assert search.best_params_ in ({"model_kwargs": kwargs} for kwargs in grid["model_kwargs"])
    assert not hasattr(base, "model_")  # searches work on copies, with all that was given
    assert sklearn.base.clone(base).get_params() == base.get_params()


def test_a_regressor_learns_a_compiled_model_anew() -> None:
    model, target = line(), X @ [1.0, 2.0, 3.0] + 1
    found = keras.wrappers.SKLearnRegressor(model, fit_kwargs=QUIET).fit(X, target)
    assert found.predict(X[:5]).shape == (5,) and found.score(X, target) > 0.9
    assert not model.built and found.model_ is not model
    first = found.model_
    assert found.fit(X, target, epochs=1).model_ is not first
    warm = keras.wrappers.SKLearnRegressor(model, warm_start=True, fit_kwargs=QUIET)
    kept = warm.fit(X, target).model_
    assert warm.fit(X, target).model_ is kept
    both = np.stack([target, -target], 1)
    wide = keras.Sequential([keras.layers.Dense(2)])
    wide.compile("sgd", "mse")
    assert (
        keras.wrappers.SKLearnRegressor(wide, fit_kwargs=QUIET).fit(X, both).predict(X).shape
        == both.shape
    )


def test_a_transformer_gives_outputs() -> None:
    found = keras.wrappers.SKLearnTransformer(line(), fit_kwargs=QUIET).fit(X, X[:, 0])
    assert found.transform(X[:5]).shape == (5, 1)


def test_mistakes_are_named() -> None:
    wrappers = keras.wrappers
    with pytest.raises(NotFittedError):
        wrappers.SKLearnClassifier(classifier).predict(X)
    with pytest.raises(FailedPreconditionError, match="must be compiled"):
        wrappers.SKLearnRegressor(keras.Sequential([keras.layers.Dense(1)])).fit(X, X[:, 0])
    with pytest.raises(ValueError, match="binary and multiclass"):
        wrappers.SKLearnClassifier(classifier).fit(X, X[:, 0])
    with pytest.raises(ValueError, match="one class"):
        wrappers.SKLearnClassifier(classifier).fit(X, np.zeros(90, int))
    with pytest.raises(AttributeError, match="mean 'SKLearnRegressor'"):
        _ = wrappers.SKLearnRegresor


def test_the_classes_are_one_and_take_the_arguments_of_keras(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import keras as theirs

    for name in keras.wrappers.__all__:
        ours = getattr(keras.wrappers, name)
        assert pickle.loads(pickle.dumps(ours)) is ours
        wanted = inspect.signature(getattr(theirs.wrappers, name)).parameters
        assert list(inspect.signature(ours).parameters) == list(wanted)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MissingPackageError, match=r"lamina\[sklearn\]"):
        keras.wrappers._made.__wrapped__("SKLearnClassifier")


def dynamic(X: Any, y: Any, output: str, loss: str) -> Any:
    hidden = keras.layers.Dense(20, "relu")
    outputs = y.shape[1] if y.ndim > 1 else 1
    model = keras.Sequential([hidden, keras.layers.Dense(outputs, output)])
    model.compile("adam", loss)
    return model


CLASSES = {"output": "softmax", "loss": "categorical_crossentropy"}
NUMBERS = {"output": "linear", "loss": "mse"}
# They train twice and compare, or ask for all classes after one epoch; Keras's own fail them, too.
REPEATING = {
    *("check_fit_idempotent", "check_supervised_y_2d", "check_classifiers_classes"),
    *("check_classifier_data_not_an_array", "check_regressor_data_not_an_array"),
    *("check_regressors_int", "check_classifiers_one_label_sample_weights"),
    "check_classifiers_train",
}


@checks_of(
    [
        keras.wrappers.SKLearnClassifier(dynamic, model_kwargs=CLASSES, fit_kwargs={"verbose": 0}),
        keras.wrappers.SKLearnRegressor(dynamic, model_kwargs=NUMBERS, fit_kwargs={"verbose": 0}),
        keras.wrappers.SKLearnTransformer(dynamic, model_kwargs=NUMBERS, fit_kwargs={"verbose": 0}),
    ]
)
def test_scikit_learns_own_checks(estimator: Any, check: Any) -> None:
    if check.func.__name__ in REPEATING:
        pytest.skip("assumes that training twice gives the same")
    check(estimator)
