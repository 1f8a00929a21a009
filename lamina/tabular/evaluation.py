"""What a trained network is judged by on rows it has not seen.

Everything takes arrays of one value per row (shape (n,) or (n, 1)), or for several classes one
probability per class (n, k), and counts in float64. What is undefined is NaN: the area under the
ROC curve when only one class occurs, precision when nothing is predicted positive, R² of a target
that never changes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..core.errors import InvalidArgumentError, describe

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class RocCurve(NamedTuple):
    """Rates at each distinct score, highest first, starting at (0, 0) with threshold infinity."""

    false_positive_rate: Floats
    true_positive_rate: Floats
    thresholds: Floats


class PrecisionRecallCurve(NamedTuple):
    """Precision and recall when positive from each distinct score on, highest first."""

    precision: Floats
    recall: Floats
    thresholds: Floats


class ClassScores(NamedTuple):
    """One value per class: precision, recall, F1, and the number of rows that are of the class."""

    precision: Floats
    recall: Floats
    f1: Floats
    support: Integers


class CalibrationBins(NamedTuple):
    """Per bin: mean predicted probability, observed share of class 1, rows; NaN where empty."""

    edges: Floats
    predicted: Floats
    observed: Floats
    counts: Integers


# Class predictions ------------------------------------------------------------------------------


def confusion_matrix(
    y_true: npt.ArrayLike, y_pred: npt.ArrayLike, classes: npt.ArrayLike | None = None
) -> Integers:
    """Counts of (true class, predicted class), shape (k, k): rows are the truth.

    `classes` gives the order; by default all labels that occur, sorted. A label that is not among
    `classes` raises InvalidArgumentError.
    """
    true, predicted = _pair(_column("y_true", y_true), _column("y_pred", y_pred), "y_pred")
    labels = (
        np.unique(np.concatenate([true, predicted])) if classes is None else np.asarray(classes)
    )
    if len({label.dtype.kind in "US" for label in (true, predicted, labels)}) > 1:
        raise InvalidArgumentError(
            "y_true, y_pred and classes must all be text or all be numbers; got "
            f"{describe(true)}, {describe(predicted)} and {describe(labels)}."
        )
    if labels.ndim != 1 or len(np.unique(labels)) != len(labels):
        raise InvalidArgumentError(
            f"classes must be a list of distinct labels; got {describe(classes)}."
        )
    size = len(labels)
    codes = _codes(true, labels, "y_true") * size + _codes(predicted, labels, "y_pred")
    return np.bincount(codes, minlength=size * size).reshape(size, size).astype(np.int64)


def accuracy(y_true: npt.ArrayLike, y_pred: npt.ArrayLike) -> float:
    """Share of rows whose predicted class is the true one."""
    true, predicted = _pair(_column("y_true", y_true), _column("y_pred", y_pred), "y_pred")
    return float(np.mean(true == predicted))


def class_scores(confusion: npt.ArrayLike) -> ClassScores:
    """Precision, recall and F1 of each class, from a confusion matrix (rows: the truth).

    precision = tp / (tp + fp), recall = tp / (tp + fn), F1 = 2 tp / (2 tp + fp + fn); 0 / 0 is NaN.
    """
    counts = np.asarray(confusion, dtype=np.int64)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise InvalidArgumentError(
            f"A confusion matrix has the shape (classes, classes); got {describe(confusion)}."
        )
    hits, support, predicted = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    return ClassScores(
        precision=_ratio(hits, predicted),
        recall=_ratio(hits, support),
        f1=_ratio(2 * hits, support + predicted),
        support=support,
    )


# Scores of two classes --------------------------------------------------------------------------


def roc_curve(y_true: npt.ArrayLike, scores: npt.ArrayLike) -> RocCurve:
    """True positive rate over false positive rate as the threshold falls (ties move as one).

    `y_true` holds 0 and 1, `scores` any finite numbers, higher for class 1. When a class does not
    occur its rate is NaN.
    """
    hits, misses, thresholds = _counts_by_threshold(y_true, scores)
    return RocCurve(
        _ratio(np.append(0, misses), misses[-1]),
        _ratio(np.append(0, hits), hits[-1]),
        np.append(np.inf, thresholds),
    )


def auc(y_true: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Area under the ROC curve: P(score of a 1 > score of a 0) + P(equal) / 2; NaN for one class.

    Counted exactly in integers from the ranks, so ties and tiny differences lose nothing
    (Mann & Whitney 1947, On a test of whether one of two random variables is larger).
    """
    true, values = _binary(y_true, scores)
    positives = int(true.sum())
    negatives = len(true) - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    doubled_rank = 2 * np.cumsum(sizes) - sizes + 1  # tied rows share the mean of their ranks
    rank_sum = int(doubled_rank[group][true == 1].sum())
    return (rank_sum - positives * (positives + 1)) / (2 * positives * negatives)


