"""Dense networks as estimators: what scikit-learn's own checks do not ask."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import BaggingRegressor, StackingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.model_selection import (
    GridSearchCV,
    TunedThresholdClassifierCV,
    cross_val_score,
    cross_validate,
)
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import lamina as tf
from lamina import keras
from lamina.backends.llvm import engine
from lamina.sklearn import DenseClassifier, DenseRegressor, sparse
from lamina.tabular import DivergedError

CANCER = load_breast_cancer(as_frame=True)
X = CANCER.data
Y = CANCER.target.map({0: "bad", 1: "good"})
GOOD = Y == "good"
DIABETES, PROGRESSION = load_diabetes(return_X_y=True)
IRIS, KINDS = load_iris(return_X_y=True)


def quick(**parameters: Any) -> DenseClassifier:
    return DenseClassifier(
        **{"layers": (16,), "epochs": 40, "learning_rate": 0.01, "random_state": 0, **parameters}
    )


# In scikit-learn's own tools -------------------------------------------------------------------

BASE = quick()
TOOLS: dict[str, Any] = {
    "calibration": lambda: CalibratedClassifierCV(BASE, cv=2).fit(X, Y).score(X, Y),
    "cross-validation": lambda: cross_val_score(BASE, X, Y, cv=3).min(),
    "stacking": lambda: StackingClassifier([("network", BASE)], cv=2).fit(X, Y).score(X, Y),
    "threshold": lambda: (
        TunedThresholdClassifierCV(BASE, cv=2).fit(X, Y == "good").score(X, Y == "good")
    ),
    "voting": lambda: VotingClassifier([("network", BASE)], voting="soft").fit(X, Y).score(X, Y),
    "bagging": lambda: (
        0.3
        + BaggingRegressor(DenseRegressor(random_state=0), 2, random_state=0)
        .fit(DIABETES, PROGRESSION)
        .score(DIABETES, PROGRESSION)
    ),
}


@pytest.mark.parametrize("name", TOOLS)
def test_it_works_in(name: str) -> None:
    assert TOOLS[name]() > 0.9


@pytest.mark.parametrize("backend", [pytest.param("loky", marks=pytest.mark.slow), "threading"])
def test_parallel_searches_find_what_serial_ones_do(backend: str) -> None:
    search = GridSearchCV(quick(epochs=5), {"dropout": [0.0, 0.3]}, cv=2)
    with joblib.parallel_backend(backend, n_jobs=2):
        parallel = clone(search).set_params(n_jobs=2).fit(X, Y).cv_results_["mean_test_score"]
    assert parallel.tolist() == search.fit(X, Y).cv_results_["mean_test_score"].tolist()


def test_importances_and_dependence_see_the_model() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 3))
    found = quick().fit(features, features[:, 1] > 0)
    importances = permutation_importance(found, features, features[:, 1] > 0, random_state=0)
    assert importances.importances_mean.argmax() == 1
    curve = partial_dependence(found, features, [1], kind="average")["average"][0]
    assert curve[0] < 0.2 and curve[-1] > 0.8


def test_weights_of_samples_are_routed() -> None:
    weights = np.where(Y == "bad", 1.0, 1e-6)
    with sklearn.config_context(enable_metadata_routing=True):
        network = quick().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        found = cross_validate(
            make_pipeline(scaler, network), X, Y, params={"sample_weight": weights}, cv=2,
            return_estimator=True,
        )  # fmt: skip
    shares = [(fitted.predict(X) == "bad").mean() for fitted in found["estimator"]]
    assert min(shares) > 0.9 and found["test_score"].min() > 0.99


def test_a_pipeline_of_columns_gives_sparse_rows() -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"size": rng.normal(size=240), "kind": list("xyz") * 80})
    target = (table["size"] > 0) & (table["kind"] != "x")
    columns = make_column_transformer(
        (OneHotEncoder(), ["kind"]), remainder="passthrough", sparse_threshold=1.0
    )
    assert scipy.sparse.issparse(columns.fit_transform(table))
    assert make_pipeline(columns, quick()).fit(table, target).score(table, target) > 0.95


def test_columns_are_known_by_name() -> None:
    frame = pl.DataFrame(X.to_dict("list"))
    found = quick(epochs=2).fit(frame, Y.tolist())
    assert found.feature_names_in_.tolist() == X.columns.tolist()
    assert found.predict(frame).tolist() == found.predict(X).tolist()
    pipeline = make_pipeline(StandardScaler(), quick(epochs=1)).set_output(transform="pandas")
    assert pipeline.fit(X, Y)[-1].feature_names_in_.tolist() == X.columns.tolist()
    with pytest.raises(ValueError, match="feature names should match"):
        found.predict(X.rename(columns={"mean radius": "radius"}))
    with pytest.raises(ValueError, match="expecting 30 features"):
        quick(epochs=1).fit(X.to_numpy(), Y).predict(X.to_numpy()[:, :3])


# What MLPClassifier lacks ----------------------------------------------------------------------


def test_classes_count_as_told() -> None:
    rng = np.random.default_rng(0)
    features, rare = rng.normal(size=(1000, 2)), np.arange(1000) < 50
    features[rare] += 1
    recalls = [
        quick(class_weight=weight).fit(features, rare).predict(features[rare]).mean()
        for weight in (None, "balanced", {True: 1000.0})
    ]
    assert recalls[0] < 0.4 < 0.7 < recalls[1] <= recalls[2] == 1


def test_only_the_ratio_of_weights_counts() -> None:
    weights = np.where(GOOD, 0.5, 1.0)
    outputs = [
        quick(epochs=2).fit(X, Y, sample_weight=weights * factor).predict_proba(X[:5]).tolist()
        for factor in (1.0, 2.0**1023, 2.0**-1000)
    ]
    assert outputs[0] == outputs[1] == outputs[2]


def test_balanced_classes_weigh_as_scikit_learn_says() -> None:
    by_class = quick(class_weight="balanced").fit(X, Y)
    factors = sklearn.utils.class_weight.compute_sample_weight("balanced", Y)
    by_row = quick().fit(X, Y, sample_weight=factors)
    np.testing.assert_allclose(by_class.predict_proba(X), by_row.predict_proba(X), atol=1e-4)


@pytest.mark.parametrize(
    "parameters",
    [
        {"loss": "binary_focal_crossentropy"},
        {"loss": keras.losses.CategoricalCrossentropy(label_smoothing=0.1)},
        {"loss": "sparse_categorical_crossentropy"},
        {"activation": "gelu", "layers": 16},
        {"activation": ["tanh", tf.sin], "layers": [16, 8], "dropout": [0.1, 0.0]},
        {"batch_normalization": True},
        {"optimizer": keras.optimizers.AdamW(weight_decay=0.01), "initializer": "he_normal"},
        {"learning_rate": keras.optimizers.schedules.CosineDecay(0.02, 120)},
        {"l1": 1e-4, "l2": 1e-3, "metrics": ["AUC", keras.metrics.Precision()]},
        {"layers": ()},
        {"activation": keras.layers.PReLU(), "layers": (16, 8), "batch_normalization": True},
        {"activation": keras.layers.PReLU(), "metrics": None},
    ],
    ids="-".join,
)
def test_networks_of_many_kinds_learn(parameters: dict[str, Any]) -> None:
    before = repr(parameters)
    found = quick(**parameters).fit(X, Y)
    assert found.score(X, Y) > 0.94 and repr(parameters) == before
    assert np.allclose(found.predict_proba(X).sum(axis=1), 1)
    assert set(found.history_) >= {"loss", "accuracy"} and len(found.loss_curve_) == found.n_iter_


def test_the_network_is_what_was_asked_for() -> None:
    found = quick(
        layers=(5, 4), activation=["tanh", "selu"], dropout=(0.0, 0.25), batch_normalization=True,
        l2=0.5, initializer="zeros", optimizer="sgd", learning_rate=1e-30, epochs=1,
        standardize=False,
    ).fit(IRIS, KINDS)  # fmt: skip
    kinds = [type(layer).__name__ for layer in found.model_.layers]
    hidden = ["Dense", "BatchNormalization", "Activation"]
    assert kinds == [*hidden, *hidden, "Dropout", "Dense"]
    assert [layer.units for layer in found.model_.layers if hasattr(layer, "units")] == [5, 4, 3]
    assert (
        found.model_.layers[6].rate == 0.25 and found.model_.layers[0].kernel_regularizer.l2 == 0.5
    )
    assert not found.model_.layers[0].kernel.numpy().any()
    assert isinstance(found.model_.optimizer, keras.optimizers.SGD)
    assert found.out_activation_ == "softmax" and found.n_outputs_ == 3


def test_early_stopping_keeps_the_best_epoch() -> None:
    found = quick(early_stopping=True, epochs=500, patience=5, validation_fraction=0.3).fit(X, Y)
    losses = found.history_["val_loss"]
    assert found.n_iter_ < 500 and found.n_iter_ == len(losses) == len(found.validation_scores_)
    assert found.best_loss_ == min(losses) < losses[-1]
    assert max(found.validation_scores_) > 0.93
    with pytest.raises(AttributeError, match="without rows to validate on"):
        _ = quick(epochs=1).fit(X, Y).validation_scores_


def test_training_ends_when_the_loss_rests() -> None:
    assert quick(epochs=30, tol=10.0, patience=3).fit(X, Y).n_iter_ == 4
    assert quick(epochs=30, tol=None, patience=3).fit(X, Y).n_iter_ == 30


# State ------------------------------------------------------------------------------------------

COPIES: dict[str, Any] = {
    "itself": lambda fitted: fitted,
    "pickle": lambda fitted: pickle.loads(pickle.dumps(fitted)),
    "copy": copy.deepcopy,
}


@pytest.mark.parametrize("estimator", [quick(), DenseRegressor((8,), random_state=0)], ids=str)
def test_copies_and_pickles_go_on_alike(estimator: Any) -> None:
    target = Y if isinstance(estimator, DenseClassifier) else X["mean area"]
    estimator.set_params(dropout=0.3, warm_start=True, epochs=3)
    found = []
    for name, made in COPIES.items():
        fitted = made(clone(estimator).fit(X, target))
        assert fitted.fit(X, target).n_iter_ == 6 == len(fitted.loss_curve_), name
        found.append(fitted.partial_fit(X, target).predict(X).tolist())
    assert found[0] == found[1] == found[2]


def test_a_training_that_goes_on_hears_a_new_rate_and_refuses_a_new_network() -> None:
    decay = keras.optimizers.schedules.ExponentialDecay(0.5, 1000, 0.9)
    found = quick(warm_start=True, epochs=1, activation=tf.sin).fit(IRIS, KINDS)
    for rate in (0.25, decay):
        found = pickle.loads(pickle.dumps(found.set_params(learning_rate=rate)))
        known = rate if isinstance(rate, float) else 0.5
        for _ in range(2):
            optimizer = found.fit(IRIS, KINDS).model_.optimizer
            assert float(optimizer.learning_rate) == pytest.approx(known, rel=1e-3)
    with pytest.raises(ValueError, match=r"layers was .*\[16\] when .*\[8\]. Training goes on"):
        found.set_params(layers=(8,)).fit(IRIS, KINDS)
    with pytest.raises(ValueError, match="layers was"):
        found.partial_fit(IRIS, KINDS)
    assert found.set_params(layers=(16,)).fit(IRIS, KINDS).n_iter_ == 6
    assert found.set_params(layers=(8,), warm_start=False).fit(IRIS, KINDS).n_iter_ == 1


def test_nothing_of_the_process_changes() -> None:
    def drawn(trains: bool) -> list[Any]:
        keras.utils.set_random_seed(1)
        if trains:
            quick(dropout=0.2, epochs=2).fit(X, Y)
        return [*tf.random.normal([2]).numpy(), np.random.rand()]

    assert drawn(True) == drawn(False)


def test_a_seed_decides_and_none_draws() -> None:
    def outputs(state: Any) -> list[float]:
        found = quick(epochs=2, dropout=0.2, random_state=state).fit(X, Y)
        return found.predict_proba(X[:5]).ravel().tolist()

    assert outputs(3) == outputs(3) == outputs(np.int64(3)) != outputs(4)
    assert outputs(np.random.RandomState(3)) == outputs(np.random.RandomState(3))
    assert outputs(None) != outputs(None)
    np.random.seed(5)
    first = outputs(None)
    np.random.seed(5)
    assert outputs(None) == first


def test_parts_of_the_data_come_one_after_the_other() -> None:
    found = quick()
    for _ in range(20):
        for start in range(0, len(X), 100):
            rows = slice(start, start + 100)
            found.partial_fit(X[rows], Y[rows], classes=["good", "bad"])
    assert found.score(X, Y) > 0.94 and found.n_iter_ == 120
    with pytest.raises(ValueError, match="not the same as on last call"):
        found.partial_fit(X, Y, classes=["good", "evil"])
    with pytest.raises(ValueError, match=r"none of the classes.*evil"):
        found.partial_fit(X[:2], ["evil", "good"])


def test_fitting_again_compiles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fit(seed: int) -> None:
        rng = np.random.default_rng(seed)
        features = rng.normal(seed, 1 + seed, size=(100 + seed, 7))
        quick(layers=(13,), learning_rate=0.01 * seed, random_state=seed, epochs=seed).fit(
            features, features[:, 0] > seed
        ).predict(features)

    fit(1)
    monkeypatch.setattr(engine, "_compile", _refuse)
    fit(2)
    fit(3)


def _refuse(*arguments: Any, **options: Any) -> Any:
    raise AssertionError("compiled again")


# Numbers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e15, 1e30])
def test_a_target_may_be_in_any_unit(unit: float) -> None:
    found = DenseRegressor((16,), epochs=50, learning_rate=0.01, random_state=0)
    target = PROGRESSION * unit + 1e3 * unit
    found.fit(DIABETES, target)
    assert found.score(DIABETES, target) > 0.5
    whole = found.model_.predict(DIABETES.astype(np.float32), verbose=0)[:, 0]
    np.testing.assert_allclose(whole, found.predict(DIABETES), rtol=1e-6)


def test_losses_in_the_unit_of_the_target_get_it() -> None:
    counts = np.random.default_rng(0).poisson(np.exp(DIABETES[:, 2] * 20 + 2))
    found = DenseRegressor(loss="poisson", output_activation="exponential", random_state=0)
    assert found.fit(DIABETES, counts).predict(DIABETES).mean() == pytest.approx(counts.mean(), 0.1)
    plain = DenseRegressor(loss=keras.losses.Huber(5.0), random_state=0, epochs=1)
    assert plain.fit(DIABETES, PROGRESSION).loss_curve_[0] > 100
    with pytest.raises(ValueError, match=r"'standardize_target' parameter .* True, False or"):
        found.set_params(standardize_target="no").fit(DIABETES, counts)
    with pytest.raises(ValueError, match="needs a linear output"):
        found.set_params(standardize_target=True).fit(DIABETES, counts)


def test_columns_of_any_size_are_scaled_and_the_saved_model_knows(tmp_path: Any) -> None:
    wide = np.concatenate([DIABETES * 1e5 + 3e5, np.full((len(DIABETES), 1), 7e6)], axis=1)
    found = DenseRegressor(random_state=0).fit(wide, PROGRESSION)
    assert found.score(wide, PROGRESSION) > 0.5
    found.model_.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    rows = loaded.predict(wide.astype(np.float32), verbose=0)[:, 0]
    np.testing.assert_allclose(rows, found.predict(wide), rtol=1e-6)
    with pytest.warns(UserWarning, match="feature 0 has a standard deviation"):
        DenseRegressor(epochs=1).fit(wide * 1e-15, PROGRESSION)


def test_it_is_as_good_as_scikit_learns_own() -> None:
    ours = cross_val_score(DenseClassifier((32,), random_state=0), X, Y, cv=3).mean()
    theirs = MLPClassifier((32,), random_state=0, max_iter=500, tol=1e-3)
    assert ours > cross_val_score(make_pipeline(StandardScaler(), theirs), X, Y, cv=3).mean() - 0.02


def test_sparse_rows_that_are_too_many_come_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    rows = scipy.sparse.random(900, 40, density=0.1, format="csr", random_state=0)
    target, weights = rows @ rng.normal(size=40) > 0, rng.uniform(0, 2, 900)
    whole = quick().fit(rows, target, sample_weight=weights)
    monkeypatch.setattr(sparse, "WHOLE", 0)
    monkeypatch.setattr(sparse, "PART", 40 * 70)
    monkeypatch.setattr(DenseClassifier, "_prepared", _without_arrays(DenseClassifier._prepared))
    found = [quick().fit(rows, target, sample_weight=weights) for _ in range(2)]
    assert found[0].score(rows, target) > 0.93
    assert found[0].predict_proba(rows).tolist() == found[1].predict_proba(rows).tolist()
    for ours, known in zip(found[0].model_.get_weights()[:2], whole.model_.get_weights()[:2]):
        np.testing.assert_allclose(ours, known, rtol=1e-5)  # mean and variance
    held = quick(early_stopping=True).fit(rows, target)
    assert len(held.validation_scores_) == held.n_iter_


def _without_arrays(prepared: Any) -> Any:
    def checked(estimator: Any, rows: Any, *others: Any) -> Any:
        assert scipy.sparse.issparse(rows[0])
        return prepared(estimator, rows, *others)

    return checked


def test_a_class_of_ones_own_has_a_constructor_of_its_own() -> None:
    class Narrow(DenseClassifier):
        def __init__(self, width: int = 3, epochs: int = 5) -> None:
            super().__init__((width,), epochs=epochs, random_state=0)
            self.width = width

    found = clone(Narrow(4)).fit(IRIS, KINDS)
    assert found.model_.layers[-2].units == 4 and found.n_iter_ == 5
    with pytest.raises(ValueError, match="'epochs' parameter of Narrow"):
        Narrow(epochs=0).fit(IRIS, KINDS)


# Mistakes ---------------------------------------------------------------------------------------

MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"layers": (16, 0)}, r"'layers' parameter of DenseClassifier must be whole numbers"),
    ({"layers": "16"}, r"layers is the units of each hidden layer"),
    ({"activation": "rellu"}, r"Did you mean 'relu'"),
    ({"activation": ["relu", "tanh"]}, r"activation has 2 entries for 1 hidden layers"),
    ({"dropout": 1.0}, r"'dropout' parameter .* from 0 to below 1"),
    ({"dropout": "half"}, r"'dropout' parameter"),
    ({"loss": "binary_crosentropy"}, r"Did you mean 'binary_crossentropy'"),
    (
        {"loss": keras.losses.BinaryCrossentropy(from_logits=True)},
        r"is given probabilities; got BinaryCrossentropy\(from_logits=True",
    ),
    ({"loss": None}, r"'loss' parameter of DenseClassifier must be a name, a Loss"),
    ({"optimizer": "adm"}, r"Did you mean 'adam'"),
    ({"optimizer": None}, r"optimizer is a name such as 'adam'"),
    ({"metrics": ["acuracy"]}, r"unknown metric 'acuracy'"),
    ({"learning_rate": -1}, r"'learning_rate' parameter .* above 0"),
    ({"batch_size": 0}, r"'batch_size' parameter"),
    ({"batch_size": "all"}, r"'batch_size' parameter"),
    ({"epochs": 1.5}, r"'epochs' parameter"),
    ({"l2": float("nan")}, r"'l2' parameter"),
    ({"early_stopping": "yes"}, r"'early_stopping' parameter"),
    ({"early_stopping": True, "validation_fraction": 1.0}, r"'validation_fraction' parameter"),
    (
        {"class_weight": {"goood": 2}},
        r"names 'goood'; the classes are \['bad', 'good'",
    ),
    ({"class_weight": "even"}, r"class_weight is None, 'balanced' or a dict"),
    ({"callbacks": [3]}, r"callbacks are objects with hooks"),
]


@pytest.mark.parametrize(("parameters", "message"), MISTAKES, ids=lambda item: str(item)[:40])
def test_a_wrong_parameter_is_named(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        quick(**parameters).fit(X, Y)


def test_data_that_do_not_fit_are_refused() -> None:
    with pytest.raises(NotFittedError):
        quick().predict(X)
    with pytest.raises(NotFittedError):
        _ = quick().loss_curve_
    with pytest.raises(ValueError, match="one class only"):
        quick().fit(X, np.zeros(len(X)))
    with pytest.raises(ValueError, match="too large for dtype"):
        quick().fit([[1e300], [1.0]], [0, 1])
    with pytest.raises(ValueError, match="too large for dtype"):
        DenseRegressor().fit([[1.0], [2.0]], [1e300, 1.0])
    with pytest.raises(ValueError, match="no row counts"):
        quick(class_weight={"good": 0, "bad": 0}).fit(X, Y)
    diverging = DenseRegressor(optimizer="sgd", learning_rate=1e30)
    with pytest.raises(DivergedError, match="smaller learning_rate"):
        diverging.fit(DIABETES, PROGRESSION)
    with pytest.raises(NotFittedError):
        diverging.predict(DIABETES)
    with pytest.raises(ValueError, match="y holds numbers"):
        DenseRegressor().fit(DIABETES, PROGRESSION.astype(str))


def test_what_was_trained_before_an_interrupt_is_kept() -> None:
    def stop(epoch: int, logs: Any) -> None:
        if epoch == 5:
            raise KeyboardInterrupt

    stopping = keras.callbacks.LambdaCallback(on_epoch_end=stop)
    found = DenseRegressor((8,), learning_rate=0.05, random_state=0, callbacks=[stopping])
    with pytest.raises(KeyboardInterrupt):
        found.fit(DIABETES, PROGRESSION)
    assert found.n_iter_ >= 5 and len(found.loss_curve_) == found.n_iter_
    assert found.score(DIABETES, PROGRESSION) > 0.2


def test_a_training_that_fails_leaves_nothing_half_new() -> None:
    found = quick(epochs=1).fit(X, Y)
    with pytest.raises(ValueError, match="'goood'"):
        found.set_params(class_weight={"goood": 1}).fit(IRIS, KINDS)
    with pytest.raises(NotFittedError):
        found.predict(IRIS)
