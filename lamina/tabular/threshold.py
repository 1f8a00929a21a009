"""From which probability on the second of two classes is predicted.

Where one class is rare, hardly any row has a probability over 0.5, and the most probable class is
nearly always the common one. The threshold is therefore chosen: it maximizes the balanced accuracy,
the mean share of each class that is recognized, on the validation rows; the test rows, which judge
it, have no part in it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from .prediction import Predictor
from .result import Plan

MIN_ROWS = 10  # of each class; a choice on fewer would be left to chance


def best_threshold(
    y_true: npt.NDArray[np.integer], probabilities: npt.NDArray[np.floating]
) -> float | None:
    """The threshold of the best balanced accuracy, the nearest to 0.5 of several equally good.

    Candidates are 0.5 and the middles between neighbouring probabilities, to 4 digits, so that it
    can be told in full. None where a class has fewer than `MIN_ROWS` rows.
    """
    values = probabilities.astype(np.float64)
    ones, zeros = np.sort(values[y_true == 1]), np.sort(values[y_true == 0])
    if min(len(ones), len(zeros)) < MIN_ROWS:
        return None
    distinct = np.unique(values)
    middles = (distinct[1:] + distinct[:-1]) / 2
    candidates = np.unique([0.5, *(float(f"{middle:.4g}") for middle in middles)])
    candidates = candidates[(candidates > 0) & (candidates < 1)]
    recognized = 1 - np.searchsorted(ones, candidates) / len(ones)
    recognized += np.searchsorted(zeros, candidates) / len(zeros)
    best = candidates[recognized >= recognized.max() - 1e-9]
    return float(best[np.argmin(np.abs(best - 0.5))])


def with_threshold(predictor: Predictor, plan: Plan) -> tuple[Predictor, str]:
    """The predictor with the threshold asked for or chosen, and one line that says why this one."""
    if predictor.encoder.target.task != "binary":
        return predictor, ""
    threshold, reason = plan.settings.threshold, "as asked for"
    if threshold is None:
        rows = plan.split.validation
        probabilities = predictor.predict_encoded(plan.inputs[rows]).values
        threshold = best_threshold(plan.targets[rows], probabilities)
        reason = "best balanced accuracy on the validation rows"
    if threshold is None:
        threshold, reason = 0.5, "too few validation rows of a class to choose another"
    target = replace(predictor.encoder.target, threshold=float(threshold))
    return Predictor(predictor.model, replace(predictor.encoder, target=target)), reason
