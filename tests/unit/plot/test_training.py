"""Loss curves: what is drawn, which epoch is best."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from matplotlib.text import Text

from lamina import plot
from lamina.core.errors import InvalidArgumentError

RECORD = {
    "loss": [0.9, 0.6, 0.5, 0.4],
    "val_loss": [0.8, 0.6, 0.7, 0.75],
    "accuracy": [0.5, 0.7, 0.8, 0.9],
}


def _lines(ax: Any) -> dict[str, Any]:
    return {line.get_label(): line for line in ax.lines}


def test_training_validation_and_best_epoch_are_drawn() -> None:
    ax = plot.history(RECORD)
    lines = _lines(ax)
    np.testing.assert_array_equal(
        lines["training"].get_xydata(), list(enumerate(RECORD["loss"], 1))
    )
    np.testing.assert_array_equal(lines["validation"].get_ydata(), RECORD["val_loss"])
    np.testing.assert_array_equal(lines["best epoch"].get_xydata(), [[2, 0.6]])
    assert ax.get_title(loc="left") == "Best validation loss: 0.6, epoch 2"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "training",
        "validation",
        "best epoch",
    ]


def test_a_history_object_counts_from_its_first_epoch() -> None:
    ax = plot.history(SimpleNamespace(history=RECORD, epoch=[5, 6, 7, 8]))
    np.testing.assert_array_equal(_lines(ax)["training"].get_xdata(), [6, 7, 8, 9])


@pytest.mark.parametrize(
    ("metric", "mode", "best"),
    [
        ("accuracy", "auto", 2),
        ("accuracy", "min", 1),
        ("loss", "max", 2),
        ("auc_1", "auto", 2),
        ("mae", "auto", 1),
        ("false_positives", "auto", 1),
        ("precision_loss", "auto", 1),
    ],
)
def test_better_is_lower_or_higher(metric: str, mode: str, best: int) -> None:
    ax = plot.history({metric: [1.0, 2.0]}, metric, mode=mode)
    assert _lines(ax)["best epoch"].get_xdata()[0] == best


def test_values_that_are_not_finite_are_never_the_best() -> None:
    ax = plot.history({"loss": [np.nan, 2.0, -np.inf, 3.0]})
    assert ax.get_title(loc="left") == "Best training loss: 2, epoch 2"
    lost = plot.history({"loss": [np.nan, np.nan]})
    assert lost.get_title(loc="left") == "loss by epoch"
    assert "best epoch" not in _lines(lost)


def test_one_epoch_is_a_visible_point() -> None:
    ax = plot.history({"loss": [0.3]})
    assert _lines(ax)["training"].get_marker() == "o"
    np.testing.assert_array_equal(ax.get_xticks(), [1])


@pytest.mark.parametrize(
    ("record", "metric", "message"),
    [
        (RECORD, "acuracy", "Did you mean 'accuracy'"),
        ({}, "loss", "it holds nothing"),
        ({"loss": []}, "loss", "one value per epoch"),
        ({"loss": [1, 2], "val_loss": [1]}, "loss", "2 training, 1 validation"),
        ({"loss": ["a"]}, "loss", "must be numbers"),
        ({"loss": [[1, 2]]}, "loss", "one number per epoch"),
        ([0.3, 0.2], "loss", "what fit returns"),
    ],
)
def test_bad_input_says_what_to_do(record: Any, metric: str, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        plot.history(record, metric)


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="'auto', 'min' or 'max'"):
        plot.history(RECORD, mode="best")


@pytest.mark.parametrize(
    ("metric", "label"),
    [
        ("loss", "loss"),
        ("binary_accuracy", "binary accuracy"),
        ("auc", "AUC"),
        ("auc_1", "AUC 1"),
        ("mean_absolute_error", "MAE"),
    ],
)
def test_names_of_metrics_read_well(metric: str, label: str) -> None:
    assert plot.history({metric: [1.0, 2.0]}, metric).get_ylabel() == label


@pytest.mark.parametrize("metric", ["loss", "sparse_categorical_crossentropy"])
def test_the_title_fits_the_picture(metric: str) -> None:
    ax = plot.history({metric: [1.2345] * 150, f"val_{metric}": [1.2345] * 150}, metric)
    ax.figure.canvas.draw()
    (title,) = (text for text in ax.findobj(Text) if text.get_text().startswith("Best"))
    box = title.get_window_extent()
    assert box.x1 <= ax.figure.bbox.x1
