"""Metrics: state, weights, names, what compile makes of them, errors."""

from __future__ import annotations

import copy

import keras
import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from lamina.core.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    UnknownNameError,
)
from lamina.keras import losses, metrics
from lamina.keras.metrics import confusion
from lamina.ops import math
from lamina.tensor.convert import to_tensor
from lamina.tensor.function import Function
from lamina.tensor.variable import Variable
from tests.oracle.keras_samples import sample

# State --------------------------------------------------------------------------------------------


def test_mean_by_hand():
    mean = metrics.Mean()
    assert mean.result().numpy() == 0
    mean.update_state([1.0, 3.0])
    mean.update_state(8.0)
    assert mean.result().numpy() == 4
    mean.update_state([2.0, 100.0], sample_weight=[1.0, 0.0])
    assert mean.result().numpy() == 3.5
    mean.reset_states()
    assert mean([5.0]).numpy() == 5


SHAPES = [(), (1,), (4,), (4, 1), (4, 3), (4, 3, 1), (4, 3, 2)]


@pytest.mark.parametrize("values", SHAPES)
@pytest.mark.parametrize("weights", SHAPES)
@pytest.mark.parametrize("name", ["Mean", "Sum"])
def test_weights_spread_over_values_as_in_keras(values, weights, name):
    rng = np.random.default_rng(0)
    pair = [rng.uniform(size=shape).astype(np.float32) for shape in (values, weights)]
    try:
        wanted = float(getattr(keras.metrics, name)()(*pair))
    except (ValueError, TypeError):
        with pytest.raises(ValueError, match="shape"):
            getattr(metrics, name)()(*pair)
        return
    assert getattr(metrics, name)()(*pair).numpy() == pytest.approx(wanted, rel=1e-5)


def test_a_metric_of_ones_own_as_tensorflow_2_writes_it():
    class Positives(metrics.Metric):
        def __init__(self, name="positives", **kwargs):
            super().__init__(name=name, **kwargs)
            self.count = self.add_weight(name="count", initializer="zeros")
            self.first = self.add_weight("first", initializer="ones")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.count.assign_add(math.reduce_sum(y_true))

        def result(self):
            return self.count

    metric = Positives()
    step = Function(metric.update_state, symbolic_batch=True)
    step(np.array([1.0, 1.0], np.float32), np.zeros(2, np.float32))
    step(np.array([1.0, 0.0, 1.0], np.float32), np.zeros(3, np.float32))
    assert float(metric.result()) == 4
    assert [v.name for v in metric.variables] == ["count:0", "first:0"]
    assert metric.variables[0].path == "positives/count"
    assert metric.first.numpy() == 1
    assert metric.variables[0].trainable is False
    metric.reset_state()
    assert float(metric.result()) == 0


def test_variables_and_metrics_among_the_attributes_are_state():
    class Both(metrics.Metric):
        def __init__(self):
            super().__init__()
            self.parts = [metrics.Mean(), metrics.Sum()]
            self.own = Variable(1.0, trainable=False)
            self.own_again = self.own
            self.named = {"largest": Variable(2.0, trainable=False)}
            self.later = []
            self.later.append(metrics.Mean())

        def update_state(self, values):
            for part in self.parts:
                part.update_state(values)

        def result(self):
            return [part.result() for part in self.parts]

    both = Both()
    assert len(both.variables) == 7
    assert [float(part) for part in both([2.0, 4.0])] == [3, 6]
    both.reset_state()
    assert [float(part) for part in both.result()] == [0, 0]


def test_super_must_be_called_first():
    class Careless(metrics.Metric):
        def __init__(self):
            self.total = self.add_weight()

    with pytest.raises(FailedPreconditionError, match=r"Careless\.__init__ must call super"):
        Careless()


def test_what_is_not_defined_says_so():
    with pytest.raises(NotImplementedError, match="Metric does not define update_state"):
        metrics.Metric().update_state([1.0])
    with pytest.raises(NotImplementedError, match="Metric does not define result"):
        metrics.Metric().result()


