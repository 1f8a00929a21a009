"""Functions that build models as estimators, and where their parameters go."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import lamina
from lamina import keras
from lamina.core.errors import MissingPackageError
from lamina.sklearn import KerasClassifier, KerasRegressor

IRIS, KINDS = load_iris(return_X_y=True)
IRIS = StandardScaler().fit_transform(IRIS)
NAMES = np.array(["setosa", "versicolor", "virginica"])[KINDS]
DIABETES, PROGRESSION = load_diabetes(return_X_y=True)
PROGRESSION = PROGRESSION / 100


def layers(units: int, outputs: int, output: str | None = None) -> Any:
    hidden = keras.layers.Dense(units, "relu")
    return keras.Sequential([hidden, keras.layers.Dense(outputs, output)])


def probabilities(units: int = 8) -> Any:
    return layers(units, 3, "softmax")


def with_meta(meta: dict[str, Any], compile_kwargs: dict[str, Any], units: int = 8) -> Any:
    model = layers(units, meta["n_classes_"], "softmax")
    model.compile(**compile_kwargs)
    return model


def logits(loss: str) -> Any:
    model = layers(8, 3)
    model.compile("adam", getattr(keras.losses, loss)(from_logits=True))
    return model


def by_optimizer(optimizer: Any = "sgd", units: int = 8) -> Any:
    model = layers(units, 3, "softmax")
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model


class Net(keras.Model):
    def __init__(self, units: int = 8) -> None:
        super().__init__()
        self.hidden, self.out = keras.layers.Dense(units, "relu"), keras.layers.Dense(3, "softmax")

    def call(self, inputs: Any) -> Any:
        return self.out(self.hidden(inputs))


class Own(KerasClassifier):
    """An estimator with parameters and a build function of its own, as SciKeras has them."""

    def __init__(self, units: int = 8, optimizer__learning_rate: float = 0.02, **others: Any):
        super().__init__(**others)
        self.units, self.optimizer__learning_rate = units, optimizer__learning_rate

    def _keras_build_fn(self, compile_kwargs: dict[str, Any]) -> Any:
        assert self.target_type_ == "multiclass" and self.n_features_in_ == 4
        model = layers(self.units, self.n_classes_, "softmax")
        model.compile(compile_kwargs["optimizer"], "sparse_categorical_crossentropy")
        return model


def numbers(units: int = 8, outputs: int = 1) -> Any:
    return layers(units, outputs)


def fast(model: Any = probabilities, **parameters: Any) -> KerasClassifier:
    return KerasClassifier(
        model, **{"epochs": 60, "optimizer__learning_rate": 0.02, "random_state": 0, **parameters}
    )


@pytest.mark.parametrize(
    "estimator",
    [
        fast(),
        fast(units=16),
        fast(model__units=16),
        fast(with_meta, units=4, loss="categorical_focal_crossentropy", metrics=["AUC"]),
        fast(loss="sparse_categorical_crossentropy", optimizer="rmsprop"),
        fast(optimizer=keras.optimizers.Nadam, loss=keras.losses.CategoricalCrossentropy),
        fast(lambda: layers(8, 3), loss="categorical_crossentropy", loss__from_logits=True),
        KerasClassifier(logits, model__loss="CategoricalCrossentropy", epochs=200, random_state=0),
        fast(None, build_fn=probabilities),
        Own(epochs=60, random_state=0),
        fast(Net, units=9),
        fast(Net()),
        KerasClassifier(
            by_optimizer, optimizer=keras.optimizers.Adam(0.02), epochs=60, random_state=0
        ),
        KerasClassifier(logits("SparseCategoricalCrossentropy"), epochs=200, random_state=0),
    ],
    ids=lambda estimator: str(sorted(estimator.get_params()))[-60:],
)
def test_models_of_many_kinds_learn(estimator: Any) -> None:
    found = estimator.fit(IRIS, NAMES)
    assert found.score(IRIS, NAMES) > 0.93 and found.predict(IRIS[:1]).tolist() == ["setosa"]
    outputs = found.predict_proba(IRIS)
    assert outputs.min() >= 0 and np.allclose(outputs.sum(axis=1), 1)


def test_parameters_reach_what_they_name() -> None:
    found = fast(
        with_meta, units=5, optimizer="sgd", optimizer__momentum=0.5, fit__epochs=2,
        fit__batch_size=30, loss="categorical_crossentropy", loss__label_smoothing=0.1,
        compile__steps_per_execution=2, metrics="AUC",
    ).fit(IRIS, NAMES)  # fmt: skip
    assert found.model_.layers[0].units == 5 and found.n_iter_ == 2
    optimizer = found.model_.optimizer
    assert isinstance(optimizer, keras.optimizers.SGD) and optimizer.momentum == 0.5
    assert float(optimizer.learning_rate) == pytest.approx(0.02)
    assert int(optimizer.iterations) == 2 * 5
    assert found.model_.loss.label_smoothing == 0.1 and found.model_.steps_per_execution == 2
    assert "AUC" in found.history_
    assert found.fit(IRIS, NAMES, epochs=3).n_iter_ == 3
    held = fast(validation_split=0.2, epochs=2).fit(IRIS, NAMES)
    last = fast(fit__validation_split=0.2, epochs=2).fit(IRIS, NAMES)
    assert len(held.history_["val_loss"]) == len(last.history_["val_loss"]) == 2
    assert held.history_["val_loss"] != last.history_["val_loss"]  # the last rows are of one kind


def test_classes_of_callbacks_and_metrics_get_their_arguments() -> None:
    stop, auc = keras.callbacks.EarlyStopping, keras.metrics.AUC
    with pytest.raises(ValueError, match=r"patience cannot be routed to .* which is no class"):
        fast(callbacks=[stop, stop("loss")], callbacks__patience=2).fit(IRIS, NAMES)
    found = fast(
        callbacks={"stop": stop}, callbacks__stop__min_delta=1e9, callbacks__monitor="loss",
        metrics=[auc, "top_k_categorical_accuracy"], metrics__0__name="area", metrics__1__k=2,
        batch_size=-1,
    ).fit(IRIS, NAMES)  # fmt: skip
    assert found.n_iter_ == 2 and int(found.model_.optimizer.iterations) == 2
    assert set(found.history_) == {"loss", "area", "top_k_categorical_accuracy"}


def test_an_estimator_of_ones_own_keeps_all_parameters() -> None:
    found = clone(Own(units=5, epochs=2, random_state=3).set_params(batch_size=50))
    names = "units", "optimizer__learning_rate", "epochs", "random_state", "batch_size"
    assert [getattr(found, name) for name in names] == [5, 0.02, 2, 3, 50]
    found.fit(IRIS, NAMES)
    assert int(found.model_.optimizer.iterations) == 6
    assert float(found.model_.optimizer.learning_rate) == pytest.approx(0.02)


@pytest.mark.parametrize("loss", [None, "sparse_categorical_crossentropy"])
def test_rows_to_validate_on_are_given_as_those_to_train_on(loss: str | None) -> None:
    held = IRIS[::2], NAMES[::2]
    found = fast(loss=loss, metrics="accuracy", fit__validation_data=held, validation_split=0.5)
    found.fit(IRIS, NAMES)
    assert int(found.model_.optimizer.iterations) == 60 * 5  # all rows are trained on
    assert found.validation_scores_[-1] == pytest.approx(found.score(*held))
    with pytest.raises(ValueError, match=r"none of the classes.*'rose'"):
        found.fit(IRIS, NAMES, validation_data=(IRIS[:1], ["rose"]))
    with pytest.raises(ValueError, match="expecting 4 features"):
        found.fit(IRIS, NAMES, validation_data=(IRIS[:, :2], NAMES))


def test_code_for_the_wrappers_of_keras_2_runs() -> None:
    script = (
        "from tensorflow.keras.wrappers.scikit_learn import KerasClassifier\n"
        "found = KerasClassifier(build_fn=build, optimizer='rmsprop', epochs=9, verbose=0)\n"
        "found.fit(rows, targets)"
    )
    names = {"build": by_optimizer, "rows": IRIS, "targets": NAMES}
    with lamina.install_as("tensorflow"):
        exec(script, names)
    found: Any = names["found"]
    assert found.n_iter_ == 9 and isinstance(found.model_.optimizer, keras.optimizers.RMSprop)


def test_searches_reach_them_too() -> None:
    pipeline = make_pipeline(StandardScaler(), fast(epochs=30, units=2))
    grid = {
        "kerasclassifier__units": [1, 16],
        "kerasclassifier__optimizer__learning_rate": [1e-6, 0.02],
    }
    found = GridSearchCV(pipeline, grid, cv=2).fit(IRIS, NAMES)
    assert found.best_params_["kerasclassifier__optimizer__learning_rate"] == 0.02
    assert found.best_score_ > 0.8
    assert "optimizer__learning_rate=0.02" in repr(fast()) and fast().get_params()["epochs"] == 60


def test_class_weights_and_warm_starts_work_as_for_dense_estimators() -> None:
    rare = NAMES[:105]
    plain, heavy = (
        fast(class_weight=weight, epochs=5).fit(IRIS[:105], rare).predict(IRIS) == "virginica"
        for weight in (None, {"virginica": 100.0})
    )
    assert plain.sum() < heavy.sum()
    warm = fast(warm_start=True, epochs=3).fit(IRIS, NAMES)
    model = warm.model_
    assert warm.fit(IRIS, NAMES).model_ is model and warm.n_iter_ == 6
    assert warm.partial_fit(IRIS, NAMES).n_iter_ == 7
    copy = pickle.loads(pickle.dumps(warm))
    assert copy.fit(IRIS, NAMES).predict_proba(IRIS).tolist() == (
        warm.fit(IRIS, NAMES).predict_proba(IRIS).tolist()
    )


def test_a_model_that_is_given_is_not_trained_itself() -> None:
    model = logits("CategoricalCrossentropy")
    found = KerasClassifier(model, epochs=2).fit(IRIS, KINDS)
    assert found.model_ is not model and not model.built


def test_a_regressor_learns_targets_in_one_column_and_in_two() -> None:
    options: dict[str, Any] = {"optimizer__learning_rate": 0.01, "epochs": 100, "random_state": 0}
    one = KerasRegressor(numbers, loss="mae", units=16, **options).fit(DIABETES, PROGRESSION)
    assert one.predict(DIABETES).ndim == 1 and one.score(DIABETES, PROGRESSION) > 0.3
    both = np.stack([PROGRESSION, -PROGRESSION], axis=1)
    two = KerasRegressor(numbers, outputs=2, **options).fit(DIABETES, both)
    assert two.predict(DIABETES).shape == both.shape and two.score(DIABETES, both) > 0.3


MISTAKES: list[tuple[Any, str]] = [
    (fast(None), "model is a function that builds a model"),
    (fast(unitss=3), r"none of batch_size.*Did you mean 'units'"),
    (fast(epoch=3), "Did you mean 'epochs'"),
    (fast(optimiser__momentum=0.9), "does not begin with model__, compile__, optimizer__"),
    (fast(optimizer__learning_rat=1), "Did you mean 'learning_rate'"),
    (fast(lambda: None), "must return a model; got NoneType"),
    (fast(lambda: layers(4, 2, "softmax")), "2 outputs for 3 classes"),
    (fast(lambda: layers(4, 1, "sigmoid")), "1 outputs for 3 classes"),
    (fast(shuffle=False), "Did you mean 'fit__shuffle'"),
    (fast(run_eagerly=True), "Did you mean 'compile__run_eagerly'"),
    (fast(by_optimizer, optimizer="adam"), "compiles the model itself"),
    (fast(metrics__name="area"), "name is routed to nothing"),
    (fast(loss=keras.losses.mse, loss__axis=1), "cannot be routed"),
    (fast(logits, model__loss="CategoricalCrossentropy"), "compiles the model itself"),
    (KerasRegressor(numbers, outputs=2), "2 outputs for 1 target"),
]


@pytest.mark.parametrize(("estimator", "message"), MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_is_named(estimator: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        estimator.fit(IRIS, KINDS)


def test_without_scikit_learn_the_extra_is_named() -> None:
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "import lamina\n"
        "try: lamina.sklearn\n"
        "except ImportError as error: print(type(error).__name__, error)"
    )
    run = [sys.executable, "-c", code]
    told = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    assert told.startswith(MissingPackageError.__name__) and "lamina[sklearn]" in told
    assert lamina.sklearn.KerasClassifier is KerasClassifier
