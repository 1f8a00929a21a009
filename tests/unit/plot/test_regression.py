"""Residuals: what is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from lamina import plot
from lamina.core.errors import InvalidArgumentError


def test_residuals_are_drawn_over_the_prediction() -> None:
    true, predicted = np.array([1.0, 2.0, 4.0]), np.array([[3.0], [1.0], [4.5]])
    ax = plot.residuals(true, predicted)
    points = ax.lines[0]
    assert points.get_label() == "rows"
    np.testing.assert_array_equal(points.get_xydata(), [[1, 1], [3, -2], [4.5, -0.5]])
    np.testing.assert_array_equal(ax.lines[2].get_xydata(), points.get_xydata())  # one row each
    assert ax.get_title(loc="left").startswith("Residuals, RMSE 1.323, R² ")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("prediction", "truth − prediction")


def test_of_many_rows_a_share_is_drawn_and_said_but_all_are_counted() -> None:
    random = np.random.default_rng(0)
    predicted = random.normal(size=5000)
    ax = plot.residuals(predicted + 2.0, predicted)
    points, _, mean = ax.lines
    assert points.get_label() == "1,667 of 5,000 rows"
    assert len(points.get_xdata()) == 1667
    np.testing.assert_allclose(mean.get_ydata(), 2.0)
    tenths = np.array_split(np.sort(predicted), 10)
    np.testing.assert_allclose(mean.get_xdata(), [part.mean() for part in tenths])


def test_a_target_that_never_changes_has_no_r2() -> None:
    assert plot.residuals([1.0, 1.0], [0.0, 2.0]).get_title(loc="left") == "Residuals, RMSE 1"


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="2 rows but y_pred has 1"):
        plot.residuals([1.0, 2.0], [1.0])