def test_dtype():
    mean = metrics.Mean(dtype="float64")
    assert mean.dtype == "float64"
    assert mean(np.array([1, 2])).dtype == "float64"
    with pytest.raises(InvalidArgumentError, match="got int32"):
        metrics.Mean(dtype="int32")


def test_copies_have_state_of_their_own():
    auc = metrics.PrecisionAtRecall(0.5)
    other = copy.deepcopy(auc)
    other.update_state([1, 0], [0.9, 0.1])
    assert auc.recall == auc.value == 0.5
    assert auc.result().numpy() == 0
    assert other.result().numpy() == 1


def test_repr_and_names():
    assert repr(metrics.Mean(name="loss")) == "<Mean name=loss>"
    first, second = metrics.AUC().name, metrics.AUC().name
    assert first.startswith("auc")
    assert first != second


@pytest.mark.parametrize(
    "name", ["BinaryAccuracy", "LogCoshError", "TopKCategoricalAccuracy", "KLDivergence", "F1Score"]
)
def test_default_names_are_those_of_keras(name):
    assert getattr(metrics, name)().name == getattr(keras.metrics, name)().name


# Counts, curves, scores ---------------------------------------------------------------------------


@pytest.mark.parametrize("count", [3, confusion.FEW, confusion.FEW + 1, 200])
@pytest.mark.parametrize("by_label", [False, True])
def test_both_ways_to_count_agree_with_a_loop(count, by_label):
    rng = np.random.default_rng(count)
    y_true = rng.integers(0, 2, (40, 3)).astype(np.float32)
    thresholds = np.sort(rng.uniform(0, 1, count)).astype(np.float32)
    y_pred = rng.choice(np.concatenate([thresholds, [0, 1, 0.5]]), (40, 3)).astype(np.float32)
    weights = rng.integers(1, 4, 40).astype(np.float32)
    found = confusion.count_decisions(
        y_true, y_pred, thresholds, "float32", sample_weight=weights, by_label=by_label
    )
    axes = 0 if by_label else None
    for index, threshold in enumerate(thresholds):
        over, w = y_pred > threshold, weights[:, None]
        wanted = [
            (over * y_true * w).sum(axes),
            (over * (1 - y_true) * w).sum(axes),
            (~over * (1 - y_true) * w).sum(axes),
            (~over * y_true * w).sum(axes),
        ]
        for counts, numbers in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(counts[index], numbers)


def test_thresholds_need_no_order():
    thresholds = [0.9, 0.1, 0.5, 0.3, 0.7, 0.2, 0.8, 0.4, 0.6, 0.05]
    y_true, y_pred = sample("chances", rows=30)
    ours = metrics.TruePositives(thresholds=thresholds)(y_true, y_pred).numpy()
    wanted = [(y_true * (y_pred > np.float32(t))).sum() for t in thresholds]
    np.testing.assert_array_equal(ours, wanted)


def test_area_is_that_of_all_thresholds_when_there_are_enough():
    rng = np.random.default_rng(0)
    y_true = rng.integers(0, 2, 500)
    y_pred = np.clip(0.5 + 0.2 * (2 * y_true - 1) + 0.3 * rng.normal(size=500), 0, 1)
    weights = rng.uniform(0.5, 2, 500)
    area = metrics.AUC(num_thresholds=5000)(y_true, y_pred, weights).numpy()
    wanted = sklearn_metrics.roc_auc_score(y_true, y_pred, sample_weight=weights)
    assert area == pytest.approx(wanted, abs=1e-4)


def test_area_before_and_without_both_classes():
    for auc in (metrics.AUC(), metrics.AUC(multi_label=True)):
        assert auc.result().numpy() == 0
    assert metrics.AUC()([1, 1], [0.2, 0.7]).numpy() == keras.metrics.AUC()([1, 1], [0.2, 0.7])