def precision_recall_curve(y_true: npt.ArrayLike, scores: npt.ArrayLike) -> PrecisionRecallCurve:
    """Precision and recall at each distinct score, highest first; recall is NaN without a 1."""
    hits, misses, thresholds = _counts_by_threshold(y_true, scores)
    return PrecisionRecallCurve(_ratio(hits, hits + misses), _ratio(hits, hits[-1]), thresholds)


def average_precision(y_true: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Area under the precision-recall steps: sum of (R_i - R_{i-1}) P_i; NaN without a 1."""
    curve = precision_recall_curve(y_true, scores)
    return float(np.sum(np.diff(curve.recall, prepend=0.0) * curve.precision))


# Probabilities ----------------------------------------------------------------------------------


def calibration(
    y_true: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    bins: int = 10,
    strategy: str = "uniform",
) -> CalibrationBins:
    """Do things happen as often as predicted? Rows are binned by predicted probability.

    `strategy` "uniform" cuts 0 to 1 into equal widths, "quantile" into bins of about equally many
    rows (fewer bins when predictions repeat). A probability on an edge belongs to the lower bin.
    """
    true, values = _binary(y_true, probabilities, probability=True)
    if isinstance(bins, bool) or not isinstance(bins, (int, np.integer)) or bins < 1:
        raise InvalidArgumentError(f"bins must be an integer of at least 1; got {describe(bins)}.")
    if strategy == "uniform":
        edges = np.linspace(0.0, 1.0, bins + 1)
    elif strategy == "quantile":
        edges = np.unique(np.quantile(values, np.linspace(0.0, 1.0, bins + 1)))
        edges = edges if len(edges) > 1 else np.repeat(edges, 2)
    else:
        raise InvalidArgumentError(
            f"strategy must be 'uniform' or 'quantile'; got {describe(strategy)}."
        )
    place = np.searchsorted(edges[1:-1], values, side="left")
    counts = np.bincount(place, minlength=len(edges) - 1)
    return CalibrationBins(
        edges=edges,
        predicted=_ratio(np.bincount(place, values, minlength=len(counts)), counts),
        observed=_ratio(np.bincount(place, true, minlength=len(counts)), counts),
        counts=counts.astype(np.int64),
    )


def brier_score(y_true: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Mean squared error of the probabilities (Brier 1950): 0 is perfect, lower is better.

    Two classes, (n,) or (n, 1): mean of (p - y)². Several, (n, k): mean over the rows of the sum
    over the classes of (p_c - [y = c])².
    """
    true, values = _labels_and_probabilities(y_true, probabilities)
    if values.ndim == 1:
        return float(np.mean((values - true) ** 2))
    return float(np.mean(np.sum((values - np.eye(values.shape[1])[true]) ** 2, axis=1)))


def log_loss(y_true: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Mean of -ln(probability given to the true class), in nats.

    Probabilities are kept `eps` of their own dtype away from 0 and 1 (1.2e-7 for float32), so one
    sure error costs 16 nats and not infinity.
    """
    true, values = _labels_and_probabilities(y_true, probabilities)
    given = np.asarray(probabilities).dtype
    margin = float(np.finfo(given if given.kind == "f" else np.float64).eps)
    if values.ndim == 1:
        of_truth = np.where(true == 1, values, 1.0 - values)
    else:
        of_truth = values[np.arange(len(true)), true]
    return float(-np.mean(np.log(np.clip(of_truth, margin, 1.0 - margin))))


# Numbers ----------------------------------------------------------------------------------------


def rmse(y_true: npt.ArrayLike, y_pred: npt.ArrayLike) -> float:
    """Root of the mean squared error, in the units of the target."""
    true, predicted = _numbers(y_true, y_pred)
    return float(np.sqrt(np.mean((true - predicted) ** 2)))


def mae(y_true: npt.ArrayLike, y_pred: npt.ArrayLike) -> float:
    """Mean absolute error, in the units of the target."""
    true, predicted = _numbers(y_true, y_pred)
    return float(np.mean(np.abs(true - predicted)))


def r2(y_true: npt.ArrayLike, y_pred: npt.ArrayLike) -> float:
    """Share of the target's variance that is explained; NaN when the target never changes.

    R² = 1 - sum (y - p)² / sum (y - mean y)²: 1 is perfect, 0 as good as always saying the mean.
    """
    true, predicted = _numbers(y_true, y_pred)
    if np.all(true == true[0]):
        return float("nan")
    return float(1.0 - np.sum((true - predicted) ** 2) / np.sum((true - true.mean()) ** 2))


# All figures of a task --------------------------------------------------------------------------


def evaluate(
    task: str, y_true: npt.ArrayLike, predictions: npt.ArrayLike, threshold: float = 0.5
) -> dict[str, float]:
    """All figures of a task: "binary", "multiclass" or "regression" (see evaluate_binary …)."""
    if task == "binary":
        return evaluate_binary(y_true, predictions, threshold)
    if task == "multiclass":
        return evaluate_multiclass(y_true, predictions)
    if task == "regression":
        return evaluate_regression(y_true, predictions)
    raise InvalidArgumentError(
        f"task must be 'binary', 'multiclass' or 'regression'; got {describe(task)}."
    )


def evaluate_binary(
    y_true: npt.ArrayLike, probabilities: npt.ArrayLike, threshold: float = 0.5
) -> dict[str, float]:
    """Figures of a classifier of two classes; class 1 is predicted from `threshold` on."""
    true, values = _binary(y_true, probabilities, probability=True)
    predicted = (values >= threshold).astype(np.int64)
    scores = class_scores(confusion_matrix(true, predicted, classes=[0, 1]))
    return {
        "rows": len(true),
        "base_rate": float(true.mean()),
        "accuracy": accuracy(true, predicted),
        "balanced_accuracy": float(scores.recall.mean()),
        "precision": float(scores.precision[1]),
        "recall": float(scores.recall[1]),
        "f1": float(scores.f1[1]),
        "auc": auc(true, values),
        "average_precision": average_precision(true, values),
        "log_loss": log_loss(true, probabilities),
        "brier": brier_score(true, values),
    }


def baseline(task: str, y_true: npt.ArrayLike) -> dict[str, float]:
    """Figures of the best answer that is the same for every row, to compare a network with.

    Accuracy of the commonest class and log loss of the shares of the classes (in nats); or RMSE of
    the mean.
    """
    true = _column("y_true", y_true)
    if task == "regression":
        return {"rmse": float(np.std(true.astype(np.float64)))}
    shares = np.unique(true, return_counts=True)[1] / len(true)
    return {"accuracy": float(shares.max()), "log_loss": float(-np.sum(shares * np.log(shares)))}


def evaluate_multiclass(y_true: npt.ArrayLike, probabilities: npt.ArrayLike) -> dict[str, float]:
    """Figures of a classifier of k classes; the most probable class is predicted.

    `y_true` holds the class of each row (0 to k - 1), `probabilities` has the shape (n, k).
    "macro" is the plain mean over the classes for which a figure is defined; AUC is that of one
    class against the rest.
    """
    true, values = _labels_and_probabilities(y_true, probabilities)
    if values.ndim != 2:
        raise InvalidArgumentError(
            "Several classes need one probability per class, shape (rows, classes); "
            f"got {describe(probabilities)}."
        )
    predicted, classes = np.argmax(values, axis=1), range(values.shape[1])
    scores = class_scores(confusion_matrix(true, predicted, classes=list(classes)))
    return {
        "rows": len(true),
        "accuracy": accuracy(true, predicted),
        "macro_precision": _mean_of_defined(scores.precision),
        "macro_recall": _mean_of_defined(scores.recall),
        "macro_f1": _mean_of_defined(scores.f1),
        "macro_auc": _mean_of_defined(np.array([auc(true == c, values[:, c]) for c in classes])),
        "log_loss": log_loss(true, probabilities),
        "brier": brier_score(true, values),
    }


def evaluate_regression(y_true: npt.ArrayLike, y_pred: npt.ArrayLike) -> dict[str, float]:
    """Figures of a regression: RMSE and MAE in the target's units, and R²."""
    true, predicted = _numbers(y_true, y_pred)
    return {
        "rows": len(true),
        "rmse": rmse(true, predicted),
        "mae": mae(true, predicted),
        "r2": r2(true, predicted),
    }


# Checks -----------------------------------------------------------------------------------------


def _column(name: str, values: npt.ArrayLike) -> npt.NDArray[Any]:
    """One value per row: (n, 1) loses its second axis, so that it can't broadcast against (n,)."""
    array = np.asarray(values)
    if array.dtype == object:  # such as text from a data frame
        array = np.asarray(array.tolist())
    if array.dtype == object:
        raise InvalidArgumentError(f"{name} must be numbers or text; got {describe(values)}.")
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        cure = f" Two columns of probabilities? Pass {name}[:, 1]." if array.ndim == 2 else ""
        raise InvalidArgumentError(
            f"{name} must hold one value per row, shape (n,) or (n, 1); "
            f"got {describe(values)}.{cure}"
        )
    if len(array) == 0:
        raise InvalidArgumentError(f"{name} is empty; at least one row is needed.")
    return array


def _pair(
    true: npt.NDArray[Any], other: npt.NDArray[Any], name: str
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    if len(true) != len(other):
        raise InvalidArgumentError(
            f"y_true has {len(true):,} rows but {name} has {len(other):,}; "
            "both must come from the same rows."
        )
    return true, other


def _finite(name: str, values: npt.NDArray[Any]) -> Floats:
    if values.dtype.kind not in "buif":
        raise InvalidArgumentError(f"{name} must be numbers; got {describe(values)}.")
    numbers = values.astype(np.float64)
    bad = np.count_nonzero(~np.isfinite(numbers))
    if bad:
        raise InvalidArgumentError(
            f"{name} holds {bad:,} values that are NaN or infinite, of {numbers.size:,}. "
            "Did the training diverge? Try a smaller learning rate, or scale the inputs."
        )
    return numbers


def _probabilities(values: Floats) -> Floats:
    if values.min() < 0.0 or values.max() > 1.0:
        raise InvalidArgumentError(
            "Probabilities lie between 0 and 1; got values from "
            f"{values.min():.6g} to {values.max():.6g}. Apply a sigmoid or softmax to logits first."
        )
    return values


def _binary(
    y_true: npt.ArrayLike, scores: npt.ArrayLike, probability: bool = False
) -> tuple[Integers, Floats]:
    name = "probabilities" if probability else "scores"
    true, values = _pair(_column("y_true", y_true), _column(name, scores), name)
    if true.dtype.kind not in "buif" or not np.all((true == 0) | (true == 1)):
        raise InvalidArgumentError(f"y_true must hold only 0 and 1; got {describe(true)}.")
    finite = _finite(name, values)
    return true.astype(np.int64), _probabilities(finite) if probability else finite


def _labels_and_probabilities(
    y_true: npt.ArrayLike, probabilities: npt.ArrayLike
) -> tuple[Integers, Floats]:
    array = np.asarray(probabilities)
    if array.ndim != 2 or array.shape[1] == 1:
        return _binary(y_true, probabilities, probability=True)
    true, _ = _pair(_column("y_true", y_true), array, "probabilities")
    classes = array.shape[1]
    if true.dtype.kind not in "buif" or not np.all(np.isin(true, np.arange(classes))):
        raise InvalidArgumentError(
            f"y_true must hold classes from 0 to {classes - 1}, one per column of the "
            f"probabilities; got {describe(true)}."
        )
    return true.astype(np.int64), _probabilities(_finite("probabilities", array))


def _numbers(y_true: npt.ArrayLike, y_pred: npt.ArrayLike) -> tuple[Floats, Floats]:
    true, predicted = _pair(_column("y_true", y_true), _column("y_pred", y_pred), "y_pred")
    return _finite("y_true", true), _finite("y_pred", predicted)


# Counting ---------------------------------------------------------------------------------------


def _codes(values: npt.NDArray[Any], labels: npt.NDArray[Any], name: str) -> npt.NDArray[np.intp]:
    """The place of each value in `labels`."""
    order = np.argsort(labels, kind="stable")
    place = np.minimum(np.searchsorted(labels, values, sorter=order), len(labels) - 1)
    codes = order[place]
    unknown = labels[codes] != values
    if np.any(unknown):
        raise InvalidArgumentError(
            f"{name} holds {values[unknown][0].item()!r}, which is not among the classes "
            f"{describe(labels.tolist())}."
        )
    return codes


def _counts_by_threshold(
    y_true: npt.ArrayLike, scores: npt.ArrayLike
) -> tuple[Integers, Integers, Floats]:
    """True and false positives for "positive from this score on", and the scores, highest first."""
    true, values = _binary(y_true, scores)
    order = np.argsort(-values, kind="stable")
    true, values = true[order], values[order]
    last_of_ties = np.flatnonzero(np.append(np.diff(values) != 0, True))
    hits = np.cumsum(true)[last_of_ties]
    return hits, last_of_ties + 1 - hits, values[last_of_ties]


def _ratio(numerator: npt.NDArray[Any], denominator: Any) -> Floats:
    """numerator / denominator, NaN for 0 / 0, without a warning."""
    bottom = np.broadcast_to(np.asarray(denominator, dtype=np.float64), numerator.shape)
    ratio: Floats = np.full(numerator.shape, np.nan)
    np.divide(numerator, bottom, out=ratio, where=bottom != 0)
    return ratio


def _mean_of_defined(values: Floats) -> float:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float("nan")
