"""Figures on held-out rows, against scikit-learn and values that can be counted by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference
from sklearn.calibration import calibration_curve

from lamina.core.errors import InvalidArgumentError
from lamina.tabular import evaluation

# Few distinct scores, so that ties are the rule.
ROWS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 6)), min_size=2, max_size=40)
BOTH = ROWS.filter(lambda rows: len({true for true, _ in rows}) == 2)


def _columns(rows: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    true, sixths = np.array(rows).T
    return true, sixths / 6


@pytest.fixture
def binary() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    values = random.beta(2, 5, size=500).round(2)
    return (random.random(500) < values).astype(int), values


@pytest.fixture
def several() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    true = random.integers(0, 4, size=300)
    logits = 2 * np.eye(4)[true] + random.normal(size=(300, 4))
    return true, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


@given(BOTH)
def test_auc_is_scikit_learns_with_ties(rows: list[tuple[int, int]]) -> None:
    true, scores = _columns(rows)
    expected = reference.roc_auc_score(true, scores)
    assert evaluation.auc(true, scores) == pytest.approx(expected, abs=1e-12)


@given(BOTH)
def test_auc_counts_pairs(rows: list[tuple[int, int]]) -> None:
    true, scores = _columns(rows)
    difference = scores[true == 1][:, None] - scores[true == 0]
    pairs = np.sum(difference > 0) + np.sum(difference == 0) / 2
    assert evaluation.auc(true, scores) == pairs / difference.size


def test_auc_keeps_scores_apart_that_differ_in_the_last_bit() -> None:
    one = np.float64(1.0)
    assert evaluation.auc([0, 1], [one, np.nextafter(one, 2)]) == 1.0
    assert evaluation.auc([0, 1], [one, one]) == 0.5


@given(BOTH)
def test_roc_curve_is_scikit_learns(rows: list[tuple[int, int]]) -> None:
    true, scores = _columns(rows)
    found = evaluation.roc_curve(true, scores)
    expected = reference.roc_curve(true, scores, drop_intermediate=False)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


@given(BOTH)
def test_precision_recall_is_scikit_learns(rows: list[tuple[int, int]]) -> None:
    true, scores = _columns(rows)
    found = evaluation.precision_recall_curve(true, scores)
    precision, recall, thresholds = reference.precision_recall_curve(true, scores)
    np.testing.assert_allclose(found.precision[::-1], precision[:-1], atol=1e-12)
    np.testing.assert_allclose(found.recall[::-1], recall[:-1], atol=1e-12)
    np.testing.assert_array_equal(found.thresholds[::-1], thresholds)
    expected = reference.average_precision_score(true, scores)
    assert evaluation.average_precision(true, scores) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_calibration_is_scikit_learns(binary: tuple[np.ndarray, np.ndarray], strategy: str) -> None:
    true, values = binary
    found = evaluation.calibration(true, values, bins=7, strategy=strategy)
    observed, predicted = calibration_curve(true, values, n_bins=7, strategy=strategy)
    filled = found.counts > 0
    np.testing.assert_allclose(found.observed[filled], observed, atol=1e-12)
    np.testing.assert_allclose(found.predicted[filled], predicted, atol=1e-12)
    assert found.counts.sum() == len(true)


def test_calibration_counts_rows_and_leaves_empty_bins_undefined() -> None:
    found = evaluation.calibration([0, 1, 1], [0.0, 0.5, 1.0], bins=4)
    np.testing.assert_array_equal(found.edges, [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_array_equal(found.counts, [1, 1, 0, 1])  # 0.5 belongs to the lower bin
    np.testing.assert_array_equal(found.observed, [0, 1, np.nan, 1])
    np.testing.assert_array_equal(found.predicted, [0, 0.5, np.nan, 1])


def test_calibration_of_one_repeated_prediction() -> None:
    found = evaluation.calibration([0, 1], [0.3, 0.3], strategy="quantile")
    np.testing.assert_array_equal(found.counts, [2])
    np.testing.assert_array_equal(found.observed, [0.5])


def test_probability_scores_are_scikit_learns(binary: tuple[np.ndarray, np.ndarray]) -> None:
    true, values = binary
    assert evaluation.brier_score(true, values) == pytest.approx(
        reference.brier_score_loss(true, values)
    )
    assert evaluation.log_loss(true, values) == pytest.approx(reference.log_loss(true, values))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_sure_error_costs_a_finite_log_loss(dtype: Any) -> None:
    loss = evaluation.log_loss([1, 0], np.array([0, 0], dtype))
    assert loss == pytest.approx(-math.log(np.finfo(dtype).eps) / 2, rel=1e-6)


def test_confusion_matrix_is_scikit_learns(several: tuple[np.ndarray, np.ndarray]) -> None:
    true, values = several
    predicted = values.argmax(axis=1)
    found = evaluation.confusion_matrix(true, predicted)
    np.testing.assert_array_equal(found, reference.confusion_matrix(true, predicted))


def test_confusion_matrix_keeps_the_order_of_the_classes() -> None:
    found = evaluation.confusion_matrix(["no", "yes"], ["yes", "yes"], classes=["yes", "no", "?"])
    np.testing.assert_array_equal(found, [[1, 0, 0], [1, 0, 0], [0, 0, 0]])
    text = np.array(["no", "yes"], dtype=object)
    np.testing.assert_array_equal(evaluation.confusion_matrix(text, text), np.eye(2))


def test_class_scores_are_scikit_learns(several: tuple[np.ndarray, np.ndarray]) -> None:
    true, values = several
    predicted = values.argmax(axis=1)
    found = evaluation.class_scores(evaluation.confusion_matrix(true, predicted))
    expected = reference.precision_recall_fscore_support(true, predicted)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_class_scores_are_undefined_where_nothing_was_counted() -> None:
    scores = evaluation.class_scores([[3, 0, 0], [2, 0, 0], [0, 0, 0]])
    np.testing.assert_array_equal(scores.precision, [0.6, np.nan, np.nan])
    np.testing.assert_array_equal(scores.recall, [1, 0, np.nan])
    np.testing.assert_array_equal(scores.f1, [0.75, 0, np.nan])
    np.testing.assert_array_equal(scores.support, [3, 2, 0])


def test_evaluate_binary(binary: tuple[np.ndarray, np.ndarray]) -> None:
    true, values = binary
    found = evaluation.evaluate("binary", true, values[:, None], threshold=0.4)
    predicted = values >= 0.4
    expected = {
        "rows": 500,
        "base_rate": true.mean(),
        "accuracy": reference.accuracy_score(true, predicted),
        "balanced_accuracy": reference.balanced_accuracy_score(true, predicted),
        "precision": reference.precision_score(true, predicted),
        "recall": reference.recall_score(true, predicted),
        "f1": reference.f1_score(true, predicted),
        "auc": reference.roc_auc_score(true, values),
        "average_precision": reference.average_precision_score(true, values),
        "log_loss": reference.log_loss(true, values),
        "brier": reference.brier_score_loss(true, values),
    }
    assert found == pytest.approx(expected)
    assert list(found) == list(expected)


def test_a_probability_at_the_threshold_is_class_1() -> None:
    assert evaluation.evaluate_binary([1, 0], [0.5, 0.4])["accuracy"] == 1.0


def test_evaluate_multiclass(several: tuple[np.ndarray, np.ndarray]) -> None:
    true, values = several
    predicted = values.argmax(axis=1)
    assert evaluation.evaluate("multiclass", true, values) == pytest.approx(
        {
            "rows": 300,
            "accuracy": reference.accuracy_score(true, predicted),
            "macro_precision": reference.precision_score(true, predicted, average="macro"),
            "macro_recall": reference.recall_score(true, predicted, average="macro"),
            "macro_f1": reference.f1_score(true, predicted, average="macro"),
            "macro_auc": reference.roc_auc_score(true, values, multi_class="ovr"),
            "log_loss": reference.log_loss(true, values),
            "brier": np.mean(np.sum((values - np.eye(4)[true]) ** 2, axis=1)),
        }
    )


def test_a_class_without_rows_is_left_out_of_the_mean() -> None:
    found = evaluation.evaluate_multiclass([0, 1], [[0.6, 0.3, 0.1], [0.2, 0.7, 0.1]])
    assert found["macro_auc"] == 1.0
    assert found["macro_recall"] == 1.0


def test_evaluate_regression() -> None:
    random = np.random.default_rng(2)
    true = random.normal(size=100)
    predicted = true + random.normal(size=100)
    assert evaluation.evaluate("regression", true, predicted[:, None]) == pytest.approx(
        {
            "rows": 100,
            "rmse": reference.root_mean_squared_error(true, predicted),
            "mae": reference.mean_absolute_error(true, predicted),
            "r2": reference.r2_score(true, predicted),
        }
    )


@pytest.mark.parametrize(("true", "missing"), [([1, 1], 0), ([0, 0], 1)])
def test_one_class_only_leaves_its_figures_undefined(true: list[int], missing: int) -> None:
    found = evaluation.evaluate_binary(true, [0.2, 0.9])
    assert math.isnan(found["auc"])
    assert math.isfinite(found["log_loss"])
    assert math.isnan(found["average_precision"]) == (missing == 1)
    rates = evaluation.roc_curve(true, [0.2, 0.9])[missing]
    assert np.all(np.isnan(rates))


def test_undefined_precision_and_r2() -> None:
    assert math.isnan(evaluation.evaluate_binary([0, 1], [0.1, 0.2])["precision"])
    assert math.isnan(evaluation.r2([3.0, 3.0], [2.0, 4.0]))
    assert math.isnan(evaluation.r2([0.1] * 10, [0.1] * 10))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: evaluation.auc([0, 1], [0.5]), "2 rows but scores has 1"),
        (lambda: evaluation.accuracy([0, 1], [1, 0, 1]), "2 rows but y_pred has 3"),
        (lambda: evaluation.auc([], []), "y_true is empty"),
        (lambda: evaluation.auc([0, 2], [0.1, 0.2]), "only 0 and 1"),
        (lambda: evaluation.auc([0, np.nan], [0.1, 0.2]), "only 0 and 1"),
        (lambda: evaluation.auc(["no", "yes"], [0.1, 0.2]), "only 0 and 1"),
        (lambda: evaluation.auc([0, 1], [0.1, np.nan]), "1 values that are NaN"),
        (lambda: evaluation.auc([0, 1], ["a", "b"]), "must be numbers"),
        (lambda: evaluation.auc([0, 1], [None, "b"]), "numbers or text"),
        (lambda: evaluation.auc([0, 1], [[0.1, 0.9], [0.2, 0.8]]), r"scores\[:, 1\]"),
        (lambda: evaluation.brier_score([0, 1], [0.1, 1.2]), "between 0 and 1"),
        (lambda: evaluation.calibration([0, 1], [-3.0, 0.2]), "sigmoid"),
        (lambda: evaluation.calibration([0, 1], [0.1, 0.2], bins=0), "bins must be an integer"),
        (lambda: evaluation.calibration([0, 1], [0.1, 0.2], bins=True), "bins must be an integer"),
        (lambda: evaluation.calibration([0, 1], [0.1, 0.2], strategy="equal"), "'quantile'"),
        (lambda: evaluation.log_loss([0, 3], np.full((2, 3), 1 / 3)), "classes from 0 to 2"),
        (lambda: evaluation.log_loss([0], np.full((2, 3), 1 / 3)), "1 rows but"),
        (lambda: evaluation.evaluate_multiclass([0, 1], [0.1, 0.2]), "one probability per class"),
        (lambda: evaluation.rmse([1.0, np.inf], [1.0, 2.0]), "y_true holds 1 values"),
        (lambda: evaluation.mae([[1.0, 2.0]], [1.0]), "one value per row"),
        (lambda: evaluation.evaluate("ranking", [0], [0]), "'regression'"),
        (lambda: evaluation.confusion_matrix([0, 5], [0, 1], [0, 1]), "holds 5, which is not"),
        (lambda: evaluation.confusion_matrix(["a"], [0]), "all be text or all be numbers"),
        (lambda: evaluation.confusion_matrix([0], [0], [0, 0]), "distinct labels"),
        (lambda: evaluation.class_scores([[1, 2, 3]]), r"\(classes, classes\)"),
    ],
)
def test_bad_input_says_what_to_do(call: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        call()


def test_a_column_of_predictions_is_not_broadcast_against_the_rows() -> None:
    true = np.arange(4.0)
    assert evaluation.rmse(true, true[:, None]) == 0.0
    assert evaluation.accuracy(true, true[:, None]) == 1.0


def test_baselines_are_those_of_the_best_constant() -> None:
    true = np.array([0, 0, 0, 1])
    shares = np.full(4, 0.25)
    assert evaluation.baseline("binary", true) == pytest.approx(
        {"accuracy": 0.75, "log_loss": reference.log_loss(true, shares)}
    )
    shares = np.tile([0.25, 0.5, 0.25], (4, 1))
    assert evaluation.baseline("multiclass", [0, 1, 1, 2]) == pytest.approx(
        {"accuracy": 0.5, "log_loss": reference.log_loss([0, 1, 1, 2], shares)}
    )
    assert evaluation.baseline("regression", [1.0, 3.0]) == {"rmse": 1.0}