def test_predictions_outside_of_0_to_1_count_as_its_ends():
    assert metrics.AUC()([0, 1], [-3.0, 7.0]).numpy() == 1


def test_labels_of_an_area_are_made_in_a_program():
    auc = metrics.AUC(multi_label=True, num_thresholds=7)
    step = Function(auc.update_state, symbolic_batch=True)
    y_true, y_pred = sample("chances")
    step(to_tensor(y_true), to_tensor(y_pred))
    wanted = keras.metrics.AUC(multi_label=True, num_thresholds=7)(y_true, y_pred)
    assert auc.result().numpy() == pytest.approx(float(wanted), rel=1e-5)


def test_many_rows_fit_in_memory():
    y_true, y_pred = np.tile([0, 1], 200_000), np.tile([0.25, 0.75], 200_000)
    assert metrics.AUC()(y_true, y_pred).numpy() == 1


@pytest.mark.parametrize("average", [None, "micro", "macro", "weighted"])
def test_f_score_of_scikit_learn(average):
    y_true, y_pred = sample("onehot", rows=40)
    right, predicted = y_true.argmax(-1), y_pred.argmax(-1)
    wanted = sklearn_metrics.fbeta_score(right, predicted, beta=2.0, average=average)
    score = metrics.FBetaScore(average=average, beta=2.0)(y_true, y_pred).numpy()
    np.testing.assert_allclose(score, wanted, rtol=1e-5)


def test_r2_of_scikit_learn():
    y_true, y_pred = sample("numbers", rows=40)
    y_pred = y_true + 0.3 * y_pred
    score = metrics.R2Score()
    score.update_state(y_true[:15], y_pred[:15])
    score.update_state(y_true[15:], y_pred[15:])
    assert score.result().numpy() == pytest.approx(
        sklearn_metrics.r2_score(y_true, y_pred), rel=1e-5
    )


def test_r2_with_too_many_regressors_is_the_plain_one():
    y_true, y_pred = sample("numbers", rows=2)
    plain = metrics.R2Score()(y_true, y_pred).numpy()
    assert metrics.R2Score(num_regressors=50)(y_true, y_pred).numpy() == plain


def test_ties_count_among_the_top_k():
    scores = np.array([[0.5, 0.5, 0.5, 0.1]], np.float32)
    for label, wanted in ((0, 1), (2, 1), (3, 0)):
        assert metrics.sparse_top_k_categorical_accuracy([label], scores, k=1).numpy() == [wanted]


def test_sequences_of_classes():
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 4, (3, 5)), rng.normal(size=(3, 5, 4)).astype(np.float32)
    for name in ("sparse_categorical_accuracy", "sparse_top_k_categorical_accuracy"):
        options = {"k": 2} if "top" in name else {}
        ours = getattr(metrics, name)(labels, scores, **options)
        theirs = getattr(keras.metrics, name)(labels, scores, **options)
        np.testing.assert_array_equal(ours, theirs)


def test_weights_of_single_entries():
    y_true, y_pred = sample("chances")
    weights = np.random.default_rng(0).uniform(0, 2, y_true.shape).astype(np.float32)
    for name in ("BinaryAccuracy", "Precision", "AUC"):
        ours = getattr(metrics, name)()(y_true, y_pred, weights).numpy()
        theirs = getattr(keras.metrics, name)()(y_true, y_pred, weights)
        assert ours == pytest.approx(float(theirs), rel=1e-5)


# Names and compile --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("chance", "BinaryAccuracy"),
        ("classes", "SparseCategoricalAccuracy"),
        ("class column", "SparseCategoricalAccuracy"),
        ("onehot", "CategoricalAccuracy"),
        ("chances", "CategoricalAccuracy"),
    ],
)
@pytest.mark.parametrize("word", ["accuracy", "acc"])
def test_accuracy_goes_by_the_shapes(kind, wanted, word):
    assert word in metrics.SHAPE_DEPENDENT
    metric = metrics.resolve(word, *sample(kind))
    assert type(metric).__name__ == wanted
    assert metric.name == word


