"""scikit-learn's own checks of estimators, named alike in every process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator


def checks_of(estimators: Iterable[Any]) -> Any:
    """`parametrize` over (estimator, check); scikit-learn's names hold addresses of functions."""
    rows = []
    seen: Counter[str] = Counter()
    for each in estimators:
        for estimator, check in estimator_checks_generator(each):
            name = f"{type(each).__name__}-{check.func.__name__}"
            seen[name] += 1
            again = f"-{seen[name]}" if seen[name] > 1 else ""
            rows.append(pytest.param(estimator, check, id=f"{name}{again}"))
    return pytest.mark.parametrize(("estimator", "check"), rows)
