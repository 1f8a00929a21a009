"""From which probability on the second class is predicted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score

from lamina import tabular
from lamina.tabular.threshold import MIN_ROWS, best_threshold

PROBABILITIES = st.lists(st.integers(1, 9), min_size=MIN_ROWS, max_size=30)


def balanced(true, values, threshold):
    return balanced_accuracy_score(true, values >= threshold)


@given(PROBABILITIES, PROBABILITIES)
def test_no_threshold_recognizes_more(zeros, ones):
    true = np.repeat([0, 1], [len(zeros), len(ones)])
    values = np.array([*zeros, *ones], np.float32) / np.float32(10)
    found = best_threshold(true, values)
    assert 0 < found < 1
    middles = np.arange(1.5, 9) / 10
    candidates = [0.5, *middles[(middles > values.min()) & (middles < values.max())]]
    best = max(balanced(true, values, threshold) for threshold in candidates)
    assert balanced(true, values, found) == pytest.approx(best)


def test_of_equally_good_thresholds_it_is_the_nearest_to_a_half():
    true = np.repeat([0, 1], 20)
    assert best_threshold(true, np.repeat([0.2, 0.7], 20)) == 0.5
    assert best_threshold(true, np.repeat([0.02, 0.07], 20)) == 0.045
    assert best_threshold(true, np.repeat([0.9, 0.97], 20)) == 0.935


def test_few_rows_choose_nothing():
    true = np.repeat([0, 1], [100, MIN_ROWS - 1])
    assert best_threshold(true, np.linspace(0.1, 0.4, len(true))) is None


def rare(rows):
    """A class of one in ten that a number makes likelier, never likelier than not."""
    generator = np.random.default_rng(0)
    a = generator.normal(size=rows)
    return {"a": a, "y": np.where(generator.random(rows) < 0.07 * np.exp(a), "yes", "no")}


def test_the_rare_class_is_predicted_too():
    result = tabular.train(rare(3000), "y", epochs=10, verbose=0)
    target, evaluation = result.encoder.target, result.evaluation
    assert result.threshold_reason == "best balanced accuracy on the validation rows"
    assert target.threshold < 0.3
    assert evaluation.confusion[:, 1].min() > 0
    assert evaluation.measures["balanced_accuracy"] > 0.55
    rows = result.plan.split.validation
    values = result.predictor.predict_encoded(result.plan.inputs[rows]).values
    assert target.threshold == best_threshold(result.plan.targets[rows], values)


def test_a_small_table_keeps_the_half():
    result = tabular.train(rare(100), "y", epochs=1, verbose=0)
    assert result.encoder.target.threshold == 0.5
    assert "too few validation rows" in result.threshold_reason