def test_resolve_names_metrics_as_keras_does():
    y_true, y_pred = sample("chance")
    assert metrics.resolve("mse", y_true, y_pred).name == "mse"
    assert metrics.resolve("AUC", y_true, y_pred).name == "AUC"
    wrapped = metrics.resolve(losses.huber, y_true, y_pred)
    assert wrapped.name == "huber"
    wanted = losses.Huber()(y_true, y_pred).numpy()
    assert wrapped(y_true, y_pred).numpy() == pytest.approx(wanted)
    given = metrics.Recall(name="r")
    assert metrics.resolve(given, y_true, y_pred) is given
    assert metrics.resolve(losses.MeanSquaredError(), y_true, y_pred).name == "mean_squared_error"
    with pytest.raises(InvalidArgumentError, match="got None"):
        metrics.resolve(None, y_true, y_pred)


def test_get():
    assert isinstance(metrics.get("auc"), metrics.AUC)
    assert isinstance(metrics.get("mse"), metrics.MeanSquaredError)
    assert isinstance(metrics.get("accuracy"), metrics.Accuracy)
    assert metrics.get(None) is None
    with pytest.raises(
        UnknownNameError, match=r"unknown metric 'acuracy'.*Did you mean 'accuracy'"
    ):
        metrics.get("acuracy")
    with pytest.raises(AttributeError, match=r"Did you mean '[Pp]recision'"):
        _ = metrics.Precison


def test_a_wrapped_function_comes_back():
    y_true, y_pred = sample("chance")
    wrapped = metrics.MeanMetricWrapper(metrics.binary_accuracy, name="right", threshold=0.3)
    again = metrics.deserialize(metrics.serialize(wrapped))
    assert again.name == "right"
    assert again(y_true, y_pred).numpy() == wrapped(y_true, y_pred).numpy()


# Errors -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: metrics.Precision(thresholds=[0.5, 1.5]), "numbers from 0 to 1"),
        (lambda: metrics.Recall(thresholds=[]), "numbers from 0 to 1"),
        (lambda: metrics.AUC(curve="LIFT"), "ROC, PR, PRGAIN; got 'LIFT'"),
        (lambda: metrics.AUC(summation_method="simpson"), "interpolation, majoring, minoring"),
        (lambda: metrics.AUC(num_thresholds=1), "at least 2; got 1"),
        (lambda: metrics.AUC(num_labels=3), "multi_label=True only"),
        (lambda: metrics.AUC(multi_label=True)([1.0], [0.5]), r"shape \(rows, labels\)"),
        (lambda: metrics.PrecisionAtRecall(1.5), "recall is a number from 0 to 1; got 1.5"),
        (lambda: metrics.PrecisionAtRecall(0.5, 0), "num_thresholds is at least 1"),
        (lambda: metrics.Precision(class_id=1)([1.0], [0.5]), r"shape \(rows, classes\)"),
        (lambda: metrics.Precision()([[1.0, 0.0]], [[0.5, 0.1, 0.2]]), "of one shape"),
        (lambda: metrics.R2Score()([1.0], [0.5]), r"shape \(rows, columns\)"),
        (lambda: metrics.R2Score(class_aggregation="mean"), "uniform_average"),
        (lambda: metrics.R2Score(num_regressors=-1), "at least 0"),
        (lambda: metrics.F1Score(average="mean"), "micro"),
        (lambda: metrics.FBetaScore(beta=0.0), "beta is a positive number"),
        (lambda: metrics.F1Score(threshold=0.0), "0 < threshold ≤ 1"),
        (lambda: metrics.F1Score(threshold="0.5"), "0 < threshold ≤ 1"),
        (
            lambda: metrics.sparse_categorical_accuracy(np.eye(3), np.eye(3)),
            "use the metric without 'sparse'",
        ),
    ],
)
def test_errors(make, words):
    with pytest.raises(InvalidArgumentError, match=words):
        make()
