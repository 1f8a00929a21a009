"""Pictures of a classifier: the data of their artists, labels and texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from sklearn.metrics import auc as area
from sklearn.metrics import roc_auc_score

from lamina import plot
from lamina.core.errors import InvalidArgumentError
from lamina.tabular import evaluation

Rows = tuple[np.ndarray, np.ndarray]


def _lines(ax: Any) -> dict[str, Any]:
    return {line.get_label(): line for line in ax.lines}


def _legend(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_roc_draws_the_whole_curve_with_few_points(binary: Rows) -> None:
    true, values = binary
    ax = plot.roc(true, values)
    curve = _lines(ax)["network"]
    x, y = curve.get_data()
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
    assert area(x, y) == pytest.approx(evaluation.auc(true, values), abs=1e-12)
    assert len(x) < len(true) / 1.5
    assert ax.get_title(loc="left") == f"ROC curve, AUC {roc_auc_score(true, values):.4f}"
    assert _legend(ax) == ["chance", "network"]
    assert ax.get_xlabel() == "false positive rate"


def test_roc_of_several_classes_is_one_against_the_rest(several: Rows) -> None:
    true, values = several
    ax = plot.roc(true, values, class_names=["a", "b", "c"])
    areas = [roc_auc_score(true == index, values[:, index]) for index in range(3)]
    assert _legend(ax)[1:] == [f"{n} (AUC {a:.4f})" for n, a in zip("abc", areas, strict=True)]
    curves = ax.lines[1:]
    assert [area(*curve.get_data()) for curve in curves] == pytest.approx(areas)
    assert len({curve.get_linestyle() for curve in curves}) == 3  # not told by colour alone
    assert ax.get_title(loc="left") == f"ROC curve, mean AUC {np.mean(areas):.4f}"


def test_many_classes_share_one_label() -> None:
    random = np.random.default_rng(0)
    ax = plot.roc(np.arange(40) % 10, random.dirichlet(np.ones(10), size=40))
    assert _legend(ax) == ["chance", "10 classes"]
    assert len(ax.lines) == 11


@pytest.mark.parametrize("draw", [plot.roc, plot.precision_recall])
def test_scores_of_several_classes_need_not_be_probabilities(draw: Any) -> None:
    ax = draw([0, 1, 2], 10 * np.eye(3))
    assert ax.get_title(loc="left").endswith("1.0000")


def test_one_class_only_is_said() -> None:
    title = plot.roc([1, 1], [0.2, 0.8]).get_title(loc="left")
    assert title == "ROC curve, AUC undefined (one class only)"


def test_precision_recall_draws_the_steps_that_are_summed(binary: Rows) -> None:
    true, values = binary
    ax = plot.precision_recall(true, values)
    recall, precision = _lines(ax)["network"].get_data()
    expected = evaluation.average_precision(true, values)
    assert np.trapezoid(precision, recall) == pytest.approx(expected, abs=1e-12)
    assert recall[0] == 0
    assert recall[-1] == 1
    assert _lines(ax)["base rate"].get_ydata()[0] == true.mean()
    assert ax.get_title(loc="left") == f"Average precision {expected:.4f}"


def test_calibration_draws_bins_intervals_and_rows(binary: Rows) -> None:
    true, values = binary
    ax = plot.calibration(true, values, bins=5)
    bins = evaluation.calibration(true, values, bins=5)
    filled = bins.counts > 0
    expected = np.column_stack([bins.predicted[filled], bins.observed[filled]])
    lines = [_lines(ax)[label].get_xydata() for label in ("network", "fewer than 10 rows")]
    np.testing.assert_array_equal(np.concatenate(lines), expected)
    (intervals,) = ax.collections
    for (x, y), segment in zip(expected, intervals.get_segments(), strict=True):
        assert np.all(segment[:, 0] == x)
        assert segment[0, 1] <= y <= segment[1, 1]
    (below,) = ax.child_axes
    assert [bar.get_height() for bar in below.patches] == list(bins.counts)
    assert (below.get_xlabel(), below.get_ylabel()) == ("predicted probability", "rows")
    assert "Brier score" in ax.get_title(loc="left")


def test_calibration_joins_only_bins_of_enough_rows() -> None:
    ax = plot.calibration([0] * 30 + [1], [0.15] * 10 + [0.25] * 20 + [0.45])
    lines = _lines(ax)
    assert lines["network"].get_xdata().tolist() == pytest.approx([0.15, 0.25])
    alone = lines["fewer than 10 rows"]
    assert alone.get_xdata().tolist() == [0.45]
    assert alone.get_linestyle() == "None"
    assert len(ax.collections[0].get_segments()) == 3


def test_calibration_intervals_are_wilsons() -> None:
    # 8 of 10: 0.4902 to 0.9433 (Wilson's score interval without continuity correction).
    ax = plot.calibration([1] * 8 + [0] * 2, [0.75] * 10)
    (segment,) = ax.collections[0].get_segments()
    np.testing.assert_allclose(segment[:, 1], [0.4902, 0.9433], atol=5e-5)


def test_calibration_leaves_room_for_its_histogram(binary: Rows) -> None:
    ax = plot.calibration(*binary)
    ax.figure.canvas.draw()
    whole = ax.child_axes[0].get_tightbbox()
    assert whole.y0 >= 0
    assert whole.x0 >= 0


def test_confusion_matrix_shows_counts_and_row_shares() -> None:
    true, predicted = [0, 0, 0, 1, 1], [0, 0, 1, 1, 1]
    ax = plot.confusion_matrix(true, predicted, class_names=["pays", "defaults", "unknown"])
    texts = {text.get_position(): text.get_text() for text in ax.texts}
    assert texts[0, 0] == "2\n66.7%"
    assert texts[1, 0] == "1\n33.3%"
    assert texts[1, 1] == "2\n100.0%"
    assert texts[0, 2] == "0\n–"  # no row of this class
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["pays", "defaults", "unknown"]
    assert ax.get_title(loc="left") == "Confusion matrix, accuracy 0.8000"
    (cells,) = [item for item in ax.collections if isinstance(item, PolyCollection)]
    shades = cells.get_facecolor()[:, 3].reshape(3, 3)
    np.testing.assert_allclose(shades[0] / shades[1, 1], [2 / 3, 1 / 3, 0])
    assert ax.yaxis.get_inverted()  # the first class at the top, as in the table


def test_confusion_matrix_takes_its_labels_from_the_data() -> None:
    ax = plot.confusion_matrix(["no", "yes"], ["yes", "yes"])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["no", "yes"]


def test_a_large_confusion_matrix_is_shaded_only() -> None:
    labels = np.arange(30)
    ax = plot.confusion_matrix(labels, labels)
    assert not ax.texts
    assert len(ax.collections[0].get_paths()) == 900


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot.roc([0, 1], [0.1]), "2 rows but scores has 1"),
        (lambda: plot.roc([0, 3], np.ones((2, 3))), "classes from 0 to 2"),
        (lambda: plot.roc([0, 1], np.ones((2, 3)), class_names=["a"]), "needs 3 names"),
        (lambda: plot.calibration([0, 1], [0.1, 7.0]), "between 0 and 1"),
        (lambda: plot.confusion_matrix([0, 2], [0, 1], class_names=["a", "b"]), "holds 2"),
    ],
)
def test_bad_input_says_what_to_do(call: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        call()
