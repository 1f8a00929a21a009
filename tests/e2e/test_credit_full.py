"""All 30,000 credit-card clients: the slides' network is as good as Keras's and scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from lamina import datasets, tabular


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_mean_auc_of_five_folds(full_credit):
    columns = datasets.credit(full_credit).columns()
    target = columns["default"]
    folds = StratifiedKFold(5, shuffle=True, random_state=0).split(target, target)
    areas = []
    for training, test in folds:
        result = tabular.train(
            {name: values[training] for name, values in columns.items()},
            "default",
            activation=("relu", "sigmoid"),
            test_share=0,
            verbose=0,
        )
        unseen = {name: values[test] for name, values in columns.items()}
        areas.append(roc_auc_score(target[test], result.predict(unseen).values))
    assert np.mean(areas) >= 0.770, areas
